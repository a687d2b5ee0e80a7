#include "kafka/group_watch.h"

#include <gtest/gtest.h>

namespace tidemark::kafka {
namespace {

using Members = std::vector<std::pair<std::string, GroupType>>;

TEST(GroupWatch, AsksOneTickLaterVersionedInBetween) {
  GroupWatch watch(10);
  std::vector<core::Offset> tail{5};
  const auto positions = [&] { return tail; };
  EXPECT_TRUE(watch.tick(positions).members.empty());
  watch.changed("a", GroupType::consumer);
  watch.changed("a", GroupType::unknown);
  tail = {6};
  EXPECT_TRUE(watch.tick(positions).members.empty());
  watch.changed("b", GroupType::unknown);
  tail = {9};
  auto due = watch.tick(positions);
  EXPECT_EQ(due.members, (Members{{"a", GroupType::consumer}}));
  EXPECT_EQ(*due.as_of, (std::vector<core::Offset>{6}));
  due = watch.tick(positions);
  EXPECT_EQ(due.members, (Members{{"b", GroupType::unknown}}));
  EXPECT_EQ(*due.as_of, (std::vector<core::Offset>{9}));
  EXPECT_TRUE(watch.tick(positions).members.empty());
}

TEST(GroupWatch, KeepsTheLatestVersionOfDoubtfulOffsets) {
  GroupWatch watch(10);
  const auto positions = [] { return std::vector<core::Offset>{0}; };
  watch.doubtful("a", {3, 10});
  watch.doubtful("a", {3, 12});
  watch.doubtful("a", {3, 11});
  watch.tick(positions);
  const auto due = watch.tick(positions);
  ASSERT_EQ(due.offsets.size(), 1U);
  EXPECT_EQ(due.offsets[0].second, (core::LogPoint{3, 12}));
}

TEST(GroupWatch, MeetsEachGroupOnceAndIsBounded) {
  GroupWatch watch(2);
  EXPECT_TRUE(watch.meet("a"));
  EXPECT_FALSE(watch.meet("a"));
  EXPECT_TRUE(watch.meet("b"));
  EXPECT_FALSE(watch.meet("c"));
  watch.forget("a");
  EXPECT_FALSE(watch.knows("a"));
  EXPECT_TRUE(watch.meet("c"));
  for (const char* group : {"x", "y", "z", ""}) watch.changed(group, GroupType::classic);
  const auto positions = [] { return std::vector<core::Offset>{}; };
  watch.tick(positions);
  EXPECT_EQ(watch.tick(positions).members.size(), 2U);
}

}  // namespace
}  // namespace tidemark::kafka
