// The topics that core knows, and the ends of their partitions.
//
// A commit counts only at or below the partition's end, but asking the log for
// the end at every commit would cost a request each. So the highest end seen is
// kept (an append's delivery says it for nothing), and a question is asked only
// for a commit above it, one at a time per partition: what comes meanwhile
// waits for the next one.
//
// Topics get a number when first heard of, in a commit or in the log's list,
// and keep it for the engine's life. Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer.h"
#include "core/events.h"
#include "core/numbered.h"

namespace tidemark::core {

using TopicNumber = std::uint32_t;
using ConsumerNumber = std::uint32_t;

// An ack that waits for its partition's end to be told.
struct HeldAck {
  ConsumerNumber consumer = 0;
  Range offsets;
  bool failed = false;
  std::string reason;
  std::uint64_t ask = 0;  // number of the question that will judge it
};

// A term of a barrier that waits for the answer to question `ask`.
struct BarrierTerm {
  WaitId wait;
  std::uint32_t term = 0;
  std::uint64_t ask = 0;
};

// An append of this gateway's own.
struct RecentAppend {
  Offset offset = kNoOffset;
  Time began{};  // when it was asked for
  Uuid id;
};

// What was known of the log when a leader of an epoch above `epoch` was heard of,
// to be held against the new leader's log.
struct Succession {
  std::int32_t epoch = -1;
  Offset told = 0;        // up to here a leader of that epoch, or a lower one, has told,
  std::int32_t told_by = -1;  // and of which
  Offset end = 0;         // up to here there was something, as far as appends tell
  RecentAppend event;     // the last of them that was this gateway's own
  std::uint64_t ask = 0;  // number of the question; 0: not asked
};

struct PartitionEnds {
  static constexpr std::size_t kMaxHeldAcks = 64;  // more are ignored, and counted
  static constexpr std::size_t kMaxCuts = 8;       // beyond it the oldest is forgotten
  static constexpr std::size_t kMaxSuccessions = 4;  // likewise
  static constexpr std::size_t kMaxRecent = 8;       // likewise

  Offset known_end = 0;        // the high watermark is at least this
  Offset log_start = 0;        // as last told
  bool told = false;           // the log, or a delivery, has said an end
  bool asking = false;         // question `asked` is on its way
  bool first_awaited = false;  // a consumer was first seen here, and no end has come since
  std::uint64_t asked = 0;     // number of the latest question
  std::uint32_t open = 0;      // obligations open on this partition
  std::vector<ConsumerNumber> holding;  // consumers with commits held for the end
  std::vector<HeldAck> held_acks;       // acks above the known end
  std::vector<BarrierTerm> barriers;    // terms of barriers that wait for the end
  std::int32_t known_epoch = -1;        // the highest leader epoch under which an end was known
  Offset told_end = 0;                  // the highest end that came with the epoch of who told it,
  std::int32_t told_by = -1;            // and that epoch
  std::uint64_t known_at = 0;           // the latest question when known_end was last raised
  Offset delivered_end = 0;             // by this gateway's own appends,
  std::int32_t delivered_epoch = -1;    // and the leader epoch of the latest of them
  Offset doubted = kNoOffset;           // the highest record of a mark that may lie beyond the end
  std::vector<Cut> cuts;                // by epoch; those whose epoch is not told last
  // Returns its place.
  std::size_t add(const Cut& cut);
  bool end_unseen = false;              // it was found to end in what no consumer sees
  std::uint64_t round_ask = 0;          // the question of the round under way that is not answered; 0: none
  std::vector<Succession> successions;  // by epoch; not checked yet
  std::vector<RecentAppend> recent;     // by time

  void note_recent(const RecentAppend& append);
  // When the first of the appends at [from, to) was asked for; nullopt where
  // there is none, or it may be forgotten.
  std::optional<Time> first_recent(Offset from, Offset to) const;
};

struct Topic {
  std::string name;
  Uuid id;
  Partition partitions = 0;  // 0: not in the log's list (yet, or any more)
  std::vector<PartitionEnds> ends;
  std::vector<ConsumerNumber> consumers;  // those with a frontier or a subscription here
  std::size_t open_waits = 0;  // publishes held
  bool listed = false;      // the log's list has named it, with its id
  // known_end of all partitions, as it was when it was last asked for; null: that has changed.
  std::shared_ptr<const std::vector<Offset>> end_offsets;
  bool made_again = false;  // listed with another id before: offsets asked for may be of the former one
  bool exists() const { return partitions > 0; }
};

class Topics {
 public:
  static constexpr std::size_t kMaxTopics = 200'000;
  static constexpr Partition kMaxPartitions = 100'000;  // per topic; a bound on what a commit may claim

  std::optional<TopicNumber> find(std::string_view name) const { return topics_.find(name); }
  // nullopt when the table is full.
  std::optional<TopicNumber> find_or_add(std::string_view name);

  Topic& operator[](TopicNumber number) { return topics_[number]; }
  const Topic& operator[](TopicNumber number) const { return topics_[number]; }
  std::size_t size() const { return topics_.size(); }

  // Ends of a partition, made on first use.
  PartitionEnds& ends(TopicNumber topic, Partition partition);
  // known_end by partition, shared by all who ask while nothing changes.
  std::shared_ptr<const std::vector<Offset>> end_offsets(TopicNumber topic);
  // Sets known_end.
  void set_end(TopicNumber topic, Partition partition, Offset end);

 private:
  Numbered<Topic> topics_;
};

}  // namespace tidemark::core
