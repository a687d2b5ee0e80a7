// The topics of the model cluster: partitions of records, and who is who.
//
// The checker needs to know what is really in the log, including what every
// gateway was told wrongly or not at all, so the log keeps all incarnations of
// a topic for ever and finds an event by its id.
//
// Offsets are occupied by events, by records of producers that Tidemark does
// not know, and by what no consumer ever sees: control records and the records of
// transactions that were aborted. Those of an open transaction become one or the
// other, and nobody reads past them before.
//
// A leader may be elected that lacks the last records: they are gone, and others take
// their offsets. So what stands at an offset is told by the leader epoch too, in
// which it was appended; `as of` an epoch means as the log was under that leader.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"
#include "core/position.h"

namespace tidemark::sim {

enum class RecordKind : std::uint8_t { event, other, control, open, aborted };

inline bool is_unseen(RecordKind kind) { return kind == RecordKind::control || kind == RecordKind::aborted; }

// What was at or above `offset`, and appended before `epoch`, is gone.
struct LogCut {
  std::int32_t epoch = 0;
  core::Offset offset = core::kNoOffset;
};

struct LogPartition {
  std::vector<RecordKind> records;  // index: offset
  std::vector<std::int32_t> epochs; // likewise
  std::int32_t epoch = 0;           // of the leader
  std::vector<LogCut> cuts;
  std::map<core::Offset, std::vector<std::int32_t>> lost;  // epochs of what stood there before
  core::Offset log_start = 0;
  std::set<core::Offset> open;       // records of open transactions
  core::Offset end() const { return static_cast<core::Offset>(records.size()); }
  RecordKind kind(core::Offset offset) const { return records[static_cast<std::size_t>(offset)]; }
  // Of the record that stood at `offset` as of the leader of `as_of`; -1: none.
  std::int32_t epoch_at(core::Offset offset, std::int32_t as_of) const;
  bool is_lost(core::Offset offset, std::int32_t record_epoch) const {
    return offset >= end() || epochs[static_cast<std::size_t>(offset)] != record_epoch;
  }
  // Where its leader says that the records of epochs up to `asked` end (OffsetForLeaderEpoch).
  core::Offset end_of_epoch(std::int32_t asked) const;
  // The latest cut that lies at or below the offset; nullptr: it never changed.
  const LogCut* cut_below(core::Offset offset) const;
  core::Offset last_stable() const {
    const auto first = open.lower_bound(log_start);
    return first == open.end() ? end() : *first;
  }
};

struct Incarnation {
  int topic = 0;
  Uuid id;
  std::vector<LogPartition> partitions;
};

// Where an event really is.
struct EventPlace {
  int topic = 0;
  int incarnation = 0;
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;
  std::int32_t epoch = -1;
  bool lost = false;
};

class ModelLog {
 public:
  // A name without an incarnation yet.
  int add_name(std::string name);
  const std::string& name(int topic) const { return names_[static_cast<std::size_t>(topic)]; }
  int names() const { return static_cast<int>(names_.size()); }
  std::optional<int> topic_named(std::string_view name) const;

  int create(int topic, int partitions, Uuid id);
  void remove(int topic) { current_[static_cast<std::size_t>(topic)] = -1; }
  void grow(int topic, int partitions);

  // Incarnation now behind the name; -1 when the topic does not exist.
  int current(int topic) const { return current_[static_cast<std::size_t>(topic)]; }
  Incarnation& operator[](int incarnation) { return incarnations_[static_cast<std::size_t>(incarnation)]; }
  const Incarnation& operator[](int incarnation) const {
    return incarnations_[static_cast<std::size_t>(incarnation)];
  }
  LogPartition& at(int incarnation, core::Partition partition) {
    return (*this)[incarnation].partitions[static_cast<std::size_t>(partition)];
  }
  const LogPartition& at(int incarnation, core::Partition partition) const {
    return (*this)[incarnation].partitions[static_cast<std::size_t>(partition)];
  }
  std::optional<int> incarnation_of(const Uuid& id) const;

  core::Offset append(int incarnation, core::Partition partition, RecordKind kind, const Uuid& id = {});
  void elect(int incarnation, core::Partition partition) { ++at(incarnation, partition).epoch; }
  // The new leader has the records below `end` only.
  void cut(int incarnation, core::Partition partition, core::Offset end);
  // The transaction whose records these are ends: its marker stands at the log's end.
  void settle(int incarnation, core::Partition partition, const std::vector<core::Offset>& records, bool commit);
  std::optional<EventPlace> find(const Uuid& event) const;

  // What the log would tell of itself now.
  std::vector<core::TopicState> topics() const;

 private:
  std::vector<std::string> names_;
  std::vector<int> current_;
  std::vector<Incarnation> incarnations_;
  std::map<Uuid, EventPlace> events_;
};

}  // namespace tidemark::sim
