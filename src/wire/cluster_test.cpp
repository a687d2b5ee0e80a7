// Cluster against fake brokers. client_cluster_core.cpp is tested here too.
#include "wire/cluster.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "wire/client_fake_broker.h"
#include "wire/generated/api_versions.h"
#include "wire/generated/list_groups.h"
#include "wire/generated/metadata.h"

namespace tidemark::wire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Request = msg::MetadataRequest;
using Response = msg::MetadataResponse;
using Exchange = FakeBroker::Exchange;

Random seeded(std::uint64_t seed) {
  return [generator = std::mt19937_64(seed)]() mutable { return generator(); };
}

// Three brokers with ids 1 to 3, whose metadata is what `truth` says.
class ClusterTest : public testing::Test {
 protected:
  ClusterTest() {
    for (std::int32_t id = 1; id <= 3; ++id) {
      FakeBroker& broker = brokers.emplace_back(io);
      broker.speaks<Request>(0, 12);
      broker.speaks<msg::ListGroupsRequest>(0, 4);
      broker.on<Request>([this](const Exchange& exchange) {
        requests.push_back(exchange.request<Request>());
        exchange.reply<Request>(truth);
      });
      add_broker(id, broker.address());
    }
    truth.cluster_id = "cluster";
    truth.controller_id = 1;
    add_topic("views", 1, {1, 2, 3});
    options.bootstrap = {brokers[0].address(), brokers[1].address(), brokers[2].address()};
    options.connection.backoff = {milliseconds(1), milliseconds(5)};
    options.min_refresh_interval = milliseconds(1);
  }

  void add_broker(std::int32_t id, const Address& address) {
    Response::MetadataResponseBroker broker;
    broker.node_id = id;
    broker.host = address.host;
    broker.port = address.port;
    truth.brokers.push_back(broker);
  }
  void add_topic(const std::string& name, std::uint8_t id, const std::vector<std::int32_t>& leaders) {
    Response::MetadataResponseTopic& topic = truth.topics.emplace_back();
    topic.name = name;
    topic.topic_id.bytes[0] = id;
    for (std::size_t i = 0; i < leaders.size(); ++i) {
      Response::MetadataResponsePartition& partition = topic.partitions.emplace_back();
      partition.partition_index = static_cast<std::int32_t>(i);
      partition.leader_id = leaders[i];
      partition.leader_epoch = 0;
    }
  }
  void open() { cluster = std::make_unique<Cluster>(io, options, seeded(7)); }
  bool until(const std::function<bool()>& done) { return run_until(io, done); }
  bool known() const { return !cluster->metadata()->brokers.empty(); }
  void connect() {
    open();
    ASSERT_TRUE(until([&] { return known(); })) << cluster->reachability().reason;
  }
  // A refresh that began now has been answered.
  void refresh() {
    bool refreshed = false;
    cluster->refresh(seconds(60), [&](const Result<void>& result) {
      EXPECT_TRUE(result.ok()) << result.error().message;
      refreshed = true;
    });
    EXPECT_FALSE(refreshed);
    ASSERT_TRUE(until([&] { return refreshed; }));
  }
  bool ready(const std::shared_ptr<Connection>& connection) {
    return until([&] { return connection->ready(); });
  }

  boost::asio::io_context io;
  std::deque<FakeBroker> brokers;
  Response truth;
  std::vector<Request> requests;
  ClusterOptions options;
  std::unique_ptr<Cluster> cluster;
};

TEST_F(ClusterTest, LearnsTheClusterFromOneBootstrapServer) {
  options.bootstrap = {brokers[1].address()};
  connect();
  const auto metadata = cluster->metadata();
  EXPECT_EQ(metadata->cluster_id, "cluster");
  EXPECT_EQ(metadata->brokers.size(), 3U);
  EXPECT_EQ(metadata->find_partition("views", 2)->leader, 3);
  EXPECT_EQ(metadata->find_topic("typo"), nullptr);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_FALSE(requests[0].allow_auto_topic_creation);
  EXPECT_FALSE(requests[0].topics.has_value());
  EXPECT_EQ(brokers[0].accepted + brokers[2].accepted, 0U);
}

TEST_F(ClusterTest, BootstrapFailsOverARefusalASilenceAndAnError) {
  FakeBroker refusing(io);
  refusing.down();
  brokers[0].on<msg::ApiVersionsRequest>([](const Exchange&) {});
  brokers[1].on<Request>([](const Exchange& exchange) {
    Response error;
    error.error_code = 129;
    exchange.reply<Request>(error);
  });
  options.bootstrap.insert(options.bootstrap.begin(), refusing.address());
  options.metadata_timeout = milliseconds(50);
  connect();
  EXPECT_GE(brokers[0].accepted, 1U);
  EXPECT_GE(brokers[2].count(Request::kApiKey), 1U);
}

