// A cluster with the rules that decide an append's fate: who leads, which
// sequence may follow, what counts as a repeat, and what an election loses.
//
// It is a model, not a broker: no bytes but the batches, no time but the
// caller's. A partition has one log; what its leader has written and the
// replicas have not is the part above `committed`, which an election cuts off.
// The rules are those of K: ProducerStateManager and ProducerAppendInfo.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kafka/producer_scene_test.h"
#include "wire/client_metadata.h"

namespace tidemark::kafka::test {

class ModelCluster {
 public:
  struct Written {
    std::int64_t producer_id;
    std::int16_t epoch;
    std::int32_t first;
    std::int32_t last;
    core::Offset base_offset;
    std::size_t count;
  };
  struct Partition {
    std::int32_t leader = 1;
    std::int32_t leader_epoch = 0;
    std::vector<std::string> log;  // values by offset
    std::vector<Written> batches;
    core::Offset committed = 0;
  };
  struct Topic {
    Uuid id;
    std::vector<Partition> partitions;
  };
  struct Place {
    Uuid topic_id;
    core::Partition partition;
    core::Offset offset;
  };
  struct Outcome {
    ErrorCode error = ErrorCode::none;
    core::Offset base_offset = core::kNoOffset;
    std::vector<std::int32_t> bad{};
    bool written = false;  // now, or found as a repeat
  };

  explicit ModelCluster(std::size_t largest_batch) : max_batch_bytes(largest_batch) {}

  void create(const std::string& name, std::size_t partitions) {
    Topic& topic = topics[name];
    topic.id = topic_id(++last_topic_);
    topic.partitions.assign(partitions, {});
  }
  void remove(const std::string& name) {
    const auto found = topics.find(name);
    if (found == topics.end()) return;
    deleted.push_back(found->second);
    topics.erase(found);
  }
  // The next leader has what was committed.
  void elect(Partition& partition, std::int32_t leader) {
    partition.leader = leader;
    ++partition.leader_epoch;
    if (static_cast<core::Offset>(partition.log.size()) == partition.committed) return;
    ++truncations;
    partition.log.resize(static_cast<std::size_t>(partition.committed));
    std::erase_if(partition.batches, [&](const Written& batch) { return batch.base_offset >= partition.committed; });
  }

  // A broker reads a batch. With `replicate`, its replicas have it too.
  Outcome append(std::int32_t broker, const SentBatch& sent, bool replicate) {
    const auto found = topics.find(sent.topic);
    if (found == topics.end() || found->second.id != sent.topic_id) return {.error = ErrorCode::unknown_topic_id};
    Partition& partition = found->second.partitions.at(static_cast<std::size_t>(sent.partition));
    if (partition.leader != broker) return {.error = ErrorCode::not_leader_or_follower};
    if (sent.bytes.size() > max_batch_bytes) return {.error = ErrorCode::message_too_large};
    Outcome outcome;
    for (std::size_t i = 0; i < sent.values.size(); ++i) {
      if (sent.values[i].starts_with("bad")) outcome.bad.push_back(static_cast<std::int32_t>(i));
    }
    if (!outcome.bad.empty()) {
      outcome.error = ErrorCode::invalid_record;
      return outcome;
    }
    return write(partition, sent, replicate);
  }

  void replicate(Partition& partition) { partition.committed = static_cast<core::Offset>(partition.log.size()); }

  wire::Metadata metadata() const {
    wire::Metadata told;
    for (std::int32_t broker = 1; broker <= 3; ++broker) told.brokers[broker] = {"b", 9092};
    for (const auto& [name, topic] : topics) {
      wire::TopicInfo& info = told.topics[name];
      info.name = name;
      info.id = topic.id;
      for (const Partition& partition : topic.partitions) {
        info.partitions.push_back({.leader = partition.leader, .leader_epoch = partition.leader_epoch, .error = 0});
      }
    }
    return told;
  }

  // Where each value stands, in deleted topics too.
  std::map<std::string, std::vector<Place>> read_logs() const {
    std::map<std::string, std::vector<Place>> places;
    const auto read = [&](const Topic& topic) {
      for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
        const auto& log = topic.partitions[p].log;
        for (std::size_t offset = 0; offset < log.size(); ++offset) {
          places[log[offset]].push_back(
              {topic.id, static_cast<core::Partition>(p), static_cast<core::Offset>(offset)});
        }
      }
    };
    for (const auto& [name, topic] : topics) read(topic);
    for (const Topic& topic : deleted) read(topic);
    return places;
  }

  std::map<std::string, Topic> topics;
  std::vector<Topic> deleted;
  std::size_t max_batch_bytes;  // of every topic
  int repeats = 0;
  int truncations = 0;
  int out_of_order = 0;

 private:
  Outcome write(Partition& partition, const SentBatch& sent, bool replicated) {
    const auto count = static_cast<std::int32_t>(sent.values.size());
    const Written batch{sent.producer_id, sent.producer_epoch, sent.base_sequence,
                        wire::next_sequence(sent.base_sequence, count - 1),
                        static_cast<core::Offset>(partition.log.size()), sent.values.size()};
    int remembered = 0;
    const Written* last = nullptr;
    for (auto it = partition.batches.rbegin(); it != partition.batches.rend() && remembered < 5; ++it) {
      if (it->producer_id != batch.producer_id) continue;
      ++remembered;
      if (last == nullptr) last = &*it;
      if (it->epoch != batch.epoch || it->first != batch.first || it->last != batch.last) continue;
      ++repeats;
      if (replicated) replicate(partition);
      return {.base_offset = it->base_offset, .written = true};
    }
    if (last != nullptr && wire::next_sequence(last->last, 1) != batch.first) {
      ++out_of_order;
      return {.error = ErrorCode::out_of_order_sequence_number};
    }
    partition.batches.push_back(batch);
    partition.log.insert(partition.log.end(), sent.values.begin(), sent.values.end());
    if (replicated) replicate(partition);
    return {.base_offset = batch.base_offset, .written = true};
  }

  std::uint8_t last_topic_ = 0;
};

}  // namespace tidemark::kafka::test
