// Batches and requests: all that can go, in as few requests as that takes.
//
// Waiting a little so that more events share a batch (linger) costs every event
// that wait. Here a partition's one batch in flight is the wait: it costs
// nothing when the log is fast, and gathers more the slower the log is.
#include <algorithm>
#include <utility>

#include "kafka/produce_plant.h"
#include "kafka/producer.h"

namespace tidemark::kafka {

// Requests of one flush that can still take a batch.
struct Producer::Building {
  struct Open {
    std::size_t index = 0;  // in effects_.sends
    std::size_t bytes = 0;
  };
  std::unordered_map<std::int32_t, Open> by_broker;
  std::size_t first = 0;  // effects_.sends before this flush
};

void Producer::flush(core::Time now) {
  now_ = now;
  expire_all(now);
  if (id_wanted_) want_producer_id(now);
  for (TopicQueue* topic : waiting_) spread(*topic, now);

  Building building;
  building.first = effects_.sends.size();
  const std::size_t count = busy_.size();
  for (std::size_t i = 0; i < count; ++i) {
    PartitionQueue& partition = *busy_[(first_busy_ + i) % count];
    if (!may_send(partition, now)) continue;
    if (!partition.batch && !has_room(partition.leader) && !building.by_broker.contains(partition.leader)) continue;
    if (!partition.batch && !form_batch(partition, now)) continue;
    ProduceEffects::Send* into = open_send(partition.leader, partition.batch->bytes.size(), building);
    if (into != nullptr) {
      send(partition, *into);
    } else if (!partition.batch->in_doubt) {
      requeue(partition);
    }
  }
  if (count > 0) first_busy_ = (first_busy_ + 1) % count;
  for (std::size_t i = building.first; i < effects_.sends.size(); ++i) {
    std::stable_sort(effects_.sends[i].parts.begin(), effects_.sends[i].parts.end(),
                     [](const auto& a, const auto& b) { return a.topic < b.topic; });
  }

  std::erase_if(busy_, [](PartitionQueue* partition) { return !(partition->listed = partition->has_work()); });
  std::erase_if(waiting_, [](TopicQueue* topic) {
    return !(topic->listed = !topic->held.empty() || !topic->unplaced.empty() || topic->absent_since);
  });
}

// Gives what has no partition to the next free ones, a batch to each. A queue
// stays ordered by age, since only its front is looked at for what is overdue.
void Producer::spread(TopicQueue& topic, core::Time now) {
  for (bool first = true; !topic.unplaced.empty(); first = false) {
    PartitionQueue* partition = next_free(topic, first, now);
    if (partition == nullptr) return;
    std::size_t bytes = wire::kRecordBatchOverhead;
    Appends::iterator before = partition->queue.begin();
    do {
      Append& append = topic.unplaced.front();
      bytes += append.bytes;
      append.partition = partition;
      while (before != partition->queue.end() && before->taken <= append.taken) ++before;
      move(topic.unplaced, topic.unplaced.begin(), partition->queue, before);
    } while (!topic.unplaced.empty() && bytes + topic.unplaced.front().bytes <= topic.max_batch_bytes);
    list(*partition);
    topic.next_partition = static_cast<std::size_t>(partition->index) + 1;
  }
}

// The next partition in turn that could send at once and has nothing queued; or,
// where `shared` allows it, one that has.
produce::PartitionQueue* Producer::next_free(TopicQueue& topic, bool shared, core::Time now) {
  PartitionQueue* second_choice = nullptr;
  const std::size_t count = topic.partitions.size();
  for (std::size_t i = 0; i < count; ++i) {
    PartitionQueue& partition = *topic.partitions[(topic.next_partition + i) % count];
    if (partition.batch || now < partition.not_before || !reachable(partition) || !has_room(partition.leader)) continue;
    if (generation_ < partition.min_generation) {
      want_producer_id(now);
    } else if (partition.queue.empty()) {
      return &partition;
    } else if (second_choice == nullptr) {
      second_choice = &partition;
    }
  }
  return shared ? second_choice : nullptr;
}

bool Producer::reachable(const PartitionQueue& partition) const {
  return partition.leader >= 0 && metadata_ && metadata_->brokers.contains(partition.leader);
}

bool Producer::has_room(std::int32_t broker) const {
  if (produce::planted(produce::Bug::open_requests_unbounded)) return true;
  const auto open = open_requests_.find(broker);
  return open == open_requests_.end() || open->second < config_.max_requests_per_broker;
}

bool Producer::may_send(PartitionQueue& partition, core::Time now) {
  const bool in_flight = partition.batch && partition.batch->request;
  if (!partition.has_work() || in_flight || now < partition.not_before) return false;
  if (!reachable(partition)) {
    if (partition.last_error.empty()) partition.last_error = "the partition has no leader";
    pause_partition(partition, now);
    want_refresh(now);
    return false;
  }
  if (!partition.batch && generation_ < partition.min_generation) {
    want_producer_id(now);
    return false;
  }
  return true;
}

bool Producer::form_batch(PartitionQueue& partition, core::Time now) {
  auto batch = std::make_shared<Batch>();
  builder_.clear();
  while (!partition.queue.empty()) {
    const Appends::iterator append = partition.queue.begin();
    const log::Record& record = append->record;
    headers_.clear();
    for (const log::Header& header : record.headers) headers_.push_back({header.name, header.value});
    const wire::NewRecord encoded{record.timestamp_ms, record.key, record.value, headers_};
    const auto count = static_cast<std::size_t>(builder_.count());
    if (count > 0 && (count == partition.max_records ||
                      builder_.encoded_size_with(encoded) > partition.topic->max_batch_bytes)) {
      break;
    }
    if (!builder_.add(encoded)) {
      if (count > 0) break;
      refuse(append, Reason::too_large, "the event is larger than any batch can be");
      continue;
    }
    append->batch = batch.get();
    move(partition.queue, append, batch->appends, batch->appends.end());
  }
  if (batch->appends.empty()) return false;
  if (partition.generation != generation_) {
    partition.generation = generation_;
    const std::int32_t next = partition.stamp.base_sequence;
    partition.stamp = identity_;
    if (produce::planted(produce::Bug::new_epoch_keeps_sequence) && next >= 0) partition.stamp.base_sequence = next;
  }
  batch->partition = &partition;
  batch->topic_id = partition.topic->id;
  batch->stamp = partition.stamp;
  batch->bytes = builder_.finish(batch->stamp);
  batch->lowest = partition.end;
  batch->gives_up = now + config_.delivery_timeout;
  partition.batch = std::move(batch);
  return true;
}

// A request to `broker` that has room for a batch; null when there can be none
// now.
ProduceEffects::Send* Producer::open_send(std::int32_t broker, std::size_t bytes, Building& building) {
  const auto open = building.by_broker.find(broker);
  if (open != building.by_broker.end()) {
    ProduceEffects::Send& send = effects_.sends[open->second.index];
    if (open->second.bytes + bytes <= config_.max_request_bytes && send.parts.size() < config_.max_request_batches) {
      open->second.bytes += bytes;
      return &send;
    }
  }
  if (!has_room(broker)) return nullptr;
  ++open_requests_[broker];
  building.by_broker[broker] = {effects_.sends.size(), bytes};
  ProduceEffects::Send& send = effects_.sends.emplace_back();
  send.request = ++last_request_;
  send.broker = broker;
  requests_[send.request].broker = broker;
  return &send;
}

void Producer::send(PartitionQueue& partition, ProduceEffects::Send& into) {
  Batch& batch = *partition.batch;
  batch.request = into.request;
  batch.leader_epoch = partition.leader_epoch;
  requests_[into.request].batches.push_back(partition.batch);
  into.parts.push_back({partition.topic->name, partition.topic->id, partition.index, batch.bytes});
}

}  // namespace tidemark::kafka
