// Group commit: what shares a batch and a request, how many are open, and what
// bounds them. Covers produce_flush.cpp.
#include <gtest/gtest.h>

#include "kafka/producer_scene_test.h"

namespace tidemark::kafka::test {
namespace {

std::vector<std::string> values_of(const SentRequest& request, std::size_t batch = 0) {
  return request.batches.at(batch).values;
}

TEST(ProducerBatching, WhatArrivesInOneTurnIsOneBatch) {
  auto scene = Scene::ready();
  for (const char* value : {"a", "b", "c"}) scene->append(value);
  EXPECT_TRUE(scene->requests.empty()) << "nothing is sent before flush()";
  scene->step();
  ASSERT_EQ(scene->requests.size(), 1u);
  EXPECT_EQ(values_of(scene->requests[0]), (std::vector<std::string>{"a", "b", "c"}));
  scene->step();
  EXPECT_EQ(scene->requests.size(), 1u);
}

TEST(ProducerBatching, WhatArrivesWhileABatchIsInFlightIsTheNextOne) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->append("b");
  scene->step();
  scene->append("c");
  scene->step();
  EXPECT_EQ(scene->requests.size(), 1u) << "one batch of a partition in flight";
  scene->succeed(first, 0);
  ASSERT_EQ(scene->requests.size(), 2u) << "no linger";
  EXPECT_EQ(values_of(scene->requests[1]), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(scene->requests[1].batches[0].base_sequence, 1);
}

TEST(ProducerBatching, PartitionsOfOneBrokerShareARequest) {
  auto scene = Scene::ready();
  scene->topic("views", 2, 9);
  scene->tell_metadata();
  scene->append("o0", 0);
  log::Record view = scene->record("v1", 1);
  view.topic = "views";
  scene->append(view);
  scene->append("o2", 2);
  scene->step();
  ASSERT_EQ(scene->requests.size(), 1u);
  const SentRequest& request = scene->requests[0];
  ASSERT_EQ(request.batches.size(), 3u);
  EXPECT_EQ(request.batches[0].topic, "orders");
  EXPECT_EQ(request.batches[1].topic, "orders") << "parts of one topic are neighbours";
  EXPECT_EQ(request.batches[2].topic, "views");
  EXPECT_EQ(request.batches[2].topic_id, topic_id(9));
  // One answer, each partition its own end.
  scene->answer(request.number, {{.partition = 1, .base_offset = 5, .topic = "views"},
                                 {.partition = 2, .error = ErrorCode::topic_authorization_failed},
                                 {.partition = 0, .base_offset = 6}});
  EXPECT_EQ(scene->end(1).offset, 6);
  EXPECT_EQ(scene->end(2).offset, 5);
  EXPECT_EQ(scene->end(2).topic_id, topic_id(9));
  EXPECT_EQ(scene->end(3).fate, Fate::not_appended);
}

TEST(ProducerBatching, AnAnswerMayNameTopicsById) {
  auto scene = Scene::ready();
  const SentRequest request = scene->send({"a"});
  wire::msg::ProduceResponse response;
  auto& other = response.responses.emplace_back();
  other.topic_id = topic_id(8);
  other.partition_responses.emplace_back().base_offset = 3;
  auto& topic = response.responses.emplace_back();
  topic.topic_id = topic_id(7);
  topic.partition_responses.emplace_back().base_offset = 4;
  scene->producer.answered(request.number, response, scene->now);
  scene->step();
  EXPECT_EQ(scene->end(1).offset, 4);
}

TEST(ProducerBatching, EachBrokerGetsItsOwnRequest) {
  auto scene = Scene::ready();
  scene->move_leader("orders", 1, 2);
  scene->tell_metadata();
  scene->append("a", 0);
  scene->append("b", 1);
  scene->step();
  ASSERT_EQ(scene->requests.size(), 2u);
  EXPECT_NE(scene->requests[0].broker, scene->requests[1].broker);
}

TEST(ProducerBatching, RequestsForOtherPartitionsArePipelinedUpToTheBound) {
  auto scene = std::make_unique<Scene>();
  scene->topic("orders", 8);
  scene->tell_metadata();
  scene->step();
  scene->give_producer_id();
  for (core::Partition partition = 0; partition < 8; ++partition) {
    scene->append("x" + std::to_string(partition), partition);
    scene->step();
  }
  EXPECT_EQ(scene->requests.size(), 5u) << "five requests are open to the broker";
  scene->succeed(scene->requests[2], 0);
  ASSERT_EQ(scene->requests.size(), 6u);
  EXPECT_EQ(scene->requests[5].batches.size(), 3u) << "what waited goes together";
  for (const SentBatch& batch : scene->requests[5].batches) EXPECT_GE(batch.partition, 5);
}

TEST(ProducerBatching, ABatchNeverOutgrowsTheLimit) {
  ProducerConfig config;
  config.max_batch_bytes = 4096;
  auto scene = Scene::ready(config);
  for (int i = 0; i < 100; ++i) scene->append(std::string(100, 'x'));
  scene->step();
  core::Offset end = 0;
  std::size_t largest = 0;
  while (scene->producer.open_records() > 0) {
    const SentRequest request = scene->requests.back();
    largest = std::max(largest, request.batches[0].bytes.size());
    scene->succeed(request, end);
    end += static_cast<core::Offset>(request.batches[0].values.size());
  }
  EXPECT_EQ(end, 100);
  EXPECT_LE(largest, 4096u);
  EXPECT_GT(largest, 4096u - 120) << "and is filled";
}

TEST(ProducerBatching, ARecordAboveTheLimitGoesAlone) {
  ProducerConfig config;
  config.max_batch_bytes = 1000;
  auto scene = Scene::ready(config);
  scene->append("a");
  scene->append(std::string(2000, 'L'));
  scene->append("c");
  scene->step();
  EXPECT_EQ(values_of(scene->requests.back()), std::vector<std::string>{"a"});
  scene->succeed(scene->requests.back(), 0);
  EXPECT_EQ(values_of(scene->requests.back()).size(), 1u);
  scene->succeed(scene->requests.back(), 1);
  EXPECT_EQ(scene->end(2).offset, 1) << "the broker decides what is too large";
  EXPECT_EQ(values_of(scene->requests.back()), std::vector<std::string>{"c"});
}

TEST(ProducerBatching, TheLimitOfATopicIsLearnedDown) {
  auto scene = Scene::ready();
  std::vector<std::string> values(16, std::string(1000, 'x'));
  scene->answer(scene->send(values), {.error = ErrorCode::message_too_large});
  const std::size_t refused = scene->requests[0].batches[0].bytes.size();
  EXPECT_EQ(values_of(scene->requests.back()).size(), 8u - 1);
  scene->succeed(scene->requests.back(), 0);
  for (const std::string& value : values) scene->append(value, 1);
  scene->step();
  EXPECT_EQ(scene->requests.back().batches[0].partition, 1);
  EXPECT_LE(scene->requests.back().batches[0].bytes.size(), refused / 2) << "the other partitions know it too";
}

TEST(ProducerBatching, ARequestIsBoundedInBytesAndBatches) {
  ProducerConfig config;
  config.max_request_bytes = 3000;
  auto scene = Scene::ready(config);
  for (core::Partition partition = 0; partition < 3; ++partition) scene->append(std::string(1300, 'x'), partition);
  scene->step();
  ASSERT_EQ(scene->requests.size(), 2u);
  EXPECT_EQ(scene->requests[0].batches.size(), 2u);
  EXPECT_EQ(scene->requests[1].batches.size(), 1u);

  config = {};
  config.max_request_batches = 1;
  config.max_requests_per_broker = 2;
  scene = Scene::ready(config);
  for (core::Partition partition = 0; partition < 3; ++partition) scene->append("x", partition);
  scene->step();
  ASSERT_EQ(scene->requests.size(), 2u);
  const std::size_t last = scene->requests[0].batches[0].partition == 0 ? 0 : 1;
  scene->succeed(scene->requests[last], 0);
  ASSERT_EQ(scene->requests.size(), 3u);
  EXPECT_EQ(scene->requests[2].batches[0].base_sequence, 0);
}

TEST(ProducerBatching, NoPartitionStarvesWhenTheBrokerIsBusy) {
  ProducerConfig config;
  config.max_request_batches = 1;
  config.max_requests_per_broker = 1;
  auto scene = Scene::ready(config);
  std::map<core::Partition, int> served;
  for (core::Partition partition = 0; partition < 3; ++partition) scene->append("x", partition);
  scene->step();
  for (int i = 0; i < 30; ++i) {
    const SentRequest request = scene->requests.back();
    const core::Partition partition = request.batches.at(0).partition;
    ++served[partition];
    scene->append("x", partition);  // it always has more
    scene->succeed(request, i);
  }
  for (core::Partition partition = 0; partition < 3; ++partition) EXPECT_GE(served[partition], 5) << partition;
}

TEST(ProducerBatching, KeysHeadersTimestampsAndTombstonesAreWritten) {
  auto scene = Scene::ready();
  log::Record made = scene->record("v", 0);
  made.key = "";
  made.value.reset();
  made.headers = {{"tidemark-id", "1"}, {"tidemark-id", "2"}, {"empty", ""}};
  scene->append(made);
  made.key.reset();
  made.value = "";
  made.headers.clear();
  made.timestamp_ms += 5;
  scene->append(made);
  scene->step();
  wire::RecordBatchReader batches(scene->requests.back().batches[0].bytes);
  wire::RecordBatch batch;
  ASSERT_EQ(batches.next(batch), wire::BatchStatus::batch);
  EXPECT_EQ(batch.attributes, 0);
  wire::RecordReader records(batch);
  wire::Record record;
  ASSERT_EQ(records.next(record), wire::RecordStatus::record);
  EXPECT_EQ(record.key, std::string_view());
  EXPECT_TRUE(record.key.has_value());
  EXPECT_FALSE(record.value.has_value());
  EXPECT_EQ(record.timestamp_ms, 1'700'000'000'000);
  wire::RecordHeaderReader headers = record.headers();
  wire::RecordHeader header;
  std::vector<std::pair<std::string, std::string>> seen;
  while (headers.next(header)) seen.emplace_back(header.key, header.value.value_or("(null)"));
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, std::string>>{
                      {"tidemark-id", "1"}, {"tidemark-id", "2"}, {"empty", ""}}));
  ASSERT_EQ(records.next(record), wire::RecordStatus::record);
  EXPECT_FALSE(record.key.has_value());
  EXPECT_TRUE(record.value.has_value());
  EXPECT_EQ(record.timestamp_ms, 1'700'000'000'005);
}

}  // namespace
}  // namespace tidemark::kafka::test
