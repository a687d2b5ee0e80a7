// A consumer group that knows what it has really processed.
//
// The gateway infers from commits what consumers did; this model is what they
// did. A member reads records, works on them, remembers each one, and commits by
// the habits of real clients (kafka.md §1): per record, per batch, by timer,
// late and out of order, twice, in a transaction, or never. It resolves its
// position late, so that a start at *latest* passes over events; it crashes,
// rebalances, leaves and comes back; an administrator moves its offsets while
// it is away.
//
// What makes it honest: nothing is committed by a member before it was
// processed, except where a fault says so and is counted, or where the gateway
// can know better: a client that names itself as one that commits early, and a
// consumer that is declared to send acks, which say what its commits do not.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ack_log.h"
#include "commit_log.h"
#include "core/position.h"
#include "core/time.h"
#include "model_log.h"

namespace tidemark::sim {

struct World;

enum class CommitStyle : std::uint8_t { per_record, per_batch, timer, late, never, transactional };

struct GroupTraits {
  std::string name;
  CommitStyle style = CommitStyle::per_batch;
  bool latest = false;             // where there is no position; else earliest
  bool assign_only = false;        // no membership: never seen with members
  bool declared_earliest = false;  // in the gateway's configuration
  bool shows_topics = true;        // its subscription can be read
  bool by_member = false;          // a KIP-848 group
  bool changes_protocol = false;   // now and then, while it has no members
  bool sends_epochs = false;       // its commits name the leader epoch of what it read last
  bool sends_ids = false;          // its commits name the topic's id
  bool repeats_idle = false;       // the same commit again when nothing happened
  bool commits_initial = false;    // commits its position before reading anything
  bool commits_twice = false;
  bool stops_short = false;        // commits behind the last record it saw, not behind what is unseen
  bool share = false;              // a share group: model_share.h
  int attempts = 3;                // of it: before it gives a record up
  bool parallel = false;           // completes records out of order, and says so in its commits' metadata
  bool acks = false;               // says record by record what it processed
  bool acks_declared = false;      // in the gateway's configuration
  bool kafka_go = false;           // by its client's name: commits before the work, as far as anybody can tell
  bool rdkafka = false;            // by its client's name: a timer may commit what is at work
  bool commits_after = false;      // declared: it does not, whatever its client
  bool commits_early = false;      // it really does
  std::vector<int> topics;
  int members = 1;
  int batch = 10;
  core::Duration work = std::chrono::milliseconds(2);
  core::Duration commit_period = std::chrono::seconds(1);
  core::Duration resolve_delay = std::chrono::milliseconds(50);
};

class ModelGroup {
 public:
  ModelGroup(World& world, int number, GroupTraits traits);
  virtual ~ModelGroup() = default;
  ModelGroup(const ModelGroup&) = delete;
  ModelGroup& operator=(const ModelGroup&) = delete;

  virtual void start();
  // Faults; each does nothing where it makes no sense now.
  virtual void disturb();
  virtual void administer();
  // Acks that no gateway may believe, some of them in this group's name.
  void poison_acks();
  // The faults are over: everybody runs, and commits soon.
  virtual void heal();

  // The world tells.
  virtual void records_appended(int topic, core::Partition partition);
  virtual void topic_changed(int topic);
  // The partition's log ends at `end` now, under a new leader.
  virtual void log_cut(int topic, core::Partition partition, core::Offset end);
  // Behind it.
  virtual void leader_elected(int, core::Partition) {}

  // The truth.
  // `epoch`: of the record; another may have stood there before.
  bool processed(int incarnation, core::Partition partition, core::Offset offset, std::int32_t epoch) const;
  // It has said at least once that this record failed.
  bool failed_once(int incarnation, core::Partition partition, core::Offset offset) const;
  // As a share group, at least once.
  virtual bool given_up(int, core::Partition, core::Offset, std::int32_t) const { return false; }
  // Likewise: by its state of that epoch it never hands out what stands there now, because of what stood there before a cut.
  virtual bool passes_over(int, core::Partition, core::Offset, std::int32_t) const { return false; }
  bool carried_over(int incarnation, core::Partition partition) const {
    return carried_.contains({incarnation, partition});
  }
  // From where it was when the log's start overtook it, if that is how it came
  // past `offset`; kNoOffset otherwise.
  core::Offset overtaken_at(int incarnation, core::Partition partition, core::Offset offset) const;
  const GroupTraits& traits() const { return traits_; }
  int number() const { return number_; }

