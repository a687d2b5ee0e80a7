#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_follow_fixture.h"

namespace tidemark::core {
namespace {

// "worker" reads orders and its own repartition topic, which it writes from both.
class CycleById : public FollowTest {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"worker", "orders", "loop"}, {"worker", "loop", "loop"}};
    return config;
  }
  explicit CycleById(EngineConfig settings = config(), std::vector<std::string> topics = {"orders", "loop"})
      : FollowTest(std::move(settings), std::move(topics)) {}
  // The ends of loop's first partition: from now on `end`; the event's id is found at `at`, or nowhere.
  void pass(Offset end, Offset at = kNoOffset) {
    ASSERT_GT(tell("loop", {end, 100}), 0U);
    for (const Look& look : origins(gateway)) see(look, look.topic == "loop" ? at : kNoOffset);
  }
};

TEST_F(CycleById, EndsWithTheLastRecordThatHasIt) {
  reader("worker", {"orders", "loop"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  pass(101, 100);
  gateway.commit("worker", 0, 101, "loop");
  pass(110, 101);  // eight of others behind ours
  gateway.commit("worker", 0, 102, "loop");
  pass(120);
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_TRUE(answer.deferred.empty());
}

// Nobody can be seen to copy what goes round only once, or comes by two ways.
class CycleByDeclaredId : public CycleById {
 protected:
  static EngineConfig declared() {
    EngineConfig config;
    config.outputs = {{"worker", "orders", "loop"}, {"other", "orders", "loop"}, {"worker", "loop", "loop"}};
    for (Output& output : config.outputs) output.copies_id = true;
    return config;
  }
  CycleByDeclaredId() : CycleById(declared()) {}
};

TEST_F(CycleByDeclaredId, EndsWithTheLastRecordThatHasIt) {
  reader("worker", {"orders", "loop"});
  reader("other", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  gateway.commit("other", 0, 101);
  pass(120, 100);
  gateway.commit("worker", 0, 101, "loop");
  EXPECT_FALSE(gateway.answered(wait));
  pass(130);
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_TRUE(answer.deferred.empty());
}

// tidemark-sim-derived, seed 1411775667939763.
TEST_F(CycleById, TheLastThatWasFoundIsNotTheLastWhereNotAllWasRead) {
  reader("worker", {"orders", "loop"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  pass(101, 100);
  gateway.commit("worker", 0, 101, "loop");
  tell("loop", {110, 100});
  for (const Look& look : origins(gateway)) {
    Sight sight;
    sight.number = look.number;
    sight.result = Sight::Result::found;
    sight.offset = sight.last = 101;
    sight.until = 103;
    gateway.sight(sight);
  }
  gateway.commit("worker", 0, 102, "loop");
  EXPECT_EQ(questions("loop"), 0U);  // up to 109 there may be more of them
  gateway.commit("worker", 0, 110, "loop");
  pass(120);
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

// "a" and "b" write joined because of orders, and "c" loop because of it, and of loop itself.
class TwoWaysIntoACycle : public CycleById {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"a", "orders", "joined"}, {"b", "orders", "joined"}, {"c", "joined", "loop"}, {"c", "loop", "loop"}};
    return config;
  }
  TwoWaysIntoACycle() : CycleById(config(), {"orders", "joined", "loop"}) {
    reader("a", {"orders"});
    reader("b", {"orders"});
    reader("c", {"joined", "loop"});
  }
};

TEST_F(TwoWaysIntoACycle, OneOnWhichTheIdIsCopiedProvesNothingOfTheOther) {
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("a", 0, 101);
  gateway.commit("b", 0, 101);
  tell("joined", {102, 100});
  gateway.commit("c", 0, 102, "joined");
  pass(102, 100);
  gateway.commit("c", 0, 102, "loop");
  pass(103, 102);
  gateway.commit("c", 0, 103, "loop");
  pass(104);  // 103 has no id, and may come from what b wrote
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("c", 0, 104, "loop");
  tell("loop", {104, 100});
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
}

// "a" writes loop because of orders, "b" because of loop, and "c" because of what b wrote to side.
class TwoWritersInACycle : public CycleById {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"a", "orders", "loop"}, {"b", "loop", "loop"}, {"b", "loop", "side"}, {"c", "side", "loop"}};
    return config;
  }
  TwoWritersInACycle() : CycleById(config(), {"orders", "loop", "side"}) {
    reader("a", {"orders"});
    reader("b", {"loop"});
    reader("c", {"side"});
  }
};

// c may have read and written again, before the end of loop was told, what b wrote a moment ago.
TEST_F(TwoWritersInACycle, WhoAloneWasKnownToWriteMayNotHaveBeenAlone) {
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("a", 0, 101);
  pass(101, 100);
  gateway.commit("b", 0, 101, "loop");
  tell("side", {101, 100});
  for (const Look& look : origins(gateway)) see(look, 100);
  pass(103, 102);  // c's; 101 is b's
  gateway.commit("b", 0, 103, "loop");
  gateway.commit("c", 0, 101, "side");
  tell("side", {101, 100});
  pass(104);
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("b", 0, 104, "loop");
  tell("side", {101, 100});
  tell("loop", {104, 100});
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

// "printer" writes loop because of orders, at some time.
class LaterIntoACycle : public CycleById {
 protected:
  static EngineConfig config() {
    EngineConfig config = CycleById::config();
    config.outputs.push_back({"printer", "orders", "loop", Emits::later, {}, false});
    return config;
  }
  LaterIntoACycle() : CycleById(config()) {
    reader("worker", {"orders", "loop"});
    reader("printer", {"orders"});
  }
};

TEST_F(LaterIntoACycle, WhatIsWrittenLaterProvesNothingOfOthers) {
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  gateway.commit("printer", 0, 101);
  pass(101, 100);
  gateway.commit("worker", 0, 101, "loop");
  pass(103, 102);
  gateway.commit("worker", 0, 103, "loop");
  pass(104);
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("worker", 0, 104, "loop");
  tell("loop", {104, 100});
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

}  // namespace
}  // namespace tidemark::core
