#include "core/interval_set.h"

#include <algorithm>

namespace tidemark::core {
namespace {

// The first range that ends above `offset`.
auto first_above(const std::vector<IntervalSet::Range>& ranges, Offset offset) {
  return std::upper_bound(ranges.begin(), ranges.end(), offset,
                          [](Offset o, const IntervalSet::Range& range) { return o < range.to; });
}

}  // namespace

void IntervalSet::add(Offset from, Offset to) {
  if (from >= to) return;
  if (!ranges_.empty() && ranges_.back().from <= from && from <= ranges_.back().to) {
    ranges_.back().to = std::max(ranges_.back().to, to);
    return;
  }
  const auto first = first_above(ranges_, from - 1);
  auto last = first;
  for (; last != ranges_.end() && last->from <= to; ++last) {
    from = std::min(from, last->from);
    to = std::max(to, last->to);
  }
  const auto at = ranges_.erase(first, last);
  ranges_.insert(at, Range{from, to});
  if (ranges_.size() > max_ranges_) ranges_.erase(ranges_.begin());
}

void IntervalSet::cut(Offset from, Offset to) {
  if (from >= to) return;
  auto at = ranges_.begin() + (first_above(ranges_, from) - ranges_.cbegin());
  while (at != ranges_.end() && at->from < to) {
    const Range whole = *at;
    at = ranges_.erase(at);
    if (whole.to > to) at = ranges_.insert(at, Range{to, whole.to});
    if (whole.from < from) at = ranges_.insert(at, Range{whole.from, from}) + 1;
    if (whole.to > to) break;
  }
  if (ranges_.size() > max_ranges_) ranges_.erase(ranges_.begin());
}

void IntervalSet::cut_from(Offset offset) {
  while (!ranges_.empty() && ranges_.back().from >= offset) ranges_.pop_back();
  if (!ranges_.empty()) ranges_.back().to = std::min(ranges_.back().to, offset);
}

bool IntervalSet::covers(Offset from, Offset to) const {
  const auto range = first_above(ranges_, from);
  return range != ranges_.end() && range->from <= from && to <= range->to;
}

bool IntervalSet::touches(Offset from, Offset to) const {
  const auto range = first_above(ranges_, from);
  return range != ranges_.end() && range->from < to;
}

Offset IntervalSet::start_of(Offset offset) const {
  const auto range = first_above(ranges_, offset);
  return range != ranges_.end() && range->from <= offset ? range->from : kNoOffset;
}

}  // namespace tidemark::core
