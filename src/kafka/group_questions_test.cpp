#include "kafka/group_questions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tidemark::kafka {
namespace {

using Kind = Question::Kind;
using Names = std::vector<std::string>;

const core::Time kNow{std::chrono::hours(1)};
constexpr core::Duration kPatience = std::chrono::seconds(10);

core::TailPositions positions(std::vector<core::Offset> offsets) {
  return std::make_shared<const std::vector<core::Offset>>(std::move(offsets));
}

Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

// Finds the coordinators of everything that wants one: broker 7.
void find_coordinators(GroupQuestions& questions, core::Time now = kNow) {
  for (const Question& question : questions.next(now)) {
    ASSERT_EQ(question.kind, Kind::coordinators);
    for (const std::string& group : question.groups) questions.coordinator_found(group, 7);
    questions.ended(question, now);
  }
}

TEST(GroupQuestions, FindsTheCoordinatorThenAsksItForManyGroupsAtOnce) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, true);
  questions.ask_seed("b", positions({1}), kNow, true);
  questions.ask_members("b", GroupType::classic, positions({1}), kNow, true);
  questions.ask_members("c", GroupType::consumer, positions({1}), kNow, true);
  EXPECT_EQ(questions.starting_left(kNow, kPatience), 3U);

  auto asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::coordinators);
  EXPECT_EQ(asked[0].broker, -1);
  EXPECT_EQ(sorted(asked[0].groups), (Names{"a", "b", "c"}));
  EXPECT_TRUE(questions.next(kNow).empty());
  for (const auto& group : asked[0].groups) questions.coordinator_found(group, 7);
  questions.ended(asked[0], kNow);

  asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].kind, Kind::offsets);
  EXPECT_EQ(asked[0].broker, 7);
  EXPECT_EQ(sorted(asked[0].groups), (Names{"a", "b"}));
  EXPECT_EQ(asked[1].kind, Kind::classic_members);
  EXPECT_EQ(asked[1].groups, (Names{"b"}));
  EXPECT_EQ(asked[2].kind, Kind::consumer_members);
  EXPECT_EQ(asked[2].groups, (Names{"c"}));

  for (const char* group : {"a", "b"}) {
    const auto offsets = questions.offsets_answered(group);
    ASSERT_TRUE(offsets);
    EXPECT_TRUE(offsets->seed);
    EXPECT_EQ(*offsets->as_of, (std::vector<core::Offset>{1}));
  }
  EXPECT_TRUE(questions.members_answered("b"));
  EXPECT_TRUE(questions.members_answered("c"));
  for (const auto& question : asked) questions.ended(question, kNow);
  EXPECT_EQ(questions.size(), 0U);
  EXPECT_EQ(questions.starting_left(kNow, kPatience), 0U);
}

TEST(GroupQuestions, AnErrorSendsBackItsGroupOnly) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, false);
  questions.ask_seed("b", positions({1}), kNow, false);
  find_coordinators(questions);
  auto asked = questions.next(kNow);
  questions.offsets_answered("a");
  questions.failed("b", Kind::offsets, kNow, false);
  questions.ended(asked[0], kNow);
  EXPECT_TRUE(questions.next(kNow).empty());
  ASSERT_TRUE(questions.next_due());
  const core::Time due = *questions.next_due();
  EXPECT_GT(due, kNow);
  asked = questions.next(due);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::offsets);
  questions.failed("b", Kind::offsets, due, true);
  questions.ended(asked[0], due);
  EXPECT_GT(*questions.next_due() - due, due - kNow);
  asked = questions.next(*questions.next_due());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::coordinators);
}

TEST(GroupQuestions, AGroupThatAnAnswerLeavesOutIsAskedAgain) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, false);
  auto asked = questions.next(kNow);
  questions.ended(asked[0], kNow);
  ASSERT_TRUE(questions.next_due());
  find_coordinators(questions, *questions.next_due());
  asked = questions.next(*questions.next_due());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::offsets);
  questions.ended(asked[0], kNow);
  EXPECT_FALSE(questions.offsets_answered("a"));
  EXPECT_EQ(questions.size(), 1U);
}

