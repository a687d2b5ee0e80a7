#include "core/interval_set.h"

#include <algorithm>

namespace tidemark::core {

void IntervalSet::add(Offset from, Offset to) {
  if (from >= to) return;
  if (!ranges_.empty() && ranges_.back().from <= from && from <= ranges_.back().to) {
    ranges_.back().to = std::max(ranges_.back().to, to);
    return;
  }
  const auto first = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.to >= from; });
  auto last = first;
  for (; last != ranges_.end() && last->from <= to; ++last) {
    from = std::min(from, last->from);
    to = std::max(to, last->to);
  }
  const auto at = ranges_.erase(first, last);
  ranges_.insert(at, Range{from, to});
  if (ranges_.size() > kMaxRanges) ranges_.erase(ranges_.begin());
}

void IntervalSet::cut_from(Offset offset) {
  while (!ranges_.empty() && ranges_.back().from >= offset) ranges_.pop_back();
  if (!ranges_.empty()) ranges_.back().to = std::min(ranges_.back().to, offset);
}

bool IntervalSet::covers(Offset from, Offset to) const {
  for (auto range = ranges_.rbegin(); range != ranges_.rend(); ++range)
    if (range->from <= from) return to <= range->to;
  return false;
}

bool IntervalSet::touches(Offset from, Offset to) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.from < to && from < r.to; });
}

Offset IntervalSet::start_of(Offset offset) const {
  for (const Range& range : ranges_)
    if (range.from <= offset && offset < range.to) return range.from;
  return kNoOffset;
}

}  // namespace tidemark::core
