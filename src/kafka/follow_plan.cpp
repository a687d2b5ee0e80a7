#include "kafka/follow_plan.h"

#include <algorithm>

#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

using wire::ErrorCode;

// Kafka: ListOffsetsRequest.LATEST_TIMESTAMP, EARLIEST_TIMESTAMP.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int8_t kReadCommitted = 1;

constexpr std::string_view kCompression = "compression.type";

constexpr auto kFirstPause = std::chrono::milliseconds(10);
constexpr int kMostDoublings = 6;
constexpr std::int32_t kCreateTimeoutMs = 5000;
// A new partition's leader may take long to begin.
constexpr auto kFirstReadGrace = std::chrono::seconds(30);

ErrorCode code_of(std::int16_t error) { return static_cast<ErrorCode>(error); }

// Asking to make a topic again would be answered in the same way.
bool is_final(ErrorCode error) {
  switch (error) {
    case ErrorCode::topic_authorization_failed:
    case ErrorCode::cluster_authorization_failed:
    case ErrorCode::policy_violation:
    case ErrorCode::invalid_topic_exception:
    case ErrorCode::invalid_partitions:
    case ErrorCode::invalid_replication_factor:
    case ErrorCode::invalid_replica_assignment:
    case ErrorCode::invalid_config:
    case ErrorCode::invalid_request:
    case ErrorCode::unsupported_version:
      return true;
    default:
      return false;
  }
}

}  // namespace

void FollowPlan::on_metadata(const wire::Metadata& metadata, core::Time now) {
  if (metadata.brokers.empty()) return;
  known_ = true;
  for (Topic& topic : topics_) {
    const wire::TopicInfo* info = metadata.find_topic(topic.follow.topic);
    if (info == nullptr || info->partitions.empty()) {
      if (topic.exists || !topic.was_missing) topic.missing_since = now;
      topic.exists = false;
      topic.was_missing = true;
      continue;
    }
    if (topic.id != info->id && !topic.partitions.empty()) {
      // Made again under its name: nothing of it has been read.
      topic.partitions.clear();
      topic.was_missing = true;
    }
    topic.exists = true;
    topic.id = info->id;
    grow(topic, *info, now);
  }
}

void FollowPlan::grow(Topic& topic, const wire::TopicInfo& info, core::Time now) {
  const bool from_start = topic.was_missing || !topic.partitions.empty();
  while (topic.partitions.size() < info.partitions.size()) {
    Partition& partition = topic.partitions.emplace_back();
    partition.reader = FollowReader(settings_.read);
    partition.next = from_start ? Question::start : Question::end;
    partition.last_read = now + kFirstReadGrace;
  }
}

std::optional<wire::msg::CreateTopicsRequest> FollowPlan::creation(core::Time now) {
  wire::msg::CreateTopicsRequest request;
  request.timeout_ms = kCreateTimeoutMs;
  for (Topic& topic : topics_) {
    if (topic.follow.partitions == 0) continue;
    if (!known_ || topic.exists || topic.creating || topic.hopeless || topic.create_not_before > now) continue;
    topic.creating = true;
    auto& made = request.topics.emplace_back();
    made.name = topic.follow.topic;
    made.num_partitions = topic.follow.partitions;
    made.replication_factor = -1;
    for (const auto& [name, value] : topic.follow.settings) {
      auto& setting = made.configs.emplace_back();
      setting.name = name;
      setting.value = value;
    }
    // The broker then unpacks once what every gateway would unpack for itself.
    const bool says_compression = std::any_of(made.configs.begin(), made.configs.end(), [](const auto& setting) {
      return setting.name == kCompression;
    });
    if (says_compression) continue;
    auto& setting = made.configs.emplace_back();
    setting.name = kCompression;
    setting.value = "uncompressed";
  }
  if (request.topics.empty()) return std::nullopt;
  return request;
}

void FollowPlan::created(const wire::msg::CreateTopicsResponse* response, core::Time now) {
  metadata_is_old_ = true;
  for (Topic& topic : topics_) {
    if (!std::exchange(topic.creating, false)) continue;
    topic.create_not_before = now + settings_.create_pause;
    if (response == nullptr) continue;
    for (const auto& result : response->topics) {
      if (result.name != topic.follow.topic || !is_final(code_of(result.error_code))) continue;
      topic.hopeless = true;
      give_up(topic, "topic " + topic.follow.topic + " cannot be made: " +
                         std::string(wire::error_name(result.error_code)) + "; going on without it");
    }
  }
}

