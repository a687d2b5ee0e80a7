// Frontier: what is left of the proofs when the log loses its beginning or its end (P1, P6).
#include <gtest/gtest.h>

#include <vector>

#include "core/frontier_fixture.h"

namespace tidemark::core {
namespace {

TEST(Frontier, P1APositionBeforeTheLogsStartCannotHaveReadUpToIt) {
  Group group;
  group.commit(10);
  EXPECT_EQ(group.frontier.log_started_at(10), Applied::same);
  EXPECT_EQ(group.frontier.log_started_at(30), Applied::passed_over);
  EXPECT_EQ(group.at(15), Outcome::skipped);
  group.commit(50);
  EXPECT_EQ(group.at(15), Outcome::skipped);
  EXPECT_EQ(group.at(40), Outcome::unanchored);
}

TEST(Frontier, P6ACommitBelowTheLogsStartWaitsForWhoKnowsWhetherTheGroupHadGoneOn) {
  Group gone_on;
  gone_on.frontier.log_started_at(30);
  EXPECT_EQ(gone_on.commit(10), Applied::moved);
  EXPECT_EQ(gone_on.frontier.log_start(), 10);
  EXPECT_EQ(gone_on.at(15), Outcome::pending);
  gone_on.commit(12);
  gone_on.commit(50);
  EXPECT_EQ(gone_on.frontier.log_started_at(30), Applied::same);
  EXPECT_EQ(gone_on.at(11), Outcome::processed);
  EXPECT_EQ(gone_on.at(15), Outcome::unanchored) << "it may have been put there";
  EXPECT_EQ(gone_on.at(40), Outcome::unanchored);
  gone_on.commit(60);
  EXPECT_EQ(gone_on.at(55), Outcome::processed);

  Group left;
  left.frontier.log_started_at(30);
  left.commit(10);
  EXPECT_EQ(left.frontier.log_started_at(30), Applied::passed_over);
  EXPECT_EQ(left.at(15), Outcome::skipped);
  left.commit(50);
  EXPECT_EQ(left.at(15), Outcome::skipped);
  EXPECT_EQ(left.at(40), Outcome::unanchored);

  Group seeded;
  seeded.frontier.log_started_at(30);
  EXPECT_EQ(seeded.frontier.seed(10, tail_at(0), kFarEnd, 0), Applied::moved);
  EXPECT_EQ(seeded.frontier.log_started_at(30), Applied::passed_over);
  EXPECT_EQ(seeded.at(15), Outcome::skipped);
}

// Found by the simulator, seed 55000029696: the anchor's commit was from before the cut, and read after it.
TEST(Frontier, P1AnAnchorFromBelowACutProvesNothingAboveIt) {
  Group group;
  group.frontier.log_cut_at(30);
  group.commit(10);
  group.commit(39);
  EXPECT_EQ(group.at(20, seen(10, 1)), Outcome::processed);
  EXPECT_EQ(group.at(33, seen(10, 1)), Outcome::unanchored) << "it may have read those that are gone";
}

// Found by the simulator, seed 321000096227: a commit from before both cuts, past the lower one only, was where the
// group seemed to go on from; it was reset to the end over what stood there by then.
TEST(Frontier, P1EachOfTwoCutsIsCrossed) {
  Group group;
  group.frontier.log_cut_at(20);
  group.frontier.log_cut_at(30);
  group.commit(30);
  group.commit(39);
  EXPECT_EQ(group.at(30), Outcome::unanchored);
  group.commit(45);
  EXPECT_EQ(group.at(40), Outcome::processed);

  Group lower;
  lower.frontier.log_cut_at(30);
  lower.frontier.log_cut_at(20);
  lower.commit(25);
  lower.commit(39);
  EXPECT_EQ(lower.at(31), Outcome::processed) << "above the later cut all is of one log";

  Group many;
  for (Offset offset = 1; offset <= 3 * static_cast<Offset>(Frontier::kMaxCuts); ++offset) many.frontier.log_cut_at(offset);
  many.commit(100);
  many.commit(110);
  EXPECT_EQ(many.at(50), Outcome::unanchored);
  EXPECT_EQ(many.at(105), Outcome::processed);
}

TEST(Frontier, P6WhatIsHeldIsNoPositionOnceALaterCommitHasTakenItsPlace) {
  Group group;
  group.commit(10);
  EXPECT_EQ(group.hold(40, 20, 1), Applied::held);
  group.frontier.missed_commits({0, ++group.record});
  EXPECT_EQ(group.frontier.judge(100, 1), Applied::same);
  group.commit(60);
  EXPECT_EQ(group.at(50), Outcome::unanchored) << "the commit that was missed may lie anywhere";
}

// Who does not say it is believed: it is a limit.
TEST(Frontier, P1ACommitHeldOverACutIsLostWhenItsEpochSaysSo) {
  for (const std::int32_t epoch : {-1, 5, 6}) {
    Group group;
    group.commit(30);
    Frontier::Update held = group.update(40);
    held.leader_epoch = epoch;
    held.ask = 1;
    EXPECT_EQ(group.frontier.commit(held, 30), Applied::held);
    group.frontier.log_cut_at(30);
    const std::vector<Cut> cuts{{6, 30}};
    EXPECT_EQ(group.frontier.judge(50, 1, cuts), Applied::moved);
    EXPECT_EQ(group.frontier.has_position(), epoch != 5) << epoch;
    EXPECT_EQ(group.at(35), epoch == 5 ? Outcome::pending : Outcome::unanchored) << epoch;
  }
}

}  // namespace
}  // namespace tidemark::core
