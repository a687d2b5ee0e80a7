// An unmodified librdkafka group consumer on a thread of its own.
//
// What Tidemark waits for is what such a consumer has really done. This one
// records each event after its work and before its commit, so that a test can
// compare Tidemark's claims with the truth.
//
// Threading: every method may be called from the test's thread; `work` runs on
// the consumer's. Constructing throws std::runtime_error on bad settings.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/eventually.h"
#include "support/rdkafka.h"
#include "support/records.h"

namespace tidemark::test {

enum class Commit {
  kEachBatch,   // after the work on all that was at hand
  kEachRecord,  // after the work on each record
  kNever,       // never; for groups that have no committed offset
  kAuto,        // librdkafka's timer (auto.commit.interval.ms), which may run before the work is done
};

struct ConsumerOptions {
  std::string bootstrap;
  std::string group;
  std::string topic;
  std::string auto_offset_reset = "earliest";
  Commit commit = Commit::kEachBatch;
  std::size_t max_batch = 500;
  // The work on one record; may block. It must not throw.
  std::function<void(const Record&)> work = {};
  // More librdkafka settings, for example {"session.timeout.ms", "6000"}.
  Settings settings = {};
};

class Consumer {
 public:
  explicit Consumer(ConsumerOptions options);
  // As stop().
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Waits until the group has given this member at least one partition (`partitions`: that many).
  bool wait_assigned(std::size_t partitions = 1, std::chrono::milliseconds bound = kBound);
  // Waits until every assigned partition's end has been seen: its starting position is
  // resolved, so an event appended from now on is not passed over even at `latest`.
  bool wait_at_end(std::chrono::milliseconds bound = kBound);

  // Before the work on its next record the consumer stands still until resume(), as one that is
  // stuck in its work: it stays a member, by its heartbeats, but does not poll.
  void pause();
  void resume();

  // Ends the thread after the record at hand and leaves the group; what was not committed stays so.
  void stop();
  // The same without a word to the broker: the group keeps the member until its session times out.
  void vanish();

  // What has been processed, in order. A record appears after its work and before its commit.
  std::vector<Record> processed() const;
  bool has_processed(std::int32_t partition, std::int64_t offset) const;
  // Waits until that many records have been processed.
  bool wait_processed(std::size_t count, std::chrono::milliseconds bound = kBound);
  bool wait_processed(std::int32_t partition, std::int64_t offset, std::chrono::milliseconds bound = kBound);

  // Commits that the broker accepted, and the words of those it refused.
  std::size_t commits() const { return commits_; }
  std::vector<std::string> errors() const;

 private:
  enum class Ending { kNotYet, kLeave, kVanish };

  void run();
  void work_on_batch(std::vector<KafkaMessage> batch);
  std::vector<KafkaMessage> next_batch();
  // Blocks while paused; false when the consumer is to end.
  bool may_work();
  void commit(std::map<std::int32_t, std::int64_t> next_offsets);
  void add_error(std::string words);
  void end(Ending ending);
  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                           void* self);

  ConsumerOptions options_;
  KafkaHandle handle_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool paused_ = false;
  Ending ending_ = Ending::kNotYet;
  std::set<std::int32_t> assigned_;
  std::set<std::int32_t> at_end_;
  std::vector<Record> processed_;
  std::set<std::pair<std::int32_t, std::int64_t>> positions_;  // of processed_
  std::vector<std::string> errors_;
  std::atomic<std::size_t> commits_{0};
  std::thread thread_;
};

}  // namespace tidemark::test
