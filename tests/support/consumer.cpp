// See consumer.h.
#include "support/consumer.h"

#include <utility>

namespace tidemark::test {
namespace {

constexpr int kPollMs = 50;
constexpr std::size_t kMaxErrors = 1'000;

}  // namespace

Consumer::Consumer(ConsumerOptions options) : options_(std::move(options)) {
  Settings settings{{"group.id", options_.group},
                    {"auto.offset.reset", options_.auto_offset_reset},
                    {"enable.auto.commit", options_.commit == Commit::kAuto ? "true" : "false"},
                    {"enable.partition.eof", "true"}};
  for (const auto& [key, value] : options_.settings) settings[key] = value;
  KafkaConf conf = make_conf(options_.bootstrap, settings);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  handle_ = make_handle(RD_KAFKA_CONSUMER, std::move(conf));
  rd_kafka_poll_set_consumer(handle_.get());
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  throw_on(rd_kafka_subscribe(handle_.get(), topics.get()), "subscribe to " + options_.topic);
  thread_ = std::thread([this] { run(); });
}

Consumer::~Consumer() { stop(); }

void Consumer::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                            void* self) {
  auto& consumer = *static_cast<Consumer*>(self);
  const bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const auto result = rd_kafka_assign(handle, assign ? partitions : nullptr);
  if (result != RD_KAFKA_RESP_ERR_NO_ERROR) consumer.add_error(rd_kafka_err2str(result));
  const std::lock_guard lock(consumer.mutex_);
  consumer.assigned_.clear();
  consumer.at_end_.clear();
  for (int i = 0; assign && i < partitions->cnt; ++i) consumer.assigned_.insert(partitions->elems[i].partition);
  consumer.changed_.notify_all();
}

void Consumer::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_ != Ending::kNotYet) break;
    }
    work_on_batch(next_batch());
  }
  if (ending_ == Ending::kLeave) rd_kafka_consumer_close(handle_.get());
}

std::vector<KafkaMessage> Consumer::next_batch() {
  std::vector<KafkaMessage> batch;
  int wait_ms = kPollMs;
  while (batch.size() < options_.max_batch) {
    KafkaMessage message(rd_kafka_consumer_poll(handle_.get(), wait_ms));
    if (!message) break;
    wait_ms = 0;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      batch.push_back(std::move(message));
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      const std::lock_guard lock(mutex_);
      at_end_.insert(message->partition);
      changed_.notify_all();
    } else {
      add_error(rd_kafka_message_errstr(message.get()));
      break;
    }
  }
  return batch;
}

bool Consumer::may_work() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !paused_ || ending_ != Ending::kNotYet; });
  return ending_ == Ending::kNotYet;
}

void Consumer::work_on_batch(std::vector<KafkaMessage> batch) {
  std::map<std::int32_t, std::int64_t> next_offsets;
  for (const KafkaMessage& message : batch) {
    if (!may_work()) break;
    Record record = make_record(*message);
    if (options_.work) options_.work(record);
    {
      const std::lock_guard lock(mutex_);
      positions_.emplace(record.partition, record.offset);
      processed_.push_back(std::move(record));
      changed_.notify_all();
    }
    if (options_.commit == Commit::kEachRecord) commit({{message->partition, message->offset + 1}});
    next_offsets[message->partition] = message->offset + 1;
  }
  if (options_.commit == Commit::kEachBatch && !next_offsets.empty()) commit(std::move(next_offsets));
}

void Consumer::commit(std::map<std::int32_t, std::int64_t> next_offsets) {
  const KafkaPartitions partitions(rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size())));
  for (const auto& [partition, offset] : next_offsets) {
    rd_kafka_topic_partition_list_add(partitions.get(), options_.topic.c_str(), partition)->offset = offset;
  }
  const auto result = rd_kafka_commit(handle_.get(), partitions.get(), 0);
  if (result == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++commits_;
  } else {
    add_error(std::string("commit: ") + rd_kafka_err2str(result));
  }
}

void Consumer::add_error(std::string words) {
  const std::lock_guard lock(mutex_);
  if (errors_.size() < kMaxErrors) errors_.push_back(std::move(words));
}

bool Consumer::wait_assigned(std::size_t partitions, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bound, [&] { return assigned_.size() >= partitions; });
}

bool Consumer::wait_at_end(std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bound, [&] { return !assigned_.empty() && at_end_ == assigned_; });
}

void Consumer::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
}

void Consumer::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

void Consumer::end(Ending ending) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ == Ending::kNotYet) ending_ = ending;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (!handle_) return;
  if (ending_ == Ending::kVanish) {
    rd_kafka_destroy_flags(handle_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  } else {
    handle_.reset();
  }
}

void Consumer::stop() { end(Ending::kLeave); }
void Consumer::vanish() { end(Ending::kVanish); }

std::vector<Record> Consumer::processed() const {
  const std::lock_guard lock(mutex_);
  return processed_;
}

bool Consumer::has_processed(std::int32_t partition, std::int64_t offset) const {
  const std::lock_guard lock(mutex_);
  return positions_.contains({partition, offset});
}

bool Consumer::wait_processed(std::size_t count, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bound, [&] { return processed_.size() >= count; });
}

bool Consumer::wait_processed(std::int32_t partition, std::int64_t offset, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bound, [&] { return positions_.contains({partition, offset}); });
}

std::vector<std::string> Consumer::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

}  // namespace tidemark::test
