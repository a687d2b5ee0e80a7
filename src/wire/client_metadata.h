// What a cluster looks like: its brokers, its topics, and who leads what.
//
// Brokers learn of changes at different times, so a metadata answer can be older
// than the one before it, and taking it would send a producer back to a leader
// that was just deposed. Leader epochs order them: for the same topic id, an
// older epoch is not believed.
//
// Pure: a response goes in, a value comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "wire/client_address.h"

namespace tidemark::wire {

namespace msg {
struct MetadataResponse;
}

struct PartitionInfo {
  std::int32_t leader = -1;        // broker id; -1: none now
  std::int32_t leader_epoch = -1;  // -1: the broker is too old to say
  std::int16_t error = 0;          // Kafka's error code of the partition
  friend bool operator==(const PartitionInfo&, const PartitionInfo&) = default;
};

struct TopicInfo {
  std::string name;
  Uuid id;  // nil where the broker is too old to say (before 2.8)
  bool internal = false;
  std::int16_t error = 0;  // Kafka's error code of the topic; partitions may then be empty
  // Index = partition.
  std::vector<PartitionInfo> partitions;
  friend bool operator==(const TopicInfo&, const TopicInfo&) = default;
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct Metadata {
  std::string cluster_id;
  std::int32_t controller = -1;
  std::map<std::int32_t, Address> brokers;
  std::unordered_map<std::string, TopicInfo, StringHash, std::equal_to<>> topics;

  // Null when there is no such topic as of this metadata.
  const TopicInfo* find_topic(std::string_view name) const;
  // Null likewise, or when the partition does not exist.
  const PartitionInfo* find_partition(std::string_view topic, std::int32_t partition) const;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

struct MetadataLimits {
  std::size_t max_brokers = 10'000;
  std::size_t max_partitions = 1'000'000;  // of all topics together
};

// What `response` says, except partitions of which `previous` knows a newer
// leader epoch. Errors: `corrupt` for what no cluster can look like (a partition
// index out of range or twice), `limit`, `unavailable` when it names no broker.
Result<Metadata> merge_metadata(const Metadata& previous, const msg::MetadataResponse& response,
                                const MetadataLimits& limits = {});

}  // namespace tidemark::wire
