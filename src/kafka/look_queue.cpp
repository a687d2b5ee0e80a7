#include "kafka/look_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

// Kafka: ListOffsetsRequest.LATEST_TIMESTAMP, EARLIEST_TIMESTAMP.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;

constexpr auto kFirstPause = std::chrono::milliseconds(10);
constexpr int kMostDoublings = 6;

}  // namespace

Result<void> LookQueue::look(core::Look look, core::Time deadline) {
  if (entries_.size() >= limits_.open) return Error{ErrorKind::limit, "too many looks are under way"};
  Entry& entry = entries_.try_emplace(next_id_++, Entry(LookScan(std::move(look), limits_.scan))).first->second;
  entry.deadline = deadline;
  return {};
}

std::vector<LookQueue::Ask> LookQueue::next(const FindLeader& leader, core::Time now) {
  std::vector<Ask> asks;
  std::size_t under_way = 0;
  for (auto& [id, entry] : entries_) {
    if (entry.scan.next() == LookScan::Next::done) continue;
    if (under_way++ == limits_.under_way) break;
    if (entry.asked || entry.not_before > now) continue;
    entry.started = true;
    if (auto made = ask(id, entry, leader, now)) asks.push_back(std::move(*made));
  }
  return asks;
}

std::optional<LookQueue::Ask> LookQueue::ask(Id id, Entry& entry, const FindLeader& leader, core::Time now) {
  const core::Look& look = entry.scan.look();
  const std::optional<Leader> found = leader(look.topic, look.partition);
  if (!found) {
    metadata_is_old_ = true;
    if (entry.unknown_since == core::Time::max()) entry.unknown_since = now;
    if (now - entry.unknown_since >= limits_.unknown_grace) {
      entry.scan.fail();
    } else {
      pause(entry, now);
    }
    return std::nullopt;
  }
  entry.unknown_since = core::Time::max();
  if (!entry.topic_id) entry.topic_id = found->topic_id;
  if (*entry.topic_id != found->topic_id) {
    entry.scan.fail();
    return std::nullopt;
  }
  if (found->broker < 0) {
    metadata_is_old_ = true;
    pause(entry, now);
    return std::nullopt;
  }
  Ask made{id, found->broker, {}};
  if (entry.wants_start || entry.scan.next() == LookScan::Next::until) {
    auto& request = made.request.emplace<wire::msg::ListOffsetsRequest>();
    request.replica_id = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = look.topic;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = look.partition;
    partition.current_leader_epoch = found->epoch;
    partition.timestamp = entry.wants_start ? kEarliest : kLatest;
  } else {
    auto& request = made.request.emplace<wire::msg::FetchRequest>();
    request.min_bytes = 1;
    request.max_bytes = limits_.fetch_bytes;
    auto& topic = request.topics.emplace_back();
    topic.topic = look.topic;
    topic.topic_id = found->topic_id;
    auto& partition = topic.partitions.emplace_back();
    partition.partition = look.partition;
    partition.current_leader_epoch = found->epoch;
    partition.fetch_offset = entry.scan.position();
    partition.partition_max_bytes = limits_.fetch_bytes;
  }
  entry.asked = true;
  return made;
}

void LookQueue::answered(Id id, const wire::msg::ListOffsetsResponse& response, core::Time now) {
  Entry* entry = taken_back(id);
  if (entry == nullptr) return;
  const core::Look& look = entry->scan.look();
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      if (topic.name != look.topic || partition.partition_index != look.partition) continue;
      if (partition.error_code != 0) return trouble(*entry, partition.error_code, now);
      if (partition.offset < 0) return pause(*entry, now);
      entry->failures = 0;
      if (std::exchange(entry->wants_start, false)) {
        entry->scan.log_begins_at(partition.offset);
        if (entry->scan.next() == LookScan::Next::wait) pause(*entry, now);
      } else {
        entry->scan.set_until(partition.offset);
      }
      return;
    }
  }
  pause(*entry, now);
}

void LookQueue::answered(Id id, const wire::msg::FetchResponse& response, core::Time now) {
  Entry* entry = taken_back(id);
  if (entry == nullptr) return;
  if (response.error_code != 0) return trouble(*entry, response.error_code, now);
  for (const auto& topic : response.responses) {
    for (const auto& data : topic.partitions) {
      if (data.partition_index != entry->scan.look().partition) continue;
      if (data.error_code == static_cast<std::int16_t>(wire::ErrorCode::offset_out_of_range)) {
        entry->wants_start = true;
        return;
      }
      if (data.error_code != 0) return trouble(*entry, data.error_code, now);
      entry->scan.read(data.records.value_or(std::string_view{}), data.high_watermark);
      if (entry->scan.next() == LookScan::Next::wait) return pause(*entry, now);
      entry->failures = 0;
      return;
    }
  }
  pause(*entry, now);
}

void LookQueue::failed(Id id, core::Time now) {
  Entry* entry = taken_back(id);
  if (entry == nullptr) return;
  metadata_is_old_ = true;
  pause(*entry, now);
}

std::vector<core::Sight> LookQueue::take_answers(core::Time now) {
  std::vector<core::Sight> answers;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (entry.scan.next() != LookScan::Next::done && entry.deadline <= now) entry.scan.fail();
    if (entry.scan.next() != LookScan::Next::done) {
      ++it;
      continue;
    }
    core::Sight& sight = answers.emplace_back(entry.scan.sight());
    if (entry.topic_id) sight.topic_id = *entry.topic_id;
    it = entries_.erase(it);
  }
  return answers;
}

std::optional<core::Time> LookQueue::next_due() const {
  std::optional<core::Time> due;
  for (const auto& [id, entry] : entries_) {
    core::Time at = entry.deadline;
    if (entry.started && !entry.asked) at = std::min(at, entry.not_before);
    if (!due || at < *due) due = at;
  }
  return due;
}

bool LookQueue::take_metadata_is_old() { return std::exchange(metadata_is_old_, false); }

LookQueue::Entry* LookQueue::taken_back(Id id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  found->second.asked = false;
  return found->second.scan.next() == LookScan::Next::done ? nullptr : &found->second;
}

void LookQueue::pause(Entry& entry, core::Time now) {
  entry.not_before = now + kFirstPause * (1 << std::min(entry.failures++, kMostDoublings));
}

void LookQueue::trouble(Entry& entry, std::int16_t error, core::Time now) {
  if (error == static_cast<std::int16_t>(wire::ErrorCode::topic_authorization_failed)) return entry.scan.fail();
  metadata_is_old_ = true;
  pause(entry, now);
}

}  // namespace tidemark::kafka
