// The tail through lost connections and a cluster that does not answer:
// kafka_log.cpp, tail_driver.cpp and start_up.cpp of src/kafka.
#include <gtest/gtest.h>

#include "running_log.h"
#include "support/admin.h"
#include "support/environment.h"
#include "support/fault_proxy.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

class TailFaults : public testing::Test {
 protected:
  FaultProxy proxy_{kafka_proxy_port(), kafka_proxied()};
  std::string topic_ = create_unique_topic(kafka());
  std::string group_ = unique_name("group");
};

TEST_F(TailFaults, CutConnectionsLoseNoCommitAndRepeatNone) {
  RunningLog log(proxy_.address());
  ASSERT_TRUE(log.wait_synced());
  for (int i = 1; i <= 20; ++i) {
    if (i % 3 == 0) proxy_.cut_all();
    if (i % 5 == 0) proxy_.lose_next_reply(FaultProxy::kFetch, 1, 30);
    commit_offset(kafka(), group_, topic_, 0, i);
  }
  ASSERT_TRUE(log.wait_commit(group_, topic_, 0, 20));
  const auto commits = log.commits_of(group_);
  ASSERT_EQ(commits.size(), 20U);
  for (std::size_t i = 0; i < commits.size(); ++i) EXPECT_EQ(commits[i].offset, static_cast<core::Offset>(i + 1));
}

TEST_F(TailFaults, AnUnreachableClusterIsSaidOnceAndCaughtUpWithWhenItIsBack) {
  RunningLog log(proxy_.address());
  ASSERT_TRUE(log.wait_synced());
  proxy_.refuse_connections(true);
  proxy_.cut_all();
  ASSERT_TRUE(eventually([&] { return !log.lost().empty(); }));
  commit_offset(kafka(), group_, topic_, 0, 7);
  EXPECT_TRUE(log.commits_of(group_).empty());
  proxy_.heal();
  ASSERT_TRUE(log.wait_synced(2));
  const auto commits = log.commits_of(group_);
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].offset, 7);
  EXPECT_EQ(log.lost().size(), 1U);
}

TEST_F(TailFaults, AFollowedTopicIsReadOnWhereItStoodAfterTheClusterWasLost) {
  log::Follow follow;
  follow.topic = topic_;
  follow.history = std::chrono::hours(1);
  RunningLog log(proxy_.address(), {follow});
  ASSERT_TRUE(log.wait_synced());
  produce(kafka(), topic_, {.value = "0", .partition = 1});
  ASSERT_TRUE(log.wait_followed(topic_, 1));
  proxy_.refuse_connections(true);
  proxy_.cut_all();
  ASSERT_TRUE(eventually([&] { return !log.lost().empty(); }));
  produce(kafka(), topic_, {.value = "1", .partition = 1});
  proxy_.heal();
  ASSERT_TRUE(log.wait_synced(2));
  const auto records = log.followed(topic_);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].value, "1");
  EXPECT_EQ(records[1].offset, 1);
}

TEST_F(TailFaults, ABrokerThatStopsAnsweringIsNoticed) {
  kafka::KafkaConfig config;
  config.bootstrap = proxy_.address();
  config.stalled_after = std::chrono::seconds(2);
  config.tail.fetch_timeout = std::chrono::seconds(1);
  RunningLog log(config);
  ASSERT_TRUE(log.wait_synced());
  proxy_.hold_replies();
  ASSERT_TRUE(eventually([&] { return !log.lost().empty(); }));
  commit_offset(kafka(), group_, topic_, 0, 7);
  proxy_.release_replies();
  ASSERT_TRUE(log.wait_synced(2));
  EXPECT_EQ(log.commits_of(group_).size(), 1U);
}

TEST_F(TailFaults, AClusterThatIsDownAtTheStartIsWaitedFor) {
  proxy_.refuse_connections(true);
  RunningLog log(proxy_.address());
  ASSERT_TRUE(eventually([&] { return !log.lost().empty(); }));
  EXPECT_EQ(log.synced(), 0U);
  proxy_.heal();
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.lost().size(), 1U);
  commit_offset(kafka(), group_, topic_, 0, 7);
  EXPECT_TRUE(log.wait_commit(group_, topic_, 0, 7));
}

TEST_F(TailFaults, LostAnswersOfTheStartAreAskedAgain) {
  commit_offset(kafka(), group_, topic_, 0, 7);
  for (const std::int16_t key : {FaultProxy::kListOffsets, FaultProxy::kFindCoordinator, FaultProxy::kOffsetFetch}) {
    proxy_.lose_next_reply(key);
    proxy_.lose_next_request(key);
  }
  RunningLog log(proxy_.address());
  ASSERT_TRUE(log.wait_synced());
  ASSERT_FALSE(log.seeds_of(group_).empty());
  EXPECT_EQ(log.seeds_of(group_).back().rows.size(), 1U);
}

}  // namespace
}  // namespace tidemark::test
