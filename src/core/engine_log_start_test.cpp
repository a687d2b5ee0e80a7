// A log start above a position: what is gone was skipped, unless the commit behind
// it is merely not read yet.

#include <gtest/gtest.h>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

// "views" is at 5, and somebody waits for it at 10.
struct Below {
  Below() {
    g.start();
    g.members("views", 1);
    g.commit("views", 0, 5);
    wait = g.append(0, 10);
  }
  void starts_at(Offset offset) { g.ends("orders", 0, Gateway::kEnd, 0, offset); }
  std::uint64_t asked() {
    const auto asks = g.asked_rows();
    EXPECT_EQ(asks.size(), 1U);
    EXPECT_TRUE(asks.empty() || asks[0].group == "views");
    return asks.empty() ? 0 : asks[0].number;
  }

  Gateway g;
  WaitId wait;
};

class EngineLogStart : public testing::Test, public Below {};

// Found by the chain of the real suite: Kafka Streams deletes what it has just committed.
TEST_F(EngineLogStart, ACommitThatIsOnItsWayIsWaitedFor) {
  starts_at(30);
  EXPECT_FALSE(g.answered(wait));
  g.rows("views", asked(), {{"orders", 0, 30, -1}});
  EXPECT_FALSE(g.answered(wait)) << "the commit itself is the evidence";
  g.commit("views", 0, 8);
  EXPECT_FALSE(g.answered(wait)) << "an older one, below the start";
  g.rows("views", asked(), {{"orders", 0, 30, -1}});
  g.commit("views", 0, 30);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  EXPECT_TRUE(g.asked_rows().empty());
}

TEST_F(EngineLogStart, WhoHasCommittedNothingAboveItSinceHasSkipped) {
  starts_at(30);
  g.rows("views", asked(), {{"orders", 0, 5, -1}, {"orders", 1, 40, -1}, {"other", 0, 40, -1}});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

// Found by the simulator: the position that the commit leaves is void at once, what it says of single records is not.
TEST_F(EngineLogStart, CompletedOffsetsOfTheCommitThatItVoidsNameThatCommit) {
  const WaitId done = g.append(0, 35);
  starts_at(30);
  g.rows("views", asked(), {{"orders", 0, 8, -1}});
  const std::vector<Range> above{{35, 36}};
  const Commit commit = g.with_done(8, above);
  g.commit(commit);
  EXPECT_EQ(g.outcome(done).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(done).evidence.committed, 8);
  EXPECT_EQ(g.outcome(done).evidence.at, commit.at);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

TEST_F(EngineLogStart, ARowThatIsGoneWasDeletedAndSaysNothing) {
  starts_at(30);
  g.rows("views", asked(), {});
  EXPECT_FALSE(g.answered(wait)) << "that it was deleted is on its way";
  g.commit("views", 0, kNoOffset);
  EXPECT_TRUE(g.asked_rows().empty()) << "it had nothing when the start rose";
  g.commit("views", 0, 30);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored);
}

// Found by the simulator, seed 7391025141: its first commit came behind the answer.
TEST(EngineLogStartFirst, ARowThatIsMissingMayNotBeWrittenYet) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId gone = g.append(0, 10), wait = g.append(0, 40);
  g.ends("orders", 0, Gateway::kEnd, 0, 30);
  const auto first = g.asked_rows();
  ASSERT_EQ(first.size(), 1U);
  g.commit("views", 0, 5);
  g.rows("views", first[0].number, {});
  const auto second = g.asked_rows();
  ASSERT_EQ(second.size(), 1U);
  g.commit("views", 0, 50);  // it was told that its position is out of range
  g.rows("views", second[0].number, {{"orders", 0, 5, -1}});
  EXPECT_EQ(g.outcome(gone).outcome, Outcome::skipped);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored);
  EXPECT_TRUE(g.asked_rows().empty());
}

// Found by the simulator, seeds 91000006798 and 91000006053: the start was known before the commit was read.
TEST(EngineLogStartFirst, WhoIsMetBelowTheStartMayHaveGoneOnBeforeItRoseOrBeenPutAboveItSince) {
  for (const Offset then : {5, 60}) {
    Gateway g;
    g.start();
    g.members("views", 1);
    g.ends("orders", 0, Gateway::kEnd, 0, 30);
    g.commit("views", 0, 5);
    const WaitId wait = g.append(0, 10);
    const auto asks = g.asked_rows();
    ASSERT_EQ(asks.size(), 1U);
    EXPECT_FALSE(g.answered(wait)) << "which only the group can tell";
    g.rows("views", asks[0].number, {{"orders", 0, then, -1}});
    EXPECT_EQ(g.answered(wait), then == 5);
    g.commit("views", 0, 60);
    EXPECT_EQ(g.outcome(wait).outcome, then == 5 ? Outcome::skipped : Outcome::unanchored);
    EXPECT_TRUE(g.asked_rows().empty());
  }
}

