// The codec against what Kafka 4.4.0 and 3.9.1 and their clients really wrote, at
// the highest version each API has in common. Covers generated/*.cpp once more;
// messages_test.cpp names them.
#include "wire/recorded_frames_test.h"

#include <functional>
#include <map>
#include <set>

#include "wire/error_codes.h"
#include "wire/generated/random/all_test.h"

namespace tidemark::wire {
namespace {

using namespace msg;

// What a frame decodes to, encoded again; empty when it is refused.
using Recode = std::function<std::string(std::string_view bytes, std::int16_t version)>;

template <class M, class Header>
std::string recode(std::string_view bytes, std::int16_t version) {
  Reader r(bytes);
  Header header;
  M message;
  if (!header.decode(r, M::header_version(version)) || !message.decode(r, version) || !r.at_end()) return "";
  Writer w;
  header.encode(w, M::header_version(version));
  message.encode(w, version);
  EXPECT_TRUE(w.ok());
  return w.take();
}

template <class Request>
void add(std::map<std::string, Recode>& recoders, const std::string& api) {
  recoders[api + " request"] = recode<Request, RequestHeader>;
  recoders[api + " response"] = recode<typename Request::Response, ResponseHeader>;
}

const std::map<std::string, Recode>& recoders() {
  static const auto all = [] {
    std::map<std::string, Recode> made;
    add<ApiVersionsRequest>(made, "ApiVersions");
    add<ConsumerGroupDescribeRequest>(made, "ConsumerGroupDescribe");
    add<CreateTopicsRequest>(made, "CreateTopics");
    add<DeleteTopicsRequest>(made, "DeleteTopics");
    add<DescribeGroupsRequest>(made, "DescribeGroups");
    add<FetchRequest>(made, "Fetch");
    add<FindCoordinatorRequest>(made, "FindCoordinator");
    add<InitProducerIdRequest>(made, "InitProducerId");
    add<ListGroupsRequest>(made, "ListGroups");
    add<ListOffsetsRequest>(made, "ListOffsets");
    add<MetadataRequest>(made, "Metadata");
    add<OffsetCommitRequest>(made, "OffsetCommit");
    add<OffsetFetchRequest>(made, "OffsetFetch");
    add<ProduceRequest>(made, "Produce");
    return made;
  }();
  return all;
}

class RecordedFrames : public testing::TestWithParam<std::string> {
 protected:
  template <class M>
  M response(const std::string& about, const std::string& api) {
    frame_ = recorded_frame(GetParam(), about, api, "response");
    return body_of<M, ResponseHeader>(frame_);
  }
  RecordedFrame frame_;
};
INSTANTIATE_TEST_SUITE_P(Kafka, RecordedFrames, testing::Values("4.4.0", "3.9.1"), [](const auto& tested) {
  return tested.param == "4.4.0" ? "v4_4_0" : "v3_9_1";
});

TEST_P(RecordedFrames, EncodeToTheSameBytes) {
  std::set<std::string> seen;
  for (const RecordedFrame& frame : recorded_frames(GetParam())) {
    const std::string kind = frame.api + " " + frame.direction;
    ASSERT_TRUE(recoders().contains(kind)) << kind;
    EXPECT_EQ(to_hex(recoders().at(kind)(frame.bytes, frame.version)), to_hex(frame.bytes)) << kind;
    seen.insert(kind);
  }
  // Group descriptions of the new protocol need a broker that has it switched on.
  EXPECT_EQ(seen.size(), recoders().size() - (GetParam() == "3.9.1" ? 2 : 0));
}

TEST_P(RecordedFrames, AreRefusedAtEveryTruncation) {
  for (const RecordedFrame& frame : recorded_frames(GetParam())) {
    const Recode& again = recoders().at(frame.api + " " + frame.direction);
    for (std::size_t length = 0; length < frame.bytes.size(); ++length) {
      const ExactBytes cut(std::string_view(frame.bytes).substr(0, length));
      EXPECT_EQ(again(cut.view(), frame.version), "") << frame.about << " " << frame.api << " cut at " << length;
    }
  }
}

TEST_P(RecordedFrames, DamageIsSurvived) {
  Random random(11);
  for (const RecordedFrame& frame : recorded_frames(GetParam())) {
    const Recode& again = recoders().at(frame.api + " " + frame.direction);
    for (int i = 0; i < 300; ++i) {
      const ExactBytes damaged(with_flipped_bits(frame.bytes, random));
      const std::string once = again(damaged.view(), frame.version);
      EXPECT_EQ(once.empty() ? "" : again(once, frame.version), once);
    }
  }
}

TEST_P(RecordedFrames, SayWhatTheBrokerDid) {
  const auto metadata = response<MetadataResponse>("describe", "Metadata");
  ASSERT_EQ(metadata.topics.size(), 1U);
  EXPECT_EQ(metadata.topics[0].name, "views");
  EXPECT_FALSE(metadata.topics[0].topic_id.is_nil());
  EXPECT_EQ(metadata.topics[0].partitions.size(), 2U);
  ASSERT_EQ(metadata.brokers.size(), 1U);
  EXPECT_EQ(metadata.brokers[0].host, "127.0.0.1");

  const auto unknown = response<MetadataResponse>("unknown", "Metadata");
  EXPECT_EQ(unknown.topics.at(0).error_code, static_cast<std::int16_t>(ErrorCode::unknown_topic_or_partition));

  const auto appended = response<ProduceResponse>("plain", "Produce");
  EXPECT_EQ(appended.responses.at(0).partition_responses.at(0).error_code, 0);
  EXPECT_EQ(appended.responses.at(0).partition_responses.at(0).base_offset, 0);

  const auto gap = response<ProduceResponse>("gap", "Produce");
  EXPECT_EQ(error_name(gap.responses.at(0).partition_responses.at(0).error_code), "OUT_OF_ORDER_SEQUENCE_NUMBER");

  const auto ends = response<ListOffsetsResponse>("uncommitted", "ListOffsets");
  // Not in the order asked: 4.4.0 answers what it refuses first.
  std::map<std::int32_t, std::string> by_partition;
  for (const auto& partition : ends.topics.at(0).partitions) {
    by_partition[partition.partition_index] =
        std::to_string(partition.offset) + " " + std::string(error_name(partition.error_code));
  }
  EXPECT_EQ(by_partition, (std::map<std::int32_t, std::string>{
                              {0, "3 NONE"}, {1, "1 NONE"}, {2, "-1 UNKNOWN_TOPIC_OR_PARTITION"}}));

  const auto beyond = response<FetchResponse>("beyond", "Fetch");
  EXPECT_EQ(error_name(beyond.responses.at(0).partitions.at(0).error_code), "OFFSET_OUT_OF_RANGE");
}

TEST_P(RecordedFrames, SayWhatGroupsThereWere) {
  const auto described = response<DescribeGroupsResponse>("classic", "DescribeGroups");
  EXPECT_EQ(described.groups.at(0).group_state, "Stable");
  EXPECT_EQ(described.groups.at(0).members.at(0).client_id, "recorder-classic");

  const auto offsets = response<OffsetFetchResponse>("some", "OffsetFetch");
  ASSERT_EQ(offsets.groups.size(), 2U);
  EXPECT_EQ(offsets.groups[0].group_id, "classic-group");
  EXPECT_EQ(offsets.groups[0].topics.at(0).partitions.at(0).committed_offset, 3);
}

}  // namespace
}  // namespace tidemark::wire
