// Covers produce_driver.cpp, against brokers that do as they are told, over real
// sockets. A real Kafka is in tests/kafka.
#include "kafka/produce_driver.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kafka/producer_scene_test.h"
#include "wire/client_fake_broker.h"
#include "wire/cluster.h"
#include "wire/generated/init_producer_id.h"
#include "wire/generated/metadata.h"
#include "wire/generated/produce.h"

namespace tidemark::kafka::test {
namespace {

using wire::test::FakeBroker;
using Exchange = FakeBroker::Exchange;
using ProduceRequest = wire::msg::ProduceRequest;
using ProduceResponse = wire::msg::ProduceResponse;
using MetadataRequest = wire::msg::MetadataRequest;
using MetadataResponse = wire::msg::MetadataResponse;
using InitProducerIdRequest = wire::msg::InitProducerIdRequest;

// Two brokers, 1 and 2; broker 1 leads the two partitions of "orders" and takes
// what comes, unless a test says otherwise.
class ProduceDriverTest : public testing::Test {
 protected:
  ProduceDriverTest() {
    for (std::int32_t id = 1; id <= 2; ++id) {
      FakeBroker& broker = brokers.emplace_back(io);
      broker.speaks<MetadataRequest>(0, 12);
      broker.speaks<ProduceRequest>(3, 13);
      broker.speaks<InitProducerIdRequest>(0, 5);
      broker.on<MetadataRequest>([this](const Exchange& exchange) { exchange.reply<MetadataRequest>(truth); });
      broker.on<InitProducerIdRequest>([this](const Exchange& exchange) {
        EXPECT_FALSE(exchange.request<InitProducerIdRequest>().transactional_id.has_value());
        wire::msg::InitProducerIdResponse response;
        response.producer_id = ++last_producer_id;
        exchange.reply<InitProducerIdRequest>(response);
      });
      broker.on<ProduceRequest>([this](const Exchange& exchange) {
        note(exchange);
        exchange.reply<ProduceRequest>(take(exchange));
      });
      MetadataResponse::MetadataResponseBroker told;
      told.node_id = id;
      told.host = broker.address().host;
      told.port = broker.address().port;
      truth.brokers.push_back(told);
    }
    auto& topic = truth.topics.emplace_back();
    topic.name = "orders";
    topic.topic_id = topic_id(7);
    topic.partitions.resize(2);
    for (std::int32_t i = 0; i < 2; ++i) {
      topic.partitions[static_cast<std::size_t>(i)].partition_index = i;
      lead(i, 1);
    }
    wire::ClusterOptions options;
    options.bootstrap = {brokers[0].address()};
    options.connection.backoff = {1ms, 5ms};
    options.min_refresh_interval = 1ms;
    cluster = std::make_unique<wire::Cluster>(io, options, [] { return std::uint64_t{0}; });
    produce.producer.unknown_topic_grace = 1ms;
    produce.request_timeout = 10s;
  }

  void lead(std::int32_t partition, std::int32_t broker) {
    auto& info = truth.topics[0].partitions[static_cast<std::size_t>(partition)];
    info.leader_id = broker;
    ++info.leader_epoch;
  }
  void start() {
    driver = std::make_unique<ProduceDriver>(io, *cluster, produce,
                                             [this](log::AppendId id, const core::Delivery& delivery) {
                                               EXPECT_TRUE(ends.emplace(id, delivery).second);
                                               if (on_end) on_end(id);
                                             });
  }
  void append(log::AppendId id, std::optional<core::Partition> partition = 0, const std::string& topic = "orders") {
    log::Record record;
    record.topic = topic;
    record.partition = partition;
    record.value = "e" + std::to_string(id);
    const Result<void> taken = driver->append(id, std::move(record));
    EXPECT_TRUE(taken.ok()) << taken.error().message;
  }
  bool until(const std::function<bool()>& done) { return wire::test::run_until(io, done); }
  bool all_end(std::size_t count) {
    return until([this, count] { return ends.size() >= count; });
  }

