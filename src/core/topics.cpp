#include "core/topics.h"

namespace tidemark::core {

void PartitionEnds::note_recent(Offset offset, Time began) {
  if (recent.size() == kMaxRecent) recent.erase(recent.begin());
  recent.push_back({offset, began});
}

std::optional<Time> PartitionEnds::first_recent(Offset from, Offset to) const {
  if (recent.size() == kMaxRecent && recent.front().offset > from) return std::nullopt;
  std::optional<Time> first;
  for (const RecentAppend& append : recent)
    if (append.offset >= from && append.offset < to && (!first || append.began < *first)) first = append.began;
  return first;
}

std::optional<TopicNumber> Topics::find(std::string_view name) const {
  const auto found = numbers_.find(name);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

std::optional<TopicNumber> Topics::find_or_add(std::string_view name) {
  if (const auto number = find(name)) return number;
  if (topics_.size() >= kMaxTopics) return std::nullopt;
  const auto number = static_cast<TopicNumber>(topics_.size());
  topics_.emplace_back().name = name;
  numbers_.emplace(name, number);
  return number;
}

PartitionEnds& Topics::ends(TopicNumber topic, Partition partition) {
  std::vector<PartitionEnds>& ends = topics_[topic].ends;
  if (static_cast<std::size_t>(partition) >= ends.size()) ends.resize(static_cast<std::size_t>(partition) + 1);
  return ends[static_cast<std::size_t>(partition)];
}

}  // namespace tidemark::core
