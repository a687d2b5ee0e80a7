// What consumers say of single records: acks, share groups, completed offsets (engine_ack.cpp).
#include <gtest/gtest.h>

#include "core/engine_fixture.h"
#include "core/topics.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

Ack an_ack(std::string_view consumer, Partition partition, Range offsets) {
  Ack ack;
  ack.consumer = consumer;
  ack.topic = "orders";
  ack.partition = partition;
  ack.offsets = offsets;
  return ack;
}

TEST(EngineAcks, P1AnAckForTheEventIsEnoughWithoutAnAnchor) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.ack("views", 0, {10, 10});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  EXPECT_EQ(g.outcome(wait).evidence.source, Evidence::Source::ack);
  EXPECT_EQ(g.outcome(wait).evidence.acked, (Range{10, 10}));
}

TEST(EngineAcks, P1AreStickyThoughTheTableOfPositionsIsFull) {
  EngineConfig config;
  config.max_frontiers = 1;
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);  // takes the only place
  g.ack("views", 1, {3, 3});
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(wait)) << "it sends acks";
}

TEST(EngineAcks, P6ComeInAnyOrderAndMoreThanOnce) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId first = g.append(0, 10);
  const WaitId second = g.append(0, 11);
  g.ack("views", 0, {11, 11});
  EXPECT_FALSE(g.answered(first));
  EXPECT_TRUE(g.answered(second));
  g.ack("views", 0, {11, 11});
  g.ack("views", 0, {10, 10});
  EXPECT_TRUE(g.answer(first).all_processed());
}

TEST(EngineAcks, P1CommitsOfAConsumerThatAcksAreNoEvidence) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  g.ack("views", 1, {3, 3});  // of another partition: the topic is what counts
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(wait));
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::ack);
  const WaitId next = g.append(0, 11);
  g.ack("views", 0, {11, 11});
  EXPECT_TRUE(g.answer(next).all_processed());
}

TEST(EngineAcks, DeclaredAckersAreNeverBelievedForCommits) {
  EngineConfig config;
  config.acking = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(wait));
}

TEST(EngineAcks, AFailureIsFinalAndTellsWhy) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.ack("views", 0, {10, 10}, true, "card refused");
  EXPECT_TRUE(g.answer(wait).settled);
  EXPECT_FALSE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::failed);
  EXPECT_EQ(g.outcome(wait).evidence.reason, "card refused");
}

TEST(EngineAcks, TheLaterOneWinsForWaitsThatAreOpen) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.ack("views", 0, {10, 10}, true, "busy");
  g.ack("views", 0, {10, 10});
  EXPECT_TRUE(g.answer(g.append(0, 10)).all_processed());
  g.ack("views", 0, {10, 10}, true, "undone");
  EXPECT_EQ(g.outcome(g.append(0, 10)).outcome, Outcome::failed);
}

TEST(EngineAcks, P1AnAckBeyondTheEndIsHeldAskedAndJudged) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.ack("views", 0, {Gateway::kEnd, Gateway::kEnd});
  g.ack("views", 0, {Gateway::kEnd + 5, Gateway::kEnd + 5});
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd + 1, asks[0].number);
  const auto again = g.asked();  // the second came when the first question was on its way
  ASSERT_EQ(again.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd + 1, again[0].number);
  EXPECT_EQ(g.engine().stats().acks_ignored, 1U) << "of a record that does not exist";
  EXPECT_TRUE(g.answer(g.append(0, Gateway::kEnd)).all_processed());
  const WaitId wait = g.append(0, Gateway::kEnd + 5);
  EXPECT_FALSE(g.answered(wait));
}

TEST(EngineAcks, P6WhatIsBehindOneThatWaitsForTheEndDoesNotOvertakeIt) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.ack("views", 0, {10, Gateway::kEnd + 2}, true, "no room");  // waits for the end
  g.ack("views", 0, {10, 10});                                   // the later one wins
  EXPECT_FALSE(g.answered(wait));
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd + 5, asks[0].number);
  const Answer after = g.look(g.answer(wait).mark);
  ASSERT_EQ(after.consumers.size(), 1U);
  EXPECT_EQ(after.consumers[0].outcome, Outcome::processed);
}

TEST(EngineAcks, P7AcksAboveTheEndAreKeptUpToABound) {
  Gateway g;
  g.start();
  g.members("views", 1);
  for (Offset i = 0; i < 200; ++i) g.ack("views", 0, {Gateway::kEnd + i, Gateway::kEnd + i});
  EXPECT_EQ(g.engine().stats().acks_ignored, 200 - PartitionEnds::kMaxHeldAcks);
}

