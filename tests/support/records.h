// Records as a reader sees them, and plain reading and writing of a topic.
//
// A test that publishes through Tidemark must look at the log with somebody
// else's eyes; a test of a consumer needs events from somebody else's hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.h"
#include "support/rdkafka.h"

namespace tidemark::test {

struct Record {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;    // empty: null
  std::optional<std::string> value;  // empty: null
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::int64_t timestamp_ms = 0;

  // The last header of that name with a value, or empty.
  std::optional<std::string> header(std::string_view name) const;
};

// Copies a message without error into a Record.
Record make_record(const rd_kafka_message_t& message);

enum class Isolation { kReadCommitted, kReadUncommitted };

// All records of all partitions from the beginning to the end at the time of the
// call, by partition and offset. kReadCommitted shows no aborted record and stops at
// an open transaction. Throws when an end is not reached within the bound.
std::vector<Record> read_all(const std::string& bootstrap, const std::string& topic,
                             Isolation isolation = Isolation::kReadCommitted, std::chrono::milliseconds bound = kBound);

// What to write; no partition: librdkafka's partitioner chooses.
struct Outgoing {
  std::string value;
  std::optional<std::string> key = std::nullopt;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Writes one record with acks=all and returns it where it is. Throws on failure.
Record produce(const std::string& bootstrap, const std::string& topic, const Outgoing& outgoing);

// The same on a handle that the caller keeps; a record in an open transaction has
// no offset known before the commit, so none is returned.
void produce_on(rd_kafka_t* producer, const std::string& topic, const Outgoing& outgoing, void* opaque = nullptr);

}  // namespace tidemark::test
