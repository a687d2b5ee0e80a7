// Waits through derived topics, on a real Kafka.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/process.h"
#include "support/records.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

using std::chrono::milliseconds;

// enricher reads `orders` and writes `enriched`; views reads that, slowly.
class Derived : public ::testing::Test {
 protected:
  Derived()
      : orders(create_unique_topic(kafka(), "orders", 3)),
        enriched(create_unique_topic(kafka(), "enriched", 3)),
        enricher(unique_name("enricher")),
        views(unique_name("views")) {}

  ConsumerOptions reading(const std::string& topic, const std::string& group,
                          std::function<void(const Record&)> work) const {
    ConsumerOptions options;
    options.bootstrap = kafka();
    options.topic = topic;
    options.group = group;
    options.work = std::move(work);
    return options;
  }
  // Writes what it reads to the next topic, acknowledged before its commit.
  ConsumerOptions relaying() const {
    return reading(orders, enricher, [this](const Record& record) {
      produce(kafka(), enriched, {record.value.value_or(""), record.key});
    });
  }
  ConsumerOptions viewing(milliseconds work = milliseconds(20)) const {
    return reading(enriched, views, [work](const Record&) { std::this_thread::sleep_for(work); });
  }
  std::string config(const std::string& more = {}) const {
    return "consumers:\n  " + enricher + ": {reset: earliest, outputs: {" + orders + ": [" + enriched + "]}" + more +
           "}\n  " + views + ": {reset: earliest}\n";
  }
  static bool has(const Consumer& consumer, const std::string& value) {
    for (const Record& record : consumer.processed())
      if (record.value == value) return true;
    return false;
  }

  const std::string orders, enriched, enricher, views;
};

// P2: the reader of the derived topic is waited for, whoever publishes.
TEST_F(Derived, AnAnswerMeansThatTheReaderOfTheOutputIsDone) {
  Consumer relay(relaying()), viewer(viewing());
  GatewayProcess gateway({kafka(), config(), {}, true});
  ASSERT_TRUE(gateway.knows(views, enriched));
  for (int i = 0; i < 30; ++i) {
    const std::string value = "order-" + std::to_string(i);
    const GatewayAnswer answer = gateway.publish(orders, "wait=30s&key=" + std::to_string(i), value);
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    EXPECT_TRUE(has(viewer, value)) << value;
    const boost::json::array via = answer.consumer(views).at("via").as_array();
    ASSERT_EQ(via.size(), 1U) << answer.raw.body;
    EXPECT_EQ(via[0].at("name").as_string(), enricher);
    EXPECT_EQ(via[0].at("topic").as_string(), enriched);
    EXPECT_EQ(answer.consumer(views).at("evidence").at("topic").as_string(), enriched);
  }
}

TEST_F(Derived, WhoIsNotReachedIsPendingUntilTheMarkIsAskedAgain) {
  Consumer viewer(viewing());
  GatewayProcess gateway({kafka(), config(), {}, true});
  ASSERT_TRUE(gateway.knows(views, enriched));
  const GatewayAnswer pending = gateway.publish(orders, "wait=200ms", "late");
  ASSERT_EQ(pending.status, 202) << pending.raw.body;
  EXPECT_EQ(pending.consumer(views).at("reason").as_string(), "upstream");
  EXPECT_EQ(pending.outcome(enricher), "pending");
  Consumer relay(relaying());
  const GatewayAnswer answer = gateway.get("/marks/" + pending.mark() + "?wait=30s");
  EXPECT_EQ(answer.outcome(views), "processed") << answer.raw.body;
  EXPECT_TRUE(has(viewer, "late"));
}

// P8: a mark is followed by a gateway that started after all of it, and declares nothing.
TEST_F(Derived, AMarkIsFollowedByAnotherGateway) {
  Consumer relay(relaying()), viewer(viewing());
  std::string mark;
  {
    GatewayProcess gateway({kafka(), config(), {}, true});
    ASSERT_TRUE(gateway.knows(views, enriched));
    ASSERT_EQ(gateway.publish(orders, "wait=30s", "first").status, 200);
    viewer.pause();
    const GatewayAnswer pending = gateway.publish(orders, "wait=300ms", "second");
    ASSERT_EQ(pending.status, 202) << pending.raw.body;
    mark = pending.mark();
    gateway.process().kill();
  }
  GatewayProcess other({kafka(), {}, {}, true});
  EXPECT_EQ(other.get("/marks/" + mark).outcome(views), "pending");
  viewer.resume();
  const GatewayAnswer answer = other.get("/marks/" + mark + "?wait=30s");
  EXPECT_EQ(answer.outcome(views), "processed") << answer.raw.body;
  EXPECT_TRUE(has(viewer, "second"));
}

