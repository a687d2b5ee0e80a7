// Each outcome that is not success, brought about on three brokers by the client that it is named for.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "cluster.h"
#include "gateway_process.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/eventually.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

constexpr std::chrono::seconds kSettled{120};

class Outcomes : public ::testing::Test {
 protected:
  Outcomes() : topic(cluster.create_topic("outcomes", 1)) {}

  // Those that begin at the log's start are declared so, those at its end cannot be.
  GatewayOptions options() const {
    return {cluster.bootstrap(),
            "absent_grace: 10s\ntopics: {" + topic + ": {wait_for: [" + early + ", " + late + ", " + gone + ", " + acker +
                "]}}\nconsumers: {" + early + ": {reset: earliest}, " + gone + ": {reset: earliest}, " + acker +
                ": {acks: true}}\n",
            {},
            true};
  }
  ConsumerOptions consuming(const std::string& group, const std::string& reset) const {
    ConsumerOptions consuming;
    consuming.bootstrap = cluster.bootstrap();
    consuming.topic = topic;
    consuming.group = group;
    consuming.auto_offset_reset = reset;
    return consuming;
  }
  std::string one_node() const { return cluster.bootstrap().substr(0, cluster.bootstrap().find(',')); }
  std::map<std::string, std::string> outcomes(const GatewayAnswer& answer) const {
    std::map<std::string, std::string> outcomes;
    for (const std::string& group : {early, late, gone, acker}) outcomes[group] = answer.outcome(group);
    return outcomes;
  }

  Cluster cluster;
  const std::string topic;
  const std::string early = unique_name("early"), late = unique_name("late"), gone = unique_name("gone"),
                    acker = unique_name("acker");
};

TEST_F(Outcomes, HandedOverUnanchoredAbsentAndFailedAreToldAlikeByTwoGatewaysThoughTheLeaderDies) {
  // Each is a member before the gateways begin, so that only who leaves is ever absent.
  Process go(go_consumer("kafka-go", "read", one_node(), topic, early));
  Process acks(python_acker(cluster.bootstrap(), topic, acker, ""), client_environment());
  Consumer at_latest(consuming(late, "latest"));
  auto leaves = std::make_unique<Consumer>(consuming(gone, "earliest"));
  ASSERT_TRUE(at_latest.wait_at_end());
  ASSERT_TRUE(leaves->wait_assigned());
  GatewayProcess one(options()), two(options());
  for (const std::string& group : {early, late, gone, acker}) {
    ASSERT_TRUE(eventually([&] { return one.sees_members(group, 1); }, kClientStart)) << group << acks.output();
    ASSERT_TRUE(two.sees_members(group, 1)) << group;
  }
  leaves->stop();
  ASSERT_TRUE(one.sees_members(gone, 0));

  const GatewayAnswer answer = parse_answer(
      http("127.0.0.1", one.port(), "POST", "/topics/" + topic + "?wait=60s", "bad", {}, kSettled));
  const std::map<std::string, std::string> expected{
      {early, "handed_over"}, {late, "unanchored"}, {gone, "absent"}, {acker, "failed"}};
  EXPECT_EQ(answer.status, 202) << answer.raw.body;
  EXPECT_TRUE(answer.settled()) << answer.raw.body << go.output() << acks.output();
  EXPECT_EQ(outcomes(answer), expected) << answer.raw.body;
  EXPECT_EQ(answer.raw.header("Tidemark-Outcome"), "failed");
  EXPECT_LT(answer.body.at("elapsed_ms").to_number<double>(), 50'000) << "once it is settled, not at the deadline";
  EXPECT_EQ(answer.consumer(acker).at("reason").as_string(), "a view needs a page") << answer.raw.body;
  EXPECT_TRUE(at_latest.wait_processed(0, answer.number("offset"))) << "it has, and nothing proves it";

  cluster.kill(1);
  ASSERT_NE(cluster.wait_for_leader_but(1, topic), 1);
  GatewayAnswer resumed;
  EXPECT_TRUE(eventually([&] {
    resumed = two.get("/marks/" + answer.mark() + "?wait=20s");
    return resumed.settled();
  }, kSettled)) << resumed.raw.body << two.process().output();
  EXPECT_EQ(outcomes(resumed), expected) << resumed.raw.body;
}

}  // namespace
}  // namespace tidemark::test