TEST_F(ClusterTest, AServerThatDoesNotAnswerMetadataIsLeft) {
  brokers[0].on<Request>([](const Exchange&) {});
  options.metadata_timeout = milliseconds(50);
  connect();
  EXPECT_GE(brokers[0].count(Request::kApiKey), 1U);
  EXPECT_GE(brokers[1].count(Request::kApiKey) + brokers[2].count(Request::kApiKey), 1U);
}

TEST_F(ClusterTest, AnAnswerWithoutBrokersIsNone) {
  brokers[0].answer<Request>({});
  connect();
  EXPECT_EQ(cluster->metadata()->brokers.size(), 3U);
  EXPECT_EQ(brokers[1].count(Request::kApiKey), 1U);
}

TEST_F(ClusterTest, ObserversHearOfChangesOnly) {
  connect();
  int changes = 0;
  Subscription subscription = cluster->on_metadata([&](const Metadata& metadata) {
    ++changes;
    EXPECT_EQ(&metadata, cluster->metadata().get());
  });
  refresh();
  EXPECT_EQ(changes, 0);
  truth.topics[0].partitions[0].leader_id = 2;
  truth.topics[0].partitions[0].leader_epoch = 1;
  const auto before = cluster->metadata();
  refresh();
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(cluster->metadata()->find_partition("views", 0)->leader, 2);
  EXPECT_EQ(before->find_partition("views", 0)->leader, 1);
  subscription.reset();
  add_topic("more", 2, {1});
  refresh();
  EXPECT_EQ(changes, 1);
  EXPECT_NE(cluster->metadata()->find_topic("more"), nullptr);
}

TEST_F(ClusterTest, RefreshesByItself) {
  options.refresh_interval = milliseconds(5);
  connect();
  add_topic("later", 2, {1});
  EXPECT_TRUE(until([&] { return cluster->metadata()->find_topic("later") != nullptr; }));
}

TEST_F(ClusterTest, ManyWishesAreOneRequest) {
  connect();
  ASSERT_EQ(requests.size(), 1U);
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    cluster->refresh_soon();
    cluster->refresh(seconds(60), [&](const Result<void>& result) { done += result.ok() ? 1 : 1000; });
  }
  ASSERT_TRUE(until([&] { return done == 100; }));
  EXPECT_EQ(requests.size(), 2U);
}

TEST_F(ClusterTest, WhoWaitsIsServedSoonWhereAnswersAreQuick) {
  options.min_refresh_interval = seconds(1000);
  connect();
  for (int i = 0; i < 3; ++i) refresh();
}

TEST_F(ClusterTest, AWishDuringARequestIsServedByTheNext) {
  connect();
  std::vector<Exchange> held;
  for (FakeBroker& broker : brokers) {
    broker.on<Request>([&](const Exchange& exchange) { held.push_back(exchange); });
  }
  int first = 0;
  int second = 0;
  cluster->refresh(seconds(60), [&](const Result<void>&) { ++first; });
  ASSERT_TRUE(until([&] { return held.size() == 1; }));
  cluster->refresh(seconds(60), [&](const Result<void>&) { ++second; });
  held[0].reply<Request>(truth);
  ASSERT_TRUE(until([&] { return held.size() == 2; }));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  held[1].reply<Request>(truth);
  ASSERT_TRUE(until([&] { return second == 1; }));
  EXPECT_EQ(first, 1);
}

TEST_F(ClusterTest, WaitingForMetadataIsBoundedInTimeAndNumber) {
  for (FakeBroker& broker : brokers) broker.down();
  options.max_waiters = 1;
  open();
  std::vector<ErrorKind> kinds;
  const auto record = [&](const Result<void>& result) { kinds.push_back(result.error().kind); };
  cluster->refresh(milliseconds(40), record);
  cluster->refresh(seconds(60), record);
  ASSERT_TRUE(until([&] { return kinds.size() == 2; }));
  EXPECT_EQ(kinds, (std::vector<ErrorKind>{ErrorKind::limit, ErrorKind::timeout}));
}

