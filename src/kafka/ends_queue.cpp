#include "kafka/ends_queue.h"

#include <algorithm>
#include <chrono>

#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

// Kafka: ListOffsetsRequest.LATEST_TIMESTAMP, EARLIEST_TIMESTAMP; CONSUMER_REPLICA_ID.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int32_t kConsumer = -1;
constexpr std::int8_t kReadCommitted = 1;

constexpr auto kFirstPause = std::chrono::milliseconds(10);
constexpr int kMostDoublings = 6;

std::size_t index_of(End end) { return static_cast<std::size_t>(end); }

wire::msg::ListOffsetsRequest::ListOffsetsTopic& topic_of(wire::msg::ListOffsetsRequest& request,
                                                          const std::string& name) {
  if (request.topics.empty() || request.topics.back().name != name) request.topics.emplace_back().name = name;
  return request.topics.back();
}

wire::msg::OffsetForLeaderEpochRequest::OffsetForLeaderTopic& topic_of(wire::msg::OffsetForLeaderEpochRequest& request,
                                                                       const std::string& name) {
  if (request.topics.empty() || request.topics.back().topic != name) request.topics.emplace_back().topic = name;
  return request.topics.back();
}

bool says_metadata_is_old(std::int16_t error) {
  switch (static_cast<wire::ErrorCode>(error)) {
    case wire::ErrorCode::not_leader_or_follower:
    case wire::ErrorCode::leader_not_available:
    case wire::ErrorCode::replica_not_available:
    case wire::ErrorCode::fenced_leader_epoch:
    case wire::ErrorCode::unknown_leader_epoch:
    case wire::ErrorCode::unknown_topic_or_partition:
    case wire::ErrorCode::unknown_topic_id:
    case wire::ErrorCode::kafka_storage_error:
      return true;
    default:
      return false;
  }
}

}  // namespace

void EndsQueue::ask(const log::EndsQuery& query) {
  if (!query.high_watermark && !query.last_stable && !query.log_start && query.epoch < 0) return;
  Entry& entry = entries_[{query.topic, query.partition}];
  entry.wanted[index_of(End::high_watermark)] |= query.high_watermark;
  entry.wanted[index_of(End::last_stable)] |= query.last_stable;
  entry.wanted[index_of(End::log_start)] |= query.log_start;
  entry.wanted[index_of(End::epoch)] |= query.epoch >= 0;
  if (query.epoch >= 0) entry.epoch = query.epoch;
  entry.number = std::max(entry.number, query.number);
}

std::vector<EndsQueue::Asked> EndsQueue::take_round(std::int32_t broker, const FindLeader& leader, core::Time now) {
  std::vector<Asked> round;
  if (requests_left_.contains(broker)) return round;
  std::array<Asked, kEnds> requests;
  for (auto& [key, entry] : entries_) {
    if (!entry.is_wanted() || entry.is_sent() || entry.not_before > now) continue;
    const std::optional<Leader> found = leader(key);
    if (!found || found->broker != broker) continue;
    entry.sent = entry.wanted;
    entry.sent_number = entry.number;
    entry.sent_epoch = entry.epoch;
    entry.epoch_answered = false;
    entry.wanted = {};
    entry.broker = broker;
    entry.failed = false;
    entry.topic_id = found->topic_id;
    entry.values.fill(core::kNoOffset);
    entry.leader_epoch = -1;
    request_ends(key, entry, *found, requests);
  }
  for (std::size_t i = 0; i < kEnds; ++i) {
    Asked& asked = requests[i];
    if (asked.request.topics.empty() && asked.epochs.topics.empty()) continue;
    asked.end = static_cast<End>(i);
    asked.request.replica_id = asked.epochs.replica_id = kConsumer;
    if (asked.end == End::last_stable) asked.request.isolation_level = kReadCommitted;
    round.push_back(std::move(asked));
  }
  if (!round.empty()) requests_left_[broker] = round.size();
  return round;
}

void EndsQueue::request_ends(const Key& key, const Entry& entry, const Leader& leader,
                             std::array<Asked, kEnds>& requests) const {
  for (const End end : {End::high_watermark, End::last_stable, End::log_start}) {
    if (!entry.sent[index_of(end)]) continue;
    auto& partition = topic_of(requests[index_of(end)].request, key.first).partitions.emplace_back();
    partition.partition_index = key.second;
    partition.current_leader_epoch = leader.epoch;
    partition.timestamp = end == End::log_start ? kEarliest : kLatest;
  }
  if (!entry.sent[index_of(End::epoch)]) return;
  auto& partition = topic_of(requests[index_of(End::epoch)].epochs, key.first).partitions.emplace_back();
  partition.partition = key.second;
  partition.current_leader_epoch = leader.epoch;
  partition.leader_epoch = entry.sent_epoch;
}

EndsQueue::Entry* EndsQueue::sent_to(std::int32_t broker, const std::string& topic, core::Partition partition) {
  const auto found = entries_.find({topic, partition});
  return found == entries_.end() || found->second.broker != broker ? nullptr : &found->second;
}

