// Deadlines, overdue appends, absence, draining and clients that go away:
// engine.cpp's tick, drain and cancel (P4).
#include <gtest/gtest.h>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void settle_in(Gateway& g, const std::string& group, Offset committed) {
  g.members(group, 1);
  g.commit(group, 0, committed);
}

TEST(EngineTime, P4TheDeadlineAnswersAtItsTimeAndNotBefore) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId wait = g.append(0, 10);
  ASSERT_TRUE(g.engine().next_wakeup().has_value());
  g.advance(seconds(2) - milliseconds(1));
  EXPECT_FALSE(g.answered(wait));
  EXPECT_EQ(*g.engine().next_wakeup(), g.now + milliseconds(1));
  g.advance(milliseconds(1));
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_EQ(g.engine().stats().answers_pending, 1U);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.engine().stats().answers_processed, 0U);
}

TEST(EngineTime, P4AnOverdueAppendIsWithdrawnAndThenAnswered) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId wait = g.publish();
  g.now += seconds(2);
  g.engine().tick(g.now, g.effects);
  ASSERT_EQ(g.effects.overdue_appends, std::vector<WaitId>{wait});
  g.effects.clear();
  g.engine().tick(g.now, g.effects);
  EXPECT_TRUE(g.effects.overdue_appends.empty()) << "once";
  EXPECT_FALSE(g.answered(wait));
  Delivery withdrawn;
  withdrawn.fate = Delivery::Fate::not_appended;
  withdrawn.reason = Delivery::Reason::timeout;
  g.deliver(wait, withdrawn);
  EXPECT_EQ(g.answer(wait).reason, Delivery::Reason::timeout);
}

TEST(EngineTime, P4AnAppendThatSucceedsAtTheLastMomentIsAnsweredAtOnce) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId wait = g.publish();
  g.now += seconds(2);
  g.deliver(wait, 0, 10);
  EXPECT_EQ(g.answer(wait).fate, Delivery::Fate::appended);
  EXPECT_FALSE(g.answer(wait).settled);
}

TEST(EngineTime, P4ACancelledWaitIsFreedAndLateNewsReachNobody) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId appending = g.publish(), waiting = g.append(0, 10);
  EXPECT_EQ(g.engine().stats().open_obligations, 1U);
  g.cancel(appending);
  g.cancel(waiting);
  EXPECT_EQ(g.engine().stats().open_waits, 0U);
  EXPECT_EQ(g.engine().stats().open_obligations, 0U);
  EXPECT_EQ(g.engine().stats().cancelled, 2U);
  const WaitId next = g.publish();  // takes over a slot
  g.deliver(appending, 0, 11);
  g.engine().cancel(waiting);
  g.commit("views", 0, 20);
  EXPECT_FALSE(g.answered(next));
  g.deliver(next, 0, 25);
  EXPECT_FALSE(g.answered(next));
  EXPECT_EQ(g.engine().stats().cancelled, 2U);
}

TEST(EngineTime, ASecondDeliveryChangesNothing) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId wait = g.append(0, 10);
  g.deliver(wait, 0, 5);
  g.deliver(wait, Delivery{});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineAbsence, OnlyAfterTheGraceWithoutMembersAndCommits) {
  EngineConfig config;
  config.wait_for["orders"] = {"views"};
  Gateway g(config);
  g.start();
  settle_in(g, "views", 10);
  g.advance(seconds(60));
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(50);
  const WaitId wait = g.append(request, 0, 10);
  g.members("views", 0);
  g.advance(seconds(30) - milliseconds(1));
  EXPECT_FALSE(g.answered(wait)) << "a rolling restart has no members for a moment";
  g.advance(milliseconds(1));
  EXPECT_TRUE(g.answer(wait).settled);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::absent);
  EXPECT_NE(g.outcome(wait).hint.find("30 s"), std::string::npos);
  const WaitId next = g.append(0, 11);
  EXPECT_EQ(g.outcome(next).outcome, Outcome::absent) << "at once, being known";
}

TEST(EngineAbsence, AMemberThatReturnsEndsTheGrace) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(60);
  const WaitId wait = g.append(request, 0, 10);
  g.members("views", 0);
  g.advance(seconds(29));
  g.members("views", 2);
  g.advance(seconds(20));
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineAbsence, CommitsAreTheHeartbeatOfAnUnmanagedGroup) {
  Gateway g;
  g.start();
  g.advance(seconds(100));
  g.commit("assigner", 0, 10);
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(100);
  const WaitId wait = g.append(request, 0, 50);
  for (Offset o = 11; o < 15; ++o) {
    g.advance(seconds(20));
    EXPECT_FALSE(g.answered(wait));
    g.commit("assigner", 1, o);  // any partition will do
  }
  g.advance(seconds(19));
  EXPECT_FALSE(g.answered(wait));
  g.advance(seconds(1));
  EXPECT_FALSE(g.answer(wait).settled) << "the deadline, before the grace";
  g.advance(seconds(10));
  EXPECT_TRUE(g.answer(g.append(0, 60)).no_consumers_known) << "an observed one that stays away is dropped";
}

