// Barriers: positions, and whole topics as they are when their ends are told (engine_barrier.cpp).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

const std::vector<std::string> kOrders{"orders"};

BarrierRequest over_orders(const Gateway& g) {
  BarrierRequest request = g.barrier();
  request.topics = kOrders;
  return request;
}

// Answers all that the barrier asked: partition p ends at `ends[p]`.
void tell_ends(Gateway& g, const std::vector<Offset>& ends) {
  for (const AskEnds& ask : g.asked())
    g.ends(ask.topic, ask.partition, ends.at(static_cast<std::size_t>(ask.partition)), ask.number);
}

// As at a start: the group's subscription was told, and where the partitions then ended.
void first_seen(Gateway& g, const std::string& group, const std::vector<Offset>& ends) {
  g.introduce(group);
  tell_ends(g, ends);
}

TEST(EngineBarrier, ATopicIsAllThatIsInItWhenItsEndsAreTold) {
  Gateway g;
  g.list({Gateway::orders()});
  g.engine().synced(g.now);
  first_seen(g, "views", {0, 0, 0});
  for (Partition p = 0; p < 3; ++p) g.commit("views", p, 0);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {3, 0, 2});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 3);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 2, 2);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_FALSE(g.answer(wait).is_publish);
  EXPECT_EQ(g.answer(wait).positions.size(), 3U);
}

// Found by the simulator, seed 191.
TEST(EngineBarrier, IsNotSettledBeforeItsEndsAreToldEvenWhereNobodyIsAsked) {
  Gateway g;
  g.start();
  const WaitId wait = g.barrier(over_orders(g));
  g.advance(seconds(3));
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_TRUE(g.answer(wait).mark.empty());
}

TEST(EngineBarrier, AnEndKnownFromBeforeDoesNotDo) {
  Gateway g;
  g.start();
  first_seen(g, "views", {0, 0, 0});
  for (Partition p = 0; p < 3; ++p) g.commit("views", p, Gateway::kEnd);
  const WaitId wait = g.barrier(over_orders(g));
  EXPECT_FALSE(g.answered(wait)) << "the caller may have appended since";
  tell_ends(g, {Gateway::kEnd + 1, Gateway::kEnd, Gateway::kEnd});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, Gateway::kEnd + 1);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineBarrier, APartitionThatALiveGroupNeverHadReasonToCommitHoldsNothing) {
  Gateway g;
  g.start();
  first_seen(g, "views", {500, 500, 500});
  const WaitId idle = g.barrier(over_orders(g));
  tell_ends(g, {500, 500, 500});
  EXPECT_TRUE(g.answer(idle).all_processed());
  EXPECT_EQ(g.outcome(idle).evidence.since, 500);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {500, 501, 500});
  EXPECT_FALSE(g.answered(wait)) << "a record came since it was first seen";
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::not_started);
}

// Found by the simulator, seed 20957: the question about the end was answered late.
TEST(EngineBarrier, AnAppendSaysTheEndToThoseFirstSeenBeforeIt) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.append(1, Gateway::kEnd);
  g.ends("orders", 1, Gateway::kEnd + 2, 0);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {Gateway::kEnd, Gateway::kEnd + 2, Gateway::kEnd});
  EXPECT_FALSE(g.answered(wait)) << "a record came behind the append, and who was there before must read it";
}

TEST(EngineBarrier, AGroupDeclaredToBeginAtTheStartIsAskedForAll) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  first_seen(g, "views", {500, 0, 0});
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {500, 0, 0});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 500);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

// Nothing could ever prove what it read before, and it would be unanchored for this gateway's life.
TEST(EngineBarrier, OneDeclaredToBeginAtTheStartThatHadBegunIsAskedFromItsFirstKnownCommit) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.learn();
  g.seed("views", {{"orders", 0, 40, -1}, {"orders", 1, 10, -1}});
  g.engine().synced(g.now);
  g.members("views", 1);
  g.commit("views", 2, 10);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {42, 10, 10});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 42);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).evidence.since, 40);
}

TEST(EngineBarrier, OneThatWasSeenToBeginAtTheStartIsAskedForAll) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  for (Partition p = 0; p < 3; ++p) g.commit("views", p, 10);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {10, 10, 10});
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).evidence.since, kNoOffset) << "nothing is left out";
  g.commit("views", 0, 4);  // reset by itself, and reads again
  const WaitId again = g.barrier(over_orders(g));
  tell_ends(g, {10, 10, 10});
  EXPECT_FALSE(g.answered(again));
}

