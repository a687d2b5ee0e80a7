#include "cli/path_tree.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace tidemark::cli {
namespace {

namespace json = boost::json;
using Lines = std::vector<std::string>;

json::object answer(const std::string& consumers, const std::string& more = "") {
  return json::parse(R"({"topic":"orders","partition":0,"offset":41,"consumers":[)" + consumers + "]" + more + "}").as_object();
}

const std::string kEnricher = R"({"name":"enricher","outcome":"processed","elapsed_ms":2,"via":[]})";
const std::string kViews = R"({"name":"views","outcome":"pending","reason":"lag","elapsed_ms":9,"hint":"start it",)"
                           R"("via":[{"name":"enricher","topic":"orders-enriched","elapsed_ms":3}]})";
const std::string kTotals = R"({"name":"totals","outcome":"pending","reason":"upstream","elapsed_ms":9,)"
                            R"("via":[{"name":"enricher","topic":"orders-enriched","elapsed_ms":3},)"
                            R"({"name":"views","topic":"sums","elapsed_ms":null}]})";

TEST(PathTree, EachConsumerStandsBelowTheTopicItReads) {
  EXPECT_EQ(lines_of(tree_of(answer(kEnricher + "," + kViews + "," + kTotals + R"(,{"name":"mailer","outcome":"absent"})"))),
            (Lines{"orders/0@41",
                   "├─ enricher: processed",
                   "│  └─ orders-enriched: end known",
                   "│     └─ views: pending (lag); start it",
                   "│        └─ sums: end not known yet",
                   "│           └─ totals: pending (upstream)",
                   "└─ mailer: absent"}));
}

TEST(PathTree, TheOrderOfTheAnswerDoesNotMatterAndPathsAreDistinct) {
  PathNode tree = tree_of(answer(kViews + "," + kEnricher));
  Lines paths;
  for_each_node(tree, [&](PathNode& node) { paths.push_back(node.path); });
  EXPECT_EQ(paths, (Lines{"", "enricher", "enricher → orders-enriched", "enricher → orders-enriched → views"}));
  EXPECT_EQ(lines_of(tree).at(1), "└─ enricher: processed");
}

TEST(PathTree, WhatIsNotFollowedStandsBelowItsWriter) {
  const std::string deferred = R"(,"deferred":[{"name":"enricher","topic":"audit","reason":"later"},)"
                               R"({"name":"ghost","topic":"x","reason":"unknown_topic"},)"
                               R"({"name":"views","topic":"orders-retry","reason":"cycle","passes":3}])";
  EXPECT_EQ(lines_of(tree_of(answer(kEnricher + "," + kViews, deferred))),
            (Lines{"orders/0@41",
                   "├─ enricher: processed",
                   "│  ├─ orders-enriched: end known",
                   "│  │  └─ views: pending (lag); start it",
                   "│  │     └─ orders-retry: not waited for (it feeds itself, and was followed 3 times)",
                   "│  └─ audit: not waited for (declared to be written later)",
                   "└─ ghost",
                   "   └─ x: not waited for (no such topic)"}));
}

TEST(PathTree, TimesAreShownWhereTheyAreSet) {
  PathNode tree = tree_of(answer(kEnricher));
  tree.children.at(0).at = std::chrono::milliseconds(1500);
  EXPECT_EQ(tree.children.at(0).elapsed, std::chrono::milliseconds(2));
  EXPECT_EQ(lines_of(tree).at(1), "└─ enricher: processed after 1500ms");
}

TEST(PathTree, StrangersNamesCannotMoveTheCursor) {
  const json::object hostile = answer("{\"name\":\"a\\u001b[2J\\nb\",\"outcome\":\"failed\",\"reason\":\"x\\r\\ny\"},7,null");
  EXPECT_EQ(lines_of(tree_of(hostile)).at(1), "└─ a [2J b: failed (x y)");
  EXPECT_EQ(lines_of(tree_of(json::object())), Lines{"0 positions"});
  EXPECT_EQ(lines_of(tree_of(answer(R"({"name":"v","via":[7,{"name":1}]})"))).size(), 4U);
}

TEST(PathTree, AnAnswerOfOneLineNamesPathsAndWhatIsLeftOut) {
  EXPECT_EQ(via_text(answer(kTotals).at("consumers").at(0).as_object()), "enricher → orders-enriched → views → sums");
  EXPECT_EQ(via_text(answer(kEnricher).at("consumers").at(0).as_object()), "");
  EXPECT_EQ(deferred_text(answer("", R"(,"deferred":[{"name":"e","topic":"t","reason":"later"}])")),
            "  not waited for: e → t (declared to be written later)\n");
  EXPECT_EQ(deferred_text(answer("")), "");
}

}  // namespace
}  // namespace tidemark::cli