TEST_F(ClusterTest, EachBrokerAndPurposeHasItsConnection) {
  open();
  EXPECT_EQ(cluster->connection(1, Purpose::ask), nullptr);
  EXPECT_EQ(cluster->any_connection(Purpose::ask), nullptr);
  ASSERT_TRUE(until([&] { return known(); }));
  const auto ask = cluster->connection(2, Purpose::ask);
  const auto tail = cluster->connection(2, Purpose::tail);
  ASSERT_NE(ask, nullptr);
  EXPECT_NE(ask, tail);
  EXPECT_EQ(ask, cluster->connection(2, Purpose::ask));
  EXPECT_EQ(ask->address(), brokers[1].address());
  EXPECT_EQ(cluster->connection(9, Purpose::ask), nullptr);
  EXPECT_TRUE(ready(ask));
  EXPECT_TRUE(ready(tail));
  EXPECT_EQ(cluster->any_connection(Purpose::ask), ask);
}

TEST_F(ClusterTest, AnyConnectionDoesNotStickToABrokerThatIsDown) {
  connect();
  brokers[0].down();
  brokers[1].down();
  for (int i = 0; i < 3; ++i) ASSERT_NE(cluster->any_connection(Purpose::ask), nullptr);
  EXPECT_TRUE(until([&] { return cluster->any_connection(Purpose::ask)->ready(); }));
  EXPECT_EQ(cluster->any_connection(Purpose::ask)->address(), brokers[2].address());
}

TEST_F(ClusterTest, TheConnectionsOfABrokerThatLeftAreStopped) {
  connect();
  const auto leaving = cluster->connection(3, Purpose::ask);
  const auto staying = cluster->connection(2, Purpose::ask);
  ASSERT_TRUE(ready(leaving) && ready(staying));
  int ended = 0;
  std::shared_ptr<Connection> replacement = leaving;
  leaving->call(msg::ListGroupsRequest{}, seconds(60), [&](const Reply<msg::ListGroupsResponse>& reply) {
    EXPECT_FALSE(reply.ok());
    replacement = cluster->connection(3, Purpose::ask);  // what a caller does: it asks again
    ++ended;
  });
  bool told_after_the_end = false;
  const Subscription subscription = cluster->on_metadata([&](const Metadata&) { told_after_the_end = ended == 1; });
  truth.brokers.pop_back();
  refresh();
  EXPECT_TRUE(leaving->stopped());
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(replacement, nullptr);
  EXPECT_TRUE(told_after_the_end);
  EXPECT_FALSE(staying->stopped());
  EXPECT_EQ(cluster->connection(2, Purpose::ask), staying);
}

TEST_F(ClusterTest, ABrokerThatMovedIsReachedAtItsNewAddress) {
  connect();
  const auto old = cluster->connection(3, Purpose::produce);
  FakeBroker moved(io);
  truth.brokers.pop_back();
  add_broker(3, moved.address());
  refresh();
  EXPECT_TRUE(old->stopped());
  const auto current = cluster->connection(3, Purpose::produce);
  ASSERT_NE(current, nullptr);
  EXPECT_EQ(current->address(), moved.address());
  EXPECT_TRUE(ready(current));
}

TEST_F(ClusterTest, ALostConnectionAsksForMetadata) {
  connect();
  const auto connection = cluster->connection(3, Purpose::produce);
  ASSERT_TRUE(ready(connection));
  truth.topics[0].partitions[2].leader_id = 1;
  truth.topics[0].partitions[2].leader_epoch = 1;
  brokers[2].close_sessions();
  EXPECT_TRUE(until([&] { return cluster->metadata()->find_partition("views", 2)->leader == 1; }));
  EXPECT_TRUE(ready(connection));
}

TEST_F(ClusterTest, WhenTheServerAskedForMetadataDiesAnotherIsAsked) {
  connect();
  brokers[0].down();
  add_topic("later", 2, {2});
  EXPECT_TRUE(until([&] { return cluster->metadata()->find_topic("later") != nullptr; }));
  EXPECT_TRUE(cluster->reachability().reachable);
}

TEST_F(ClusterTest, KnownBrokersServeWhenTheBootstrapServerIsGone) {
  FakeBroker bootstrap(io);
  bootstrap.speaks<Request>(0, 12);
  bootstrap.on<Request>([this](const Exchange& exchange) { exchange.reply<Request>(truth); });
  options.bootstrap = {bootstrap.address()};
  connect();
  bootstrap.down();
  add_topic("later", 2, {2});
  EXPECT_TRUE(until([&] { return cluster->metadata()->find_topic("later") != nullptr; }));
}

TEST_F(ClusterTest, TheBootstrapServerServesWhenKnownBrokersAreGone) {
  FakeBroker bootstrap(io);
  bootstrap.speaks<Request>(0, 12);
  bootstrap.on<Request>([this](const Exchange& exchange) { exchange.reply<Request>(truth); });
  options.bootstrap = {bootstrap.address()};
  connect();
  for (FakeBroker& broker : brokers) broker.down();
  bootstrap.close_sessions();
  refresh();
}

