#include "wire/client_metadata.h"

#include <gtest/gtest.h>

#include "wire/generated/metadata.h"

namespace tidemark::wire {
namespace {

using Response = msg::MetadataResponse;

Uuid id_of(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

Response response_with_broker() {
  Response response;
  response.cluster_id = "cluster";
  response.controller_id = 1;
  Response::MetadataResponseBroker broker;
  broker.node_id = 1;
  broker.host = "b1";
  broker.port = 9092;
  response.brokers.push_back(broker);
  return response;
}

Response::MetadataResponseTopic& add_topic(Response& response, const std::string& name, std::uint8_t id) {
  Response::MetadataResponseTopic topic;
  topic.name = name;
  topic.topic_id = id_of(id);
  response.topics.push_back(topic);
  return response.topics.back();
}

void add_partition(Response::MetadataResponseTopic& topic, std::int32_t index, std::int32_t leader,
                   std::int32_t epoch) {
  Response::MetadataResponseTopic& to = topic;
  Response::MetadataResponsePartition partition;
  partition.partition_index = index;
  partition.leader_id = leader;
  partition.leader_epoch = epoch;
  to.partitions.push_back(partition);
}

TEST(Metadata, SaysWhatTheResponseSays) {
  Response response = response_with_broker();
  Response::MetadataResponseTopic& topic = add_topic(response, "views", 9);
  topic.is_internal = true;
  add_partition(topic, 1, 2, 5);  // in any order
  add_partition(topic, 0, 1, 4);
  topic.partitions[0].error_code = 5;
  const Result<Metadata> metadata = merge_metadata({}, response);
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->cluster_id, "cluster");
  EXPECT_EQ(metadata->controller, 1);
  EXPECT_EQ(metadata->brokers.at(1), (Address{"b1", 9092}));
  const TopicInfo* views = metadata->find_topic("views");
  ASSERT_NE(views, nullptr);
  EXPECT_EQ(views->id, id_of(9));
  EXPECT_TRUE(views->internal);
  EXPECT_EQ(views->partitions, (std::vector<PartitionInfo>{{1, 4, 0}, {2, 5, 5}}));
  EXPECT_EQ(metadata->find_partition("views", 1)->leader, 2);
  EXPECT_EQ(metadata->find_partition("views", 2), nullptr);
  EXPECT_EQ(metadata->find_partition("views", -1), nullptr);
  EXPECT_EQ(metadata->find_topic("other"), nullptr);
}

TEST(Metadata, DoesNotGoBackToAnOlderLeader) {
  Response newer = response_with_broker();
  add_partition(add_topic(newer, "views", 9), 0, 2, 7);
  Response older = response_with_broker();
  add_partition(add_topic(older, "views", 9), 0, 1, 6);
  const Metadata known = *merge_metadata({}, newer);
  EXPECT_EQ(merge_metadata(known, older)->find_partition("views", 0)->leader, 2);
  add_partition(older.topics[0], 1, 1, 0);
  EXPECT_EQ(merge_metadata(known, older)->find_topic("views")->partitions.size(), 2U);
}

TEST(Metadata, KeepsPartitionsThatAnOlderAnswerDoesNotKnowYet) {
  Response newer = response_with_broker();
  add_partition(add_topic(newer, "views", 9), 0, 1, 1);
  add_partition(newer.topics[0], 1, 1, 0);
  Response older = response_with_broker();
  add_partition(add_topic(older, "views", 9), 0, 1, 1);
  EXPECT_EQ(merge_metadata(*merge_metadata({}, newer), older)->find_topic("views")->partitions.size(), 2U);
}

TEST(Metadata, BelievesTheAnswerAboutARecreatedTopicOrAnotherCluster) {
  Response before = response_with_broker();
  add_partition(add_topic(before, "views", 9), 0, 2, 7);
  const Metadata known = *merge_metadata({}, before);
  Response recreated = response_with_broker();
  add_partition(add_topic(recreated, "views", 10), 0, 1, 0);
  EXPECT_EQ(merge_metadata(known, recreated)->find_partition("views", 0)->leader_epoch, 0);
  Response elsewhere = response_with_broker();
  elsewhere.cluster_id = "other";
  add_partition(add_topic(elsewhere, "views", 9), 0, 1, 0);
  EXPECT_EQ(merge_metadata(known, elsewhere)->find_partition("views", 0)->leader_epoch, 0);
}

TEST(Metadata, WithoutTopicIdsOrEpochsTheLatestAnswerCounts) {
  Response before = response_with_broker();
  add_partition(add_topic(before, "views", 0), 0, 2, 7);
  Response after = response_with_broker();
  add_partition(add_topic(after, "views", 0), 0, 1, 3);
  EXPECT_EQ(merge_metadata(*merge_metadata({}, before), after)->find_partition("views", 0)->leader, 1);
  before.topics[0].topic_id = id_of(9);
  after.topics[0].topic_id = id_of(9);
  after.topics[0].partitions[0].leader_epoch = -1;
  EXPECT_EQ(merge_metadata(*merge_metadata({}, before), after)->find_partition("views", 0)->leader, 1);
}

TEST(Metadata, RefusesWhatNoClusterLooksLike) {
  for (const std::vector<std::int32_t>& indexes :
       std::vector<std::vector<std::int32_t>>{{0, 0}, {1}, {-1}, {0, 2}, {2'000'000'000}}) {
    Response response = response_with_broker();
    Response::MetadataResponseTopic& topic = add_topic(response, "views", 9);
    for (const std::int32_t index : indexes) add_partition(topic, index, 1, 0);
    const Result<Metadata> metadata = merge_metadata({}, response);
    ASSERT_FALSE(metadata.ok());
    EXPECT_EQ(metadata.error().kind, ErrorKind::corrupt);
  }
  Response twice = response_with_broker();
  add_topic(twice, "views", 1);
  add_topic(twice, "views", 2);
  EXPECT_EQ(merge_metadata({}, twice).error().kind, ErrorKind::corrupt);
  Response nameless = response_with_broker();
  add_topic(nameless, "", 1).name = std::nullopt;
  EXPECT_EQ(merge_metadata({}, nameless).error().kind, ErrorKind::corrupt);
}

TEST(Metadata, HasLimitsAndNeedsABroker) {
  Response response = response_with_broker();
  add_partition(add_topic(response, "views", 9), 0, 1, 0);
  add_partition(response.topics[0], 1, 1, 0);
  EXPECT_EQ(merge_metadata({}, response, {10, 1}).error().kind, ErrorKind::limit);
  EXPECT_EQ(merge_metadata({}, response, {0, 10}).error().kind, ErrorKind::limit);
  EXPECT_EQ(merge_metadata({}, Response{}).error().kind, ErrorKind::unavailable);
  response.brokers[0].port = 0;
  EXPECT_EQ(merge_metadata({}, response).error().kind, ErrorKind::unavailable);
  Response failed = response_with_broker();
  failed.error_code = 129;
  EXPECT_NE(merge_metadata({}, failed).error().message.find("REBOOTSTRAP_REQUIRED"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::wire