TEST(EngineAcks, WhatCannotBeIsIgnoredAndCounted) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.ack("strangers", 0, {1, 1});
  g.ack("views", 7, {1, 1});
  g.ack("views", -1, {1, 1});
  g.ack("views", 0, {5, 4});
  g.ack("views", 0, {-3, 4});
  Ack other = an_ack("views", 0, {1, 1});
  other.topic_id = Gateway::topic_id(9);
  g.engine().ack(other, g.now, g.effects);
  other.topic = "__consumer_offsets";
  g.engine().ack(other, g.now, g.effects);
  EXPECT_EQ(g.engine().stats().acks_ignored, 7U);
  EXPECT_EQ(g.engine().stats().acks, 7U);
}

TEST(EngineAcks, ANamedPartyThatIsNoGroupAcksWhereItIsConfigured) {
  EngineConfig config;
  config.wait_for = {{"orders", {"mailer"}}};
  Gateway g(config);
  g.start();
  const WaitId wait = g.append(0, 10);
  g.ack("mailer", 0, {10, 10});
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineAcks, AnAckIsASignOfLife) {
  EngineConfig config;
  config.wait_for = {{"orders", {"mailer"}}};
  Gateway g(config);
  g.start();
  g.advance(config.absent_grace);
  g.ack("mailer", 0, {1, 1});
  const WaitId wait = g.append(0, 10);
  EXPECT_FALSE(g.answered(wait)) << "else it would be absent at once";
}

TEST(EngineAcks, AreCheckedBeforeTheyAreWritten) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const auto code = [&](const Ack& ack) {
    const auto refusal = g.engine().check(ack, g.now);
    return refusal ? std::optional(refusal->code) : std::nullopt;
  };
  EXPECT_EQ(code(an_ack("views", 0, {3, 9})), std::nullopt);
  EXPECT_EQ(code(an_ack("views", 3, {3, 9})), Refusal::Code::unknown_partition);
  EXPECT_EQ(code(an_ack("mailer", 0, {3, 9})), Refusal::Code::unexpected_consumer);
  EXPECT_EQ(code(an_ack("views", 0, {3, Gateway::kEnd})), Refusal::Code::beyond_end);
  Ack ack = an_ack("views", 0, {3, 9});
  ack.topic = "payments";
  EXPECT_EQ(code(ack), Refusal::Code::unknown_topic);
  ack.topic = "__consumer_offsets";
  EXPECT_EQ(code(ack), Refusal::Code::forbidden_topic);
}

TEST(EngineAcks, TheGatewayKnowsWhereItsRecentEventsWent) {
  Gateway g;
  g.start();
  EXPECT_FALSE(g.engine().find_event(g.request().id).has_value());
  g.append(1, 10);
  const auto position = g.engine().find_event(g.request().id);
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->topic, "orders");
  EXPECT_EQ(position->partition, 1);
  EXPECT_EQ(position->offset, 10);
}

TEST(EngineShare, ProgressOfAShareGroupCountsRecordByRecord) {
  Gateway g;
  g.start();
  g.members("workers", 1);
  const auto progress = [&](Offset start, std::vector<Range> done, std::vector<Range> given_up) {
    ShareProgress p = g.share_state(-1, start, given_up);
    p.acknowledged = done;
    g.share(p);
  };
  progress(5, {}, {});
  const WaitId low = g.append(0, 10), middle = g.append(0, 11), high = g.append(0, 12);
  progress(5, {{12, 12}}, {{11, 11}});
  EXPECT_FALSE(g.answered(low));
  EXPECT_EQ(g.outcome(middle).outcome, Outcome::failed);
  EXPECT_EQ(g.outcome(middle).evidence.source, Evidence::Source::share);
  EXPECT_TRUE(g.answer(high).all_processed());
  progress(13, {}, {});
  EXPECT_TRUE(g.answer(low).all_processed());
  EXPECT_EQ(g.outcome(low).evidence.source, Evidence::Source::share);
  EXPECT_EQ(g.outcome(g.append(0, 11)).outcome, Outcome::failed) << "given up stays given up";
}

TEST(EngineShare, AStateThatWasSetUpAnewPassesOverWhatLiesBetween) {
  Gateway g;
  g.start();
  g.members("workers", 1);
  g.share(g.share_state(1, 5));
  const WaitId passed = g.append(0, 10);
  g.share(g.share_state(2, 20));
  g.advance({});
  EXPECT_EQ(g.outcome(passed).outcome, Outcome::skipped);
  const std::vector<Range> given_up{{25, 25}};
  g.share(g.share_state(2, 20, given_up));
  g.share(g.share_state(3, 20));
  EXPECT_FALSE(g.answered(g.append(0, 25))) << "it is handed out anew";
}

