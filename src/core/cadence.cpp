#include "core/cadence.h"

#include <algorithm>
#include <cstdlib>

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
  const Duration shortest = sorted.front();
  if (shortest < kShortestTimer) return std::nullopt;
  std::size_t single = 0;
  for (const Duration gap : sorted) {
    const auto ratio = gap * 1000 / shortest;
    const auto multiple = (ratio + 500) / 1000;
    const bool near = ratio <= 1300 || std::abs(ratio - multiple * 1000) <= 60 * multiple;
    if (!near || multiple > kLongestSilence) return std::nullopt;
    if (ratio <= 1300) ++single;
  }
  if (single < 2) return std::nullopt;
  return sorted[(single - 1) / 2];
}

}  // namespace tidemark::core
