// What the log tells: commits, seeds, groups, topics and ends (engine_log.cpp).
#include <gtest/gtest.h>

#include <vector>

#include "core/engine_fixture.h"
#include "core/topics.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

// "orders" is listed and nothing is known of its ends.
void start_without_ends(Gateway& g) {
  g.list({Gateway::orders()});
  g.engine().synced(g.now);
  g.members("views", 1);
}

TEST(EngineEnds, P1ACommitBeyondTheKnownEndIsHeldAskedAndJudged) {
  Gateway g;
  start_without_ends(g);
  g.commit("views", 0, 10);
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].topic, "orders");
  EXPECT_EQ(asks[0].partition, 0);
  EXPECT_FALSE(asks[0].log_start);
  EXPECT_EQ(g.engine().stats().commits_held, 1U);
  g.ends("orders", 0, 10, asks[0].number);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_TRUE(g.asked().empty()) << "the delivery said the end";
}

TEST(EngineEnds, P1ACommitBeyondTheEndProvesNothing) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, Gateway::kEnd + 500);
  EXPECT_FALSE(g.answered(wait));
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd, asks[0].number);
  EXPECT_EQ(g.engine().stats().commits_beyond_end, 1U);
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::beyond_end);
  EXPECT_FALSE(g.outcome(wait).hint.empty());
}

TEST(EngineEnds, P6WhatComesMeanwhileWaitsForTheNextQuestion) {
  Gateway g;
  start_without_ends(g);
  g.commit("views", 0, 10);
  const auto first = g.asked();
  g.commit("views", 0, 30);  // the log may have grown since the question
  EXPECT_TRUE(g.asked().empty()) << "one question at a time";
  ASSERT_EQ(first.size(), 1U);
  g.ends("orders", 0, 20, first[0].number);
  const auto second = g.asked();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_GT(second[0].number, first[0].number);
  g.ends("orders", 0, 30, second[0].number);
  const WaitId wait = g.append(0, 15);
  EXPECT_TRUE(g.answer(wait).all_processed()) << "10 and 30 were both judged, in order";
}

TEST(EngineEnds, P6AMoveBackHeldBehindIsAppliedInOrder) {
  Gateway g;
  start_without_ends(g);
  g.commit("views", 0, 10);
  g.commit("views", 0, 30);
  g.commit("views", 0, 5);
  EXPECT_EQ(g.engine().stats().commits_held, 3U);
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 40);
  EXPECT_FALSE(g.answered(wait));
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, 5);
  g.commit("views", 0, 41);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineEnds, ManyConsumersShareAQuestion) {
  Gateway g;
  start_without_ends(g);
  g.members("search", 1);
  g.commit("views", 0, 10);
  g.commit("search", 0, 12);
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, 12, asks[0].number);
  const auto again = g.asked();
  for (const AskEnds& ask : again) g.ends("orders", 0, 12, ask.number);
  for (const ConsumerView& view : g.engine().consumers(g.now))
    EXPECT_NE(view.topics[0].partitions[0].committed, kNoOffset) << view.name;
}

// Regression: the answer came while the topic was missing from the list, and
// nothing was ever asked again.
TEST(EngineEnds, AQuestionIsAskedAgainWhenItsTopicReturns) {
  Gateway g;
  start_without_ends(g);
  g.commit("views", 0, 10);
  const auto first = g.asked();
  ASSERT_EQ(first.size(), 1U);
  g.list({});
  g.ends("orders", 0, 10, first[0].number);
  g.list({Gateway::orders()});
  const auto second = g.asked();
  ASSERT_EQ(second.size(), 1U);
  g.ends("orders", 0, 10, second[0].number);
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, 10);
}

TEST(EngineEnds, CommitsOfATopicNotYetListedWaitForIt) {
  Gateway g;
  g.engine().synced(g.now);
  g.members("views", 1);
  g.commit("views", 0, 10);
  EXPECT_TRUE(g.asked().empty()) << "there is nothing to ask";
  g.list({Gateway::orders()});
  const auto asks = g.asked();  // first for what the group has begun to read, then for the commit
  ASSERT_EQ(asks.size(), 4U);
  g.ends("orders", 0, 10, asks[3].number);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineEnds, TheLogsStartIsLookedAtWhileSomebodyWaits) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  g.advance(seconds(20));
  EXPECT_TRUE(g.asked().empty()) << "nobody waits";
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(60);
  const WaitId wait = g.append(request, 0, 10), above = g.append(request, 0, 200);
  g.advance(seconds(0));
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_TRUE(asks[0].log_start);
  g.advance(seconds(9));
  EXPECT_TRUE(g.asked().empty());
  g.ends("orders", 0, Gateway::kEnd, asks[0].number, 100);
  g.rows("views", g.asked_rows().at(0).number, {{"orders", 0, 5, -1}});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped) << "the records up to 100 are gone, and the group was at 5";
  EXPECT_FALSE(g.answered(above));
  g.advance(seconds(1));
  EXPECT_EQ(g.asked().size(), 1U);
}

