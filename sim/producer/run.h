// One seed, from nothing to the last check.
//
// While there are faults, anything may happen to a request. Then they stop, the
// cluster is well, and all that is open must end, what is appended from then on
// must succeed, and whatever is still in the network arrives; only then are the
// logs read.
//
// Threading: none; runs share nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fault.h"

namespace tidemark::sim::producer {

struct RunResult {
  std::optional<std::string> failure;
  std::uint64_t hash = 0;   // of everything that happened
  std::uint64_t steps = 0;
  Counters counters;
};

RunResult run(std::uint64_t seed, bool verbose = false);

}  // namespace tidemark::sim::producer
