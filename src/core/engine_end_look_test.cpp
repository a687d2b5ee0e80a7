// Topics that end in what consumers never see (engine_end_look.cpp).
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::string> kOrders{"orders"};

class EndLook : public testing::Test {
 protected:
  // "orders" with `partitions`, read by `groups` from its start.
  void start(const std::vector<std::string>& groups, Partition partitions = 3) {
    g.list({{"orders", Gateway::topic_id(1), partitions}});
    g.engine().synced(g.now);
    for (const std::string& group : groups) {
      g.introduce(group);
      tell_ends(g, {});
      for (Partition p = 0; p < partitions; ++p) g.commit(group, p, 0);
    }
  }
  // Partition p ends at `ends[p]`, or at 0.
  static void tell_ends(Gateway& gateway, const std::vector<Offset>& ends) {
    for (const AskEnds& ask : gateway.asked()) {
      const auto p = static_cast<std::size_t>(ask.partition);
      gateway.ends(ask.topic, ask.partition, p < ends.size() ? ends[p] : 0, ask.number);
    }
  }
  WaitId barrier(const std::vector<Offset>& ends, bool hold = true) {
    BarrierRequest request = g.barrier();
    request.topics = kOrders;
    request.deadline = g.now + seconds(100);
    request.wait = hold;
    const WaitId wait = g.barrier(request);
    tell_ends(g, ends);
    return wait;
  }
  std::vector<Look> looks(Duration later) {
    g.effects.looks.clear();
    g.advance(later);
    return std::exchange(g.effects.looks, {});
  }
  // The only look asked for within `later`.
  Look look(Duration later) {
    const auto asked = looks(later);
    EXPECT_EQ(asked.size(), 1U);
    return asked.empty() ? Look{} : asked.front();
  }
  static Sight none(const Look& question, bool complete = true) {
    Sight sight;
    sight.number = question.number;
    sight.result = Sight::Result::none;
    sight.topic_id = Gateway::topic_id(1);
    sight.until = question.until;
    sight.complete = complete;
    return sight;
  }
  static Sight found(const Look& question, Offset last, bool complete) {
    Sight sight = none(question, complete);
    sight.result = Sight::Result::found;
    sight.offset = question.from;
    sight.last = last;
    return sight;
  }

  Gateway g;
};

TEST_F(EndLook, AConsumerThatStopsBelowAMarkerIsDone) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId wait = barrier({15});
  EXPECT_TRUE(g.effects.looks.empty()) << "it may be about to move";
  const Look asked = look(milliseconds(100));
  EXPECT_EQ(asked.topic, "orders");
  EXPECT_EQ(asked.from, 14);
  EXPECT_EQ(asked.until, 15);
  EXPECT_FALSE(asked.id.has_value());
  EXPECT_FALSE(g.answered(wait));
  g.sight(none(asked));
  ASSERT_TRUE(g.answered(wait));
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.outcome(wait).evidence.committed, 14);
  ASSERT_EQ(g.answer(wait).mark.terms.size(), 1U);
  EXPECT_EQ(g.answer(wait).mark.terms[0].last, 13);
}

TEST_F(EndLook, AConsumerThatReadsNothingBecauseNothingIsToBeSeenIsDone) {
  start({"views"});
  const WaitId wait = barrier({3});
  g.sight(none(look(milliseconds(100))));
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_TRUE(g.answer(wait).mark.empty());
}

TEST_F(EndLook, ALaggingConsumerIsAskedAboutOnceForAPosition) {
  start({"views"});
  g.commit("views", 0, 5);
  const WaitId wait = barrier({15});
  const Look first = look(milliseconds(100));
  g.sight(found(first, 7, false));
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(looks(milliseconds(100)).empty());
  g.commit("views", 0, 7);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(looks(milliseconds(100)).empty()) << "record 7 is known to be there";
  g.commit("views", 0, 8);
  std::vector<Look> again;
  for (int i = 0; i < 40 && again.empty(); ++i) again = looks(milliseconds(100));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].from, 8);
  g.sight(found(again[0], 12, true));
  g.commit("views", 0, 12);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(looks(milliseconds(100)).empty()) << "all is known";
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 13);
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(g.engine().stats().end_looks, 2U);
}

TEST_F(EndLook, WhoeverMovesIsNotAskedAbout) {
  start({"views"});
  const WaitId wait = barrier({15});
  for (Offset offset = 1; offset < 15; ++offset) {
    g.commit("views", 0, offset);
    EXPECT_TRUE(looks(milliseconds(100)).empty());
  }
  g.commit("views", 0, 15);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST_F(EndLook, WhatTheFurthestConsumerIsToldHoldsForAll) {
  start({"views", "mail"});
  g.commit("views", 0, 5);
  g.commit("mail", 0, 14);
  const WaitId wait = barrier({15});
  const Look asked = look(milliseconds(100));
  EXPECT_EQ(asked.from, 14);
  g.sight(none(asked));
  EXPECT_FALSE(g.answered(wait));
  // Below that place there may be more of the kind, where "views" would stop: one look for it.
  const Look below = look(milliseconds(100));
  EXPECT_EQ(below.from, 5);
  EXPECT_EQ(below.until, 14);
  g.sight(found(below, 13, true));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(looks(milliseconds(100)).empty());
  g.commit("views", 0, 14);
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST_F(EndLook, WaitsUpToOneEndShareALookAndOthersDoNot) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId first = barrier({15}), second = barrier({15}), third = barrier({17});
  const auto asked = looks(milliseconds(100));
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].until, 15);
  EXPECT_EQ(asked[1].until, 17);
  g.sight(none(asked[0]));
  EXPECT_TRUE(g.answer(first).all_processed());
  EXPECT_TRUE(g.answer(second).all_processed());
  EXPECT_FALSE(g.answered(third));
  g.sight(found(asked[1], 16, true));
  EXPECT_FALSE(g.answered(third));
}

