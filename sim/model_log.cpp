#include "model_log.h"

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
  if (kind == RecordKind::open) log.open.insert(offset);
  if (kind == RecordKind::event) events_[id] = EventPlace{(*this)[incarnation].topic, incarnation, partition, offset};
  return offset;
}

void ModelLog::settle(int incarnation, core::Partition partition, const std::vector<core::Offset>& records, bool commit) {
  LogPartition& log = at(incarnation, partition);
  for (const core::Offset offset : records) {
    log.open.erase(offset);
    log.records[static_cast<std::size_t>(offset)] = commit ? RecordKind::other : RecordKind::aborted;
  }
  append(incarnation, partition, RecordKind::control);
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
