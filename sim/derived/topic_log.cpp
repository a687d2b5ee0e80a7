#include "topic_log.h"

#include <utility>

namespace tidemark::sim::derived {

using core::Offset;

int TopicLog::add(std::string name, Uuid id, int partitions) {
  Topic& topic = topics_.emplace_back();
  topic.name = std::move(name);
  topic.id = id;
  topic.partitions.resize(static_cast<std::size_t>(partitions));
  topic.writable = partitions;
  return topics() - 1;
}

void TopicLog::grow(int topic, int partitions) {
  (*this)[topic].partitions.resize(static_cast<std::size_t>(partitions));
}

int TopicLog::append(Record record, core::Time now) {
  const int number = records();
  Partition& partition = (*this)[record.topic].partitions[static_cast<std::size_t>(record.partition)];
  record.offset = partition.end();
  record.at = now;
  partition.records.push_back(number);
  if (!record.marker && is_undecided_for_readers(record.fate)) partition.unstable.insert(record.offset);
  if (record.parent >= 0) {
    record.generation = at(record.parent).generation + 1;
    at(record.parent).children.push_back(number);
  }
  const int topic = record.topic;
  const core::Partition where = record.partition;
  records_.push_back(std::move(record));
  moved(topic, where);
  return number;
}

void TopicLog::settle(int topic, core::Partition where, const std::vector<int>& records, bool commit, core::Time now) {
  Partition& partition = (*this)[topic].partitions[static_cast<std::size_t>(where)];
  for (const int record : records) {
    if (at(record).topic != topic || at(record).partition != where) continue;
    at(record).fate = commit ? Fate::visible : Fate::aborted;
    partition.unstable.erase(at(record).offset);
  }
  Record marker;
  marker.topic = topic;
  marker.partition = where;
  marker.marker = true;
  append(std::move(marker), now);
}

std::optional<int> TopicLog::named(std::string_view name) const {
  for (int i = 0; i < topics(); ++i)
    if ((*this)[i].name == name) return i;
  return std::nullopt;
}

std::vector<core::TopicState> TopicLog::listed() const {
  std::vector<core::TopicState> states;
  for (const Topic& topic : topics_)
    states.push_back({topic.name, topic.id, static_cast<core::Partition>(topic.partitions.size())});
  return states;
}

std::string TopicLog::place(int number) const {
  const Record& record = at(number);
  return (*this)[record.topic].name + "/" + std::to_string(record.partition) + "@" + std::to_string(record.offset);
}

}  // namespace tidemark::sim::derived
