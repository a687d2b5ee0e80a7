#include "wire/backoff.h"

#include <gtest/gtest.h>

#include <limits>

namespace tidemark::wire {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesFromFirstToCapAndStays) {
  Backoff backoff({milliseconds(20), milliseconds(1000)});
  for (const int expected : {20, 40, 80, 160, 320, 640, 1000, 1000, 1000}) {
    EXPECT_EQ(backoff.next(0), milliseconds(expected));
  }
}

TEST(Backoff, BeginsAgainAfterReset) {
  Backoff backoff({milliseconds(20), milliseconds(1000)});
  (void)backoff.next(0);
  (void)backoff.next(0);
  backoff.reset();
  EXPECT_EQ(backoff.next(0), milliseconds(20));
}

TEST(Backoff, JitterTakesAtMostHalf) {
  const Duration half = milliseconds(10);
  Backoff lowest({milliseconds(20), milliseconds(1000)});
  EXPECT_EQ(lowest.next(static_cast<std::uint64_t>(half.count())), half);
  std::uint64_t bits = 0x9e3779b97f4a7c15ULL;
  Backoff backoff({milliseconds(20), milliseconds(20)});
  Duration smallest = Duration::max();
  Duration largest = Duration::min();
  for (int i = 0; i < 1000; ++i) {
    bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
    const Duration delay = backoff.next(bits);
    ASSERT_GE(delay, half);
    ASSERT_LE(delay, milliseconds(20));
    smallest = std::min(smallest, delay);
    largest = std::max(largest, delay);
  }
  EXPECT_LT(smallest, milliseconds(11));
  EXPECT_GT(largest, milliseconds(19));
}

TEST(Backoff, CapThatIsNoPowerOfTwoTimesFirstIsNotExceeded) {
  Backoff backoff({milliseconds(300), milliseconds(1000)});
  for (const int expected : {300, 600, 1000, 1000}) EXPECT_EQ(backoff.next(0), milliseconds(expected));
}

}  // namespace
}  // namespace tidemark::wire
