#include "core/acked.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

TEST(Acked, KnowsRecordsInAnyOrder) {
  Acked acked;
  acked.done({7, 7});
  acked.done({5, 5});
  EXPECT_TRUE(acked.is_done(7, 7));
  EXPECT_FALSE(acked.is_done(5, 7));
  acked.done({6, 6});
  EXPECT_TRUE(acked.is_done(5, 7));
  EXPECT_EQ(acked.around(6), (Range{5, 7}));
  EXPECT_EQ(acked.around(8), Range{});
}

TEST(Acked, TheLaterOneWins) {
  Acked acked;
  acked.done({0, 9});
  acked.failed({4, 5}, "card refused");
  EXPECT_TRUE(acked.any_failed(0, 9));
  EXPECT_FALSE(acked.is_done(4, 4));
  EXPECT_TRUE(acked.is_done(6, 9));
  EXPECT_EQ(acked.reason(5, 5), "card refused");
  acked.done({4, 5});
  EXPECT_FALSE(acked.any_failed(0, 9));
  EXPECT_TRUE(acked.is_done(0, 9));
}

TEST(Acked, ARepeatChangesNothing) {
  Acked acked;
  acked.failed({4, 4}, "a");
  acked.failed({4, 4}, "a");
  EXPECT_TRUE(acked.any_failed(4, 4));
  EXPECT_EQ(acked.reason(4, 4), "a");
}

TEST(Acked, TheBoundForgetsTheLowestWhichIsThenPending) {
  Acked acked;
  for (Offset i = 0; i <= static_cast<Offset>(Acked::kMaxRanges); ++i) acked.done({i * 2, i * 2});
  EXPECT_FALSE(acked.is_done(0, 0));
  EXPECT_TRUE(acked.is_done(2, 2));
}

TEST(Acked, ReasonsAreBounded) {
  Acked acked;
  for (Offset i = 0; i <= static_cast<Offset>(Acked::kMaxReasons); ++i) acked.failed({i, i}, std::string(2000, 'x'));
  EXPECT_EQ(acked.reason(0, 0), "");
  EXPECT_EQ(acked.reason(1, 1).size(), Acked::kMaxReason);
}

TEST(Acked, ForgetsWhatLiesAbove) {
  Acked acked;
  acked.done({0, 9});
  acked.failed({12, 12}, "");
  acked.forget_from(5);
  EXPECT_TRUE(acked.is_done(0, 4));
  EXPECT_FALSE(acked.is_done(5, 5));
  EXPECT_FALSE(acked.any_failed(12, 12));
}

}  // namespace
}  // namespace tidemark::core
