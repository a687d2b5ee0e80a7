// What a log tells core.
//
// The log's shells (Kafka, the simulator's model, later the embedded log) turn
// what they read into these and nothing else, so that every decision is core's.
// Views point into the caller's memory and are valid during the call only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/position.h"
#include "core/time.h"

namespace tidemark::core {

// A settled commit of a consumer group: made outside a transaction, or inside
// one whose commit marker was read.
struct Commit {
  std::string_view group;
  std::string_view topic;
  Uuid topic_id;                   // nil where the commit does not say
  Partition partition = 0;
  Offset offset = kNoOffset;       // next offset the group will read; kNoOffset: the row was deleted (tombstone)
  std::int32_t leader_epoch = -1;
  LogPoint at;                     // the commit's own record: its version
  // Records at or above `offset` that are done too, where the client says so in
  // the commit's metadata (Confluent's Parallel Consumer). Sorted, not adjoining.
  std::span<const Range> done_above;
  Offset settled_at = kNoOffset;   // offset of the transaction's marker in at.partition; at.offset for a plain commit
};

// One row of a group's answer to "what have you committed?".
struct SeedRow {
  std::string topic;
  Partition partition = 0;
  Offset offset = kNoOffset;
  std::int32_t leader_epoch = -1;
  std::vector<Range> done_above = {};  // as Commit's
};

// All rows of a group, asked for. A partition without a row has no commit.
struct Seed {
  std::string_view group;
  TailPositions as_of;
  std::span<const SeedRow> rows;
};

// What a group has committed, asked for: all its rows. A transaction that is open
// delays the answer, but for a partition's first commit, whose row is missing.
struct Rows {
  std::string_view group;
  std::uint64_t number = 0;  // AskRows::number of the latest question that was put before the group was asked
  std::span<const SeedRow> rows;
};

// Who is in a group, either read from the commit log (`at` is known) or asked
// for (`as_of` is set).
struct GroupState {
  std::string_view group;
  bool exists = true;        // false: deleted
  bool managed = false;      // has, or once had, members; false for clients that only assign() and commit
  int members = 0;
  bool topics_known = false; // `topics` is the whole subscription
  std::span<const std::string> topics;
  std::string_view client;   // client id of one member
  std::string_view member;   // id of that member
  bool ids_known = false;    // asked for, of a KIP-848 group: `ids` are those of all its members
  std::span<const std::string> ids;
  LogPoint at;
  TailPositions as_of;
};

// A record of a group's membership, read from the commit log, that does not tell
// all who are in the group: of a KIP-848 group, or of one that ended or changed its
// protocol. The rest is asked for; this alone stands in order with the commits.
struct GroupChange {
  enum class Shows : std::uint8_t {
    member_comes,
    member_goes,
    no_more,  // what a classic group's records showed before no longer holds
  };
  std::string_view group;
  Shows shows = Shows::no_more;
  std::string_view member;  // its id
  bool first = false;       // there was no such group before
  LogPoint at;
};

// An explicit acknowledgment, read from the topic of acks. Applied in the order
// in which it was read: the later one wins.
struct Ack {
  std::string_view consumer;
  std::string_view topic;
  Uuid topic_id;  // nil where it does not say
  Partition partition = 0;
  Range offsets;
  bool failed = false;
  std::string_view reason;  // why it failed, for people
};

// How far a share group (KIP-932) is in one partition, as its state says.
struct ShareProgress {
  std::string_view group;
  std::string_view topic;
  Uuid topic_id;
  Partition partition = 0;
  std::int32_t state_epoch = -1;          // rises when the state is set up anew, as by a reset; -1 where unknown
  std::int32_t leader_epoch = -1;         // of the partition's leader that wrote it; likewise
  Offset start = kNoOffset;               // all below it is done or given up
  std::span<const Range> acknowledged;    // at or above start; sorted
  std::span<const Range> archived;        // given up after the last attempt, or rejected; sorted
  LogPoint at;                            // the state's record, in its own topic
};

// What records say of where they came from, for a Look. A record is of the event
// `id` when its header tidemark-id is that id, its traceparent's trace-id is the
// id's 32 hex digits, or its baggage has an entry tidemark-id with it.
struct Origin {
  Uuid id;  // nil: the sources alone decide
  // Dead letters: what they say of the record that failed (the headers of Spring,
  // kafka_dlt-original-topic, -partition, -offset and -consumer-group, and of
  // Kafka Connect, __connect.errors.topic, .partition and .offset). A record is
  // meant that is of the event, or that comes from one of the sources and is not
  // known to be of another event. One that names another group than `consumer`
  // is not meant.
  struct Source {
    std::string topic;
    Partition partition = 0;
    Range offsets;
  };
  bool dead_letters = false;
  std::string consumer;
  std::vector<Source> sources;
};

// A question for one record of a partition, answered by a Sight.
struct Look {
  std::string topic;
  Partition partition = 0;
  Offset from = 0;
  Offset until = kNoOffset;  // exclusive; kNoOffset: the high watermark when the question is taken up
  // The record with this tidemark-id, committed or not; or those of an origin,
  // but for aborted ones; else the first visible one: data, and not of an aborted
  // or open transaction.
  std::optional<Uuid> id;
  std::uint64_t number = 0;
  std::optional<Origin> origin{};
};

struct Sight {
  enum class Result {
    found,
    none,    // certainly not in [from, until)
    failed,  // could not be read: the records are gone, too many, or the topic is
  };
  std::uint64_t number = 0;
  Result result = Result::failed;
  Uuid topic_id;
  Offset offset = kNoOffset;         // found: the first
  Offset last = kNoOffset;           // found by sight or origin, not by id: the last of which that is known
  std::int32_t leader_epoch = -1;    // of the first one's batch
  Offset until = kNoOffset;          // how far it was read
  // Of a question without an id: all of [from, until) was read, and no
  // transaction is open in it, so that nothing above `last` will ever be seen.
  // Of one by origin: all that is left of [from, until) was read; none and
  // incomplete proves nothing.
  bool complete = false;
  std::string reason;                // a dead letter's: what its headers say of why it failed
};

struct TopicState {
  std::string name;
  Uuid topic_id;
  Partition partitions = 0;
};

// Offsets of one partition of a topic; kNoOffset for what was not asked.
struct Ends {
  std::string_view topic;
  Uuid topic_id;
  Partition partition = 0;
  Offset log_start = kNoOffset;
  Offset last_stable = kNoOffset;
  Offset high_watermark = kNoOffset;
  // Of the leader that told the high watermark. Alone, without an offset: the
  // partition has a new leader, of this epoch.
  std::int32_t leader_epoch = -1;
  std::uint64_t asked = 0;  // AskEnds::number of the question
  // Where in the leader's log the records of leader epochs up to `epoch` end, if
  // it was asked and could tell: KIP-101, KIP-320.
  std::int32_t epoch = -1;
  Offset epoch_end = kNoOffset;
};

// How committed positions come: read as they are made, or asked for, which tells
// them later and less of them.
enum class PositionsBy {
  tail,
  asked_as_configured,
  asked_as_denied,  // the commit log may not be read
  asked_as_blind,   // part of it cannot be read
};

// How an append ended. Every append ends exactly once.
struct Delivery {
  enum class Fate {
    appended,      // confirmed by all in-sync replicas
    not_appended,  // certainly not in the log, now or later
    unknown,       // may be in the log, or come to be
  };
  enum class Reason { none, too_large, forbidden, invalid, unknown_topic, unavailable, timeout, limit, internal };

  Fate fate = Fate::unknown;
  Partition partition = -1;         // -1 where none was chosen
  Uuid topic_id;
  Offset offset = kNoOffset;        // appended: the event's; unknown: the lowest it can have
  std::int32_t leader_epoch = -1;
  Reason reason = Reason::none;
  std::string detail;               // for people; empty when appended
};

}  // namespace tidemark::core
