// The model of `__consumer_offsets` and of the coordinator that writes it.
//
// The log is what tails read, the rows are what OffsetFetch answers, and the
// two meet only in the coordinator; a gateway that confuses their order is
// wrong in ways that no single stream shows. So both are here, written by the
// same calls, as Kafka's coordinator does it (kafka.md §2): a transactional
// commit takes effect at its marker, but its version is its own record; the
// offsets of the log have gaps. Of a classic group one record tells who is in it;
// of a KIP-848 group each member has its own, and there are others that tell nothing
// of that.
//
// Each record also says what only the checker may know: which incarnation the
// committer really read, and whether a person moved the position by hand.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "core/position.h"
#include "core/time.h"
#include "fault.h"
#include "random.h"

namespace tidemark::sim {

struct CommitRecord {
  enum class Kind : std::uint8_t {
    commit,
    tombstone,
    membership,     // of a classic group: all of it
    group_deleted,  // what classic metadata said no longer holds
    member,         // of a KIP-848 group: one that is there
    member_gone,
    step,           // of its epochs and assignments
    marker
  };
  Kind kind = Kind::commit;
  core::LogPoint at;      // filled in by the log
  core::Time when{};      // likewise
  int group = 0;

  int topic = 0;
  core::Partition partition = 0;
  core::Offset offset = core::kNoOffset;
  int incarnation = -1;   // the one that the committer really read
  bool with_id = false;   // the record says so
  int told_as = -1;       // where an answer named another: the one that had the name then
  bool by_hand = false;
  bool by_dead = false;   // sent by a process without membership that had died by then
  bool beyond = false;    // above the partition's end when it was written
  std::int32_t epoch = -1;      // leader epoch of the record below `offset`, as it was read
  std::int32_t read_from = -1;  // of the leader that it was read from
  std::int32_t done_from = -1;  // likewise what is done above it
  bool with_epoch = false;      // the record says so
  std::vector<core::Range> done_above;  // records above `offset` that are done, as its metadata says
  std::int64_t producer = -1;  // of a transaction; of a marker

  bool settles = false;   // marker: commit rather than abort
  int members = 0;        // membership
  int member = -1;        // of a KIP-848 group: whose record it is
};

enum class GroupProtocol : std::uint8_t { classic, by_member, share };

class CommitLog {
 public:
  using Key = std::tuple<int, int, core::Partition>;  // group, topic, partition
  struct Row {
    core::Offset offset = core::kNoOffset;
    core::LogPoint at;
    int incarnation = -1;
    std::vector<core::Range> done_above;
    std::int32_t read_from = -1;
    std::int32_t done_from = -1;
  };
  struct Group {
    int partition = 0;     // of this log
    bool exists = false;   // has a membership record, or rows
    bool managed = false;  // had members since it was last deleted
    int members = 0;
    GroupProtocol protocol = GroupProtocol::classic;
    std::set<int> ids;       // of its members, by_member
  };

  CommitLog(int partitions, Random& random, Counters& counters);

  // Called with the partition after each append.
  std::function<void(int)> appended;

  int add_group(GroupProtocol protocol);
  // The group, which has no members, takes up the other protocol, classic or by_member.
  void convert(int group, core::Time now);
  const Group& group(int number) const { return groups_[static_cast<std::size_t>(number)]; }
  int groups() const { return static_cast<int>(groups_.size()); }

  // A plain commit when record.producer < 0, else one that waits for its marker.
  core::LogPoint commit(CommitRecord record, core::Time now);
  // Writes the marker of a transaction; false when it had no commit.
  bool settle(std::int64_t producer, bool commit, core::Time now);
  void remove_row(const Key& key, core::Time now);
  void membership(int group, int members, core::Time now);
  void remove_group(int group, core::Time now);

  bool has_pending(int group) const;
  bool has_pending(const Key& key) const;
  const Row* row(const Key& key) const;
  const std::map<Key, Row>& rows() const { return rows_; }

  int partitions() const { return static_cast<int>(partitions_.size()); }
  const std::vector<CommitRecord>& records(int partition) const { return at(partition).records; }
  core::Offset end(int partition) const { return at(partition).end; }
  core::Offset last_stable(int partition) const;
  // nullptr where no record stands.
  const CommitRecord* find(core::LogPoint point) const;

 private:
  struct Partition {
    std::vector<CommitRecord> records;
    core::Offset end = 0;
  };
  const Partition& at(int partition) const { return partitions_[static_cast<std::size_t>(partition)]; }
  core::LogPoint append(CommitRecord record, core::Time now);
  void apply(const CommitRecord& record);
  void note_group(int group, CommitRecord::Kind kind, int value, core::Time now);
  void note_members(int group, int members, core::Time now);

  Random& random_;
  Counters& counters_;
  std::vector<Partition> partitions_;
  std::vector<Group> groups_;
  std::map<Key, Row> rows_;
  std::map<std::int64_t, std::vector<CommitRecord>> pending_;  // by producer
  int next_member_ = 0;
};

}  // namespace tidemark::sim
