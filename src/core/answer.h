// What a wait ends with, per consumer and as a whole.
//
// A bare yes or no hides what people need at three in the morning: who has not,
// why, and what would mend it. So outcomes are typed, and carry the evidence
// they rest on, which anybody can check against the cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"
#include "core/mark.h"
#include "core/position.h"
#include "core/time.h"

namespace tidemark::core {

// Per consumer.
enum class Outcome {
  processed,   // an anchor and a later settled commit above the event (P1)
  pending,     // not yet; `PendingReason` says why
  skipped,     // the group's position was moved past the event without reading it
  absent,      // no members and no commits for the grace time
  unanchored,  // committed above the event, but no earlier position is known: may have started at latest
  handed_over, // committed by a client that commits before its work is done
  failed,      // the consumer says so, by an ack or by a share group's archived record
};

enum class PendingReason {
  none,
  lag,          // committed at or below the event
  not_started,  // the group has never committed this partition
  asking_end,   // its commit lies beyond the known end, which is being asked for
  beyond_end,   // its latest commit lies beyond the partition's end and proves nothing
  append,       // the event itself is not yet known to be appended
  ack,          // it sends acks, and has not sent one for the event
  upstream,     // what it reads is not all written yet, or the end of it is being asked for
  dead_letters, // it has committed past the event; its dead letters are being read
};

struct Evidence {
  enum class Source { none, commit, seed, poll, ack, share };
  Source source = Source::none;
  Offset committed = kNoOffset;  // the latest commit
  Offset anchor = kNoOffset;     // the earlier position it is measured against
  bool anchor_declared = false;  // the anchor is the configuration's `reset: earliest`
  LogPoint at;                   // the latest commit's record; unknown for a seed and a poll
  Range acked;                   // by ack or share: the range around the event that was acknowledged
  Offset since = kNoOffset;      // of a barrier: what lies below was not asked of this consumer
  std::string reason;            // why it failed, as the consumer says
};

// One step from the event to a consumer: `consumer` wrote to `topic`.
struct Hop {
  std::string consumer;
  std::string topic;
  Duration elapsed{};  // from the request until the end of the topic was told; zero while it was not
};

struct ConsumerOutcome {
  std::string name;
  ExpectedBy expected_by = ExpectedBy::observed;
  Outcome outcome = Outcome::pending;
  PendingReason reason = PendingReason::none;
  Duration elapsed{};  // from the request to this outcome; to the answer while pending
  Evidence evidence;   // of the position that decided (the worst one where there are several)
  Position position;   // that position; of a fence: the last record below it
  std::vector<Hop> via;  // how the event comes to it; empty: it reads what was published
  std::string hint;    // one sentence, empty when there is nothing to mend
};

// What a consumer writes that the wait does not follow.
struct Deferred {
  enum class Why {
    later,         // declared `emits: later`
    cycle,         // the topic feeds itself, and the bound of passes was reached
    unknown_topic, // no such topic is known
  };
  std::string consumer;
  std::string input;  // what it reads
  std::string topic;  // what it writes
  Why why = Why::later;
  int passes = 0;  // of a cycle
};

// Identifies a wait within one engine; never reused while it lives.
struct WaitId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const WaitId&, const WaitId&) = default;
  std::uint64_t value() const { return (std::uint64_t{generation} << 32) | slot; }
};

// The answer to a publish or to a resumed mark.
struct Answer {
  WaitId wait;
  bool is_publish = false;
  Delivery::Fate fate = Delivery::Fate::appended;  // of a publish, or unknown for a mark with a pending term
  Delivery::Reason reason = Delivery::Reason::none;
  std::string detail;  // why not appended or unknown

  Uuid id;                          // of a publish
  std::vector<Position> positions;  // one for a publish
  Mark mark;                        // empty when nothing was appended

  bool settled = false;             // no outcome can change any more
  bool no_consumers_known = false;  // nobody is configured or observed: settled, yet not success
  bool draining = false;            // answered early because the gateway stops
  std::vector<ConsumerOutcome> consumers;
  std::vector<Deferred> deferred;

  Duration append_elapsed{};
  Duration elapsed{};

  // Success: appended, settled, and everybody waited for has processed it.
  bool all_processed() const {
    if (fate != Delivery::Fate::appended || !settled || no_consumers_known) return false;
    for (const ConsumerOutcome& consumer : consumers)
      if (consumer.outcome != Outcome::processed) return false;
    return true;
  }
};

// Why a request was not taken. Nothing was appended.
struct Refusal {
  enum class Code {
    unknown_topic,
    forbidden_topic,     // begins with "__"
    unknown_partition,
    unknown_consumer,    // `for` names somebody who is not waited for here
    recreated_topic,     // the mark's topic was deleted and made again
    cut_off,             // the log was cut off below the mark's event
    topic_limit,         // the topic's limit of open waits
    gateway_limit,       // the gateway's
    too_many_partitions, // of a barrier
    beyond_end,          // a position or an ack that the partition does not reach
    unexpected_consumer, // an ack by somebody who is not expected there
    unknown_event,       // an ack by id of an event that this gateway does not know
    not_ready,
    draining,
  };
  Code code = Code::not_ready;
  std::string detail;        // one sentence for people
  std::string field;         // the request's part to blame; may be empty
  Duration retry_after{};    // for limits, not_ready and draining
};

std::string_view name_of(Outcome outcome);
std::string_view name_of(PendingReason reason);
std::string_view name_of(ExpectedBy source);
std::string_view name_of(Evidence::Source source);
std::string_view name_of(Deferred::Why why);

}  // namespace tidemark::core
