// A broker reads a Produce request: its checks in Kafka's order (topic, leader,
// replicas, size, records, sequence), the write, the wait for the replicas, the
// answer (K: ReplicaManager.appendRecords, UnifiedLog.append).
#include <algorithm>

#include "network.h"

namespace tidemark::sim::producer {

using wire::ErrorCode;

void Network::process(const FlightPtr& flight) {
  flight->read = true;
  flight->waits = flight->batches.size();
  flight->response.responses.resize(flight->batches.size());
  for (std::size_t i = 0; i < flight->batches.size(); ++i) {
    const SentBatch& sent = flight->batches[i];
    auto& topic = flight->response.responses[i];
    topic.topic_id = sent.topic_id;
    if (!world_.plan.by_id) topic.name = sent.topic;
    PartResponse& part = topic.partition_responses.emplace_back();
    part.index = sent.partition;
    part.base_offset = core::kNoOffset;
  }
  for (std::size_t i = 0; i < flight->batches.size(); ++i) take(flight, i);
}

// Errors that a broker says before it has written anything.
ErrorCode Network::refusal_by_chance() {
  struct Row {
    ErrorCode code;
    Fault fault;
  };
  static constexpr Row kRows[] = {
      {ErrorCode::not_enough_replicas, Fault::not_enough_replicas},
      {ErrorCode::corrupt_message, Fault::corrupt_on_the_way},
      {ErrorCode::unknown_topic_or_partition, Fault::young_topic_unknown},
      {ErrorCode::leader_not_available, Fault::not_leader},
      {ErrorCode::out_of_order_sequence_number, Fault::out_of_order_sequence},
      {ErrorCode::unknown_producer_id, Fault::unknown_producer_id},
      {ErrorCode::invalid_producer_epoch, Fault::invalid_producer_epoch},
      {ErrorCode::topic_authorization_failed, Fault::denied},
      {ErrorCode::unknown_server_error, Fault::unknown_code_unwritten},
      {static_cast<ErrorCode>(4711), Fault::unknown_code_unwritten},
  };
  if (!world_.bad_luck(70)) return ErrorCode::none;
  const Row& row = kRows[world_.random.below(std::size(kRows))];
  world_.count(row.fault);
  return row.code;
}

ErrorCode Network::validate(const SentBatch& sent, const Topic& topic, PartResponse& part) {
  if (topic.partitions[static_cast<std::size_t>(sent.partition)].under_min_isr) {
    world_.count(Fault::not_enough_replicas);
    return ErrorCode::not_enough_replicas;
  }
  if (sent.bytes > topic.max_batch_bytes) {
    world_.count(sent.batch.values.size() == 1 ? Fault::too_large_alone : Fault::too_large_split);
    return ErrorCode::message_too_large;
  }
  bool bad = false;
  for (std::size_t i = 0; i < sent.batch.values.size(); ++i) {
    if (!sent.batch.values[i].starts_with("bad")) continue;
    bad = true;
    if (world_.plan.names_bad) part.record_errors.emplace_back().batch_index = static_cast<std::int32_t>(i);
  }
  if (!bad) return ErrorCode::none;
  world_.count(world_.plan.names_bad ? Fault::bad_record_named : Fault::bad_record_unnamed);
  return ErrorCode::invalid_record;
}

void Network::take(const FlightPtr& flight, std::size_t index) {
  const SentBatch& sent = flight->batches[index];
  PartResponse& part = flight->response.responses[index].partition_responses.front();
  const auto refuse = [&](ErrorCode error) {
    part.error_code = static_cast<std::int16_t>(error);
    flight->all_written = false;
    world_.note("refused", {{"request", static_cast<std::int64_t>(flight->number)}, {"partition", sent.partition},
                            {"error", part.error_code}}, sent.topic);
    if (--flight->waits == 0) answer(flight);
  };
  Topic* topic = cluster_.find(sent.topic);
  if (topic != nullptr && world_.plan.by_id && topic->id != sent.topic_id) {
    world_.count(Fault::other_topic_id);
    topic = nullptr;
  }
  if (topic == nullptr || static_cast<std::size_t>(sent.partition) >= topic->partitions.size()) {
    return refuse(world_.plan.by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition);
  }
  Partition& partition = topic->partitions[static_cast<std::size_t>(sent.partition)];
  if (partition.leader != flight->broker) {
    world_.count(Fault::not_leader);
    name_leader(*topic, part);
    return refuse(ErrorCode::not_leader_or_follower);
  }
  if (const ErrorCode by_chance = refusal_by_chance(); by_chance != ErrorCode::none) return refuse(by_chance);
  if (const ErrorCode invalid = validate(sent, *topic, part); invalid != ErrorCode::none) return refuse(invalid);
  const PartitionLog::Verdict verdict = partition.log.append(sent.batch, world_.plan.old_brokers);
  if (verdict.error != ErrorCode::none) {
    world_.count(verdict.error == ErrorCode::unknown_producer_id ? Fault::unknown_producer_id
                                                                 : Fault::sequence_really_out_of_order);
    return refuse(verdict.error);
  }
  written(flight, index, *topic, verdict);
}

// Written now, or found as a repeat: the answer waits for the replicas.
void Network::written(const FlightPtr& flight, std::size_t index, Topic& topic, const PartitionLog::Verdict& verdict) {
  const SentBatch& sent = flight->batches[index];
  const auto number = static_cast<std::size_t>(sent.partition);
  Partition& partition = topic.partitions[number];
  PartResponse& part = flight->response.responses[index].partition_responses.front();
  part.base_offset = verdict.base;
  if (verdict.repeat) {
    world_.count(Fault::repeat_recognised);
  } else {
    ever_written_.insert(sent.batch.values.begin(), sent.batch.values.end());
    const auto count = static_cast<std::int64_t>(sent.batch.values.size());
    if (sent.batch.first_sequence + count > (std::int64_t{1} << 31)) world_.count(Fault::sequence_wrapped);
    if (flight->ended) world_.note("written late", {{"base", verdict.base}}, sent.topic);
  }
  world_.note("written", {{"request", static_cast<std::int64_t>(flight->number)}, {"partition", sent.partition},
                          {"base", verdict.base}, {"repeat", verdict.repeat}}, sent.topic);
  if (verdict.repeat && world_.plan.old_brokers && world_.random.chance(500)) {
    world_.count(Fault::repeat_called_duplicate);
    part.base_offset = core::kNoOffset;
    return finish(flight, index, topic, ErrorCode::duplicate_sequence_number);
  }
  if (partition.committed >= verdict.end) return finish(flight, index, topic, ErrorCode::none);
  // By chance the replicas cannot follow any more.
  if (world_.bad_luck(60)) {
    world_.count(Fault::replication_stalled);
    cluster_.stall({&topic, number});
  }
  const auto done = std::make_shared<bool>(false);
  const auto once = [this, flight, index, &topic, done](ErrorCode error) {
    if (*done) return;
    *done = true;
    finish(flight, index, topic, error);
  };
  partition.waiters.push_back({verdict.end, once});
  world_.schedule.after(world_.plan.replica_timeout, [this, once, done, broker = flight->broker] {
    if (*done || !cluster_.up(broker)) return;
    world_.count(Fault::replicas_timed_out);
    once(ErrorCode::request_timed_out);
  });
  cluster_.replicate_soon(topic, number);
}

void Network::finish(const FlightPtr& flight, std::size_t index, Topic& topic, ErrorCode error) {
  PartResponse& part = flight->response.responses[index].partition_responses.front();
  switch (error) {
    case ErrorCode::not_leader_or_follower:
      world_.count(Fault::not_leader_after_write);
      name_leader(topic, part);
      break;
    case ErrorCode::unknown_topic_or_partition: world_.count(Fault::topic_gone_after_write); break;
    case ErrorCode::not_enough_replicas_after_append: world_.count(Fault::not_enough_replicas_after_write); break;
    default: break;
  }
  // Errors of a broker that fails after the write, with the offset or without.
  if (error == ErrorCode::none && world_.bad_luck(30)) {
    const bool storage = world_.random.chance(500);
    world_.count(storage ? Fault::storage_error_after_write : Fault::unknown_code_after_write);
    error = storage ? ErrorCode::kafka_storage_error
                    : world_.random.chance(500) ? ErrorCode::unknown_server_error : static_cast<ErrorCode>(4711);
    if (world_.random.chance(500)) part.base_offset = core::kNoOffset;
  } else if (error == ErrorCode::none && world_.bad_luck(15)) {
    world_.count(Fault::response_without_offset);
    part.base_offset = core::kNoOffset;
  }
  part.error_code = static_cast<std::int16_t>(error);
  if (error == ErrorCode::none) {
    part.log_start_offset = topic.partitions[static_cast<std::size_t>(part.index)].log_start;
  } else {
    flight->all_written = false;
  }
  if (--flight->waits == 0) answer(flight);
}

// KIP-951: who leads now.
void Network::name_leader(const Topic& topic, PartResponse& part) {
  if (topic.deleted || !world_.plan.tells_ids || !world_.random.chance(500)) return;
  const Partition& partition = topic.partitions[static_cast<std::size_t>(part.index)];
  part.current_leader = {partition.leader, partition.leader_epoch};
  world_.count(Fault::leader_named_in_answer);
}

}  // namespace tidemark::sim::producer
