// What core costs: a commit and an ack with many waits open, and a publish from end to end.
//
// A commit or ack must cost what it ends, not what is waiting (P9), so the first
// benchmarks keep N waits open on one partition, and commit or ack below all of
// them: their time must not grow with N. Run: bench/core_bench.

#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/engine.h"

namespace {

using namespace tidemark;
using namespace tidemark::core;

Uuid uuid_of(std::uint64_t number) {
  Uuid uuid;
  for (std::size_t i = 0; i < 8; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  uuid.bytes[15] = 1;
  return uuid;
}

// An engine in sync, with one topic of one partition and one consumer at offset 0.
class Bench {
 public:
  Bench() : engine_(config()) {
    const std::vector<TopicState> topics{{"orders", uuid_of(0), 1}};
    engine_.topics(topics, now_, effects_);
    GroupState group;
    group.group = "views";
    group.managed = true;
    group.members = 1;
    group.at = LogPoint{0, next_record_++};
    engine_.group(group, now_, effects_);
    engine_.synced(now_);
    commit(0);
    effects_.clear();
  }

  void publish(Offset offset) {
    PublishRequest request;
    request.topic = "orders";
    request.id = uuid_of(static_cast<std::uint64_t>(offset) + 1);
    request.began = now_;
    request.deadline = now_ + std::chrono::hours(1);
    const auto wait = engine_.publish(request, now_, effects_);
    Delivery delivery;
    delivery.fate = Delivery::Fate::appended;
    delivery.partition = 0;
    delivery.topic_id = uuid_of(0);
    delivery.offset = offset;
    engine_.delivered(std::get<WaitId>(wait), delivery, now_, effects_);
  }

  void commit(Offset offset) {
    Commit commit;
    commit.group = "views";
    commit.topic = "orders";
    commit.offset = offset;
    commit.at = LogPoint{0, next_record_++};
    commit.settled_at = commit.at.offset;
    engine_.commit(commit, now_, effects_);
  }

  void ack(Offset offset) {
    Ack ack;
    ack.consumer = "views";
    ack.topic = "orders";
    ack.offsets = {offset, offset};
    engine_.ack(ack, now_, effects_);
  }

  Effects& effects() { return effects_; }
  const Engine& engine() const { return engine_; }

 private:
  static EngineConfig config() {
    EngineConfig config;
    config.wait_for["orders"] = {"views"};
    return config;
  }

  Engine engine_;
  Effects effects_;
  Time now_{std::chrono::seconds(1000)};
  Offset next_record_ = 0;
};

void commit_with_waits_open(benchmark::State& state) {
  Bench bench;
  const auto waits = static_cast<Offset>(state.range(0));
  constexpr Offset kFirst = 1'000'000;
  for (Offset i = 0; i < waits; ++i) bench.publish(kFirst + i);
  if (bench.engine().stats().open_waits != static_cast<std::size_t>(waits)) state.SkipWithError("waits were refused");
  Offset offset = 1;
  for (auto _ : state) {
    bench.commit(offset);
    offset = offset % (kFirst - 1) + 1;
    bench.effects().clear();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(commit_with_waits_open)->RangeMultiplier(10)->Range(1, 10'000);

void ack_with_waits_open(benchmark::State& state) {
  Bench bench;
  const auto waits = static_cast<Offset>(state.range(0));
  constexpr Offset kFirst = 1'000'000;
  for (Offset i = 0; i < waits; ++i) bench.publish(kFirst + i);
  Offset offset = 0;
  for (auto _ : state) {
    bench.ack(offset);
    offset = (offset + 1) % kFirst;
    bench.effects().clear();
  }
  if (bench.engine().stats().acks_ignored + bench.engine().stats().acks_held > 0) state.SkipWithError("acks were not taken");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ack_with_waits_open)->RangeMultiplier(10)->Range(1, 10'000);

void publish_deliver_commit(benchmark::State& state) {
  Bench bench;
  Offset offset = 0;
  std::uint64_t answers = 0;
  for (auto _ : state) {
    bench.publish(offset);
    bench.commit(++offset);
    answers += bench.effects().answers.size();
    bench.effects().clear();
  }
  if (answers != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not each publish was answered");
  state.SetItemsProcessed(state.iterations() * 3);  // core events
}
BENCHMARK(publish_deliver_commit);

}  // namespace

BENCHMARK_MAIN();
