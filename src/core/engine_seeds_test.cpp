// What is asked for can be older than what is known: of topics that were made
// again since, and of partitions that did not exist when it was asked.

#include <gtest/gtest.h>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

// Found by the simulator, seed 1224404 of an earlier version.
TEST(EngineSeeds, AnAnswerOlderThanATopicThatWasMadeAgainIsNotTaken) {
  Gateway g;
  g.learn();
  g.members("views", 1);
  g.list({{"orders", Gateway::topic_id(2), 3}});
  g.seed("views", {{"orders", 0, 4, -1}});  // asked before: a position in the former topic
  g.engine().synced(g.now);
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 0, Gateway::topic_id(2));
  EXPECT_FALSE(g.answered(wait)) << "nothing is known of the new topic";
}

Commit of_the_next_topic(Gateway& g, Offset offset) {
  Commit commit;
  commit.group = "views";
  commit.topic = "orders";
  commit.topic_id = Gateway::topic_id(2);
  commit.offset = offset;
  commit.at = {0, g.record++};
  commit.settled_at = commit.at.offset;
  return commit;
}

// Found by the simulator, seed 130527: a person's commit came before the list
// showed the topic that it was for, and what follows it was taken for progress.
TEST(EngineSeeds, ACommitThatComesBeforeItsTopicIsListedCountsWhenItIs) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.members("views", 0);
  g.commit(of_the_next_topic(g, 1));
  EXPECT_EQ(g.engine().stats().commits_ignored, 1U);
  g.list({{"orders", Gateway::topic_id(2), 3}});
  g.ends("orders", 0, 1, g.asked().at(0).number);
  g.members("views", 1);
  PublishRequest request = g.request();
  const WaitId wait = g.publish(request);
  g.deliver(wait, 0, 0, Gateway::topic_id(2));
  g.ends("orders", 0, 9, 99);
  g.commit(of_the_next_topic(g, 4));
  g.advance(std::chrono::seconds(3));
  EXPECT_NE(g.outcome(wait).outcome, Outcome::processed);
}

// Found by the simulator, seed 700202.
TEST(EngineSeeds, ADeletionMayBeOfTheNextTopicsRow) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit(of_the_next_topic(g, 0));
  g.commit("views", 0, kNoOffset);
  g.list({{"orders", Gateway::topic_id(2), 3}});
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 0, Gateway::topic_id(2));
  g.ends("orders", 0, 9, 99);
  g.commit(of_the_next_topic(g, 5));  // it may have begun at the end
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored);
}

// Found by the simulator, seed 1232220: the row went with the topic, and a last
// commit of its readers came behind.
TEST(EngineSeeds, MembersGoOnFromWhereTheyAreThoughTheirRowIsDeleted) {
  EngineConfig config;
  config.reset_earliest = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 1);
  const WaitId wait = g.append(0, 5);
  g.commit("views", 0, kNoOffset);
  g.commit("views", 0, 8);
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::unanchored) << "it did not begin anew at the log's start";
}

TEST(EngineSeeds, CommitsForATopicThatIsNotListedAreBounded) {
  Gateway g;
  g.start();
  g.members("views", 1);
  for (Offset offset = 0; offset < 1000; ++offset) g.commit(of_the_next_topic(g, offset));
  g.list({{"orders", Gateway::topic_id(2), 3}});
  g.ends("orders", 0, 2000, 99);
  const WaitId wait = g.publish();
  g.deliver(wait, 0, 1000, Gateway::topic_id(2));
  g.commit(of_the_next_topic(g, 1001));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::processed) << "the latest of them are kept";
}

// Found by the simulator, seed 1026685 of an earlier version.
TEST(EngineSeeds, AnEndAskedForBeforeThePartitionWasThereIsAskedForAnew) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 3, 5);  // a partition that the log does not have yet: nobody answers
  ASSERT_EQ(g.asked().size(), 1U);
  g.list({{"orders", Gateway::topic_id(1), 4}});
  const auto asks = g.asked();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].partition, 3);
}

}  // namespace
}  // namespace tidemark::core
