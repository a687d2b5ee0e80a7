// Publishes, from admission to answer: engine.cpp, engine_needs.cpp and engine_answer.cpp.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EnginePublish, P1AnswersWhenTheConsumerHasCommittedAboveTheEvent) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  EXPECT_FALSE(g.answered(wait));
  g.now += milliseconds(3);
  g.commit("views", 0, 10);
  EXPECT_FALSE(g.answered(wait)) << "committed is the next offset to read";
  const LogPoint at = g.commit("views", 0, 11);
  const Answer answer = g.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_TRUE(answer.is_publish);
  EXPECT_EQ(answer.fate, Delivery::Fate::appended);
  EXPECT_EQ(answer.id, Gateway::topic_id(77));
  EXPECT_EQ(answer.positions, (std::vector<Position>{{"orders", Gateway::topic_id(1), 0, 10, -1}}));
  EXPECT_EQ(answer.elapsed, milliseconds(3));
  EXPECT_EQ(answer.append_elapsed, milliseconds(0));
  ASSERT_EQ(answer.consumers.size(), 1U);
  const ConsumerOutcome& views = answer.consumers[0];
  EXPECT_EQ(views.name, "views");
  EXPECT_EQ(views.expected_by, ExpectedBy::observed);
  EXPECT_EQ(views.outcome, Outcome::processed);
  EXPECT_EQ(views.evidence.source, Evidence::Source::commit);
  EXPECT_EQ(views.evidence.committed, 11);
  EXPECT_EQ(views.evidence.anchor, 10);
  EXPECT_EQ(views.evidence.at, at);
  EXPECT_EQ(views.elapsed, milliseconds(3));
  ASSERT_EQ(answer.mark.terms.size(), 1U);
  EXPECT_EQ(answer.mark.terms[0].first, 10);
  EXPECT_EQ(answer.mark.terms[0].expected[0].anchor.committed, 10);
}

// DESIGN §4: a commit may come before the delivery report of the event it covers.
TEST(EnginePublish, P6TheOrderOfDeliveryAndCommitDoesNotMatter) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId early = g.publish();
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(early));
  g.deliver(early, 0, 10);
  EXPECT_TRUE(g.answer(early).all_processed());
  EXPECT_EQ(g.outcome(early).evidence.anchor, 10);
  EXPECT_EQ(g.answer(early).mark.terms[0].expected[0].anchor.committed, 10);
}

TEST(EnginePublish, P6ACommitBeyondTheKnownEndIsAnsweredByTheDeliveryThatRaisesIt) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, Gateway::kEnd);
  const WaitId wait = g.publish();
  g.commit("views", 0, Gateway::kEnd + 1);
  g.deliver(wait, 0, Gateway::kEnd);
  EXPECT_TRUE(g.answer(wait).all_processed()) << "the delivery itself says that the end is above";
  g.asked();
}

TEST(EnginePublish, P1AGroupThatStartsAtLatestIsUnanchored) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 20);
  const Answer answer = g.answer(wait);
  EXPECT_TRUE(answer.settled);
  EXPECT_FALSE(answer.all_processed());
  EXPECT_EQ(answer.consumers[0].outcome, Outcome::unanchored);
  EXPECT_NE(answer.consumers[0].hint.find("reset: earliest"), std::string::npos);
  const WaitId next = g.append(0, 20);
  g.commit("views", 0, 21);
  EXPECT_TRUE(g.answer(next).all_processed()) << "from then on it is anchored";
}

TEST(EnginePublish, P1ADeclaredStartAnchorsAFreshGroup) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 20);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_TRUE(g.outcome(wait).evidence.anchor_declared);
}

