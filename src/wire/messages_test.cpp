// Every generated message in every version it has: generated/{api_versions,
// consumer_group_describe, consumer_group_member_metadata_record,
// consumer_group_metadata_record, create_topics, delete_topics,
// describe_configs, describe_groups, fetch, find_coordinator, group_metadata_record, headers, init_producer_id,
// list_groups, list_offsets, metadata, offset_commit, offset_commit_record,
// offset_fetch, produce, share_group_describe}.cpp. What real brokers say is in recorded_frames_test.cpp.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

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

// `random` owns what the message's views point into.
template <class M>
M random_message(Random& random, std::int16_t version) {
  M message;
  fill_message(random, message, version);
  return message;
}

// What the tests need of one message, without its type: typed tests of them all
// take minutes to compile with sanitizers.
struct Kind {
  const char* name;
  std::int16_t oldest, newest, first_flexible;
  // The bytes of the message with its defaults; nothing for a version it has not.
  std::optional<std::string> (*defaults)(std::int16_t version);
  std::string (*random)(std::uint64_t seed, std::int16_t version);
  // What the bytes decode to, encoded again; nothing when they are refused.
  std::optional<std::string> (*recode)(std::string_view bytes, std::int16_t version);
  // A random value decodes to itself, also into a message used before.
  bool (*round_trips)(std::uint64_t seed, std::int16_t version);
};

template <class M>
std::optional<std::string> defaults_of(std::int16_t version) {
  Writer w;
  M{}.encode(w, version);
  if (!w.ok()) return std::nullopt;
  return w.take();
}

template <class M>
std::string random_bytes(std::uint64_t seed, std::int16_t version) {
  Random random(seed);
  return encoded(random_message<M>(random, version), version);
}

template <class M>
std::optional<std::string> recode(std::string_view bytes, std::int16_t version) {
  Reader r(bytes);
  M message;
  if (!message.decode(r, version) || !r.at_end()) return std::nullopt;
  return encoded(message, version);
}

template <class M>
bool round_trips(std::uint64_t seed, std::int16_t version) {
  Random random(seed);
  const M value = random_message<M>(random, version);
  M decoded = random_message<M>(random, version);
  const std::string bytes = encoded(value, version);
  Reader r(bytes);
  return decoded.decode(r, version) && r.at_end() && decoded == value;
}

struct CollectKinds {
  std::vector<Kind>& kinds;
  // The newest version may be beyond kMaxVersion, where Kafka calls it unstable.
  template <class M>
  void operator()(const char* name) const {
    const auto beyond = static_cast<std::int16_t>(M::kMaxVersion + 1);
    kinds.push_back({name, M::kMinVersion, defaults_of<M>(beyond) ? beyond : M::kMaxVersion, M::kFirstFlexible,
                     defaults_of<M>, random_bytes<M>, recode<M>, round_trips<M>});
  }
};

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  for_each_message(CollectKinds{kinds});
  return kinds;
}

class EveryMessage : public testing::TestWithParam<Kind> {
 protected:
  // Calls check(version, seed), until one fails.
  template <class Check>
  void for_random_values(Check check) {
    for (std::int16_t version = GetParam().oldest; version <= GetParam().newest; ++version) {
      for (int i = 0; i < kValuesPerVersion && !HasFailure(); ++i) {
        SCOPED_TRACE(testing::Message() << "version " << version << ", value " << i);
        check(version, static_cast<std::uint64_t>(i) * 1000 + static_cast<std::uint64_t>(version));
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Kafka, EveryMessage, testing::ValuesIn(all_kinds()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(EveryMessage, DecodesToWhatWasEncoded) {
  for_random_values([](std::int16_t version, std::uint64_t seed) {
    EXPECT_TRUE(GetParam().round_trips(seed, version)) << to_hex(GetParam().random(seed, version));
  });
}

TEST_P(EveryMessage, RefusesEveryTruncation) {
  for_random_values([](std::int16_t version, std::uint64_t seed) {
    const std::string bytes = GetParam().random(seed, version);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const ExactBytes cut(std::string_view(bytes).substr(0, length));
      EXPECT_FALSE(GetParam().recode(cut.view(), version)) << "cut at " << length << " of " << bytes.size();
    }
  });
}

TEST_P(EveryMessage, DamagedBytesAreRefusedOrMeanSomethingElse) {
  for_random_values([](std::int16_t version, std::uint64_t seed) {
    const std::string bytes = GetParam().random(seed, version);
    Random random(seed);
    for (int i = 0; i < 40; ++i) {
      const ExactBytes damaged(with_flipped_bits(bytes, random));
      const auto once = GetParam().recode(damaged.view(), version);
      if (once) {
        EXPECT_EQ(GetParam().recode(*once, version), once);
      }
    }
  });
}

TEST_P(EveryMessage, SkipsTaggedFieldsItDoesNotKnow) {
  for (std::int16_t version = GetParam().oldest; version <= GetParam().newest; ++version) {
    if (version < GetParam().first_flexible) continue;
    const std::string plain = GetParam().defaults(version).value();
    ASSERT_EQ(plain.back(), '\0');
    const std::string tagged = plain.substr(0, plain.size() - 1) + from_hex("01 ce8803 03 aabbcc");
    EXPECT_EQ(GetParam().recode(tagged, version), plain) << version;
  }
}

TEST_P(EveryMessage, KnowsItsVersions) {
  for (const int version : {GetParam().oldest - 1, GetParam().newest + 1}) {
    EXPECT_EQ(GetParam().defaults(static_cast<std::int16_t>(version)), std::nullopt);
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

TEST(Messages, AVersionThatIsNotThereIsRefused) {
  const std::string zeros(64, '\0');
  Reader r(zeros);
  MetadataResponse response;
  EXPECT_FALSE(response.decode(r, MetadataResponse::kMaxVersion + 1));
  EXPECT_FALSE(r.ok());
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
