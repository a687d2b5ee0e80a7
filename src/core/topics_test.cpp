#include "core/topics.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

TEST(Topics, ATopicKeepsItsNumber) {
  Topics topics;
  const auto orders = topics.find_or_add("orders");
  const auto views = topics.find_or_add("views");
  ASSERT_TRUE(orders && views);
  EXPECT_NE(*orders, *views);
  EXPECT_EQ(topics.find_or_add("orders"), orders);
  EXPECT_EQ(topics.find("views"), views);
  EXPECT_EQ(topics.find("other"), std::nullopt);
  EXPECT_EQ(topics.size(), 2U);
}

// A topic heard of in a commit exists only once the log lists it.
TEST(Topics, KnowingANameIsNotExisting) {
  Topics topics;
  const auto number = topics.find_or_add("orders");
  EXPECT_FALSE(topics[*number].exists());
  topics[*number].partitions = 3;
  EXPECT_TRUE(topics[*number].exists());
}

TEST(Topics, EndsAreMadeOnFirstUseAndKept) {
  Topics topics;
  const auto number = topics.find_or_add("orders");
  EXPECT_FALSE(topics.ends(*number, 2).told);
  topics.ends(*number, 2).known_end = 7;
  topics.ends(*number, 5).known_end = 9;
  EXPECT_EQ(topics.ends(*number, 2).known_end, 7);
  EXPECT_EQ(topics[*number].ends.size(), 6U);
}

// P7.
TEST(Topics, TheTableIsBounded) {
  Topics topics;
  for (std::size_t i = 0; i < Topics::kMaxTopics; ++i) ASSERT_TRUE(topics.find_or_add("t" + std::to_string(i)));
  EXPECT_EQ(topics.find_or_add("one more"), std::nullopt);
  EXPECT_TRUE(topics.find_or_add("t0").has_value());
}

TEST(Topics, TheFirstOfRecentAppendsIsToldUnlessItMayBeForgotten) {
  const Time start = Time{} + std::chrono::hours(1);
  PartitionEnds ends;
  EXPECT_FALSE(ends.first_recent(0, 10));
  ends.note_recent({4, start + std::chrono::seconds(2), {}});
  ends.note_recent({5, start + std::chrono::seconds(1), {}});  // asked for first, appended second
  EXPECT_FALSE(ends.first_recent(0, 4));
  EXPECT_EQ(ends.first_recent(0, 5), start + std::chrono::seconds(2));
  EXPECT_EQ(ends.first_recent(4, 6), start + std::chrono::seconds(1));
  EXPECT_FALSE(ends.first_recent(6, 9));
  for (Offset offset = 6; offset < 13; ++offset) ends.note_recent({offset, start + std::chrono::seconds(offset), {}});
  EXPECT_EQ(ends.recent.size(), PartitionEnds::kMaxRecent);
  EXPECT_FALSE(ends.first_recent(4, 7)) << "one at 4 would be forgotten";
  EXPECT_EQ(ends.first_recent(5, 7), start + std::chrono::seconds(1));
}

}  // namespace
}  // namespace tidemark::core
