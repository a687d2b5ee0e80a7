// What core keeps of open waits, and whether it keeps anything of those that are over.
//
//   core_memory                     bytes a wait and an obligation, at 1,000 to 100,000 waits
//   core_memory day [--rate N] [--of SECONDS]
//
// The day: 24 simulated hours, of each minute the first SECONDS (default: 1) at N
// publishes a second (default: 10,000) on 8 partitions and two consumers. Of 100
// publishes one is cancelled, one is overdue, one is answered as pending and its mark
// resumed after. The engine's live bytes are taken at the end of each hour with no
// wait open; they may not grow after the second hour, else 1 is returned.

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/live_bytes.h"
#include "core/scene.h"

namespace tidemark::bench {
namespace {

using core::Offset;
using core::Partition;

struct Cost {
  double bytes = 0, blocks = 0;
};

// What each of `waits` waits for `consumers` consumers adds, the slots of former waits being used up.
Cost cost_of(std::size_t waits, std::size_t consumers) {
  Scene scene(consumers);
  scene.publish(0);
  const std::int64_t bytes = live_bytes(), blocks = live_blocks();
  for (std::size_t i = 1; i <= waits; ++i) scene.publish(static_cast<Offset>(i));
  const auto count = static_cast<double>(waits);
  return {static_cast<double>(live_bytes() - bytes) / count, static_cast<double>(live_blocks() - blocks) / count};
}

int show_costs() {
  std::printf("| waits open | bytes a wait without consumers | a wait for one | each more consumer: an obligation | blocks each more |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const std::size_t waits : {1'000UL, 10'000UL, 100'000UL}) {
    const Cost one = cost_of(waits, 1), nine = cost_of(waits, 9);
    const double each = (nine.bytes - one.bytes) / 8;
    std::printf("| %zu | %.0f | %.0f | %.0f | %.1f |\n", waits, one.bytes - each, one.bytes, each, (nine.blocks - one.blocks) / 8);
  }
  return 0;
}

class Day {
 public:
  Day(int rate, int seconds) : rate_(rate), seconds_(seconds), ends_(kPartitions, 0) {}

  int run() {
    std::printf("| hour | publishes | live KB | blocks | open waits | answers processed / pending |\n|---|---|---|---|---|---|\n");
    std::int64_t after_two = 0, most = 0;
    for (int hour = 1; hour <= 24; ++hour) {
      for (int minute = 0; minute < 60; ++minute) busy_then_quiet();
      std::vector<core::Answer>().swap(scene_.effects().answers);
      const core::EngineStats stats = scene_.engine().stats();
      std::printf("| %d | %llu | %.1f | %lld | %zu | %llu / %llu |\n", hour, static_cast<unsigned long long>(publishes_),
                  static_cast<double>(live_bytes()) / 1000, static_cast<long long>(live_blocks()), stats.open_waits,
                  static_cast<unsigned long long>(stats.answers_processed), static_cast<unsigned long long>(stats.answers_pending));
      if (hour == 2) after_two = live_bytes();
      most = std::max(most, live_bytes());
      if (stats.open_waits + stats.open_obligations > 0) return std::fprintf(stderr, "waits are left open\n"), 1;
    }
    if (most > after_two) return std::fprintf(stderr, "the engine has grown by %lld bytes since the second hour\n",
                                              static_cast<long long>(most - after_two)), 1;
    return 0;
  }

 private:
  static constexpr Partition kPartitions = 8;

  void busy_then_quiet() {
    const core::Duration gap = std::chrono::nanoseconds(std::chrono::seconds(1)) / rate_;
    for (int i = 0; i < rate_ * seconds_; ++i) {
      publish(i);
      if (i % 50 == 49) commit();  // a batch in 5 ms at 10,000 a second
      scene_.pass(gap);
      note_answers();
    }
    commit();
    scene_.pass(std::chrono::seconds(60 - seconds_));
    note_answers();
  }

  void publish(int i) {
    const auto partition = static_cast<Partition>(i % kPartitions);
    const Offset offset = ends_[static_cast<std::size_t>(partition)]++;
    ++publishes_;
    const bool overdue = i % 100 == 2;  // answered as pending in 1 ms, before the next commit
    const core::WaitId wait = scene_.publish(offset, partition, overdue ? core::Duration(std::chrono::milliseconds(1)) : kWait);
    if (i % 100 == 1) scene_.engine().cancel(wait);
  }

  // A mark that was answered as pending is asked for again.
  void note_answers() {
    std::vector<core::Mark> again;
    for (const core::Answer& answer : scene_.effects().answers)
      if (!answer.settled && answer.is_publish) again.push_back(answer.mark);
    scene_.effects().clear();
    for (core::Mark& mark : again) {
      core::ResumeRequest request;
      request.mark = std::move(mark);
      request.began = scene_.now();
      request.deadline = scene_.now() + kWait;
      static_cast<void>(scene_.engine().resume(request, scene_.now(), scene_.effects()));
    }
  }

  void commit() {
    for (Partition p = 0; p < kPartitions; ++p)
      for (std::size_t c = 0; c < 2; ++c) scene_.commit(ends_[static_cast<std::size_t>(p)], c, p);
    note_answers();
  }

  static constexpr core::Duration kWait = std::chrono::seconds(5);
  int rate_, seconds_;
  Scene scene_{2, kPartitions};
  std::vector<Offset> ends_;
  std::uint64_t publishes_ = 0;
};

int usage() {
  std::fprintf(stderr, "usage: core_memory [day [--rate N] [--of SECONDS]]\n");
  return 64;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  using namespace tidemark::bench;
  if (argc == 1) return show_costs();
  if (std::strcmp(argv[1], "day") != 0) return usage();
  int rate = 10'000, seconds = 1;
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc) return usage();
    const int value = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--rate") == 0 && value >= 200) rate = value;
    else if (std::strcmp(argv[i], "--of") == 0 && value >= 1 && value <= 60) seconds = value;
    else return usage();
  }
  return Day(rate, seconds).run();
}
