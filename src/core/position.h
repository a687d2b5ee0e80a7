// Where a record stands in the log.
//
// An offset alone is ambiguous: a topic that was deleted and made again counts
// from zero under the same name. So a position names the topic's incarnation
// (its topic id) and the leader epoch where they are known.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/uuid.h"

namespace tidemark::core {

using Partition = std::int32_t;
using Offset = std::int64_t;

inline constexpr Offset kNoOffset = -1;

struct Position {
  std::string topic;
  Uuid topic_id;  // nil where the log does not say
  Partition partition = 0;
  Offset offset = kNoOffset;
  std::int32_t leader_epoch = -1;  // -1 where unknown
  friend bool operator==(const Position&, const Position&) = default;
};

// All offsets in [first, last].
struct Range {
  Offset first = kNoOffset;
  Offset last = kNoOffset;
  friend bool operator==(const Range&, const Range&) = default;
};

// The log was cut off at `offset` when the leader of `epoch` was elected out of
// sync: of what was appended under lower epochs, nothing is left from there on.
struct Cut {
  std::int32_t epoch = -1;  // -1: not told yet
  Offset offset = kNoOffset;
};

// Whether one of them took a record that was appended under the epoch; a record
// whose epoch is not known (-1) was taken by none.
inline bool took(std::span<const Cut> cuts, Offset offset, std::int32_t epoch) {
  return epoch >= 0 && std::any_of(cuts.begin(), cuts.end(),
                                   [&](const Cut& cut) { return epoch < cut.epoch && offset >= cut.offset; });
}

// Where the record of a commit stands in the log of commits (Kafka's
// __consumer_offsets). Within one partition a higher offset is a later commit;
// between partitions there is no order. All records of one group, commits and
// membership, are in one partition.
struct LogPoint {
  Partition partition = -1;
  Offset offset = kNoOffset;
  bool known() const { return partition >= 0; }
  friend bool operator==(const LogPoint&, const LogPoint&) = default;
};

// In place of a partition of the commit log, for commits that were asked for
// because that log may not be read: offset is the number of the question's round.
inline constexpr Partition kPolledLog = 1 << 30;

// For each partition of the commit log, the offset the tail would read next,
// taken before a question was sent: the version of the answer to it. An answer
// contains every record below these positions and maybe some above.
using TailPositions = std::shared_ptr<const std::vector<Offset>>;

}  // namespace tidemark::core
