// Marks resumed, by the gateway that wrote them and by others (P8).
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

// A publish answered as pending at its deadline; the mark goes through its text.
Mark pending_mark(Gateway& g, Partition partition, Offset offset) {
  PublishRequest request = g.request();
  request.wait = false;
  const auto text = encode(g.answer(g.append(request, partition, offset)).mark);
  EXPECT_TRUE(text.ok());
  return *decode(*text);
}

TEST(EngineResume, GoesOnWhereTheAnswerStopped) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const Mark mark = pending_mark(g, 0, 10);
  EXPECT_FALSE(g.look(mark).settled);
  EXPECT_EQ(g.look(mark).consumers[0].reason, PendingReason::lag);
  const WaitId wait = g.resume(mark);
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 11);
  const Answer answer = g.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_FALSE(answer.is_publish);
  EXPECT_EQ(answer.mark, mark) << "the mark stays good";
  EXPECT_TRUE(g.look(mark).all_processed());
}

TEST(EngineResume, ItsDeadlineIsItsOwn) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.resume(pending_mark(g, 0, 10));
  g.advance(seconds(2));
  EXPECT_FALSE(g.answer(wait).settled);
  EXPECT_EQ(g.answer(wait).elapsed, seconds(2));
}

TEST(EngineResume, P8AGatewayThatOnlyHasASeedAnswersTheSame) {
  Gateway a;
  a.start();
  a.members("views", 1);
  a.commit("views", 0, 10);
  const Mark mark = pending_mark(a, 0, 12);
  a.commit("views", 0, 13);
  EXPECT_TRUE(a.look(mark).all_processed());

  Gateway b({}, a.record);
  b.learn();
  b.seed("views", {{"orders", 0, 13, -1}});
  b.engine().synced(b.now);
  const Answer answer = b.look(mark);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(answer.consumers[0].evidence.anchor, 10) << "from the mark";
  EXPECT_EQ(answer.consumers[0].evidence.source, Evidence::Source::seed);

  Mark without = mark;
  without.terms[0].expected[0].anchor = {};
  EXPECT_EQ(b.look(without).consumers[0].outcome, Outcome::unanchored);
}

TEST(EngineResume, P8WhatACommitNamesAsDoneIsToldByTheSeed) {
  Gateway a;
  a.start();
  a.members("views", 1);
  a.commit("views", 0, 10);
  const Mark low = pending_mark(a, 0, 11), high = pending_mark(a, 0, 12);
  const std::vector<Range> done{{12, 14}};
  a.commit(a.with_done(10, done));
  EXPECT_TRUE(a.look(high).all_processed());

  Gateway b({}, a.record);
  b.learn();
  b.seed("views", {{"orders", 0, 10, -1, done}});
  b.engine().synced(b.now);
  EXPECT_TRUE(b.look(high).all_processed());
  EXPECT_EQ(b.look(high).consumers[0].evidence.source, Evidence::Source::seed);
  EXPECT_EQ(b.look(low).consumers[0].outcome, Outcome::pending);
  b.commit("views", 0, 10);
  EXPECT_EQ(b.look(high).consumers[0].outcome, Outcome::pending) << "P3";
}

TEST(EngineResume, P1WhatASeedNamesAsDoneBeyondTheEndWaitsForIt) {
  Gateway g;
  g.learn();
  g.members("views", 1);
  const std::vector<Range> done{{Gateway::kEnd, Gateway::kEnd + 4}};
  g.seed("views", {{"orders", 0, 10, -1, done}});
  g.engine().synced(g.now);
  const WaitId wait = g.append(0, Gateway::kEnd + 2);
  EXPECT_FALSE(g.answered(wait));
  g.ends("orders", 0, Gateway::kEnd + 5, g.asked().at(0).number);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST(EngineResume, P8AGatewayThatMissedAResetKnowsItFromTheSeed) {
  Gateway a;
  a.start();
  a.members("views", 1);
  a.commit("views", 0, 10);
  const Mark mark = pending_mark(a, 0, 12);
  a.commit("views", 0, 13);
  a.members("views", 0);
  a.commit("views", 0, 0);
  Gateway b({}, a.record);
  b.start();
  b.members("views", 1);
  b.seed("views", {{"orders", 0, 0, -1}});
  EXPECT_EQ(b.look(mark).consumers[0].outcome, Outcome::pending);
  EXPECT_EQ(a.look(mark).consumers[0].outcome, Outcome::pending) << "P3";
  b.commit("views", 0, 13);
  EXPECT_TRUE(b.look(mark).all_processed());
}

TEST(EngineResume, P1AnAnchorDoesNotOutweighWhatThisGatewaySaw) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const Mark mark = pending_mark(g, 0, 12);
  g.members("views", 0);
  g.commit("views", 0, 50);
  EXPECT_EQ(g.look(mark).consumers[0].outcome, Outcome::skipped);
  g.members("views", 1);
  g.commit("views", 0, 60);
  EXPECT_EQ(g.look(mark).consumers[0].outcome, Outcome::skipped);
}

