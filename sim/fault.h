// Everything that goes wrong, or is unusual, and how often it really did.
//
// A fault that is configured but never happens is a hole that looks like a
// test. So each kind has a counter, counted where it takes effect, and a test
// fails when one of them is zero after the fixed seeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tidemark::sim {

// X(name): one kind.
#define TIDEMARK_SIM_FAULTS(X)                                                                          \
  X(commit_before_delivery) X(append_unknown_in_log) X(append_unknown_lost) X(append_late_in_log)       \
  X(append_not_appended) X(append_withdrawn_unsent) X(append_withdrawn_sent) X(delivery_after_answer)   \
  X(tail_stalled) X(tail_read_again) X(log_lost) X(log_lost_beyond_grace) X(log_regained)               \
  X(seeded_again) X(gateway_killed) X(gateway_started) X(gateway_drained) X(seed_after_newer_record)    \
  X(group_answer_after_newer) X(ends_late) X(member_crashed) X(rebalanced) X(group_left)                \
  X(group_back) X(long_absence) X(start_at_latest_passed_over) X(commit_late) X(commit_moved_back)      \
  X(commit_twice) X(commit_repeated) X(commit_initial_position) X(commit_beyond_end) X(commit_refused)  \
  X(commit_without_topic_id) X(commit_of_other_incarnation) X(never_commits) X(transaction_committed)   \
  X(transaction_aborted) X(transaction_hung) X(transaction_settled_after_leaving) X(reset_to_earliest)  \
  X(reset_to_latest) X(reset_to_offset) X(offsets_expired) X(group_deleted) X(unmanaged_commit)         \
  X(topic_deleted) X(topic_recreated) X(partitions_grown) X(log_start_moved) X(log_purged_behind_commit) X(position_out_of_range) \
  X(position_carried_over) X(other_producers) X(control_records) X(gap_in_commit_log)                   \
  X(client_cancelled) X(resumed_same_gateway) X(resumed_other_gateway) X(resumed_after_kill)            \
  X(resumed_settled_mark) X(resumed_pending_mark) X(marks_merged) X(narrowed) X(not_waited)             \
  X(refused_topic_limit) X(refused_gateway_limit) X(refused_not_ready) X(refused_draining)              \
  X(refused_unknown_topic) X(refused_unknown_partition) X(refused_unknown_consumer)                     \
  X(refused_recreated_topic) X(stranger_joined) X(tables_full)                                           \
  X(ack_by_gateway) X(ack_refused) X(ack_failed) X(ack_failed_then_processed) X(ack_late) X(ack_twice)  \
  X(ack_out_of_order) X(ack_garbage) X(ack_beyond_end) X(commit_before_work) X(look_found) X(look_none) \
  X(look_failed) X(barrier_over_topics) X(barrier_over_positions) X(barrier_beyond_end)                 \
  X(barrier_of_other_producers) X(barrier_settled) X(resumed_barrier_mark) X(handed_over)              \
  X(records_committed) X(records_aborted) X(stopped_short_of_end) X(end_look_found) X(end_look_none)    \
  X(end_look_incomplete) X(end_look_failed) X(barrier_lowered)                                          \
  X(share_out_of_order) X(share_released) X(share_given_up) X(share_lock_expired) X(share_ack_refused)  \
  X(share_set_up_anew) X(share_start_overtaken) X(share_state_read_again) X(share_state_compacted)      \
  X(completed_out_of_order) X(completed_above_told) X(completed_above_taken_back) X(completed_above_repeated) \
  X(leader_elected) X(log_cut) X(cut_shown_by_end) X(cut_shown_by_append) X(position_kept_across_cut)   \
  X(position_truncated) X(refused_cut_off) X(lost_event_skipped) X(cut_shown_by_epoch)                  \
  X(event_found_above_epoch) X(event_missed_above_epoch) X(append_under_later_leader)                   \
  X(polled_position) X(polled_members)                                                                   \
  X(group_to_member_records) X(group_to_classic) X(members_asked_for_change) X(reset_soon_after_leaving)   \
  X(timer_before_work) X(timer_after_work) X(timer_recognised) X(mistaken_for_timer) X(published_in_step) X(share_taken_over) X(share_passes_over)

enum class Fault : std::size_t {
#define X(name) name,
  TIDEMARK_SIM_FAULTS(X)
#undef X
      count_
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::count_);

inline constexpr std::array<const char*, kFaults> kFaultNames{
#define X(name) #name,
    TIDEMARK_SIM_FAULTS(X)
#undef X
};

// Places where the checker lets something pass, each a limit that the
// documentation states. Counted, so that an excuse cannot quietly grow.
#define TIDEMARK_SIM_EXCUSES(X) \
  X(reset_before_gateway_in_sync) X(stale_commit_without_topic_id) X(former_topics_offset_asked_for) \
  X(carried_over_by_declared_earliest) \
  X(log_start_not_told) X(committed_before_it_was_asked) X(log_start_overtook_marks_anchor) \
  X(skipped_by_an_asked_membership) X(late_commit_of_dead_assigner) \
  X(early_client_never_seen) X(stale_ack_without_topic_id) X(share_gap_given_up) \
  X(cut_not_told) X(read_across_cut_without_epoch) X(ack_of_lost_record) \
  X(append_epoch_older_than_told) X(position_asked_across_cut) X(late_commit_across_cut) \
  X(range_above_cut_log) X(share_state_told_again_in_full_table) \
  X(reset_between_answers) X(came_and_went_between_answers) X(settled_after_leaving) \
  X(polled_same_offset_again) X(timer_not_seen) X(share_start_beyond_cut_log)

enum class Excuse : std::size_t {
#define X(name) name,
  TIDEMARK_SIM_EXCUSES(X)
#undef X
      count_
};

inline constexpr std::size_t kExcuses = static_cast<std::size_t>(Excuse::count_);

inline constexpr std::array<const char*, kExcuses> kExcuseNames{
#define X(name) #name,
    TIDEMARK_SIM_EXCUSES(X)
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

}  // namespace tidemark::sim