// Found by the simulator: what was given up below the first state that a gateway reads is in no state any more.
TEST(EngineShare, P1AMarksAnchorProvesNothingOfAShareGroup) {
  Gateway a, b;
  for (Gateway* g : {&a, &b}) {
    g->start();
    g->members("workers", 1);
  }
  a.share(a.share_state(1, 5));
  PublishRequest request = a.request();
  request.wait = false;
  const Mark mark = a.answer(a.append(request, 0, 10)).mark;
  b.record = a.record + 1;
  b.share(b.share_state(1, 20));
  EXPECT_EQ(b.look(mark).consumers.at(0).outcome, Outcome::unanchored);
}

TEST(EngineShare, P10AStateOfLongAgoReadAtTheStartIsNoSignOfLife) {
  Gateway g;
  g.learn();
  g.share(g.share_state(1, 5));
  g.engine().synced(g.now);
  const WaitId wait = g.append(0, 10);
  EXPECT_TRUE(g.answer(wait).consumers.empty());
}

// Found by the simulator, seed 2991.
TEST(EngineShare, AStateThatComesBeforeItsPartitionIsListedCounts) {
  Gateway g;
  g.start();
  g.members("workers", 1);
  ShareProgress state = g.share_state(1, 0);
  state.partition = 3;
  const std::vector<Range> done{{0, 2}};
  state.acknowledged = done;
  g.engine().share(state, g.now, g.effects);
  g.list({{"orders", Gateway::topic_id(1), 4}});
  EXPECT_TRUE(g.answer(g.append(3, 2)).all_processed());
}

TEST(EngineParallel, CompletedOffsetsInACommitsMetadataCount) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId low = g.append(0, 10), high = g.append(0, 12);
  const std::vector<Range> done{{12, 14}};
  g.commit(g.with_done(10, done));
  EXPECT_FALSE(g.answered(low));
  EXPECT_TRUE(g.answer(high).all_processed());
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(low).all_processed());
}

TEST(EngineParallel, CompletedOffsetsThatWereAskedForSaySo) {
  for (const bool polled : {false, true}) {
    Gateway g;
    g.start();
    g.members("views", 1);
    const WaitId wait = g.append(0, 12);
    const std::vector<Range> done{{12, 14}};
    Commit commit = g.with_done(10, done);
    if (polled) commit.at.partition = kPolledLog;
    g.commit(commit);
    EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
    EXPECT_EQ(g.outcome(wait).evidence.source, polled ? Evidence::Source::poll : Evidence::Source::commit);
  }
}

TEST(EngineParallel, P3ALaterCommitThatDoesNotNameThemTakesThemBack) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const std::vector<Range> done{{12, 14}};
  g.commit(g.with_done(10, done));
  EXPECT_TRUE(g.answered(g.append(0, 12)));
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(g.append(0, 13)));
}

// Metadata of another log, as of a topic that was made again, names records that do not exist yet.
TEST(EngineParallel, P1CompletedOffsetsBeyondTheEndWaitForIt) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const std::vector<Range> done{{Gateway::kEnd, Gateway::kEnd + 4}};
  g.commit(g.with_done(10, done));
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd, asks[0].number);
  EXPECT_FALSE(g.answered(g.append(0, Gateway::kEnd)));
  g.commit(g.with_done(11, done));
  const auto again = g.asked();
  ASSERT_EQ(again.size(), 1U);
  const WaitId wait = g.append(0, Gateway::kEnd + 4);
  g.ends("orders", 0, Gateway::kEnd + 5, again[0].number);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

// Found by the simulator, seed 912000011431: the reset was held behind a commit beyond the end.
TEST(EngineParallel, P3AMoveBackThatIsHeldTakesThemBackAlready) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const std::vector<Range> done{{14, 14}};
  g.commit(g.with_done(10, done));
  g.commit("views", 0, Gateway::kEnd + 1);
  g.commit("views", 0, 12);
  const WaitId below = g.append(0, 11), above = g.append(0, 14);
  EXPECT_FALSE(g.answered(below));
  EXPECT_FALSE(g.answered(above));
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 0, Gateway::kEnd, asks[0].number);
  EXPECT_FALSE(g.answered(above)) << "it will be read again";
  g.commit("views", 0, 15);
  EXPECT_TRUE(g.answer(above).all_processed());
}

}  // namespace
}  // namespace tidemark::core
