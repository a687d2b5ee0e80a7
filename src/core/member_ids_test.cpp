#include "core/member_ids.h"

#include <gtest/gtest.h>

#include <memory>

namespace tidemark::core {
namespace {

using Names = std::vector<std::string>;

TailPositions at(Offset offset) { return std::make_shared<const std::vector<Offset>>(std::vector<Offset>{offset}); }

void comes(MemberIds& ids, std::string_view member, Offset offset) {
  if (ids.reads({0, offset})) ids.comes(member);
}

void goes(MemberIds& ids, std::string_view member, Offset offset) {
  if (ids.reads({0, offset})) ids.goes(member);
}

TEST(MemberIds, RecordsAloneTellNotHowManyThereAre) {
  MemberIds ids;
  comes(ids, "a", 10);
  goes(ids, "a", 11);
  EXPECT_FALSE(ids.known()) << "others may be there";
}

TEST(MemberIds, P1TheLastOneThatLeavesEmptiesIt) {
  MemberIds ids;
  ids.answered(Names{"b", "a"}, at(10), true);
  ASSERT_TRUE(ids.known());
  comes(ids, "c", 11);
  goes(ids, "a", 12);
  goes(ids, "b", 13);
  EXPECT_FALSE(ids.empty());
  goes(ids, "c", 14);
  EXPECT_TRUE(ids.empty());
}

TEST(MemberIds, WhatIsReadAgainOrWasAnsweredAlreadyChangesNothing) {
  MemberIds ids;
  ids.answered(Names{"b"}, at(10), true);
  goes(ids, "a", 10);  // before the answer's moment, as everything up to 12
  comes(ids, "b", 11);
  EXPECT_FALSE(ids.empty());
  goes(ids, "b", 13);
  comes(ids, "b", 11);
  EXPECT_TRUE(ids.empty());
}

TEST(MemberIds, P1RecordsSinceTheQuestionArePutOnTopOfItsAnswer) {
  MemberIds ids;
  goes(ids, "a", 10);
  ids.answered(Names{"a"}, nullptr, true);
  EXPECT_FALSE(ids.known()) << "nobody knows from when it is";
  comes(ids, "b", 12);
  goes(ids, "b", 13);
  ids.answered(Names{"a"}, at(10), true);
  ASSERT_TRUE(ids.known());
  EXPECT_TRUE(ids.empty());
}

TEST(MemberIds, P1AnAnswerFromBeforeMoreRecordsThanAreKeptIsNotTaken) {
  MemberIds ids;
  for (std::size_t i = 0; i <= MemberIds::kKept; ++i) goes(ids, "m" + std::to_string(i), static_cast<Offset>(100 + i));
  ids.answered(Names{"m0"}, at(100), true);
  EXPECT_FALSE(ids.known());
  goes(ids, "x", 200);
  ids.answered(Names{"x"}, at(190), true);
  ASSERT_TRUE(ids.known());
  EXPECT_TRUE(ids.empty());
}

TEST(MemberIds, P1OnceKnownOnlyRecordsChangeIt) {
  MemberIds ids;
  ids.answered(Names{"a"}, at(10), true);
  ids.answered(Names{"b"}, at(11), true);  // of a moment that the tail has not reached
  goes(ids, "a", 12);
  EXPECT_TRUE(ids.empty()) << "b came later";
  comes(ids, "b", 14);
  EXPECT_FALSE(ids.empty());
}

TEST(MemberIds, WhileTheTailIsBehindAnAnswerHoldsOnceItHasCaughtUp) {
  MemberIds ids;
  ids.answered(Names{"a"}, at(10), false);
  EXPECT_FALSE(ids.known());
  goes(ids, "a", 12);
  comes(ids, "b", 13);
  ids.caught_up();
  ASSERT_TRUE(ids.known());
  EXPECT_FALSE(ids.empty());
  ids.answered(Names{}, at(14), false);  // its records were missed
  EXPECT_FALSE(ids.empty());
  ids.caught_up();
  EXPECT_TRUE(ids.empty());
}

TEST(MemberIds, AGroupThatBeginsHasNobodyButThoseWhomRecordsShow) {
  MemberIds ids;
  ids.begins();
  comes(ids, "a", 10);
  EXPECT_FALSE(ids.empty());
  goes(ids, "a", 11);
  EXPECT_TRUE(ids.empty());
  ids.forget();
  EXPECT_FALSE(ids.known());
}

TEST(MemberIds, P7ItIsBounded) {
  MemberIds ids;
  ids.begins();
  for (std::size_t i = 0; i <= MemberIds::kMost; ++i) comes(ids, "m" + std::to_string(i), static_cast<Offset>(i));
  EXPECT_FALSE(ids.known());
  ids.begins();
  comes(ids, std::string(MemberIds::kLongest + 1, 'x'), 1'000'000);
  EXPECT_FALSE(ids.known());
  ids.answered(Names(MemberIds::kMost + 1, "x"), at(2'000'000), true);
  ids.answered(Names{std::string(MemberIds::kLongest + 1, 'x')}, at(2'000'000), true);
  EXPECT_FALSE(ids.known());
}

}  // namespace
}  // namespace tidemark::core
