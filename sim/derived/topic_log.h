// The topics of the model cluster, and what caused what.
//
// A log says where a record is, never why it is there. The checker must know
// both, so each record keeps its true parent and children, whatever its headers
// say. Offsets are taken by data, by the markers of transactions and by what was
// aborted; what an open transaction holds is seen by nobody who reads committed
// records, nor is anything behind it.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"
#include "core/position.h"
#include "core/time.h"

namespace tidemark::sim::derived {

enum class Fate : std::uint8_t {
  open,        // of a transaction that may still go either way
  committing,  // it was committed, and the marker is on its way
  aborting,
  visible,
  aborted,
};

inline bool is_undecided_for_readers(Fate fate) {
  return fate == Fate::open || fate == Fate::committing || fate == Fate::aborting;
}

// What a dead letter is, and how much of it its headers say.
struct DeadLetter {
  int service = 0;  // who gave up
  int of = 0;       // the record that was given up
  bool says_position = false;
  bool says_group = false;
};

struct Record {
  int topic = 0;
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;
  core::Time at{};
  bool marker = false;
  Fate fate = Fate::visible;
  Uuid id;               // its header; nil: none
  int parent = -1;       // record that caused it
  int writer = -1;       // service; -1: published, or another producer's
  int generation = 0;
  std::optional<DeadLetter> dead;
  std::vector<int> children;
};

struct Partition {
  std::vector<int> records;  // by offset
  std::set<core::Offset> unstable;
  core::Offset end() const { return static_cast<core::Offset>(records.size()); }
  core::Offset last_stable() const { return unstable.empty() ? end() : *unstable.begin(); }
};

struct Topic {
  std::string name;
  Uuid id;
  std::vector<Partition> partitions;
  int writable = 0;  // partitions that producers know of
};

class TopicLog {
 public:
  // Called after a partition's end or last stable offset moved.
  std::function<void(int topic, core::Partition partition)> moved;

  int add(std::string name, Uuid id, int partitions);
  void grow(int topic, int partitions);

  int append(Record record, core::Time now);  // number of the record
  // A transaction's marker: of its records here, open until now.
  void settle(int topic, core::Partition partition, const std::vector<int>& records, bool commit, core::Time now);
  void decide(int record, bool commit) { at(record).fate = commit ? Fate::committing : Fate::aborting; }

  int topics() const { return static_cast<int>(topics_.size()); }
  Topic& operator[](int topic) { return topics_[static_cast<std::size_t>(topic)]; }
  const Topic& operator[](int topic) const { return topics_[static_cast<std::size_t>(topic)]; }
  int partitions(int topic) const { return static_cast<int>((*this)[topic].partitions.size()); }
  const Partition& partition(int topic, core::Partition p) const {
    return (*this)[topic].partitions[static_cast<std::size_t>(p)];
  }
  std::optional<int> named(std::string_view name) const;
  Record& at(int record) { return records_[static_cast<std::size_t>(record)]; }
  const Record& at(int record) const { return records_[static_cast<std::size_t>(record)]; }
  const Record& at(int topic, core::Partition p, core::Offset offset) const {
    return at(partition(topic, p).records[static_cast<std::size_t>(offset)]);
  }
  int records() const { return static_cast<int>(records_.size()); }

  std::vector<core::TopicState> listed() const;
  std::string place(int record) const;

 private:
  std::vector<Topic> topics_;
  std::vector<Record> records_;
};

}  // namespace tidemark::sim::derived
