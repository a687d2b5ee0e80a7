#include "kafka/follow_reader.h"

#include <algorithm>
#include <limits>
#include <set>

#include "wire/batch_unpacker.h"
#include "wire/primitives.h"
#include "wire/record_batch_layout.h"

namespace tidemark::kafka {
namespace {

constexpr core::Offset kHighestOffset = std::numeric_limits<core::Offset>::max();

bool is_abort(const wire::RecordBatch& batch) {
  wire::RecordReader records(batch);
  wire::Record record;
  if (records.next(record) != wire::RecordStatus::record) return false;
  return wire::control_type(record) == wire::ControlType::abort;
}

// Where the batch that begins at `position`, or before, says that it ends, if
// that can be believed: nothing else of a corrupt batch can.
core::Offset end_of_corrupt(std::string_view bytes, core::Offset position) {
  namespace layout = wire::layout;
  constexpr std::int32_t kMostRecords = 10'000'000;
  if (bytes.size() < layout::kRecords) return position + 1;
  const std::int64_t base = wire::Reader(bytes.substr(layout::kBaseOffset)).int64();
  const std::int32_t delta = wire::Reader(bytes.substr(layout::kLastOffsetDelta)).int32();
  if (delta < 0 || delta > kMostRecords || base > position || base < position - delta) return position + 1;
  return base + delta + 1;
}

}  // namespace

void FollowReader::begin(core::Offset position) {
  position_ = position;
  corrupt_reads_ = 0;
}

bool FollowReader::read(std::string_view bytes, Aborted aborted, const Tell& tell) {
  std::sort(aborted.begin(), aborted.end(),
            [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
  auto next_aborted = aborted.begin();
  std::set<std::int64_t> aborting;
  wire::RecordBatchReader batches(bytes);
  wire::RecordBatch batch;
  std::size_t whole = 0;
  const core::Offset before = position_;
  for (;;) {
    const wire::BatchStatus status = batches.next(batch);
    if (status == wire::BatchStatus::end || status == wire::BatchStatus::truncated) break;
    if (status == wire::BatchStatus::corrupt || batch.last_offset() == kHighestOffset) {
      if (position_ != before) corrupt_reads_ = 0;
      return on_corrupt(bytes.substr(whole));
    }
    if (status == wire::BatchStatus::other_magic) {
      if (batch.base_offset < position_) continue;
      ++counters_.skipped_batches;
      position_ = batch.base_offset + 1;
      continue;
    }
    whole += wire::layout::kRecords + batch.records.size();
    for (; next_aborted != aborted.end() && next_aborted->first_offset <= batch.last_offset(); ++next_aborted)
      aborting.insert(next_aborted->producer_id);
    const bool left_out = batch.is_transactional() && aborting.contains(batch.producer_id);
    if (batch.is_control() && is_abort(batch)) aborting.erase(batch.producer_id);
    if (batch.last_offset() < position_) continue;
    if (left_out && !batch.is_control()) ++counters_.aborted_batches;
    if (!left_out && !batch.is_control()) read_batch(batch, tell);
    position_ = batch.last_offset() + 1;
  }
  corrupt_reads_ = 0;
  return true;
}

void FollowReader::read_batch(wire::RecordBatch batch, const Tell& tell) {
  std::string unpacked;
  if (wire::unpack(batch, unpacked) != wire::UnpackStatus::plain) {
    ++counters_.skipped_batches;
    return;
  }
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) return;
    if (status != wire::RecordStatus::record) {
      ++counters_.skipped_batches;
      return;
    }
    if (record.offset < position_) continue;
    const std::size_t size = record.key.value_or("").size() + record.value.value_or("").size();
    if (size + record.header_bytes.size() > limits_.record_bytes) {
      ++counters_.skipped_records;
      continue;
    }
    ++counters_.records;
    tell(record);
  }
}

bool FollowReader::on_corrupt(std::string_view rest) {
  if (++corrupt_reads_ < limits_.corrupt_reads) return false;
  ++counters_.skipped_batches;
  position_ = end_of_corrupt(rest, position_);
  corrupt_reads_ = 0;
  return true;
}

}  // namespace tidemark::kafka
