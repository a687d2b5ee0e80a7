#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using namespace std::chrono_literals;

// "enricher" reads orders and writes enriched, which "views" reads. Each topic
// has two partitions; their ends are 100 when the publish is admitted.
class Follow : public ::testing::Test {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"enricher", "orders", "enriched"}};
    return config;
  }
  explicit Follow(EngineConfig settings = config(), std::vector<std::string> topics = {"orders", "enriched"})
      : gateway(settings), names(std::move(topics)) {
    start(gateway);
  }
  void start(Gateway& g) {
    list(g);
    for (const std::string& name : names)
      for (Partition p = 0; p < 2; ++p) g.ends(name, p, 100, 1'000'000);
    g.engine().synced(g.now);
    g.asked();
  }
  void list(Gateway& g) {
    std::vector<TopicState> listed;
    for (std::size_t i = 0; i < names.size(); ++i)
      listed.push_back({names[i], Gateway::topic_id(static_cast<std::uint8_t>(i + 1)), partitions});
    g.list(listed);
  }
  // A group that has read everything.
  void reader(const std::string& group, const std::vector<std::string>& topics) { reader(gateway, group, topics); }
  void reader(Gateway& g, const std::string& group, const std::vector<std::string>& topics) {
    g.members(group, 1, topics);
    for (const std::string& topic : topics)
      for (Partition p = 0; p < 2; ++p) g.commit(group, p, 100, topic);
  }
  // Answers every question about the topic: these are the ends of its partitions.
  std::size_t tell(const std::string& topic, const std::vector<Offset>& ends) { return tell(gateway, topic, ends); }
  static std::size_t tell(Gateway& g, const std::string& topic, const std::vector<Offset>& ends) {
    std::size_t answered = 0;
    const std::vector<AskEnds> asked = g.asked();
    for (const AskEnds& ask : asked) {
      if (ask.topic != topic) {
        g.effects.asks.push_back(ask);
        continue;
      }
      ++answered;
      g.ends(topic, ask.partition, ends.at(static_cast<std::size_t>(ask.partition)), ask.number);
    }
    return answered;
  }
  std::size_t questions(const std::string& topic) const {
    std::size_t count = 0;
    for (const AskEnds& ask : gateway.effects.asks) count += ask.topic == topic;
    return count;
  }
  static const ConsumerOutcome& of(const Answer& answer, const std::string& name) {
    static const ConsumerOutcome kNone;
    for (const ConsumerOutcome& consumer : answer.consumers)
      if (consumer.name == name) return consumer;
    ADD_FAILURE() << "no " << name;
    return kNone;
  }
  // The looks by origin that are open, taken out.
  std::vector<Look> origins(Gateway& g) {
    std::vector<Look> looks;
    std::erase_if(g.effects.looks, [&](const Look& look) {
      if (!look.origin) return false;
      looks.push_back(look);
      return true;
    });
    return looks;
  }
  void see(const Look& look, Offset first = kNoOffset, Offset last = kNoOffset, const std::string& reason = {}) {
    Sight sight;
    sight.number = look.number;
    sight.result = first == kNoOffset ? Sight::Result::none : Sight::Result::found;
    sight.offset = first;
    sight.last = last == kNoOffset ? first : last;
    sight.complete = true;
    sight.reason = reason;
    gateway.sight(sight);
  }

  Gateway gateway;
  std::vector<std::string> names;
  Partition partitions = 2;
};

