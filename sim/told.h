// What one gateway has been told, and what follows from it.
//
// The checker may not blame a gateway for what nobody told it, nor excuse it
// from what somebody did. So it keeps, beside the truth, the sequence of
// positions that each gateway was told per (group, topic, partition), and judges
// from it in the most naive way there is: walk back from the latest position to
// the step that crossed the event, and look at that step. This is deliberately
// another method than core's intervals.
//
// Threading: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "commit_log.h"
#include "core/events.h"
#include "core/mark.h"
#include "core/time.h"
#include "ranges.h"
#include "told_acks.h"
#include "told_cuts.h"
#include "told_shares.h"

namespace tidemark::sim {

struct AckRecord;

struct ToldPosition {
  core::Time when{};
  core::Time looked{};                    // when it was written, or found by whoever was asked
  core::Offset offset = core::kNoOffset;  // kNoOffset: the row was deleted
  core::LogPoint at;                      // unknown for a seed
  int incarnation = -1;                   // true one; -1 for a deleted row
  bool with_id = false;
  bool by_hand = false;
  core::Time emptied{};  // since when its group was told to be without members, where it was
  bool beyond = false;
  bool seed = false;
  core::TailPositions as_of;  // of a seed
  bool early = false;  // before the gateway knew of this incarnation
  bool may_begin = false;  // a group that is declared to begin at the start may have begun with it
  bool held = false;   // it may have waited for its partition's end
  bool rejected = false;  // and the end that came lay below it: of a log that was cut off
  bool lost = false;   // it names the epoch of what is known to be cut off: where that is now, nobody knows
  std::uint64_t order = 0;            // of everything told of commits
  std::vector<core::Range> done_above;
  bool done(core::Offset record) const { return contains(done_above, record); }
  // The end that its partition must have for it to count.
  core::Offset reach() const { return sim::reach(offset, done_above); }
  std::optional<core::Time> judged;   // when an end was told that had been asked for behind it
};

enum class Verdict { processed, skipped, unanchored, pending, unsure };

class Told {
 public:
  using Key = CommitLog::Key;
  struct GroupKnown {
    core::LogPoint at;
    core::TailPositions as_of;
    core::LogPoint changed_at;       // the latest record that showed a change and not who is in it since
    bool told = false;
    bool exists = false;
    bool managed = false;
    int members = 0;
    core::Time emptied{};            // when it was told to have no members, the last time
    core::LogPoint commit_at;        // highest commit of its own
    core::Time last_commit{};        // any commit, a person's too
    std::vector<std::pair<core::Time, bool>> commits; // newer ones; true: of its own
    std::vector<core::Time> signs;   // of life: membership that ended, newer commits of its own
    std::vector<core::Time> gained;  // when it was first told to have members again
    // The latest sign before `when`; the epoch when there was none. One of the
    // same instant may have been told before or after.
    core::Time sign_before(core::Time when) const;
    // One gained at the same instant may have been told after it.
    bool had_members(core::Time when) const { return members > 0 && !gained.empty() && gained.back() < when; }
    std::set<int> topics;        // subscribed, as shown
    std::set<int> asked_topics;  // of answers that the tail has yet to confirm
    bool topics_known = false;
    // Answers that said so, each of a moment that nobody knows: when they came, and where the tail stood before.
    std::vector<std::pair<core::Time, core::TailPositions>> asked_empty;
    // One had come by `when` that may be of a time before the record.
    bool found_empty_before(core::LogPoint record, core::Time when) const;
    std::optional<core::Time> client_known;  // since when: members and their client were told
    core::Time last_ack{};
    core::Time last_share{};  // a share state, be it one that was told before
    bool unclear = false;     // an answer and the tail disagree until the tail has caught up
  };

  explicit Told(int groups) : groups_(static_cast<std::size_t>(groups)) {}