std::vector<FollowPlan::AskOffsets> FollowPlan::offsets(const wire::Metadata& metadata, core::Time now) {
  std::map<std::int32_t, AskOffsets> by_broker;
  for (std::size_t t = 0; t < topics_.size(); ++t) {
    Topic& topic = topics_[t];
    for (std::size_t p = 0; topic.exists && p < topic.partitions.size(); ++p) {
      Partition& partition = topic.partitions[p];
      const bool due = !partition.located() || partition.noted_round < round_;
      if (!due || partition.asking || partition.not_before > now) continue;
      const auto* info = metadata.find_partition(topic.follow.topic, static_cast<std::int32_t>(p));
      if (info == nullptr || info->leader < 0) {
        pause(partition, "it has no leader", now);
        continue;
      }
      partition.asking = true;
      AskOffsets& ask = by_broker[info->leader];
      ask.broker = info->leader;
      ask.questions[{t, static_cast<core::Partition>(p)}] = {partition.next, round_};
      ask.request.replica_id = -1;
      ask.request.isolation_level = kReadCommitted;
      auto& asked = ask.request.topics;
      if (asked.empty() || asked.back().name != topic.follow.topic) asked.emplace_back().name = topic.follow.topic;
      auto& row = asked.back().partitions.emplace_back();
      row.partition_index = static_cast<std::int32_t>(p);
      row.current_leader_epoch = info->leader_epoch;
      row.timestamp = kLatest;
      if (partition.next == Question::start) row.timestamp = kEarliest;
      if (partition.next == Question::time) {
        const auto history = std::chrono::duration_cast<std::chrono::milliseconds>(topic.follow.history).count();
        row.timestamp = std::max<std::int64_t>(0, unix_ms_ - history);
      }
    }
  }
  std::vector<AskOffsets> asks;
  for (auto& [broker, ask] : by_broker) asks.push_back(std::move(ask));
  return asks;
}

void FollowPlan::answered(const AskOffsets& asked, const wire::msg::ListOffsetsResponse* response, core::Time now) {
  std::set<Key> open;
  for (const auto& [key, question] : asked.questions) {
    if (topics_[key.topic].partitions.size() <= static_cast<std::size_t>(key.partition)) continue;
    at(key).asking = false;
    open.insert(key);
  }
  if (response != nullptr) {
    for (const auto& topic : response->topics) {
      const auto index = find(topic.name, {});
      if (!index) continue;
      for (const auto& row : topic.partitions) {
        const Key key{*index, row.partition_index};
        const auto question = asked.questions.find(key);
        if (open.erase(key) == 0) continue;
        if (row.error_code != 0) {
          defer(key, row.error_code, now);
        } else if (row.offset < 0 && question->second.first != Question::time) {
          pause(at(key), "its offsets are not known", now);
        } else {
          locate(at(key), question->second.first, row.offset, question->second.second);
        }
      }
    }
  }
  for (const Key key : open) pause(at(key), "its offsets were not told", now);
}

void FollowPlan::locate(Partition& partition, Question question, core::Offset offset, std::uint64_t round) {
  // It was begun anew meanwhile.
  if (question != partition.next) return;
  partition.failures = 0;
  partition.denied = false;
  switch (question) {
    case Question::end:
      partition.end = offset;
      partition.next = Question::time;
      return;
    case Question::time:
      partition.reader.begin(offset < 0 ? partition.end : offset);
      break;
    case Question::start:
      partition.reader.begin(offset);
      break;
    case Question::note:
      partition.noted = offset;
      partition.noted_round = round;
      break;
  }
  partition.next = Question::note;
}

