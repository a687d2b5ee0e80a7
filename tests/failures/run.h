// One run: a world, publishers, a schedule, and the judgement.
//
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checker.h"
#include "publishers.h"
#include "recorder.h"
#include "schedule.h"
#include "world.h"

namespace tidemark::test {

struct RunOptions {
  int nodes = 1;
  std::size_t cycles = 0;  // 0: each kind of fault once
  std::uint64_t seed = 1;
  std::uint16_t port = 0;
  std::filesystem::path directory;
  std::filesystem::path clock_library;
  std::vector<Fault> only;  // empty: all that can be done here
};

class Run {
 public:
  explicit Run(const RunOptions& options);
  // Prints as it goes; true: no violation.
  bool execute();
  std::size_t cycles() const { return cycles_; }
  std::size_t answers() const { return judgement_.answers; }

 private:
  std::vector<Fault> kinds() const;
  void cycle(const Cycle& cycle);
  // What everybody must get again once a fault is over: how long that took.
  std::int64_t await_life();
  void settle_marks();
  bool settle_in();
  // Publishing stops, all waits end, and the gateways are measured.
  void measure();
  void collect();
  void complain(const std::string& rule, const std::string& evidence);
  void report();

  const RunOptions options_;
  Recorder recorder_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Publishers> publishers_;
  std::map<int, std::pair<pid_t, World::Size>> first_size_;  // of the process that is there now
  std::map<int, World::Size> last_size_;
  std::map<int, pid_t> settled_in_;
  History history_;
  Judgement judgement_;
  std::vector<Violation> own_;  // what the run itself found
  std::size_t cycles_ = 0;
  std::int64_t slowest_life_ = 0;
};

}  // namespace tidemark::test
