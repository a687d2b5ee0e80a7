// What a consumer has said itself of one partition, record by record.
//
// A committed offset is one number: it cannot say that record 7 is done while 6
// is still at work, nor that 6 failed. An explicit ack can, and so can a share
// group's state and the metadata of a client that works in parallel. They come
// in any order and more than once, and the later one wins.
//
// Threading: none; a value owned by a cell.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer.h"
#include "core/interval_set.h"
#include "core/position.h"

namespace tidemark::core {

class Acked {
 public:
  // Ranges kept of what is done, and of what failed; beyond it the lowest are
  // forgotten, after which their records are pending again.
  static constexpr std::size_t kMaxRanges = 1024;
  static constexpr std::size_t kMaxReasons = 64;
  static constexpr std::size_t kMaxReason = 500;  // bytes

  void done(Range range);
  void failed(Range range, std::string_view reason);
  // Nothing at or above `offset` is known any more.
  void forget_from(Offset offset);

  bool is_done(Offset first, Offset last) const { return done_.covers(first, last + 1); }
  bool any_failed(Offset first, Offset last) const { return failed_.touches(first, last + 1); }
  // The range of what is done around `offset`; unknown when it is not done.
  Range around(Offset offset) const;
  // End of the highest range below `end` that is done; kNoOffset when there is none.
  Offset done_below(Offset end) const;
  // Why something in [first, last] failed; empty when that was not said, or is forgotten.
  std::string_view reason(Offset first, Offset last) const;

 private:
  struct Reason {
    Range range;
    std::string text;
  };
  IntervalSet done_{kMaxRanges};
  IntervalSet failed_{kMaxRanges};
  std::vector<Reason> reasons_;  // the latest last
};

}  // namespace tidemark::core
