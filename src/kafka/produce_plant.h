// Bugs planted on purpose in the producer, to show that its simulator's checker
// catches them; core/plant.h says why and how.
//
// Threading: none.
#pragma once

namespace tidemark::kafka::produce {

enum class Bug {
  none,
  doubtful_sequence_reused,       // a batch is given up in doubt, and the next one takes its sequence
  doubtful_sent_under_new_id,     // a batch in doubt is sent again under a new producer id
  disconnect_is_not_appended,     // a lost connection is taken as a refusal
  duplicate_is_failure,           // DUPLICATE_SEQUENCE_NUMBER is taken as a refusal
  new_epoch_keeps_sequence,       // the producer's epoch is raised, its sequences go on
  refused_goes_behind,            // what was refused goes behind what came meanwhile
  neighbours_of_bad_appended,     // only the bad record of a refused batch counts as refused
  withdrawn_is_not_appended,      // a withdrawn append was not appended, sent or not
  late_answer_matched,            // the answer to a request that failed is taken for the next one's
  offset_from_known_end,          // offsets count from the end that was known, not from the answer's
  offset_of_first_for_all,        // every record of a batch gets the batch's offset
  too_large_ignores_doubt,        // "too large" is certain although an earlier attempt was not
  offset_in_error_ignored,        // an error with a base offset is taken as not written
  gone_topic_is_not_appended,     // with its topic, a batch in doubt counts as refused
  remade_topic_gets_batch,        // a batch in flight is sent again to the topic's successor
  used_counts_forgotten,          // a topic that comes back begins again at sequence 0 under the same id
  split_loses_rest,               // of a batch that is too large, what does not fit is dropped
  id_retry_never_wakes,           // nothing wakes the producer to ask again for its id
  full_queue_takes_more,          // the bound on open appends is not looked at
  withdrawn_is_delivered,         // an append ends when it is withdrawn, and again with its batch
  open_requests_unbounded,        // the bound on open requests is not looked at
  count_
};

#ifdef TIDEMARK_PLANTED_BUGS
Bug planted_bug();  // defined by the simulator
inline bool planted(Bug bug) { return planted_bug() == bug; }
#else
constexpr bool planted(Bug) { return false; }
#endif

}  // namespace tidemark::kafka::produce
