// Where appends go: topics, partitions and leaders, as metadata says.
//
// One metadata answer proves little: it may come from a broker that has not yet
// heard of a new topic, or is older than a leader's own word. So a topic is
// gone only when metadata that was asked for after a grace still lacks it, and a
// leader is replaced only by one of the same or a later epoch. (Brokers before 2.8
// do not tell a topic's id, so that a topic made again, whose epochs begin anew,
// looks like old news: there the latest answer is believed.)
#include <algorithm>
#include <utility>

#include "kafka/produce_plant.h"
#include "kafka/producer.h"
#include "wire/error_codes.h"
#include "wire/murmur2.h"

namespace tidemark::kafka {

using produce::Bug;
using produce::planted;
using wire::ErrorCode;

produce::TopicQueue& Producer::topic_queue(const std::string& name, core::Time now) {
  std::unique_ptr<TopicQueue>& slot = topics_[name];
  if (!slot) {
    slot = std::make_unique<TopicQueue>(name);
    slot->max_batch_bytes = config_.max_batch_bytes;
    slot->ask_again = now + config_.unknown_topic_grace;
    if (metadata_) apply(*slot, now);
  }
  return *slot;
}

void Producer::metadata(std::shared_ptr<const wire::Metadata> metadata, core::Time now) {
  metadata_ = std::move(metadata);
  for (auto& [name, topic] : topics_) apply(*topic, now);
  forget_gone_topics();
  if (generation_ == 0) want_producer_id(now);
}

void Producer::apply(TopicQueue& topic, core::Time now) {
  const auto found = metadata_->topics.find(topic.name);
  const wire::TopicInfo* info = found == metadata_->topics.end() ? nullptr : &found->second;
  const auto error = info == nullptr ? ErrorCode::unknown_topic_or_partition : static_cast<ErrorCode>(info->error);
  if (error == ErrorCode::unknown_topic_or_partition) {
    if (!topic.absent_since) {
      topic.absent_since = now;
      topic.ask_again = now + config_.unknown_topic_grace;
    }
    list(topic);
    return;
  }
  topic.absent_since.reset();
  topic.gone = false;
  if (error == ErrorCode::topic_authorization_failed || error == ErrorCode::invalid_topic_exception) {
    const Reason reason = error == ErrorCode::topic_authorization_failed ? Reason::forbidden : Reason::invalid;
    refuse_all(topic.held, reason, std::string(wire::name(error)));
    return;
  }
  if (info->partitions.empty()) return;
  const bool both_ids = !topic.id.is_nil() && !info->id.is_nil();
  const bool other_id = both_ids && topic.id != info->id;
  // A topic never loses partitions: under the same id, fewer are old news.
  const bool fewer = !both_ids && info->partitions.size() < topic.partitions.size();
  if (other_id || fewer) clear_partitions(topic);
  if (!info->id.is_nil()) topic.id = info->id;
  apply_partitions(topic, *info);
  place_held(topic);
}

void Producer::apply_partitions(TopicQueue& topic, const wire::TopicInfo& info) {
  for (std::size_t i = topic.partitions.size(); i < info.partitions.size(); ++i) {
    topic.partitions.push_back(std::make_unique<PartitionQueue>(topic, static_cast<core::Partition>(i)));
    topic.partitions.back()->min_generation = forgotten_generation_ + 1;
  }
  for (std::size_t i = 0; i < info.partitions.size(); ++i) {
    PartitionQueue& partition = *topic.partitions[i];
    const wire::PartitionInfo& now = info.partitions[i];
    const bool older = !topic.id.is_nil() && now.leader_epoch >= 0 && now.leader_epoch < partition.leader_epoch;
    if (older || (now.leader == partition.leader && now.leader_epoch == partition.leader_epoch)) continue;
    partition.leader = now.leader;
    partition.leader_epoch = now.leader_epoch;
    partition.not_before = {};
  }
}

// The topic was deleted and made again, which is the only way to another id or,
// where brokers are too old to tell ids, to fewer partitions. What was not written belongs to the new topic.
void Producer::clear_partitions(TopicQueue& topic) {
  for (auto& partition : topic.partitions) {
    if (!planted(Bug::used_counts_forgotten)) {
      forgotten_generation_ = std::max(forgotten_generation_, partition->generation);
    }
    if (planted(Bug::remade_topic_gets_batch) && partition->batch) {
      requeue(*partition);
    } else if (partition->batch) {
      end_unknown(*partition, Reason::unknown_topic, "the topic was deleted and made again", true);
    }
    while (!partition->queue.empty()) {
      partition->queue.front().partition = nullptr;
      move(partition->queue, partition->queue.begin(), topic.held, topic.held.end());
    }
  }
  std::erase_if(busy_, [&](const PartitionQueue* partition) { return partition->topic == &topic; });
  topic.partitions.clear();
  topic.next_partition = 0;
  topic.max_batch_bytes = config_.max_batch_bytes;
}

void Producer::place(TopicQueue& topic, Appends& from, Appends::iterator append) {
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  const log::Record& record = append->record;
  append->partition = nullptr;
  std::optional<core::Partition> partition = record.partition;
  if (!partition && record.key && count > 0) partition = wire::partition_for_key(*record.key, count);
  if (count == 0 || topic.gone || (partition && *partition >= count)) {
    move(from, append, topic.held, topic.held.end());
    list(topic);
  } else if (partition) {
    PartitionQueue& queue = *topic.partitions[static_cast<std::size_t>(*partition)];
    append->partition = &queue;
    move(from, append, queue.queue, queue.queue.end());
    list(queue);
  } else {
    move(from, append, topic.unplaced, topic.unplaced.end());
    list(topic);
  }
}

void Producer::place_held(TopicQueue& topic) {
  Appends held;
  held.swap(topic.held);
  for (Append& append : held) append.list = &held;
  while (!held.empty()) place(topic, held, held.begin());
}

bool Producer::wants_metadata(const TopicQueue& topic) const {
  if (!topic.held.empty() || topic.absent_since) return true;
  return !topic.unplaced.empty() &&
         std::none_of(topic.partitions.begin(), topic.partitions.end(),
                      [this](const auto& partition) { return reachable(*partition); });
}

void Producer::metadata_refreshed(bool ok, core::Time now) {
  refreshing_ = false;
  if (ok) {
    fresh_ = refresh_asked_;
    for (std::size_t i = 0; i < waiting_.size(); ++i) judge(*waiting_[i]);
    forget_gone_topics();
  }
  if (std::exchange(refresh_again_, false)) want_refresh(now);
}

// Ends what fresh metadata shows can have no place.
void Producer::judge(TopicQueue& topic) {
  Reason reason = Reason::invalid;
  std::string why = "topic " + topic.name + " has " + std::to_string(topic.partitions.size()) + " partitions";
  if (topic.absent_since) {
    if (*fresh_ < *topic.absent_since + config_.unknown_topic_grace) return;
    if (!topic.gone) lose(topic);
    reason = Reason::unknown_topic;
    why = "there is no topic " + topic.name;
  } else if (topic.partitions.empty()) {
    return;
  }
  for (auto append = topic.held.begin(); append != topic.held.end();) {
    const auto next = std::next(append);
    if (append->taken <= *fresh_) refuse(append, reason, why);
    append = next;
  }
}

void Producer::lose(TopicQueue& topic) {
  topic.gone = true;
  for (auto& partition : topic.partitions) {
    partition->leader = -1;
    while (!partition->queue.empty()) {
      partition->queue.front().partition = nullptr;
      move(partition->queue, partition->queue.begin(), topic.held, topic.held.end());
    }
    if (partition->batch && !partition->batch->request) {
      const std::string why = "there is no topic " + topic.name + " any more";
      if (planted(Bug::gone_topic_is_not_appended)) {
        refuse_batch(*partition, Reason::unknown_topic, why);
      } else {
        end_unknown(*partition, Reason::unknown_topic, why, true);
      }
    }
  }
  while (!topic.unplaced.empty()) move(topic.unplaced, topic.unplaced.begin(), topic.held, topic.held.end());
}

void Producer::forget_gone_topics() {
  const auto has_work = [](const TopicQueue& topic) {
    return !topic.held.empty() || !topic.unplaced.empty() ||
           std::any_of(topic.partitions.begin(), topic.partitions.end(),
                       [](const auto& partition) { return partition->has_work(); });
  };
  for (auto it = topics_.begin(); it != topics_.end();) {
    TopicQueue& topic = *it->second;
    if (!topic.absent_since || has_work(topic)) {
      ++it;
      continue;
    }
    std::erase(waiting_, &topic);
    clear_partitions(topic);
    it = topics_.erase(it);
  }
}

void Producer::want_refresh(core::Time now) {
  if (refreshing_ && !effects_.refresh_metadata) {  // that question is on its way and older than this wish
    refresh_again_ = true;
    return;
  }
  refreshing_ = true;
  refresh_asked_ = now;
  effects_.refresh_metadata = true;
}

void Producer::want_producer_id(core::Time now) {
  id_wanted_ = true;
  if (asking_id_ || now < id_not_before_) return;
  asking_id_ = true;
  effects_.ask_producer_id = true;
}

void Producer::producer_id(std::int64_t id, std::int16_t epoch, core::Time now) {
  if (id < 0 || epoch < 0) return producer_id_failed(0, "the broker gave a negative producer id", now);
  asking_id_ = false;
  id_wanted_ = false;
  id_failures_ = 0;
  if (planted(Bug::new_epoch_keeps_sequence) && generation_ > 0) {
    id = identity_.producer_id;
    epoch = static_cast<std::int16_t>(identity_.producer_epoch + 1);
  }
  identity_ = {.producer_id = id, .producer_epoch = epoch, .base_sequence = config_.first_sequence};
  ++generation_;
}

void Producer::producer_id_failed(std::int16_t code, const std::string& why, core::Time now) {
  asking_id_ = false;
  id_wanted_ = true;
  id_not_before_ = now + pause(id_failures_);
  ++id_failures_;
  const bool denied = static_cast<ErrorCode>(code) == ErrorCode::cluster_authorization_failed;
  for (PartitionQueue* partition : busy_) {
    if (generation_ >= partition->min_generation) continue;
    partition->last_error = "no producer id: " + why;
    if (denied) refuse_all(partition->queue, Reason::forbidden, partition->last_error);
  }
  if (!denied || generation_ > 0) return;
  for (TopicQueue* topic : waiting_) refuse_all(topic->unplaced, Reason::forbidden, "no producer id: " + why);
}

void Producer::high_watermark(std::string_view topic, const Uuid& topic_id, core::Partition partition,
                              core::Offset offset) {
  if (partition < 0 || !metadata_ || metadata_->topics.find(topic) == metadata_->topics.end()) return;
  const TopicQueue& known = topic_queue(std::string(topic), now_);
  if (known.id != topic_id) return;
  const auto& partitions = known.partitions;
  if (static_cast<std::size_t>(partition) >= partitions.size()) return;
  PartitionQueue& queue = *partitions[static_cast<std::size_t>(partition)];
  queue.end = std::max(queue.end, offset);
}

void Producer::broker_ready(std::int32_t broker) {
  for (PartitionQueue* partition : busy_) {
    if (partition->leader == broker) partition->not_before = {};
  }
}

}  // namespace tidemark::kafka