TEST_F(Follow, EndsWhenTheReadersOfWhatWasWrittenArePastIt) {
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

TEST_F(Follow, AnEndThatWasAskedForBeforeTheCommitIsNoFence) {
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

TEST_F(Follow, OneRoundServesAllThatWaitForIt) {
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

TEST_F(Follow, WhatIsNotReachedYetIsPendingWithItsPath) {
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

TEST_F(Follow, ATopicWithoutReadersIsALeaf) {
  reader("enricher", {"orders"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  EXPECT_EQ(questions("enriched"), 0U);
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

TEST_F(Follow, WhoJoinsLaterDoesNotExtendTheWait) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  reader("late", {"enriched"});
  gateway.commit("enricher", 0, 101);
  tell("enriched", {101, 100});
  gateway.commit("views", 0, 101, "enriched");
  EXPECT_EQ(gateway.answer(wait).consumers.size(), 2U);
}

TEST_F(Follow, AWriterThatDidNotProcessIsNotFollowed) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  gateway.members("enricher", 0);
  const WaitId wait = gateway.append(0, 100);
  gateway.ends("orders", 0, 150, 1'000'000);
  gateway.commit("enricher", 0, 150);  // by hand
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.settled);
  EXPECT_EQ(of(answer, "enricher").outcome, Outcome::skipped);
  EXPECT_EQ(answer.consumers.size(), 1U);
}

TEST_F(Follow, ADeclaredWriterIsWaitedForThoughNobodySawIt) {
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.advance(2s);
  const Answer answer = gateway.answer(wait);
  EXPECT_EQ(of(answer, "enricher").expected_by, ExpectedBy::declared);
  EXPECT_EQ(of(answer, "enricher").reason, PendingReason::not_started);
}

TEST_F(Follow, ForNamesAConsumerBehindAnother) {
  reader("enricher", {"orders"});
  reader("audit", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  const std::vector<std::string> only{"views"};
  request.only = only;
  const WaitId wait = gateway.append(request, 0, 100);
  gateway.commit("enricher", 0, 101);
  tell("enriched", {101, 100});
  gateway.commit("views", 0, 101, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(answer.consumers.size(), 2U);  // audit is not among them
  const std::vector<std::string> unknown{"nobody"};
  request.only = unknown;
  EXPECT_EQ(gateway.refused(request).code, Refusal::Code::unknown_consumer);
}

TEST_F(Follow, APartitionThatIsAddedMeanwhileIsAskedForToo) {
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

TEST_F(Follow, AMarkIsFollowedByAGatewayThatStartedLater) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const WaitId wait = gateway.append(request, 0, 100);
  const Answer answer = gateway.answer(wait);
  const Result<std::string> text = encode(answer.mark);
  ASSERT_TRUE(text.ok());
  const Result<Mark> mark = decode(text.value());
  ASSERT_TRUE(mark.ok());
  ASSERT_EQ(mark.value().derived.size(), 1U);
  EXPECT_EQ(mark.value(), answer.mark);

  // It declares nothing itself, and knows the consumers only as they are now.
  Gateway later({}, gateway.record);
  list(later);
  for (Partition p = 0; p < 2; ++p) {
    later.ends("orders", p, 101, 0);
    later.ends("enriched", p, p == 0 ? 101 : 103, 0);
  }
  later.seed("enricher", {{"orders", 0, 101, -1}, {"orders", 1, 100, -1}});
  later.seed("views", {{"enriched", 0, 101, -1}, {"enriched", 1, 102, -1}});
  later.engine().synced(later.now);
  later.asked();
  const WaitId resumed = later.resume(mark.value());
  EXPECT_FALSE(later.answered(resumed));
  EXPECT_EQ(tell(later, "enriched", {101, 103}), 2U);
  EXPECT_FALSE(later.answered(resumed));
  later.commit("views", 1, 103, "enriched");
  const Answer ended = later.answer(resumed);
  EXPECT_TRUE(ended.all_processed());
  EXPECT_EQ(of(ended, "views").evidence.anchor, 100);
  EXPECT_EQ(of(ended, "views").via.size(), 1U);
}

TEST_F(Follow, AResumedMarkIsFollowedAsFarAsCanBeKnownAtOnce) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const Mark mark = gateway.answer(gateway.append(request, 0, 100)).mark;
  gateway.commit("enricher", 0, 101);
  gateway.commit("views", 0, 101, "enriched");
  ResumeRequest resume = gateway.resumption(mark);
  resume.wait = false;
  gateway.asked();
  const WaitId wait = gateway.resume(resume);
  EXPECT_FALSE(gateway.answered(wait));  // the fence is being asked for
  tell("enriched", {101, 100});
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

TEST_F(Follow, InWatermarkScopeAllPartitionsAndAllThatTheyCaused) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  gateway.ends("orders", 1, 105, 1'000'000);
  gateway.ends("enriched", 1, 110, 1'000'000);
  PublishRequest request = gateway.request();
  request.scope = Scope::watermark;
  const WaitId wait = gateway.append(request, 0, 100);
  gateway.commit("enricher", 0, 101);
  EXPECT_EQ(tell("orders", {101, 105}), 2U);
  EXPECT_EQ(questions("enriched"), 0U);
  gateway.commit("enricher", 1, 105);
  tell("enriched", {100, 110});
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("views", 1, 110, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(answer.mark.scope, Scope::watermark);
}

TEST_F(Follow, ABarrierOverATopicFollowsWhatItsReadersWrite) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  gateway.ends("enriched", 0, 107, 1'000'000);
  BarrierRequest request = gateway.barrier();
  const std::vector<std::string> topics{"orders"};
  request.topics = topics;
  const WaitId wait = gateway.barrier(request);
  tell("orders", {100, 100});
  tell("enriched", {107, 100});
  EXPECT_FALSE(gateway.answered(wait));
  gateway.commit("views", 0, 107, "enriched");
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

class Emitters : public Follow {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"enricher", "orders", "enriched", Emits::within, 200ms, false},
                      {"enricher", "orders", "reports", Emits::later, {}, false}};
    return config;
  }
  Emitters() : Follow(config(), {"orders", "enriched", "reports"}) {}
};

TEST_F(Emitters, WithinIsAskedForAfterThatTimeAndLaterIsNamed) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  reader("printer", {"reports"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("enricher", 0, 101);
  EXPECT_EQ(questions("enriched"), 0U);
  gateway.advance(199ms);
  EXPECT_EQ(questions("enriched"), 0U);
  gateway.advance(1ms);
  tell("enriched", {101, 100});
  gateway.commit("views", 0, 101, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(answer.consumers.size(), 2U);
  ASSERT_EQ(answer.deferred.size(), 1U);
  EXPECT_EQ(answer.deferred[0].consumer, "enricher");
  EXPECT_EQ(answer.deferred[0].topic, "reports");
  EXPECT_EQ(answer.deferred[0].why, Deferred::Why::later);
}

class Diamond : public Follow {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"a", "orders", "joined"}, {"b", "orders", "joined"}, {"c", "joined", "last"}};
    return config;
  }
  Diamond() : Follow(config(), {"orders", "joined", "last"}) {}
};

TEST_F(Diamond, ATopicIsAskedForOnceBothItsWritersAreDone) {
  reader("a", {"orders"});
  reader("b", {"orders"});
  reader("c", {"joined"});
  reader("d", {"last"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("a", 0, 101);
  EXPECT_EQ(questions("joined"), 0U);
  gateway.commit("b", 0, 101);
  EXPECT_EQ(tell("joined", {102, 101}), 2U);
  gateway.commit("c", 0, 102, "joined");
  EXPECT_EQ(questions("last"), 0U);  // the other partition is still owed
  gateway.commit("c", 1, 101, "joined");
  EXPECT_EQ(tell("last", {103, 100}), 2U);
  gateway.commit("d", 0, 103, "last");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(of(answer, "d").via.size(), 2U);
  EXPECT_EQ(of(answer, "d").via[1].consumer, "c");
}

// "worker" reads orders and its own repartition topic, which it writes from both.
class Cycle : public Follow {
 protected:
  static EngineConfig config() {
    EngineConfig config;
    config.outputs = {{"worker", "orders", "loop"}, {"worker", "loop", "loop"}, {"worker", "loop", "out"}};
    return config;
  }
  Cycle() : Follow(config(), {"orders", "loop", "out"}) {}
};

TEST_F(Cycle, EndsWhereNothingNewWasWritten) {
  reader("worker", {"orders", "loop"});
  reader("views", {"out"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  tell("loop", {101, 100});
  for (const Look& look : origins(gateway)) see(look);  // nothing says whose it is
  gateway.commit("worker", 0, 101, "loop");
  EXPECT_EQ(questions("out"), 0U);
  tell("loop", {101, 100});
  EXPECT_EQ(tell("out", {101, 100}), 2U);
  gateway.commit("views", 0, 101, "out");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_TRUE(answer.deferred.empty());
}

TEST_F(Cycle, IsLeftAfterTheBoundWhereRecordsDoNotSayWhoseTheyAre) {
  reader("worker", {"orders", "loop"});
  reader("views", {"out"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  Offset end = 100;
  int passes = 0;
  while (tell("loop", {end + 1, 100}) > 0) {
    ++passes;
    for (const Look& look : origins(gateway)) see(look);
    gateway.commit("worker", 0, ++end, "loop");
  }
  EXPECT_EQ(passes, 3);
  tell("out", {100, 100});
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  ASSERT_EQ(answer.deferred.size(), 1U);
  EXPECT_EQ(answer.deferred[0].why, Deferred::Why::cycle);
  EXPECT_EQ(answer.deferred[0].passes, 3);
}

TEST_F(Cycle, IsFollowedByTheIdForAsLongAsItIsThere) {
  reader("worker", {"orders", "loop"});
  reader("views", {"out"});
  const WaitId wait = gateway.append(0, 100);
  gateway.commit("worker", 0, 101);
  Offset end = 100;
  for (int pass = 0; pass < 8; ++pass) {
    tell("loop", {end + 10, 100});  // nine of others behind ours
    const std::vector<Look> looks = origins(gateway);
    ASSERT_EQ(looks.size(), 1U) << pass;
    EXPECT_EQ(looks[0].origin->id, gateway.request().id);
    see(looks[0], end);
    // The writer of the first is another edge than that of the others: both must show that they copy it.
    gateway.commit("worker", 0, pass < 2 ? end + 10 : end + 1, "loop");
    end += 10;
  }
  tell("loop", {end + 10, 100});
  for (const Look& look : origins(gateway)) see(look);
  tell("out", {101, 100});
  gateway.commit("views", 0, 101, "out");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_TRUE(answer.deferred.empty());
}

class DeadLetters : public Follow {
 protected:
  DeadLetters() : Follow(EngineConfig{}, {"orders", "orders-dlt"}) {}
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

}  // namespace
}  // namespace tidemark::core
