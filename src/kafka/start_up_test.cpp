#include "kafka/start_up.h"

#include <gtest/gtest.h>

namespace tidemark::kafka {
namespace {

using Phase = StartUp::Phase;
using Partitions = std::vector<core::Partition>;
using Froms = std::vector<std::pair<core::Partition, core::Offset>>;

// Through the whole start with two partitions; the tail is at {5, 7}, then at `tail`.
StartUp synced(const std::vector<core::Offset>& tail = {6, 9}) {
  StartUp start;
  start.on_cluster({1}, 2);
  start.on_last_stable(0, 5);
  start.on_last_stable(1, 7);
  start.on_listed(1, start.round());
  start.on_groups_answered();
  start.on_high_watermark(0, tail[0], start.round());
  start.on_high_watermark(1, tail[1], start.round());
  EXPECT_TRUE(start.on_tail(tail).synced);
  return start;
}

TEST(StartUp, GoesFromPositionsToListsToAnswersToEndsToSynced) {
  StartUp start;
  StartUpSteps steps = start.on_cluster({1, 2}, 2);
  EXPECT_EQ(steps.ask_last_stable, (Partitions{0, 1}));
  EXPECT_TRUE(steps.list_groups.empty());
  EXPECT_TRUE(start.on_last_stable(1, 7).empty());
  EXPECT_EQ(start.waiting_for(), "the last stable offset of partitions 0 of the commit log");

  steps = start.on_last_stable(0, 5);
  EXPECT_EQ(steps.tail_from, (Froms{{0, 5}, {1, 7}}));
  EXPECT_TRUE(steps.new_round);
  EXPECT_EQ(steps.list_groups, (std::vector<std::int32_t>{1, 2}));

  start.on_listed(2, start.round());
  EXPECT_EQ(start.phase(), Phase::listing);
  EXPECT_TRUE(start.on_groups_answered().empty());
  start.on_listed(1, start.round());
  EXPECT_EQ(start.phase(), Phase::asking);

  steps = start.on_groups_answered();
  EXPECT_EQ(steps.ask_high_watermark, (Partitions{0, 1}));
  EXPECT_TRUE(start.on_tail({9, 9}).empty());
  EXPECT_TRUE(start.on_high_watermark(0, 9, start.round()).empty());
  EXPECT_TRUE(start.on_high_watermark(1, 10, start.round()).empty());
  EXPECT_EQ(start.phase(), Phase::catching_up);
  EXPECT_FALSE(start.on_tail({20, 9}).synced);
  EXPECT_TRUE(start.on_tail({20, 10}).synced);
  EXPECT_EQ(start.phase(), Phase::synced);
  EXPECT_TRUE(start.on_tail({21, 11}).empty());
}

TEST(StartUp, ATailThatIsThereAlreadyIsSyncedByTheLastEnd) {
  StartUp start;
  start.on_cluster({1}, 1);
  start.on_last_stable(0, 5);
  start.on_listed(1, start.round());
  start.on_groups_answered();
  EXPECT_TRUE(start.on_high_watermark(0, 5, start.round()).synced);
}

TEST(StartUp, ATopicThatDoesNotExistIsEmptyAndReadFromItsBeginningOnceItDoes) {
  StartUp start;
  StartUpSteps steps = start.on_cluster({1}, 0);
  EXPECT_TRUE(steps.new_round);
  EXPECT_EQ(steps.list_groups, (std::vector<std::int32_t>{1}));
  start.on_listed(1, start.round());
  EXPECT_TRUE(start.on_groups_answered().synced);

  steps = start.on_cluster({1}, 3);
  EXPECT_EQ(steps.tail_from, (Froms{{0, 0}, {1, 0}, {2, 0}}));
  EXPECT_TRUE(steps.ask_last_stable.empty());
  EXPECT_EQ(start.phase(), Phase::synced);
  EXPECT_TRUE(start.on_cluster({1}, 3).empty());
}

TEST(StartUp, TheTopicMayAppearInTheMiddleOfTheStart) {
  StartUp start;
  start.on_cluster({1}, 0);
  EXPECT_EQ(start.on_cluster({1}, 2).tail_from, (Froms{{0, 0}, {1, 0}}));
  start.on_listed(1, start.round());
  EXPECT_EQ(start.on_groups_answered().ask_high_watermark, (Partitions{0, 1}));
  start.on_high_watermark(0, 0, start.round());
  EXPECT_TRUE(start.on_high_watermark(1, 0, start.round()).synced);
}

TEST(StartUp, FollowsTheBrokersWhileTheyAreListed) {
  StartUp start;
  start.on_cluster({1, 2}, 0);
  start.on_listed(1, start.round());
  EXPECT_EQ(start.on_cluster({1, 3}, 0).list_groups, (std::vector<std::int32_t>{3}));
  EXPECT_EQ(start.phase(), Phase::listing);
  start.on_listed(3, start.round());
  EXPECT_EQ(start.phase(), Phase::asking);
}

TEST(StartUp, ABrokerThatLeavesIsNotWaitedFor) {
  StartUp start;
  start.on_cluster({1, 2}, 0);
  start.on_listed(1, start.round());
  start.on_cluster({1}, 0);
  EXPECT_EQ(start.phase(), Phase::asking);
}

TEST(StartUp, AfterALossTheTailGoesOnAndTheGroupsAreListedAgain) {
  StartUp start = synced();
  EXPECT_EQ(start.on_lost("gone").lost, "gone");
  EXPECT_TRUE(start.on_lost("still gone").empty());
  const std::uint64_t old_round = start.round();

  const StartUpSteps steps = start.on_recovered();
  EXPECT_TRUE(steps.tail_from.empty());
  EXPECT_TRUE(steps.ask_last_stable.empty());
  EXPECT_TRUE(steps.new_round);
  EXPECT_EQ(steps.list_groups, (std::vector<std::int32_t>{1}));
  start.on_listed(1, old_round);
  EXPECT_EQ(start.phase(), Phase::listing);
  start.on_listed(1, start.round());
  start.on_groups_answered();
  EXPECT_FALSE(start.on_high_watermark(0, 6, old_round).synced);
  start.on_high_watermark(0, 8, start.round());
  start.on_high_watermark(1, 9, start.round());
  EXPECT_TRUE(start.on_tail({8, 9}).synced);
  EXPECT_EQ(start.on_lost("again").lost, "again");
}

TEST(StartUp, ALossBeforeThePositionsAreKnownWaitsForThem) {
  StartUp start;
  start.on_cluster({1}, 2);
  start.on_last_stable(0, 5);
  EXPECT_FALSE(start.on_lost("gone").lost.empty());
  EXPECT_TRUE(start.on_recovered().empty());
  EXPECT_EQ(start.phase(), Phase::positions);
  EXPECT_TRUE(start.on_last_stable(1, 7).new_round);
}

TEST(StartUp, PositionsThatArriveDuringALossBeginTheTailButNoRound) {
  StartUp start;
  start.on_cluster({1}, 1);
  start.on_lost("gone");
  const StartUpSteps steps = start.on_last_stable(0, 5);
  EXPECT_EQ(steps.tail_from, (Froms{{0, 5}}));
  EXPECT_FALSE(steps.new_round);
  EXPECT_TRUE(start.on_recovered().new_round);
}

TEST(StartUp, NeverReachedIsSaidOnceAndDoesNotSpoilTheStart) {
  StartUp start;
  EXPECT_EQ(start.on_lost("refused").lost, "refused");
  EXPECT_TRUE(start.on_lost("refused").empty());
  EXPECT_TRUE(start.on_recovered().empty());
  EXPECT_EQ(start.on_cluster({1}, 1).ask_last_stable, (Partitions{0}));
}

TEST(StartUp, APositionThatIsGoneRestartsItsPartitionAlone) {
  StartUp start = synced();
  StartUpSteps steps = start.on_position_gone(1);
  EXPECT_FALSE(steps.lost.empty());
  EXPECT_EQ(steps.ask_last_stable, (Partitions{1}));
  EXPECT_TRUE(start.on_position_gone(1).empty());
  steps = start.on_last_stable(1, 40);
  EXPECT_EQ(steps.tail_from, (Froms{{1, 40}}));
  EXPECT_TRUE(steps.new_round);
  start.on_listed(1, start.round());
  start.on_groups_answered();
  start.on_high_watermark(0, 6, start.round());
  start.on_high_watermark(1, 40, start.round());
  EXPECT_EQ(start.phase(), Phase::synced);
}

TEST(StartUp, WhichGroupsThereAreIsKnownWhileTheTailMissesNothing) {
  StartUp start;
  start.on_cluster({1, 2}, 1);
  start.on_last_stable(0, 5);
  start.on_listed(1, start.round());
  EXPECT_FALSE(start.knows_groups());
  start.on_listed(2, start.round());
  EXPECT_TRUE(start.knows_groups());
  start.on_lost("gone");
  start.on_recovered();
  EXPECT_TRUE(start.knows_groups()) << "the tail goes on where it was";
  start.on_position_gone(0);
  EXPECT_FALSE(start.knows_groups());
}

TEST(StartUp, WhatCannotBeMadeGoodIsNeverSynced) {
  StartUp start = synced();
  EXPECT_EQ(start.on_hopeless("made anew").lost, "made anew");
  EXPECT_TRUE(start.on_recovered().empty());
  EXPECT_TRUE(start.on_cluster({1}, 9).empty());
  EXPECT_TRUE(start.on_position_gone(0).empty());
  EXPECT_FALSE(start.on_tail({100, 100}).synced);
}

}  // namespace
}  // namespace tidemark::kafka