TEST(EngineResume, P1AFreshDeclaredGroupMovedByHandHasNotReadTheEvent) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  const Mark mark = pending_mark(g, 0, 12);
  EXPECT_TRUE(mark.terms[0].expected[0].anchor.declared);
  g.members("views", 0);
  g.commit("views", 0, 50);
  g.members("views", 1);
  g.commit("views", 0, 60);
  EXPECT_EQ(g.look(mark).consumers[0].outcome, Outcome::unanchored);
}

TEST(EngineResume, WhomTheMarkNamesIsWaitedForThoughNobodyKnowsThem) {
  Gateway a;
  a.start();
  a.members("views", 1);
  const Mark mark = pending_mark(a, 0, 12);
  Gateway b;
  b.start();
  const WaitId wait = b.resume(mark);
  EXPECT_FALSE(b.answered(wait));
  b.advance(seconds(2));
  EXPECT_EQ(b.outcome(wait).reason, PendingReason::not_started);
}

// P10: a mark is a client's word, and publishes do not wait for it.
TEST(EngineResume, P10ANameOutOfAMarkDoesNotBecomeAConsumerOfTheTopic) {
  Gateway g;
  g.start();
  g.list({Gateway::orders(), {"payments", {}, 1}});
  g.members("views", 1);
  g.commit("assigner", 0, 5);
  Mark mark;
  for (const char* name : {"ghost", "views", "assigner"}) {
    Term& term = mark.terms.emplace_back();
    term.topic = "payments";
    term.first = term.last = static_cast<Offset>(mark.terms.size());
    term.expected.push_back({name, ExpectedBy::configured, {}});
  }
  g.resume(mark);
  PublishRequest request = g.request();
  request.topic = "payments";
  EXPECT_TRUE(g.answer(g.append(request, 0, 10)).no_consumers_known);
  for (const TopicView& topic : g.engine().topic_views(g.now))
    EXPECT_EQ(topic.wait_for.size(), topic.name == "orders" ? 2U : 0U) << topic.name;
}

TEST(EngineResume, OnlyNarrows) {
  Gateway g;
  g.start();
  for (const char* name : {"views", "search"}) {
    g.members(name, 1);
    g.commit(name, 0, 10);
  }
  ResumeRequest request = g.resumption(pending_mark(g, 0, 10));
  const std::vector<std::string> views{"views"}, nobody{"billing"};
  request.only = views;
  const WaitId wait = g.resume(request);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
  request.only = nobody;
  EXPECT_EQ(g.refused(request).code, Refusal::Code::unknown_consumer);
}

TEST(EngineResume, RefusesWhatIsGone) {
  Gateway g;
  g.start();
  g.members("views", 1);
  Mark mark = pending_mark(g, 0, 10);
  mark.terms[0].topic = "gone";
  EXPECT_EQ(g.refused(g.resumption(mark)).code, Refusal::Code::unknown_topic);
  mark.terms[0].topic = "orders";
  mark.terms[0].partition = 3;
  EXPECT_EQ(g.refused(g.resumption(mark)).code, Refusal::Code::unknown_partition);
  mark.terms[0].partition = 0;
  mark.terms[0].topic_id = Gateway::topic_id(9);
  const Refusal refusal = g.refused(g.resumption(mark));
  EXPECT_EQ(refusal.code, Refusal::Code::recreated_topic);
  EXPECT_EQ(refusal.field, "mark");
  EXPECT_EQ(g.engine().stats().open_waits, 0U);
}

