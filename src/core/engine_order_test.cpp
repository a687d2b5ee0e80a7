// What is told late, twice, or before its time: by the tail, by answers, by the list of topics.
// Each was found by the simulator, at the seed named, in an earlier version.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

// Found by the simulator, seed 101007: a reset in an empty group, a loss of the
// log, and the answer of after it arrives before the tail has shown the reset.
TEST(EngineGroups, AnAnswerOfLaterDoesNotMakeAResetBeforeItProgress) {
  EngineConfig config;
  config.wait_for = {{"orders", {"views"}}};
  Gateway g(config);
  g.learn();
  const std::vector<std::string> topics{"orders"};
  const auto asked = [&](int members) {
    GroupState state;
    state.group = "views";
    state.managed = true;
    state.members = members;
    state.topics_known = true;
    state.topics = topics;
    state.as_of = g.tail();
    g.engine().group(state, g.now, g.effects);
  };
  asked(0);
  g.seed("views", {{"orders", 0, 11, -1}});
  g.engine().synced(g.now);
  const WaitId wait = g.append(0, 20);
  g.engine().lost(g.now);
  asked(1);
  g.commit("views", 0, 25);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

// Found by the simulator, seed 216508: the deletion is told before the tail shows what came before it.
TEST(EngineGroups, AResetBeforeTheGroupWasDeletedIsNoProgress) {
  EngineConfig config;
  config.wait_for = {{"orders", {"views"}}};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 14);
  g.members("views", 0);
  const WaitId wait = g.append(0, 17);
  GroupState deleted;
  deleted.group = "views";
  deleted.exists = false;
  deleted.as_of = g.tail();
  g.engine().group(deleted, g.now, g.effects);
  g.commit("views", 0, 22);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::skipped);
}

// Found by the simulator, seed 237202.
TEST(EngineTopics, ACommitOfTheDeletedTopicReadAgainIsOld) {
  Gateway g;
  g.start();
  g.members("views", 1);
  Commit c;
  c.group = "views";
  c.topic = "orders";
  c.offset = 12;
  c.at = {0, g.record++};
  c.settled_at = c.at.offset;
  g.commit(c);
  g.commit("views", 0, kNoOffset);
  g.list({{"orders", Gateway::topic_id(2), 3}});
  const WaitId wait = g.append(0, 10);
  g.commit(c);
  EXPECT_FALSE(g.answered(wait));
  EXPECT_EQ(g.engine().stats().commits_stale, 1U);
}

// The positions of a group that was asked anew all carry the version of the one answer.
TEST(EngineCommitsOfOneAnswer, AreAllTaken) {
  Gateway g;
  g.start();
  g.members("views", 1);
  for (Partition p = 0; p < 3; ++p) {
    Commit c;
    c.group = "views";
    c.topic = "orders";
    c.partition = p;
    c.offset = 10;
    c.at = {0, g.record};
    c.settled_at = c.at.offset;
    g.commit(c);
  }
  EXPECT_EQ(g.engine().stats().commits_stale, 0U);
  const std::vector<ConsumerView> views = g.engine().consumers(g.now);
  for (const auto& partition : views.at(0).topics.at(0).partitions) EXPECT_EQ(partition.committed, 10);
}

// Found by the simulator, seed 87525: the tail is read before the topics are listed.
TEST(EngineTopics, ACommitBeforeTheListSaysWhichIncarnationItIsOf) {
  Gateway g;
  Commit c;
  c.group = "views";
  c.topic = "orders";
  c.topic_id = Gateway::topic_id(9);  // deleted since
  c.offset = 5;
  c.at = {0, g.record++};
  c.settled_at = c.at.offset;
  g.commit(c);
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 10);
  g.commit("views", 0, 11);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored);
}

// Found by the simulator, seed 84205.
TEST(EngineTopics, AnEndAskedForACommitIsTakenBeforeTheListShowsThePartition) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 3, 5);
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  g.ends("orders", 3, 40, asks[0].number);
  g.commit("views", 3, 30);
  EXPECT_TRUE(g.asked().empty()) << "known to lie below the end";
}

// Found by the simulator, seed 23142.
TEST(EngineSeeds, ASeedOnceInSyncDoesNotHideTheCommitsThatTheTailWillShow) {
  Gateway g;
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 3);
  g.seed("views", {{"orders", 0, 4, -1}});
  EXPECT_FALSE(g.answered(wait));
  g.commit("views", 0, 3);
  g.commit("views", 0, 4);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed);
}

}  // namespace
}  // namespace tidemark::core
