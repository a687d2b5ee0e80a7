// Batches of __consumer_offsets as a broker's log holds them, for tests: with
// base offsets, gaps of compaction, transactions and control records.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/position.h"
#include "wire/batch_unpacker.h"
#include "wire/crc32c.h"
#include "wire/generated/group_metadata_record.h"
#include "wire/generated/offset_commit_record.h"
#include "wire/primitives.h"
#include "wire/record_batch.h"
#include "wire/record_batch_layout.h"

namespace tidemark::kafka::test {

struct LogRecord {
  core::Offset offset = 0;
  std::string key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct LogBatch {
  core::Offset base_offset = 0;
  std::vector<LogRecord> records;             // offsets at or above base_offset, rising
  std::optional<core::Offset> last_offset{};  // else the last record's; needed when there is none
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int16_t attributes = 0;
  std::int32_t leader_epoch = 0;
  std::optional<std::int32_t> record_count{};  // else the number of records
  bool packed = false;                         // by zstd; `attributes` says so then
};

inline std::string zstd(std::string_view plain) {
  std::string bytes(ZSTD_compressBound(plain.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), plain.data(), plain.size(), 1));
  return bytes;
}

inline std::string encode(const LogBatch& batch) {
  namespace layout = wire::layout;
  wire::Writer records;
  for (const LogRecord& record : batch.records) {
    wire::Writer body;
    body.int8(0);
    body.varlong(0);
    body.varint(static_cast<std::int32_t>(record.offset - batch.base_offset));
    body.varint(static_cast<std::int32_t>(record.key.size()));
    body.raw(record.key);
    body.varint(record.value ? static_cast<std::int32_t>(record.value->size()) : -1);
    if (record.value) body.raw(*record.value);
    body.varint(static_cast<std::int32_t>(record.headers.size()));
    for (const auto& [name, header_value] : record.headers) {
      for (const std::string& part : {name, header_value}) {
        body.varint(static_cast<std::int32_t>(part.size()));
        body.raw(part);
      }
    }
    records.varint(static_cast<std::int32_t>(body.size()));
    records.raw(body.str());
  }
  const core::Offset last =
      batch.last_offset ? *batch.last_offset : batch.records.empty() ? batch.base_offset : batch.records.back().offset;
  wire::Writer covered;
  covered.int16(static_cast<std::int16_t>(batch.attributes | (batch.packed ? wire::kZstd : 0)));
  covered.int32(static_cast<std::int32_t>(last - batch.base_offset));
  covered.int64(0);
  covered.int64(0);
  covered.int64(batch.producer_id);
  covered.int16(batch.producer_epoch);
  covered.int32(-1);
  covered.int32(batch.record_count.value_or(static_cast<std::int32_t>(batch.records.size())));
  covered.raw(batch.packed ? zstd(records.str()) : std::string(records.str()));

  wire::Writer out;
  out.int64(batch.base_offset);
  out.int32(static_cast<std::int32_t>(layout::kAttributes - layout::kLogOverhead + covered.size()));
  out.int32(batch.leader_epoch);
  out.int8(2);
  out.uint32(wire::crc32c(covered.str()));
  out.raw(covered.str());
  return out.take();
}

inline std::string commit_key(std::string group, std::string topic, core::Partition partition) {
  wire::Writer out;
  out.int16(wire::msg::OffsetCommitKey::kRecordType);
  wire::msg::OffsetCommitKey key;
  key.group = std::move(group);
  key.topic = std::move(topic);
  key.partition = partition;
  key.encode(out, 0);
  return out.take();
}

inline std::string commit_value(core::Offset offset, std::int16_t version = 3) {
  wire::Writer out;
  out.int16(version);
  wire::msg::OffsetCommitValue value;
  value.offset = offset;
  value.encode(out, version);
  return out.take();
}

inline LogRecord commit_record(core::Offset at, std::string group, core::Offset committed,
                               std::string topic = "orders", core::Partition partition = 0) {
  return {at, commit_key(std::move(group), std::move(topic), partition), commit_value(committed)};
}

inline std::string plain(core::Offset at, const std::string& group, core::Offset committed) {
  return encode({.base_offset = at, .records = {commit_record(at, group, committed)}});
}

inline std::string transactional(core::Offset at, const std::string& group, core::Offset committed,
                                 std::int64_t producer, std::int16_t epoch = 0) {
  return encode({.base_offset = at,
                 .records = {commit_record(at, group, committed)},
                 .producer_id = producer,
                 .producer_epoch = epoch,
                 .attributes = wire::kTransactionalBit});
}

inline std::string marker(core::Offset at, bool commit, std::int64_t producer, std::int16_t epoch = 0) {
  wire::Writer key;
  key.int16(0);
  key.int16(commit ? 1 : 0);
  wire::Writer value;
  value.int16(0);
  value.int32(0);
  return encode({.base_offset = at,
                 .records = {{at, key.take(), value.take()}},
                 .producer_id = producer,
                 .producer_epoch = epoch,
                 .attributes = wire::kTransactionalBit | wire::kControlBit});
}

}  // namespace tidemark::kafka::test
