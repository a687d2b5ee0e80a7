// Explicit acks, on a real Kafka: over HTTP and by the consumer's own hand.

#include <gtest/gtest.h>

#include <functional>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/eventually.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

const std::string kAcks = "__tidemark_acks";

class Acks : public ::testing::Test {
 protected:
  Acks() : topic(create_unique_topic(kafka(), "acked", 1)), group(unique_name("acker")) {}
  GatewayOptions options() const {
    return {kafka(), "topics:\n  " + topic + ": {wait_for: [" + group + "]}\n", {}, true};
  }
  std::string ack(std::int64_t offset, const std::string& more = "") const {
    return R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":0,"offset":)" +
           std::to_string(offset) + more + "}";
  }
  // The answer to `mark` once it is settled.
  static GatewayAnswer settled(GatewayProcess& gateway, const std::string& mark) {
    return gateway.get("/marks/" + mark + "?wait=20s");
  }
  static std::int64_t count(GatewayProcess& gateway, const std::string& line) {
    const std::string metrics = gateway.get("/metrics").raw.body;
    const std::size_t at = metrics.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stoll(metrics.substr(at + line.size() + 2));
  }

  const std::string topic;
  const std::string group;
};

TEST_F(Acks, P1EveryGatewayHearsAnAckAndOneStartedLaterToo) {
  GatewayProcess publishing(options()), other(options());
  const GatewayAnswer at_once = publishing.publish(topic, "wait=0");
  ASSERT_EQ(at_once.status, 202) << at_once.raw.body;
  EXPECT_EQ(other.post("/acks", ack(at_once.number("offset"))).status, 204);
  const GatewayAnswer answer = settled(publishing, at_once.mark());
  EXPECT_EQ(answer.status, 200) << answer.raw.body;
  EXPECT_EQ(answer.consumer(group).at("basis").as_string(), "ack");
  EXPECT_EQ(settled(other, at_once.mark()).status, 200);
  GatewayProcess later(options());
  EXPECT_EQ(later.get("/marks/" + at_once.mark()).status, 200) << "acks are read back at the start";
}

TEST_F(Acks, P1CommitsOfAConsumerThatAcksNoLongerCount) {
  GatewayProcess gateway(options());
  ConsumerOptions consuming;
  consuming.bootstrap = kafka();
  consuming.topic = topic;
  consuming.group = group;
  Consumer consumer(consuming);
  ASSERT_TRUE(gateway.sees_members(group, 1));
  const GatewayAnswer first = gateway.publish(topic, "wait=0");
  ASSERT_EQ(gateway.post("/acks", ack(first.number("offset"))).status, 204);
  ASSERT_EQ(settled(gateway, first.mark()).status, 200);

  const GatewayAnswer second = gateway.publish(topic, "wait=0");
  ASSERT_TRUE(consumer.wait_processed(0, second.number("offset")));
  ASSERT_TRUE(eventually([&] {
    const auto rows = committed_offsets(kafka(), group, topic);
    return rows.contains(0) && rows.at(0) > second.number("offset");
  }));
  const GatewayAnswer committed = gateway.get("/marks/" + second.mark() + "?wait=300ms");
  EXPECT_EQ(committed.outcome(group), "pending") << committed.raw.body;
  EXPECT_EQ(committed.consumer(group).at("reason").as_string(), "ack");
  ASSERT_EQ(gateway.post("/acks", ack(second.number("offset"))).status, 204);
  EXPECT_EQ(settled(gateway, second.mark()).status, 200);
}

TEST_F(Acks, ByIdAndByRangeAndFailedWithAReason) {
  GatewayProcess gateway(options());
  const GatewayAnswer by_id = gateway.publish(topic, "wait=0");
  EXPECT_EQ(gateway.post("/acks", R"({"consumer":")" + group + R"(","id":")" + by_id.text("id") + R"("})").status, 204);
  EXPECT_EQ(settled(gateway, by_id.mark()).status, 200);

  const GatewayAnswer low = gateway.publish(topic, "wait=0"), high = gateway.publish(topic, "wait=0");
  const std::string range = R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":0,"offsets":[)" +
                            std::to_string(low.number("offset")) + "," + std::to_string(high.number("offset")) + "]}";
  EXPECT_EQ(gateway.post("/acks", range).status, 204);
  EXPECT_EQ(settled(gateway, low.mark()).status, 200);
  EXPECT_EQ(settled(gateway, high.mark()).status, 200);

  const GatewayAnswer event = gateway.publish(topic, "wait=0");
  const std::string failed = R"(,"outcome":"failed","reason":"card refused")";
  EXPECT_EQ(gateway.post("/acks", ack(event.number("offset"), failed)).status, 204);
  const GatewayAnswer answer = settled(gateway, event.mark());
  EXPECT_EQ(answer.status, 202);
  EXPECT_TRUE(answer.settled());
  EXPECT_EQ(answer.raw.header("Tidemark-Outcome"), "failed");
  EXPECT_EQ(answer.outcome(group), "failed");
  EXPECT_EQ(answer.consumer(group).at("reason").as_string(), "card refused");
}

