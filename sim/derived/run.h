// One seed, from nothing to the last check.
//
// While there are faults, anything may happen. Then they stop, others go on
// writing at a moderate rate, and what is asked now must be settled long before
// its deadline: no wait chases its own tail. Last, every answer is judged by all
// that came of its events.
//
// Threading: none; runs share nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fault.h"

namespace tidemark::sim::derived {

struct RunResult {
  std::optional<std::string> failure;
  std::uint64_t hash = 0;  // of everything that happened
  std::uint64_t events = 0;
  std::uint64_t answers = 0;
  std::uint64_t processed = 0;
  Counters counters;
};

RunResult run(std::uint64_t seed, bool verbose = false);

}  // namespace tidemark::sim::derived
