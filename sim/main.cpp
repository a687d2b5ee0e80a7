// tidemark-sim: runs seeds, and says which one broke which promise.
//
//   tidemark-sim --seed 7 --verbose         one run, as text
//   tidemark-sim --seeds 0 2000             fixed seeds
//   tidemark-sim --budget 10                fresh seeds for ten seconds
//   tidemark-sim --bug NAME --seeds 0 10000 until the planted bug is caught
//   tidemark-sim --twice --seeds 0 50       each twice: the same to the last step
//   tidemark-sim --speed                    core's events a second, models aside
//   --counters: fail when a kind of fault never happened
//   --no-cuts: no log is cut off
//   --polled: gateways may not read the commit log, and ask for positions
//
// Exit: 0 all promises kept (with --bug: caught), 1 not, 64 wrong usage.

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "core/engine.h"
#include "planted.h"
#include "run.h"

namespace {

using namespace tidemark;

struct Arguments {
  std::uint64_t from = 0;
  std::uint64_t count = 0;
  double budget = 0;
  core::Bug bug = core::Bug::none;
  bool verbose = false;
  bool twice = false;
  bool speed = false;
  bool counters = false;
  bool cuts = true;
  bool polled = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  const auto number = [&](int i) { return i < argc ? std::strtoull(argv[i], nullptr, 10) : 0; };
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--seed" && i + 1 < argc) {
      arguments.from = number(++i);
      arguments.count = 1;
    } else if (flag == "--seeds" && i + 2 < argc) {
      arguments.from = number(++i);
      arguments.count = number(++i);
    } else if (flag == "--budget" && i + 1 < argc) {
      arguments.budget = std::strtod(argv[++i], nullptr);
    } else if (flag == "--bug" && i + 1 < argc) {
      const auto bug = sim::bug_named(argv[++i]);
      if (!bug) return std::nullopt;
      arguments.bug = *bug;
    } else if (flag == "--verbose") {
      arguments.verbose = true;
    } else if (flag == "--twice") {
      arguments.twice = true;
    } else if (flag == "--speed") {
      arguments.speed = true;
    } else if (flag == "--counters") {
      arguments.counters = true;
    } else if (flag == "--no-cuts") {
      arguments.cuts = false;
    } else if (flag == "--polled") {
      arguments.polled = true;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.count == 0 && arguments.budget <= 0 && !arguments.speed) return std::nullopt;
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
  sim::Counters counters;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void run_seed(std::uint64_t seed, const Arguments& arguments, Totals& totals) {
  sim::RunOptions options;
  options.verbose = arguments.verbose;
  options.cuts = arguments.cuts;
  options.polled = arguments.polled;
  sim::RunResult result = sim::run(seed, options);
  if (arguments.twice && !result.failure && sim::run(seed, options).hash != result.hash)
    result.failure = "the same seed gave two different runs";
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
  if (arguments.bug == core::Bug::none)
    std::printf("seed %" PRIu64 ": %s\n  replay: tidemark-sim --seed %" PRIu64 " --verbose%s%s\n", seed,
                result.failure->c_str(), seed, arguments.cuts ? "" : " --no-cuts", arguments.polled ? " --polled" : "");
}

int report(const Arguments& arguments, const Totals& totals, double cpu) {
  if (arguments.bug != core::Bug::none) {
    if (totals.failures == 0) {
      std::printf("%s: not caught in %" PRIu64 " seeds\n", std::string(sim::name_of(arguments.bug)).c_str(), totals.seeds);
      return 1;
    }
    std::printf("%s: caught after %" PRIu64 " seeds (seed %" PRIu64 "): %s\n",
                std::string(sim::name_of(arguments.bug)).c_str(), totals.seeds, totals.first_failure, totals.reason.c_str());
    return 0;
  }
  std::printf("%" PRIu64 " seeds, %" PRIu64 " core events, %" PRIu64 " answers (%" PRIu64
              " processed), %.1f s of CPU, %.0f core events a second, models and checker included\n",
              totals.seeds, totals.events, totals.answers, totals.processed, cpu, static_cast<double>(totals.events) / cpu);
  bool silent = false;
  for (std::size_t i = 0; i < sim::kFaults; ++i) {
    std::printf("  %-34s %10" PRIu64 "\n", sim::kFaultNames[i], totals.counters.faults[i]);
    const auto fault = static_cast<sim::Fault>(i);
    const bool of_polling = fault == sim::Fault::polled_position || fault == sim::Fault::polled_members;
    silent = silent || (totals.counters.faults[i] == 0 && (arguments.polled || !of_polling));
  }
  for (std::size_t i = 0; i < sim::kExcuses; ++i)
    std::printf("  excused: %-25s %10" PRIu64 "\n", sim::kExcuseNames[i], totals.counters.excuses[i]);
  if (totals.failures > 0) std::printf("%" PRIu64 " of %" PRIu64 " seeds failed\n", totals.failures, totals.seeds);
  if (arguments.counters && silent) std::printf("a kind of fault never happened: its counter is zero\n");
  return totals.failures > 0 || (arguments.counters && silent) ? 1 : 0;
}

// Plays the recorded calls of some seeds into fresh engines, with nothing around.
int measure_speed() {
  constexpr std::uint64_t kSeeds = 60;
  constexpr int kRounds = 5;
  std::uint64_t events = 0;
  double cpu = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    sim::RunOptions options;
    options.keep_recordings = true;
    const sim::RunResult result = sim::run(seed, options);
    for (int round = 0; round < kRounds; ++round)
      for (const auto& recording : result.recordings) {
        core::Engine engine(recording->config);
        core::Effects effects;
        const double before = cpu_seconds();
        for (const auto& call : recording->calls) {
          effects.clear();
          call(engine, effects);
        }
        cpu += cpu_seconds() - before;
        events += recording->calls.size();
      }
  }
  std::printf("%" PRIu64 " core events in %.3f s of CPU: %.0f a second\n", events, cpu, static_cast<double>(events) / cpu);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "usage: tidemark-sim [--seed N | --seeds FROM COUNT | --budget SECONDS | --speed]\n"
                         "                    [--bug NAME] [--verbose] [--twice] [--counters] [--no-cuts] [--polled]\n");
    return 64;
  }
  if (arguments->speed) return measure_speed();
  sim::plant(arguments->bug);
  Totals totals;
  const double before = cpu_seconds();
  const bool hunting = arguments->bug != core::Bug::none;
  for (std::uint64_t i = 0; i < arguments->count && !(hunting && totals.failures > 0) && totals.failures < 20; ++i)
    run_seed(arguments->from + i, *arguments, totals);
  if (arguments->budget > 0) {
    std::random_device device;
    std::uint64_t seed = (std::uint64_t{device()} << 20) ^ device();
    std::printf("fresh seeds from %" PRIu64 "\n", seed);
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(arguments->budget);
    while (std::chrono::steady_clock::now() < until && totals.failures == 0) run_seed(seed++, *arguments, totals);
  }
  return report(*arguments, totals, cpu_seconds() - before);
}
