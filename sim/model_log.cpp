#include "model_log.h"

#include <algorithm>
#include <utility>

namespace tidemark::sim {

int ModelLog::add_name(std::string name) {
  names_.push_back(std::move(name));
  current_.push_back(-1);
  return names() - 1;
}

std::optional<int> ModelLog::topic_named(std::string_view name) const {
  for (int topic = 0; topic < names(); ++topic)
    if (names_[static_cast<std::size_t>(topic)] == name) return topic;
  return std::nullopt;
}

int ModelLog::create(int topic, int partitions, Uuid id) {
  Incarnation& fresh = incarnations_.emplace_back();
  fresh.topic = topic;
  fresh.id = id;
  fresh.partitions.resize(static_cast<std::size_t>(partitions));
  return current_[static_cast<std::size_t>(topic)] = static_cast<int>(incarnations_.size()) - 1;
}

void ModelLog::grow(int topic, int partitions) {
  (*this)[current(topic)].partitions.resize(static_cast<std::size_t>(partitions));
}

std::optional<int> ModelLog::incarnation_of(const Uuid& id) const {
  for (std::size_t i = 0; i < incarnations_.size(); ++i)
    if (incarnations_[i].id == id) return static_cast<int>(i);
  return std::nullopt;
}

core::Offset ModelLog::append(int incarnation, core::Partition partition, RecordKind kind, const Uuid& id) {
  LogPartition& log = at(incarnation, partition);
  const core::Offset offset = log.end();
  log.records.push_back(kind);
  log.epochs.push_back(log.epoch);
  if (kind == RecordKind::open) log.open.insert(offset);
  if (kind == RecordKind::event)
    events_[id] = EventPlace{(*this)[incarnation].topic, incarnation, partition, offset, log.epoch, false};
  return offset;
}

void ModelLog::settle(int incarnation, core::Partition partition, const std::vector<core::Offset>& records, bool commit) {
  LogPartition& log = at(incarnation, partition);
  for (const core::Offset offset : records) {
    if (log.open.erase(offset) == 0) continue;  // lost with its leader
    log.records[static_cast<std::size_t>(offset)] = commit ? RecordKind::other : RecordKind::aborted;
  }
  append(incarnation, partition, RecordKind::control);
}

void ModelLog::cut(int incarnation, core::Partition partition, core::Offset end) {
  LogPartition& log = at(incarnation, partition);
  ++log.epoch;
  log.cuts.push_back({log.epoch, end});
  for (core::Offset o = end; o < log.end(); ++o) log.lost[o].push_back(log.epochs[static_cast<std::size_t>(o)]);
  log.records.resize(static_cast<std::size_t>(end));
  log.epochs.resize(static_cast<std::size_t>(end));
  log.open.erase(log.open.lower_bound(end), log.open.end());
  log.log_start = std::min(log.log_start, end);
  for (auto& [id, place] : events_)
    if (place.incarnation == incarnation && place.partition == partition && place.offset >= end) place.lost = true;
}

std::int32_t LogPartition::epoch_at(core::Offset offset, std::int32_t as_of) const {
  std::int32_t found = -1;
  if (const auto before = lost.find(offset); before != lost.end())
    for (const std::int32_t one : before->second)
      if (one <= as_of) found = one;
  if (offset < end() && epochs[static_cast<std::size_t>(offset)] <= as_of) found = epochs[static_cast<std::size_t>(offset)];
  return found;
}

core::Offset LogPartition::end_of_epoch(std::int32_t asked) const {
  const auto above = std::find_if(epochs.begin(), epochs.end(), [&](std::int32_t of) { return of > asked; });
  return std::max<core::Offset>(above - epochs.begin(), log_start);
}

const LogCut* LogPartition::cut_below(core::Offset offset) const {
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut)
    if (cut->offset <= offset) return &*cut;
  return nullptr;
}

std::optional<EventPlace> ModelLog::find(const Uuid& event) const {
  const auto found = events_.find(event);
  if (found == events_.end()) return std::nullopt;
  return found->second;
}

std::vector<core::TopicState> ModelLog::topics() const {
  std::vector<core::TopicState> states;
  for (int topic = 0; topic < names(); ++topic) {
    if (current(topic) < 0) continue;
    const Incarnation& incarnation = (*this)[current(topic)];
    states.push_back({name(topic), incarnation.id, static_cast<core::Partition>(incarnation.partitions.size())});
  }
  return states;
}

}  // namespace tidemark::sim
