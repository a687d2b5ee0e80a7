#include "core/interval_set.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <tuple>
#include <vector>

namespace tidemark::core {
namespace {

using Range = IntervalSet::Range;

// What an IntervalSet should be: the offsets themselves.
class Model {
 public:
  void add(Offset from, Offset to) {
    for (Offset o = from; o < to; ++o) offsets_.insert(o);
    const auto all = ranges();
    if (all.size() > IntervalSet::kMaxRanges)
      for (Offset o = all.front().from; o < all.front().to; ++o) offsets_.erase(o);
  }
  void cut(Offset from, Offset to) {
    for (Offset o = from; o < to; ++o) offsets_.erase(o);
    const auto all = ranges();
    if (all.size() > IntervalSet::kMaxRanges)
      for (Offset o = all.front().from; o < all.front().to; ++o) offsets_.erase(o);
  }
  void cut_from(Offset offset) { offsets_.erase(offsets_.lower_bound(offset), offsets_.end()); }
  bool holds(Offset offset) const { return offsets_.contains(offset); }
  std::vector<Range> ranges() const {
    std::vector<Range> result;
    for (const Offset o : offsets_) {
      if (result.empty() || result.back().to != o) result.push_back({o, o});
      ++result.back().to;
    }
    return result;
  }

 private:
  std::set<Offset> offsets_;
};

TEST(IntervalSet, JoinsWhatTouches) {
  IntervalSet set;
  set.add(0, 5);
  set.add(10, 15);
  set.add(5, 10);
  EXPECT_EQ(set.ranges(), (std::vector<Range>{{0, 15}}));
}

TEST(IntervalSet, AnEmptyRangeChangesNothing) {
  IntervalSet set;
  set.add(5, 5);
  set.add(7, 3);
  EXPECT_TRUE(set.ranges().empty());
  EXPECT_FALSE(set.covers(5, 6));
  EXPECT_FALSE(set.touches(0, 100));
  EXPECT_EQ(set.start_of(5), kNoOffset);
}

TEST(IntervalSet, ForgetsTheLowestBeyondItsBound) {
  IntervalSet set;
  for (Offset i = 0; i <= static_cast<Offset>(IntervalSet::kMaxRanges); ++i) set.add(i * 10, i * 10 + 5);
  EXPECT_EQ(set.ranges().size(), IntervalSet::kMaxRanges);
  EXPECT_FALSE(set.touches(0, 5));
  EXPECT_TRUE(set.covers(10, 15));
}

RC_GTEST_PROP(IntervalSet, IsASetOfOffsets, ()) {
  IntervalSet set;
  Model model;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 12), rc::gen::inRange(0, 100), rc::gen::inRange(0, 12)));
  for (const auto& [what, from, size] : steps) {
    if (what == 0) {
      set.cut_from(from);
      model.cut_from(from);
    } else if (what < 4) {
      set.cut(from, from + size);
      model.cut(from, from + size);
    } else {
      set.add(from, from + size);
      model.add(from, from + size);
    }
    RC_ASSERT(set.ranges() == model.ranges());
  }
  for (int probes = 0; probes < 20; ++probes) {
    const Offset from = *rc::gen::inRange(0, 110);
    const Offset to = from + *rc::gen::inRange(1, 15);
    bool all = true, some = false;
    for (Offset o = from; o < to; ++o) {
      all = all && model.holds(o);
      some = some || model.holds(o);
    }
    RC_ASSERT(set.covers(from, to) == all);
    RC_ASSERT(set.touches(from, to) == some);
    const Offset start = set.start_of(from);
    RC_ASSERT((start != kNoOffset) == model.holds(from));
    if (start == kNoOffset) continue;
    RC_ASSERT(!model.holds(start - 1));
    for (Offset o = start; o <= from; ++o) RC_ASSERT(model.holds(o));
  }
}

}  // namespace
}  // namespace tidemark::core
