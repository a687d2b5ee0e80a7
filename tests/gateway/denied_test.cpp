// A gateway that may not read the log of commits says so wherever somebody may look, and its
// answers are right all the same.

#include <gtest/gtest.h>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/own_broker.h"

namespace tidemark::test {
namespace {

TEST(DeniedCommitLogGateway, LogHealthMetricsAndAnswersSayThatPositionsAreAskedFor) {
  OwnBroker broker(kWithAcls);
  const std::string topic = create_unique_topic(broker.address(), "orders", 1);
  deny_commit_log(broker.address(), RD_KAFKA_ACL_OPERATION_READ);
  ConsumerOptions consuming;
  consuming.bootstrap = broker.address();
  consuming.topic = topic;
  consuming.group = "views";
  Consumer consumer(consuming);
  ASSERT_TRUE(consumer.wait_assigned(1, kBrokerBound));
  GatewayProcess gateway({broker.address(),
                          "topics: {" + topic + ": {wait_for: [views]}}\nconsumers: {views: {reset: earliest}}\n", {}, true});
  const GatewayAnswer answer = gateway.publish(topic, "wait=30s");
  ASSERT_EQ(answer.status, 200) << answer.raw.body << gateway.process().output();
  EXPECT_TRUE(consumer.has_processed(0, answer.number("offset")));
  EXPECT_EQ(answer.text("basis"), "poll");
  EXPECT_EQ(answer.consumer("views").at("basis").as_string(), "poll");
  EXPECT_EQ(answer.consumer("views").at("evidence").at("source").as_string(), "poll");

  consumer.pause();
  const GatewayAnswer pending = gateway.publish(topic, "wait=300ms");
  EXPECT_EQ(pending.outcome("views"), "pending") << pending.raw.body;
  EXPECT_NE(pending.raw.body.find("allow the gateway's user READ"), std::string::npos) << pending.raw.body;
  consumer.resume();

  const GatewayAnswer health = gateway.get("/health/ready");
  EXPECT_EQ(health.status, 200) << health.raw.body;
  EXPECT_EQ(health.text("positions"), "polled") << health.raw.body;
  EXPECT_NE(health.text("why").find("commit log"), std::string::npos) << health.raw.body;
  EXPECT_NE(gateway.get("/metrics").raw.body.find("\ntidemark_kafka_polling 1\n"), std::string::npos);
  EXPECT_NE(gateway.process().output().find("groups are asked for their positions instead"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::test