TEST_F(EndLook, WhatAnOpenTransactionHoldsIsWaitedFor) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId wait = barrier({15});
  g.sight(none(look(milliseconds(100)), false));
  EXPECT_FALSE(g.answered(wait));
  std::vector<Look> again;
  for (int i = 0; i < 10 && again.empty(); ++i) again = looks(milliseconds(100));
  ASSERT_EQ(again.size(), 1U);
  g.sight(none(again[0]));
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST_F(EndLook, ALookThatFailsProvesNothingAndIsNotRepeatedAtOnce) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId wait = barrier({15});
  Sight failed;
  failed.number = look(milliseconds(100)).number;
  g.sight(failed);
  EXPECT_TRUE(looks(milliseconds(900)).empty());
  Sight other = none(look(milliseconds(200)));
  other.topic_id = Gateway::topic_id(9);
  g.sight(other);
  EXPECT_FALSE(g.answered(wait)) << "another topic of that name";
}

TEST_F(EndLook, AnAnswerThatIsNotHeldComesAfterOneLook) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId wait = barrier({15}, false);
  ASSERT_EQ(g.effects.looks.size(), 1U);
  EXPECT_FALSE(g.answered(wait));
  g.sight(none(g.effects.looks[0]));
  EXPECT_TRUE(g.answer(wait).all_processed());

  g.effects.looks.clear();
  g.commit("views", 1, 4);
  const WaitId behind = barrier({15, 9}, false);
  for (const Look& asked : std::exchange(g.effects.looks, {}))
    g.sight(asked.partition == 0 ? none(asked) : found(asked, 8, true));
  ASSERT_TRUE(g.answered(behind));
  EXPECT_EQ(g.outcome(behind).outcome, Outcome::pending);
}

TEST_F(EndLook, AConsumerThatAcksIsAskedAboutFromItsLastAck) {
  start({"views"});
  g.ack("views", 0, {0, 13});
  tell_ends(g, {15});
  const WaitId wait = barrier({15});
  const Look asked = look(milliseconds(100));
  EXPECT_EQ(asked.from, 14);
  g.sight(none(asked));
  EXPECT_TRUE(g.answer(wait).all_processed());
}

TEST_F(EndLook, AMarkOfABarrierIsLookedAtToo) {
  start({"views"});
  g.commit("views", 0, 13);
  const WaitId wait = barrier({15}, false);
  g.sight(found(g.effects.looks.at(0), 13, false));
  const Mark mark = g.answer(wait).mark;
  g.commit("views", 0, 14);
  const WaitId resumed = g.resume(mark);
  const Look asked = look(milliseconds(100));
  EXPECT_EQ(asked.from, 14);
  g.sight(none(asked));
  EXPECT_TRUE(g.answer(resumed).all_processed());
}

TEST_F(EndLook, FewLooksAreUnderWayAtATime) {
  constexpr Partition kMany = 40;
  start({"views"}, kMany);
  const WaitId wait = barrier(std::vector<Offset>(kMany, 2));
  std::size_t total = 0;
  for (int i = 0; i < 100 && !g.answered(wait); ++i) {
    const auto asked = looks(milliseconds(100));
    EXPECT_LE(asked.size(), 16U);
    total += asked.size();
    for (const Look& question : asked) g.sight(none(question));
  }
  EXPECT_TRUE(g.answer(wait).all_processed());
  EXPECT_EQ(total, static_cast<std::size_t>(kMany));
}

TEST_F(EndLook, AnAnswerForAWaitThatIsGoneIsIgnored) {
  start({"views"});
  g.commit("views", 0, 14);
  const WaitId wait = barrier({15});
  const Look asked = look(milliseconds(100));
  g.cancel(wait);
  const WaitId next = barrier({15});
  g.sight(none(asked));
  EXPECT_FALSE(g.answered(next));
}

// tidemark-sim-derived, seed 2192: one commits its position, behind a marker, and stops
// before two more; the other stops before the first of the three.
TEST_F(EndLook, WhoStopsBeforeAnotherMarkerIsLookedForToo) {
  start({"positions", "records"}, 1);
  g.commit("positions", 0, 19);
  g.commit("records", 0, 18);
  const WaitId wait = barrier({21});
  const Look first = look(milliseconds(100));
  EXPECT_EQ(first.from, 19);
  g.sight(none(first));
  EXPECT_FALSE(g.answered(wait));
  const Look second = look(milliseconds(100));
  EXPECT_EQ(second.from, 18);
  EXPECT_EQ(second.until, 19);
  g.sight(none(second));
  EXPECT_TRUE(g.answer(wait).all_processed());
}

}  // namespace
}  // namespace tidemark::core
