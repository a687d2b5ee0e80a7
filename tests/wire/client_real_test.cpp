// The client against real brokers, the newest and the oldest that is supported:
// what the fake broker of the unit tests believes about Kafka may be wrong.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/environment.h"
#include "wire/client_fake_broker.h"
#include "wire/cluster.h"
#include "wire/error_codes.h"
#include "wire/generated/api_versions.h"
#include "wire/generated/create_topics.h"
#include "wire/generated/describe_groups.h"
#include "wire/generated/fetch.h"
#include "wire/generated/find_coordinator.h"
#include "wire/generated/init_producer_id.h"
#include "wire/generated/list_groups.h"
#include "wire/generated/list_offsets.h"
#include "wire/generated/metadata.h"
#include "wire/generated/offset_fetch.h"
#include "wire/generated/produce.h"
#include "wire/record_batch.h"

namespace tidemark::wire::test {
namespace {

using std::chrono::seconds;

constexpr auto kPatience = seconds(30);

std::string unique_topic() {
  static std::atomic<int> number = 0;
  return "wire-client-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// The parameter says which broker.
class RealClient : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const Result<std::vector<Address>> bootstrap =
        parse_bootstrap(GetParam() ? tidemark::test::kafka39() : tidemark::test::kafka());
    ASSERT_TRUE(bootstrap.ok()) << bootstrap.error().message;
    ClusterOptions options;
    options.bootstrap = *bootstrap;
    const Random random = [generator = std::mt19937_64(1)]() mutable { return generator(); };
    cluster = std::make_unique<Cluster>(io, options, random);
    ASSERT_TRUE(until([&] { return cluster->reachability().reachable; })) << cluster->reachability().reason;
    connection = cluster->any_connection(Purpose::ask);
    ASSERT_NE(connection, nullptr);
    ASSERT_TRUE(until([&] { return connection->ready(); })) << connection->last_error();
  }
  bool until(const std::function<bool()>& done) { return run_until(io, done, seconds(60)); }

  // Sends `request` and hands the response to `look` while its views live.
  template <class Request>
  void ask(const Request& request, const std::function<void(const typename Request::Response&)>& look) {
    bool done = false;
    connection->call(request, kPatience, [&](const Reply<typename Request::Response>& reply) {
      done = true;
      ASSERT_TRUE(reply.ok()) << reply.error().message;
      look(*reply);
    });
    ASSERT_TRUE(until([&] { return done; }));
  }
  void refresh() {
    bool done = false;
    cluster->refresh(kPatience, [&](const Result<void>& result) {
      EXPECT_TRUE(result.ok()) << result.error().message;
      done = true;
    });
    ASSERT_TRUE(until([&] { return done; }));
  }
  // A new topic whose partitions all have leaders.
  std::string create_topic(std::int32_t partitions) {
    const std::string name = unique_topic();
    msg::CreateTopicsRequest request;
    msg::CreateTopicsRequest::CreatableTopic& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    ask(request, [](const msg::CreateTopicsResponse& response) {
      EXPECT_EQ(error_name(response.topics.at(0).error_code), "NONE");
    });
    EXPECT_TRUE(until([&] {
      refresh();
      for (std::int32_t i = 0; i < partitions; ++i) {
        const PartitionInfo* partition = cluster->metadata()->find_partition(name, i);
        if (partition == nullptr || partition->leader < 0) return false;
      }
      return true;
    }));
    return name;
  }