TEST(EngineEnds, P6ALogStartToldBeforeTheCommitCountsToo) {
  Gateway g;
  g.start();
  g.ends("orders", 0, Gateway::kEnd, 0, 100);
  g.members("views", 1);
  const WaitId wait = g.append(0, 50);
  g.commit("views", 0, 20);
  const auto asks = g.asked_rows();
  ASSERT_EQ(asks.size(), 1U);
  g.rows("views", asks[0].number, {{"orders", 0, 20, -1}});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

TEST(EngineEnds, StrangeAnswersChangeNothing) {
  Gateway g;
  start_without_ends(g);
  g.commit("views", 0, 10);
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("unheard of", 0, 10, asks[0].number);
  g.ends("orders", -1, 10, asks[0].number);
  g.ends("orders", 3, 10, asks[0].number);
  Ends other;
  other.topic = "orders";
  other.topic_id = Gateway::topic_id(9);
  other.high_watermark = 100;
  other.asked = asks[0].number;
  g.engine().ends(other, g.now, g.effects);
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, kNoOffset);
}

TEST(EngineCommits, P6AreAppliedOnceAndInOrder) {
  Gateway g;
  g.start();
  g.members("views", 1);
  Commit first;
  first.group = "views";
  first.topic = "orders";
  first.offset = 10;
  first.at = {0, 50};
  first.settled_at = 50;
  Commit second = first;
  second.offset = 20;
  second.at.offset = second.settled_at = 51;
  g.commit(first);
  g.commit(second);
  g.commit(first);
  g.commit(second);
  EXPECT_EQ(g.engine().stats().commits_stale, 2U);
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, 20);
}

TEST(EngineCommits, P6ATransactionsOlderCommitDoesNotOverrideAPlainOne) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  Commit transactional;
  transactional.group = "views";
  transactional.topic = "orders";
  transactional.offset = 50;
  transactional.at = {0, g.record++};
  g.commit("views", 0, 20);
  transactional.settled_at = g.record++;
  g.commit(transactional);
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, 20);
}

TEST(EngineCommits, ADeletedRowTakesThePositionAway) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, kNoOffset);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored) << "it may have begun anew at latest";
}

TEST(EngineCommits, HostileValuesAreCountedAndIgnored) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", -1, 5);
  g.commit("views", Topics::kMaxPartitions, 5);
  g.commit("views", 0, -2);
  g.commit("console-consumer-7", 0, 5);
  EXPECT_EQ(g.engine().stats().commits_ignored, 4U);
  EXPECT_EQ(g.engine().stats().frontiers, 0U);
  g.seed("views", {{"orders", -1, 5, -1}, {"orders", 0, -5, -1}, {"orders", Topics::kMaxPartitions, 5, -1}});
  EXPECT_EQ(g.engine().stats().frontiers, 0U);
}

TEST(EngineSeeds, P6AStaleSeedChangesNothing) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const TailPositions before = g.tail();
  g.commit("views", 0, 50);
  g.seed("views", {{"orders", 0, 10, -1}}, before);
  EXPECT_EQ(g.engine().consumers(g.now)[0].topics[0].partitions[0].committed, 50);
}

TEST(EngineSeeds, ASeedAnchorsAndARecordInItIsNotCountedTwice) {
  Gateway g;
  g.learn();
  g.record = 100;
  g.members("views", 1);
  g.seed("views", {{"orders", 0, 10, -1}});
  g.engine().synced(g.now);
  Commit contained;
  contained.group = "views";
  contained.topic = "orders";
  contained.offset = 3;
  contained.at = {0, 60};
  contained.settled_at = 60;
  g.commit(contained);
  EXPECT_EQ(g.engine().stats().commits_stale, 1U);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineSeeds, P6ATransactionSettledAfterTheSeedCounts) {
  Gateway g;
  g.learn();
  g.record = 100;
  g.members("views", 1);
  g.seed("views", {{"orders", 0, 10, -1}});
  g.engine().synced(g.now);
  const WaitId wait = g.append(0, 10);
  Commit transactional;
  transactional.group = "views";
  transactional.topic = "orders";
  transactional.offset = 11;
  transactional.at = {0, 60};
  transactional.settled_at = g.record++;
  g.commit(transactional);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineTopics, ARecreatedTopicEndsItsWaitsAndItsCommits) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  g.list({{"orders", Gateway::topic_id(2), 3}});
  const Answer answer = g.answer(wait);
  EXPECT_TRUE(answer.settled);
  EXPECT_EQ(answer.consumers[0].outcome, Outcome::skipped);
  EXPECT_NE(answer.consumers[0].hint.find("made again"), std::string::npos);
  EXPECT_EQ(g.engine().stats().frontiers, 0U);

  const WaitId next = g.publish();
  g.deliver(next, 0, 5, Gateway::topic_id(2));
  EXPECT_FALSE(g.answered(next)) << "10 was committed in the old topic";
  Commit old;
  old.group = "views";
  old.topic = "orders";
  old.topic_id = Gateway::topic_id(1);
  old.offset = 10;
  old.at = {0, g.record++};
  old.settled_at = old.at.offset;
  g.commit(old);
  EXPECT_FALSE(g.answered(next));
  g.commit("views", 0, 5);
  g.commit("views", 0, 6);
  EXPECT_TRUE(g.answer(next).all_processed());
}