TEST(EnginePublish, P1ACommitOfAnotherPartitionOrTopicOrGroupIsNoEvidence) {
  Gateway g;
  g.start();
  g.list({Gateway::orders(), {"views", {}, 1}});
  g.ends("views", 0, 1000, 0);
  g.members("billing", 1);
  g.members("search", 1, {"views"});
  for (Partition p = 0; p < 3; ++p) g.commit("billing", p, 10);
  const WaitId wait = g.append(0, 10);
  g.commit("billing", 1, 50);
  g.commit("billing", 2, 50);
  g.commit("billing", 0, 50, "views");
  g.commit("search", 0, 5);
  g.commit("search", 0, 50);
  EXPECT_FALSE(g.answered(wait));
  g.commit("billing", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EnginePublish, P3AResetToEarliestWhileWaitingIsPendingUntilItIsReadAgain) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  g.commit("views", 0, 15);
  const WaitId wait = g.publish();
  g.members("views", 0);
  g.commit("views", 0, 0);
  g.deliver(wait, 0, 12);
  EXPECT_FALSE(g.answered(wait)) << "the latest commit decides, not the highest";
  g.members("views", 1);
  g.commit("views", 0, 12);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 13);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EnginePublish, P1AForwardResetByAnEmptyGroupIsSkipped) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 12);
  g.members("views", 0);
  g.commit("views", 0, 100);
  const Answer answer = g.answer(wait);
  EXPECT_TRUE(answer.settled);
  EXPECT_EQ(answer.consumers[0].outcome, Outcome::skipped);
  EXPECT_FALSE(answer.consumers[0].hint.empty());
}

// The record of the commit is older than the group's emptiness: it was a member's.
TEST(EnginePublish, P1ACommitWrittenBeforeTheGroupEmptiedIsWork) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 12);
  Commit transactional;
  transactional.group = "views";
  transactional.topic = "orders";
  transactional.offset = 13;
  transactional.at = {0, g.record++};
  g.members("views", 0);
  transactional.settled_at = g.record++;
  g.commit(transactional);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EnginePublish, EveryGroupCountsAndTheSlowOneIsNamed) {
  Gateway g;
  g.start();
  for (const char* name : {"views", "search"}) {
    g.members(name, 1);
    g.commit(name, 0, 10);
  }
  const WaitId wait = g.append(0, 10);
  g.now += seconds(1);
  g.commit("views", 0, 11);
  EXPECT_FALSE(g.answered(wait));
  g.advance(seconds(1));
  const Answer answer = g.answer(wait);
  EXPECT_FALSE(answer.settled);
  EXPECT_FALSE(answer.all_processed());
  ASSERT_EQ(answer.consumers.size(), 2U);
  EXPECT_EQ(answer.consumers[0].outcome, Outcome::processed);
  EXPECT_EQ(answer.consumers[0].elapsed, seconds(1));
  EXPECT_EQ(answer.consumers[1].name, "search");
  EXPECT_EQ(answer.consumers[1].outcome, Outcome::pending);
  EXPECT_EQ(answer.consumers[1].reason, PendingReason::lag);
  EXPECT_EQ(answer.consumers[1].elapsed, seconds(2));
}

TEST(EnginePublish, AGroupThatNeverCommittedIsPendingNotStarted) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::not_started);
}

TEST(EnginePublish, ThePendingReasonIsTheOneAtTheDeadline) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 5);
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::lag);
  EXPECT_EQ(g.outcome(wait).evidence.committed, 5);
}

TEST(EnginePublish, WaitingForNobodyOnPurposeIsSuccess) {
  EngineConfig config;
  config.wait_for["orders"] = {};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_TRUE(g.answer(wait).consumers.empty());
  EXPECT_FALSE(g.answer(wait).no_consumers_known);
}

TEST(EnginePublish, NobodyKnownIsSettledWithoutSuccess) {
  Gateway g;
  g.start();
  const WaitId wait = g.append(0, 10);
  EXPECT_TRUE(g.answer(wait).settled);
  EXPECT_TRUE(g.answer(wait).no_consumers_known);
  EXPECT_FALSE(g.answer(wait).all_processed());
}

TEST(EnginePublish, OnlyNarrowsWhoIsWaitedFor) {
  EngineConfig config;
  config.wait_for["orders"] = {"views", "search"};
  Gateway g(config);
  g.start();
  PublishRequest request = g.request();
  const std::vector<std::string> views{"views"}, other{"views", "veiws"};
  request.only = views;
  const WaitId wait = g.append(request, 0, 10);
  g.commit("views", 0, 5);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).expected_by, ExpectedBy::configured);
  request.only = other;
  const Refusal refusal = g.refused(request);
  EXPECT_EQ(refusal.code, Refusal::Code::unknown_consumer);
  EXPECT_EQ(refusal.field, "for");
  EXPECT_NE(refusal.detail.find("views, search"), std::string::npos);
}

