#include "common/committer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace tidemark::bench {

Committer::Committer(CommitterOptions options, Replies* replies) : options_(std::move(options)), replies_(replies) {
  consumer_ = test::make_handle(RD_KAFKA_CONSUMER, test::make_conf(options_.kafka, {{"group.id", options_.group},
                                                                                   {"auto.offset.reset", "earliest"},
                                                                                   {"enable.auto.commit", "false"}}));
  rd_kafka_poll_set_consumer(consumer_.get());
  test::KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  test::throw_on(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribe");
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
  ending_ = true;
  thread_.join();
  rd_kafka_consumer_close(consumer_.get());
}

void Committer::run() {
  std::vector<test::KafkaMessage> batch;
  while (!ending_) {
    const std::size_t most = options_.each_record ? 1 : 500;
    for (int wait_ms = 50; batch.size() < most; wait_ms = 0) {
      test::KafkaMessage message(rd_kafka_consumer_poll(consumer_.get(), wait_ms));
      if (!message) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) batch.push_back(std::move(message));
    }
    while (paused_ && !ending_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (batch.empty()) continue;
    commit(batch);
    batch.clear();
  }
}

void Committer::commit(const std::vector<test::KafkaMessage>& batch) {
  test::KafkaPartitions offsets(rd_kafka_topic_partition_list_new(1));
  std::vector<std::size_t> events;
  for (const auto& message : batch) {
    auto* place = rd_kafka_topic_partition_list_find(offsets.get(), options_.topic.c_str(), message->partition);
    if (place == nullptr)
      place = rd_kafka_topic_partition_list_add(offsets.get(), options_.topic.c_str(), message->partition);
    place->offset = std::max(place->offset, message->offset + 1);
    std::size_t event = SIZE_MAX;
    const char* value = static_cast<const char*>(message->payload);
    std::from_chars(value, value + message->len, event);
    events.push_back(event);
  }
  // A rebalance may refuse it: whoever has the partition then goes on.
  if (rd_kafka_commit(consumer_.get(), offsets.get(), 0) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (replies_ != nullptr) replies_->committed(events, now_us());
  ++commits_;
}

}  // namespace tidemark::bench
