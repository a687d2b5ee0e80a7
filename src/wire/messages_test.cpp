// Every generated message in every version it has: generated/{api_versions,
// consumer_group_describe, consumer_group_member_metadata_record,
// consumer_group_metadata_record, create_topics, delete_topics, describe_groups,
// fetch, find_coordinator, group_metadata_record, headers, init_producer_id,
// list_groups, list_offsets, metadata, offset_commit, offset_commit_record,
// offset_fetch, produce}.cpp. What real brokers say is in recorded_frames_test.cpp.
#include <gtest/gtest.h>

#include "wire/bytes_test.h"
#include "wire/generated/random/all_test.h"

namespace tidemark::wire::msg {
namespace {

constexpr int kValuesPerVersion = 30;

template <class M>
std::string encoded(const M& message, std::int16_t version) {
  Writer w;
  message.encode(w, version);
  EXPECT_TRUE(w.ok());
  return w.take();
}

// From the oldest to the newest version that can be encoded: one may be newer
// than kMaxVersion, where Kafka calls it unstable.
template <class M>
std::int16_t newest_version() {
  Writer w;
  const auto beyond = static_cast<std::int16_t>(M::kMaxVersion + 1);
  M{}.encode(w, beyond);
  return w.ok() ? beyond : M::kMaxVersion;
}

template <class M>
class EveryMessage : public testing::Test {};
TYPED_TEST_SUITE(EveryMessage, AllMessages);

template <class M, class Check>
void for_random_values(Check check) {
  for (std::int16_t version = M::kMinVersion; version <= newest_version<M>(); ++version) {
    for (int seed = 0; seed < kValuesPerVersion; ++seed) {
      SCOPED_TRACE(testing::Message() << "version " << version << ", seed " << seed);
      Random random(static_cast<std::uint64_t>(seed) * 1000 + static_cast<std::uint64_t>(version));
      M value;
      fill_message(random, value, version);
      check(value, version, random);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TYPED_TEST(EveryMessage, DecodesToWhatWasEncoded) {
  for_random_values<TypeParam>([](const TypeParam& value, std::int16_t version, Random&) {
    const std::string bytes = encoded(value, version);
    TypeParam decoded;
    Reader r(bytes);
    EXPECT_TRUE(decoded.decode(r, version));
    EXPECT_TRUE(r.at_end());
    EXPECT_EQ(decoded, value);
  });
}

TYPED_TEST(EveryMessage, DecodeForgetsWhatTheValueHeldBefore) {
  for_random_values<TypeParam>([](const TypeParam& value, std::int16_t version, Random& random) {
    TypeParam reused;
    fill_message(random, reused, version);
    const std::string bytes = encoded(value, version);
    Reader r(bytes);
    EXPECT_TRUE(reused.decode(r, version));
    EXPECT_EQ(reused, value);
  });
}

TYPED_TEST(EveryMessage, RefusesEveryTruncation) {
  for_random_values<TypeParam>([](const TypeParam& value, std::int16_t version, Random&) {
    const std::string bytes = encoded(value, version);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const ExactBytes cut(std::string_view(bytes).substr(0, length));
      Reader r(cut.view());
      TypeParam decoded;
      EXPECT_FALSE(decoded.decode(r, version)) << "cut at " << length << " of " << bytes.size();
    }
  });
}

TYPED_TEST(EveryMessage, DamagedBytesAreRefusedOrMeanSomethingElse) {
  for_random_values<TypeParam>([](const TypeParam& value, std::int16_t version, Random& random) {
    const std::string bytes = encoded(value, version);
    for (int i = 0; i < 40; ++i) {
      const ExactBytes damaged(with_flipped_bits(bytes, random));
      Reader r(damaged.view());
      TypeParam decoded;
      if (!decoded.decode(r, version)) continue;
      const std::string again = encoded(decoded, version);
      Reader second(again);
      TypeParam same;
      EXPECT_TRUE(same.decode(second, version));
      EXPECT_EQ(same, decoded);
    }
  });
}

TYPED_TEST(EveryMessage, SkipsTaggedFieldsItDoesNotKnow) {
  for (std::int16_t version = TypeParam::kMinVersion; version <= newest_version<TypeParam>(); ++version) {
    if (version < TypeParam::kFirstFlexible) continue;
    std::string bytes = encoded(TypeParam{}, version);
    ASSERT_EQ(bytes.back(), '\0');
    bytes.pop_back();
    bytes += from_hex("01 ce8803 03 aabbcc");
    Reader r(bytes);
    TypeParam decoded;
    EXPECT_TRUE(decoded.decode(r, version)) << version;
    EXPECT_TRUE(r.at_end());
    EXPECT_EQ(decoded, TypeParam{});
  }
}

TYPED_TEST(EveryMessage, KnowsItsVersions) {
  for (const int version : {TypeParam::kMinVersion - 1, newest_version<TypeParam>() + 1}) {
    Writer w;
    TypeParam{}.encode(w, static_cast<std::int16_t>(version));
    EXPECT_FALSE(w.ok());
    const std::string zeros(64, '\0');
    Reader r(zeros);
    TypeParam decoded;
    EXPECT_FALSE(decoded.decode(r, static_cast<std::int16_t>(version)));
  }
}

TEST(Messages, AFieldThatTheVersionLacksIsDroppedWhenIgnorable) {
  FetchRequest request;
  request.rack_id = "r1";
  EXPECT_EQ(encoded(request, 10), encoded(FetchRequest{}, 10));
  EXPECT_NE(encoded(request, 11), encoded(FetchRequest{}, 11));
}

TEST(Messages, AFieldThatTheVersionLacksFailsWhenNotIgnorable) {
  FetchRequest request;
  request.topics.emplace_back().partitions.emplace_back().last_fetched_epoch = 3;
  Writer old;
  request.encode(old, 11);
  EXPECT_FALSE(old.ok());
  EXPECT_FALSE(encoded(request, 12).empty());

  ProduceResponse response;
  response.node_endpoints.emplace_back();
  Writer untagged;
  response.encode(untagged, 9);
  EXPECT_FALSE(untagged.ok());
}

TEST(Messages, NullFailsInAVersionThatHasNone) {
  MetadataRequest request;
  request.topics.reset();
  Writer w;
  request.encode(w, 0);
  EXPECT_FALSE(w.ok());
  EXPECT_EQ(to_hex(encoded(request, 1)), "ffffffff");
}

TEST(Messages, DefaultsAreKafkas) {
  EXPECT_EQ(InitProducerIdRequest{}.transactional_id, "");
  EXPECT_EQ(InitProducerIdRequest{}.producer_id, -1);
  EXPECT_EQ(MetadataRequest{}.allow_auto_topic_creation, true);
  EXPECT_EQ(MetadataResponse{}.cluster_id, std::nullopt);
  EXPECT_EQ(FetchRequest{}.max_bytes, 0x7fffffff);
  EXPECT_EQ(FetchResponse::PartitionData{}.records, std::nullopt);
  EXPECT_EQ(FetchResponse::PartitionData{}.preferred_read_replica, -1);
}

TEST(Messages, HeadersHaveTheVersionOfTheMessage) {
  EXPECT_EQ(ProduceRequest::header_version(8), 1);
  EXPECT_EQ(ProduceRequest::header_version(9), 2);
  EXPECT_EQ(ProduceResponse::header_version(8), 0);
  EXPECT_EQ(ProduceResponse::header_version(9), 1);
  EXPECT_EQ(ApiVersionsRequest::header_version(3), 2);
  EXPECT_EQ(ApiVersionsResponse::header_version(3), 0);
}

TEST(Messages, AHostileCountReservesNothing) {
  const std::string bytes = from_hex("7fffffff" "00000000");
  Reader r(bytes);
  MetadataResponse response;
  EXPECT_FALSE(response.decode(r, 0));
  EXPECT_EQ(response.brokers.capacity(), 0U);
}

// From franz-go#1105: an offset value that Kafka 4.1 or later wrote.
TEST(OffsetCommitValue, VersionFourIsCompactAndTagged) {
  const std::string bytes = from_hex("0004 000000000021d4a8 ffffffff 01 0000019964f2d836 00");
  Reader r(bytes);
  const std::int16_t version = r.int16();
  OffsetCommitValue value;
  ASSERT_TRUE(value.decode(r, version));
  EXPECT_TRUE(r.at_end());
  EXPECT_EQ(value.offset, 2217128);
  EXPECT_EQ(value.leader_epoch, -1);
  EXPECT_EQ(value.metadata, "");
  EXPECT_EQ(value.commit_timestamp, 1758335260726);
  EXPECT_TRUE(value.topic_id.is_nil());

  const std::string tagged = from_hex("000000000021d4a8 ffffffff 01 0000019964f2d836 01 00 10"
                                      "0102030405060708090a0b0c0d0e0f10");
  Reader with_id(tagged);
  ASSERT_TRUE(value.decode(with_id, 4));
  EXPECT_EQ(value.topic_id.to_string(), "01020304-0506-0708-090a-0b0c0d0e0f10");
  EXPECT_EQ(encoded(value, 4), tagged);
}

}  // namespace
}  // namespace tidemark::wire::msg
