// A librdkafka consumer that commits each record, or each batch, and notes when the reply came.
//
// Threading: a thread of its own, from construction to destruction. Failures to begin throw.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

#include "common/measure.h"
#include "support/rdkafka.h"

namespace tidemark::bench {

struct CommitterOptions {
  std::string kafka;
  std::string topic;
  std::string group;
  bool each_record = false;
};

class Committer {
 public:
  // `replies`: borrowed; null where nobody asks. Events that it has no place for are left out.
  Committer(CommitterOptions options, Replies* replies);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  std::size_t commits() const { return commits_; }
  // Reads nothing and commits nothing until resume().
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }

 private:
  void run();
  void commit(const std::vector<test::KafkaMessage>& batch);

  const CommitterOptions options_;
  Replies* const replies_;
  std::atomic<bool> ending_ = false, paused_ = false;
  std::atomic<std::size_t> commits_ = 0;
  test::KafkaHandle consumer_;
  std::thread thread_;
};

}  // namespace tidemark::bench
