// Sorted ranges of offsets, as acks, share states and commits' metadata name them.
#pragma once

#include <algorithm>
#include <span>

#include "core/position.h"

namespace tidemark::sim {

inline bool contains(std::span<const core::Range> ranges, core::Offset offset) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const core::Range& range) { return range.first <= offset && offset <= range.last; });
}

// The end that a partition must have for a commit of `offset`, with what is done above it, to be true.
inline core::Offset reach(core::Offset offset, std::span<const core::Range> done_above) {
  return done_above.empty() ? offset : std::max(offset, done_above.back().last + 1);
}

}  // namespace tidemark::sim