std::vector<FollowPlan::AskRecords> FollowPlan::records(const wire::Metadata& metadata, core::Time now) {
  std::map<std::int32_t, AskRecords> by_broker;
  std::set<std::int32_t> busy;
  const auto leader_of = [&](Key key) -> const wire::PartitionInfo* {
    return metadata.find_partition(topics_[key.topic].follow.topic, key.partition);
  };
  // Full answers must not always leave out the same partitions.
  ++turn_;
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    const std::size_t t = (i + turn_) % topics_.size();
    Topic& topic = topics_[t];
    for (std::size_t j = 0; topic.exists && j < topic.partitions.size(); ++j) {
      const Key key{t, static_cast<core::Partition>((j + turn_) % topic.partitions.size())};
      Partition& partition = at(key);
      const auto* info = leader_of(key);
      if (info == nullptr || info->leader < 0) {
        if (partition.located() && !partition.fetching && partition.not_before <= now)
          pause(partition, "it has no leader", now);
        continue;
      }
      if (partition.fetching) busy.insert(info->leader);
      if (!partition.located() || partition.fetching || partition.not_before > now) continue;
      AskRecords& ask = by_broker[info->leader];
      ask.broker = info->leader;
      ask.partitions.insert(key);
      auto& asked = ask.request.topics;
      if (asked.empty() || asked.back().topic != topic.follow.topic) {
        asked.emplace_back().topic = topic.follow.topic;
        asked.back().topic_id = topic.id;
      }
      auto& row = asked.back().partitions.emplace_back();
      row.partition = key.partition;
      row.current_leader_epoch = info->leader_epoch;
      row.fetch_offset = partition.reader.position();
      row.partition_max_bytes = settings_.partition_max_bytes;
    }
  }
  std::vector<AskRecords> asks;
  for (auto& [broker, ask] : by_broker) {
    if (busy.contains(broker)) continue;
    for (const Key key : ask.partitions) at(key).fetching = true;
    ask.request.isolation_level = kReadCommitted;
    ask.request.min_bytes = 1;
    ask.request.max_wait_ms = settings_.max_wait_ms;
    ask.request.max_bytes = settings_.max_bytes;
    asks.push_back(std::move(ask));
  }
  return asks;
}

void FollowPlan::answered(const AskRecords& asked, wire::msg::FetchResponse* response, core::Time now,
                          const Tell& tell) {
  for (const Key key : asked.partitions) {
    if (topics_[key.topic].partitions.size() <= static_cast<std::size_t>(key.partition)) continue;
    Partition& partition = at(key);
    partition.fetching = false;
    if (response == nullptr || response->error_code != 0) pause(partition, "it was not answered for", now);
  }
  if (response == nullptr || response->error_code != 0) return;
  bool empty = true;
  for (auto& topic : response->responses) {
    const auto index = find(topic.topic, topic.topic_id);
    if (!index) continue;
    for (auto& data : topic.partitions) {
      const Key key{*index, data.partition_index};
      empty &= data.records.value_or("").empty();
      if (asked.partitions.contains(key)) read(key, data, now, tell);
    }
  }
  if (!empty) return;
  // What compaction left of a log may end before its end.
  for (const auto& topic : response->responses) {
    const auto index = find(topic.topic, topic.topic_id);
    if (!index) continue;
    for (const auto& data : topic.partitions) {
      const Key key{*index, data.partition_index};
      if (asked.partitions.contains(key) && data.error_code == 0) empty_up_to(key, data.last_stable_offset);
    }
  }
}

void FollowPlan::empty_up_to(Key key, core::Offset end) {
  if (topics_[key.topic].partitions.size() <= static_cast<std::size_t>(key.partition)) return;
  Partition& partition = at(key);
  if (partition.located()) partition.reached = std::max(partition.reached, end);
}

void FollowPlan::read(Key key, wire::msg::FetchResponse::PartitionData& data, core::Time now, const Tell& tell) {
  if (topics_[key.topic].partitions.size() <= static_cast<std::size_t>(key.partition)) return;
  Partition& partition = at(key);
  if (!partition.located()) return;
  if (code_of(data.error_code) == ErrorCode::offset_out_of_range) {
    ++counters_.positions_gone;
    partition.next = Question::start;
    partition.reached = 0;
    return;
  }
  if (data.error_code != 0) return defer(key, data.error_code, now);
  log::FollowedRecord told;
  told.topic = topics_[key.topic].follow.topic;
  told.partition = key.partition;
  const auto each = [&](const wire::Record& record) {
    told.offset = record.offset;
    told.key = record.key;
    told.value = record.value;
    tell(told);
  };
  auto aborted = std::move(data.aborted_transactions).value_or(FollowReader::Aborted{});
  const bool readable = partition.reader.read(data.records.value_or(std::string_view{}), std::move(aborted), each);
  if (!readable) return pause(partition, "its bytes are corrupt", now);
  partition.failures = 0;
  partition.denied = false;
  partition.last_read = now;
  partition.last_error.clear();
}