TEST(EngineBarrier, WhatLiesBelowTheFirstKnownCommitIsNotAsked) {
  Gateway g;
  g.learn();
  g.seed("views", {{"orders", 0, 40, -1}, {"orders", 1, 10, -1}, {"orders", 2, 10, -1}});
  g.engine().synced(g.now);
  g.members("views", 1);
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {42, 10, 10});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 42);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).evidence.since, 40);
}

TEST(EngineBarrier, ItsMarkIsResumedElsewhere) {
  Gateway g;
  g.start();
  first_seen(g, "views", {0, 0, 0});
  for (Partition p = 0; p < 3; ++p) g.commit("views", p, 5);
  BarrierRequest request = over_orders(g);
  request.wait = false;
  const WaitId wait = g.barrier(request);
  tell_ends(g, {7, 5, 5});
  g.see_nothing();
  const Answer answer = g.answer(wait);
  EXPECT_FALSE(answer.settled);
  const auto text = encode(answer.mark);
  ASSERT_TRUE(text.ok());

  Gateway other({}, g.record);
  other.learn();
  other.seed("views", {{"orders", 0, 5, -1}, {"orders", 1, 5, -1}, {"orders", 2, 5, -1}});
  other.engine().synced(other.now);
  other.members("views", 1);
  const WaitId resumed = other.resume(*decode(*text));
  EXPECT_FALSE(other.answered(resumed));
  other.commit("views", 0, 7);
  EXPECT_TRUE(other.answer(resumed).all_processed());
}

TEST(EngineBarrier, APositionIsLikeAnEvent) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  const std::vector<PositionRequest> positions{{"orders", 0, 6}, {"orders", 0, 4}};
  BarrierRequest request = g.barrier();
  request.positions = positions;
  const WaitId wait = g.barrier(request);
  tell_ends(g, {8, 0, 0});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 7);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored) << "offset 4 lies below all that was seen";
}

TEST(EngineBarrier, APositionBeyondTheEndIsRefusedOnceTheEndIsTold) {
  Gateway g;
  g.start();
  const std::vector<PositionRequest> positions{{"orders", 0, 6}};
  BarrierRequest request = g.barrier();
  request.positions = positions;
  const WaitId wait = g.barrier(request);
  tell_ends(g, {6, 0, 0});
  ASSERT_EQ(g.effects.refusals.size(), 1U);
  EXPECT_EQ(g.effects.refusals[0].first, wait);
  EXPECT_EQ(g.effects.refusals[0].second.code, Refusal::Code::beyond_end);
  EXPECT_EQ(g.engine().stats().open_waits, 0U);
  g.forget(wait);
}

TEST(EngineBarrier, RefusesWhatDoesNotExistAndNamesTheField) {
  EngineConfig config;
  config.max_barrier_partitions = 3;
  Gateway g(config);
  g.start();
  BarrierRequest request = g.barrier();
  const std::vector<std::string> typo{"orders", "ordres"}, internal{"__consumer_offsets"}, twice{"orders", "orders"};
  request.topics = typo;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::unknown_topic);
  EXPECT_EQ(g.refused(request).field, "topics[1]");
  request.topics = internal;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::forbidden_topic);
  request.topics = twice;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::too_many_partitions);
  request.topics = {};
  const std::vector<PositionRequest> no_partition{{"orders", 3, 0}};
  request.positions = no_partition;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::unknown_partition);
  EXPECT_EQ(g.refused(request).field, "positions[0].partition");
  request.positions = {};
  request.topics = kOrders;
  const std::vector<std::string> nobody{"mailer"};
  request.only = nobody;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::unknown_consumer);
  EXPECT_EQ(g.engine().stats().open_waits, 0U);
}

TEST(EngineBarrier, P4IsAnsweredAtItsDeadlineThoughNoEndWasTold) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.barrier(over_orders(g));
  g.advance(seconds(2));
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_TRUE(g.answer(wait).mark.empty()) << "what it would stand for is not known";
  tell_ends(g, {1, 1, 1});
}

TEST(EngineBarrier, AnAckerIsAskedForItsAcks) {
  Gateway g;
  g.start();
  first_seen(g, "views", {0, 0, 0});
  g.ack("views", 0, {0, 1});
  const WaitId wait = g.barrier(over_orders(g));
  tell_ends(g, {4, 0, 0});
  g.ack("views", 0, {3, 3});
  EXPECT_FALSE(g.answered(wait));
  g.ack("views", 0, {2, 2});
  EXPECT_TRUE(g.answer(wait).all_processed());
  const WaitId failing = g.barrier(over_orders(g));
  tell_ends(g, {9, 0, 0});
  g.ack("views", 0, {5, 5}, true, "no such product");
  EXPECT_EQ(g.outcome(failing).outcome, Outcome::failed);
}

}  // namespace
}  // namespace tidemark::core
