#include "kafka/group_answers.h"

#include <gtest/gtest.h>

#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

using Classic = wire::msg::DescribeGroupsResponse::DescribedGroup;
using Consumer = wire::msg::ConsumerGroupDescribeResponse::DescribedGroup;
using Offsets = wire::msg::OffsetFetchResponse::OffsetFetchResponseGroup;
using Names = std::vector<std::string>;

std::string subscription(const Names& topics) {
  wire::Writer out;
  out.int16(1);
  out.array_length(topics.size());
  for (const auto& topic : topics) out.string(topic);
  out.int32(-1);
  return out.take();
}

Classic classic(std::string state, std::string protocol, const std::vector<std::string>& subscriptions) {
  Classic group;
  group.group_state = std::move(state);
  group.protocol_type = std::move(protocol);
  for (const auto& bytes : subscriptions) {
    auto& member = group.members.emplace_back();
    member.client_id = "client" + std::to_string(group.members.size());
    member.member_metadata = bytes;
  }
  return group;
}

TEST(GroupAnswers, AStableClassicGroupTellsItsMembersAndTopics) {
  GroupMembers members;
  const auto answer = classic("Stable", "consumer", {subscription({"b", "a"}), subscription({"a", "c"})});
  ASSERT_EQ(read_members(answer, members), GroupVerdict::answered);
  EXPECT_TRUE(members.managed);
  EXPECT_EQ(members.members, 2);
  EXPECT_TRUE(members.topics_known);
  EXPECT_EQ(members.topics, (Names{"a", "b", "c"}));
  EXPECT_EQ(members.client, "client1");
}

TEST(GroupAnswers, ARebalancingGroupHidesItsTopics) {
  GroupMembers members;
  ASSERT_EQ(read_members(classic("PreparingRebalance", "consumer", {""}), members), GroupVerdict::answered);
  EXPECT_EQ(members.members, 1);
  EXPECT_FALSE(members.topics_known);
}

TEST(GroupAnswers, AGroupThatOnlyCommitsIsUnmanaged) {
  GroupMembers members;
  ASSERT_EQ(read_members(classic("Empty", "", {}), members), GroupVerdict::answered);
  EXPECT_FALSE(members.managed);
  EXPECT_FALSE(members.topics_known);
  ASSERT_EQ(read_members(classic("Empty", "consumer", {}), members), GroupVerdict::answered);
  EXPECT_TRUE(members.managed);
}

TEST(GroupAnswers, DeadMeansNotAClassicGroup) {
  GroupMembers members;
  EXPECT_EQ(read_members(classic("Dead", "", {}), members), GroupVerdict::not_found);
  Classic missing;
  missing.error_code = 69;
  EXPECT_EQ(read_members(missing, members), GroupVerdict::not_found);
}

TEST(GroupAnswers, AConsumerGroupTellsItsSubscribedTopics) {
  Consumer group;
  group.group_state = "Stable";
  group.members.resize(2);
  group.members[0].client_id = "kip848";
  group.members[0].subscribed_topic_names = {"b", "a"};
  group.members[1].subscribed_topic_names = {"a"};
  group.members[1].subscribed_topic_regex = "";
  GroupMembers members;
  ASSERT_EQ(read_members(group, members), GroupVerdict::answered);
  EXPECT_TRUE(members.managed);
  EXPECT_TRUE(members.topics_known);
  EXPECT_EQ(members.topics, (Names{"a", "b"}));

  group.members[1].subscribed_topic_regex = "c.*";
  group.members[1].assignment.topic_partitions.emplace_back().topic_name = "c1";
  ASSERT_EQ(read_members(group, members), GroupVerdict::answered);
  EXPECT_FALSE(members.topics_known);
  EXPECT_EQ(members.topics, (Names{"a", "b", "c1"}));

  const auto state = members.state("g", nullptr);
  EXPECT_EQ(state.group, "g");
  EXPECT_EQ(state.members, 2);
  EXPECT_EQ(state.topics.size(), 3U);
  EXPECT_EQ(state.client, "kip848");
  EXPECT_FALSE(state.at.known());
}

TEST(GroupAnswers, AShareGroupTellsItsMembersAndTopics) {
  wire::msg::ShareGroupDescribeResponse::DescribedGroup group;
  group.group_state = "Stable";
  group.members.resize(2);
  group.members[0].client_id = "sharer";
  group.members[0].member_id = "a1";
  group.members[0].subscribed_topic_names = {"b", "a"};
  group.members[1].member_id = "a2";
  group.members[1].subscribed_topic_names = {"a"};
  GroupMembers members;
  ASSERT_EQ(read_members(group, members), GroupVerdict::answered);
  EXPECT_EQ(members.members, 2);
  EXPECT_TRUE(members.managed);
  EXPECT_TRUE(members.topics_known);
  EXPECT_EQ(members.topics, (Names{"a", "b"}));
  const auto state = members.state("g", nullptr);
  EXPECT_EQ(state.client, "sharer");
  EXPECT_EQ(state.member, "a1");

  group.members.clear();
  ASSERT_EQ(read_members(group, members), GroupVerdict::answered);
  EXPECT_TRUE(members.managed);
  EXPECT_FALSE(members.topics_known);
  group.error_code = 69;
  EXPECT_EQ(read_members(group, members), GroupVerdict::not_found);
}

