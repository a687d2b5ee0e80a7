// Taking appends, ending them, and time. The other parts of the state machine:
// produce_metadata.cpp (where appends go), produce_flush.cpp (batches and
// requests), produce_answers.cpp (what an answer says).
#include "kafka/producer.h"

#include <algorithm>
#include <utility>

#include "kafka/produce_plant.h"

namespace tidemark::kafka {
namespace {

using Fate = core::Delivery::Fate;
using produce::Bug;
using produce::planted;

// Beyond a record's own bytes: what it costs to keep it.
constexpr std::size_t kAppendOverhead = 256;
// Kafka's own bound on a topic's name (K: Topic.MAX_NAME_LENGTH).
constexpr std::size_t kMaxTopicName = 249;

std::size_t size_of(const log::Record& record) {
  std::size_t size = kAppendOverhead + record.topic.size();
  if (record.key) size += record.key->size();
  if (record.value) size += record.value->size();
  for (const log::Header& header : record.headers) size += header.name.size() + header.value.size() + sizeof(header);
  return size;
}

std::string seconds_text(core::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

void keep_earlier(std::optional<core::Time>& earliest, core::Time candidate) {
  if (!earliest || candidate < *earliest) earliest = candidate;
}

}  // namespace

Producer::Producer(ProducerConfig config, std::function<std::uint64_t()> random)
    : config_(config), random_(std::move(random)) {}

Producer::~Producer() = default;

Result<void> Producer::append(log::AppendId id, log::Record record, core::Time now) {
  if (refusing_) return Error{ErrorKind::unavailable, "the producer is stopping"};
  if (record.topic.empty() || record.topic.size() > kMaxTopicName) {
    return Error{ErrorKind::invalid, "a topic's name has 1 to 249 characters"};
  }
  if (record.partition && *record.partition < 0) return Error{ErrorKind::invalid, "a partition is not negative"};
  if (index_.contains(id)) return Error{ErrorKind::invalid, "the append id is in use"};
  const std::size_t bytes = size_of(record);
  const bool full = records_ >= config_.max_records || bytes > config_.max_bytes - std::min(bytes_, config_.max_bytes);
  if (full && !planted(Bug::full_queue_takes_more)) {
    return Error{ErrorKind::limit, "too many events wait to be appended"};
  }

  TopicQueue& topic = topic_queue(record.topic, now);
  Appends taken;
  Append& entry = taken.emplace_back();
  entry.id = id;
  entry.record = std::move(record);
  entry.taken = now;
  entry.bytes = bytes;
  entry.list = &taken;
  index_.emplace(id, taken.begin());
  ++records_;
  bytes_ += bytes;
  place(topic, taken, taken.begin());
  if (!topic.held.empty()) want_refresh(now);
  return {};
}

std::optional<core::Delivery> Producer::withdraw(log::AppendId id) {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  const Appends::iterator entry = found->second;
  if (entry->batch != nullptr) {
    entry->withdrawn = !planted(Bug::withdrawn_is_delivered);
    index_.erase(found);
    core::Delivery open = unknown(*entry->batch, Reason::timeout, "the log has not confirmed the event");
    if (planted(Bug::withdrawn_is_not_appended)) open.fate = Fate::not_appended;
    return open;
  }
  core::Delivery delivery;
  delivery.fate = Fate::not_appended;
  delivery.reason = Reason::timeout;
  delivery.detail = "the event was not sent in time";
  if (entry->partition != nullptr) {
    delivery.partition = entry->partition->index;
    delivery.topic_id = entry->partition->topic->id;
    if (!entry->partition->last_error.empty()) delivery.detail += ": " + entry->partition->last_error;
  }
  index_.erase(found);
  erase(entry);
  return delivery;
}

void Producer::move(Appends& from, Appends::iterator append, Appends& to, Appends::iterator before) {
  to.splice(before, from, append);
  append->list = &to;
}

void Producer::erase(Appends::iterator append) {
  --records_;
  bytes_ -= append->bytes;
  append->list->erase(append);
}

void Producer::deliver(Appends::iterator append, core::Delivery delivery) {
  if (!append->withdrawn) {
    index_.erase(append->id);
    effects_.deliveries.push_back({append->id, std::move(delivery)});
  }
  erase(append);
}

void Producer::refuse(Appends::iterator append, Reason reason, const std::string& why) {
  core::Delivery delivery;
  delivery.fate = Fate::not_appended;
  delivery.reason = reason;
  delivery.detail = why;
  if (append->partition != nullptr) {
    delivery.partition = append->partition->index;
    delivery.topic_id = append->partition->topic->id;
  }
  deliver(append, std::move(delivery));
}

void Producer::refuse_all(Appends& appends, Reason reason, const std::string& why) {
  while (!appends.empty()) refuse(appends.begin(), reason, why);
}

core::Delivery Producer::unknown(const Batch& batch, Reason reason, const std::string& why) const {
  core::Delivery delivery;
  delivery.fate = Fate::unknown;
  delivery.partition = batch.partition->index;
  delivery.topic_id = batch.topic_id;
  delivery.offset = batch.lowest;
  delivery.leader_epoch = batch.leader_epoch;
  delivery.reason = reason;
  delivery.detail = why;
  return delivery;
}

void Producer::list(PartitionQueue& partition) {
  if (partition.listed) return;
  partition.listed = true;
  busy_.push_back(&partition);
}

void Producer::list(TopicQueue& topic) {
  if (topic.listed) return;
  topic.listed = true;
  waiting_.push_back(&topic);
}

core::Duration Producer::pause(int failures) {
  constexpr int kMaxDoublings = 30;
  core::Duration ceiling = config_.backoff_first;
  for (int i = 0; i < std::min(failures, kMaxDoublings) && ceiling < config_.backoff_cap; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, config_.backoff_cap);
  const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling.count() / 2, 1));
  return ceiling - core::Duration(static_cast<std::int64_t>(random_() % half));
}

