// Offsets that a share group passes over, because what stood there before was cut off.
//
// A share group's state goes by offsets and outlives the log: the leader that took
// records from it takes the state over as it was. What has the offset of a record that was
// acknowledged or given up before is never handed out (Kafka: SharePartition.acquire()
// passes over what its cache calls done, and updateCacheAndOffsets() moves its start up
// only). Taken at its word, the state says of it that it was acknowledged.
//
// Which offsets these are shows in the first state that a leader writes, which is the one
// that it took over (ShareCoordinatorShard.readStateAndMaybeUpdateLeaderEpoch()), and
// names the leader.
//
// Threading: none; a value owned by a cell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/interval_set.h"
#include "core/position.h"

namespace tidemark::core {

class ShareSlots {
 public:
  // A state by this leader was read; all below `start` is done with, and all in the ranges.
  // True when it shows offsets that are passed over because of one of the cuts.
  bool state(std::int32_t leader, Offset start, std::span<const Range> acknowledged, std::span<const Range> archived,
             std::span<const Cut> cuts);
  // The log turns out to have been cut. True likewise.
  bool cut(const Cut& cut);
  // The latest state is by the leader that cut it, or a later one: what is not passed over it says of the log as it is.
  bool written_since(const Cut& cut) const { return cut.epoch >= 0 && !taken_.empty() && cut.epoch <= taken_.back().leader; }
  // The state was set up anew: from there on all is handed out.
  void begin_at(Offset start);

  bool pass_over(Offset first, Offset last) const { return passed_over_.touches(first, last + 1); }

 private:
  static constexpr std::size_t kMaxRanges = 1024;
  static constexpr std::size_t kMaxLeaders = 4;  // the latest; a cut that was made before them is laid to the first
  struct TakenOver {
    std::int32_t leader = -1;
    IntervalSet done{kMaxRanges};
  };
  bool add(const Cut& cut);

  std::vector<TakenOver> taken_;  // by leader, as each found it
  IntervalSet passed_over_{kMaxRanges};
};

}  // namespace tidemark::core
