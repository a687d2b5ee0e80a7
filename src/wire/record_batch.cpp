// Positions within a batch, and the two places that must agree to the byte: how
// long a record will be, and how it is written.
#include "wire/record_batch.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "wire/crc32c.h"
#include "wire/record_batch_layout.h"

namespace tidemark::wire {
namespace {

constexpr auto kMaxBatch = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());

// Kafka's own arithmetic wraps, so a difference of any two timestamps is one.
std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::size_t varint_size(std::int64_t value) { return uvarint_size(zigzag64(value)); }

std::size_t nullable_size(std::optional<std::string_view> value) {
  if (!value) return varint_size(-1);
  return varint_size(static_cast<std::int64_t>(value->size())) + value->size();
}

// Of one record without the length before it.
std::size_t body_size(const NewRecord& record, std::int64_t timestamp_delta, std::int32_t offset_delta) {
  std::size_t size = 1 + varint_size(timestamp_delta) + varint_size(offset_delta) + nullable_size(record.key) +
                     nullable_size(record.value) + varint_size(static_cast<std::int64_t>(record.headers.size()));
  for (const RecordHeader& header : record.headers) size += nullable_size(header.key) + nullable_size(header.value);
  return size;
}

// The caller has checked that every length fits.
void put_nullable(Writer& w, std::optional<std::string_view> value) {
  w.varint(value ? static_cast<std::int32_t>(value->size()) : -1);
  if (value) w.raw(*value);
}

template <class T>
void patch(std::string& bytes, std::size_t position, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[position + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xff);
  }
}

}  // namespace

void RecordBatchBuilder::clear() {
  bytes_.assign(kRecordBatchOverhead, '\0');
  count_ = 0;
  base_timestamp_ = max_timestamp_ = 0;
}

std::size_t RecordBatchBuilder::encoded_size_with(const NewRecord& record) const {
  const std::int64_t delta = count_ == 0 ? 0 : wrapping_difference(record.timestamp_ms, base_timestamp_);
  const std::size_t body = body_size(record, delta, count_);
  return bytes_.size() + varint_size(static_cast<std::int64_t>(body)) + body;
}

bool RecordBatchBuilder::add(const NewRecord& record) {
  if (encoded_size_with(record) > kMaxBatch) return false;
  if (count_ == 0) base_timestamp_ = max_timestamp_ = record.timestamp_ms;
  max_timestamp_ = std::max(max_timestamp_, record.timestamp_ms);
  const std::int64_t delta = wrapping_difference(record.timestamp_ms, base_timestamp_);
  Writer w(bytes_);
  w.varint(static_cast<std::int32_t>(body_size(record, delta, count_)));
  w.int8(0);
  w.varlong(delta);
  w.varint(count_);
  put_nullable(w, record.key);
  put_nullable(w, record.value);
  w.varint(static_cast<std::int32_t>(record.headers.size()));
  for (const RecordHeader& header : record.headers) {
    put_nullable(w, header.key);
    put_nullable(w, header.value);
  }
  ++count_;
  return true;
}

std::string RecordBatchBuilder::finish(const ProducerStamp& stamp) {
  assert(count_ > 0);
  patch(bytes_, layout::kBaseOffset, std::int64_t{0});
  patch(bytes_, layout::kBatchLength, static_cast<std::int32_t>(bytes_.size() - layout::kLogOverhead));
  patch(bytes_, layout::kPartitionLeaderEpoch, std::int32_t{-1});
  patch(bytes_, layout::kMagic, std::int8_t{2});
  patch(bytes_, layout::kLastOffsetDelta, count_ - 1);
  patch(bytes_, layout::kBaseTimestamp, base_timestamp_);
  patch(bytes_, layout::kMaxTimestamp, max_timestamp_);
  patch(bytes_, layout::kRecordCount, count_);
  std::string batch = std::move(bytes_);
  clear();
  restamp(batch, stamp);
  return batch;
}

void restamp(std::string& batch, const ProducerStamp& stamp) {
  assert(batch.size() >= kRecordBatchOverhead);
  patch(batch, layout::kAttributes, stamp.transactional ? kTransactionalBit : std::int16_t{0});
  patch(batch, layout::kProducerId, stamp.producer_id);
  patch(batch, layout::kProducerEpoch, stamp.producer_epoch);
  patch(batch, layout::kBaseSequence, stamp.base_sequence);
  patch(batch, layout::kCrc, crc32c(std::string_view(batch).substr(layout::kAttributes)));
}

}  // namespace tidemark::wire
