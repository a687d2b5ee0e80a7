#include "kafka/look_scan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/batch_unpacker.h"

namespace tidemark::kafka {
namespace {

constexpr std::string_view kIdHeader = "tidemark-id";
constexpr core::Offset kHighestOffset = std::numeric_limits<core::Offset>::max();

bool has_id(const wire::Record& record, std::string_view id) {
  wire::RecordHeaderReader headers = record.headers();
  wire::RecordHeader header;
  while (headers.next(header)) {
    if (header.key == kIdHeader && header.value == id) return true;
  }
  return false;
}

}  // namespace

LookScan::LookScan(core::Look look, LookScanLimits limits) : look_(std::move(look)), limits_(limits) {
  if (look_.origin) {
    look_.id.reset();
    origin_.emplace(*look_.origin);
  }
  if (look_.id) wanted_ = look_.id->to_string();
  position_ = look_.from = std::max<core::Offset>(look_.from, 0);
  if (look_.until == core::kNoOffset) {
    next_ = Next::until;
  } else {
    set_until(look_.until);
  }
}

void LookScan::set_until(core::Offset until) {
  look_.until = until;
  if (next_ == Next::until) next_ = Next::fetch;
  if (position_ >= look_.until) end(core::Sight::Result::none);
}

void LookScan::log_begins_at(core::Offset log_start) {
  if (next_ == Next::done) return;
  if (log_start <= position_) {
    next_ = Next::wait;
    return;
  }
  // What was deleted is not visible, but it may have been the event.
  if (look_.id && position_ < look_.until) unreadable_ = true;
  if (position_ < look_.until) deleted_ = true;
  position_ = log_start;
  next_ = Next::fetch;
  if (position_ >= look_.until && pending_.empty()) decide(position_, true);
}

void LookScan::fail() { end(core::Sight::Result::failed); }

core::Sight LookScan::sight() const {
  core::Sight sight;
  sight.number = look_.number;
  sight.result = result_;
  if (result_ == core::Sight::Result::found) {
    sight.offset = found_->offset;
    sight.leader_epoch = found_->leader_epoch;
    sight.reason = found_->reason;
  }
  const bool is_end_known = look_.until != core::kNoOffset;
  if (!look_.id && result_ != core::Sight::Result::failed) {
    sight.last = last_;
    sight.complete = is_end_known && position_ >= look_.until && !unreadable_ && (origin_ || (!open_ && !deleted_));
  }
  sight.until = is_end_known ? std::min(position_, std::max(look_.from, look_.until)) : position_;
  return sight;
}

void LookScan::read(std::string_view records, core::Offset high_watermark) {
  if (next_ != Next::fetch && next_ != Next::wait) return;
  const core::Offset before = position_;
  bytes_ += records.size();
  const bool readable = read_batches(records);
  const bool moved = position_ != before;
  if (moved) corrupt_reads_ = 0;
  if (!readable && ++corrupt_reads_ >= limits_.corrupt_reads) return fail();
  if (origin_) return decide_for_origin(high_watermark, moved);
  decide(high_watermark, moved);
}

// False: corrupt from the position on.
bool LookScan::read_batches(std::string_view records) {
  wire::RecordBatchReader batches(records);
  wire::RecordBatch batch;
  for (;;) {
    const wire::BatchStatus status = batches.next(batch);
    if (status == wire::BatchStatus::end || status == wire::BatchStatus::truncated) return true;
    if (status == wire::BatchStatus::corrupt || batch.last_offset() == kHighestOffset) return false;
    if (status == wire::BatchStatus::other_magic) {
      if (batch.base_offset >= position_ && batch.base_offset < look_.until) unreadable_ = true;
      position_ = std::max(position_, batch.base_offset + 1);
      continue;
    }
    if (batch.last_offset() < position_) continue;
    if (look_.id) {
      read_for_id(batch);
    } else if (origin_) {
      read_for_origin(batch);
    } else {
      read_for_visible(batch);
    }
    position_ = batch.last_offset() + 1;
    if (look_.id && (found_ || position_ >= look_.until)) return true;
  }
}

void LookScan::read_for_id(wire::RecordBatch batch) {
  if (batch.is_control() || batch.base_offset >= look_.until) return;
  std::string unpacked;
  if (wire::unpack(batch, unpacked) != wire::UnpackStatus::plain) {
    unreadable_ = true;
    return;
  }
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) return;
    if (status != wire::RecordStatus::record) {
      unreadable_ = true;
      return;
    }
    if (record.offset < position_ || record.offset >= look_.until || !has_id(record, wanted_)) continue;
    found_ = {record.offset, batch.partition_leader_epoch};
    return;
  }
}

void LookScan::read_for_visible(const wire::RecordBatch& batch) {
  if (batch.is_control()) return read_marker(batch);
  if (batch.base_offset >= look_.until) return;
  if (auto place = place_in_range(batch)) keep(batch, std::move(*place));
}

void LookScan::read_for_origin(const wire::RecordBatch& batch) {
  if (batch.is_control()) return read_marker(batch);
  if (batch.base_offset >= look_.until) return;
  if (auto place = place_of_origin(batch)) keep(batch, std::move(*place));
}

