// The consumers that core knows: who is in a group, what it reads, how far it is.
//
// "No members" is not "gone": clients that only assign() never have any, a
// rolling restart has none for a moment, and a gateway that has just started
// has seen nothing yet. So a consumer keeps the time of its last sign of life
// beside its membership, and only both together make it absent (DESIGN §6).
//
// Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/acked.h"
#include "core/cadence.h"
#include "core/early_client.h"
#include "core/events.h"
#include "core/frontier.h"
#include "core/member_ids.h"
#include "core/numbered.h"
#include "core/obligations.h"
#include "core/promptness.h"
#include "core/share_slots.h"
#include "core/topics.h"

namespace tidemark::core {

// Commits for a topic of the same name that the list does not show yet. Dropped,
// a person's among them would be missed, and what follows it taken for progress.
struct EarlyCommits {
  Uuid topic_id;
  std::vector<Frontier::Update> updates;  // in order, at most Frontier::kMaxHeld
};

// A log start was told that lies above the consumer's position: engine_log_start.cpp.
struct BelowStart {
  // Between the two, while the group is asked whether it was there by then:
  // nothing here ends. first > last: not asked.
  Range in_question{0, -1};
  // Or it has said that it was here, which is not read yet; kNoOffset: it has not.
  Offset was_at = kNoOffset;
  Offset start = 0;  // the log start that this was about
};

// One consumer's place in one partition.
struct Cell {
  Frontier frontier;
  Obligations obligations;
  std::unique_ptr<Acked> acked;  // what it said of single records; made on first use
  std::unique_ptr<EarlyCommits> early;
  std::size_t ranges = 0;        // obligations about more than one record
  BelowStart below;
  std::int32_t share_epoch = -1; // of a share group: of its state, as last told
  std::unique_ptr<ShareSlots> slots;  // likewise; made on first use
  bool row = false;  // the group has a commit here; a wait alone makes a cell too
};

struct Consumer {
  std::string name;
  bool configured = false;      // named in the configuration
  bool denied = false;          // by pattern: neither shown nor waited for
  bool optional = false;        // by pattern: shown, not waited for
  bool reset_earliest = false;  // declared
  bool commits_after = false;   // declared: commits after the work, whatever its client

  bool acks_declared = false;   // sends acks: commits are no evidence
  std::vector<TopicNumber> acked_topics;  // those it has sent an ack for; sorted
  bool share = false;           // a share group
  // Ends of subscribed partitions when it was first seen there: a barrier asks
  // nothing below of it. kNoOffset while not told.
  std::unordered_map<TopicNumber, std::vector<Offset>> first_seen;

  bool managed = false;  // has, or once had, members
  int members = 0;
  bool topics_known = false;
  std::vector<TopicNumber> subscribed;  // sorted
  std::string client;
  std::string member;  // its id
  EarlyClient recognised = EarlyClient::none;
  LogPoint group_at;          // version of the membership, where the tail showed it
  TailPositions group_as_of;  // else, of the answer that told it
  // The latest membership that the tail showed, in order with the commits. An
  // answer says nothing of the records between its question and itself.
  struct Shown {
    LogPoint at;
    bool empty = false;  // a group that has members at times, and has none
  };
  std::optional<Shown> shown;
  MemberIds ids;              // of a KIP-848 group
  LogPoint member_shown;      // the latest record that showed a member, but not how many there are
  TailPositions sure_empty;   // else, of an answer before the latest, which the tail confirmed: no members
  bool told_for_sure = false; // the tail has passed the answer that told the membership
  LogPoint commit_at;         // the latest commit seen, counted or not
  LogPoint read_to;           // where the commit read last took effect: its own record, or its transaction's marker
  Offset read_at = kNoOffset; // its record
  bool cells_refused = false; // the table was full: cells made later have missed some of its commits
  bool dormant = false;  // found without members at the start; not observed until it commits or gains some
  Time last_sign{};      // latest commit, or end of membership
  Cadence cadence;
  std::unique_ptr<Promptness> promptness;  // of one whose client may commit early by a timer

