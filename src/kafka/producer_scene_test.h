// A producer between a test that plays the cluster and a record of all it did.
//
// Nothing here has rules of its own: a test says what brokers answer. The model
// brokers with Kafka's rules are in sim/producer.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/producer.h"
#include "wire/error_codes.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka::test {

using namespace std::chrono_literals;
using Fate = core::Delivery::Fate;
using Reason = core::Delivery::Reason;
using wire::ErrorCode;

inline Uuid topic_id(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

// A batch as a broker gets it.
struct SentBatch {
  std::string topic;
  Uuid topic_id;
  core::Partition partition = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::vector<std::string> values;
  std::string bytes;
};

struct SentRequest {
  std::uint64_t number = 0;
  std::int32_t broker = -1;
  std::vector<SentBatch> batches;
};

inline SentBatch decode_part(const ProduceEffects::Part& part) {
  SentBatch sent;
  sent.topic = std::string(part.topic);
  sent.topic_id = part.topic_id;
  sent.partition = part.partition;
  sent.bytes = std::string(part.batch);
  wire::RecordBatchReader reader(sent.bytes);
  wire::RecordBatch batch;
  EXPECT_EQ(reader.next(batch), wire::BatchStatus::batch);
  sent.producer_id = batch.producer_id;
  sent.producer_epoch = batch.producer_epoch;
  sent.base_sequence = batch.base_sequence;
  wire::RecordReader records(batch);
  wire::Record record;
  while (records.next(record) == wire::RecordStatus::record) sent.values.emplace_back(record.value.value_or("(null)"));
  EXPECT_EQ(static_cast<std::size_t>(batch.record_count), sent.values.size());
  return sent;
}

// One partition's part of an answer.
struct Answer {
  core::Partition partition = 0;
  ErrorCode error = ErrorCode::none;
  core::Offset base_offset = core::kNoOffset;
  std::vector<std::pair<std::int32_t, std::string>> bad_records{};
  std::int32_t leader = -1;
  std::int32_t leader_epoch = -1;
  core::Offset log_start = -1;
  std::string topic = "orders";
};

class Scene {
 public:
  explicit Scene(ProducerConfig config = {}) : producer(config, [] { return std::uint64_t{0}; }) {
    metadata.brokers[1] = {"a", 9092};
    metadata.brokers[2] = {"b", 9092};
  }

  // A scene whose producer knows "orders" (3 partitions, broker 1) and has its id.
  static std::unique_ptr<Scene> ready(ProducerConfig config = {}) {
    auto scene = std::make_unique<Scene>(config);
    scene->topic("orders", 3);
    scene->tell_metadata();
    scene->step();
    scene->give_producer_id();
    scene->step();
    return scene;
  }

  wire::TopicInfo& topic(const std::string& name, std::size_t partitions, std::uint8_t id = 7) {
    wire::TopicInfo& info = metadata.topics[name];
    info.name = name;
    info.id = topic_id(id);
    info.partitions.resize(partitions);
    for (wire::PartitionInfo& partition : info.partitions) {
      if (partition.leader < 0) partition = {.leader = 1, .leader_epoch = 5, .error = 0};
    }
    return info;
  }
  void move_leader(const std::string& name, std::size_t partition, std::int32_t leader) {
    wire::PartitionInfo& info = metadata.topics[name].partitions[partition];
    info.leader = leader;
    ++info.leader_epoch;
  }
  void tell_metadata() { producer.metadata(std::make_shared<wire::Metadata>(metadata), now); }
  // What a driver does about refresh_metadata.
  void refresh() {
    ASSERT_TRUE(refresh_asked);
    refresh_asked = false;
    tell_metadata();
    producer.metadata_refreshed(true, now);
    step();
  }
  void give_producer_id() {
    ASSERT_TRUE(id_asked);
    id_asked = false;
    producer.producer_id(++last_producer_id, 0, now);
    step();
  }

  // Flushes and notes what the producer wants.
  void step() {
    producer.flush(now);
    ProduceEffects effects = producer.take_effects();
    for (const ProduceEffects::Send& send : effects.sends) {
      SentRequest& request = requests.emplace_back();
      request.number = send.request;
      request.broker = send.broker;
      for (const ProduceEffects::Part& part : send.parts) request.batches.push_back(decode_part(part));
    }
    for (ProduceEffects::Delivered& delivered : effects.deliveries) {
      EXPECT_TRUE(ends.emplace(delivered.id, delivered.delivery).second) << "append " << delivered.id << " ended twice";
    }
    id_asked = id_asked || effects.ask_producer_id;
    refresh_asked = refresh_asked || effects.refresh_metadata;
  }
  void pass(core::Duration duration) {
    now += duration;
    step();
  }

  log::Record record(const std::string& value, std::optional<core::Partition> partition = 0) {
    log::Record made;
    made.topic = "orders";
    made.partition = partition;
    made.value = value;
    made.timestamp_ms = 1'700'000'000'000;
    return made;
  }
  // Not flushed.
  log::AppendId append(log::Record made) {
    const log::AppendId id = ++last_append;
    const Result<void> taken = producer.append(id, std::move(made), now);
    EXPECT_TRUE(taken.ok()) << taken.error().message;
    return id;
  }
  log::AppendId append(const std::string& value, std::optional<core::Partition> partition = 0) {
    return append(record(value, partition));
  }
  // Flushed, and in the request that it returns.
  SentRequest send(const std::vector<std::string>& values, core::Partition partition = 0) {
    for (const std::string& value : values) append(value, partition);
    const std::size_t before = requests.size();
    step();
    EXPECT_EQ(requests.size(), before + 1);
    return requests.back();
  }

  void answer(std::uint64_t request, const std::vector<Answer>& answers) {
    wire::msg::ProduceResponse response;
    for (const Answer& answer : answers) {
      auto& topic = response.responses.emplace_back();
      topic.name = answer.topic;
      auto& part = topic.partition_responses.emplace_back();
      part.index = answer.partition;
      part.error_code = static_cast<std::int16_t>(answer.error);
      part.base_offset = answer.base_offset;
      part.log_start_offset = answer.log_start;
      part.current_leader = {answer.leader, answer.leader_epoch};
      for (const auto& [index, message] : answer.bad_records) {
        auto& bad = part.record_errors.emplace_back();
        bad.batch_index = index;
        bad.batch_index_error_message = message;
      }
    }
    producer.answered(request, response, now);
    step();
  }
  void answer(const SentRequest& request, const Answer& only) { answer(request.number, {only}); }
  void succeed(const SentRequest& request, core::Offset base_offset) {
    answer(request, {.partition = request.batches.at(0).partition, .base_offset = base_offset});
  }
  void lose(const SentRequest& request, bool maybe_sent = true) {
    producer.request_failed(request.number, maybe_sent, {ErrorKind::unavailable, "the connection was lost"}, now);
    step();
  }
  // The latest request, after the pause before it.
  SentRequest next_request() {
    const std::size_t before = requests.size();
    for (int i = 0; i < 3000 && requests.size() == before; ++i) pass(1ms);
    EXPECT_EQ(requests.size(), before + 1) << "nothing was sent again";
    return requests.back();
  }

  const core::Delivery& end(log::AppendId id) {
    static const core::Delivery none{.fate = Fate::unknown, .topic_id = {}, .detail = "not ended"};
    const auto found = ends.find(id);
    EXPECT_TRUE(found != ends.end()) << "append " << id << " has not ended";
    return found == ends.end() ? none : found->second;
  }
  bool ended(log::AppendId id) const { return ends.contains(id); }

  Producer producer;
  wire::Metadata metadata;
  core::Time now{1h};
  std::vector<SentRequest> requests;
  std::map<log::AppendId, core::Delivery> ends;
  bool id_asked = false;
  bool refresh_asked = false;
  std::int64_t last_producer_id = 100;
  log::AppendId last_append = 0;
};

}  // namespace tidemark::kafka::test
