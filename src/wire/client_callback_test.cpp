// UniqueFunction and Ring: what the client's queues are made of.
#include "wire/client_callback.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "wire/client_ring.h"

namespace tidemark::wire {
namespace {

TEST(UniqueFunction, OwnsWhatCannotBeCopied) {
  auto owned = std::make_unique<int>(7);
  UniqueFunction<int(int)> function = [owned = std::move(owned)](int more) { return *owned + more; };
  ASSERT_TRUE(static_cast<bool>(function));
  UniqueFunction<int(int)> moved = std::move(function);
  EXPECT_FALSE(static_cast<bool>(function));  // NOLINT: moved-from on purpose
  EXPECT_EQ(moved(1), 8);
}

// Counts copies alive, so that a leak or a double destruction shows.
struct Counted {
  explicit Counted(int* count) : alive(count) { ++*alive; }
  Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --*alive; }
  int* alive;
};

TEST(UniqueFunction, DestroysItsTargetOnceInlineAndOnTheHeap) {
  int alive = 0;
  {
    UniqueFunction<void()> small = [counted = Counted(&alive)] { (void)counted; };
    const std::array<char, 200> padding{};
    UniqueFunction<void()> large = [counted = Counted(&alive), padding] { (void)counted, (void)padding; };
    EXPECT_EQ(alive, 2);
    UniqueFunction<void()> other = std::move(large);
    EXPECT_EQ(alive, 2);
    other = std::move(small);
    EXPECT_EQ(alive, 1);
    other = {};
    EXPECT_EQ(alive, 0);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Ring, IsAQueueThroughGrowthAndWrapping) {
  Ring<std::string> ring;
  std::size_t next_in = 0;
  std::size_t next_out = 0;
  for (std::size_t round = 0; round < 200; ++round) {
    for (std::size_t i = 0; i < round % 17; ++i) ring.push_back(std::to_string(next_in++));
    for (std::size_t i = 0; i < round % 13 && !ring.empty(); ++i) {
      ASSERT_EQ(ring.front(), std::to_string(next_out));
      ASSERT_EQ(ring.pop_front(), std::to_string(next_out++));
    }
    ASSERT_EQ(ring.size(), next_in - next_out);
    for (std::size_t i = 0; i < ring.size(); ++i) ASSERT_EQ(ring[i], std::to_string(next_out + i));
  }
}

}  // namespace
}  // namespace tidemark::wire
