#include "core/topics.h"

#include <algorithm>
#include <utility>

namespace tidemark::core {

std::size_t PartitionEnds::add(const Cut& cut) {
  const auto later = [&](const Cut& other) { return cut.epoch >= 0 && (other.epoch < 0 || other.epoch > cut.epoch); };
  const auto place = cuts.insert(std::find_if(cuts.begin(), cuts.end(), later), cut);
  return static_cast<std::size_t>(place - cuts.begin());
}

void PartitionEnds::note_recent(const RecentAppend& append) {
  if (recent.size() == kMaxRecent) recent.erase(recent.begin());
  recent.push_back(append);
}

std::optional<Time> PartitionEnds::first_recent(Offset from, Offset to) const {
  if (recent.size() == kMaxRecent && recent.front().offset > from) return std::nullopt;
  std::optional<Time> first;
  for (const RecentAppend& append : recent)
    if (append.offset >= from && append.offset < to && (!first || append.began < *first)) first = append.began;
  return first;
}

std::optional<TopicNumber> Topics::find_or_add(std::string_view name) {
  if (const auto number = find(name)) return number;
  if (topics_.size() >= kMaxTopics) return std::nullopt;
  return topics_.add(name);
}

PartitionEnds& Topics::ends(TopicNumber topic, Partition partition) {
  std::vector<PartitionEnds>& ends = topics_[topic].ends;
  if (static_cast<std::size_t>(partition) >= ends.size()) ends.resize(static_cast<std::size_t>(partition) + 1);
  return ends[static_cast<std::size_t>(partition)];
}

std::shared_ptr<const std::vector<Offset>> Topics::end_offsets(TopicNumber number) {
  Topic& topic = topics_[number];
  const auto partitions = static_cast<std::size_t>(topic.partitions);
  if (topic.end_offsets != nullptr && topic.end_offsets->size() == partitions) return topic.end_offsets;
  std::vector<Offset> offsets(partitions, 0);
  for (std::size_t p = 0; p < std::min(partitions, topic.ends.size()); ++p) offsets[p] = topic.ends[p].known_end;
  topic.end_offsets = std::make_shared<const std::vector<Offset>>(std::move(offsets));
  return topic.end_offsets;
}

void Topics::set_end(TopicNumber topic, Partition partition, Offset end) {
  ends(topic, partition).known_end = end;
  topics_[topic].end_offsets.reset();
}

}  // namespace tidemark::core
