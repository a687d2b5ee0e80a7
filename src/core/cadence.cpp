#include "core/cadence.h"

#include <algorithm>

namespace tidemark::core {

void Cadence::committed(Time now) {
  if (!any_) {
    any_ = true;
    last_ = now;
    return;
  }
  const Duration gap = now - last_;
  if (gap < kBurst) return;
  gaps_[count_ % kGaps] = gap;
  ++count_;
  last_ = now;
}

std::optional<Duration> Cadence::interval() const {
  if (count_ < kGaps) return std::nullopt;
  auto sorted = gaps_;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.front() < kShortestTimer || sorted.back() * 10 > sorted.front() * 13) return std::nullopt;
  return sorted[kGaps / 2];
}

}  // namespace tidemark::core