TEST(EnginePublish, WithoutWaitingItAnswersOnceAppended) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  PublishRequest request = g.request();
  request.wait = false;
  const WaitId wait = g.append(request, 0, 10);
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::lag);
  EXPECT_EQ(g.engine().stats().open_obligations, 0U);
}

TEST(EnginePublish, P5NothingAppendedCarriesNoMark) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.publish();
  Delivery delivery;
  delivery.fate = Delivery::Fate::not_appended;
  delivery.reason = Delivery::Reason::too_large;
  delivery.detail = "it is larger than the topic takes";
  g.deliver(wait, delivery);
  const Answer answer = g.answer(wait);
  EXPECT_EQ(answer.fate, Delivery::Fate::not_appended);
  EXPECT_EQ(answer.reason, Delivery::Reason::too_large);
  EXPECT_EQ(answer.detail, delivery.detail);
  EXPECT_TRUE(answer.mark.empty());
  EXPECT_TRUE(answer.positions.empty());
  EXPECT_EQ(g.engine().stats().answers_not_appended, 1U);
}

TEST(EnginePublish, P5AnUnknownAppendCarriesAPendingMarkAndIsNeverSuccess) {
  EngineConfig config;
  config.wait_for["orders"] = {};
  Gateway g(config);
  g.start();
  const WaitId wait = g.publish();
  Delivery delivery;
  delivery.partition = 1;
  delivery.offset = 40;
  g.deliver(wait, delivery);
  const Answer answer = g.answer(wait);
  EXPECT_EQ(answer.fate, Delivery::Fate::unknown);
  EXPECT_FALSE(answer.all_processed());
  ASSERT_EQ(answer.mark.terms.size(), 1U);
  EXPECT_EQ(answer.mark.terms[0].kind, Term::Kind::pending);
  EXPECT_EQ(answer.mark.terms[0].id, Gateway::topic_id(77));
  EXPECT_EQ(answer.mark.terms[0].partition, 1);
  EXPECT_EQ(answer.mark.terms[0].first, 40);
  const auto text = encode(answer.mark);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*decode(*text), answer.mark);
}

TEST(EnginePublish, P5AnUnknownAppendNamesWhomItWaitedFor) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.publish();
  g.deliver(wait, Delivery{});
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
  EXPECT_EQ(g.outcome(wait).reason, PendingReason::append);
  EXPECT_EQ(g.answer(wait).mark.terms[0].expected[0].name, "views");
}

TEST(EnginePublish, P10WhoIsWaitedForIsFixedAtTheAdmission) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.publish();
  g.members("late", 1);
  g.deliver(wait, 0, 10);
  g.members("later", 1);
  g.members("views", 1, {"other"});
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.answer(wait).consumers.size(), 1U);
}

TEST(EnginePublish, P10StrangersAreNotWaitedFor) {
  EngineConfig config;
  config.deny.push_back("tmp-*");
  Gateway g(config);
  g.start();
  for (const char* name : {"console-consumer-1", "tmp-x", "connect-sink"}) {
    g.members(name, 1);
    g.commit(name, 0, 5);
  }
  EXPECT_TRUE(g.answer(g.append(0, 10)).no_consumers_known);
}

// A publish goes into one incarnation of a topic; commits of another say nothing.
TEST(EnginePublish, P1AnAppendToAnotherIncarnationIsNotJudgedByThisOne) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 0);
  g.commit("views", 0, 50);
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 10, Gateway::topic_id(2));  // made again, and the list not yet read
  EXPECT_FALSE(g.answered(wait));
  g.list({{"orders", Gateway::topic_id(2), 3}});
  g.advance(seconds(2));
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
  EXPECT_FALSE(g.answer(wait).mark.terms[0].expected[0].anchor.known()) << "nor anchored by it";
}

TEST(EnginePublish, P9ACommitSettlesWhatItEndsAndLeavesTheRest) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  std::vector<WaitId> waits;
  for (Offset o = 10; o < 110; ++o) waits.push_back(g.append(0, o));
  g.commit("views", 0, 50);
  for (std::size_t i = 0; i < waits.size(); ++i) EXPECT_EQ(g.answered(waits[i]), i < 40) << i;
  EXPECT_EQ(g.engine().stats().obligations_settled, 40U);
  EXPECT_EQ(g.engine().stats().open_obligations, 60U);
}

}  // namespace
}  // namespace tidemark::core
