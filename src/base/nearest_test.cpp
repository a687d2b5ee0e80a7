#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tidemark {
namespace {

constexpr std::array<std::string_view, 5> kKnown{"for", "key", "key64", "partition", "wait"};

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
  EXPECT_EQ(edit_distance("limits.wiats", "limits.waits"), 1U);
}

TEST(EditDistance, LooksAtTheFirst64BytesOnly) {
  EXPECT_EQ(edit_distance(std::string(100000, 'x'), std::string(100000, 'y')), 64U);
  EXPECT_EQ(edit_distance(std::string(64, 'x') + "a", std::string(64, 'x') + "b"), 0U);
}

TEST(Nearest, NamesWhatWasProbablyMeant) {
  EXPECT_EQ(nearest("wiat", kKnown), "wait");
  EXPECT_EQ(nearest("Key", kKnown), "key");
  EXPECT_EQ(nearest("key46", kKnown), "key64");
  EXPECT_EQ(nearest("partitions", kKnown), "partition");
}

TEST(Nearest, OfEqualsTheFirst) { EXPECT_EQ(nearest("xyz", kKnown), "for"); }

}  // namespace
}  // namespace tidemark
