#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_follow_fixture.h"

namespace tidemark::core {
namespace {

TEST_F(FollowTest, EndsWhenTheReadersOfWhatWasWrittenArePastIt) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  EXPECT_FALSE(gateway.answered(wait));
  EXPECT_EQ(tell("enriched", {100, 101}), 2U);
  EXPECT_FALSE(gateway.answered(wait));
  gateway.now += 3ms;
  gateway.commit("views", 1, 101, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  ASSERT_EQ(answer.consumers.size(), 2U);
  EXPECT_TRUE(of(answer, "enricher").via.empty());
  const ConsumerOutcome& views = of(answer, "views");
  ASSERT_EQ(views.via.size(), 1U);
  EXPECT_EQ(views.via[0].consumer, "enricher");
  EXPECT_EQ(views.via[0].topic, "enriched");
  EXPECT_EQ(views.position.topic, "enriched");
  EXPECT_EQ(views.position.partition, 1);
  EXPECT_EQ(views.position.offset, 100);
  EXPECT_EQ(views.evidence.anchor, 100);
  EXPECT_EQ(views.evidence.committed, 101);
  EXPECT_EQ(views.elapsed, 3ms);
  EXPECT_EQ(answer.positions.size(), 1U);
}

TEST_F(FollowTest, WhatIsNotReachedYetIsPendingWithItsPath) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.advance(2s);
  const Answer answer = gateway.answer(wait);
  EXPECT_FALSE(answer.settled);
  const ConsumerOutcome& views = of(answer, "views");
  EXPECT_EQ(views.outcome, Outcome::pending);
  EXPECT_EQ(views.reason, PendingReason::upstream);
  ASSERT_EQ(views.via.size(), 1U);
  EXPECT_EQ(views.via[0].elapsed, Duration::zero());
  EXPECT_EQ(views.hint, "waits for what enricher writes to enriched");
}

// tidemark-sim-derived, seed 38.
TEST_F(FollowTest, NobodyIsCalledProcessedWhoMayBeAskedForMore) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  request.scope = Scope::watermark;
  const WaitId wait = gateway.append(request, 0, 100);
  gateway.commit("enricher", 0, 101);
  gateway.advance(2s);  // and the end of the topic is not told
  const Answer answer = gateway.answer(wait);
  EXPECT_FALSE(answer.settled);
  EXPECT_EQ(of(answer, "enricher").outcome, Outcome::pending);
  EXPECT_EQ(of(answer, "enricher").reason, PendingReason::upstream);
}

}  // namespace
}  // namespace tidemark::core