void FollowPlan::defer(Key key, std::int16_t error, core::Time now) {
  ++counters_.errors;
  Partition& partition = at(key);
  pause(partition, std::string(wire::error_name(error)), now);
  if (code_of(error) != ErrorCode::topic_authorization_failed) return;
  partition.denied = true;
  partition.not_before = now + settings_.denied_pause;
  give_up(topics_[key.topic], "topic " + topics_[key.topic].follow.topic + " may not be read; going on without it");
}

void FollowPlan::pause(Partition& partition, std::string why, core::Time now) {
  metadata_is_old_ = true;
  partition.not_before = now + kFirstPause * (1 << std::min(partition.failures++, kMostDoublings));
  partition.last_error = std::move(why);
}

void FollowPlan::give_up(Topic& topic, const std::string& why) {
  if (!std::exchange(topic.said, true)) troubles_.push_back(why);
}

bool FollowPlan::is_waited_for(const Topic& topic, core::Time now) {
  return topic.exists || (topic.follow.partitions > 0 && !topic.hopeless && now - topic.missing_since < settings_.patience);
}

bool FollowPlan::caught_up(core::Time now) {
  if (topics_.empty()) return true;
  if (!known_) return false;
  for (Topic& topic : topics_) {
    if (!is_waited_for(topic, now)) {
      if (topic.follow.partitions == 0) continue;
      give_up(topic, "topic " + topic.follow.topic + " is not there and was not made; going on without it");
      continue;
    }
    if (!topic.exists) return false;
    for (const Partition& partition : topic.partitions) {
      if (partition.denied) continue;
      if (!partition.located() || partition.noted_round < round_) return false;
      if (std::max(partition.reader.position(), partition.reached) < partition.noted) return false;
    }
  }
  return true;
}

std::optional<std::string> FollowPlan::stalled(core::Duration bound, core::Time now) const {
  for (const Topic& topic : topics_) {
    for (std::size_t p = 0; topic.exists && p < topic.partitions.size(); ++p) {
      const Partition& partition = topic.partitions[p];
      if (partition.denied || now - partition.last_read < bound) continue;
      std::string why = "partition " + std::to_string(p) + " of " + topic.follow.topic + " cannot be read";
      return partition.last_error.empty() ? why : why + ": " + partition.last_error;
    }
  }
  return std::nullopt;
}

std::optional<core::Time> FollowPlan::next_due() const {
  std::optional<core::Time> due;
  const auto add = [&](core::Time at) {
    if (!due || at < *due) due = at;
  };
  for (const Topic& topic : topics_) {
    if (known_ && !topic.exists && !topic.creating && !topic.hopeless) add(topic.create_not_before);
    for (const Partition& partition : topic.partitions) {
      if (!topic.exists || (partition.asking && partition.fetching)) continue;
      if (!partition.located() && partition.asking) continue;
      if (partition.located() && partition.fetching && partition.noted_round >= round_) continue;
      add(partition.not_before);
    }
  }
  return due;
}

FollowCounters FollowPlan::counters() const {
  FollowCounters counters = counters_;
  for (const Topic& topic : topics_) {
    counters.denied += topic.hopeless ? 1 : 0;
    for (const Partition& partition : topic.partitions) {
      const FollowReadCounters& read = partition.reader.counters();
      counters.read.records += read.records;
      counters.read.aborted_batches += read.aborted_batches;
      counters.read.skipped_records += read.skipped_records;
      counters.read.skipped_batches += read.skipped_batches;
      ++counters.partitions;
      counters.denied += partition.denied ? 1 : 0;
    }
  }
  return counters;
}

std::optional<std::size_t> FollowPlan::find(const std::string& name, const Uuid& id) const {
  for (std::size_t t = 0; t < topics_.size(); ++t) {
    if (name.empty() ? topics_[t].id == id : topics_[t].follow.topic == name) return t;
  }
  return std::nullopt;
}

}  // namespace tidemark::kafka