void LookScan::keep(const wire::RecordBatch& batch, Place place) {
  if (!batch.is_transactional()) return candidate(std::move(place));
  if (const auto open = pending_.find(batch.producer_id); open != pending_.end()) {
    open->second.last = place.last;
    return;
  }
  if (pending_.size() >= limits_.open) {
    unreadable_ = true;
    return;
  }
  pending_[batch.producer_id] = std::move(place);
}

void LookScan::read_marker(const wire::RecordBatch& batch) {
  const auto open = pending_.find(batch.producer_id);
  if (open == pending_.end()) return;
  wire::RecordReader records(batch);
  wire::Record record;
  if (records.next(record) != wire::RecordStatus::record) return;
  const auto type = wire::control_type(record);
  if (!type || *type == wire::ControlType::other) return;
  Place place = std::move(open->second);
  pending_.erase(open);
  if (*type == wire::ControlType::commit) candidate(std::move(place));
}

std::optional<LookScan::Place> LookScan::place_in_range(wire::RecordBatch batch) {
  if (batch.record_count == 0) return std::nullopt;
  Place place{std::max(position_, batch.base_offset), batch.partition_leader_epoch,
              std::min(batch.last_offset(), look_.until - 1)};
  if (batch.compression_id() != 0 && batch.record_count - 1 == batch.last_offset_delta) return place;
  const bool inside = batch.base_offset >= position_ && batch.last_offset() < look_.until;
  std::string unpacked;
  if (wire::unpack(batch, unpacked) != wire::UnpackStatus::plain) {
    unreadable_ = true;
    if (!inside) return std::nullopt;
    return place;  // some of it is there
  }
  const core::Offset low = place.offset;
  place.last = core::kNoOffset;
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) break;
    if (status != wire::RecordStatus::record) {
      unreadable_ = true;
      return std::nullopt;
    }
    if (record.offset >= look_.until) break;
    if (record.offset < low) continue;
    if (place.last == core::kNoOffset) place.offset = record.offset;
    place.last = record.offset;
  }
  if (place.last == core::kNoOffset) return std::nullopt;
  return place;
}

std::optional<LookScan::Place> LookScan::place_of_origin(wire::RecordBatch batch) {
  const std::int32_t leader_epoch = batch.partition_leader_epoch;
  std::string unpacked;
  if (wire::unpack(batch, unpacked) != wire::UnpackStatus::plain) {
    unreadable_ = true;
    return std::nullopt;
  }
  std::optional<Place> place;
  wire::RecordReader records(batch);
  wire::Record record;
  for (;;) {
    const wire::RecordStatus status = records.next(record);
    if (status == wire::RecordStatus::end) return place;
    if (status != wire::RecordStatus::record) {
      unreadable_ = true;
      return place;
    }
    if (record.offset < position_ || record.offset >= look_.until || !origin_->is_meant(record)) continue;
    if (!place)
      place = Place{record.offset, leader_epoch, record.offset,
                    look_.origin->dead_letters ? dead_letter_reason(record) : std::string()};
    place->last = record.offset;
  }
}

void LookScan::candidate(Place place) {
  last_ = std::max(last_, place.last);
  if (!found_ || place.offset < found_->offset) found_ = std::move(place);
}

void LookScan::decide(core::Offset high_watermark, bool moved) {
  const bool is_open_below = std::any_of(pending_.begin(), pending_.end(), [&](const auto& entry) {
    return !found_ || entry.second.offset < found_->offset;
  });
  if (found_ && !is_open_below) return end(core::Sight::Result::found);
  if (position_ >= look_.until && (!is_open_below || position_ >= high_watermark)) {
    if (found_) return end(core::Sight::Result::found);
    return end(unreadable_ ? core::Sight::Result::failed : core::Sight::Result::none);
  }
  if (bytes_ >= limits_.bytes) return fail();
  next_ = moved ? Next::fetch : Next::wait;
}

void LookScan::decide_for_origin(core::Offset high_watermark, bool moved) {
  if (position_ >= look_.until && (pending_.empty() || position_ >= high_watermark)) {
    if (look_.origin->dead_letters && !found_ && !pending_.empty()) {
      if (++undecided_reads_ > limits_.undecided_reads) return fail();
      next_ = Next::wait;
      return;
    }
    if (!look_.origin->dead_letters)
      for (auto& [producer, place] : pending_) candidate(std::move(place));
    return end(found_ ? core::Sight::Result::found : unreadable_ ? core::Sight::Result::failed : core::Sight::Result::none);
  }
  // What was found was found, though not all was read.
  if (bytes_ >= limits_.bytes) return end(found_ ? core::Sight::Result::found : core::Sight::Result::failed);
  next_ = moved ? Next::fetch : Next::wait;
}

void LookScan::end(core::Sight::Result result) {
  result_ = result;
  next_ = Next::done;
  open_ = !pending_.empty();
  pending_.clear();
}

}  // namespace tidemark::kafka
