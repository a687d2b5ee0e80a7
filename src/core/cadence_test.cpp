#include "core/cadence.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Cadence with_gaps(std::initializer_list<int> gaps_ms) {
  Cadence cadence;
  Time now = Time{} + seconds(1000);
  cadence.committed(now);
  for (const int gap : gaps_ms) cadence.committed(now += milliseconds(gap));
  return cadence;
}

TEST(Cadence, SeesATimer) {
  const auto interval = with_gaps({5000, 5010, 4990, 5002, 5000}).interval();
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(*interval, milliseconds(5000));
}

TEST(Cadence, SaysNothingBeforeItHasSeenEnoughRounds) {
  EXPECT_FALSE(Cadence().interval().has_value());
  EXPECT_FALSE(with_gaps({5000, 5000, 5000, 5000}).interval().has_value());
}

TEST(Cadence, SaysNothingWithoutARhythm) {
  EXPECT_FALSE(with_gaps({5000, 5000, 1000, 5000, 5000}).interval().has_value());
  EXPECT_FALSE(with_gaps({1000, 1000, 1000, 1000, 1301}).interval().has_value());
  EXPECT_TRUE(with_gaps({1000, 1000, 1000, 1000, 1300}).interval().has_value());
}

TEST(Cadence, RoundsWithNothingToCommitAreLeftOut) {
  const auto interval = with_gaps({5000, 10000, 5010, 15000, 4990}).interval();
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(*interval, milliseconds(5000));
  EXPECT_FALSE(with_gaps({5000, 12000, 5010, 15000, 4990}).interval().has_value());
}

TEST(Cadence, FastCommitsAreNoTimer) {
  EXPECT_FALSE(with_gaps({200, 200, 200, 200, 200, 200}).interval().has_value());
}

TEST(Cadence, CommitsOfManyPartitionsInOneRoundAreOne) {
  Cadence cadence;
  Time now = Time{} + seconds(1000);
  for (int round = 0; round < 6; ++round) {
    for (int partition = 0; partition < 8; ++partition) cadence.committed(now + milliseconds(partition));
    now += seconds(1);
  }
  ASSERT_TRUE(cadence.interval().has_value());
  EXPECT_EQ(*cadence.interval(), seconds(1));
}

TEST(Cadence, ForgetsAnOldRhythm) {
  Cadence cadence = with_gaps({5000, 5000, 5000, 5000, 5000});
  Time now = Time{} + seconds(2000);
  cadence.committed(now);
  for (int i = 0; i < 5; ++i) cadence.committed(now += milliseconds(150));
  EXPECT_FALSE(cadence.interval().has_value());
}

}  // namespace
}  // namespace tidemark::core
