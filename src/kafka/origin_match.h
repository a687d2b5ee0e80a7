// Whether a record comes from an event, by what its headers say.
//
// Nothing in Kafka ties a record to the one that caused it, and each library that
// writes dead letters says in its own headers and its own encoding which record
// failed. A reader that knows one of them calls the others' dead letters strangers,
// and the consumer that gave up counts as done. So the known ones are a table here,
// and everything is optional, repeated or wrong until read: whoever writes to a
// topic chooses its headers.
//
// Tie: tidemark-id; traceparent (W3C Trace Context, the trace-id); baggage (W3C
// Baggage, the entry tidemark-id).
// Dead letters: Spring's DeadLetterPublishingRecoverer (kafka_dlt-…; int32 and int64,
// big-endian; appended to those of an earlier failure, so that they repeat), the one
// of its retry topics (kafka_…; the first failure's are kept), Spring Cloud Stream's
// binder (x-…), Kafka Connect's DeadLetterQueueReporter (decimal text), SmallRye's
// KafkaDeadLetterQueue (decimal text).
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/events.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka {

inline constexpr std::size_t kMostReasonBytes = 300;

class OriginMatch {
 public:
  // How often one header may repeat in a record and still be read.
  static constexpr std::size_t kMostRepeats = 64;

  explicit OriginMatch(core::Origin origin);

  // As core::Origin says.
  bool is_meant(const wire::Record& record) const;

 private:
  struct Said;
  void read_tie(const wire::RecordHeader& header, Said& said) const;
  bool names_a_source(const Said& said) const;
  bool is_by_consumer(const Said& said) const;

  core::Origin origin_;
  std::string id_;        // its text
  std::string trace_id_;  // its 32 hex digits
};

// What a dead letter's headers say of why it failed: the exception's message, else
// its class; at most kMostReasonBytes of valid UTF-8 without control characters;
// empty when they say nothing.
std::string dead_letter_reason(const wire::Record& record);

}  // namespace tidemark::kafka
