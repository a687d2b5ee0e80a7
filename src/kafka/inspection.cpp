#include "kafka/inspection.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tidemark::kafka {
namespace {

// Kafka: ConfigResource.Type.
constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;

constexpr const char* kLinger = "group.coordinator.append.linger.ms";
constexpr const char* kMinInsync = "min.insync.replicas";
constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

std::optional<int> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

wire::msg::MetadataRequest Inspection::ask_topics() {
  wire::msg::MetadataRequest request;
  request.topics = std::nullopt;
  request.allow_auto_topic_creation = false;
  return request;
}

wire::msg::DescribeConfigsRequest Inspection::ask_broker(std::int32_t broker) {
  wire::msg::DescribeConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = kBroker;
  resource.resource_name = std::to_string(broker);
  resource.configuration_keys = std::vector<std::string>{kLinger};
  return request;
}

std::vector<wire::msg::DescribeConfigsRequest> Inspection::ask_settings() const {
  std::vector<wire::msg::DescribeConfigsRequest> requests;
  for (const auto& [name, topic] : topics_) {
    if (requests.empty() || requests.back().resources.size() == kTopicsPerRequest) requests.emplace_back();
    auto& resource = requests.back().resources.emplace_back();
    resource.resource_type = kTopic;
    resource.resource_name = name;
    resource.configuration_keys = std::vector<std::string>{kMinInsync};
  }
  return requests;
}

void Inspection::answered(const wire::msg::MetadataResponse& response) {
  for (const auto& topic : response.topics) {
    if (!topic.name) continue;
    if (*topic.name == kOffsetsTopic) {
      for (const auto& partition : topic.partitions) {
        if (partition.leader_id < 0) blind(partition.partition_index);
      }
    }
    if (topic.error_code != 0 || topic.partitions.empty() || topic.name->starts_with("__")) continue;
    if (topics_.size() == kMostTopics) continue;
    log::ClusterFacts::Topic& fact = topics_[*topic.name];
    fact.name = *topic.name;
    fact.replicas = static_cast<int>(topic.partitions.front().replica_nodes.size());
    for (const auto& partition : topic.partitions)
      fact.replicas = std::min(fact.replicas, static_cast<int>(partition.replica_nodes.size()));
  }
}

void Inspection::answered(const wire::msg::DescribeConfigsResponse& response) {
  for (const auto& result : response.results) {
    if (result.error_code != 0) continue;
    for (const auto& config : result.configs) {
      const std::optional<int> value = number(config.value);
      if (!value) continue;
      if (result.resource_type == kBroker && config.name == kLinger) {
        linger_ms_ = std::max(linger_ms_.value_or(*value), *value);
      } else if (result.resource_type == kTopic && config.name == kMinInsync) {
        const auto found = topics_.find(result.resource_name);
        if (found != topics_.end()) found->second.min_insync_replicas = value;
      }
    }
  }
}

log::ClusterFacts Inspection::facts() const {
  log::ClusterFacts facts;
  facts.coordinator_linger_ms = linger_ms_;
  for (const auto& [name, topic] : topics_) facts.topics.push_back(topic);
  facts.blind = blind_;
  std::sort(facts.blind.begin(), facts.blind.end());
  facts.blind.erase(std::unique(facts.blind.begin(), facts.blind.end()), facts.blind.end());
  return facts;
}

}  // namespace tidemark::kafka
