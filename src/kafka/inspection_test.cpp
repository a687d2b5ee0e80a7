#include "kafka/inspection.h"

#include <gtest/gtest.h>

namespace tidemark::kafka {
namespace {

void add_topic(wire::msg::MetadataResponse& response, const std::string& name, std::size_t replicas,
               std::int32_t leader = 1) {
  auto& topic = response.topics.emplace_back();
  topic.name = name;
  for (std::int32_t i = 0; i < 2; ++i) {
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = i;
    partition.leader_id = i == 0 ? 1 : leader;
    partition.replica_nodes.resize(replicas + static_cast<std::size_t>(i == 0));
  }
}

wire::msg::DescribeConfigsResponse settings(std::int8_t type, const std::string& resource, const std::string& name,
                                            std::optional<std::string> value, std::int16_t error = 0) {
  wire::msg::DescribeConfigsResponse response;
  auto& result = response.results.emplace_back();
  result.resource_type = type;
  result.resource_name = resource;
  result.error_code = error;
  auto& config = result.configs.emplace_back();
  config.name = name;
  config.value = std::move(value);
  return response;
}

TEST(Inspection, TellsWhatWasAnswered) {
  Inspection inspection;
  wire::msg::MetadataResponse metadata;
  add_topic(metadata, "orders", 2);
  add_topic(metadata, "__consumer_offsets", 1, -1);
  inspection.answered(metadata);
  inspection.blind(3);
  inspection.blind(1);
  const auto requests = inspection.ask_settings();
  ASSERT_EQ(requests.size(), 1U);
  ASSERT_EQ(requests[0].resources.size(), 1U);
  EXPECT_EQ(requests[0].resources[0].resource_name, "orders");
  inspection.answered(settings(2, "orders", "min.insync.replicas", "2"));
  inspection.answered(settings(4, "1", "group.coordinator.append.linger.ms", "-1"));
  inspection.answered(settings(4, "2", "group.coordinator.append.linger.ms", "5"));
  const auto facts = inspection.facts();
  EXPECT_EQ(facts.coordinator_linger_ms, 5);
  ASSERT_EQ(facts.topics.size(), 1U);
  EXPECT_EQ(facts.topics[0].name, "orders");
  EXPECT_EQ(facts.topics[0].replicas, 2);
  EXPECT_EQ(facts.topics[0].min_insync_replicas, 2);
  EXPECT_EQ(facts.blind, (std::vector<core::Partition>{1, 3}));
}

TEST(Inspection, LeavesAbsentWhatIsDeniedOrMeansNothing) {
  Inspection inspection;
  wire::msg::MetadataResponse metadata;
  add_topic(metadata, "orders", 1);
  inspection.answered(metadata);
  inspection.answered(settings(2, "orders", "min.insync.replicas", "1", 29));
  inspection.answered(settings(2, "orders", "min.insync.replicas", "1x"));
  inspection.answered(settings(2, "unknown", "min.insync.replicas", "1"));
  inspection.answered(settings(4, "1", "group.coordinator.append.linger.ms", std::nullopt));
  const auto facts = inspection.facts();
  EXPECT_FALSE(facts.coordinator_linger_ms);
  ASSERT_EQ(facts.topics.size(), 1U);
  EXPECT_FALSE(facts.topics[0].min_insync_replicas);
  EXPECT_FALSE(facts.polling);
}

TEST(Inspection, AsksForTopicsInPartsAndNoMoreThanSoMany) {
  Inspection inspection;
  wire::msg::MetadataResponse metadata;
  for (std::size_t i = 0; i < Inspection::kMostTopics + 10; ++i) add_topic(metadata, "t" + std::to_string(i), 1);
  inspection.answered(metadata);
  const auto requests = inspection.ask_settings();
  EXPECT_EQ(requests.size(), Inspection::kMostTopics / Inspection::kTopicsPerRequest);
  EXPECT_EQ(requests.back().resources.size(), Inspection::kTopicsPerRequest);
  EXPECT_EQ(inspection.facts().topics.size(), Inspection::kMostTopics);
}

}  // namespace
}  // namespace tidemark::kafka
