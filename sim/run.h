// One seed, from nothing to the last check.
//
// A run has two phases. In the first, faults fall on gateways, groups, topics
// and clients as the seed's plan says. In the second they have stopped,
// everybody runs, and everything must settle: a system that is only safe may
// simply have stopped answering.
//
// Threading: none; runs share nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine_port.h"
#include "fault.h"

namespace tidemark::sim {

struct RunOptions {
  bool verbose = false;
  bool keep_recordings = false;
  bool polled = false;  // the commit log is denied: positions are asked for
  bool cuts = true;  // logs may be cut off by leaders elected out of sync
};

struct RunResult {
  std::optional<std::string> failure;
  std::uint64_t hash = 0;       // of everything that happened
  std::uint64_t events = 0;     // calls into engines
  std::uint64_t answers = 0;
  std::uint64_t processed = 0;  // answers that were success
  Counters counters;
  std::vector<std::unique_ptr<Recording>> recordings;
};

RunResult run(std::uint64_t seed, const RunOptions& options = {});

}  // namespace tidemark::sim
