// Clients that may commit before their work is done, as the engine tells them by name and rhythm (P1).

#include <gtest/gtest.h>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EngineEarly, KafkaGoIsHandedOverUnlessDeclared) {
  for (const bool declared : {false, true}) {
    EngineConfig config;
    if (declared) config.commits_after = {"views"};
    Gateway g(config);
    g.start();
    g.client("app@host (github.com/segmentio/kafka-go)", "app@host (github.com/segmentio/kafka-go)-1");
    g.commit("views", 0, 10);
    const WaitId wait = g.append(0, 10);
    g.commit("views", 0, 11);
    EXPECT_EQ(g.outcome(wait).outcome, declared ? Outcome::processed : Outcome::handed_over);
    EXPECT_TRUE(g.answer(wait).settled);
    EXPECT_NE(g.outcome(wait).hint.find("FetchMessage") != std::string::npos, declared);
  }
}

TEST(EngineEarly, LibrdkafkaIsBelievedUntilItShowsATimersRhythm) {
  Gateway g;
  g.start();
  g.client("rdkafka", "rdkafka-1");
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
  for (Offset offset = 12; offset < 20; ++offset) {
    g.advance(seconds(5));
    g.commit("views", 0, offset);
  }
  PublishRequest request = g.request();
  request.deadline = g.now + seconds(10);
  const WaitId later = g.append(request, 0, 19);
  g.advance(seconds(5));
  g.commit("views", 0, 20);
  EXPECT_EQ(g.outcome(later).outcome, Outcome::handed_over);
  EXPECT_NE(g.outcome(later).hint.find("enable.auto.offset.store=false"), std::string::npos);
}

// Publishes and commits until there is a rhythm in which every commit came at once.
void commit_promptly(Gateway& g, bool unevenly, Offset& offset) {
  for (int round = 0; round < 30; ++round) {
    g.append(0, offset);
    g.advance(milliseconds(5));
    g.commit("views", 0, ++offset);
    const bool even = !unevenly || round >= 24;
    g.advance(even ? milliseconds(1000) : milliseconds(850 + 150 * (round % 3)));
  }
}

TEST(EngineEarly, ARhythmOfCommitsThatFollowEventsIsNoTimers) {
  for (const bool unevenly : {false, true}) {
    Gateway g;
    g.start();
    g.client("rdkafka", "rdkafka-1");
    g.commit("views", 0, 10);
    Offset offset = 10;
    commit_promptly(g, unevenly, offset);
    EXPECT_EQ(g.engine().consumers(g.now).at(0).commits_by_timer, !unevenly);
    const WaitId wait = g.append(0, offset);
    g.commit("views", 0, offset + 1);
    EXPECT_EQ(g.outcome(wait).outcome, unevenly ? Outcome::processed : Outcome::handed_over);
  }
}

TEST(EngineEarly, AnotherMemberShowsAnewWhatItsCommitsFollow) {
  Gateway g;
  g.start();
  g.client("rdkafka", "rdkafka-1");
  g.commit("views", 0, 10);
  Offset offset = 10;
  commit_promptly(g, true, offset);
  g.client("rdkafka", "rdkafka-2");
  const WaitId wait = g.append(0, offset);
  g.commit("views", 0, offset + 1);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::handed_over);
}

TEST(EngineEarly, WhatOthersAppendedSaysNothingOfWhatACommitFollows) {
  Gateway g;
  g.start();
  g.client("rdkafka", "rdkafka-1");
  g.commit("views", 0, 10);
  Offset offset = 10;
  for (int round = 0; round < 30; ++round) {
    g.advance(milliseconds(850 + 150 * (round % 3)));
    g.commit("views", 0, ++offset);
  }
  for (int round = 0; round < 6; ++round) {
    g.advance(milliseconds(1000));
    g.commit("views", 0, ++offset);
  }
  const WaitId wait = g.append(0, offset);
  g.commit("views", 0, offset + 1);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::handed_over);
}

// Nobody waits for the group, so it is asked at intervals: that rhythm is the question's.
TEST(EngineEarly, TheRhythmOfQuestionsIsNoTimers) {
  for (const bool waited_for : {false, true}) {
    Gateway g;
    g.start();
    g.client("rdkafka", "rdkafka-1");
    Offset offset = 10;
    const auto polled = [&] {
      Commit commit = g.with_done(++offset, {});
      commit.at.partition = kPolledLog;
      g.commit(commit);
    };
    polled();
    for (int round = 0; round < 8; ++round) {
      PublishRequest request = g.request();
      request.deadline = g.now + seconds(10);
      if (waited_for) g.append(request, 0, offset);
      g.advance(seconds(5));
      polled();
    }
    EXPECT_EQ(g.engine().consumers(g.now).at(0).commits_by_timer, waited_for);
    const WaitId wait = g.append(0, offset);
    polled();
    EXPECT_EQ(g.outcome(wait).outcome, waited_for ? Outcome::handed_over : Outcome::processed);
  }
}

}  // namespace
}  // namespace tidemark::core
