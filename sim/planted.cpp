#include "planted.h"

#include <array>

namespace tidemark::sim {
namespace {

core::Bug current = core::Bug::none;

constexpr std::array<std::string_view, static_cast<std::size_t>(core::Bug::count_)> kNames{
    "none",
    "first_commit_counts",
    "highest_commit_wins",
    "stale_seed_applies",
    "beyond_end_counts",
    "absent_without_grace",
    "merge_takes_maximum",
    "registered_late_hangs",
    "answers_after_deadline",
    "reset_is_progress",
    "old_record_applies",
    "equal_offset_counts",
    "partition_ignored",
    "unknown_is_appended",
    "answered_twice",
    "incarnation_ignored",
    "nothing_known_is_nobody",
    "deleted_row_keeps_position",
    "mark_loses_anchor",
    "cancelled_wait_leaks",
    "deadline_is_success",
    "commit_counts_beside_acks",
    "early_is_believed",
    "ack_beyond_end_counts",
    "earlier_ack_wins",
    "barrier_takes_known_end",
    "barrier_forgets_partition",
    "pending_taken_as_lowest",
    "not_found_is_settled",
    "seen_record_settles",
    "open_transaction_is_nothing",
    "part_read_is_all",
    "fence_before_commit",
    "last_stable_is_fence",
    "round_shared_by_late",
    "round_ends_with_first",
    "marker_must_be_committed",
    "letters_end_before_commit",
    "letters_of_first_partition",
    "unread_letters_are_none",
    "letters_of_others_count",
    "first_output_only",
    "second_writer_ignored",
    "floors_after_append",
    "other_partition_done",
    "within_ignored",
    "mark_floors_at_answer",
    "watermark_of_one_partition",
    "new_partition_not_fenced",
    "cycle_ends_after_one",
    "no_id_ends_cycle",
    "own_id_proves_copies",
    "log_start_at_once",
    "id_proves_last_writer",
    "pause_between_passes",
    "while_for_everybody",
    "archived_is_acknowledged",
    "share_start_is_done",
    "share_believes_anchor",
    "share_reset_is_progress",
    "done_above_is_kept",
    "done_above_fills_gaps",
    "cut_is_no_cut",
    "cut_keeps_positions",
    "lost_event_is_forgotten",
    "epoch_end_is_ignored",
    "epoch_end_is_believed",
    "polled_empty_at_once",
    "polled_move_is_reset",
    "member_gone_is_ignored",
    "member_gone_is_last",
    "timer_is_never_seen",
    "prompt_clears_timer",
    "cut_share_slots_are_read",
    "polled_gone_row_stays",
};

}  // namespace

void plant(core::Bug bug) { current = bug; }

std::optional<core::Bug> bug_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<core::Bug>(i);
  return std::nullopt;
}

std::string_view name_of(core::Bug bug) { return kNames[static_cast<std::size_t>(bug)]; }

}  // namespace tidemark::sim

namespace tidemark::core {

Bug planted_bug() { return sim::current; }

}  // namespace tidemark::core
