// The open waits, by slot, and their deadlines.
//
// Thousands of requests are held at once and each comes and goes within
// milliseconds, so waits live in reused slots (no rehashing, no search), and an
// id carries the slot's generation so that a late delivery or commit for a
// freed wait cannot reach its successor.
//
// Invariant: a wait is in the table from its admission until it is answered or
// cancelled; `deadlines` holds exactly the waits whose deadline has not been
// acted on.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/answer.h"
#include "core/consumers.h"
#include "core/follow.h"
#include "core/mark.h"
#include "core/topics.h"

namespace tidemark::core {

// One position that a wait is about.
struct WaitTerm {
  Term::Kind kind = Term::Kind::event;
  TopicNumber topic = 0;
  Uuid topic_id;
  Partition partition = -1;
  Offset first = kNoOffset;
  Offset last = kNoOffset;
  std::int32_t leader_epoch = -1;
  Uuid id;  // of a pending term
  bool lost = false;        // the log was cut off below it
  bool end_told = true;     // of a barrier: false until the end it asked for is told
  bool derived = false;     // what lies below a fence: not named by the mark's terms
  std::uint32_t needs = 0;  // first of its needs, which follow each other
};

// What only an outcome has.
struct Ended {
  Evidence evidence;
  Time at{};  // when it came
};

// One consumer at one term. Most memory of a gateway that holds many waits is
// here: what only an outcome has is on the heap, and the order leaves no gaps.
struct Need {
  ConsumerNumber consumer = 0;
  std::uint32_t term = 0;
  std::uint32_t place = Follow::kNone;  // where the wait follows what its consumer writes
  ExpectedBy by = ExpectedBy::observed;
  Outcome outcome = Outcome::pending;
  PendingReason reason = PendingReason::append;
  // It is past the term, and its dead letters are to be read before that counts.
  enum class Check : std::uint8_t { none, waiting, under_way, done };
  Check check = Check::none;
  bool indexed = false;        // has an Obligation in the consumer's cell
  bool dead_lettered = false;  // one was found
  Offset since = 0;            // nothing below is asked of it (a barrier's baseline)
  Anchor anchor;               // at the append, or from the mark
  std::unique_ptr<Ended> ended;  // from settle() on; how it stands before, its cell says
};

struct Wait {
  enum class State : std::uint8_t { free, appending, waiting };
  State state = State::free;
  std::uint32_t generation = 1;
  bool is_publish = false;
  bool hold = true;              // wait for the outcomes, not only for the append
  bool unknown_terms = false;    // a mark with a pending term
  bool cut_by_drain = false;
  bool is_barrier = false;
  bool too_large = false;        // to be followed further: never settled
  std::uint32_t asking = 0;              // terms whose end is not told
  std::uint32_t first_looks = 0;         // looks that its first answer waits for
  bool ends_looked_at = false;           // of a wait that is not held
  std::vector<std::uint64_t> searches;   // looks under way or to come
  Scope scope = Scope::event;
  Uuid id;
  Time began{};
  Time deadline{};
  Time appended{};
  std::vector<WaitTerm> terms;
  std::vector<Need> needs;
  std::size_t open = 0;          // needs without an outcome
  std::unique_ptr<Follow> follow;  // where somebody writes because of it, or more than the event is asked
};

class WaitTable {
 public:
  std::uint32_t open(Time deadline);  // slot of a fresh wait
  void close(std::uint32_t slot);
  // The deadline was acted on, though the wait goes on (its append is overdue).
  void forget_deadline(std::uint32_t slot);
  // Brings a deadline forward.
  void hasten(std::uint32_t slot, Time deadline);

  Wait& operator[](std::uint32_t slot) { return waits_[slot]; }
  Wait* find(WaitId id);
  WaitId id_of(std::uint32_t slot) const { return WaitId{slot, waits_[slot].generation}; }
  std::size_t size() const { return size_; }
  std::size_t slots() const { return waits_.size(); }
  const std::set<std::pair<Time, std::uint32_t>>& deadlines() const { return deadlines_; }

 private:
  std::deque<Wait> waits_;
  std::vector<std::uint32_t> free_;
  std::set<std::pair<Time, std::uint32_t>> deadlines_;
  std::size_t size_ = 0;
};

}  // namespace tidemark::core
