// How far one consumer has come in one partition, and what that proves.
//
// The obvious answer, "committed offset > event's offset", lies four ways: a
// group that starts at *latest* passes over the event and commits behind it; a
// reset moves the offset without reading; a commit may lie beyond the end of
// the partition; and an old value may arrive after a newer one. So a frontier
// keeps, beside the latest commit and its version, the ranges through which it
// saw the consumer move (P1), and forgets what a later reset takes back (P3).
//
// Invariants: while there is a position, every proven or skipped range lies
// below it; commits take effect in version order (P6), and one that is held for
// its partition's end holds those behind it. A move back that is held so
// already takes back what lies above it (P3).
//
// Threading: none; a value owned by the engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/answer.h"
#include "core/interval_set.h"
#include "core/mark.h"
#include "core/position.h"

namespace tidemark::core {

// What a commit or a seed did.
enum class Applied {
  moved,        // the position changed: obligations below it may have ended
  passed_over,  // records were passed over unread: any obligation may have ended
  same,         // understood, nothing changed
  stale,        // older than what is known: ignored
  held,         // beyond the known end: ask for the end, then call judge()
};

class Frontier {
 public:
  // Commits held for one end; more make the position unknown, which is sound.
  static constexpr std::size_t kMaxHeld = 32;
  static constexpr std::size_t kMaxCuts = 8;  // that it is not past; beyond it the lowest is forgotten

  struct Update {
    Offset offset = kNoOffset;     // kNoOffset: the row was deleted
    LogPoint at;
    Offset settled_at = kNoOffset;
    std::int32_t leader_epoch = -1;  // of the record below `offset`; -1: not said
    bool moved_by_hand = false;    // the group had members and has none: a reset
    bool from_start = false;       // declared: without a position the group begins at the log's start
    bool members_go_on = false;    // of a deleted row: the group has members, whose own positions it does not change
    std::uint64_t ask = 0;         // number of the question that will judge it, if it must be held
    std::vector<Range> done_above; // records above `offset` that are done too
  };

  // `known_end`: lowest value the partition's high watermark can have now.
  Applied commit(const Update& update, Offset known_end);

  // A value that was asked for; rows that are missing are not passed. Counts
  // only while nothing else is known: the tail misses nothing after `as_of`, so
  // whatever it showed is newer.
  Applied seed(Offset offset, const TailPositions& as_of, Offset known_end, std::uint64_t ask,
               std::vector<Range> done_above = {});

  // The end became known, `asked` being the latest question it answers, and the
  // log's cuts, which may have been seen since. Applies or rejects what was held.
  // `same` when nothing was.
  Applied judge(Offset known_end, std::uint64_t asked, std::span<const Cut> cuts = {});

  // Records below `log_start` are gone, and the consumer had committed nothing at
  // or above it when they went: where its position lies there it cannot have read
  // up to it. A later commit below it takes this back: to be told again; until then
  // what a commit above it passed is not proven. `jumped`: from its position then to where
  // it has committed since, which proves nothing. `passed_over` or `same`.
  Applied log_started_at(Offset log_start, const Range& jumped = {0, -1});

  // The consumer had committed nothing when the records below `log_start` were gone: its first
  // commit, read since, says nothing of them.
  void began_above(Offset log_start);

  // It has no position any more, by its own word, and had none when the records below `log_start`
  // were gone. The deletion is on its way; whatever it commits behind that says nothing of them.
  void deletion_comes(Offset log_start) { deleted_from_ = std::max(deleted_from_, log_start); }

  // What was at or above `end` is gone, and other records may take its place. A
  // position above it is unknown from now on; how far the consumer had read
  // beyond its position, nobody knows.
  void log_cut_at(Offset end);

  // The group committed here, the latest time at `until`, what this frontier does not say.
  void missed_commits(LogPoint until);

  struct Standing {
    Outcome outcome = Outcome::pending;
    PendingReason reason = PendingReason::none;
    Evidence evidence;
  };
  // Where this consumer stands with the records in [first, last]. `anchor` is
  // one that a mark carries, if any.
  Standing standing(Offset first, Offset last, const Anchor& anchor = {}) const;

  // The anchor that a mark for `offset` should carry: a position at or below it
  // that was seen. Unknown when there is none.
  Anchor anchor_for(Offset offset) const;

  bool has_position() const { return committed_ != kNoOffset; }
  // What the commit in force says of records above it.
  const std::vector<Range>& done_above() const { return done_above_; }
  Offset committed() const { return committed_; }
  Offset log_start() const { return log_start_; }  // as log_started_at said
  LogPoint at() const { return at_; }
  // The first position that was ever known; kNoOffset when none was.
  Offset first_known() const { return first_known_; }
  // All from the log's start up to a position is proven: the group was declared to begin there, and was seen to.
  bool began_declared() const { return began_declared_ && !began_before_cut_; }
  bool holding() const { return !held_.empty(); }
  // A commit at or below the record is held: it is in force.
  bool moves_back_to(Offset last) const;
  // The latest commit lay beyond the partition's end and was rejected.
  bool beyond_end() const { return beyond_end_; }

 private:
  void apply(const Update& update);
  void lose_position(LogPoint at);
  void leave_to_log_start();
  void pass_over(Offset from, Offset to, LogPoint at);
  Applied difference(Offset before, std::uint64_t passed_over) const;
  bool anchors(const Anchor& anchor, Offset first) const;

  Offset committed_ = kNoOffset;
  Offset first_known_ = kNoOffset;
  LogPoint at_;                   // record of the latest commit, applied or held; unknown after a seed
  LogPoint applied_at_;           // record of committed_
  TailPositions as_of_;           // version of a seed, while no record of the group was seen since
  Offset previous_ = kNoOffset;   // the position before committed_, and its record
  LogPoint previous_at_;
  Offset log_start_ = 0;          // as far as known
  Offset start_above_ = kNoOffset;  // known when a commit below it was read, and not told again since
  Offset deleted_from_ = 0;         // as deletion_comes() said, until it has
  LogPoint broken_at_;            // the last record at which the position became unknown
  bool broken_ = false;           // older anchors prove nothing
  bool has_row_ = false;          // the group has committed, though its position may be unknown
  std::uint64_t passed_over_ = 0; // ranges passed over so far
  std::vector<Offset> cuts_;      // the log was cut there, each later above, and no commit has come from above; sorted
  bool began_declared_ = false;   // proven_ reaches down to the log's start by declaration
  bool began_before_cut_ = false; // its first known position lies above one: it may have read there before
  bool beyond_end_ = false;
  IntervalSet proven_;
  IntervalSet skipped_;
  std::vector<Range> done_above_;
  std::vector<Update> held_;
};

}  // namespace tidemark::core