TEST(GroupQuestions, AGroupOfUnknownTypeIsAskedForInBothWays) {
  GroupQuestions questions({});
  questions.ask_members("a", GroupType::unknown, positions({1}), kNow, false);
  find_coordinators(questions);
  auto asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::classic_members);
  core::TailPositions as_of;
  EXPECT_FALSE(questions.members_not_found("a", as_of));
  questions.ended(asked[0], kNow);
  asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::consumer_members);
  EXPECT_TRUE(questions.members_not_found("a", as_of));
  EXPECT_EQ(*as_of, (std::vector<core::Offset>{1}));
  questions.ended(asked[0], kNow);
  EXPECT_EQ(questions.size(), 0U);
}

TEST(GroupQuestions, AShareGroupIsAskedForInItsOwnWayOnly) {
  GroupQuestions questions({});
  questions.ask_members("s", GroupType::share, positions({1}), kNow, false);
  find_coordinators(questions);
  const auto asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, Kind::share_members);
  core::TailPositions as_of;
  EXPECT_TRUE(questions.members_not_found("s", as_of)) << "no other API would know it";
  EXPECT_EQ(*as_of, (std::vector<core::Offset>{1}));
  questions.ended(asked[0], kNow);
  EXPECT_EQ(questions.size(), 0U);
}

TEST(GroupQuestions, AskingWhileAQuestionIsUnderWayIsAnotherQuestion) {
  GroupQuestions questions({});
  questions.ask_members("a", GroupType::consumer, positions({1}), kNow, false);
  questions.ask_offsets("a", {0, 5}, kNow);
  find_coordinators(questions);
  const auto first = questions.next(kNow);
  ASSERT_EQ(first.size(), 2U);
  questions.ask_members("a", GroupType::consumer, positions({2}), kNow, false);
  questions.ask_offsets("a", {0, 9}, kNow);
  questions.ask_offsets("a", {0, 8}, kNow);
  EXPECT_TRUE(questions.next(kNow).empty());
  EXPECT_EQ(*questions.members_answered("a").value(), (std::vector<core::Offset>{1}));
  EXPECT_EQ(questions.offsets_answered("a")->version, (core::LogPoint{0, 5}));
  for (const auto& question : first) questions.ended(question, kNow);
  const auto second = questions.next(kNow);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(*questions.members_answered("a").value(), (std::vector<core::Offset>{2}));
  const auto offsets = questions.offsets_answered("a");
  EXPECT_EQ(offsets->version, (core::LogPoint{0, 9}));
  EXPECT_FALSE(offsets->seed);
}

TEST(GroupQuestions, AFailedSeedKeepsItsOlderVersionWhenAskedAgainMeanwhile) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, false);
  find_coordinators(questions);
  const auto asked = questions.next(kNow);
  questions.ask_seed("a", positions({2}), kNow, false);
  questions.failed("a", Kind::offsets, kNow, false);
  questions.ended(asked[0], kNow);
  questions.next(*questions.next_due());
  EXPECT_EQ(*questions.offsets_answered("a")->as_of, (std::vector<core::Offset>{1}));
}

TEST(GroupQuestions, StableRowsAreAskedForApartAndNumbered) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, false);
  questions.ask_stable_rows("b", 3, kNow);
  find_coordinators(questions);
  auto asked = questions.next(kNow);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_FALSE(asked[0].stable);
  EXPECT_EQ(asked[0].groups, (Names{"a"}));
  EXPECT_TRUE(asked[1].stable);
  EXPECT_EQ(asked[1].groups, (Names{"b"}));
  EXPECT_EQ(questions.offsets_answered("a")->stable, 0U);
  // Asked again while it is under way: what is answered is the earlier question, until it fails.
  questions.ask_stable_rows("b", 4, kNow);
  questions.failed("b", Kind::offsets, kNow, false);
  for (const auto& question : asked) questions.ended(question, kNow);
  asked = questions.next(*questions.next_due());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].stable);
  questions.ask_stable_rows("b", 5, kNow);
  const auto first = questions.offsets_answered("b");
  EXPECT_EQ(first->stable, 4U);
  EXPECT_FALSE(first->seed);
  questions.ended(asked[0], kNow);
  questions.next(kNow + std::chrono::seconds(5));
  EXPECT_EQ(questions.offsets_answered("b")->stable, 5U);
}

