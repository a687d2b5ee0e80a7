#include "run.h"

#include <algorithm>
#include <map>
#include <utility>

#include "checker.h"
#include "model_clients.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// More steps than any run needs: beyond, something goes round in a circle.
constexpr std::uint64_t kMaxSteps = 2'000'000;

class Run {
 public:
  Run(std::uint64_t seed, const RunOptions& options) : world_(seed, options.verbose), options_(options) {}

  RunResult go() {
    draw_plan(world_);
    world_.plan.cuts = world_.plan.cuts && options_.cuts;
    world_.plan.polled = options_.polled;
    world_.plan.polls_with_ids = options_.polled && world_.random.chance(500);
    begin();
    if (advance(world_.plan.length)) {
      heal();
      if (advance(world_.plan.settle_for)) world_.checker->finish();
    }
    return result();
  }

 private:
  void begin() {
    note_plan();
    for (auto& gateway : world_.gateways) {
      if (options_.keep_recordings) gateway->keep_recordings();
      world_.schedule.after(world_.random.millis(0, 1500), [&g = *gateway] {
        if (!g.alive()) g.start();
      });
    }
    for (auto& group : world_.groups)
      world_.schedule.after(world_.random.chance(700) ? world_.random.millis(0, 500) : world_.random.millis(500, 9000),
                            [&g = *group] { g.start(); });
    world_.clients->start();
    world_.schedule.after(milliseconds(100), [this] { other_producers(); });
    world_.schedule.after(world_.plan.fault_every, [this] { fault(); });
    if (world_.plan.purges) world_.schedule.after(milliseconds(100), [this] { purge(); });
    world_.schedule.after(milliseconds(1500), [this] { compact_shares(); });
    if (world_.plan.cuts) world_.schedule.after(milliseconds(2000), [this] { elect(); });
    world_.schedule.after(milliseconds(100), [this] { look(); });
  }

  void note_plan() {
    const Plan& plan = world_.plan;
    const core::EngineConfig& config = plan.engine;
    world_.trace.note(world_.now(), "plan", {{"topics", plan.topics}, {"gateways", plan.gateways},
                                             {"grace ms", config.absent_grace / milliseconds(1)},
                                             {"waits", static_cast<std::int64_t>(config.max_waits)},
                                             {"consumers", static_cast<std::int64_t>(config.max_consumers)},
                                             {"frontiers", static_cast<std::int64_t>(config.max_frontiers)}});
    for (const auto& group : world_.groups) {
      const GroupTraits& traits = group->traits();
      world_.trace.note(world_.now(), "group", {{"style", static_cast<int>(traits.style)}, {"latest", traits.latest},
                                                {"assign_only", traits.assign_only}, {"declared", traits.declared_earliest},
                                                {"ids", traits.sends_ids}, {"shows topics", traits.shows_topics},
                                                {"acks", traits.acks + traits.acks_declared}, {"kafka-go", traits.kafka_go}, {"rdkafka", traits.rdkafka},
                                                {"share", traits.share}, {"parallel", traits.parallel},
                                                {"early", traits.commits_early}}, traits.name);
    }
    for (int topic = 0; topic < plan.topics; ++topic) {
      const auto named = config.wait_for.find(world_.log.name(topic));
      if (named == config.wait_for.end()) continue;
      for (const std::string& name : named->second) world_.trace.note(world_.now(), "configured", {{"topic", topic}}, name);
    }
  }

  // False when a promise was broken.
  bool advance(core::Duration length) {
    const core::Time until = world_.now() + length;
    while (!world_.checker->failure() && world_.schedule.step(until))
      if (++steps_ > kMaxSteps) world_.checker->fail("P7", "the run does not come to an end");
    return !world_.checker->failure();
  }

  void look() {
    world_.checker->look();
    world_.schedule.after(milliseconds(250), [this] { look(); });
  }

