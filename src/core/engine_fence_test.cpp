#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_follow_fixture.h"

namespace tidemark::core {
namespace {

TEST_F(FollowTest, AnEndThatWasAskedForBeforeTheCommitIsNoFence) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId first = gateway.append(0, 100);
  const WaitId second = gateway.append(0, 101);
  gateway.commit("enricher", 0, 101);          // a round begins, for the first
  const std::vector<AskEnds> round = gateway.asked();
  ASSERT_EQ(round.size(), 2U);
  gateway.commit("enricher", 0, 102);          // the second comes too late for it
  EXPECT_EQ(questions("enriched"), 0U);
  for (const AskEnds& ask : round) gateway.ends("enriched", ask.partition, 100, ask.number);
  EXPECT_TRUE(gateway.answered(first));        // nothing was written for it
  EXPECT_FALSE(gateway.answered(second));
  EXPECT_EQ(tell("enriched", {101, 100}), 2U);
  EXPECT_FALSE(gateway.answered(second));
  gateway.commit("views", 0, 101, "enriched");
  EXPECT_TRUE(gateway.answer(second).all_processed());
}

TEST_F(FollowTest, OneRoundServesAllThatWaitForIt) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  std::vector<WaitId> waits;
  for (Offset offset = 100; offset < 150; ++offset) waits.push_back(gateway.append(0, offset));
  gateway.commit("enricher", 0, 150);
  tell("enriched", {150, 100});
  tell("enriched", {150, 100});
  gateway.commit("views", 0, 150, "enriched");
  for (const WaitId wait : waits) EXPECT_TRUE(gateway.answer(wait).all_processed());
  EXPECT_EQ(gateway.engine().stats().fence_rounds, 2U);
  EXPECT_EQ(gateway.engine().stats().fences, 50U);
}

TEST_F(FollowTest, APartitionThatIsAddedMeanwhileIsAskedForToo) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  tell("enriched", {101, 100});
  partitions = 3;
  list(gateway);
  gateway.commit("views", 0, 101, "enriched");
  EXPECT_FALSE(gateway.answered(wait));
  tell("enriched", {101, 100, 1});
  tell("enriched", {101, 100, 1});
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("views", 2, 1, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.settled);
}

// A transaction's marker is the end, and who commits record by record stops below it.
TEST_F(FollowTest, AnEndThatNobodySeesIsLookedAtSoonAndNextTimeSooner) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  for (const Duration pause : {10ms, 1ms}) {
    const Offset event = pause == 10ms ? 100 : 101, end = pause == 10ms ? 102 : 104;
    const WaitId wait = gateway.append(0, event);
    gateway.commit("enricher", 0, event + 1);
    tell("enriched", {end, 100});
    gateway.commit("views", 0, end - 1, "enriched");
    while (gateway.effects.looks.empty()) gateway.advance(pause);
    ASSERT_EQ(gateway.effects.looks.size(), 1U);
    const Look look = gateway.effects.looks[0];
    gateway.effects.looks.clear();
    EXPECT_EQ(look.from, end - 1);
    EXPECT_EQ(look.until, end);
    Sight nothing;
    nothing.number = look.number;
    nothing.result = Sight::Result::none;
    nothing.complete = true;
    gateway.sight(nothing);
    EXPECT_TRUE(gateway.answer(wait).all_processed());
    EXPECT_LE(gateway.answer(wait).elapsed, 4 * pause);
  }
}

TEST_F(FollowTest, ATopicThatIsDeletedWhileItIsAskedForOwesNothing) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  EXPECT_EQ(questions("enriched"), 2U);
  gateway.list({{"orders", Gateway::topic_id(1), 2}});
  EXPECT_TRUE(gateway.answer(wait).settled);
}

TEST_F(FollowTest, ATopicThatIsMadeAgainWhileItIsAskedForIsAskedForAnew) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  const std::vector<AskEnds> old = gateway.asked();
  gateway.list({{"orders", Gateway::topic_id(1), 2}, {"enriched", Gateway::topic_id(9), 2}});
  for (const AskEnds& ask : old) {
    Ends of_the_old;
    of_the_old.topic = "enriched";
    of_the_old.topic_id = Gateway::topic_id(2);
    of_the_old.partition = ask.partition;
    of_the_old.high_watermark = 101;
    of_the_old.asked = ask.number;
    gateway.engine().ends(of_the_old, gateway.now, gateway.effects);
  }
  EXPECT_FALSE(gateway.answered(wait));
  tell("enriched", {1, 0});
  EXPECT_FALSE(gateway.answered(wait));  // all of it is new
  gateway.commit("views", 0, 1, "enriched");
  EXPECT_TRUE(gateway.answer(wait).settled);
}

TEST_F(FollowTest, AWaitThatIsCancelledMeanwhileIsForgotten) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId first = gateway.append(0, 100);
  const WaitId second = gateway.append(0, 101);
  gateway.commit("enricher", 0, 102);
  gateway.cancel(first);
  tell("enriched", {102, 100});
  tell("enriched", {102, 100});
  gateway.commit("views", 0, 102, "enriched");
  EXPECT_TRUE(gateway.answer(second).all_processed());
}

}  // namespace
}  // namespace tidemark::core
