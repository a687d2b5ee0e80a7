// A small set of offset ranges, bounded.
//
// What a consumer has gone through, or was moved past, is not one number after
// a reset: it is a few ranges. A bitmap grows with the log and a plain maximum
// forgets the gaps. Ranges are half open, sorted, disjoint and never touching;
// beyond `kMaxRanges` the lowest is forgotten, which can only make an answer
// weaker, never wrong.
//
// Cost: a vector of at most 16 pairs; every operation is linear in it and in
// the usual case (one range, extended at its end) touches the last element only.
#pragma once

#include <cstddef>
#include <vector>

#include "core/position.h"

namespace tidemark::core {

class IntervalSet {
 public:
  static constexpr std::size_t kMaxRanges = 16;  // unless another bound is given

  explicit IntervalSet(std::size_t max_ranges = kMaxRanges) : max_ranges_(max_ranges) {}

  struct Range {
    Offset from;
    Offset to;
    friend bool operator==(const Range&, const Range&) = default;
  };

  // Adds [from, to); does nothing when it is empty.
  void add(Offset from, Offset to);
  // Removes [from, to).
  void cut(Offset from, Offset to);
  // Removes everything at or above `offset`.
  void cut_from(Offset offset);
  void clear() { ranges_.clear(); }

  // All of [from, to) is in the set.
  bool covers(Offset from, Offset to) const;
  // Some of [from, to) is in the set.
  bool touches(Offset from, Offset to) const;
  // Start of the range that holds `offset`; kNoOffset when none does.
  Offset start_of(Offset offset) const;

  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::size_t max_ranges_;
  std::vector<Range> ranges_;
};

}  // namespace tidemark::core