  // The batches of a request, in arrival.
  void note(const Exchange& exchange) {
    const auto request = exchange.request<ProduceRequest>();
    EXPECT_EQ(request.acks, -1);
    EXPECT_EQ(request.timeout_ms, 15'000);
    auto& batches = requests.emplace_back();
    for (const auto& topic : request.topic_data) {
      EXPECT_EQ(topic.topic_id, topic_id(7));
      for (const auto& part : topic.partition_data) {
        batches.push_back(decode_part({topic.name, topic.topic_id, part.index, part.records.value_or("")}));
      }
    }
  }
  ProduceResponse take(const Exchange& exchange) {
    ProduceResponse response;
    for (const auto& topic : exchange.request<ProduceRequest>().topic_data) {
      auto& told = response.responses.emplace_back();
      told.topic_id = topic.topic_id;
      for (const auto& part : topic.partition_data) {
        auto& answer = told.partition_responses.emplace_back();
        answer.index = part.index;
        answer.base_offset = next_offset;
        next_offset += static_cast<core::Offset>(
            decode_part({topic.name, topic.topic_id, part.index, part.records.value_or("")}).values.size());
      }
    }
    return response;
  }

  boost::asio::io_context io;
  std::deque<FakeBroker> brokers;
  MetadataResponse truth;
  std::unique_ptr<wire::Cluster> cluster;
  ProduceOptions produce;
  std::unique_ptr<ProduceDriver> driver;
  std::function<void(log::AppendId)> on_end;
  std::map<log::AppendId, core::Delivery> ends;
  std::vector<std::vector<SentBatch>> requests;
  std::int64_t last_producer_id = 40;
  core::Offset next_offset = 10;
};

TEST_F(ProduceDriverTest, OneTurnIsOneRequestWithABatchAPartition) {
  start();
  append(1);
  ASSERT_TRUE(all_end(1));  // connected now
  boost::asio::post(io, [this] { append(2); });
  boost::asio::post(io, [this] { append(3, 1); });
  boost::asio::post(io, [this] { append(4); });
  ASSERT_TRUE(all_end(4));
  ASSERT_EQ(requests.size(), 2u);
  ASSERT_EQ(requests[1].size(), 2u);
  EXPECT_EQ(requests[1][0].values, (std::vector<std::string>{"e2", "e4"}));
  EXPECT_EQ(requests[1][0].producer_id, 41);
  EXPECT_EQ(requests[1][0].base_sequence, 1);
  for (log::AppendId id = 1; id <= 4; ++id) EXPECT_EQ(ends[id].fate, Fate::appended);
  EXPECT_EQ(ends[4].offset, 12);
  EXPECT_EQ(ends[4].topic_id, topic_id(7));
  const ProduceCounters counters = driver->counters();
  EXPECT_EQ(counters.requests - counters.request_failures, 2u);
  EXPECT_EQ(counters.appended, 4u);
  EXPECT_EQ(counters.producer_ids, 1u);
  EXPECT_EQ(counters.open_records, 0u);
}

TEST_F(ProduceDriverTest, NothingIsDeliveredFromWithinACall) {
  start();
  append(1, 0, "nowhere");
  EXPECT_TRUE(ends.empty());
  ASSERT_TRUE(all_end(1));
  EXPECT_EQ(ends[1].fate, Fate::not_appended);
  EXPECT_EQ(ends[1].reason, Reason::unknown_topic);
}

TEST_F(ProduceDriverTest, ALostReplyIsAskedForAgainWithTheSameBatch) {
  brokers[0].on<ProduceRequest>([this](const Exchange& exchange) {
    note(exchange);
    const ProduceResponse response = take(exchange);
    if (requests.size() == 1) return exchange.reset();
    ProduceResponse repeat = response;
    repeat.responses[0].partition_responses[0].base_offset = 10;
    exchange.reply<ProduceRequest>(repeat);
  });
  start();
  append(1);
  ASSERT_TRUE(all_end(1));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0][0].bytes, requests[1][0].bytes);
  EXPECT_EQ(ends[1].fate, Fate::appended);
  EXPECT_EQ(ends[1].offset, 10);
  EXPECT_GE(driver->counters().request_failures, 1u);
}

TEST_F(ProduceDriverTest, ANewLeaderIsFollowed) {
  brokers[0].on<ProduceRequest>([this](const Exchange& exchange) {
    note(exchange);
    lead(0, 2);
    ProduceResponse response = take(exchange);
    auto& part = response.responses[0].partition_responses[0];
    part.error_code = static_cast<std::int16_t>(ErrorCode::not_leader_or_follower);
    part.base_offset = -1;
    exchange.reply<ProduceRequest>(response);
  });
  start();
  append(1);
  ASSERT_TRUE(all_end(1));
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0][0].bytes, requests[1][0].bytes);
  EXPECT_EQ(ends[1].fate, Fate::appended);
  EXPECT_EQ(ends[1].leader_epoch, truth.topics[0].partitions[0].leader_epoch);
}

