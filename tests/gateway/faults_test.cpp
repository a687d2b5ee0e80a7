// The gateway behind a proxy that cuts connections and loses replies.

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/fault_proxy.h"

namespace tidemark::test {
namespace {

class Faults : public ::testing::Test {
 protected:
  Faults()
      : topic(create_unique_topic(kafka(), "faults", 1)),
        group(unique_name("faults")),
        proxy(kafka_proxy_port(), kafka_proxied()) {}

  GatewayOptions through_proxy() const {
    return {kafka_proxied(),
            "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n",
            {},
            true};
  }
  ConsumerOptions options() const {
    ConsumerOptions options;
    options.bootstrap = kafka();
    options.topic = topic;
    options.group = group;
    return options;
  }
  std::size_t copies_of(const std::string& value) const {
    const std::vector<Record> records = read_all(kafka(), topic);
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [&](const Record& record) { return record.value == value; }));
  }

  std::string topic, group;
  FaultProxy proxy;
};

// P5, P6: the retry after a lost reply is recognised by the broker.
TEST_F(Faults, AProduceReplyLostLeavesTheEventOnce) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  for (int i = 0; i < 5; ++i) {
    const std::string value = "v" + std::to_string(i);
    proxy.lose_next_reply(FaultProxy::kProduce, 1, static_cast<std::size_t>(i));
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s", value);
    EXPECT_EQ(answer.status, 200) << answer.raw.body << gateway.process().output();
    EXPECT_EQ(copies_of(value), 1U);
  }
  EXPECT_EQ(proxy.counters().replies_lost, 5U);
}

TEST_F(Faults, AProduceRequestLostIsSentAgain) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  proxy.lose_next_request(FaultProxy::kProduce);
  const GatewayAnswer answer = gateway.publish(topic, "wait=20s", "again");
  EXPECT_EQ(answer.status, 200) << answer.raw.body;
  EXPECT_EQ(copies_of("again"), 1U);
}

// P4, P5: no reply in time is 504 and unknown, never success and never "not appended".
TEST_F(Faults, AReplyHeldPastTheDeadlineIsUnknown) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  ASSERT_EQ(gateway.publish(topic, "wait=20s", "first").status, 200);  // the producer id is there
  const std::size_t sent = proxy.requests_of(FaultProxy::kProduce);
  proxy.hold_replies();
  const GatewayAnswer answer = gateway.publish(topic, "wait=500ms", "held");
  EXPECT_EQ(answer.status, 504) << answer.raw.body;
  EXPECT_EQ(answer.text("appended"), "unknown");
  EXPECT_FALSE(answer.mark().empty());
  EXPECT_GT(proxy.requests_of(FaultProxy::kProduce), sent);
  proxy.release_replies();
  ASSERT_TRUE(consumer.wait_processed(2));
  EXPECT_EQ(copies_of("held"), 1U);
  EXPECT_EQ(gateway.publish(topic, "wait=20s", "next").status, 200);
  // The event is found by its id, from the lowest offset that it can have, by any gateway.
  for (const std::string& kafka_address : {proxy.address(), kafka()}) {
    GatewayProcess any({kafka_address, "consumers:\n  " + group + ": {reset: earliest}\n", {}, true});
    const GatewayAnswer resolved = any.get("/marks/" + answer.mark() + "?wait=20s");
    EXPECT_EQ(resolved.status, 200) << resolved.raw.body;
    EXPECT_EQ(resolved.text("offset"), "1") << resolved.raw.body;
  }
}

TEST_F(Faults, CutConnectionsAreMendedAndNothingIsLost) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  for (int i = 0; i < 5; ++i) {
    proxy.cut_all();
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s", "c" + std::to_string(i));
    EXPECT_EQ(answer.status, 200) << answer.raw.body << gateway.process().output();
    EXPECT_TRUE(consumer.has_processed(0, answer.number("offset")));
    EXPECT_EQ(copies_of("c" + std::to_string(i)), 1U);
  }
}

// The commit came while the tail was cut off: it is found, not missed.
TEST_F(Faults, ACommitDuringACutIsSeenAfterwards) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  consumer.pause();
  const GatewayAnswer held = gateway.publish(topic, "wait=0", "x");
  proxy.refuse_connections(true);
  proxy.cut_all();
  consumer.resume();
  ASSERT_TRUE(consumer.wait_processed(0, held.number("offset")));
  ASSERT_TRUE(eventually([&] { return committed_offsets(kafka(), group, topic)[0] == held.number("offset") + 1; }));
  proxy.heal();
  EXPECT_EQ(gateway.get("/marks/" + held.mark() + "?wait=30s").outcome(group), "processed");
}