TEST(GroupQuestions, ARefusedGroupIsDropped) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, true);
  questions.ask_members("a", GroupType::classic, positions({1}), kNow, true);
  find_coordinators(questions);
  const auto asked = questions.next(kNow);
  questions.refused("a", Kind::offsets);
  EXPECT_EQ(questions.starting_left(kNow, kPatience), 1U);
  questions.refused("a", Kind::classic_members);
  for (const auto& question : asked) questions.ended(question, kNow);
  EXPECT_EQ(questions.size(), 0U);

  questions.ask_seed("b", positions({1}), kNow, true);
  const auto coordinators = questions.next(kNow);
  questions.refused("b", Kind::coordinators);
  questions.ended(coordinators[0], kNow);
  EXPECT_EQ(questions.size(), 0U);
}

TEST(GroupQuestions, WhatIsLateIsNamedOnceAndNotWaitedForButStillAsked) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, true);
  const core::Time late = kNow + kPatience;
  EXPECT_TRUE(questions.newly_late(kNow, kPatience).empty());
  EXPECT_EQ(questions.starting_left(late, kPatience), 0U);
  EXPECT_EQ(questions.newly_late(late, kPatience), (Names{"a"}));
  EXPECT_TRUE(questions.newly_late(late, kPatience).empty());
  EXPECT_EQ(questions.next(late).size(), 1U);
}

TEST(GroupQuestions, ANewStartDoesNotWaitForTheOldOnesGroups) {
  GroupQuestions questions({});
  questions.ask_seed("a", positions({1}), kNow, true);
  questions.forget_starts();
  EXPECT_EQ(questions.starting_left(kNow, kPatience), 0U);
  EXPECT_EQ(questions.size(), 1U);
}

TEST(GroupQuestions, QuestionsAreBoundedInSizeAndNumber) {
  GroupQuestions::Limits limits;
  limits.groups_per_question = 10;
  limits.questions = 3;
  GroupQuestions questions(limits);
  for (int i = 0; i < 100; ++i) questions.ask_seed("g" + std::to_string(i), positions({1}), kNow, true);
  std::vector<Question> under_way;
  for (auto asked = questions.next(kNow); !asked.empty(); asked = questions.next(kNow)) {
    for (auto& question : asked) {
      EXPECT_LE(question.groups.size(), 10U);
      under_way.push_back(std::move(question));
    }
  }
  EXPECT_EQ(under_way.size(), 3U);
  questions.ended(under_way[0], kNow);
  EXPECT_EQ(questions.next(kNow).size(), 1U);
}

// Whatever a cluster answers, in whatever order, every group gets its answers.
TEST(GroupQuestions, EveryGroupIsAnsweredInTheEnd) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    GroupQuestions::Limits limits;
    limits.groups_per_question = 5;
    limits.questions = 4;
    GroupQuestions questions(limits);
    std::set<std::string> seeds;
    std::set<std::string> members;
    for (int i = 0; i < 40; ++i) {
      const std::string group = "g" + std::to_string(i);
      questions.ask_seed(group, positions({i}), kNow, true);
      questions.ask_members(group, static_cast<GroupType>(random() % 3), positions({i}), kNow, true);
    }
    core::Time now = kNow;
    std::vector<Question> under_way;
    for (int step = 0; step < 20'000 && questions.size() > 0; ++step) {
      now += std::chrono::milliseconds(5);
      for (auto& question : questions.next(now)) under_way.push_back(std::move(question));
      ASSERT_LE(under_way.size(), limits.questions);
      if (under_way.empty()) {
        ASSERT_TRUE(questions.next_due());
        now = std::max(now, *questions.next_due());
        continue;
      }
      const std::size_t which = random() % under_way.size();
      const Question question = under_way[which];
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
      for (const auto& group : question.groups) {
        const auto luck = random() % 4;
        if (luck == 0) continue;
        if (luck == 1) {
          questions.failed(group, question.kind, now, random() % 2 == 0);
        } else if (question.kind == Kind::coordinators) {
          questions.coordinator_found(group, static_cast<std::int32_t>(random() % 3));
        } else if (question.kind == Kind::offsets) {
          if (questions.offsets_answered(group)) seeds.insert(group);
        } else if (core::TailPositions as_of; random() % 3 == 0) {
          if (questions.members_not_found(group, as_of)) members.insert(group);
        } else if (questions.members_answered(group)) {
          members.insert(group);
        }
      }
      questions.ended(question, now);
    }
    EXPECT_EQ(questions.size(), 0U);
    EXPECT_EQ(seeds.size(), 40U);
    EXPECT_EQ(members.size(), 40U);
  }
}

}  // namespace
}  // namespace tidemark::kafka