TEST(EngineAbsence, AMoveByHandIsNoSignOfLife) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(60);
  const WaitId wait = g.append(request, 0, 10);
  g.members("views", 0);
  g.advance(seconds(20));
  g.commit("views", 0, 5);
  g.advance(seconds(10));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::absent);
}

TEST(EngineAbsence, WhatWasFoundWithoutMembersIsNotWaitedForUntilItCommits) {
  Gateway g;
  g.list({Gateway::orders()});
  g.ends("orders", 0, Gateway::kEnd, 0);
  GroupState state;
  state.group = "views";
  state.managed = true;
  state.as_of = g.tail();
  g.engine().group(state, g.now, g.effects);
  g.seed("views", {{"orders", 0, 10, -1}});
  g.engine().synced(g.now);
  EXPECT_TRUE(g.answer(g.append(0, 10)).no_consumers_known);
  g.record = 100;
  g.members("views", 1);
  const WaitId wait = g.append(0, 11);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 12);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).evidence.anchor, 10) << "the seed anchors it";
}

// Nothing is heard while the log is lost: silence proves nothing (P8).
TEST(EngineAbsence, NobodyBecomesAbsentWhileTheLogIsLost) {
  EngineConfig config;
  config.wait_for["orders"] = {"views"};
  Gateway g(config);
  g.start();
  settle_in(g, "views", 10);
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(300);
  const WaitId wait = g.append(request, 0, 10);
  g.members("views", 0);
  g.engine().lost(g.now);
  g.advance(seconds(100));
  EXPECT_FALSE(g.answered(wait));
  g.engine().synced(g.now);
  g.advance(seconds(29));
  EXPECT_FALSE(g.answered(wait)) << "the grace begins when it is heard again";
  g.advance(seconds(1));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::absent);
}

TEST(EngineAbsence, ANameThatNobodyHasSeenIsAbsentOnlyAfterTheGrace) {
  EngineConfig config;
  config.wait_for["orders"] = {"ghost"};
  Gateway g(config);
  g.start();
  const WaitId early = g.append(0, 10);
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(early).outcome, Outcome::pending);
  EXPECT_EQ(g.outcome(early).reason, PendingReason::not_started);
  g.advance(seconds(28));
  EXPECT_EQ(g.outcome(g.append(0, 11)).outcome, Outcome::absent);
}

TEST(EngineDrain, HeldRequestsAreAnsweredWithinTheBoundAndNewOnesRefused) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  PublishRequest longer = g.request();
  longer.deadline = g.now + seconds(60);
  const WaitId held = g.append(longer, 0, 10), settles = g.append(longer, 0, 10), appending = g.publish(longer);
  const WaitId sooner = g.append(0, 30);  // its own deadline is before the bound
  g.engine().drain(g.now + seconds(5));
  EXPECT_FALSE(g.engine().ready(g.now));
  const Refusal refusal = g.refused(g.request());
  EXPECT_EQ(refusal.code, Refusal::Code::draining);
  EXPECT_GT(refusal.retry_after, Duration::zero());
  g.cancel(settles);
  g.advance(seconds(2));
  EXPECT_FALSE(g.answer(sooner).draining);
  g.advance(seconds(3));
  EXPECT_TRUE(g.answer(held).draining);
  EXPECT_FALSE(g.answer(held).settled);
  EXPECT_EQ(g.answer(appending).fate, Delivery::Fate::unknown);
  EXPECT_EQ(g.engine().stats().open_waits, 0U);
}

TEST(EngineDrain, WhatSettlesMeanwhileIsAnOrdinaryAnswer) {
  Gateway g;
  g.start();
  settle_in(g, "views", 10);
  const WaitId wait = g.append(0, 10);
  g.engine().drain(g.now + seconds(1));
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_FALSE(g.answer(wait).draining);
}

TEST(EngineTime, NothingToDoNeedsNoWakeup) {
  Gateway g;
  g.start();
  EXPECT_FALSE(g.engine().next_wakeup().has_value());
  settle_in(g, "views", 10);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answered(wait));
  EXPECT_FALSE(g.engine().next_wakeup().has_value());
}

}  // namespace
}  // namespace tidemark::core
