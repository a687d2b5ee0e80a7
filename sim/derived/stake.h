// What a wait is about: records, whom they are asked of, and what may be left out.
//
// A mark outlives its wait and its gateway, so what it stands for is kept with
// it, by the side of the token, as only the checker can know it.
//
// Threading: none; values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "core/engine.h"

namespace tidemark::sim::derived {

// Offsets of one partition.
struct Range {
  int topic = 0;
  core::Partition partition = 0;
  core::Offset first = 0;
  core::Offset end = 0;  // exclusive
};

// A consumer at a topic.
using Place = std::pair<int, int>;  // topic, service

// By service, topic and partition.
using FirstPositions = std::map<std::tuple<int, int, core::Partition>, core::Offset>;

struct Stake {
  int topic = 0;
  core::Time began{};
  std::optional<int> event;        // record, once it is in the log
  Uuid id;                         // of a publish
  std::vector<Range> whole;        // everything at or before it, all partitions
  core::Scope scope = core::Scope::event;
  bool is_whole = false;           // a barrier over a topic: `whole` in either scope
  bool is_older = false;           // what it is about was in the log before it was asked
  std::vector<int> partitions;     // by topic, as its gateway was told then
  bool narrowed = false;           // to some, and those on the way to them
  std::set<Place> asked;           // certainly
  std::set<Place> possible;        // at most
  // Of these nothing is asked below a position that nobody here knows.
  std::set<std::tuple<int, int, core::Partition>> unknown;  // service, topic, partition
};

struct PublishSpec {
  int topic = 0;
  core::Partition partition = 0;
  Uuid id;
  core::Duration wait{};
  bool hold = true;
  core::Scope scope = core::Scope::event;
  std::vector<std::string> only;
  bool must_settle = false;  // long before its deadline
};

struct ResumeSpec {
  core::Mark mark;
  std::vector<Stake> stakes;
  core::Duration wait{};
  bool hold = true;
  core::Scope scope = core::Scope::event;
  std::vector<std::string> only;
  bool must_settle = false;
};

struct BarrierSpec {
  std::vector<int> topics;
  std::vector<int> records;  // positions
  core::Duration wait{};
  core::Scope scope = core::Scope::event;
  bool must_settle = false;
};

}  // namespace tidemark::sim::derived