TEST(GroupAnswers, ErrorsSayWhatToDo) {
  EXPECT_EQ(verdict_of(0), GroupVerdict::answered);
  EXPECT_EQ(verdict_of(14), GroupVerdict::retry);    // COORDINATOR_LOAD_IN_PROGRESS
  EXPECT_EQ(verdict_of(15), GroupVerdict::moved);    // COORDINATOR_NOT_AVAILABLE
  EXPECT_EQ(verdict_of(16), GroupVerdict::moved);    // NOT_COORDINATOR
  EXPECT_EQ(verdict_of(30), GroupVerdict::refused);  // GROUP_AUTHORIZATION_FAILED
  EXPECT_EQ(verdict_of(69), GroupVerdict::not_found);
  EXPECT_EQ(verdict_of(-1), GroupVerdict::retry);
  EXPECT_EQ(verdict_of(9999), GroupVerdict::retry);
}

TEST(GroupAnswers, ListedGroupsHaveTypesWhereTheBrokerSaysThem) {
  wire::msg::ListGroupsResponse::ListedGroup listed;
  listed.group_id = "g";
  EXPECT_EQ(read_listed(listed).type, GroupType::unknown);
  EXPECT_TRUE(read_listed(listed).commits());
  listed.group_type = "Classic";
  EXPECT_EQ(read_listed(listed).type, GroupType::classic);
  listed.group_type = "consumer";
  EXPECT_EQ(read_listed(listed).type, GroupType::consumer);
  listed.group_type = "Share";
  EXPECT_EQ(read_listed(listed).type, GroupType::share);
  EXPECT_FALSE(read_listed(listed).commits());
  listed.group_type = "Streams";
  EXPECT_EQ(read_listed(listed).type, GroupType::unknown);
  EXPECT_TRUE(read_listed(listed).commits());
}

TEST(GroupAnswers, OffsetsComeByNameOrByIdAndOnlyWhereThereIsOne) {
  Offsets answer;
  answer.topics.resize(3);
  answer.topics[0].name = "named";
  answer.topics[0].partitions.resize(3);
  answer.topics[0].partitions[0].committed_offset = 5;
  answer.topics[0].partitions[0].committed_leader_epoch = 2;
  answer.topics[0].partitions[0].metadata = "bgABAAI=";  // the Parallel Consumer's: one not done, two done
  answer.topics[0].partitions[1].partition_index = 1;
  answer.topics[0].partitions[1].committed_offset = -1;
  answer.topics[0].partitions[2].partition_index = 2;
  answer.topics[0].partitions[2].error_code = 3;
  answer.topics[1].topic_id = Uuid{{1}};
  answer.topics[1].partitions.resize(1);
  answer.topics[1].partitions[0].committed_offset = 7;
  answer.topics[2].topic_id = Uuid{{2}};
  answer.topics[2].partitions.resize(1);
  const std::string by_id = "by_id";
  const auto name_of = [&](const Uuid& id) { return id == Uuid{{1}} ? &by_id : nullptr; };
  std::vector<OffsetRow> rows;
  bool unknown_topics = false;
  ASSERT_EQ(read_offsets(answer, name_of, rows, unknown_topics), GroupVerdict::answered);
  EXPECT_TRUE(unknown_topics);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].row.topic, "named");
  EXPECT_EQ(rows[0].row.offset, 5);
  EXPECT_EQ(rows[0].row.leader_epoch, 2);
  EXPECT_EQ(rows[0].row.done_above, (std::vector<core::Range>{{6, 7}}));
  EXPECT_EQ(rows[1].row.topic, "by_id");
  EXPECT_EQ(rows[1].topic_id, (Uuid{{1}}));

  answer.error_code = 69;
  ASSERT_EQ(read_offsets(answer, name_of, rows, unknown_topics), GroupVerdict::answered);
  EXPECT_TRUE(rows.empty());
  answer.error_code = 0;
  answer.topics[0].partitions[0].error_code = 88;  // a transaction is open
  EXPECT_EQ(read_offsets(answer, name_of, rows, unknown_topics), GroupVerdict::retry);
  answer.error_code = 16;
  EXPECT_EQ(read_offsets(answer, name_of, rows, unknown_topics), GroupVerdict::moved);
}

}  // namespace
}  // namespace tidemark::kafka
