#include "core/topics.h"

namespace tidemark::core {

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
