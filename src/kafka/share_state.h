// How far share groups are, from the records of __share_group_state.
//
// A share group (KIP-932) hands the records of a partition to many members at
// once, so it has no committed offset: its coordinator keeps a start offset and,
// above it, which records are acknowledged, given up, or neither. That state is
// written as a snapshot now and then and as updates between, so a single record
// says little: they are put together here, and each time the whole is told.
//
// An update without its snapshot (the log's beginning was removed) is true for
// what it names; nothing is told before a start offset is known.
//
// Layout: Kafka's ShareSnapshotKey/Value (type 0) and ShareUpdateKey/Value (1).
//
// Pure; every input is hostile, and what is kept is bounded. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"

namespace tidemark::kafka {

inline constexpr const char* kShareStateTopic = "__share_group_state";

struct ShareCounters {
  std::uint64_t records = 0;
  std::uint64_t malformed = 0;  // or of an unknown type or version
  std::uint64_t left_out = 0;   // more than can be kept
  std::size_t states = 0;
};

class ShareState {
 public:
  struct Limits {
    std::size_t states = 100'000;
    std::size_t batches = 10'000;  // of one state; a share partition holds a few thousand records
    std::size_t all_batches = 1'000'000;
  };
  using Tell = std::function<void(const core::ShareProgress&)>;

  ShareState() = default;
  explicit ShareState(Limits limits) : limits_(limits) {}

  // The topics there are, by id: states of others are told once theirs is named.
  void topics(std::unordered_map<Uuid, std::string> names, const Tell& tell);
  // A record of the topic; `value` is nothing for a tombstone.
  void read(std::string_view key, std::optional<std::string_view> value, core::LogPoint at, const Tell& tell);

  ShareCounters counters() const;

 private:
  enum Delivery : std::int8_t { kAcknowledged = 2, kArchived = 4 };
  using Key = std::tuple<std::string, Uuid, core::Partition>;
  struct Batch {
    core::Offset last = core::kNoOffset;
    std::int8_t state = 0;
  };
  struct State {
    core::Offset start = core::kNoOffset;
    std::int32_t snapshot_epoch = -1;
    std::int32_t state_epoch = -1;
    std::int32_t leader_epoch = -1;
    std::map<core::Offset, Batch> batches;  // by first offset; none overlaps another
    core::LogPoint at;
  };

  template <class Value>
  bool apply(const Value& value, bool snapshot, State& state);
  void put(State& state, core::Offset first, core::Offset last, std::int8_t delivery);
  void trim(State& state, core::Offset start);
  void erase(const Key& key);
  void tell(const Key& key, const State& state, const Tell& tell);

  Limits limits_;
  std::map<Key, State> states_;
  std::set<Key> unnamed_;  // states whose topic is not known yet
  std::unordered_map<Uuid, std::string> names_;
  std::size_t batches_ = 0;
  ShareCounters counters_;
};

}  // namespace tidemark::kafka