  std::unordered_map<std::uint64_t, std::unique_ptr<Cell>> cells;
  std::unordered_map<TopicNumber, std::uint32_t> rows_per_topic;
  std::size_t open = 0;  // obligations

  // The client whose commits come before its work is done, if that is what this is.
  EarlyClient early() const;
  // The interval of the timer that it commits by, as far as its commits show one.
  std::optional<Duration> timer() const;
  // A commit covers an event that was asked for at `began`; kept where it matters.
  void commits_event(LogPoint at, Time began, Time now);
  bool acks(TopicNumber topic) const;
  bool subscribes(TopicNumber topic) const;
  bool commits(TopicNumber topic) const { return rows_per_topic.contains(topic); }
  // The group had members and has none.
  bool is_empty_group() const { return managed && members == 0; }
  // A commit whose record is `at` was made by somebody's hand: the group was
  // empty by then. One inside a transaction may be older than the emptiness.
  bool moved_by_hand(LogPoint at) const;
  bool shows_member_since(const TailPositions& from) const;
  // The tail reads in the order in which commits take effect, so this one was
  // read before; the frontier that it moved then may be gone with its topic.
  // Rows of one answer have one version, and each is news.
  bool has_read(LogPoint at, Offset settled_at) const;
  void reads(LogPoint at, Offset settled_at);
  // Asked for, it is there: but without a member, or a sign of life, whoever it was may be long gone.
  void found_by_asking();
  // Of a KIP-848 group: takes over who is in it, by its records.
  void show_members();
  // A commit was read; true when it is newer than every one before.
  bool notes_commit(LogPoint at);
  Cell* cell(TopicNumber topic, Partition partition);
  const Cell* cell(TopicNumber topic, Partition partition) const;
  static std::uint64_t key(TopicNumber topic, Partition partition) {
    return (std::uint64_t{topic} << 32) | static_cast<std::uint32_t>(partition);
  }
  static TopicNumber topic_of(std::uint64_t key) { return static_cast<TopicNumber>(key >> 32); }
  static Partition partition_of(std::uint64_t key) { return static_cast<Partition>(key & 0xffffffffU); }
};

class Consumers {
 public:
  Consumers(std::size_t max_consumers, std::size_t max_frontiers)
      : max_consumers_(max_consumers), max_frontiers_(max_frontiers) {}

  std::optional<ConsumerNumber> find(std::string_view name) const { return consumers_.find(name); }
  // A new entry at the end, for which the caller fills in the patterns'
  // verdict. nullopt when the table is full.
  std::optional<ConsumerNumber> add(std::string_view name);

  Consumer& operator[](ConsumerNumber number) { return consumers_[number]; }
  const Consumer& operator[](ConsumerNumber number) const { return consumers_[number]; }
  std::size_t size() const { return consumers_.size(); }
  std::size_t frontiers() const { return frontiers_; }

  // Makes the cell where there is none; nullptr when the table is full.
  Cell* cell_or_add(ConsumerNumber consumer, TopicNumber topic, Partition partition, Topics& topics);
  void remove_cell(ConsumerNumber consumer, std::uint64_t key);
  // The group's row for the cell's partition was written, or deleted.
  void note_row(ConsumerNumber consumer, TopicNumber topic, Cell& cell, bool present);

  // Applies what was learned of a group; false when it is older than what is
  // known and was ignored. `in_sync`: the tail keeps up with the log.
  bool update(ConsumerNumber consumer, const GroupState& state, Topics& topics, bool in_sync, Time now);
  // A record changed the membership without telling all of it.
  void change(ConsumerNumber consumer, const GroupChange& change);
  // The tail has passed all that was told so far.
  void caught_up();

  // Notes that `consumer` has to do with `topic`.
  static void link(Topics& topics, TopicNumber topic, ConsumerNumber consumer);

 private:
  Numbered<Consumer> consumers_;
  std::size_t max_consumers_;
  std::size_t max_frontiers_;
  std::size_t frontiers_ = 0;
};

}  // namespace tidemark::core
