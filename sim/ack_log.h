// The model of the topic of acks: what consumers say themselves, record by record.
//
// Anybody may write there, and every gateway reads it at its own pace, apart from
// the log of commits: an ack can be read before the membership, the topic list or
// the end that would make it believable. So each record carries, for the checker
// alone, which incarnation its writer meant and whether it is honest.
//
// Threading: none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"
#include "core/position.h"
#include "core/time.h"

namespace tidemark::sim {

struct AckRecord {
  std::string consumer;
  std::string topic;
  Uuid topic_id;
  core::Partition partition = 0;
  core::Range offsets;
  bool failed = false;
  int group = -1;        // in whose name; -1: nobody's
  int incarnation = -1;  // that its writer meant; -1: garbage
  std::int32_t read_from = -1;  // epoch of the leader from which its writer read them
  core::Ack ack() const {
    return {consumer, topic, topic_id, partition, offsets, failed, failed ? "it did not work" : std::string_view{}};
  }
};

class AckLog {
 public:
  std::function<void()> appended;

  void append(AckRecord record) {
    records_.push_back(std::move(record));
    if (appended) appended();
  }
  const std::vector<AckRecord>& records() const { return records_; }

 private:
  std::vector<AckRecord> records_;
};

}  // namespace tidemark::sim
