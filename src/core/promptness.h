// Do a consumer's commits follow the events, or a clock?
//
// A client that commits by hand while events come at an even pace has the rhythm
// of a timer. That its commits come soon after the events does not clear it: a
// publisher in step with a timer, one that sends the next event so long after the
// last answer as the timer's interval or a little less, say, has every event
// committed a moment after it was appended. What a timer cannot do is leave its
// grid. Its ticks may be late, by the work that an event gives the client at
// most, so by no more than the event then waits for its commit: where three events
// in a row were each committed within kPrompt, the two gaps between those commits
// differ by about a multiple of the interval, give or take twice that. Gaps that
// differ by more, and by less than the shortest timer there is, are nobody's
// grid, whatever its interval: a stray. A timer does show one where a pause of
// the whole machine held up the publisher and the tick together; so it takes
// several strays, no two about the same commit, and hardly any commit that was late.
//
// An exactly even pace shows no strays, and stays in doubt. Threading: none.
#pragma once

#include <array>
#include <cstddef>

#include "core/cadence.h"
#include "core/time.h"

namespace tidemark::core {

class Promptness {
 public:
  static constexpr Duration kPrompt = std::chrono::milliseconds(40);
  static constexpr Duration kMargin = std::chrono::milliseconds(20);  // how exactly times are seen
  static constexpr Duration kStraysFrom = 2 * kPrompt + kMargin;
  static constexpr Duration kStraysTo = Cadence::kShortestTimer - kStraysFrom;
  static constexpr std::size_t kRounds = 32;  // the latest are looked at,
  static constexpr std::size_t kEnough = 12;  // once there are so many
  static constexpr std::size_t kStrays = 4;
  static constexpr std::size_t kOneLateIn = 8;  // at most so many come late

  // A commit that covers an event which was asked for `delay` ago: the first of
  // those that no commit had covered. Of what others appended nobody knows when.
  void committed(Time now, Duration delay);

  // Not by a timer of kShortestTimer or more.
  bool follows_events() const { return follows_; }

 private:
  struct Round {
    Time at{};
    Duration delay{};
  };
  const Round& latest(std::size_t ago) const { return rounds_[(count_ - 1 - ago) % kRounds]; }
  bool judge() const;

  std::array<Round, kRounds> rounds_{};
  std::size_t count_ = 0;
  bool follows_ = false;
};

}  // namespace tidemark::core