TEST_F(Faults, KafkaUnreachableAtStartIsSaidOnceAndMended) {
  proxy.refuse_connections(true);
  GatewayOptions options = through_proxy();
  options.kafka = proxy.address();
  options.wait_ready = false;
  GatewayProcess gateway(options);
  EXPECT_EQ(gateway.get("/health/live").status, 200);
  EXPECT_EQ(gateway.get("/health/ready").status, 503);
  ASSERT_TRUE(gateway.process().wait_for_line("cannot be reached"));
  const GatewayAnswer refused = gateway.publish(topic, "");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.raw.header("Retry-After").has_value());
  proxy.heal();
  ASSERT_TRUE(eventually([&] { return gateway.get("/health/ready").status == 200; })) << gateway.process().output();
  const auto lines = gateway.process().lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const OutputLine& line) { return line.text.find("cannot be reached") != std::string::npos; }),
            1)
      << gateway.process().output();
}

// P8: what is known grows old while Kafka is away; nothing is appended on the strength of it.
TEST_F(Faults, KafkaLostForTenSecondsMakesTheGatewayNotReady) {
  GatewayProcess gateway(through_proxy());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  proxy.refuse_connections(true);
  proxy.cut_all();
  ASSERT_TRUE(eventually([&] { return gateway.get("/health/ready").status == 503; }));
  const GatewayAnswer refused = gateway.publish(topic, "wait=5s", "refused");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.text("type"), "/problems/not-ready") << refused.raw.body;
  proxy.heal();
  ASSERT_TRUE(eventually([&] { return gateway.get("/health/ready").status == 200; })) << gateway.process().output();
  EXPECT_EQ(gateway.publish(topic, "wait=20s", "taken").status, 200) << gateway.process().output();
  EXPECT_EQ(copies_of("refused"), 0U);
}

TEST_F(Faults, AClientThatGoesAwayFreesItsWait) {
  GatewayProcess gateway(through_proxy());
  const auto held = [&] { return gateway.get("/metrics").raw.body; };
  {
    HttpConnection client("127.0.0.1", gateway.port());
    client.send_request("POST", "/topics/" + topic + "?wait=60s", "v");
    ASSERT_TRUE(eventually([&] { return held().find("tidemark_open_obligations 1\n") != std::string::npos; }));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return held().find("tidemark_open_waits 0\n") != std::string::npos; }));
  EXPECT_NE(held().find("tidemark_cancelled_total 1\n"), std::string::npos);
  EXPECT_EQ(copies_of("v"), 1U);  // what was appended stays
}

// Shutdown drains: held requests are answered, new ones refused, and the end is clean.
TEST_F(Faults, SigtermAnswersWhatIsHeld) {
  GatewayOptions options = through_proxy();
  options.flags = {"--drain-time", "500ms"};
  GatewayProcess gateway(options);
  HttpConnection client("127.0.0.1", gateway.port());
  client.send_request("POST", "/topics/" + topic + "?wait=60s", "v");
  ASSERT_TRUE(eventually([&] {
    return gateway.get("/metrics").raw.body.find("tidemark_open_obligations 1\n") != std::string::npos;
  }));
  gateway.process().terminate();
  const auto answer = client.read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 202) << answer->body;
  EXPECT_FALSE(parse_answer(*answer).mark().empty());
  const auto exit = gateway.process().wait();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->code, 0) << gateway.process().output();
  EXPECT_EQ(exit->signal, 0);
}

// What cannot be sent before the deadline was certainly not appended.
TEST_F(Faults, APublishThatWasNeverSentIsNotAppended) {
  GatewayProcess gateway(through_proxy());
  proxy.refuse_connections(true);
  proxy.cut_all();
  const GatewayAnswer answer = gateway.publish(topic, "wait=300ms", "unsent");
  EXPECT_EQ(answer.status, 503) << answer.raw.body;
  EXPECT_EQ(answer.text("appended"), "false") << answer.raw.body;
  proxy.heal();
  EXPECT_TRUE(eventually([&] { return gateway.publish(topic, "wait=0", "sent").status == 202; }));
  EXPECT_EQ(copies_of("unsent"), 0U);
}

}  // namespace
}  // namespace tidemark::test
