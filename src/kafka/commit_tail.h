// One partition of __consumer_offsets, followed record by record.
//
// Reading it read_committed is the obvious way, and lets one hung transaction
// hide the commits of every group in the partition until it times out. So the
// tail reads uncommitted and does what the group coordinator does: a plain
// commit takes effect at once; one inside a transaction is held by its producer
// until that producer's marker comes, then delivered (commit) or dropped
// (abort). A group's records are all in one partition, so their order here is
// exact. Offsets are never counted: compaction leaves gaps, and a fetch after a
// leader move may begin in the middle of what was read already.
//
// What is held is bounded. Of a transaction that does not fit only the groups'
// names are kept, and when it commits, these groups are reported as doubtful:
// the coordinator must be asked for what they have committed. So nothing is
// missed, it only takes a question more. When even the names do not fit, or a
// batch cannot be read (an old format, packed by an unknown codec), the partition is blinded:
// from then on commits may be missing, and its owner must not call what it knows
// complete.
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/events.h"
#include "core/position.h"
#include "kafka/offsets_records.h"
#include "wire/record_batch_reader.h"

namespace tidemark::kafka {

// Receives what the tail reads, in order.
class TailSink {
 public:
  virtual ~TailSink() = default;
  virtual void on_commit(const core::Commit& commit) = 0;
  virtual void on_classic_group(const ClassicGroup& group, core::LogPoint at) = 0;
  // Ask who is in the group.
  virtual void on_group_changed(const GroupChanged& change, core::LogPoint at) = 0;
  // Commits of this group took effect whose values are not known: ask for its
  // offsets; the answer counts as a commit at `version`.
  virtual void on_group_doubtful(std::string_view group, core::LogPoint version) = 0;
};

struct TailLimits {
  std::size_t held_bytes = std::size_t{8} << 20;   // records of open transactions, per partition
  std::size_t named_bytes = std::size_t{1} << 20;  // groups of transactions that did not fit
  int corrupt_reads = 5;                           // of the same position in a row, then it is blinded
};

struct TailCounters {
  std::uint64_t records = 0;
  std::uint64_t commits = 0;              // delivered, transactional ones included
  std::uint64_t transactional = 0;        // of these
  std::uint64_t aborted = 0;              // commits dropped with their transaction
  std::uint64_t group_records = 0;        // classic metadata and changes of KIP-848 groups
  std::uint64_t unknown_records = 0;      // of types that do not concern us
  std::uint64_t malformed_records = 0;
  std::uint64_t unreadable_values = 0;    // commits whose value version is not known
  std::uint64_t held_overflows = 0;       // transactional records that did not fit
  std::uint64_t fenced = 0;               // markers and records of an older producer epoch, transactions without marker
  std::uint64_t unreadable_batches = 0;   // of an old format or corrupt
};

class CommitTail {
 public:
  CommitTail(core::Partition partition, core::Offset begin, TailLimits limits = {});

  // The bytes of this partition in a Fetch response. False: they are corrupt
  // from the position on; fetch again.
  bool read(std::string_view records, TailSink& sink);

  // The offset to read next.
  core::Offset position() const { return position_; }
  // Begins anew: what is held is forgotten.
  void restart(core::Offset begin);

  bool blinded() const { return !blinded_why_.empty(); }
  // For people; empty while it sees everything.
  const std::string& blinded_why() const { return blinded_why_; }
  std::size_t open_transactions() const { return open_.size(); }
  std::size_t held_records() const { return held_records_; }
  const TailCounters& counters() const { return counters_; }

 private:
  struct Held {
    core::Offset offset;
    OffsetsRecord record;
  };
  // A producer's transaction whose marker has not come.
  struct Open {
    std::int16_t epoch = -1;
    std::size_t bytes = 0;
    std::vector<Held> held;
    std::set<std::string, std::less<>> unheld;  // groups with records that did not fit
  };
  using OpenByProducer = std::unordered_map<std::int64_t, Open>;

  void read_batch(wire::RecordBatch batch, TailSink& sink);
  void read_control(const wire::RecordBatch& batch, TailSink& sink);
  void hold(const wire::RecordBatch& batch, core::Offset offset, OffsetsRecord record, TailSink& sink);
  void settle(const Open& open, core::Offset marker, TailSink& sink);
  void deliver(const OffsetsRecord& record, core::Offset offset, core::Offset settled_at, TailSink& sink);
  Open take(OpenByProducer::iterator found);
  void blind(std::string why);

  core::Partition partition_;
  core::Offset position_;
  TailLimits limits_;
  OpenByProducer open_;
  std::size_t held_records_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t named_bytes_ = 0;
  int corrupt_reads_ = 0;
  std::string blinded_why_;
  TailCounters counters_;
};

}  // namespace tidemark::kafka
