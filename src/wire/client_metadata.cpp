#include "wire/client_metadata.h"

#include <utility>

#include "wire/error_codes.h"
#include "wire/generated/metadata.h"

namespace tidemark::wire {
namespace {

using Topic = msg::MetadataResponse::MetadataResponseTopic;

Error corrupt(const std::string& what) { return {ErrorKind::corrupt, "metadata: " + what}; }

Result<TopicInfo> topic_from(const Topic& topic) {
  TopicInfo info;
  info.name = *topic.name;
  info.id = topic.topic_id;
  info.internal = topic.is_internal;
  info.error = topic.error_code;
  info.partitions.resize(topic.partitions.size());
  std::vector<bool> seen(topic.partitions.size(), false);
  for (const auto& partition : topic.partitions) {
    const auto index = static_cast<std::size_t>(partition.partition_index);
    if (partition.partition_index < 0 || index >= seen.size() || seen[index]) {
      return corrupt("partition " + std::to_string(partition.partition_index) + " of " +
                     std::to_string(seen.size()) + " is out of range or there twice");
    }
    seen[index] = true;
    info.partitions[index] = {partition.leader_id, partition.leader_epoch, partition.error_code};
  }
  return info;
}

// Partitions are never removed from a topic, and epochs only rise.
void keep_newer(TopicInfo& info, const TopicInfo& previous) {
  if (info.id.is_nil() || info.id != previous.id || info.error != 0) return;
  for (std::size_t i = 0; i < previous.partitions.size(); ++i) {
    const PartitionInfo& known = previous.partitions[i];
    if (i >= info.partitions.size()) {
      info.partitions.push_back(known);
    } else if (info.partitions[i].leader_epoch >= 0 && info.partitions[i].leader_epoch < known.leader_epoch) {
      info.partitions[i] = known;
    }
  }
}

}  // namespace

const TopicInfo* Metadata::find_topic(std::string_view name) const {
  const auto found = topics.find(name);
  return found == topics.end() ? nullptr : &found->second;
}

const PartitionInfo* Metadata::find_partition(std::string_view topic, std::int32_t partition) const {
  const TopicInfo* info = find_topic(topic);
  if (info == nullptr || partition < 0 || static_cast<std::size_t>(partition) >= info->partitions.size()) {
    return nullptr;
  }
  return &info->partitions[static_cast<std::size_t>(partition)];
}

Result<Metadata> merge_metadata(const Metadata& previous, const msg::MetadataResponse& response,
                                const MetadataLimits& limits) {
  if (response.error_code != 0) {
    return Error{ErrorKind::unavailable, "metadata was answered with " + std::string(error_name(response.error_code))};
  }
  if (response.brokers.size() > limits.max_brokers) return Error{ErrorKind::limit, "metadata: too many brokers"};
  Metadata metadata;
  metadata.cluster_id = response.cluster_id.value_or("");
  metadata.controller = response.controller_id;
  for (const auto& broker : response.brokers) {
    if (broker.host.empty() || broker.port <= 0 || broker.port > 65535) continue;  // nobody can connect to it
    metadata.brokers[broker.node_id] = {broker.host, static_cast<std::uint16_t>(broker.port)};
  }
  if (metadata.brokers.empty()) return Error{ErrorKind::unavailable, "metadata names no broker"};

  const bool same_cluster = metadata.cluster_id == previous.cluster_id;
  std::size_t partitions = 0;
  for (const auto& topic : response.topics) {
    if (!topic.name.has_value()) return corrupt("a topic without a name");
    partitions += topic.partitions.size();
    if (partitions > limits.max_partitions) return Error{ErrorKind::limit, "metadata: too many partitions"};
    Result<TopicInfo> info = topic_from(topic);
    if (!info.ok()) return info.error();
    const TopicInfo* known = same_cluster ? previous.find_topic(info->name) : nullptr;
    if (known != nullptr) keep_newer(*info, *known);
    if (!metadata.topics.try_emplace(*topic.name, std::move(*info)).second) return corrupt("a topic is there twice");
  }
  return metadata;
}

}  // namespace tidemark::wire