// What a record that was given up leaves behind, as Spring writes it.
TEST_F(Derived, ADeadLetterMakesTheConsumerFail) {
  const std::string dead = orders + "-dlt";
  create_topic(kafka(), dead, 1);
  Consumer relay(reading(orders, enricher, [&](const Record& record) {
    const std::string value = record.value.value_or("");
    if (value.starts_with("good")) return;
    Outgoing letter{value};
    const auto big_endian = [](std::uint64_t number, int bytes) {
      std::string text;
      for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text.push_back(static_cast<char>((number >> shift) & 255));
      return text;
    };
    letter.headers = {{"kafka_dlt-original-topic", record.topic},
                      {"kafka_dlt-original-partition", big_endian(static_cast<std::uint64_t>(record.partition), 4)},
                      {"kafka_dlt-original-offset", big_endian(static_cast<std::uint64_t>(record.offset), 8)},
                      {"kafka_dlt-original-consumer-group", enricher},
                      {"kafka_dlt-exception-message", "no such customer"}};
    produce(kafka(), dead, letter);
  }));
  GatewayProcess gateway({kafka(), "consumers: {" + enricher + ": {reset: earliest}}\n", {}, true});
  ASSERT_TRUE(gateway.knows(enricher, orders));
  for (int i = 0; i < 10; ++i) {
    const GatewayAnswer good = gateway.publish(orders, "wait=30s", "good-" + std::to_string(i));
    EXPECT_EQ(good.status, 200) << good.raw.body;
    const GatewayAnswer bad = gateway.publish(orders, "wait=30s", "bad-" + std::to_string(i));
    EXPECT_EQ(bad.status, 202) << bad.raw.body;
    EXPECT_TRUE(bad.settled());
    EXPECT_EQ(bad.outcome(enricher), "failed") << bad.raw.body;
    EXPECT_NE(bad.raw.body.find("no such customer"), std::string::npos) << bad.raw.body;
  }
}

// The derived records are in a transaction, whose marker nobody commits past.
TEST_F(Derived, AnOutputInATransactionIsFollowed) {
  Consumer viewer(viewing());
  GatewayProcess gateway({kafka(), config(), {}, true});
  ASSERT_TRUE(gateway.knows(views, enriched));
  TransactionalProducer producer(kafka(), unique_name("relay"));
  const std::string mark = gateway.publish(orders, "wait=0&partition=0", "one").mark();
  producer.begin();
  producer.produce(enriched, {"one", std::nullopt, 0});
  producer.abort();
  producer.begin();
  producer.produce(enriched, {"one", std::nullopt, 1});
  producer.send_offset(enricher, orders, 0, 1);
  EXPECT_EQ(gateway.get("/marks/" + mark).outcome(enricher), "pending");
  producer.commit();
  const GatewayAnswer answer = gateway.get("/marks/" + mark + "?wait=30s");
  EXPECT_EQ(answer.outcome(enricher), "processed") << answer.raw.body;
  EXPECT_EQ(answer.outcome(views), "processed") << answer.raw.body;
  EXPECT_TRUE(has(viewer, "one"));
}

// All partitions, whoever appended to them.
TEST_F(Derived, WatermarkScopeWaitsForWhatOthersPublishedBefore) {
  Consumer relay(relaying()), viewer(viewing());
  GatewayProcess gateway({kafka(), config(), {}, true});
  ASSERT_TRUE(gateway.knows(views, enriched));
  for (int i = 0; i < 30; ++i) produce(kafka(), orders, {"other-" + std::to_string(i), std::nullopt, i % 3});
  const GatewayAnswer answer = gateway.publish(orders, "wait=60s&scope=watermark&partition=1", "mine");
  ASSERT_EQ(answer.status, 200) << answer.raw.body;
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(has(viewer, "other-" + std::to_string(i)));
}

// One line makes a test of the whole system deterministic.
TEST_F(Derived, SettleFollowsDerivedTopics) {
  Consumer relay(relaying()), viewer(viewing());
  GatewayProcess gateway({kafka(), config(), {}, true});
  ASSERT_TRUE(gateway.knows(views, enriched));
  for (int i = 0; i < 20; ++i) produce(kafka(), orders, {"r-" + std::to_string(i), std::nullopt, i % 3});
  Process settle({tidemark_program(), "settle", orders, "--url", gateway.url(), "--timeout", "60s"});
  const auto exit = settle.wait(std::chrono::seconds(70));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0) << settle.output();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(has(viewer, "r-" + std::to_string(i)));
}

}  // namespace
}  // namespace tidemark::test