TEST(EngineTopics, AVanishedTopicKeepsWhatIsKnownUntilItIsAnother) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  g.list({});
  EXPECT_EQ(g.refused(g.request()).code, Refusal::Code::unknown_topic);
  g.list({Gateway::orders()});
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineGroups, P6AnOlderAnswerDoesNotReplaceANewer) {
  Gateway g;
  g.start();
  const auto answer = [&](int members, Offset as_of) {
    GroupState state;
    state.group = "views";
    state.managed = true;
    state.members = members;
    state.as_of = std::make_shared<const std::vector<Offset>>(1, as_of);
    g.engine().group(state, g.now, g.effects);
  };
  const auto members = [&] { return g.engine().consumers(g.now)[0].members; };
  answer(2, 100);
  answer(0, 90);
  EXPECT_EQ(members(), 2);
  g.record = 95;
  g.members("views", 0);
  EXPECT_EQ(members(), 2) << "a record read again, which the answer contains";
  g.record = 100;
  g.members("views", 1);
  EXPECT_EQ(members(), 1);
  answer(5, 100);
  EXPECT_EQ(members(), 1) << "asked before that record was read";
  answer(3, 101);
  EXPECT_EQ(members(), 3);
}

// Found by the simulator, seeds 730 and 184.
TEST(EngineGroups, AnAnswerSaysNothingOfTheRecordsBeforeIt) {
  Gateway g;
  g.start();
  g.members("views", 3);
  g.commit("views", 0, 10);
  GroupState asked;
  asked.group = "views";
  asked.managed = true;
  asked.members = 0;  // true when it was answered, after records that the tail has yet to read
  asked.as_of = g.tail();
  g.engine().group(asked, g.now, g.effects);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  g.members("views", 0);
  const WaitId moved = g.append(0, 11);
  g.commit("views", 0, 20);
  EXPECT_EQ(g.outcome(moved).outcome, Outcome::skipped);
}

// Found by the simulator, seed 10.
TEST(EngineGroups, ACommitThatCannotCountIsASignOfLife) {
  EngineConfig config;
  config.wait_for["orders"] = {"views"};
  config.max_frontiers = 1;
  Gateway g(config);
  g.start();
  g.commit("other", 0, 1);  // takes the only place
  g.advance(config.absent_grace - seconds(1));
  g.commit("views", 0, 1);
  const WaitId wait = g.append(0, 10);
  g.advance(seconds(1));
  EXPECT_FALSE(g.answered(wait) && g.outcome(wait).outcome == Outcome::absent);
}

// Found by the simulator, --polled, seed 59: answers of the start are of any time.
TEST(EngineGroups, WhoIsFoundByAskingWithoutMembersIsNotWaitedForUntilItCommits) {
  Gateway g;
  g.learn();
  const auto found = [&](Offset offset) {
    Commit commit = g.with_done(offset, {});
    commit.at.partition = kPolledLog;
    g.commit(commit);
  };
  found(10);
  GroupState state;
  state.group = "views";
  state.at = {kPolledLog, g.record++};
  g.engine().group(state, g.now, g.effects);
  g.engine().synced(g.now);
  EXPECT_TRUE(g.answer(g.append(0, 10)).consumers.empty());
  found(11);
  EXPECT_FALSE(g.answered(g.append(0, 11)));
}

// Found by the simulator, seed 168.
TEST(EngineTopics, AWaitForAnIncarnationNotYetListedIsTakenUpWhenItIs) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 0, Gateway::topic_id(2));
  TopicState again = Gateway::orders();
  again.topic_id = Gateway::topic_id(2);
  g.list({again});
  g.commit("views", 0, 0);
  g.commit("views", 0, 1);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

TEST(EngineGroups, P7ADeniedGroupTakesNoPlace) {
  Gateway g;
  g.start();
  const std::size_t before = g.engine().stats().consumers;
  for (int i = 0; i < 5; ++i) g.commit("console-consumer-" + std::to_string(i), 0, 1);
  EXPECT_EQ(g.engine().stats().consumers, before);
}

// Found by the simulator, seed 22592: after a loss, a membership is told that the tail has yet to reach.
TEST(EngineGroups, WhatIsToldDuringALossDoesNotMakeAResetOfLaterCommits) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  g.engine().lost(g.now);
  GroupState asked;
  asked.group = "views";
  asked.managed = true;
  asked.as_of = g.tail();
  g.engine().group(asked, g.now, g.effects);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

}  // namespace
}  // namespace tidemark::core
