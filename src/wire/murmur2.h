// Which partition a key belongs to, as the Java client decides it.
//
// Records of one key must meet in one partition whoever produced them, or joins
// and orderings downstream break silently. The common ground of Kafka's clients
// is the Java client's murmur2 (librdkafka's own default is CRC-32), and it
// differs in details from the published MurmurHash2: its seed, and signed
// arithmetic that must be matched bit by bit.
//
// Source: K: clients/src/main/java/org/apache/kafka/common/utils/Utils.java
// (murmur2, toPositive) and BuiltInPartitioner.partitionForKey.
//
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::wire {

// Seed 0x9747b28c.
std::uint32_t murmur2(std::string_view bytes);

// The partition of a key among `partitions`. An empty key is a key; a null one
// has no partition of its own. Precondition: partitions > 0.
std::int32_t partition_for_key(std::string_view key, std::int32_t partitions);

}  // namespace tidemark::wire
