#include "partition_log.h"

#include <algorithm>

namespace tidemark::sim::producer {

using wire::ErrorCode;

namespace {

constexpr std::size_t kRemembered = 5;  // K: ProducerStateEntry.NUM_BATCHES_TO_RETAIN
constexpr std::int64_t kSequences = std::int64_t{1} << 31;

std::int32_t advance(std::int32_t sequence, std::int64_t by) {
  return static_cast<std::int32_t>((sequence + by) % kSequences);
}

}  // namespace

PartitionLog::Verdict PartitionLog::append(const ModelBatch& batch, bool old) {
  const auto count = static_cast<std::int64_t>(batch.values.size());
  const std::int32_t last = advance(batch.first_sequence, count - 1);
  const auto known = known_.find(batch.producer_id);
  if (known == known_.end()) {
    if (old && batch.first_sequence != 0) return {.error = ErrorCode::unknown_producer_id};
  } else {
    const Known& state = known->second;
    for (const Written& earlier : state.batches) {
      if (earlier.epoch == batch.epoch && earlier.first == batch.first_sequence && earlier.last == last) {
        return {.base = earlier.base, .end = earlier.end, .repeat = true};
      }
    }
    if (batch.epoch < state.epoch) return {.error = ErrorCode::invalid_producer_epoch};
    const bool follows = batch.epoch > state.epoch ? batch.first_sequence == 0
                                                   : batch.first_sequence == advance(state.batches.back().last, 1);
    if (!follows) return {.error = ErrorCode::out_of_order_sequence_number};
  }
  const core::Offset base = end();
  values_.insert(values_.end(), batch.values.begin(), batch.values.end());
  written_.push_back({batch.producer_id, batch.epoch, batch.first_sequence, last, base, end()});
  remember(written_.back());
  return {.base = base, .end = end()};
}

void PartitionLog::append_other() {
  values_.emplace_back();
  written_.push_back({-1, -1, -1, -1, end() - 1, end()});
}

void PartitionLog::remember(const Written& written) {
  Known& state = known_[written.producer_id];
  if (state.epoch != written.epoch) state.batches.clear();
  state.epoch = written.epoch;
  state.batches.push_back(written);
  if (state.batches.size() > kRemembered) state.batches.pop_front();
}

std::vector<std::string> PartitionLog::truncate(core::Offset to) {
  while (!written_.empty() && written_.back().end > to) written_.pop_back();
  const auto kept = static_cast<std::ptrdiff_t>(written_.empty() ? 0 : written_.back().end);
  std::vector<std::string> lost(values_.begin() + kept, values_.end());
  values_.resize(static_cast<std::size_t>(kept));
  known_.clear();
  for (const Written& written : written_) {
    if (written.producer_id >= 0) remember(written);
  }
  return lost;
}

bool PartitionLog::load_snapshot() {
  bool forgot = false;
  for (auto& [id, state] : known_) {
    forgot = forgot || state.batches.size() > 1;
    while (state.batches.size() > 1) state.batches.pop_front();
  }
  return forgot;
}

bool PartitionLog::forget_producers() {
  const bool any = !known_.empty();
  known_.clear();
  return any;
}

std::vector<core::Offset> PartitionLog::ends_from(core::Offset committed) const {
  std::vector<core::Offset> ends{committed};
  for (const Written& written : written_) {
    if (written.end > committed) ends.push_back(written.end);
  }
  return ends;
}

}  // namespace tidemark::sim::producer
