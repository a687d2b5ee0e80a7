#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_follow_fixture.h"

namespace tidemark::core {
namespace {

class DeadLetters : public FollowTest {
 protected:
  DeadLetters() : FollowTest(EngineConfig{}, {"orders", "orders-dlt"}) {}
};

TEST_F(DeadLetters, AreReadBeforeProcessedIsSaid) {
  reader("views", {"orders"});
  const WaitId fine = gateway.append(0, 100);
  gateway.commit("views", 0, 101);
  EXPECT_FALSE(gateway.answered(fine));
  EXPECT_EQ(tell("orders-dlt", {100, 100}), 2U);
  EXPECT_TRUE(gateway.answer(fine).all_processed());

  const WaitId bad = gateway.append(0, 101);
  gateway.commit("views", 0, 102);
  tell("orders-dlt", {100, 102});
  EXPECT_FALSE(gateway.answered(bad));
  const std::vector<Look> looks = origins(gateway);
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].partition, 1);
  EXPECT_EQ(looks[0].from, 100);
  EXPECT_EQ(looks[0].until, 102);
  EXPECT_EQ(looks[0].origin->consumer, "views");
  ASSERT_EQ(looks[0].origin->sources.size(), 1U);
  EXPECT_EQ(looks[0].origin->sources[0].offsets, (Range{101, 101}));
  see(looks[0], 101, 101, "bad order");
  const ConsumerOutcome outcome = gateway.outcome(bad);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.evidence.reason, "bad order (dead letter orders-dlt/1@101)");
}

TEST_F(DeadLetters, OfOthersChangeNothing) {
  reader("views", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("views", 0, 101);
  tell("orders-dlt", {120, 100});
  for (const Look& look : origins(gateway)) see(look);
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

TEST_F(DeadLetters, ThatCannotBeReadAreReadAgain) {
  reader("views", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("views", 0, 101);
  tell("orders-dlt", {101, 100});
  std::vector<Look> looks = origins(gateway);
  ASSERT_EQ(looks.size(), 1U);
  Sight failed;
  failed.number = looks[0].number;
  gateway.sight(failed);
  EXPECT_FALSE(gateway.answered(wait));
  gateway.advance(500ms);
  tell("orders-dlt", {101, 100});
  looks = origins(gateway);
  ASSERT_EQ(looks.size(), 1U);
  see(looks[0], 100);
  EXPECT_EQ(gateway.outcome(wait).outcome, Outcome::failed);
}

TEST_F(DeadLetters, AreNotSaidToBeReadAtTheDeadline) {
  reader("views", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("views", 0, 101);
  gateway.advance(2s);
  EXPECT_EQ(gateway.outcome(wait).outcome, Outcome::pending);
  EXPECT_EQ(gateway.outcome(wait).reason, PendingReason::dead_letters);
}

// tidemark-sim-derived, seed 2964428848049472.
TEST_F(DeadLetters, AreReadOfAConsumerThatOnlyTheMarkKnows) {
  reader("views", {"orders"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const Mark mark = gateway.answer(gateway.append(request, 0, 100)).mark;
  Gateway later({}, gateway.record);
  list(later);
  for (Partition p = 0; p < 2; ++p) later.ends("orders", p, 101, 0);
  later.engine().synced(later.now);
  later.asked();
  const WaitId resumed = later.resume(mark);
  later.members("views", 1, {"orders"});
  later.commit("views", 0, 100);
  later.commit("views", 0, 101);
  EXPECT_FALSE(later.answered(resumed));
  EXPECT_EQ(tell(later, "orders-dlt", {100, 101}), 2U);
  const std::vector<Look> looks = origins(later);
  ASSERT_EQ(looks.size(), 1U);
  Sight sight;
  sight.number = looks[0].number;
  sight.result = Sight::Result::found;
  sight.offset = sight.last = 100;
  sight.complete = true;
  later.sight(sight);
  EXPECT_EQ(later.outcome(resumed).outcome, Outcome::failed);
}

// tidemark-sim-derived, seed 640000000723: a partition was added, and this gateway's list was older than the mark.
TEST_F(DeadLetters, AreNotReadToTheEndWhereTheMarkKnowsOfMorePartitions) {
  reader("views", {"orders"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const Mark mark = gateway.answer(gateway.append(request, 0, 100)).mark;
  Gateway later({}, gateway.record);
  later.list({{"orders", Gateway::topic_id(1), 2}, {"orders-dlt", Gateway::topic_id(2), 1}});
  for (Partition p = 0; p < 2; ++p) later.ends("orders", p, 101, 0);
  later.engine().synced(later.now);
  later.members("views", 1, {"orders"});
  later.commit("views", 0, 100);
  const WaitId resumed = later.resume(mark);
  later.commit("views", 0, 101);
  tell(later, "orders-dlt", {100, 101});
  EXPECT_FALSE(later.answered(resumed));
  list(later);
  later.advance(500ms);
  tell(later, "orders-dlt", {100, 101});
  const std::vector<Look> looks = origins(later);
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].partition, 1);
}

// tidemark-sim-derived, seed 6: of what was given up between the append and now a mark must know.
TEST_F(DeadLetters, SinceTheAppendAreReadForAMarkOfWatermarkScope) {
  reader("views", {"orders"});
  PublishRequest request = gateway.request();
  request.scope = Scope::watermark;
  request.wait = false;
  const WaitId wait = gateway.append(request, 0, 100);
  tell("orders", {101, 100});
  const Mark mark = gateway.answer(wait).mark;
  gateway.ends("orders-dlt", 1, 101, 1'000'000);  // known before the mark comes back
  const WaitId resumed = gateway.resume(mark);
  tell("orders", {101, 100});
  gateway.commit("views", 0, 101);
  tell("orders-dlt", {100, 101});
  const std::vector<Look> looks = origins(gateway);
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].from, 100);
  see(looks[0], 100);
  EXPECT_EQ(gateway.outcome(resumed).outcome, Outcome::failed);
}

// "worker" writes to orders what it makes of orders.
class DeadLettersOfACycle : public FollowTest {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"worker", "orders", "orders"}};
    return config;
  }
  DeadLettersOfACycle() : FollowTest(config(), {"orders", "orders-dlt"}) {}
};

// tidemark-sim-derived, seed 29: what was read for the event was not read for what it caused.
TEST_F(DeadLettersOfACycle, AreReadAnewForEachPass) {
  reader("worker", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  tell("orders-dlt", {101, 100});  // of the event's output, which nobody asks for yet
  for (const Look& look : origins(gateway)) see(look);
  tell("orders", {102, 100});
  for (const Look& look : origins(gateway)) see(look);
  gateway.commit("worker", 0, 102);
  tell("orders-dlt", {101, 100});
  const std::vector<Look> looks = origins(gateway);
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].from, 100);
  ASSERT_EQ(looks[0].origin->sources.size(), 1U);
  EXPECT_EQ(looks[0].origin->sources[0].offsets, (Range{101, 101}));
  see(looks[0], 100);
  EXPECT_EQ(gateway.outcome(wait).outcome, Outcome::failed);
}

}  // namespace
}  // namespace tidemark::core