 protected:
  using Place = std::pair<int, core::Partition>;  // topic, partition
  World& world() { return world_; }
  // `as_of`: the leader from which the records were read.
  void remember(int incarnation, core::Partition partition, core::Offset from, core::Offset to, std::int32_t as_of);
  std::int32_t leader_of(int incarnation, core::Partition partition) const;
  void note_overtaken(int incarnation, core::Partition partition, core::Offset from, core::Offset to) {
    overtaken_[{incarnation, partition}].emplace_back(from, to);
  }

 private:
  struct Cursor {
    std::uint64_t life = 0;
    int member = 0;
    int incarnation = -1;
    bool resolved = false;
    bool busy = false;     // something is scheduled that ends in poll()
    bool noticing = false; // learns soon that the topic changed
    core::Offset position = 0;
    std::int32_t read_from = 0;  // epoch of the leader that it last read from
    std::int32_t position_from = 0;  // of the one that what lies below its position was read from
    std::int32_t done_from = 0;      // likewise: of what is done above it, the lowest
    core::Offset sent = core::kNoOffset;  // latest committed
    core::Offset handed = core::kNoOffset;  // behind what is at work: what librdkafka's timer commits
    std::set<core::Offset> at_work;       // of a parallel one
    std::set<core::Offset> done;          // likewise: above its position
    bool will_commit = false;             // likewise
    bool starts_over = false;             // likewise: does not know what is done, and commits so
  };

  bool running() const { return traits_.assign_only ? unmanaged_running_ : members_ > 0; }
  Cursor* live(Place place, std::uint64_t life);
  CommitLog::Key key(Place place) const { return {number_, place.first, place.second}; }
  // Runs `step` later, if this cursor still lives then.
  void later(Place place, core::Duration delay, std::function<void(Cursor&)> step);

  void join(int members);
  void assign();
  void begin(Place place, int member, core::Duration delay);
  void resolve(Place place, Cursor& cursor);
  // `from`: where it was, or would have begun.
  void start_by_policy(Place place, Cursor& cursor, core::Offset from);
  void poll(Place place, Cursor& cursor);
  // How far its next batch goes; its position: there is nothing to read.
  core::Offset next_batch(const LogPartition& log, core::Offset position) const;
  bool follow_incarnation(Place place, Cursor& cursor);
  void work_done(Place place, Cursor& cursor, core::Offset to);
  void commit_batch(Place place, Cursor& cursor);
  void timer(Place place, Cursor& cursor);
  void transact(Place place, Cursor& cursor, core::Offset to);
  void settle(Place place, std::uint64_t life, std::int64_t producer, int incarnation, core::Offset from,
              core::Offset to, std::int32_t as_of, bool commit);
  void finish_acked(Place place, int incarnation, core::Offset from, core::Offset to, std::int32_t as_of);
  void say(Place place, int incarnation, core::Range offsets, std::int32_t as_of, bool failed, core::Duration delay);
  void send_ack(AckRecord record);
  void send_commit(Place place, const Cursor& cursor, core::Offset offset, core::Duration delay);
  bool deliver_commit(Place place, int incarnation, std::int32_t as_of, std::uint64_t generation, core::Offset offset,
                      std::int64_t producer, const std::vector<core::Range>& done_above = {},
                      std::int32_t done_from = 0);
  // A member's own timer: model_group_timer.cpp.
  bool ticks() const { return traits_.rdkafka && traits_.commits_early; }
  void start_ticking();
  void tick(int member, std::uint64_t generation);
  // Works on many records of the partition at once.
  void poll_parallel(Place place, Cursor& cursor);
  void finish_parallel(Place place, int incarnation, core::Offset offset, std::int32_t as_of, Cursor& cursor);
  void commit_parallel(Place place, Cursor& cursor);
  void take_up_done(const CommitLog::Row& row, Cursor& cursor);
  static std::vector<core::Range> done_above(const Cursor& cursor);
  void drop_cursors();
  void commit_before_leaving();

  void rebalance();
  void crash();
  void leave();
  void come_back();
  void commit_beyond_end();
  void reset();
  void expire();

  World& world_;
  int number_;
  GroupTraits traits_;
  int members_ = 0;
  bool unmanaged_running_ = false;
  bool away_ = false;  // comes back by itself
  core::Time left_at_{};
  std::uint64_t generation_ = 0;
  std::uint64_t next_life_ = 0;
  std::map<Place, Cursor> cursors_;
  std::map<Place, std::set<std::pair<core::Offset, std::int32_t>>> processed_;  // by (incarnation, partition): offset, epoch
  std::set<std::tuple<int, core::Partition, core::Offset>> failed_;
  std::map<Place, core::Offset> acked_to_;        // by (incarnation, partition)
  std::map<Place, bool> carried_;                 // likewise
  std::map<Place, std::vector<std::pair<core::Offset, core::Offset>>> overtaken_;  // likewise: from, to
};

}  // namespace tidemark::sim
