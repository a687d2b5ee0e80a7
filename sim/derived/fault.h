// Everything that goes wrong, or is unusual, around derived topics, and how often
// it really did.
//
// A fault that is configured but never happens is a hole that looks like a test.
// So each kind is counted where it takes effect, and a test fails when one of
// them is zero after the fixed seeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tidemark::sim::derived {

// X(name): one kind.
#define TIDEMARK_DERIVED_FAULTS(X)                                                                          \
  X(chain) X(fan_out) X(diamond) X(cycle_of_one) X(cycle_of_two) X(retry_topic) X(many_services)             \
  X(output_written) X(no_output) X(output_within) X(output_later) X(late_output_lost) X(id_copied)           \
  X(id_not_copied) X(crash_before_commit) X(output_repeated) X(rebalanced) X(all_members_gone) X(paused)     \
  X(joined_late) X(committed_at_position) X(stopped_short_of_end) X(transaction_committed)                   \
  X(transaction_aborted) X(transaction_fenced) X(marker_late) X(commit_before_markers) X(read_uncommitted)   \
  X(gave_up) X(dead_letter_by_id) X(dead_letter_by_position) X(dead_letter_of_nobody) X(dead_letter_shared)  \
  X(other_records) X(other_transaction) X(partition_added) X(output_in_new_partition) X(gateway_killed)      \
  X(gateway_started) X(tail_stalled) X(ends_late) X(delivery_after_commit) X(append_unknown)                 \
  X(look_visible) X(look_by_id) X(look_by_origin) X(look_failed) X(look_incomplete) X(scope_event)           \
  X(scope_watermark) X(narrowed) X(barrier_over_topics) X(barrier_over_positions) X(resumed_same_gateway)    \
  X(resumed_other_gateway) X(marks_merged) X(resumed_stronger) X(answered_processed) X(answered_pending)     \
  X(answered_failed) X(answered_unanchored) X(deferred_later) X(deferred_cycle) X(followed_cycle_by_id)      \
  X(descendants_processed) X(prompt_in_cycle) X(prompt)

enum class Fault : std::size_t {
#define X(name) name,
  TIDEMARK_DERIVED_FAULTS(X)
#undef X
      count_
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::count_);

inline constexpr std::array<const char*, kFaults> kFaultNames{
#define X(name) #name,
    TIDEMARK_DERIVED_FAULTS(X)
#undef X
};

// What the checker lets pass, each a limit that the documentation states.
// Counted, so that an excuse cannot quietly grow.
#define TIDEMARK_DERIVED_EXCUSES(X) \
  X(declared_later) X(cycle_bound) X(writer_not_done) X(writer_not_done_elsewhere) X(writer_not_expected)                        \
  X(given_up_before) X(given_up_in_new_partition) X(partition_not_told) X(no_position_known)

enum class Excuse : std::size_t {
#define X(name) name,
  TIDEMARK_DERIVED_EXCUSES(X)
#undef X
      count_
};

inline constexpr std::size_t kExcuses = static_cast<std::size_t>(Excuse::count_);

inline constexpr std::array<const char*, kExcuses> kExcuseNames{
#define X(name) #name,
    TIDEMARK_DERIVED_EXCUSES(X)
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

}  // namespace tidemark::sim::derived
