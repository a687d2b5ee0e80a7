// Every number a batch states about itself is checked against the bytes there
// are and against the other numbers, before anything is derived from it.
#include "wire/record_batch_reader.h"

#include <limits>

#include "wire/crc32c.h"
#include "wire/record_batch_layout.h"

namespace tidemark::wire {
namespace {

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// A varint length, −1 for null, then that many bytes.
std::optional<std::string_view> nullable_bytes(Reader& r) {
  const std::int32_t length = r.varint();
  if (length == -1 || !r.ok()) return std::nullopt;
  if (length < 0) {
    r.fail();
    return std::nullopt;
  }
  return r.raw(static_cast<std::size_t>(length));
}

bool read_header(Reader& r, RecordHeader& header) {
  const auto key = nullable_bytes(r);
  header.value = nullable_bytes(r);
  if (!key || !r.ok()) return false;
  header.key = *key;
  return true;
}

// The fields after the magic, and whether they agree with one another.
bool read_fields(std::string_view bytes, RecordBatch& batch) {
  Reader r(bytes.substr(layout::kPartitionLeaderEpoch));
  batch.partition_leader_epoch = r.int32();
  batch.magic = r.int8();
  const std::uint32_t crc = r.uint32();
  batch.attributes = r.int16();
  batch.last_offset_delta = r.int32();
  batch.base_timestamp_ms = r.int64();
  batch.max_timestamp_ms = r.int64();
  batch.producer_id = r.int64();
  batch.producer_epoch = r.int16();
  batch.base_sequence = r.int32();
  batch.record_count = r.int32();
  batch.records = r.rest();
  return crc == crc32c(bytes.substr(layout::kAttributes)) && batch.base_offset >= 0 && batch.last_offset_delta >= 0 &&
         batch.base_offset <= std::numeric_limits<std::int64_t>::max() - batch.last_offset_delta &&
         batch.record_count >= 0;
}

}  // namespace

BatchStatus RecordBatchReader::next(RecordBatch& batch) {
  if (is_corrupt_) return BatchStatus::corrupt;
  if (rest_.empty()) return BatchStatus::end;
  if (rest_.size() <= layout::kMagic) return BatchStatus::truncated;
  Reader r(rest_);
  RecordBatch read;
  read.base_offset = r.int64();
  const std::int32_t length = r.int32();
  read.magic = static_cast<std::int8_t>(rest_[layout::kMagic]);
  const std::size_t smallest = read.magic == 2 ? layout::kRecords - layout::kLogOverhead : layout::kSmallestOldMessage;
  if (length < 0 || static_cast<std::size_t>(length) < smallest) return corrupt();
  const std::size_t size = layout::kLogOverhead + static_cast<std::size_t>(length);
  if (size > rest_.size()) return BatchStatus::truncated;
  if (read.magic == 2 && !read_fields(rest_.substr(0, size), read)) return corrupt();
  rest_.remove_prefix(size);
  batch = read;
  return batch.magic == 2 ? BatchStatus::batch : BatchStatus::other_magic;
}

bool RecordHeaderReader::next(RecordHeader& header) {
  return reader_.ok() && !reader_.at_end() && read_header(reader_, header);
}

RecordStatus RecordReader::next(Record& record) {
  if (batch_.compression_id() != 0) return RecordStatus::unsupported_compression;
  if (!reader_.ok()) return RecordStatus::corrupt;
  if (read_ == batch_.record_count) {
    if (reader_.at_end()) return RecordStatus::end;
    reader_.fail();
    return RecordStatus::corrupt;
  }
  const std::int32_t length = reader_.varint();
  if (length < 0) reader_.fail();
  Reader r(reader_.raw(static_cast<std::size_t>(length < 0 ? 0 : length)));
  r.int8();
  const std::int64_t timestamp_delta = r.varlong();
  const std::int32_t offset_delta = r.varint();
  Record read;
  read.key = nullable_bytes(r);
  read.value = nullable_bytes(r);
  read.header_count = r.varint();
  if (read.header_count < 0 || offset_delta < 0 || offset_delta > batch_.last_offset_delta) r.fail();
  const std::string_view tail = r.rest();
  Reader headers(tail);
  RecordHeader header;
  for (std::int32_t i = 0; i < read.header_count && r.ok(); ++i) {
    if (!read_header(headers, header)) r.fail();
  }
  if (!reader_.ok() || !r.ok() || !headers.at_end()) {
    reader_.fail();
    return RecordStatus::corrupt;
  }
  read.header_bytes = tail;
  read.offset = batch_.base_offset + offset_delta;
  read.timestamp_ms =
      batch_.is_log_append_time() ? batch_.max_timestamp_ms : wrapping_sum(batch_.base_timestamp_ms, timestamp_delta);
  record = read;
  ++read_;
  return RecordStatus::record;
}

std::optional<ControlType> control_type(const Record& record) {
  if (!record.key) return std::nullopt;
  Reader r(*record.key);
  const std::int16_t version = r.int16();
  const std::int16_t type = r.int16();
  if (!r.ok() || version < 0) return std::nullopt;
  return type == 0 ? ControlType::abort : type == 1 ? ControlType::commit : ControlType::other;
}

}  // namespace tidemark::wire
