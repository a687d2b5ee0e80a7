// What one record of __consumer_offsets says.
//
// The topic holds a dozen kinds of records of five coordinators, in versions
// that brokers of all ages wrote. A reader that guesses from the length, or that
// stops at the first kind it does not know, loses commits without noticing. So
// the key's type and the value's version decide, unknown types are passed over
// and counted, and a commit whose value cannot be read still names its group:
// the coordinator can be asked for what it says.
//
// Layout: Kafka's CoordinatorRecordSerde and the record definitions of its group
// coordinator (wire/generated/*_record.h); a classic member's subscription is
// ConsumerProtocolSubscription.
//
// Pure; every input is hostile. Threading: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/uuid.h"
#include "core/position.h"

namespace tidemark::kafka {

struct OffsetCommitted {
  std::string group;
  std::string topic;
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;  // kNoOffset: the row was deleted
  std::int32_t leader_epoch = -1;
  Uuid topic_id;  // nil where the record does not say (before value version 4)
  std::vector<core::Range> done_above;  // as core::Commit
};

// A commit was written whose value this version of ours cannot read.
struct OffsetUnreadable {
  std::string group;
};

// Who is in a classic group.
struct ClassicGroup {
  std::string group;
  std::string protocol_type;  // "consumer" for consumers
  std::int32_t generation = 0;
  int members = 0;
  bool topics_known = false;        // `topics` is the whole subscription of all members
  std::vector<std::string> topics;  // sorted, each once
  std::string client;               // client id of one member
};

// Something about the group changed that the record alone does not tell: a
// KIP-848 group, a share group, a deleted classic group, or metadata that cannot
// be read.
struct GroupChanged {
  enum class Shows {
    nothing,
    member_comes,  // of a KIP-848 group; it may have been there
    member_goes,
    no_more,  // what classic metadata said before no longer holds
  };
  std::string group;
  bool share = false;
  Shows shows = Shows::nothing;
  std::string member;  // its id
};

// Nothing that concerns commits or consumer groups.
struct Skipped {
  enum class Why { unknown_type, malformed };
  Why why = Why::unknown_type;
};

using OffsetsRecord = std::variant<OffsetCommitted, OffsetUnreadable, ClassicGroup, GroupChanged, Skipped>;

// `value` is nothing for a tombstone.
OffsetsRecord read_offsets_record(std::string_view key, std::optional<std::string_view> value);

// Adds the topics that a consumer's subscription names. False, and `topics` as
// it was, when the bytes are not a subscription.
bool add_subscription(std::string_view subscription, std::vector<std::string>& topics);

// Sorts `topics` and removes what is there twice.
void tidy_topics(std::vector<std::string>& topics);

}  // namespace tidemark::kafka
