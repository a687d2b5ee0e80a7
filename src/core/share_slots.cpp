#include "core/share_slots.h"

#include <algorithm>

#include "core/plant.h"

namespace tidemark::core {

bool ShareSlots::state(std::int32_t leader, Offset start, std::span<const Range> acknowledged,
                       std::span<const Range> archived, std::span<const Cut> cuts) {
  const std::int32_t before = taken_.empty() ? -1 : taken_.back().leader;
  if (leader <= before) return false;
  if (taken_.size() == kMaxLeaders) taken_.erase(taken_.begin());
  TakenOver& taken = taken_.emplace_back();
  taken.leader = leader;
  if (before < 0) return false;  // nobody had written one: these are its own
  taken.done.add(0, start);
  for (const Range& range : acknowledged) taken.done.add(std::max(range.first, start), range.last + 1);
  for (const Range& range : archived) taken.done.add(std::max(range.first, start), range.last + 1);
  bool passes = false;
  for (const Cut& cut : cuts)
    if (cut.epoch > before && written_since(cut)) passes = add(cut) || passes;
  return passes;
}

bool ShareSlots::cut(const Cut& cut) { return written_since(cut) && add(cut); }

bool ShareSlots::add(const Cut& cut) {
  if (planted(Bug::cut_share_slots_are_read)) return false;
  const auto by = std::find_if(taken_.begin(), taken_.end(), [&](const TakenOver& one) { return one.leader >= cut.epoch; });
  bool any = false;
  for (const IntervalSet::Range& range : by->done.ranges()) {
    if (range.to <= cut.offset) continue;
    passed_over_.add(std::max(range.from, cut.offset), range.to);
    any = true;
  }
  return any;
}

void ShareSlots::begin_at(Offset start) {
  for (TakenOver& taken : taken_) taken.done.cut_from(start);
  passed_over_.cut_from(start);
}

}  // namespace tidemark::core