  boost::asio::io_context io;
  std::unique_ptr<Cluster> cluster;
  std::shared_ptr<Connection> connection;
};

template <class Request>
void expect_highest_common(const Connection& connection, bool old_broker) {
  const std::optional<VersionRange> theirs = connection.broker_versions(Request::kApiKey);
  ASSERT_TRUE(theirs.has_value()) << Request::kApiKey;
  const std::optional<std::int16_t> version = connection.version_of<Request>();
  ASSERT_TRUE(version.has_value()) << Request::kApiKey;
  EXPECT_EQ(*version, std::min<std::int16_t>(Request::kMaxVersion, theirs->max)) << Request::kApiKey;
  // The definitions are those of 4.4: there the newest version is spoken.
  if (!old_broker) {
    EXPECT_EQ(*version, Request::kMaxVersion) << Request::kApiKey;
  }
}

TEST_P(RealClient, AgreesOnAVersionOfEveryApi) {
  expect_highest_common<msg::ApiVersionsRequest>(*connection, GetParam());
  expect_highest_common<msg::MetadataRequest>(*connection, GetParam());
  expect_highest_common<msg::InitProducerIdRequest>(*connection, GetParam());
  expect_highest_common<msg::ProduceRequest>(*connection, GetParam());
  expect_highest_common<msg::ListOffsetsRequest>(*connection, GetParam());
  expect_highest_common<msg::FetchRequest>(*connection, GetParam());
  expect_highest_common<msg::FindCoordinatorRequest>(*connection, GetParam());
  expect_highest_common<msg::ListGroupsRequest>(*connection, GetParam());
  expect_highest_common<msg::DescribeGroupsRequest>(*connection, GetParam());
  expect_highest_common<msg::OffsetFetchRequest>(*connection, GetParam());
}

TEST_P(RealClient, FollowsTheCluster) {
  EXPECT_FALSE(cluster->metadata()->cluster_id.empty());
  EXPECT_EQ(cluster->metadata()->brokers.size(), 1U);
  std::string seen;
  const Subscription subscription = cluster->on_metadata([&](const Metadata& metadata) {
    for (const auto& [name, topic] : metadata.topics) seen += name + "\n";
  });
  const std::string topic = create_topic(3);
  const auto metadata = cluster->metadata();
  ASSERT_NE(metadata->find_topic(topic), nullptr);
  EXPECT_FALSE(metadata->find_topic(topic)->id.is_nil());
  EXPECT_EQ(metadata->find_topic(topic)->partitions.size(), 3U);
  EXPECT_GE(metadata->find_partition(topic, 2)->leader_epoch, 0);
  EXPECT_NE(cluster->connection(metadata->find_partition(topic, 2)->leader, Purpose::produce), nullptr);
  EXPECT_NE(seen.find(topic), std::string::npos);
}

TEST_P(RealClient, AskingForMetadataCreatesNoTopic) {
  const std::string typo = unique_topic();
  for (int i = 0; i < 2; ++i) {
    msg::MetadataRequest request;
    request.allow_auto_topic_creation = false;
    request.topics->emplace_back().name = typo;
    ask(request, [](const msg::MetadataResponse& response) {
      EXPECT_EQ(error_name(response.topics.at(0).error_code), "UNKNOWN_TOPIC_OR_PARTITION");
    });
  }
  refresh();
  EXPECT_EQ(cluster->metadata()->find_topic(typo), nullptr);
}

TEST_P(RealClient, ProducesAndFetchesBack) {
  const std::string topic = create_topic(1);
  const Uuid id = cluster->metadata()->find_topic(topic)->id;
  msg::InitProducerIdRequest init;
  init.transactional_id = std::nullopt;
  init.transaction_timeout_ms = 60'000;
  ProducerStamp stamp;
  std::string code = "not asked";
  ASSERT_TRUE(until([&] {
    ask(init, [&](const msg::InitProducerIdResponse& response) {
      code = error_name(response.error_code);
      stamp = {response.producer_id, response.producer_epoch, 0, false};
    });
    return code == "NONE";  // COORDINATOR_LOAD_IN_PROGRESS on a broker that just started
  })) << code;
  RecordBatchBuilder builder;
  ASSERT_TRUE(builder.add({1'700'000'000'000, "key", "value", {}}));
  const std::string batch = builder.finish(stamp);
  msg::ProduceRequest produce;
  produce.acks = -1;
  produce.timeout_ms = 10'000;
  auto& data = produce.topic_data.emplace_back();
  data.name = topic;
  data.topic_id = id;
  data.partition_data.emplace_back().records = batch;
  for (int attempt = 0; attempt < 2; ++attempt) {  // the second is the same batch again
    ask(produce, [](const msg::ProduceResponse& response) {
      EXPECT_EQ(error_name(response.responses.at(0).partition_responses.at(0).error_code), "NONE");
      EXPECT_EQ(response.responses.at(0).partition_responses.at(0).base_offset, 0);
    });
  }
  msg::FetchRequest fetch;
  fetch.max_wait_ms = 100;
  fetch.min_bytes = 1;
  auto& wanted = fetch.topics.emplace_back();
  wanted.topic = topic;
  wanted.topic_id = id;
  wanted.partitions.emplace_back().partition_max_bytes = 1 << 20;
  ask(fetch, [&](const msg::FetchResponse& response) {
    const auto& partition = response.responses.at(0).partitions.at(0);
    EXPECT_EQ(error_name(partition.error_code), "NONE");
    EXPECT_EQ(partition.high_watermark, 1);
    ASSERT_TRUE(partition.records.has_value());
    EXPECT_EQ(partition.records->size(), batch.size());
    EXPECT_NE(partition.records->find("value"), std::string_view::npos);
  });
}

TEST_P(RealClient, PipelinesHundredsOfRequestsInOrder) {
  const std::string topic = create_topic(1);
  msg::ListOffsetsRequest request;
  auto& wanted = request.topics.emplace_back();
  request.replica_id = -1;
  wanted.name = topic;
  wanted.partitions.emplace_back().timestamp = -1;
  std::vector<int> order;
  for (int i = 0; i < 200; ++i) {
    connection->call(request, kPatience, [&order, i](const Reply<msg::ListOffsetsResponse>& reply) {
      ASSERT_TRUE(reply.ok()) << reply.error().message;
      EXPECT_EQ(reply->topics.at(0).partitions.at(0).offset, 0);
      order.push_back(i);
    });
  }
  ASSERT_TRUE(until([&] { return order.size() == 200; }));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(RealClient, AsksAboutGroups) {
  const std::string group = unique_topic();
  ask(msg::ListGroupsRequest{}, [](const msg::ListGroupsResponse& response) {
    EXPECT_EQ(error_name(response.error_code), "NONE");
  });
  msg::FindCoordinatorRequest find;
  find.coordinator_keys = {group};
  // The first question creates __consumer_offsets, which takes a moment.
  std::string code = "not asked";
  ASSERT_TRUE(until([&] {
    ask(find, [&](const msg::FindCoordinatorResponse& response) {
      code = error_name(response.coordinators.at(0).error_code);
    });
    return code == "NONE";
  })) << code;
  msg::OffsetFetchRequest offsets;
  auto& asked = offsets.groups.emplace_back();
  asked.group_id = group;
  asked.topics = std::nullopt;
  ASSERT_TRUE(until([&] {
    ask(offsets, [&](const msg::OffsetFetchResponse& response) {
      EXPECT_EQ(response.groups.at(0).group_id, group);
      EXPECT_TRUE(response.groups.at(0).topics.empty());
      code = error_name(response.groups.at(0).error_code);
    });
    return code == "NONE";  // COORDINATOR_LOAD_IN_PROGRESS at first
  })) << code;
  msg::DescribeGroupsRequest describe;
  describe.groups = {group};
  ask(describe, [&](const msg::DescribeGroupsResponse& response) {
    EXPECT_EQ(response.groups.at(0).group_id, group);
    EXPECT_EQ(response.groups.at(0).group_state, "Dead");  // unknown groups are
  });
}

INSTANTIATE_TEST_SUITE_P(Kafka, RealClient, testing::Values(false, true),
                         [](const auto& which) { return which.param ? "v3_9" : "v4_4"; });

}  // namespace
}  // namespace tidemark::wire::test
