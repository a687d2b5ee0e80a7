// What core costs: a commit and an ack with many waits open, and a publish from end to end.
//
// A commit or ack must cost what it ends, not what is waiting (P9), so N waits are
// kept open on one partition: commits and acks below all of them end nothing; one that
// ends an obligation of a wait that is held for another consumer; one that ends a wait,
// with its answer. Their times must not grow with N.

#include <benchmark/benchmark.h>

#include <ctime>

#include "core/scene.h"

namespace tidemark::bench {
namespace {

using core::Offset;

constexpr Offset kFirst = 1'000'000'000;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void open_waits(Scene& scene, benchmark::State& state) {
  const auto waits = static_cast<Offset>(state.range(0));
  for (Offset i = 0; i < waits; ++i) scene.publish(kFirst + i);
  if (scene.engine().stats().open_waits != static_cast<std::size_t>(waits)) state.SkipWithError("waits were answered");
}

void commit_ends_nothing(benchmark::State& state) {
  Scene scene;
  open_waits(scene, state);
  Offset offset = 1;
  for (auto _ : state) scene.commit(offset++);
  if (!scene.effects().empty()) state.SkipWithError("something ended");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(commit_ends_nothing)->Arg(10)->Arg(1'000)->Arg(100'000);

// The waits that are ended are opened below the N, a thousand at a time, outside the clock.
void commit_ends_one(benchmark::State& state, std::size_t consumers) {
  constexpr Offset kBatch = 1'000;
  Scene scene(consumers);
  open_waits(scene, state);
  Offset offset = 0;
  std::uint64_t ended = 0;
  while (state.KeepRunningBatch(kBatch)) {
    for (Offset i = 0; i < kBatch; ++i) scene.publish(offset + i);
    const std::uint64_t before = scene.engine().stats().obligations_settled;
    const double began = cpu_seconds();
    for (Offset i = 0; i < kBatch; ++i) {
      scene.commit(++offset);
      scene.effects().answers.clear();
    }
    state.SetIterationTime(cpu_seconds() - began);
    ended += scene.engine().stats().obligations_settled - before;
    for (std::size_t c = 1; c < consumers; ++c) scene.commit(offset, c);
    scene.effects().clear();
  }
  if (ended != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not each commit ended one");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(commit_ends_one, obligation, 2)->UseManualTime()->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(commit_ends_one, wait, 1)->UseManualTime()->Arg(10)->Arg(1'000)->Arg(100'000);

void ack_ends_nothing(benchmark::State& state) {
  Scene scene;
  open_waits(scene, state);
  Offset offset = 0;
  for (auto _ : state) scene.ack(offset++);
  if (scene.engine().stats().acks_ignored + scene.engine().stats().acks_held > 0) state.SkipWithError("acks were not taken");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ack_ends_nothing)->Arg(10)->Arg(1'000)->Arg(100'000);

// Admission, delivery, the commit, the answer.
void publish_deliver_commit(benchmark::State& state) {
  Scene scene;
  Offset offset = 0;
  std::uint64_t answers = 0;
  for (auto _ : state) {
    scene.publish(offset);
    scene.commit(++offset);
    answers += scene.effects().answers.size();
    scene.effects().clear();
  }
  if (answers != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not each publish was answered");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(publish_deliver_commit);

}  // namespace
}  // namespace tidemark::bench

BENCHMARK_MAIN();