bool EndsQueue::answered(std::int32_t broker, const Asked& asked, const wire::msg::ListOffsetsResponse* response,
                         core::Time now, const Answered& done) {
  bool metadata_is_old = response == nullptr;
  const std::size_t index = index_of(asked.end);
  if (response != nullptr) {
    for (const auto& topic : response->topics) {
      for (const auto& partition : topic.partitions) {
        Entry* entry = sent_to(broker, topic.name, partition.partition_index);
        if (entry == nullptr || !entry->sent[index]) continue;
        if (partition.error_code != 0) {
          metadata_is_old |= says_metadata_is_old(partition.error_code);
        } else if (partition.offset >= 0) {
          entry->values[index] = partition.offset;
          // Of an answer about the latest offset, the epoch of the leader itself (KIP-320).
          if (asked.end == End::high_watermark) entry->leader_epoch = partition.leader_epoch;
        }
      }
    }
  }
  for (const auto& topic : asked.request.topics) {
    for (const auto& partition : topic.partitions) {
      Entry* entry = sent_to(broker, topic.name, partition.partition_index);
      if (entry != nullptr && entry->values[index] == core::kNoOffset) entry->failed = true;
    }
  }
  end_request(broker, now, done);
  return metadata_is_old;
}

bool EndsQueue::answered_epochs(std::int32_t broker, const Asked& asked,
                                const wire::msg::OffsetForLeaderEpochResponse* response, bool lacks, core::Time now,
                                const Answered& done) {
  bool metadata_is_old = response == nullptr && !lacks;
  if (response != nullptr) {
    for (const auto& topic : response->topics) {
      for (const auto& partition : topic.partitions) {
        Entry* entry = sent_to(broker, topic.topic, partition.partition);
        if (entry == nullptr || !entry->sent[index_of(End::epoch)]) continue;
        const bool elsewhere = says_metadata_is_old(partition.error_code);
        metadata_is_old |= elsewhere;
        entry->epoch_answered = !elsewhere;
        // Negative where the leader knows of no such epoch.
        if (partition.error_code == 0 && partition.end_offset >= 0)
          entry->values[index_of(End::epoch)] = partition.end_offset;
      }
    }
  }
  for (const auto& topic : asked.epochs.topics) {
    for (const auto& partition : topic.partitions) {
      Entry* entry = sent_to(broker, topic.topic, partition.partition);
      if (entry != nullptr && lacks) entry->epoch_answered = true;
    }
  }
  end_request(broker, now, done);
  return metadata_is_old;
}

void EndsQueue::end_request(std::int32_t broker, core::Time now, const Answered& done) {
  const auto left = requests_left_.find(broker);
  if (left == requests_left_.end() || --left->second > 0) return;
  requests_left_.erase(left);
  end_round(broker, now, done);
}

void EndsQueue::end_round(std::int32_t broker, core::Time now, const Answered& done) {
  std::vector<std::pair<Key, core::Ends>> complete;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (entry.broker != broker) {
      ++it;
      continue;
    }
    entry.broker = -1;
    // While nothing else is answered either, it is not the epoch's fault.
    const bool no_epoch = entry.sent[index_of(End::epoch)] && !entry.epoch_answered;
    if (no_epoch && !entry.failed && ++entry.epoch_tries < kMostEpochTries) entry.failed = true;
    if (entry.failed) {
      for (std::size_t i = 0; i < kEnds; ++i) entry.wanted[i] |= entry.sent[i];
      entry.not_before = now + kFirstPause * (1 << std::min(entry.failures, kMostDoublings));
      ++entry.failures;
      ++it;
      continue;
    }
    core::Ends ends;
    ends.topic_id = entry.topic_id;
    ends.partition = it->first.second;
    ends.high_watermark = entry.values[index_of(End::high_watermark)];
    ends.last_stable = entry.values[index_of(End::last_stable)];
    ends.log_start = entry.values[index_of(End::log_start)];
    ends.leader_epoch = entry.leader_epoch;
    if (entry.sent[index_of(End::epoch)]) ends.epoch = entry.sent_epoch;
    ends.epoch_end = entry.values[index_of(End::epoch)];
    ends.asked = entry.sent_number;
    complete.emplace_back(it->first, ends);
    entry.failures = 0;
    entry.epoch_tries = 0;
    it = entry.is_wanted() ? std::next(it) : entries_.erase(it);
  }
  // The receiver may ask again from within, so the table is not being walked here.
  for (auto& [key, ends] : complete) {
    ends.topic = key.first;
    done(ends);
  }
}

std::vector<std::int32_t> EndsQueue::due_brokers(const FindLeader& leader, core::Time now) const {
  std::vector<std::int32_t> brokers;
  for (const auto& [key, entry] : entries_) {
    if (!entry.is_wanted() || entry.is_sent() || entry.not_before > now) continue;
    const std::optional<Leader> found = leader(key);
    if (!found || found->broker < 0 || requests_left_.contains(found->broker)) continue;
    if (std::find(brokers.begin(), brokers.end(), found->broker) == brokers.end()) brokers.push_back(found->broker);
  }
  return brokers;
}

std::optional<core::Time> EndsQueue::next_due() const {
  std::optional<core::Time> next;
  for (const auto& [key, entry] : entries_) {
    if (!entry.is_wanted() || entry.is_sent()) continue;
    if (!next || entry.not_before < *next) next = entry.not_before;
  }
  return next;
}

std::vector<EndsQueue::Key> EndsQueue::without(const std::function<bool(const Key&)>& exists) const {
  std::vector<Key> keys;
  for (const auto& [key, entry] : entries_) {
    if (!entry.is_sent() && !exists(key)) keys.push_back(key);
  }
  return keys;
}

void EndsQueue::drop(const Key& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end() && !found->second.is_sent()) entries_.erase(found);
}

}  // namespace tidemark::kafka
