// A batch of records as a producer sends it, built as the records arrive.
//
// Collecting events and encoding them when the batch leaves copies everything
// twice and learns too late that the batch outgrew the topic's limit. Here each
// record is encoded when it is added, its exact size is known before, and only
// the producer's numbers and the checksum are filled in at the end.
//
// Layout: Kafka's documentation, "Message Format / Record Batch", magic 2; not
// part of the generated messages, where a batch is opaque bytes.
//
// Threading: plain values, no shared state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/primitives.h"

namespace tidemark::wire {

// Bytes of a batch before its first record.
inline constexpr std::size_t kRecordBatchOverhead = 61;

// The lowest three attribute bits of a batch.
enum class Compression : std::int8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// Further attribute bits of a batch.
inline constexpr std::int16_t kCompressionMask = 0x07;
inline constexpr std::int16_t kLogAppendTimeBit = 0x08;
inline constexpr std::int16_t kTransactionalBit = 0x10;
inline constexpr std::int16_t kControlBit = 0x20;

// Views belong to whoever made them.
struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;
  bool operator==(const RecordHeader&) const = default;
};

// A record to be added. A null key differs from an empty one; a null value is a
// tombstone. All views need to live only during the call they are given to.
struct NewRecord {
  std::int64_t timestamp_ms = 0;  // Unix milliseconds
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const RecordHeader> headers;
};

// Who sends a batch and where it stands in that producer's count for the
// partition; −1 throughout: a producer without idempotence.
struct ProducerStamp {
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  bool transactional = false;
};

// The sequence of the record that follows `count` records from `base`; sequences
// start again at 0 after 2^31 − 1 (K: DefaultRecordBatch.incrementSequence).
constexpr std::int32_t next_sequence(std::int32_t base, std::int32_t count) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(count)) &
                                   0x7fffffffU);
}

// Builds one uncompressed batch with the producers' timestamps.
class RecordBatchBuilder {
 public:
  RecordBatchBuilder() { clear(); }

  // Exactly what finish() would return now, and what it would return with this
  // record added. Of no record: the overhead alone.
  std::size_t encoded_size() const { return bytes_.size(); }
  std::size_t encoded_size_with(const NewRecord& record) const;

  // False, and nothing changed, when the batch would no longer have a size that
  // the protocol can say (2 GiB).
  bool add(const NewRecord& record);
  std::int32_t count() const { return count_; }

  // The batch, with base offset 0; the builder is empty afterwards.
  // Precondition: count() > 0.
  std::string finish(const ProducerStamp& stamp);

  void clear();

 private:
  std::string bytes_;
  std::int32_t count_ = 0;
  std::int64_t base_timestamp_ = 0;
  std::int64_t max_timestamp_ = 0;
};

// Gives a batch that finish() returned another producer and sequence, as a
// producer that needs a new id must, and renews its checksum.
void restamp(std::string& batch, const ProducerStamp& stamp);

}  // namespace tidemark::wire
