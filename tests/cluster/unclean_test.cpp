// A leader elected out of sync: what it lacks is lost, and is said to be.

#include <gtest/gtest.h>

#include "cluster.h"
#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/eventually.h"
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

}  // namespace
}  // namespace tidemark::test