TEST(EngineResume, AMergedMarkShowsTheWorstOutcomeOfEach) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  g.commit("views", 1, 10);
  const Mark mark = *merge(pending_mark(g, 0, 10), pending_mark(g, 1, 10));
  g.commit("views", 0, 11);
  const Answer answer = g.look(mark);
  EXPECT_FALSE(answer.settled);
  EXPECT_EQ(answer.positions.size(), 2U);
  ASSERT_EQ(answer.consumers.size(), 1U);
  EXPECT_EQ(answer.consumers[0].outcome, Outcome::pending);
  const WaitId wait = g.resume(mark);
  g.commit("views", 1, 11);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

// A range skipped by hand ends a wait for it even while an earlier, lower one goes on.
TEST(EngineResume, ASkipInsideAPrefixIsToldAtOnce) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  Mark prefix = pending_mark(g, 0, 10);
  prefix.terms[0].kind = Term::Kind::prefix;
  prefix.terms[0].last = 200;
  const WaitId lower = g.resume(pending_mark(g, 0, 150)), wait = g.resume(prefix);
  g.members("views", 0);
  g.commit("views", 0, 100);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
  EXPECT_FALSE(g.answered(lower));
}

// A wait for a merged mark succeeds only where waits for both would.
RC_GTEST_PROP(EngineResume, P8AMergedMarkIsProcessedOnlyIfBothAre, ()) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.members("search", 1);
  std::vector<Mark> marks;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(0, 2), rc::gen::inRange(0, 30)));
  for (const auto& [what, partition, offset] : steps) {
    if (what == 0) {
      marks.push_back(pending_mark(g, partition, offset));
    } else {
      g.commit(what == 1 ? "views" : "search", partition, offset);
    }
  }
  RC_PRE(!marks.empty());
  const auto any = [&] { return marks[static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(marks.size())))]; };
  Mark merged = any();
  bool all = g.look(merged).all_processed();
  for (int more = *rc::gen::inRange(1, 7); more > 0; --more) {
    const Mark next = any();
    all = all && g.look(next).all_processed();
    merged = *merge(merged, next);
  }
  const Answer answer = g.look(merged);
  RC_ASSERT(!answer.all_processed() || all);
  bool widened = false;
  for (const Term& term : merged.terms) widened = widened || term.kind == Term::Kind::prefix;
  if (!widened) RC_ASSERT(answer.all_processed() == all);
}

// One gateway saw everything; the other was started somewhere after the append.
RC_GTEST_PROP(EngineResume, P8TwoGatewaysAnswerTheSameForTheSameCommits, ()) {
  const auto commits = *rc::gen::resize(12, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30)));
  const Offset event = *rc::gen::inRange<Offset>(5, 25);
  const auto delivered_at = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(commits.size()) + 1));
  const auto started_at =
      static_cast<std::size_t>(*rc::gen::inRange<int>(static_cast<int>(delivered_at), static_cast<int>(commits.size()) + 1));
  Gateway a, b;
  a.start();
  b.start();
  a.members("views", 1);
  b.members("views", 1);
  Mark mark;
  for (std::size_t i = 0; i <= commits.size(); ++i) {
    if (i == delivered_at) mark = pending_mark(a, 0, event);
    if (i == started_at) {
      b.record = a.record;
      if (i > 0) b.seed("views", {{"orders", 0, commits[i - 1], -1}});
    }
    if (i == commits.size()) break;
    a.commit("views", 0, commits[i]);
    if (i >= started_at) b.commit("views", 0, commits[i]);
  }
  const Answer seen = a.look(mark), resumed = b.look(mark);
  RC_ASSERT(seen.consumers.size() == 1U);
  RC_ASSERT(resumed.consumers[0].outcome == seen.consumers[0].outcome);
}

}  // namespace
}  // namespace tidemark::core