void Producer::pause_partition(PartitionQueue& partition, core::Time now) {
  partition.not_before = now + pause(partition.failures);
  ++partition.failures;
}

// The oldest is in front, whatever went in and out of batches; only a topic made
// again can mix ages, and then an append waits for at most twice its time.
void Producer::expire(Appends& appends, core::Time now, const std::string& last_error) {
  while (!appends.empty() && appends.front().taken + config_.delivery_timeout <= now) {
    std::string why = "not sent within " + seconds_text(config_.delivery_timeout);
    if (!last_error.empty()) why += ": " + last_error;
    refuse(appends.begin(), Reason::timeout, why);
  }
}

void Producer::expire_all(core::Time now) {
  for (PartitionQueue* partition : busy_) {
    if (partition->batch && partition->batch->gives_up <= now) {
      std::string why = "the log did not confirm within " + seconds_text(config_.delivery_timeout);
      if (!partition->last_error.empty()) why += ": " + partition->last_error;
      end_unknown(*partition, Reason::timeout, why, true);
    }
    expire(partition->queue, now, partition->last_error);
  }
  for (TopicQueue* topic : waiting_) {
    expire(topic->held, now, "metadata does not have its topic or partition");
    expire(topic->unplaced, now, "no partition could take it");
    if (wants_metadata(*topic) && topic->ask_again <= now) {
      topic->ask_again = now + config_.unknown_topic_grace;
      want_refresh(now);
    }
  }
}

void Producer::abandon(const std::string& why) {
  refusing_ = true;
  for (auto& [name, topic] : topics_) {
    refuse_all(topic->held, Reason::unavailable, why);
    refuse_all(topic->unplaced, Reason::unavailable, why);
    for (auto& partition : topic->partitions) {
      refuse_all(partition->queue, Reason::unavailable, why);
      if (partition->batch) end_unknown(*partition, Reason::unavailable, why, true);
    }
  }
}

std::optional<core::Time> Producer::next_wake() const {
  std::optional<core::Time> wake;
  // What is due and still there waits for something else than time.
  const auto later = [&](core::Time candidate) {
    if (candidate > now_) keep_earlier(wake, candidate);
  };
  for (const PartitionQueue* partition : busy_) {
    if (partition->batch) later(partition->batch->gives_up);
    if (!partition->queue.empty()) later(partition->queue.front().taken + config_.delivery_timeout);
    const bool idle = !partition->batch || !partition->batch->request;
    if (partition->has_work() && idle) later(partition->not_before);
  }
  for (const TopicQueue* topic : waiting_) {
    for (const Appends* appends : {&topic->held, &topic->unplaced}) {
      if (!appends->empty()) later(appends->front().taken + config_.delivery_timeout);
    }
    if (wants_metadata(*topic)) later(topic->ask_again);
    if (topic->unplaced.empty()) continue;
    for (const auto& partition : topic->partitions) later(partition->not_before);
  }
  if (id_wanted_ && !asking_id_ && !planted(Bug::id_retry_never_wakes)) later(id_not_before_);
  return wake;
}

}  // namespace tidemark::kafka
