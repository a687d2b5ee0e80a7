#include "run.h"

#include <algorithm>

#include "checker.h"
#include "clients.h"
#include "gateway.h"
#include "service.h"
#include "world.h"

namespace tidemark::sim::derived {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More steps than any run needs: beyond, something goes round in a circle.
constexpr std::uint64_t kMaxSteps = 3'000'000;
// What is on its way when the faults stop, and what services are behind with.
constexpr core::Duration kCatchUp = seconds(2);
// In a world without faults everything must be settled by then. Far below the
// deadlines of the waits, so that none is answered because of those.
constexpr core::Duration kSettle = seconds(25);

class Run {
 public:
  Run(std::uint64_t seed, bool verbose) : world_(seed, verbose) {
    draw(world_);
    for (int i = 0; i < world_.plan.gateways; ++i) world_.gateways.push_back(std::make_unique<Gateway>(world_, i));
    world_.log.moved = [this](int topic, core::Partition partition) {
      for (auto& service : world_.services)
        if (service->reads(topic)) service->moved(topic, partition);
    };
    world_.commits.appended = [this](int partition) {
      for (auto& gateway : world_.gateways) gateway->commits_appended(partition);
    };
  }

  RunResult go() {
    note_plan();
    begin();
    if (advance(world_.plan.length) && heal() && settle()) world_.checker->finish();
    check_cost();
    RunResult result{world_.failure, world_.trace.hash(), 0, world_.checker->answers(), world_.checker->processed(), {}};
    for (auto& gateway : world_.gateways) result.events += gateway->events();
    result.counters = world_.counters;
    return result;
  }

 private:
  void note_plan() {
    for (int topic = 0; topic < world_.log.topics(); ++topic)
      world_.note("topic", {{"number", topic}, {"partitions", world_.log.partitions(topic)},
                            {"configured", world_.plan.engine.wait_for.contains(world_.log[topic].name)}}, world_.log[topic].name);
    for (const auto& service : world_.services) {
      const Traits& traits = service->traits();
      world_.note("service", {{"tx", traits.transactional}, {"per record", traits.per_record}, {"position", traits.at_position},
                              {"ids", traits.copies_id}, {"uncommitted", traits.read_uncommitted},
                              {"earliest", traits.declared_earliest}, {"late", traits.joins_late}}, traits.name);
      for (const int input : traits.inputs) world_.note("  reads", {{"topic", input}});
      for (const Edge& edge : traits.edges)
        world_.note("  writes", {{"from", edge.input}, {"to", edge.output}, {"emits", static_cast<int>(edge.emits)},
                                 {"ms", edge.within / milliseconds(1)}, {"cyclic", edge.cyclic}});
      for (const auto& [input, dead] : traits.dead)
        world_.note("  dead letters", {{"from", input}, {"to", dead.topic}, {"id", dead.says_id}, {"place", dead.says_position},
                                       {"group", dead.says_group}, {"declared", dead.declared}});
    }
    world_.note("passes", {{"most", world_.plan.engine.cycle_passes}});
  }

  void begin() {
    for (auto& service : world_.services) {
      const core::Duration when = service->traits().joins_late ? world_.random.millis(150, 900) : world_.random.millis(0, 5);
      world_.schedule.after(when, [s = service.get()] { s->start(); });
    }
    for (auto& gateway : world_.gateways)
      world_.schedule.after(world_.random.millis(10, 60), [g = gateway.get()] { g->start(); });
    world_.clients->start();
    world_.schedule.after(world_.plan.fault_every, [this] { fault(); });
    world_.schedule.after(milliseconds(100), [this] { look(); });
    if (world_.plan.grows) world_.schedule.after(world_.random.millis(300, 1500), [this] { grow(); });
  }

  // False when a promise was broken.
  bool advance(core::Duration length) {
    const core::Time until = world_.now() + length;
    while (!world_.failure && world_.schedule.step(until))
      if (++steps_ > kMaxSteps) world_.fail("P7", "the run does not come to an end");
    return !world_.failure;
  }

  void look() {
    world_.checker->look();
    world_.schedule.after(milliseconds(100), [this] { look(); });
  }

  void fault() {
    if (world_.healing) return;
    const int roll = world_.random.small(0, 9);
    if (roll < 7 && world_.plan.service_faults) world_.random.pick(world_.services)->disturb();
    if (roll == 7 && world_.plan.kills) world_.random.pick(world_.gateways)->kill();
    if (roll >= 8 && world_.plan.tail_stall > 0) world_.random.pick(world_.gateways)->stall();
    world_.schedule.after(world_.random.micros(2'000, 2 * (world_.plan.fault_every / std::chrono::microseconds(1))),
                          [this] { fault(); });
  }

  // Members, producers and gateways learn of a new partition, each in its own time.
  void grow() {
    const int topic = world_.random.small(0, world_.log.topics() - 1);
    const int partitions = world_.log.partitions(topic);
    if (world_.healing || partitions >= 8) return;
    world_.count(Fault::partition_added);
    world_.note("partitions grow", {{"topic", topic}, {"to", partitions + 1}});
    world_.log.grow(topic, partitions + 1);
    for (auto& gateway : world_.gateways) gateway->topics_changed();
    for (auto& service : world_.services)
      if (service->reads(topic))
        world_.schedule.after(world_.random.skewed(500, 300'000),
                              [s = service.get(), topic, partitions] { s->partition_added(topic, partitions); });
    world_.schedule.after(world_.random.skewed(500, 60'000), [this, topic, partitions] {
      world_.count(Fault::output_in_new_partition);
      world_.log[topic].writable = partitions + 1;
    });
    world_.schedule.after(world_.random.millis(50, 400), [this] { grow(); });
  }

  bool heal() {
    world_.healing = true;
    world_.note("faults stop", {});
    for (auto& gateway : world_.gateways) gateway->heal();
    for (auto& service : world_.services) service->heal();
    return advance(kCatchUp);
  }

  bool settle() {
    world_.note("all must settle", {});
    world_.clients->heal();
    const core::Time until = world_.now() + kSettle;
    while (world_.now() < until && !world_.clients->all_answered())
      if (!advance(milliseconds(20))) return false;
    if (!world_.clients->all_answered())
      world_.fail("P4", std::to_string(world_.checker->open()) + " waits do not settle in a world without faults");
    // What was written because of what was answered comes to its end.
    return advance(seconds(1));
  }

  // A wait asks for the ends of what it follows a bounded number of times.
  void check_cost() {
    for (auto& gateway : world_.gateways) {
      if (!gateway->alive() || world_.failure) continue;
      const core::EngineStats stats = gateway->engine().stats();
      const auto waits = stats.answers_processed + stats.answers_pending + stats.answers_failed + stats.answers_unknown + 20;
      const auto most = waits * static_cast<std::uint64_t>(world_.log.topics()) * 16;
      if (stats.fences > most)
        world_.fail("P4", std::to_string(stats.fences) + " fences for " + std::to_string(waits) + " waits");
    }
  }

  World world_;
  std::uint64_t steps_ = 0;
};

}  // namespace

RunResult run(std::uint64_t seed, bool verbose) { return Run(seed, verbose).go(); }

}  // namespace tidemark::sim::derived
