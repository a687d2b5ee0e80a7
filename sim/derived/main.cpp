// tidemark-sim-derived: runs seeds of worlds in which records cause records, and
// says which one broke which promise.
//
//   tidemark-sim-derived --seed 7 --verbose         one run, as text
//   tidemark-sim-derived --seeds 0 2000             fixed seeds
//   tidemark-sim-derived --budget 10                fresh seeds for ten seconds
//   tidemark-sim-derived --bug NAME --seeds 0 10000 until the planted bug is caught
//   tidemark-sim-derived --twice --seeds 0 50       each twice: the same to the last step
//   --counters: fail when a kind of fault never happened
//
// Exit: 0 all promises kept (with --bug: caught), 1 not, 64 wrong usage.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "run.h"
#include "sim/planted.h"

namespace {

using namespace tidemark::sim::derived;
using tidemark::core::Bug;
using tidemark::sim::bug_named;
using tidemark::sim::name_of;
using tidemark::sim::plant;

constexpr std::uint64_t kMostFailures = 20;

struct Arguments {
  std::uint64_t from = 0;
  std::uint64_t count = 0;
  double budget = 0;
  Bug bug = Bug::none;
  bool verbose = false;
  bool twice = false;
  bool counters = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const int left = argc - i - 1;
    if (flag == "--seed" && left >= 1) {
      arguments.from = std::strtoull(argv[++i], nullptr, 10);
      arguments.count = 1;
    } else if (flag == "--seeds" && left >= 2) {
      arguments.from = std::strtoull(argv[++i], nullptr, 10);
      arguments.count = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--budget" && left >= 1) {
      arguments.budget = std::strtod(argv[++i], nullptr);
    } else if (flag == "--bug" && left >= 1) {
      const std::optional<Bug> bug = bug_named(argv[++i]);
      if (!bug) return std::nullopt;
      arguments.bug = *bug;
    } else if (flag == "--verbose") {
      arguments.verbose = true;
    } else if (flag == "--twice") {
      arguments.twice = true;
    } else if (flag == "--counters") {
      arguments.counters = true;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.count == 0 && arguments.budget <= 0) return std::nullopt;
  return arguments;
}

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t answers = 0;
  std::uint64_t processed = 0;
  std::uint64_t failures = 0;
  std::uint64_t first_failure = 0;
  std::string reason;
  Counters counters;
};

void run_seed(std::uint64_t seed, const Arguments& arguments, Totals& totals) {
  RunResult result = run(seed, arguments.verbose);
  if (arguments.twice && !result.failure && run(seed).hash != result.hash) {
    result.failure = "the same seed gave two different runs";
  }
  ++totals.seeds;
  totals.events += result.events;
  totals.answers += result.answers;
  totals.processed += result.processed;
  totals.counters.add(result.counters);
  if (!result.failure) return;
  if (totals.failures++ == 0) {
    totals.first_failure = seed;
    totals.reason = *result.failure;
  }
  if (arguments.bug != Bug::none) return;
  std::printf("seed %" PRIu64 ": %s\n  replay: tidemark-sim-derived --seed %" PRIu64 " --verbose\n", seed,
              result.failure->c_str(), seed);
}

int report_hunt(Bug bug, const Totals& totals) {
  const std::string name(name_of(bug));
  if (totals.failures == 0) {
    std::printf("%s: not caught in %" PRIu64 " seeds\n", name.c_str(), totals.seeds);
    return 1;
  }
  std::printf("%s: caught after %" PRIu64 " seeds (seed %" PRIu64 "): %s\n", name.c_str(), totals.seeds,
              totals.first_failure, totals.reason.c_str());
  return 0;
}

int report(const Arguments& arguments, const Totals& totals) {
  std::printf("%" PRIu64 " seeds, %" PRIu64 " core events, %" PRIu64 " answers (%" PRIu64 " processed)\n", totals.seeds,
              totals.events, totals.answers, totals.processed);
  bool silent = false;
  for (std::size_t i = 0; i < kFaults; ++i) {
    std::printf("  %-40s %10" PRIu64 "\n", kFaultNames[i], totals.counters.faults[i]);
    silent = silent || totals.counters.faults[i] == 0;
  }
  for (std::size_t i = 0; i < kExcuses; ++i) {
    std::printf("  excused: %-31s %10" PRIu64 "\n", kExcuseNames[i], totals.counters.excuses[i]);
  }
  if (totals.failures > 0) std::printf("%" PRIu64 " of %" PRIu64 " seeds failed\n", totals.failures, totals.seeds);
  if (arguments.counters && silent) std::printf("a kind of fault never happened: its counter is zero\n");
  return totals.failures > 0 || (arguments.counters && silent) ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Arguments> arguments = parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "usage: tidemark-sim-derived [--seed N | --seeds FROM COUNT | --budget SECONDS]\n"
                         "                             [--bug NAME] [--verbose] [--twice] [--counters]\n");
    return 64;
  }
  plant(arguments->bug);
  Totals totals;
  const bool hunting = arguments->bug != Bug::none;
  for (std::uint64_t i = 0; i < arguments->count && totals.failures < (hunting ? 1 : kMostFailures); ++i) {
    run_seed(arguments->from + i, *arguments, totals);
  }
  if (arguments->budget > 0) {
    std::random_device device;
    std::uint64_t seed = (std::uint64_t{device()} << 20) ^ device();
    std::printf("fresh seeds from %" PRIu64 "\n", seed);
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(arguments->budget);
    while (std::chrono::steady_clock::now() < until && totals.failures == 0) run_seed(seed++, *arguments, totals);
  }
  return hunting ? report_hunt(arguments->bug, totals) : report(*arguments, totals);
}
