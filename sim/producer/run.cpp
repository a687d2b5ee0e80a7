#include "run.h"

#include <iterator>

#include "checker.h"
#include "cluster.h"
#include "network.h"
#include "publisher.h"
#include "world.h"

namespace tidemark::sim::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More steps than any run needs: beyond, something goes round in a circle.
constexpr std::uint64_t kMaxSteps = 200'000;
// Once the cluster is well: the longest request timeout, a pause, and a few rounds
// for what must be split. Less than most delivery timeouts, so that what would
// only end because of those is seen.
constexpr core::Duration kAllEnds = milliseconds(2'000);
// Later than the last copy of a request in the network: 2 s, and 1.5 s in a hung
// broker.
constexpr core::Duration kNetworkEmpties = seconds(5);

class Run {
 public:
  Run(std::uint64_t seed, bool verbose) : world_(seed, verbose), cluster_(world_), publisher_(world_, cluster_) {}

  RunResult go() {
    note_plan();
    begin();
    advance(world_.plan.length);
    heal();
    advance(kAllEnds);
    expect_idle();
    append_well();
    advance(kNetworkEmpties);
    expect_idle();
    if (world_.plan.old_brokers) cluster_.forget_producers();
    append_well();
    advance(kAllEnds);
    expect_idle();
    if (!world_.failure) publisher_.checker().finish();
    return {world_.failure, world_.trace.hash(), steps_, world_.counters};
  }

 private:
  void note_plan() {
    const Plan& plan = world_.plan;
    world_.note("plan", {{"by_id", plan.by_id}, {"names_bad", plan.names_bad}, {"in_order", plan.in_order},
                         {"old", plan.old_brokers}, {"deletes", plan.deletes}, {"unclean", plan.unclean},
                         {"delivery_ms", plan.config.delivery_timeout / milliseconds(1)},
                         {"batch", static_cast<std::int64_t>(plan.config.max_batch_bytes)},
                         {"requests", static_cast<std::int64_t>(plan.config.max_requests_per_broker)},
                         {"first", plan.config.first_sequence}});
  }

  // At a time while there are faults.
  template <class Action>
  void sometime(Action action) {
    world_.schedule.after(world_.random.micros(0, world_.plan.length / std::chrono::microseconds(1)), std::move(action));
  }

  void begin() {
    Random& random = world_.random;
    for (int left = world_.plan.appends; left > 0;) {
      const int burst = random.chance(250) ? random.small(2, 12) : 1;
      sometime([this, burst] {
        for (int i = 0; i < burst; ++i) publisher_.append();
      });
      left -= burst;
    }
    for (int i = 0; i < world_.plan.withdrawals; ++i) sometime([this] { publisher_.withdraw(); });
    if (world_.plan.stops) sometime([this] { publisher_.stop(); });
    if (world_.plan.deletes) sometime([this] { make_again(); });
    if (random.chance(300)) sometime([this] { cluster_.shrink_limit(); });
    world_.schedule.after(random.millis(0, 50), [this] { publisher_.tell_metadata({}); });
    world_.schedule.after(world_.plan.fault_every, [this] { fault(); });
  }

  void make_again() {
    if (!world_.faults) return;
    const auto place = cluster_.pick();
    if (!place) return;
    const std::string name = place->topic->name;
    cluster_.remove(name);
    if (world_.random.chance(200)) return;
    world_.schedule.after(world_.random.skewed(100, 600'000), [this, name] {
      cluster_.create(name);
      world_.count(Fault::topic_made_again);
      if (world_.random.chance(300)) world_.schedule.after(world_.random.millis(1, 500), [this] { make_again(); });
    });
  }

  void fault() {
    if (!world_.faults) return;
    world_.schedule.after(world_.random.micros(1'000, 2 * (world_.plan.fault_every / std::chrono::microseconds(1))),
                          [this] { fault(); });
    Random& random = world_.random;
    const auto broker = static_cast<std::int32_t>(random.small(1, world_.plan.brokers));
    Network& network = publisher_.network();
    const int kind = random.small(0, 13);
    if (kind == 0) return network.break_connection(broker);
    if (kind == 1) return network.restart(broker);
    if (kind == 2) return network.hang(broker);
    if (kind == 3) return publisher_.tell_metadata(random.millis(0, 50));
    const auto place = cluster_.pick();
    if (place) fault_at(kind, *place);
  }

  void fault_at(int kind, const Cluster::Place& place) {
    switch (kind) {
      case 4:
      case 5:
      case 6: return move_leader(place, false);
      case 7: return move_leader(place, world_.plan.unclean);
      case 8: return cluster_.shrink_isr(place);
      case 9: return cluster_.stall(place);
      case 10: return cluster_.move_log_start(place);
      case 11: return cluster_.write_other(place);
      case 12: return publisher_.ask_watermark(place);
      default:
        if (world_.random.chance(200) && place.topic->partitions.size() < 5) cluster_.grow(*place.topic);
    }
  }

  void move_leader(const Cluster::Place& place, bool unclean) {
    if (place.partition().leader < 0 && !unclean) return;
    cluster_.elect(place, unclean);
    if (world_.random.chance(500)) publisher_.tell_metadata(world_.random.millis(0, 50));
  }

  void heal() {
    world_.note("faults stop", {});
    world_.faults = false;
    publisher_.network().heal();
    cluster_.heal();
  }

  void expect_idle() {
    if (publisher_.idle()) return;
    world_.fail(std::to_string(publisher_.open_records()) + " appends have not ended in a cluster without faults");
  }

  void append_well() {
    for (int i = world_.random.small(2, 5); i > 0; --i) publisher_.append_well();
  }

  void advance(core::Duration length) {
    const core::Time until = world_.now() + length;
    while (!world_.failure && world_.schedule.step(until)) {
      if (++steps_ > kMaxSteps) world_.fail("the run does not come to an end");
    }
  }

  World world_;
  Cluster cluster_;
  Publisher publisher_;
  std::uint64_t steps_ = 0;
};

}  // namespace

RunResult run(std::uint64_t seed, bool verbose) { return Run(seed, verbose).go(); }

}  // namespace tidemark::sim::producer
