// Every kind of bad luck the producer's simulator knows, and how often it was had.
//
// A fault that is written down and never happens tests nothing. So each has a
// counter where it takes effect, not where it is planned, and a test fails when
// one stays at zero over the fixed seeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tidemark::sim::producer {

#define TIDEMARK_PRODUCER_FAULTS(X)                                                                         \
  X(request_never_sent) X(request_lost) X(request_read_late) X(request_repeated) X(response_lost)            \
  X(response_late_on_broken_connection) X(response_repeated) X(response_overtaken) X(response_timed_out)     \
  X(response_leaves_partition_out) X(response_without_offset) X(connection_broken_in_flight)                 \
  X(broker_restarted) X(broker_hung) X(leader_moved) X(leader_lost) X(leader_named_in_answer)                \
  X(replication_stalled) X(uncommitted_lost) X(committed_lost_uncleanly) X(state_read_from_snapshot)         \
  X(state_forgotten) X(repeat_recognised) X(repeat_called_duplicate) X(sequence_really_out_of_order)         \
  X(not_leader) X(not_leader_after_write) X(not_enough_replicas) X(not_enough_replicas_after_write)          \
  X(replicas_timed_out) X(storage_error_after_write) X(unknown_code_after_write) X(unknown_code_unwritten)   \
  X(out_of_order_sequence) X(unknown_producer_id) X(invalid_producer_epoch) X(corrupt_on_the_way)            \
  X(young_topic_unknown) X(denied) X(bad_record_named) X(bad_record_unnamed) X(too_large_alone)              \
  X(too_large_split) X(limit_shrunk) X(topic_deleted) X(topic_made_again) X(topic_gone_after_write)          \
  X(other_topic_id) X(partitions_grown) X(log_start_moved) X(other_producers) X(watermark_told)              \
  X(metadata_failed) X(metadata_lagging) X(producer_id_given) X(producer_id_failed) X(producer_id_denied)    \
  X(queue_full) X(withdrawn_queued) X(withdrawn_sent) X(withdrawn_too_late) X(stopped) X(abandoned)          \
  X(ended_appended) X(ended_not_appended) X(ended_unknown) X(unknown_found_in_log) X(unknown_not_in_log)     \
  X(sequence_wrapped) X(unknown_topic) X(partition_out_of_range)

enum class Fault : std::size_t {
#define X(name) name,
  TIDEMARK_PRODUCER_FAULTS(X)
#undef X
      count_
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::count_);

inline constexpr std::array<const char*, kFaults> kFaultNames{
#define X(name) #name,
    TIDEMARK_PRODUCER_FAULTS(X)
#undef X
};

// What the checker lets pass, each a limit that src/kafka/producer.h or the
// documentation states. Counted, so that an excuse cannot quietly grow.
#define TIDEMARK_PRODUCER_EXCUSES(X) \
  X(lost_by_unclean_election) X(offset_after_unclean_election) X(remade_topic_taken_by_name) \
  X(order_after_deletion) X(first_into_another_log)

enum class Excuse : std::size_t {
#define X(name) name,
  TIDEMARK_PRODUCER_EXCUSES(X)
#undef X
      count_
};

inline constexpr std::size_t kExcuses = static_cast<std::size_t>(Excuse::count_);

inline constexpr std::array<const char*, kExcuses> kExcuseNames{
#define X(name) #name,
    TIDEMARK_PRODUCER_EXCUSES(X)
#undef X
};

struct Counters {
  std::array<std::uint64_t, kFaults> faults{};
  std::array<std::uint64_t, kExcuses> excuses{};

  void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  void count(Excuse excuse) { ++excuses[static_cast<std::size_t>(excuse)]; }
  void add(const Counters& other) {
    for (std::size_t i = 0; i < kFaults; ++i) faults[i] += other.faults[i];
    for (std::size_t i = 0; i < kExcuses; ++i) excuses[i] += other.excuses[i];
  }
};

}  // namespace tidemark::sim::producer
