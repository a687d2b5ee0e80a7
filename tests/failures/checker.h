// Judges every answer of a run by what consumers did and what the log holds.
//
// The questions are the promises of docs/semantics.md. What a documented limit allows is
// counted and named, never passed over.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "history.h"

namespace tidemark::test {

struct Violation {
  std::string rule;      // one of kRules
  std::string evidence;  // event, answer, and what contradicts it
};

// P1 early: processed before Redis had it.        P2 descendant: an output of it was not.
// not-waited-for: success without a consumer.     P4 unanswered, late, twice.
// P5 lost: called appended, and not in the log.   ghost: called not appended, and in it.
// misplaced: another place or event than the log has. doubled: in the log twice.
// P5 unresolved: an unknown whose mark did not tell. P8 weaker, unsettled: a mark's later answers.
inline const std::vector<std::string> kRules{"early", "descendant", "not-waited-for", "unanswered", "late",
                                             "twice", "lost",       "ghost",          "misplaced",  "doubled",
                                             "unresolved", "weaker", "unsettled"};

struct Bounds {
  std::int64_t append_ms = 2'000;  // the gateways' default_wait
  std::int64_t late_ms = 2'000;  // P4's small bound, on a machine that runs everything else too
};

struct Judgement {
  std::vector<Violation> violations;
  std::map<std::string, std::size_t> counts;   // answers by status and outcome, and what was excused
  std::size_t answers = 0;                     // judged
  std::int64_t latest_ms = 0;                  // the most that an answer was late, pauses taken off
};

Judgement judge(const History& history, const Bounds& bounds = {});

}  // namespace tidemark::test
