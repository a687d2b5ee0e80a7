#include "kafka/share_state.h"

#include <limits>
#include <utility>

#include "wire/generated/share_snapshot_record.h"
#include "wire/generated/share_update_record.h"
#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

constexpr core::Offset kHighest = std::numeric_limits<core::Offset>::max() - 1;

}  // namespace

void ShareState::topics(std::unordered_map<Uuid, std::string> names, const Tell& tell_them) {
  names_ = std::move(names);
  for (const Key& key : std::set<Key>(std::exchange(unnamed_, {}))) {
    const auto found = states_.find(key);
    if (found != states_.end()) tell(key, found->second, tell_them);
  }
}

void ShareState::read(std::string_view key_bytes, std::optional<std::string_view> value, core::LogPoint at,
                      const Tell& tell_it) {
  ++counters_.records;
  wire::Reader key_reader(key_bytes);
  const std::int16_t type = key_reader.int16();
  const bool snapshot = type == wire::msg::ShareSnapshotKey::kRecordType;
  wire::msg::ShareSnapshotKey decoded;  // an update's has the same fields
  if (!key_reader.ok() || (!snapshot && type != wire::msg::ShareUpdateKey::kRecordType) ||
      !decoded.decode(key_reader, 0) || decoded.partition < 0 || decoded.group_id.empty()) {
    ++counters_.malformed;
    return;
  }
  const Key key{std::move(decoded.group_id), decoded.topic_id, decoded.partition};
  if (!value) {
    // Updates are removed by their own tombstones while the snapshot goes on.
    if (snapshot) erase(key);
    return;
  }
  auto found = states_.find(key);
  if (found == states_.end()) {
    if (states_.size() >= limits_.states) {
      ++counters_.left_out;
      return;
    }
    found = states_.try_emplace(key).first;
  }
  wire::Reader reader(*value);
  const std::int16_t version = reader.int16();
  bool read = reader.ok();
  if (snapshot) {
    wire::msg::ShareSnapshotValue state;
    read = read && state.decode(reader, version) && apply(state, true, found->second);
    if (read) found->second.state_epoch = state.state_epoch;
  } else {
    wire::msg::ShareUpdateValue update;
    read = read && update.decode(reader, version) && apply(update, false, found->second);
  }
  if (!read) {
    ++counters_.malformed;
    return;
  }
  found->second.at = at;
  tell(key, found->second, tell_it);
}

template <class Value>
bool ShareState::apply(const Value& value, bool snapshot, State& state) {
  if (value.snapshot_epoch < state.snapshot_epoch) return false;
  state.snapshot_epoch = value.snapshot_epoch;
  state.leader_epoch = std::max(state.leader_epoch, value.leader_epoch);
  if (snapshot) {
    batches_ -= state.batches.size();
    state.batches.clear();
    state.start = core::kNoOffset;
  }
  for (const auto& batch : value.state_batches) {
    if (batch.first_offset < 0 || batch.last_offset < batch.first_offset || batch.last_offset > kHighest) continue;
    put(state, batch.first_offset, batch.last_offset, batch.delivery_state);
  }
  // An update need not name the start, and what it says of records below is void all the same.
  const bool named = value.start_offset >= 0 && value.start_offset <= kHighest;
  if (named || state.start != core::kNoOffset) trim(state, named ? value.start_offset : state.start);
  return true;
}

// What was said of these records before is void.
void ShareState::put(State& state, core::Offset first, core::Offset last, std::int8_t delivery) {
  auto& batches = state.batches;
  const std::size_t before = batches.size();
  const auto room = [&] {
    return batches.size() < limits_.batches && batches_ - before + batches.size() < limits_.all_batches;
  };
  auto next = batches.upper_bound(first);
  if (next != batches.begin() && std::prev(next)->second.last >= first) {
    const auto over = std::prev(next);
    const Batch old = over->second;
    if (over->first < first) {
      over->second.last = first - 1;
    } else {
      batches.erase(over);
    }
    // One batch cut in two is one more: without room its upper part is forgotten, or
    // updates of single records would make ever more of a long one.
    if (old.last > last) {
      if (room()) batches.emplace(last + 1, old);
      else ++counters_.left_out;
    }
  }
  next = batches.lower_bound(first);
  while (next != batches.end() && next->first <= last) {
    const Batch old = next->second;
    next = batches.erase(next);
    if (old.last > last) batches.emplace(last + 1, old);
  }
  if ((delivery == kAcknowledged || delivery == kArchived) && room()) {
    batches.insert_or_assign(first, Batch{last, delivery});
  } else if (delivery == kAcknowledged || delivery == kArchived) {
    ++counters_.left_out;
  }
  batches_ = batches_ - before + batches.size();
}

void ShareState::trim(State& state, core::Offset start) {
  state.start = start;
  auto batch = state.batches.begin();
  while (batch != state.batches.end() && batch->first < start) {
    const Batch old = batch->second;
    batch = state.batches.erase(batch);
    --batches_;
    if (old.last < start) continue;
    state.batches.emplace(start, old);
    ++batches_;
    break;
  }
}

void ShareState::erase(const Key& key) {
  const auto found = states_.find(key);
  if (found == states_.end()) return;
  batches_ -= found->second.batches.size();
  states_.erase(found);
  unnamed_.erase(key);
}

void ShareState::tell(const Key& key, const State& state, const Tell& tell) {
  if (state.start == core::kNoOffset) return;
  const auto name = names_.find(std::get<1>(key));
  if (name == names_.end()) {
    unnamed_.insert(key);
    return;
  }
  std::vector<core::Range> acknowledged, archived;
  for (const auto& [first, batch] : state.batches) {
    auto& ranges = batch.state == kAcknowledged ? acknowledged : archived;
    if (!ranges.empty() && ranges.back().last + 1 == first) {
      ranges.back().last = batch.last;
    } else {
      ranges.push_back({first, batch.last});
    }
  }
  core::ShareProgress progress;
  progress.group = std::get<0>(key);
  progress.topic = name->second;
  progress.topic_id = std::get<1>(key);
  progress.partition = std::get<2>(key);
  progress.state_epoch = state.state_epoch;
  progress.leader_epoch = state.leader_epoch;
  progress.start = state.start;
  progress.acknowledged = acknowledged;
  progress.archived = archived;
  progress.at = state.at;
  tell(progress);
}

ShareCounters ShareState::counters() const {
  ShareCounters counters = counters_;
  counters.states = states_.size();
  return counters;
}

}  // namespace tidemark::kafka