  void other_producers() {
    if (world_.healing) return;
    const int topic = world_.random.small(0, world_.plan.topics - 1);
    const int current = world_.log.current(topic);
    if (current >= 0) {
      const auto count = static_cast<int>(world_.log[current].partitions.size());
      const auto partition = world_.random.small(0, count - 1);
      const bool control = world_.random.chance(300);
      if (world_.random.chance(300)) {
        begin_transaction(current, partition);
      } else {
        world_.counters.count(control ? Fault::control_records : Fault::other_producers);
        for (int i = world_.random.small(1, 4); i > 0; --i)
          world_.append(current, partition, control ? RecordKind::control : RecordKind::other);
      }
    }
    world_.schedule.after(world_.random.millis(1, 1500), [this] { other_producers(); });
  }

  void begin_transaction(int incarnation, core::Partition partition) {
    std::vector<core::Offset> records;
    for (int i = world_.random.small(1, 4); i > 0; --i)
      records.push_back(world_.append(incarnation, partition, RecordKind::open));
    const bool commit = world_.random.chance(500);
    world_.schedule.after(world_.random.skewed(500, 3'000'000), [this, incarnation, partition, records, commit] {
      world_.counters.count(commit ? Fault::records_committed : Fault::records_aborted);
      world_.trace.note(world_.now(), commit ? "records committed" : "records aborted",
                        {{"inc", incarnation}, {"p", partition}, {"first", records.front()}, {"last", records.back()}});
      world_.settle(incarnation, partition, records, commit);
    });
  }

  void elect() {
    if (world_.healing) return;
    const int topic = world_.random.small(0, world_.plan.topics - 1);
    if (const int current = world_.log.current(topic); current >= 0) {
      const auto partition = world_.random.small(0, static_cast<int>(world_.log[current].partitions.size()) - 1);
      const LogPartition& log = world_.log.at(current, partition);
      const bool cut = world_.random.chance(600);
      const core::Offset lost = std::min<core::Offset>(cut ? world_.random.small(1, 6) : 0, log.end() - log.log_start);
      world_.elect(topic, partition, log.end() - lost);
    }
    world_.schedule.after(world_.random.millis(200, 5000), [this] { elect(); });
  }

  void compact_shares() {
    if (world_.healing) return;
    world_.shares.compact(world_.random.small(0, ShareLog::kPartitions - 1));
    world_.schedule.after(world_.random.millis(500, 6000), [this] { compact_shares(); });
  }

  void fault() {
    if (world_.healing) return;
    const int roll = world_.random.small(0, 99);
    const Plan& plan = world_.plan;
    if (roll < 30 && plan.group_faults) world_.random.pick(world_.groups)->disturb();
    if (roll >= 30 && roll < 50 && plan.admin_faults) world_.random.pick(world_.groups)->administer();
    if (roll >= 50 && roll < 60 && plan.topic_faults) topic_fault();
    if (roll >= 60 && roll < 80 && plan.gateway_faults) gateway_fault();
    if (roll >= 80 && roll < 88) world_.random.pick(world_.gateways)->ask_again();
    if (roll >= 88 && roll < 90 && plan.ack_faults) world_.random.pick(world_.groups)->poison_acks();
    if (roll >= 90 && world_.random.chance(plan.read_again))
      world_.random.pick(world_.gateways)->read_again(world_.random.small(0, world_.commits.partitions() - 1));
    world_.schedule.after(world_.random.skewed(10'000, 3 * (plan.fault_every / std::chrono::microseconds(1)) + 20'000),
                          [this] { fault(); });
  }

  void gateway_fault() {
    ModelGateway& gateway = *world_.random.pick(world_.gateways);
    const int roll = world_.random.small(0, 9);
    if (roll < 4) {
      gateway.lose_log();
    } else if (roll < 7) {
      gateway.kill();
    } else if (roll < 9) {
      gateway.stall(world_.random.small(0, world_.commits.partitions() - 1));
    } else {
      gateway.drain();
    }
  }

  void topic_fault() {
    const int topic = world_.random.small(0, world_.plan.topics - 1);
    const int current = world_.log.current(topic);
    if (current < 0) return;
    const int roll = world_.random.small(0, 9);
    const auto count = static_cast<int>(world_.log[current].partitions.size());
    if (roll < 5) {
      move_log_start(topic, current, world_.random.small(0, count - 1));
    } else if (roll < 7 && count < 5) {
      world_.counters.count(Fault::partitions_grown);
      world_.trace.note(world_.now(), "partitions grow", {{"topic", topic}, {"to", count + 1}});
      world_.log.grow(topic, count + 1);
      world_.topic_changed(topic);
    } else {
      recreate(topic);
    }
  }

