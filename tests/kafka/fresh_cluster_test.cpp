// A cluster that nobody has committed to yet: src/kafka/start_up.cpp's topic that
// does not exist. The test's broker is its own, since the shared ones have one.
#include <gtest/gtest.h>

#include <stdexcept>

#include "running_log.h"
#include "support/admin.h"
#include "support/own_broker.h"

namespace tidemark::test {
namespace {

bool committed(const std::string& address, const std::string& topic) {
  try {
    commit_offset(address, "first", topic, 1, 4);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(FreshCluster, IsSyncedAtOnceAndItsFirstCommitIsSeen) {
  OwnBroker broker;
  const std::string topic = create_unique_topic(broker.address());
  RunningLog log(broker.address());
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.counters().offsets_partitions, 0U);
  EXPECT_TRUE(log.lost().empty());
  // While the topic is being made, the coordinator refuses.
  ASSERT_TRUE(eventually([&] { return committed(broker.address(), topic); }, kBrokerBound));
  const auto commit = log.wait_commit("first", topic, 1, 4);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->at.offset, 0);
  EXPECT_EQ(log.counters().offsets_partitions, 50U);
  EXPECT_EQ(log.synced(), 1U);
  EXPECT_TRUE(log.lost().empty());
}

// Packed by the broker's setting, as some clusters are run.
TEST(FreshCluster, CommitsThatTheBrokerPacksAreRead) {
  OwnBroker broker({"offsets.topic.compression.codec=4"});
  const std::string topic = create_unique_topic(broker.address());
  ASSERT_TRUE(eventually([&] { return committed(broker.address(), topic); }, kBrokerBound));
  RunningLog log(broker.address());
  ASSERT_TRUE(log.wait_synced());
  commit_offset(broker.address(), "second", topic, 0, 2);
  EXPECT_TRUE(log.wait_commit("second", topic, 0, 2));
  EXPECT_EQ(log.counters().tail.read.unreadable_batches, 0U);
  EXPECT_TRUE(log.lost().empty());
}

}  // namespace
}  // namespace tidemark::test
