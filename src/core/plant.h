// Bugs planted on purpose, to show that the simulator's checker catches them.
//
// A checker that has never failed proves nothing. Each bug is one switch at the
// place where somebody could really make the mistake. They exist only where
// TIDEMARK_PLANTED_BUGS is defined, which only the simulator's own build of
// core does; everywhere else `planted` is the constant false and costs nothing.
#pragma once

namespace tidemark::core {

enum class Bug {
  none,
  first_commit_counts,        // a first commit above the event is taken as processed
  highest_commit_wins,        // a commit that moves back is ignored
  stale_seed_applies,         // a seed overwrites a record that is newer
  beyond_end_counts,          // a commit beyond the partition's end is evidence
  absent_without_grace,       // no members is enough to be absent
  merge_takes_maximum,        // of two marks only the terms with the highest offsets survive
  registered_late_hangs,      // a wait registered after its commit is not looked at
  answers_after_deadline,     // the deadline is looked at too late
  reset_is_progress,          // a reset past the event counts as having read it
  old_record_applies,         // a record read again overwrites a newer one
  equal_offset_counts,        // committed == offset is taken as processed
  partition_ignored,          // a commit on one partition advances another
  unknown_is_appended,        // an append of unknown fate is answered as appended
  answered_twice,             // a wait cut by its deadline is answered again by its commit
  incarnation_ignored,        // commits for a deleted topic count for its successor
  nothing_known_is_nobody,    // publishes are taken before the groups are known
  deleted_row_keeps_position, // a tombstone leaves the old position in force
  mark_loses_anchor,          // a mark carries no anchors
  cancelled_wait_leaks,       // a client that goes away leaves its wait behind
  deadline_is_success,        // what is pending at the deadline is called processed
  commit_counts_beside_acks,  // a consumer that acks is believed for its commits too
  early_is_believed,          // a client that commits before its work is taken at its word
  ack_beyond_end_counts,      // an ack for records that do not exist yet is kept
  earlier_ack_wins,           // of two acks for a record the first stays
  barrier_takes_known_end,    // a barrier over a topic does not ask for its end anew
  barrier_forgets_partition,  // a barrier leaves out the topic's last partition
  pending_taken_as_lowest,    // an append in doubt is taken to be where it could be at the lowest
  not_found_is_settled,       // an event that was not found is called settled
  seen_record_settles,        // a look that found a record below an end is taken as one that found none
  open_transaction_is_nothing, // what an open transaction holds below an end is taken as never to be seen
  part_read_is_all,           // the last record seen by a look that read a part is taken for the last of all
  fence_before_commit,        // a derived topic's ends are asked for before its writers' commits were seen
  last_stable_is_fence,       // the last stable offset is taken for the end
  round_shared_by_late,       // a wait takes a round of ends that was asked for before it came
  round_ends_with_first,      // a round of ends is over with its first answer
  marker_must_be_committed,   // below a fence nobody looks for what can be seen there
  letters_end_before_commit,  // dead letters are read up to an end asked for before the commit was seen
  letters_of_first_partition, // of a dead-letter topic only the first partition is read
  unread_letters_are_none,    // dead letters that could not be read are taken as none
  letters_of_others_count,    // a dead letter from the record's place counts, whosever it says it is
  first_output_only,          // of a consumer's outputs only the first is followed
  second_writer_ignored,      // a topic's ends are asked for once the first of its writers is done
  floors_after_append,        // what the event caused is looked for above the ends known when its append was told
  other_partition_done,       // a consumer is done once it has passed the fence of one partition
  within_ignored,             // who writes a while after its commit is not given the while
  mark_floors_at_answer,      // a mark's floors are the ends of the answer, not of the append
  watermark_of_one_partition, // in watermark scope only the event's partition is asked for
  new_partition_not_fenced,   // a partition added later is not asked for
  cycle_ends_after_one,       // a topic that feeds itself is followed once, and nothing is said
  no_id_ends_cycle,           // records without the event's id are taken as not the event's
  own_id_proves_copies,       // the event's own id is taken for one that was copied
  log_start_at_once,          // a log start is judged by the commits read so far
  id_proves_last_writer,      // the id is taken to be copied by who writes where it was found, whoever else may have
  pause_between_passes,       // the passes of a cycle are made a while apart
  while_for_everybody,        // who writes before its commit is given a while after it nevertheless
  archived_is_acknowledged,   // what a share group gave up is taken for done
  share_start_is_done,        // all below a share group's start offset is taken for acknowledged
  share_believes_anchor,      // a mark's anchor counts for a share group, which may have given up what lies above it
  share_reset_is_progress,    // a share group's state that was set up anew is taken for the former going on
  done_above_is_kept,         // completed offsets stay though a later commit does not name them
  done_above_fills_gaps,      // all below the highest completed offset is taken for done
  cut_is_no_cut,              // an end that falls under a newer leader is taken for an old answer
  cut_keeps_positions,        // what consumers had read of a log that was cut counts for what took its place
  lost_event_is_forgotten,    // waits that come after a cut are not held against it
  epoch_end_is_ignored,       // what a new leader tells of where the former epoch ended is not looked at
  epoch_end_is_believed,      // an append above it is taken for lost, and not looked for in its place
  polled_empty_at_once,       // that a group has no members is told before its positions were asked once more
  polled_move_is_reset,       // a group without members whose position moved is not described again first
  member_gone_is_ignored,     // a KIP-848 group keeps the members whose records were deleted
  member_gone_is_last,        // with the first member that leaves such a group it is taken to be empty
  timer_is_never_seen,        // a timer that commits what is at work is believed, whatever its rhythm
  prompt_clears_timer,        // commits soon after their events are enough to be no timer's
  cut_share_slots_are_read,   // what a share group's state says of records that were cut off counts for what took their place
  polled_gone_row_stays,      // a position that is missing in an answer is not told to be gone
  count_
};

#ifdef TIDEMARK_PLANTED_BUGS
Bug planted_bug();            // defined by the simulator
inline bool planted(Bug bug) { return planted_bug() == bug; }
#else
constexpr bool planted(Bug) { return false; }
#endif

}  // namespace tidemark::core
