// The batches and records in a Fetch response, as views into its bytes.
//
// A broker answers with a slice of its log: whole batches, the last one possibly
// cut, some of them control batches, compressed, or older than this format. To
// unpack all that into values costs an allocation a record, and to stop at the
// first odd batch would blind the tail; so batches and records are walked in
// place, and what cannot be read is said as a status that tells what it is.
//
// Layout: Kafka's documentation, "Message Format / Record Batch" and "Control
// Batches". Nothing is read past the end whatever the bytes say, and nothing is
// allocated.
//
// Threading: plain values, no shared state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/primitives.h"
#include "wire/record_batch.h"

namespace tidemark::wire {

// One batch's header; views live as long as the response's bytes.
struct RecordBatch {
  std::int64_t base_offset = 0;
  std::int32_t last_offset_delta = 0;
  std::int32_t partition_leader_epoch = -1;
  std::int8_t magic = 2;
  std::int16_t attributes = 0;
  std::int64_t base_timestamp_ms = -1;
  std::int64_t max_timestamp_ms = -1;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;
  std::string_view records;  // still compressed, when it is

  // After compaction the last offset need not have a record.
  std::int64_t last_offset() const { return base_offset + last_offset_delta; }
  // 5 to 7 are no compression that exists.
  std::int16_t compression_id() const { return attributes & kCompressionMask; }
  bool is_log_append_time() const { return (attributes & kLogAppendTimeBit) != 0; }
  bool is_transactional() const { return (attributes & kTransactionalBit) != 0; }
  bool is_control() const { return (attributes & kControlBit) != 0; }
};

enum class BatchStatus {
  batch,        // read one
  end,          // nothing is left
  truncated,    // what is left is the beginning of a batch: fetch on from there
  other_magic,  // a batch or message of magic 0 or 1, or of one that this code does not know: only its
                // base_offset and magic are set; the next call goes on after it
  corrupt,      // the bytes do not mean what they should; every further call says so
};

class RecordBatchReader {
 public:
  // `records`: of one partition of a Fetch response. Checksums are verified.
  explicit RecordBatchReader(std::string_view records) : rest_(records) {}

  // Reads the next batch's header into `batch`, which changes with the statuses
  // `batch` and `other_magic` only.
  BatchStatus next(RecordBatch& batch);

 private:
  BatchStatus corrupt() {
    is_corrupt_ = true;
    return BatchStatus::corrupt;
  }

  std::string_view rest_;
  bool is_corrupt_ = false;
};

// The headers of one record, in order; keys may repeat.
class RecordHeaderReader {
 public:
  explicit RecordHeaderReader(std::string_view checked) : reader_(checked) {}
  // False after the last one.
  bool next(RecordHeader& header);

 private:
  Reader reader_;
};

// One record; views live as long as the response's bytes.
struct Record {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;  // the broker's where the batch has LogAppendTime
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nothing: a tombstone
  std::int32_t header_count = 0;
  std::string_view header_bytes;  // well-formed

  RecordHeaderReader headers() const { return RecordHeaderReader(header_bytes); }
};

enum class RecordStatus {
  record,
  end,
  // Unpack the batch first: wire/batch_unpacker.h.
  unsupported_compression,
  corrupt,  // every further call says so
};

// Walks the records of one batch; also those of a control batch.
class RecordReader {
 public:
  explicit RecordReader(const RecordBatch& batch) : batch_(batch), reader_(batch.records) {}

  // `record` changes with the status `record` only.
  RecordStatus next(Record& record);

 private:
  RecordBatch batch_;
  Reader reader_;
  std::int32_t read_ = 0;
};

// How a transaction ended, by the record in its control batch.
enum class ControlType { abort, commit, other };

// Of a record in a control batch; nothing when its key is malformed.
std::optional<ControlType> control_type(const Record& record);

}  // namespace tidemark::wire
