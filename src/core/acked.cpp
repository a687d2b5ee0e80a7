#include "core/acked.h"

#include <algorithm>

namespace tidemark::core {

void Acked::done(Range range) {
  done_.add(range.first, range.last + 1);
  failed_.cut(range.first, range.last + 1);
}

void Acked::failed(Range range, std::string_view reason) {
  failed_.add(range.first, range.last + 1);
  done_.cut(range.first, range.last + 1);
  if (reason.empty()) return;
  if (reasons_.size() == kMaxReasons) reasons_.erase(reasons_.begin());
  reasons_.push_back({range, std::string(reason.substr(0, kMaxReason))});
}

void Acked::forget_from(Offset offset) {
  done_.cut_from(offset);
  failed_.cut_from(offset);
}

Range Acked::around(Offset offset) const {
  for (const IntervalSet::Range& range : done_.ranges())
    if (range.from <= offset && offset < range.to) return {range.from, range.to - 1};
  return {};
}

Offset Acked::done_below(Offset end) const {
  const auto& ranges = done_.ranges();
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
    if (range->from < end) return std::min(range->to, end);
  return kNoOffset;
}

std::string_view Acked::reason(Offset first, Offset last) const {
  for (auto known = reasons_.rbegin(); known != reasons_.rend(); ++known)
    if (known->range.first <= last && first <= known->range.last) return known->text;
  return {};
}

}  // namespace tidemark::core
