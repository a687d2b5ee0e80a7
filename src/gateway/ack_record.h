// The records of the topic `__tidemark_acks`.
//
// Consumers may write to that topic themselves, in any language, so the format
// is JSON that a person can type, and what is read there is anybody's: parsed
// strictly, within bounds, and what is odd is told as an error, never guessed.
//
//   {"consumer": "views", "topic": "orders", "partition": 0,
//    "offset": 7  or  "offsets": [7, 9],
//    "outcome": "processed" (default) or "failed", "reason": "…"}
//
// An event's id is no place: only the gateway that published it could tell where it
// is, and the others would read another topic than that one. So POST /acks takes an
// id and writes the place; here an id alone is no ack.
//
// The key is not read. Gateways write consumer, topic, partition and first
// offset there, so that compaction keeps one record of a repeated ack.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/position.h"

namespace tidemark::gateway {

inline constexpr std::string_view kAcksTopic = "__tidemark_acks";

struct AckRecord {
  static constexpr std::size_t kMaxBytes = 4096;   // of a value
  static constexpr std::size_t kMaxReason = 500;

  std::string consumer;
  std::string topic;
  core::Partition partition = 0;
  core::Range offsets;
  bool failed = false;
  std::string reason;
};

std::string key_of(const AckRecord& ack);
std::string value_of(const AckRecord& ack);

// Error kind corrupt, with a sentence that names the member to blame. Members
// that are not known are skipped: a later version may have more.
Result<AckRecord> parse_ack(std::string_view value);

}  // namespace tidemark::gateway