  // What all have committed is deleted.
  void purge() {
    if (world_.healing) return;
    std::map<std::pair<int, core::Partition>, core::Offset> lowest;
    for (const auto& [key, row] : world_.commits.rows()) {
      const auto& [group, topic, partition] = key;
      if (row.incarnation < 0 || row.incarnation != world_.log.current(topic)) continue;
      const auto at = lowest.try_emplace({topic, partition}, row.offset).first;
      at->second = std::min(at->second, row.offset);
    }
    for (const auto& [place, offset] : lowest) {
      LogPartition& log = world_.log.at(world_.log.current(place.first), place.second);
      const core::Offset to = std::min(offset, log.end());
      if (to <= log.log_start) continue;
      world_.counters.count(Fault::log_purged_behind_commit);
      log.log_start = to;
      world_.trace.note(world_.now(), "log purged", {{"topic", place.first}, {"p", place.second}, {"to", to}});
    }
    world_.schedule.after(world_.random.millis(5, 100), [this] { purge(); });
  }

  void move_log_start(int topic, int current, core::Partition partition) {
    LogPartition& log = world_.log.at(current, partition);
    const core::Offset to = world_.random.between(log.log_start, log.end());
    if (to > log.log_start) world_.counters.count(Fault::log_start_moved);
    log.log_start = to;
    world_.trace.note(world_.now(), "log start moves", {{"topic", topic}, {"p", partition}, {"to", to}});
  }

  void recreate(int topic) {
    world_.counters.count(Fault::topic_deleted);
    world_.trace.note(world_.now(), "topic deleted", {{"topic", topic}});
    world_.log.remove(topic);
    world_.topic_changed(topic);
    // The coordinator forgets the offsets of a deleted topic, a little later.
    world_.schedule.after(world_.random.skewed(500, 300'000), [this, topic] {
      std::vector<CommitLog::Key> keys;
      for (const auto& [key, row] : world_.commits.rows())
        if (std::get<1>(key) == topic && !world_.commits.has_pending(key)) keys.push_back(key);
      for (const CommitLog::Key& key : keys) world_.commits.remove_row(key, world_.now());
    });
    world_.schedule.after(world_.random.skewed(1000, 2'000'000), [this, topic] { create_again(topic); });
  }

  void create_again(int topic) {
    if (world_.log.current(topic) >= 0) return;
    world_.counters.count(Fault::topic_recreated);
    const int incarnation = world_.log.create(topic, world_.random.small(1, 3), world_.random.uuid());
    world_.trace.note(world_.now(), "topic made again", {{"topic", topic}, {"inc", incarnation}});
    world_.topic_changed(topic);
  }

  void heal() {
    world_.healing = true;
    world_.trace.note(world_.now(), "faults stop", {});
    for (int topic = 0; topic < world_.plan.topics; ++topic) create_again(topic);
    for (auto& gateway : world_.gateways) gateway->heal();
    for (auto& group : world_.groups) group->heal();
    // What is on its way may take this long; from then on all must settle.
    world_.schedule.after(seconds(4), [this] { world_.checker->heal(); });
    world_.clients->heal();
  }

  RunResult result() {
    RunResult result;
    result.failure = world_.checker->failure();
    result.hash = world_.trace.hash();
    result.answers = world_.checker->answers();
    result.processed = world_.checker->processed();
    result.counters = world_.counters;
    for (auto& gateway : world_.gateways) {
      result.events += gateway->events();
      for (auto& recording : gateway->take_recordings()) result.recordings.push_back(std::move(recording));
    }
    return result;
  }

  World world_;
  RunOptions options_;
  std::uint64_t steps_ = 0;
};

}  // namespace

RunResult run(std::uint64_t seed, const RunOptions& options) { return Run(seed, options).go(); }

}  // namespace tidemark::sim