TEST_F(EngineLogStart, AnAnswerToAnOlderQuestionJudgesNothing) {
  starts_at(8);
  const std::uint64_t first = asked();
  starts_at(30);
  const std::uint64_t second = asked();
  g.rows("views", first, {{"orders", 0, 9, -1}});
  EXPECT_FALSE(g.answered(wait)) << "asked before the start was at 30";
  g.rows("views", second, {{"orders", 0, 5, -1}});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

// Found by the simulator, seed 91000007709: the start rose again before the group could be asked.
TEST_F(EngineLogStart, ThatItWasBelowALowerStartIsNotForgotten) {
  const WaitId later = g.append(0, 45);
  starts_at(8);
  const std::uint64_t first = asked();
  starts_at(30);
  const std::uint64_t second = asked();
  g.rows("views", first, {{"orders", 0, 5, -1}});
  g.commit("views", 0, 50);
  g.rows("views", second, {{"orders", 0, 50, -1}});
  EXPECT_NE(g.outcome(wait).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(later).outcome, Outcome::unanchored) << "it was put at the end";
}

TEST_F(EngineLogStart, OnlyWhatLiesAboveTheLatestCommitWasSkipped) {
  const WaitId above = g.append(0, 12);
  starts_at(30);
  g.rows("views", asked(), {{"orders", 0, 11, -1}});
  EXPECT_FALSE(g.answered(wait)) << "the commit of 11 is on its way";
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(above).outcome, Outcome::skipped) << "it was here, it said, when the log began at 30";
  EXPECT_TRUE(g.asked_rows().empty());
}

TEST_F(EngineLogStart, WhatIsCommittedMeanwhileProvesNothingYet) {
  for (const Offset then : {5, 40}) {
    Below fresh;
    fresh.starts_at(30);
    fresh.g.commit("views", 0, 40);
    EXPECT_FALSE(fresh.g.answered(fresh.wait)) << "it may have been reset";
    const WaitId jumped = fresh.g.append(0, 35), read = fresh.g.append(0, 45);
    fresh.g.commit("views", 0, 50);
    EXPECT_FALSE(fresh.g.answered(jumped));
    fresh.g.rows("views", fresh.asked(), {{"orders", 0, then, -1}});
    EXPECT_EQ(fresh.g.outcome(read).outcome, Outcome::processed) << "read since";
    EXPECT_EQ(fresh.g.outcome(jumped).outcome, then == 5 ? Outcome::unanchored : Outcome::processed);
    EXPECT_EQ(fresh.g.outcome(fresh.wait).outcome, then == 5 ? Outcome::skipped : Outcome::processed);
  }
}

TEST_F(EngineLogStart, AJumpOverWhereItWasSkipsWhatWasGone) {
  const WaitId above = g.append(0, 12), jumped = g.append(0, 35);
  starts_at(30);
  g.rows("views", asked(), {{"orders", 0, 11, -1}});
  g.commit("views", 0, 40);  // the commit of 11 was compacted away
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(above).outcome, Outcome::skipped);
  EXPECT_EQ(g.outcome(jumped).outcome, Outcome::unanchored);
}

TEST_F(EngineLogStart, WhatIsCommittedBelowItWasRead) {
  starts_at(30);
  g.commit("views", 0, 12);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed) << "nobody is reset to where nothing is";
}

TEST_F(EngineLogStart, OneQuestionAtATimeWhileCommitsCome) {
  starts_at(30);
  const std::uint64_t first = asked();
  g.commit("views", 0, 6);
  g.commit("views", 0, 7);
  EXPECT_TRUE(g.asked_rows().empty());
  starts_at(30);
  EXPECT_GT(asked(), first) << "told again: the question may have been lost";
}

TEST_F(EngineLogStart, SeveralPartitionsShareAQuestion) {
  g.commit("views", 1, 5);
  const WaitId other = g.append(1, 10);
  starts_at(30);
  const std::uint64_t first = asked();
  g.ends("orders", 1, Gateway::kEnd, 0, 20);
  const std::uint64_t second = asked();
  g.rows("views", second, {{"orders", 0, 5, -1}, {"orders", 1, 20, -1}});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
  EXPECT_FALSE(g.answered(other));
  g.rows("views", first, {{"orders", 0, 5, -1}, {"orders", 1, 5, -1}});
  EXPECT_FALSE(g.answered(other)) << "older than what was answered";
  g.commit("views", 1, 25);
  EXPECT_EQ(g.outcome(other).outcome, Outcome::processed);
}

