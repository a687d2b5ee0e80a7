// What the page says, and that it cannot be made to say anything else.
#include "demo/page.h"

#include <gtest/gtest.h>

namespace demo {
namespace {

Snapshot snapshot() {
  return {.recent = {{"bo", "/b"}, {"ann", "/a"}}, .top = {{"/a", 3}, {"/b", 1}}, .total = 4, .contains_own = true};
}

TEST(Page, SaysWhetherTheOwnViewIsShown) {
  Snapshot seen = snapshot();
  EXPECT_NE(render_page({"ann", "/a"}, seen).find(kOwnViewShown), std::string::npos);
  seen.contains_own = false;
  const std::string page = render_page({"ann", "/a"}, seen);
  EXPECT_EQ(page.find(kOwnViewShown), std::string::npos);
  EXPECT_NE(page.find(kOwnViewMissing), std::string::npos);
}

TEST(Page, SaysNothingOfAViewToNobody) {
  const std::string page = render_page({"", "/"}, snapshot());
  EXPECT_EQ(page.find("Your view"), std::string::npos);
}

TEST(Page, ShowsListsAndTotal) {
  const std::string page = render_page({"ann", "/a"}, snapshot());
  EXPECT_LT(page.find("/a (3)"), page.find("/b (1)"));
  EXPECT_LT(page.find("/b by bo"), page.find("/a by ann"));
  EXPECT_EQ(total_on(page), 4);
  EXPECT_EQ(total_on("<p>"), -1);
}

TEST(Page, EscapesWhatItShows) {
  const std::string page = render_page({"ann", "/<script>\"'&"}, {});
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_NE(page.find("/&lt;script&gt;&quot;&#39;&amp;"), std::string::npos);
  EXPECT_EQ(render_error("<b>").find("<b>"), std::string::npos);
}

TEST(Page, BoundsUsersAndPaths) {
  EXPECT_TRUE(is_user("Ann-1_2.x"));
  EXPECT_FALSE(is_user(""));
  EXPECT_FALSE(is_user("a b"));
  EXPECT_FALSE(is_user(std::string(65, 'a')));
  EXPECT_TRUE(is_path("/a/b"));
  EXPECT_FALSE(is_path("a"));
  EXPECT_FALSE(is_path("/a b"));
  EXPECT_FALSE(is_path("/" + std::string(201, 'a')));
}

}  // namespace
}  // namespace demo