  void commit(const CommitRecord& record, core::Offset settled_at, core::Time now);
  void seed(int group, const core::TailPositions& as_of, std::span<const std::pair<Key, CommitLog::Row>> rows,
            core::Time now);
  // `expected`: the configuration waits for it at this topic.
  void ack(const AckRecord& record, int topic, bool expected, core::Time now);
  // An answer about the group's positions, of what its coordinator had then.
  void looked(int group, core::Time when) { looks_[group].push_back(when); }
  // The same about its members: it had none.
  void looked_empty(int group, core::Time when) { empty_looks_[group].push_back(when); }
  // The latest that came of a time before `when`.
  core::Time look_before(int group, core::Time when) const;
  core::Time empty_look_before(int group, core::Time when) const;
  const ToldAcks& acks() const { return acks_; }
  // `in_sync`: the gateway was, at least once: then it is a sign of life.
  void share(const ShareRecord& state, bool in_sync, core::Time now);
  const ToldShares& shares() const { return shares_; }
  // Below it nothing is asked of the group by a barrier over the partition, as
  // far as can be told from here: never lower than what the gateway may hold.
  core::Offset baseline(const Key& key, int incarnation, bool declared, core::Offset end, core::Time by) const;
  void membership(int group, core::LogPoint at, const core::TailPositions& as_of, bool exists, bool managed,
                  int members, const std::set<int>* topics, core::Time now);
  // A record showed that something changed, and not who is in it now.
  void changed(int group, core::LogPoint at);
  void topic(int topic, int incarnation, int partitions);
  void synced() { synced_ = true; }
  // How many commits were told; a question for an end judges those before it.
  std::uint64_t heard() const { return heard_; }
  // `heard`: as of the question; 0 where nothing was asked.
  void end(int incarnation, core::Partition partition, core::Offset end, std::uint64_t heard, core::Time now);
  // The group was asked at `asked` what it has committed, and its coordinator looked at `taken`.
  void rows(int group, core::Time asked, core::Time taken, std::set<std::pair<int, core::Partition>> there);
  // Of a question that is under way.
  void asks_rows(int group) { ++rows_open_[group]; }
  bool is_asked_for_rows(int group) const { return rows_open_.contains(group) && rows_open_.at(group) > 0; }
  // Whether it was asked, and had looked, between the two, and found a row where one was written at `written`.
  bool rows_between(const Key& key, core::Time from, core::Time to, core::Time written) const;
  // When it was told that the offset is below the log's start; the end of time if it was not.
  core::Time told_gone(int incarnation, core::Partition partition, core::Offset offset) const;
  // Before the end is: it may show that the log was cut off. True when it does.
  bool end_of_leader(int incarnation, core::Partition partition, core::Offset end, std::int32_t epoch,
                     std::uint64_t number, core::Time now);
  // An append of its own was confirmed, before its end is told.
  bool epoch_ended(int incarnation, core::Partition partition, const EpochEnd& told, std::int32_t leader, core::Time now);
  void event_missed(int incarnation, core::Partition partition, const EpochEnd& told, core::Time now);
  bool appended(int incarnation, core::Partition partition, core::Offset offset, std::int32_t epoch, core::Time now);
  // Numbers go on when the topic is made again.
  void asked_end(int topic, core::Partition partition, std::uint64_t number);
  const ToldCuts& cuts() const { return cuts_; }
  ToldCuts& cuts() { return cuts_; }
  void log_start(int incarnation, core::Partition partition, core::Offset log_start, core::Time now);

  // What a gateway that was told this by `until` should say of `offset`, given
  // the anchor that a mark brings, if any.
  Verdict judge(const Key& key, int incarnation, core::Offset offset, const core::Anchor& anchor, bool declared,
                core::Time until) const;
  // The same with the latest `skip` positions left out; nullopt when that is
  // more than were told at the very moment `until`.
  std::optional<Verdict> judge_without(std::size_t skip, const Key& key, int incarnation, core::Offset offset,
                                       const core::Anchor& anchor, bool declared, core::Time until) const;
  // When it was told of the step that carried the position across `offset`.
  const ToldPosition* crossing(const Key& key, core::Offset offset, core::Time until) const;
  core::Time crossed_at(const Key& key, core::Offset offset, core::Time until) const;
  // A commit that was in force at some time of these named the record as done above it.
  bool completed_between(const Key& key, core::Offset offset, core::Time from, core::Time until) const;
  // The latest position in force; nullptr when nothing was told.
  const ToldPosition* latest(const Key& key) const;
  const std::vector<ToldPosition>* all(const Key& key) const;
  bool linked(int group, int topic) const;
  // A commit may be waiting for its partition's end, and hold those behind it;
  // or more did than a frontier keeps.
  bool holding(const Key& key, int incarnation, core::Time until) const;
  const GroupKnown& group(int number) const { return groups_[static_cast<std::size_t>(number)]; }
  int incarnation(int topic) const;
  int partitions(int topic) const;
  core::Offset known_end(int incarnation, core::Partition partition) const;
  // As it was told by `when`.
  core::Offset known_start(int incarnation, core::Partition partition, core::Time when) const;

 private:
  struct Positions {
    std::vector<ToldPosition> all;
    core::TailPositions as_of;  // of the seed that is last, if it is one
    core::LogPoint at;          // highest record
    int unanswered = 0;         // commits since none was last waiting for an end
    bool overflowed = false;    // more than a frontier can hold were waiting for an end
  };

  std::uint64_t heard_ = 0;
  ToldAcks acks_;
  ToldShares shares_;
  ToldCuts cuts_;
  std::map<ToldAcks::Key, std::uint64_t> acks_behind_end_;  // the latest above its known end, of `heard_`
  std::map<std::pair<int, core::Partition>, std::uint64_t> judged_to_;  // by (incarnation, partition)
  std::map<Key, std::pair<int, core::Offset>> first_ends_;  // incarnation, end when first seen
  std::vector<GroupKnown> groups_;
  std::map<Key, Positions> positions_;
  std::map<int, std::pair<int, int>> topics_;  // topic → incarnation, partitions
  std::set<int> made_again_;
  std::map<std::pair<int, core::Partition>, std::uint64_t> asked_;  // by topic
  bool synced_ = false;
  std::map<std::pair<int, core::Partition>, core::Offset> ends_;
  std::map<std::pair<int, core::Partition>, std::vector<std::pair<core::Time, core::Offset>>> starts_;
  struct RowsTold {
    core::Time asked{};
    core::Time taken{};
    std::set<std::pair<int, core::Partition>> there;  // topic, partition
  };
  std::map<int, std::vector<RowsTold>> rows_;  // by group
  std::map<int, int> rows_open_;
  std::map<int, std::vector<core::Time>> looks_;
  std::map<int, std::vector<core::Time>> empty_looks_;
};

}  // namespace tidemark::sim
