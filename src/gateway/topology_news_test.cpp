#include "gateway/topology_news.h"

#include <gtest/gtest.h>

namespace tidemark::gateway {
namespace {

using Lines = std::vector<std::string>;

TEST(TopologyNews, EachIsToldOnceUntilItComesBack) {
  TopologyNews news;
  EXPECT_EQ(news.take({}), Lines{});
  EXPECT_EQ(news.take({"a", "b"}), (Lines{"a", "b"}));
  EXPECT_EQ(news.take({"b", "a"}), Lines{});
  EXPECT_EQ(news.take({"c", "b"}), Lines{"c"});
  EXPECT_EQ(news.take({}), Lines{});
  EXPECT_EQ(news.take({"a"}), Lines{"a"});
}

}  // namespace
}  // namespace tidemark::gateway
