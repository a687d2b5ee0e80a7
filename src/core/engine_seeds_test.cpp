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
