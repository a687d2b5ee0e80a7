// What the end of an attempt says of its batch.
//
// The same error means different things to a first attempt and to a repeat: "too
// large" proves that this attempt wrote nothing, but the broker says it before
// it looks whether it has the batch already. So every error is judged together
// with the question whether an earlier attempt is in doubt.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "kafka/produce_plant.h"
#include "kafka/producer.h"
#include "wire/error_codes.h"

namespace tidemark::kafka {
namespace {

using core::kNoOffset;
constexpr core::Offset kMaxOffset = std::numeric_limits<core::Offset>::max();
using produce::Bug;
using produce::Handling;
using produce::planted;
using wire::msg::ProduceResponse;

// Null when the response does not speak of that partition. Topics are named by
// name before v13, by id from then on.
const ProduceResponse::PartitionProduceResponse* find_part(const ProduceResponse& response,
                                                           const produce::PartitionQueue& partition) {
  for (const auto& topic : response.responses) {
    const bool same = topic.name.empty() ? topic.topic_id == partition.topic->id : topic.name == partition.topic->name;
    if (!same) continue;
    for (const auto& part : topic.partition_responses) {
      if (part.index == partition.index) return &part;
    }
  }
  return nullptr;
}

std::string reason_text(const ProduceResponse::PartitionProduceResponse& answer) {
  std::string text = produce::error_text(answer.error_code);
  if (answer.error_message && !answer.error_message->empty()) text += ": " + *answer.error_message;
  return text;
}

}  // namespace

std::optional<Producer::Request> Producer::close_request(std::uint64_t number) {
  auto found = requests_.find(number);
  if (planted(Bug::late_answer_matched) && found == requests_.end()) found = requests_.begin();
  if (found == requests_.end()) return std::nullopt;
  Request request = std::move(found->second);
  requests_.erase(found);
  const auto open = open_requests_.find(request.broker);
  if (open != open_requests_.end() && --open->second == 0) open_requests_.erase(open);
  for (const std::shared_ptr<Batch>& batch : request.batches) batch->request.reset();
  return request;
}

void Producer::answered(std::uint64_t number, const ProduceResponse& response, core::Time now) {
  const std::optional<Request> request = close_request(number);
  if (!request) return;
  for (const std::shared_ptr<Batch>& batch : request->batches) {
    if (batch->partition == nullptr) continue;
    const PartResponse* answer = find_part(response, *batch->partition);
    if (answer == nullptr) {
      no_answer(*batch, true, "the broker's answer leaves the partition out", now);
    } else {
      settle(*batch, *answer, now);
    }
  }
}

void Producer::request_failed(std::uint64_t number, bool maybe_sent, const Error& why, core::Time now) {
  const std::optional<Request> request = close_request(number);
  if (!request) return;
  for (const std::shared_ptr<Batch>& batch : request->batches) {
    if (batch->partition != nullptr) no_answer(*batch, maybe_sent, why.message, now);
  }
  want_refresh(now);
}

void Producer::no_answer(Batch& batch, bool maybe_sent, const std::string& why, core::Time now) {
  PartitionQueue& partition = *batch.partition;
  partition.last_error = why;
  pause_partition(partition, now);
  if (planted(Bug::disconnect_is_not_appended) && maybe_sent) return refuse_batch(partition, Reason::unavailable, why);
  batch.in_doubt = batch.in_doubt || maybe_sent;
  if (!batch.in_doubt) {
    requeue(partition);
  } else if (partition.topic->gone) {
    if (planted(Bug::gone_topic_is_not_appended)) return refuse_batch(partition, Reason::unknown_topic, why);
    end_unknown(partition, Reason::unknown_topic, why, true);
  }
}

void Producer::settle(Batch& batch, const PartResponse& answer, core::Time now) {
  PartitionQueue& partition = *batch.partition;
  if (answer.log_start_offset > partition.end) partition.end = answer.log_start_offset;
  if (produce::error_rule(answer.error_code).handling == Handling::appended) return appended(partition, answer, now);
  partition.last_error = reason_text(answer);
  if (answer.base_offset > kNoOffset && !planted(Bug::offset_in_error_ignored)) batch.in_doubt = true;
  settle_error(partition, answer, now);
}

void Producer::settle_error(PartitionQueue& partition, const PartResponse& answer, core::Time now) {
  const produce::ErrorRule rule = produce::error_rule(answer.error_code);
  const std::string why = partition.last_error;
  if (rule.refresh) want_refresh(now);
  if (rule.maybe_written) partition.batch->in_doubt = true;
  const bool careless =
      (planted(Bug::doubtful_sent_under_new_id) && rule.handling == Handling::new_producer_id) ||
      (planted(Bug::too_large_ignores_doubt) && rule.handling == Handling::split);
  if (partition.batch->in_doubt && !careless) return settle_doubtful(partition, answer, rule, now);

  const std::size_t count = partition.batch->appends.size();
  switch (rule.handling) {
    case Handling::resend:
      pause_or_follow(partition, answer, now);
      return requeue(partition);
    case Handling::split:
      if (count == 1) return refuse_batch(partition, rule.reason, why);
      partition.topic->max_batch_bytes = std::min(partition.topic->max_batch_bytes, partition.batch->bytes.size() / 2);
      partition.max_records = count / 2;
      if (planted(Bug::split_loses_rest)) partition.batch->appends.pop_back();
      return requeue(partition);
    case Handling::without_bad:
      return refuse_bad(partition, answer, rule.reason);
    case Handling::new_producer_id:
      distrust_count(partition);
      pause_partition(partition, now);
      return requeue(partition);
    case Handling::refuse:
    case Handling::appended:  // not an error
    case Handling::give_up:   // always maybe written
      return refuse_batch(partition, rule.reason, why);
  }
}

void Producer::settle_doubtful(PartitionQueue& partition, const PartResponse& answer, const produce::ErrorRule& rule,
                               core::Time now) {
  if (rule.handling != Handling::resend) return end_unknown(partition, rule.reason, partition.last_error, true);
  if (partition.topic->gone) return end_unknown(partition, rule.reason, partition.last_error, true);
  pause_or_follow(partition, answer, now);
}

// The broker that is no longer leader may name the one that is (KIP-951): then
// there is nothing to wait for, the first time.
void Producer::pause_or_follow(PartitionQueue& partition, const PartResponse& answer, core::Time now) {
  const bool first_failure = partition.failures == 0;
  pause_partition(partition, now);
  const auto& leader = answer.current_leader;
  if (leader.leader_id < 0 || leader.leader_epoch <= partition.leader_epoch) return;
  partition.leader = leader.leader_id;
  partition.leader_epoch = leader.leader_epoch;
  if (first_failure) partition.not_before = now;
}

// The partition's next batch waits for another producer id than the last one's.
void Producer::distrust_count(PartitionQueue& partition) {
  partition.min_generation = std::max(partition.min_generation, partition.generation + 1);
  if (generation_ < partition.min_generation) id_wanted_ = true;
}

std::shared_ptr<produce::Batch> Producer::detach(PartitionQueue& partition) {
  std::shared_ptr<Batch> batch = std::exchange(partition.batch, nullptr);
  batch->partition = nullptr;
  return batch;
}

void Producer::appended(PartitionQueue& partition, const PartResponse& answer, core::Time now) {
  const auto count = static_cast<std::int32_t>(partition.batch->appends.size());
  partition.stamp.base_sequence = wire::next_sequence(partition.batch->stamp.base_sequence, count);
  partition.failures = 0;
  partition.not_before = {};
  partition.max_records = 0;
  partition.last_error.clear();
  if (planted(Bug::duplicate_is_failure) && answer.error_code != 0) {
    return refuse_batch(partition, Reason::internal, reason_text(answer));
  }
  const bool offset_known = answer.base_offset >= 0 && answer.base_offset <= kMaxOffset - count;
  if (answer.error_code != 0 || !offset_known) {
    return end_unknown(partition, Reason::none, "appended, but the broker does not say at which offset", false);
  }
  if (answer.base_offset < partition.batch->lowest) return appended_elsewhere(partition, answer, now);
  core::Delivery delivery;
  delivery.fate = core::Delivery::Fate::appended;
  delivery.partition = partition.index;
  delivery.topic_id = partition.batch->topic_id;
  delivery.offset = planted(Bug::offset_from_known_end) ? partition.end : answer.base_offset;
  delivery.leader_epoch = partition.batch->leader_epoch;
  const std::shared_ptr<Batch> batch = detach(partition);
  while (!batch->appends.empty()) {
    deliver(batch->appends.begin(), delivery);
    if (!planted(Bug::offset_of_first_for_all)) ++delivery.offset;
  }
  partition.end = delivery.offset;
}

// Written, but below what the partition had already: the topic was made again and
// the broker is too old to be asked by topic id, or an unclean election lost
// records. What is known of this partition's consumers belongs to another log,
// so the offset must not be compared with it.
void Producer::appended_elsewhere(PartitionQueue& partition, const PartResponse& answer, core::Time now) {
  Batch& batch = *partition.batch;
  const std::string why = "appended at offset " + std::to_string(answer.base_offset) + " where " +
                          std::to_string(batch.lowest) + " was the lowest possible: the log is another one";
  partition.end = answer.base_offset + static_cast<core::Offset>(batch.appends.size());
  batch.lowest = answer.base_offset;
  batch.topic_id = Uuid{};
  batch.leader_epoch = -1;
  want_refresh(now);
  end_unknown(partition, Reason::unavailable, why, false);
}

// `new_id`: whether the batch used up its sequence numbers is not known either.
void Producer::end_unknown(PartitionQueue& partition, Reason reason, const std::string& why, bool new_id) {
  const core::Delivery delivery = unknown(*partition.batch, reason, why);
  if (new_id && !planted(Bug::doubtful_sequence_reused)) distrust_count(partition);
  const std::shared_ptr<Batch> batch = detach(partition);
  core::Delivery next = delivery;
  while (!batch->appends.empty()) {
    deliver(batch->appends.begin(), next);
    ++next.offset;
  }
}

void Producer::refuse_batch(PartitionQueue& partition, Reason reason, const std::string& why) {
  partition.max_records = 0;
  const std::shared_ptr<Batch> batch = detach(partition);
  refuse_all(batch->appends, reason, why);
}

// Ends the records that the broker names; where it names none, halves the batch
// until the bad ones are alone.
void Producer::refuse_bad(PartitionQueue& partition, const PartResponse& answer, Reason reason) {
  const std::string why = partition.last_error;
  Appends& appends = partition.batch->appends;
  const std::size_t count = appends.size();
  std::vector<std::optional<std::string>> bad(count);
  const bool invalid_time = answer.error_code == static_cast<std::int16_t>(wire::ErrorCode::invalid_timestamp);
  std::size_t named = 0;
  for (const auto& error : answer.record_errors) {
    const auto index = static_cast<std::size_t>(error.batch_index);
    if (error.batch_index < 0 || index >= count || bad[index]) continue;
    bad[index] = error.batch_index_error_message.value_or(why);
    // Of a time the broker's message says what it may be, and not whose it is.
    if (error.batch_index_error_message && invalid_time) bad[index] = produce::error_text(answer.error_code) + ": " + *bad[index];
    ++named;
  }
  if (named == 0 && count == 1) return refuse_batch(partition, reason, why);
  if (named == 0) partition.max_records = count / 2;
  auto append = appends.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const auto next = std::next(append);
    if (bad[i]) refuse(append, reason, *bad[i]);
    if (planted(Bug::neighbours_of_bad_appended) && named > 0 && !bad[i]) {
      core::Delivery delivery = unknown(*partition.batch, Reason::none, "");
      delivery.fate = core::Delivery::Fate::appended;
      deliver(append, std::move(delivery));
    }
    append = next;
  }
  requeue(partition);
}

// Back to the front, in order; its sequence numbers were not used. Whoever was
// withdrawn meanwhile is dropped.
void Producer::requeue(PartitionQueue& partition) {
  const std::shared_ptr<Batch> batch = detach(partition);
  while (!batch->appends.empty()) {
    const auto last = std::prev(batch->appends.end());
    last->batch = nullptr;
    if (last->withdrawn) {
      erase(last);
    } else {
      const bool behind = planted(Bug::refused_goes_behind);
      move(batch->appends, last, partition.queue, behind ? partition.queue.end() : partition.queue.begin());
    }
  }
  if (partition.topic->gone) {
    while (!partition.queue.empty()) place(*partition.topic, partition.queue, partition.queue.begin());
  }
}

}  // namespace tidemark::kafka