TEST_F(ProduceDriverTest, ABrokerThatComesBackIsUsedAgain) {
  start();
  append(1);
  ASSERT_TRUE(all_end(1));
  brokers[0].down();
  append(2);
  ASSERT_TRUE(until([&] { return driver->counters().request_failures > 0; }));
  brokers[0].resume();
  ASSERT_TRUE(all_end(2));
  EXPECT_EQ(ends[2].fate, Fate::appended);
}

TEST_F(ProduceDriverTest, WithdrawnAppendsAreNotDelivered) {
  std::vector<Exchange> held;
  brokers[0].on<ProduceRequest>([&](const Exchange& exchange) { held.push_back(exchange); });
  start();
  driver->high_watermark("orders", topic_id(7), 0, 5);  // before metadata: not yet known
  append(1);
  ASSERT_TRUE(until([&] { return held.size() == 1; }));
  append(2);
  const std::optional<core::Delivery> sent = driver->withdraw(1);
  const std::optional<core::Delivery> queued = driver->withdraw(2);
  ASSERT_TRUE(sent && queued);
  EXPECT_EQ(sent->fate, Fate::unknown);
  EXPECT_EQ(queued->fate, Fate::not_appended);
  EXPECT_FALSE(driver->withdraw(3));
  append(3, 1);
  held[0].reply<ProduceRequest>(take(held[0]));
  ASSERT_TRUE(until([&] { return held.size() == 2; }));
  held[1].reply<ProduceRequest>(take(held[1]));
  ASSERT_TRUE(all_end(1));
  EXPECT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[3].fate, Fate::appended);
}

TEST_F(ProduceDriverTest, StopSendsWhatIsQueuedAndThenIsDone) {
  start();
  append(1);
  ASSERT_TRUE(all_end(1));
  append(2);
  bool done = false;
  driver->stop(20s, [&] { done = true; });
  EXPECT_FALSE(done) << "not from within the call";
  const Result<void> late = driver->append(3, {});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  ASSERT_TRUE(until([&] { return done; }));
  EXPECT_EQ(ends[2].fate, Fate::appended);
}

TEST_F(ProduceDriverTest, StopEndsWhatIsLeftAtItsBound) {
  std::size_t silent = 0;
  brokers[0].on<ProduceRequest>([&](const Exchange&) { ++silent; });
  start();
  append(1);
  ASSERT_TRUE(until([&] { return silent == 1; }));
  append(2);
  bool done = false;
  driver->stop(20ms, [&] {
    EXPECT_EQ(ends.size(), 2u);
    done = true;
  });
  ASSERT_TRUE(until([&] { return done; }));
  EXPECT_EQ(ends[1].fate, Fate::unknown);
  EXPECT_EQ(ends[1].offset, 0);
  EXPECT_EQ(ends[2].fate, Fate::not_appended);
  EXPECT_EQ(ends[2].reason, Reason::unavailable);
}

TEST_F(ProduceDriverTest, ItMayBeDestroyedByADeliveryAndByDone) {
  start();
  on_end = [this](log::AppendId) { driver.reset(); };
  append(1);
  append(2);
  ASSERT_TRUE(until([&] { return driver == nullptr; }));
  EXPECT_EQ(ends.size(), 1u);

  ends.clear();
  on_end = nullptr;
  start();
  append(1);
  bool done = false;
  driver->stop(20s, [&] {
    driver.reset();
    cluster.reset();
    done = true;
  });
  ASSERT_TRUE(until([&] { return done; }));
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(ProduceDriverTest, DestroyedWithAppendsLeftItDeliversNothing) {
  std::size_t silent = 0;
  brokers[0].on<ProduceRequest>([&](const Exchange&) { ++silent; });
  start();
  append(1);
  ASSERT_TRUE(until([&] { return silent == 1; }));
  driver.reset();
  brokers[0].close_sessions();
  ASSERT_TRUE(until([&] { return brokers[0].open_sessions() == 0; }));
  EXPECT_TRUE(ends.empty());
}

}  // namespace
}  // namespace tidemark::kafka::test