TEST_F(EngineLogStart, AGroupAboveTheStartIsNotAskedFor) {
  g.commit("views", 0, 9);
  starts_at(9);
  EXPECT_TRUE(g.asked_rows().empty());
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

// Its start offset moves with the log's, and it has no committed offsets to ask for.
TEST(EngineLogStartOfShares, AShareGroupsStartIsNoWorkDone) {
  Gateway g;
  g.start();
  g.members("workers", 1);
  g.share(g.share_state(0, 5));
  const WaitId wait = g.append(0, 10);
  g.ends("orders", 0, Gateway::kEnd, 0, 30);
  g.share(g.share_state(0, 30));
  EXPECT_TRUE(g.asked_rows().empty());
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

// Found by the simulator, seed 55000011873: what it had committed was asked before it was known to be a share group.
TEST(EngineLogStartOfShares, AShareGroupIsNotWaitedForToSayWhatItCommitted) {
  Gateway g;
  g.start();
  g.members("workers", 1);
  const WaitId wait = g.append(0, 40);
  g.ends("orders", 0, Gateway::kEnd, 0, 30);
  ASSERT_EQ(g.asked_rows().size(), 1U);
  g.share(g.share_state(0, 45));
  EXPECT_TRUE(g.answered(wait));
}

TEST_F(EngineLogStart, StrangeAnswersChangeNothing) {
  g.rows("nobody", 7, {});
  g.rows("views", 7, {});
  starts_at(30);
  g.rows("views", asked() - 1, {});
  g.list({{"orders", Gateway::topic_id(2), 3}});  // made again meanwhile
  g.rows("views", 1, {});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
  EXPECT_EQ(g.engine().stats().rows_asked, 1U);
}

// It begins at the log's start, as declared: what is gone it may have read.
TEST(EngineLogStartDeclared, AFirstCommitThatIsOnItsWayIsWaitedForToo) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  for (const bool committed : {true, false}) {
    Gateway g(config);
    g.start();
    g.members("views", 1);
    const WaitId wait = g.append(0, 10);
    g.ends("orders", 0, Gateway::kEnd, 0, 30);
    const auto asks = g.asked_rows();
    ASSERT_EQ(asks.size(), 1U);
    std::vector<SeedRow> rows;
    if (committed) rows.push_back({"orders", 0, 30, -1});
    g.rows("views", asks[0].number, rows);
    g.commit("views", 0, 31);
    EXPECT_EQ(g.outcome(wait).outcome, committed ? Outcome::processed : Outcome::unanchored);
  }
}

// Found by the simulator, seed 700000032442: it began at the new start, and its first commit was read before the answer.
TEST(EngineLogStartDeclared, WhoHadCommittedNothingWhenTheStartRoseMayHaveBegunThere) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  for (const bool told_again : {false, true}) {
    Gateway g(config);
    g.start();
    g.members("views", 1);
    const WaitId gone = g.append(0, 5), read = g.append(0, 8);
    g.ends("orders", 0, Gateway::kEnd, 0, 6);
    const auto first = g.asked_rows();
    ASSERT_EQ(first.size(), 1U);
    g.commit("views", 0, 7);
    if (told_again) g.ends("orders", 0, Gateway::kEnd, 0, 8);
    g.rows("views", first[0].number, {});
    EXPECT_FALSE(g.answered(gone));
    const auto second = g.asked_rows();
    ASSERT_EQ(second.size(), 1U);
    if (told_again) g.commit("views", 0, 9);
    g.rows("views", second[0].number, {{"orders", 0, told_again ? 9 : 7, -1}});
    EXPECT_EQ(g.outcome(gone).outcome, Outcome::unanchored);
    if (!told_again) g.commit("views", 0, 9);
    EXPECT_EQ(g.outcome(read).outcome, Outcome::processed);
    EXPECT_TRUE(g.asked_rows().empty());
  }
}

// Found by the simulator, seed 19813: its deletion was read behind the answer, and its first commit behind that.
TEST(EngineLogStartDeclared, WhoWasDeletedBeforeTheStartRoseMayHaveBegunThere) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 4);
  const WaitId gone = g.append(0, 7), read = g.append(0, 8);
  g.ends("orders", 0, Gateway::kEnd, 0, 8);
  const auto first = g.asked_rows();
  ASSERT_EQ(first.size(), 1U);
  g.rows("views", first[0].number, {});
  EXPECT_FALSE(g.answered(gone));
  g.members("views", 0);
  g.commit("views", 0, kNoOffset);
  g.members("views", 1);
  g.commit("views", 0, 9);
  EXPECT_EQ(g.outcome(gone).outcome, Outcome::unanchored);
  EXPECT_EQ(g.outcome(read).outcome, Outcome::processed);
}

}  // namespace
}  // namespace tidemark::core
