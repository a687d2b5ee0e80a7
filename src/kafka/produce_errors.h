// What a producer must do about each error code of a Produce response.
//
// Client libraries sort the codes into retriable and fatal, which is not enough
// to say what became of an event: a broker checks some things before it writes
// (a refusal then proves that nothing was appended) and others while the write
// waits for its replicas (the same kind of refusal then proves nothing). So each
// code says what to do next and whether the leader may have written the batch.
//
// Sources: kafka.md §10 of the design's reference; K: ReplicaManager.appendRecords
// and DelayedProduce.tryComplete, which replaces the error of a write that waits
// but leaves its base offset in place: an error with a base offset was written.
//
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "core/events.h"

namespace tidemark::kafka::produce {

enum class Handling : std::uint8_t {
  appended,         // done
  resend,           // the same batch again, after a pause
  split,            // too large: smaller batches
  without_bad,      // some records are bad: the others again
  refuse,           // this batch will never be taken
  new_producer_id,  // the broker's count and ours differ
  give_up,          // nobody can say
};

struct ErrorRule {
  Handling handling = Handling::give_up;
  // The leader may have written the batch even where no base offset says so.
  bool maybe_written = false;
  // Our metadata may be out of date.
  bool refresh = false;
  // For the publishers, when the event ends because of this code.
  core::Delivery::Reason reason = core::Delivery::Reason::internal;
};

// Any code, known or not; an unknown one is give_up.
ErrorRule error_rule(std::int16_t code);

// "NOT_ENOUGH_REPLICAS", or "error 4711" for a code without a name.
std::string error_text(std::int16_t code);

}  // namespace tidemark::kafka::produce
