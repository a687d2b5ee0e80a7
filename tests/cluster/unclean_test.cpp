// A leader elected out of sync: what it lacks is lost, and is said to be.

#include <gtest/gtest.h>

#include "cluster.h"
#include "gateway_process.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/eventually.h"
#include "support/process.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

class Unclean : public ::testing::Test {
 protected:
  Unclean()
      : group(unique_name("unclean")),
        leader(cluster.others(cluster.coordinator(group)).front()),
        topic(cluster.create_topic("unclean", leader, 1, true)) {}

  GatewayOptions options() const {
    return {cluster.bootstrap(),
            "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n",
            {},
            true};
  }

  Cluster cluster;
  const std::string group;
  const int leader;
  const std::string topic;
};

TEST_F(Unclean, AnEventThatOnlyTheDeadLeaderHadIsLostAndItsMarkIsGone) {
  GatewayProcess gateway(options()), other(options());
  const GatewayAnswer kept = gateway.publish(topic, "wait=0", "kept");
  ASSERT_EQ(kept.status, 202) << kept.raw.body;
  const std::vector<int> followers = cluster.others(leader);
  for (const int follower : followers) cluster.stop(follower);  // so that the leader alone is in sync
  GatewayAnswer lost;
  ASSERT_TRUE(eventually([&] {
    lost = gateway.publish(topic, "wait=5s", "lost");
    return lost.status == 202;
  })) << lost.raw.body;
  ASSERT_EQ(gateway.get("/marks/" + lost.mark()).status, 200);

  cluster.kill(leader);
  cluster.start(followers);
  ASSERT_NE(cluster.wait_for_leader_but(leader, topic), leader);
  // The gateway sees the new leader, asks where its log ends, and knows.
  ASSERT_TRUE(eventually([&] { return gateway.get("/marks/" + lost.mark()).status == 410; }))
      << gateway.get("/marks/" + lost.mark()).raw.body << gateway.process().output();
  const GatewayAnswer gone = gateway.get("/marks/" + lost.mark());
  EXPECT_EQ(gone.text("type"), "/problems/cut-off") << gone.raw.body;
  EXPECT_EQ(gateway.get("/marks/" + kept.mark()).status, 200);
  // One that never knew of the event finds it beyond the end.
  // It may need a moment more to reach a broker again.
  GatewayAnswer elsewhere;
  ASSERT_TRUE(eventually([&] {
    elsewhere = other.get("/marks/" + lost.mark() + "?wait=20s");
    return elsewhere.status != 503;
  })) << elsewhere.raw.body;
  EXPECT_EQ(elsewhere.outcome(group), "skipped") << elsewhere.raw.body;
  EXPECT_NE(elsewhere.raw.body.find("unclean leader election"), std::string::npos) << elsewhere.raw.body;

  // Its offset is taken again, and what is proven of that says nothing of the lost event.
  ConsumerOptions consuming;
  consuming.bootstrap = cluster.bootstrap();
  consuming.topic = topic;
  consuming.group = group;
  Consumer consumer(consuming);
  ASSERT_TRUE(gateway.sees_members(group, 1));
  GatewayAnswer again;
  ASSERT_TRUE(eventually([&] {
    again = gateway.publish(topic, "wait=20s", "again");
    return again.status == 200;
  })) << again.raw.body << gateway.process().output();
  EXPECT_EQ(gateway.get("/marks/" + lost.mark()).status, 410);
  cluster.start({leader});
  for (const Record& record : read_all(cluster.bootstrap(), topic)) EXPECT_NE(record.value, "lost");
}

// A share group's state goes by offsets and outlives the log: Kafka never hands out what has the offset of a record
// that was acknowledged before.
TEST(UncleanShare, WhatHasTheOffsetOfALostRecordThatItHadAcknowledgedIsSkipped) {
  Cluster cluster;
  constexpr int kLeader = 1, kFollower = 2;
  const std::string topic = unique_name("unclean-share"), group = unique_name("share");
  create_topic(cluster.bootstrap(), topic, 1,
               {{"min.insync.replicas", "1"}, {"unclean.leader.election.enable", "true"}}, {kLeader, kFollower});
  ASSERT_TRUE(cluster.wait_in_sync(2, topic));
  GatewayProcess gateway({cluster.bootstrap(), "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\n", {}, true});
  Process reader(java_share_reader(cluster.bootstrap(), topic, group));
  ASSERT_TRUE(reader.wait_for_line("ready", kClientStart)) << reader.output();
  constexpr auto kBound = std::chrono::seconds(60);
  ASSERT_TRUE(eventually([&] { return gateway.publish(topic, "wait=1s", "first").status == 200; }, kBound)) << reader.output();

  cluster.stop(kFollower);
  GatewayAnswer lost;
  for (const char* value : {"lost", "lost too"})  // the first event behind them tells the producer, and is answered 504
    ASSERT_TRUE(eventually([&] {
      lost = gateway.publish(topic, "wait=20s", value);
      return lost.status == 200;
    }, kBound)) << lost.raw.body << reader.output();
  cluster.kill(kLeader);
  cluster.start({kFollower});
  ASSERT_EQ(cluster.wait_for_leader_but(kLeader, topic), kFollower);
  ASSERT_TRUE(eventually([&] { return gateway.get("/marks/" + lost.mark()).status == 410; }, kBound)) << gateway.process().output();

  // Each takes the place of one that is lost, until the log has grown past them.
  std::vector<std::string> skipped;
  std::string answers;
  int sent = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string value = "again-" + std::to_string(sent++);
    const GatewayAnswer again = gateway.publish(topic, "wait=20s", value);
    answers += value + " " + std::to_string(again.status) + " " + again.raw.body + "\n";
    if (again.status == 202 && again.outcome(group) == "skipped") skipped.push_back(value);
    return again.status == 200;
  }, kBound)) << answers << gateway.process().output() << reader.output();
  EXPECT_FALSE(skipped.empty()) << lost.raw.body << "\n" << answers << reader.output();
  for (const std::string& value : skipped) EXPECT_EQ(reader.output().find(value + "\n"), std::string::npos) << reader.output();
}

}  // namespace
}  // namespace tidemark::test
