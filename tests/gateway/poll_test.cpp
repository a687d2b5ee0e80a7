// Two gateways on the same run, one that reads the log of commits and one that asks the
// groups for their positions: what either answers is the same, whatever the outcome.

#include <gtest/gtest.h>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

class PolledAnswers : public ::testing::Test {
 protected:
  PolledAnswers() : PolledAnswers("2m") {}
  explicit PolledAnswers(const std::string& grace)
      : topic(create_unique_topic(kafka(), "polled", 1)),
        group(unique_name("reader")),
        tail({kafka(), config(grace), {}, true}),
        poll({kafka(), config(grace) + "kafka: {positions: poll}\n", {}, true}) {}

  std::string config(const std::string& grace) const {
    return "absent_grace: " + grace + "\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\n";
  }
  ConsumerOptions options() const {
    ConsumerOptions options;
    options.bootstrap = kafka();
    options.topic = topic;
    options.group = group;
    return options;
  }
  // Either gateway's answer to a wait for the mark, as far as both must say the same.
  std::string answers(GatewayProcess& gateway, const std::string& mark, const std::string& wait) const {
    const GatewayAnswer answer = gateway.get("/marks/" + mark + "?wait=" + wait);
    const boost::json::object entry = answer.consumer(group);
    const auto* evidence = entry.if_contains("evidence");
    const bool has_position = evidence != nullptr && evidence->is_object() && evidence->as_object().contains("committed");
    return std::to_string(answer.status) + " " + answer.outcome(group) + " settled " +
           std::to_string(answer.settled()) + " committed " +
           (has_position ? boost::json::serialize(evidence->at("committed")) : "none");
  }
  void expect_both(const GatewayAnswer& event, const std::string& outcome, const std::string& wait = "30s") {
    const std::string read = answers(tail, event.mark(), wait), asked = answers(poll, event.mark(), wait);
    EXPECT_EQ(read, asked) << outcome;
    EXPECT_NE(read.find(" " + outcome + " "), std::string::npos) << read;
  }
  bool both_see_members(int members) { return tail.sees_members(group, members) && poll.sees_members(group, members); }

  const std::string topic, group;
  GatewayProcess tail, poll;
};

TEST_F(PolledAnswers, ProcessedPendingAndSkippedAreTheSameByEither) {
  GatewayAnswer missed;
  {
    Consumer consumer(options());
    ASSERT_TRUE(both_see_members(1));
    ASSERT_TRUE(consumer.wait_assigned());
    // Once both have seen a commit, the next event has an anchor.
    ASSERT_TRUE(tail.publish(topic, "wait=20s").settled());
    ASSERT_TRUE(poll.publish(topic, "wait=20s").settled());
    for (int i = 0; i < 5; ++i) {
      const GatewayAnswer event = (i % 2 == 0 ? tail : poll).publish(topic, "wait=0");
      ASSERT_FALSE(event.mark().empty()) << event.raw.body;
      ASSERT_TRUE(consumer.wait_processed(0, event.number("offset")));
      expect_both(event, "processed");
    }
    consumer.pause();
    const GatewayAnswer held = poll.publish(topic, "wait=0");
    expect_both(held, "pending", "200ms");
    consumer.resume();
    expect_both(held, "processed");
  }
  ASSERT_TRUE(both_see_members(0));
  missed = tail.publish(topic, "wait=0");
  expect_both(missed, "pending", "0");
  reset_offset(kafka(), group, topic, 0, missed.number("offset") + 1);
  expect_both(missed, "skipped");
}

TEST_F(PolledAnswers, WhatALatestGroupPassedOverIsUnanchoredByEither) {
  const GatewayAnswer before = tail.publish(topic, "wait=0");
  ConsumerOptions latest = options();
  latest.auto_offset_reset = "latest";
  Consumer consumer(latest);
  ASSERT_TRUE(consumer.wait_at_end());
  const GatewayAnswer during = poll.publish(topic, "wait=0");
  ASSERT_TRUE(consumer.wait_processed(0, during.number("offset")));
  expect_both(before, "unanchored");
}

TEST_F(PolledAnswers, WhoCommitsBeforeItsWorkIsHandedOverByEither) {
  Process consumer(go_consumer("kafka-go", "read", kafka(), topic, group));
  ASSERT_TRUE(both_see_members(1)) << consumer.output();
  ASSERT_TRUE(tail.publish(topic, "wait=20s").settled());
  ASSERT_TRUE(poll.publish(topic, "wait=20s").settled());
  for (GatewayProcess* gateway : {&tail, &poll}) expect_both(gateway->publish(topic, "wait=0"), "handed_over");
}

class PolledAbsence : public PolledAnswers {
 protected:
  PolledAbsence() : PolledAnswers("6s") {}
};

TEST_F(PolledAbsence, AnAckIsHeardByEitherAndNobodyThereIsAbsent) {
  const GatewayAnswer nobody = poll.publish(topic, "wait=0");
  const GatewayAnswer bad = tail.publish(topic, "wait=0");
  const std::string ack = R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":0,"offset":)" +
                          std::to_string(bad.number("offset")) + R"(,"outcome":"failed","reason":"no such path"})";
  ASSERT_EQ(tail.post("/acks", ack).status, 204);
  expect_both(bad, "failed");
  expect_both(nobody, "absent");
}

}  // namespace
}  // namespace tidemark::test