TEST_F(Acks, AnEventOfAnotherProducerCanBeAckedAtOnce) {
  GatewayProcess gateway(options());
  Outgoing outgoing;
  outgoing.value = "from elsewhere";
  const Record record = produce(kafka(), topic, outgoing);
  EXPECT_EQ(gateway.post("/acks", ack(record.offset)).status, 204) << "its end is asked for";
}

TEST_F(Acks, OneForATopicThatWasJustMadeIsTaken) {
  const std::string fresh = unique_name("fresh");
  GatewayProcess gateway({kafka(), "topics: {" + fresh + ": {wait_for: [" + group + "]}}\n", {}, true});
  create_topic(kafka(), fresh, 1);
  Outgoing outgoing;
  outgoing.value = "from elsewhere";
  const Record record = produce(kafka(), fresh, outgoing);
  const GatewayAnswer taken = gateway.post("/acks", R"({"consumer":")" + group + R"(","topic":")" + fresh +
                                                       R"(","partition":0,"offset":)" + std::to_string(record.offset) + "}");
  EXPECT_EQ(taken.status, 204) << taken.raw.body;
}

TEST_F(Acks, WhatCannotBeIsRefusedAndNothingIsWritten) {
  GatewayProcess gateway(options());
  ASSERT_EQ(gateway.publish(topic, "wait=0").status, 202);
  const auto refused = [&](const std::string& body, int status, const std::string& field) {
    const GatewayAnswer answer = gateway.post("/acks", body);
    EXPECT_EQ(answer.status, status) << body << answer.raw.body;
    EXPECT_EQ(answer.text("field"), field) << body;
  };
  refused(ack(99), 400, "offset");
  refused(R"({"consumer":"nobody","topic":")" + topic + R"(","partition":0,"offset":0})", 400, "consumer");
  refused(R"({"consumer":")" + group + R"(","topic":"no-such-topic","partition":0,"offset":0})", 404, "topic");
  refused(R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":9,"offset":0})", 400, "partition");
  refused(ack(0, R"(,"outcome":"done")"), 400, "outcome");
  refused(R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":0,"offsets":[1,0]})", 400, "offsets[1]");
  for (const Record& record : read_all(kafka(), kAcks, Isolation::kReadUncommitted))
    EXPECT_EQ(record.key.value_or("").find(group), std::string::npos);
}

TEST_F(Acks, APoisonedTopicOfAcksStopsNothing) {
  GatewayProcess gateway(options());
  const GatewayAnswer event = gateway.publish(topic, "wait=0");
  const auto write = [&](const std::string& value) {
    Outgoing outgoing;
    outgoing.value = value;
    outgoing.key = "anything";  // a compacted topic takes no record without a key
    produce(kafka(), kAcks, outgoing);
  };
  write("\xff\xfe garbage");
  write("[[[[[[[[[[[[[[[[]]]]");
  write(std::string(500'000, '{'));
  write(R"({"consumer":")" + group + R"(","id":")" + event.text("id") + R"("})");  // no place
  write(ack(1'000'000'000));
  write(R"({"consumer":"stranger","topic":")" + topic + R"(","partition":0,"offset":0})");
  write(ack(event.number("offset")));  // by the consumer's own hand
  const GatewayAnswer answer = settled(gateway, event.mark());
  EXPECT_EQ(answer.status, 200) << answer.raw.body << gateway.process().output();
  EXPECT_TRUE(eventually([&] { return count(gateway, "tidemark_acks_garbled_total") >= 4; }));
  EXPECT_TRUE(eventually([&] { return count(gateway, R"(tidemark_acks_total{result="ignored"})") >= 2; }));
  EXPECT_EQ(gateway.publish(topic, "wait=0").status, 202);
}

}  // namespace
}  // namespace tidemark::test
