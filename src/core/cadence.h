// Does a consumer commit by timer, and how often?
//
// A consumer on a five-second timer has done the work and still keeps every
// publisher waiting for seconds; only the rhythm of its commits shows that, and
// the person reading the answer should be told. A mean would not do: a batch
// consumer under load also has a steady mean. A timer shows as several gaps
// that are long and nearly equal. Events at an even pace show the same of a
// consumer that commits each: promptness.h.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/time.h"

namespace tidemark::core {

class Cadence {
 public:
  // Commits of one group within this time are one round of its timer.
  static constexpr Duration kBurst = std::chrono::milliseconds(100);
  static constexpr Duration kShortestTimer = std::chrono::milliseconds(400);
  static constexpr std::size_t kGaps = 5;
  static constexpr int kLongestSilence = 20;  // rounds without a commit, at most

  void committed(Time now);

  // The timer's interval; nullopt while there are too few rounds, or no rhythm:
  // a gap of the last kGaps is neither about the shortest, nor near a whole
  // multiple of it, as where a round had nothing to commit.
  std::optional<Duration> interval() const;

 private:
  std::array<Duration, kGaps> gaps_{};
  std::size_t count_ = 0;
  Time last_{};
  bool any_ = false;
};

}  // namespace tidemark::core