TEST_F(ClusterTest, ReachabilityIsToldOncePerChange) {
  for (FakeBroker& broker : brokers) broker.down();
  std::vector<Reachability> told;
  open();
  EXPECT_FALSE(cluster->reachability().reachable);
  EXPECT_TRUE(cluster->reachability().reason.empty());
  const Subscription subscription =
      cluster->on_reachability([&](const Reachability& reachability) { told.push_back(reachability); });
  const auto started = cluster->reachability().since;
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_FALSE(told[0].reachable);
  EXPECT_FALSE(told[0].reason.empty());
  EXPECT_EQ(told[0].since, started);
  int failed = 0;  // it goes on trying, and says nothing more
  cluster->refresh(milliseconds(100), [&](const Result<void>& result) { failed += result.ok() ? 100 : 1; });
  ASSERT_TRUE(until([&] { return failed == 1; }));
  EXPECT_EQ(told.size(), 1U);

  for (FakeBroker& broker : brokers) broker.resume();
  ASSERT_TRUE(until([&] { return cluster->reachability().reachable; }));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[1].reachable);
  EXPECT_TRUE(told[1].reason.empty());
  refresh();
  EXPECT_EQ(told.size(), 2U);

  for (FakeBroker& broker : brokers) broker.down();
  ASSERT_TRUE(until([&] { return told.size() == 3; }));
  EXPECT_FALSE(told[2].reachable);
  EXPECT_GE(told[2].since, told[1].since);
  EXPECT_TRUE(known());  // what was known stays known
}

TEST_F(ClusterTest, StopEndsEverythingBeforeItReturns) {
  connect();
  const auto connection = cluster->connection(1, Purpose::ask);
  ASSERT_TRUE(ready(connection));
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    connection->call(msg::ListGroupsRequest{}, seconds(60),
                     [&](const Reply<msg::ListGroupsResponse>& reply) { ended += reply.ok() ? 100 : 1; });
    cluster->refresh(seconds(60), [&](const Result<void>& result) { ended += result.ok() ? 100 : 1; });
  }
  const Subscription subscription = cluster->on_metadata([](const Metadata&) { ADD_FAILURE() << "after stop"; });
  add_topic("later", 2, {2});
  cluster->stop();
  EXPECT_EQ(ended, 6);
  EXPECT_EQ(cluster->connection(1, Purpose::ask), nullptr);
  EXPECT_EQ(cluster->any_connection(Purpose::ask), nullptr);
  int refused = 0;
  cluster->refresh(seconds(60), [&](const Result<void>& result) { refused += result.ok() ? 100 : 1; });
  cluster->refresh_soon();
  ASSERT_TRUE(until([&] { return refused == 1; }));
  ASSERT_TRUE(until([&] { return brokers[0].open_sessions() == 0; }));
  EXPECT_EQ(ended, 6);
}

TEST_F(ClusterTest, MayBeDestroyedByWhomeverItCalls) {
  // In an observer of metadata, of reachability, in a waiter, in a completion of a connection it stops.
  for (int where = 0; where < 4; ++where) {
    open();
    int others = 0;
    const auto end = [&](int place) {
      if (place == where) cluster.reset();
    };
    const Subscription metadata = cluster->on_metadata([&](const Metadata&) { end(0); });
    const Subscription reachable = cluster->on_reachability([&](const Reachability&) { end(1); });
    cluster->refresh(seconds(60), [&](const Result<void>&) { end(2); });
    cluster->refresh(seconds(60), [&](const Result<void>&) { ++others; });
    ASSERT_TRUE(until([&] { return others == 1; }));
    if (where == 3) {
      const auto connection = cluster->connection(3, Purpose::ask);
      ASSERT_TRUE(ready(connection));
      for (int i = 0; i < 2; ++i) {
        connection->call(msg::ListGroupsRequest{}, seconds(60), [&](const Reply<msg::ListGroupsResponse>&) {
          ++others;
          end(3);
        });
      }
      truth.brokers.pop_back();
      cluster->refresh_soon();
      ASSERT_TRUE(until([&] { return !cluster; }));
      EXPECT_EQ(others, 3);
    }
    EXPECT_EQ(cluster, nullptr);
  }
  for (FakeBroker& broker : brokers) ASSERT_TRUE(until([&] { return broker.open_sessions() == 0; }));
}

}  // namespace
}  // namespace tidemark::wire::test
