// A mark: where a publish stands, in a token that any gateway can read.
//
// The obvious answer, a wait's id in the gateway's memory, dies with the
// gateway and means nothing to its neighbour. A mark holds what a gateway that
// saw none of it needs to judge the same (P8): positions, who is waited for,
// where that name came from, and the anchor each of them had at the append.
//
// Format, version 1, and 2 where there are derived topics or ids of events (kind
// 3 is an event whose 16 bytes of id follow the epoch; mark_derived.h has the
// part that comes before the checksum): base64url without padding of
//   u8 version, u8 scope, uvarint names, then each: uvarint length + UTF-8;
//   uvarint terms, then each: u8 kind, topic (uvarint length + bytes), u8 has_id
//   [+ 16 bytes topic id], uvarint partition + 1, then
//     event:   uvarint offset, uvarint leader epoch + 1
//     prefix:  uvarint first, uvarint last - first, uvarint leader epoch + 1
//     pending: uvarint lowest offset + 1, 16 bytes event id
//   and uvarint expected, then each: uvarint index of name, u8 flags (bits 0-3
//   expected_by, 4 has anchor, 5 anchor declared, 6 anchor's record known)
//   [+ uvarint committed] [+ uvarint commits partition, uvarint commits offset];
//   u32 FNV-1a of all bytes before it, big-endian, against copying mistakes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "core/position.h"
#include "core/time.h"

namespace tidemark::core {

// Where a name in the list of consumers to wait for came from: the topic's
// wait_for; seen to read the topic; declared to, by what it writes from it.
enum class ExpectedBy : std::uint8_t { configured = 0, observed = 1, declared = 2 };

enum class Scope : std::uint8_t { event = 0, watermark = 1 };

// When a consumer's output to an event is in the log.
enum class Emits : std::uint8_t {
  before_commit = 0,  // acknowledged with acks=all before the consumer commits
  within = 1,         // at most so long after it
  later = 2,          // nobody knows: not waited for, and named in the answer
};

// A position that a consumer is known to have held before the event.
struct Anchor {
  Offset committed = kNoOffset;  // kNoOffset: none known
  bool declared = false;         // by `reset: earliest`, not seen
  LogPoint at;                   // the record of that commit; unknown for a seed or a declaration
  bool known() const { return committed != kNoOffset; }
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

// A consumer to wait for at one term.
struct Expected {
  std::string name;
  ExpectedBy by = ExpectedBy::observed;
  Anchor anchor;
  friend bool operator==(const Expected&, const Expected&) = default;
};

struct Term {
  enum class Kind : std::uint8_t {
    event = 0,    // exactly [first, last] with first == last
    prefix = 1,   // everything in [first, last]
    pending = 2,  // an append of unknown fate: event `id` at or above `first`
  };
  Kind kind = Kind::event;
  std::string topic;
  Uuid topic_id;
  Partition partition = 0;  // pending: -1 where none was chosen
  Offset first = kNoOffset;
  Offset last = kNoOffset;
  std::int32_t leader_epoch = -1;
  Uuid id;  // of a pending one; of an event nil where it is not needed
  std::vector<Expected> expected;
  friend bool operator==(const Term&, const Term&) = default;
};

// A topic that consumers write because of what the terms name, and who reads it.
// With it a gateway follows the event as the one that appended it would have.
struct Derived {
  struct Reader {
    std::string name;
    ExpectedBy by = ExpectedBy::observed;
    std::vector<Anchor> anchors;  // by partition, at the append; may be shorter than the topic
    friend bool operator==(const Reader&, const Reader&) = default;
  };
  struct Writer {
    std::string consumer;
    std::string input;  // a term's topic, or another derived one
    Emits emits = Emits::before_commit;
    Duration within{};
    bool dead_letter = false;
    friend bool operator==(const Writer&, const Writer&) = default;
  };
  std::string topic;
  Uuid topic_id;
  // By partition: nothing that the event caused lies below. Empty: not known. In
  // watermark scope always, where a reader is asked for what lies above its baseline.
  std::vector<Offset> floors;
  std::vector<Reader> readers;
  std::vector<Writer> writers;
  friend bool operator==(const Derived&, const Derived&) = default;
};

struct Mark {
  static constexpr std::size_t kMaxText = 2048;     // bytes of text
  static constexpr std::size_t kMaxTerms = 64;
  static constexpr std::size_t kMaxExpected = 256;  // per term
  static constexpr std::size_t kMaxDerived = 256;
  static constexpr std::size_t kEventTermsPerPartition = 4;  // more widen to a prefix

  Scope scope = Scope::event;
  std::vector<Term> terms;
  std::vector<Derived> derived{};
  bool empty() const { return terms.empty(); }
  friend bool operator==(const Mark&, const Mark&) = default;
};

// Text of a mark. Error kind limit when it would pass one of Mark's bounds even
// after widening.
Result<std::string> encode(const Mark& mark);

// Error kind corrupt with a sentence that says what is wrong. Never reads past
// the text, never allocates more than the text justifies.
Result<Mark> decode(std::string_view text);

// Union: a wait for the result ends no earlier than waits for each part would.
// A prefix absorbs lower terms of its partition, many event terms on one
// partition widen to a prefix, an anchor becomes the lower of the two. Where one
// mark knows none: at the same position the other's holds for both, over
// different positions there is none; a baseline above the start holds only for
// its own mark. The stronger scope wins. The order of the
// marks does not matter. Error kind limit beyond the bounds.
Result<Mark> merge(const Mark& a, const Mark& b);

}  // namespace tidemark::core
