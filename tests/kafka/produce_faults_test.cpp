// The producer while connections and replies are lost on the way to a real Kafka:
// what it says of each event must be what the log holds.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

#include "running_producer.h"
#include "support/admin.h"
#include "support/environment.h"
#include "support/fault_proxy.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Fate = core::Delivery::Fate;
using Reason = core::Delivery::Reason;

class ProduceFaults : public testing::Test {
 protected:
  void start(kafka::ProduceOptions options = {}) {
    producer = std::make_unique<RunningProducer>(kafka_proxied(), options);
    ASSERT_EQ(producer->deliver(name, "first").fate, Fate::appended);
  }
  std::map<std::string, std::vector<core::Offset>> offsets() const {
    std::map<std::string, std::vector<core::Offset>> found;
    for (const Record& record : read_all(kafka(), name)) found[record.value.value_or("")].push_back(record.offset);
    return found;
  }
  void expect_once(const std::string& value, const core::Delivery& end) {
    EXPECT_EQ(end.fate, Fate::appended) << end.detail;
    EXPECT_EQ(offsets()[value], std::vector<core::Offset>{end.offset}) << value;
  }

  FaultProxy proxy{kafka_proxy_port(), kafka()};
  const std::string name = create_unique_topic(kafka(), "faults", 1);
  std::unique_ptr<RunningProducer> producer;
};

TEST_F(ProduceFaults, ALostReplyIsAnEventThatIsThereOnce) {
  start();
  proxy.lose_next_reply(FaultProxy::kProduce);
  const core::Delivery end = producer->deliver(name, "a");
  EXPECT_EQ(proxy.counters().replies_lost, 1u);
  expect_once("a", end);
  EXPECT_EQ(producer->driver().counters().producer_ids, 1u);
}

TEST_F(ProduceFaults, AReplyCutInTwoIsAnEventThatIsThereOnce) {
  start();
  proxy.lose_next_reply(FaultProxy::kProduce, 2, 13);
  const core::Delivery end = producer->deliver(name, "a");
  EXPECT_EQ(proxy.counters().replies_lost, 2u);
  expect_once("a", end);
}

TEST_F(ProduceFaults, ALostRequestIsSentAgain) {
  start();
  proxy.lose_next_request(FaultProxy::kProduce, 3);
  const core::Delivery end = producer->deliver(name, "a");
  EXPECT_EQ(proxy.counters().requests_lost, 3u);
  expect_once("a", end);
}

TEST_F(ProduceFaults, ALostProducerIdIsAskedForAgain) {
  proxy.lose_next_reply(FaultProxy::kInitProducerId, 2);
  start();
  EXPECT_EQ(proxy.counters().replies_lost, 2u);
  EXPECT_EQ(offsets()["first"].size(), 1u);
}

TEST_F(ProduceFaults, ConnectionsCutAllTheTimeLoseNothingAndRepeatNothing) {
  start();
  std::vector<log::AppendId> ids;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 20; ++i) ids.push_back(producer->append(name, std::to_string(ids.size())));
    if (round % 3 == 0) proxy.lose_next_reply(FaultProxy::kProduce);
    const std::size_t seen = proxy.requests_of(FaultProxy::kProduce);
    producer->until([&] { return proxy.requests_of(FaultProxy::kProduce) > seen; });
    proxy.cut_all();
  }
  core::Offset last = -1;
  const auto found = [&] {
    for (const log::AppendId id : ids) producer->end(id);
    return offsets();
  }();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const core::Delivery end = producer->end(ids[i]);
    ASSERT_EQ(end.fate, Fate::appended) << end.detail;
    ASSERT_EQ(found.at(std::to_string(i)), std::vector<core::Offset>{end.offset});
    EXPECT_GT(end.offset, last) << "in order";
    last = end.offset;
  }
  EXPECT_EQ(producer->driver().counters().producer_ids, 1u);
}

TEST_F(ProduceFaults, AWithdrawnEventIsUnknownFromWhereItLaterIs) {
  start();
  proxy.hold_replies();
  const log::AppendId id = producer->append(name, "a");
  const std::size_t seen = proxy.requests_of(FaultProxy::kProduce);
  ASSERT_TRUE(producer->until([&] { return proxy.requests_of(FaultProxy::kProduce) > seen; }));
  const std::optional<core::Delivery> end = producer->driver().withdraw(id);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->fate, Fate::unknown);
  EXPECT_EQ(end->partition, 0);
  EXPECT_EQ(end->offset, 1);
  proxy.heal();
  EXPECT_EQ(producer->deliver(name, "b").fate, Fate::appended);
  EXPECT_FALSE(producer->ended(id));
  const auto found = offsets();
  ASSERT_EQ(found.at("a").size(), 1u);
  EXPECT_GE(found.at("a")[0], end->offset);
}

TEST_F(ProduceFaults, WhatIsGivenUpInDoubtIsUnknownAndThePartitionGoesOnUnderANewId) {
  kafka::ProduceOptions options;
  options.producer.delivery_timeout = 1s;
  start(options);
  proxy.lose_next_reply(FaultProxy::kProduce, 1000);
  const core::Delivery end = producer->deliver(name, "a");
  EXPECT_EQ(end.fate, Fate::unknown);
  EXPECT_EQ(end.reason, Reason::timeout);
  EXPECT_EQ(end.offset, 1);
  proxy.heal();
  core::Delivery next;
  ASSERT_TRUE(producer->until([&] {
    next = producer->deliver(name, "b");
    return next.fate == Fate::appended;
  }));
  EXPECT_EQ(producer->driver().counters().producer_ids, 2u);
  EXPECT_EQ(offsets().at("a"), std::vector<core::Offset>{1}) << "however often it was sent";
}

TEST_F(ProduceFaults, WhatCouldNeverBeSentIsNotAppended) {
  kafka::ProduceOptions options;
  options.producer.delivery_timeout = 1s;
  start(options);
  proxy.refuse_connections(true);
  proxy.cut_all();
  ASSERT_TRUE(producer->until([&] { return proxy.counters().open == 0; }));
  const core::Delivery lost = producer->deliver(name, "a");
  // Until it is known that the connection is gone, it may have been sent.
  const core::Delivery end = lost.fate == Fate::unknown ? producer->deliver(name, "a") : lost;
  EXPECT_EQ(end.fate, Fate::not_appended);
  EXPECT_EQ(end.reason, Reason::timeout);
  proxy.heal();
  ASSERT_TRUE(producer->until([&] { return producer->deliver(name, "b").fate == Fate::appended; }));
  EXPECT_FALSE(offsets().contains("a"));
}

}  // namespace
}  // namespace tidemark::test
