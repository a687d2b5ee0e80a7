// See faults.h.
#include "faults.h"

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "cluster.h"
#include "support/admin.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

using What = Interval::What;
using namespace std::chrono_literals;

constexpr auto kBoundOfFault = 60s;

int struck_gateway(const Cycle& cycle) { return static_cast<int>(cycle.victim % kGateways); }
bool both_gateways(const Cycle& cycle) { return cycle.victim % 4 == 3; }

class Surgeon {
 public:
  Surgeon(World& world, Recorder& recorder, const Cycle& cycle) : world_(world), recorder_(recorder), cycle_(cycle) {}

  std::string consumer_killed() {
    world_.kill(client());
    world_.wait(cycle_.lasts);
    world_.start(client());
    return client().name;
  }
  std::string consumer_paused() {
    client().process->pause();
    world_.wait(cycle_.lasts);
    client().process->resume();
    return client().name;
  }
  std::string consumer_restarted() {
    world_.stop(client());
    world_.start(client());
    return client().name;
  }
  std::string rebalance() {
    std::unique_ptr<Process> second = world_.second(client());
    world_.wait_until([&] { return second->wait_for_line("ready", 0ms).has_value(); }, kBoundOfFault);
    world_.wait(cycle_.lasts);
    second->terminate();
    world_.wait_until([&] { return !second->running(); }, kBoundOfFault);
    world_.bury(client().name, std::move(second));
    return client().name;
  }

  // Its members leave, and both gateways know it; then `change`; then it comes back.
  template <class Change>
  std::string moved(Change change) {
    Client& moved = client();
    const std::int64_t begin = recorder_.now();
    world_.stop(moved);
    for (int g = 0; g < kGateways; ++g)
      world_.wait_until([&] { return members(g, moved.name) == 0; }, kBoundOfFault);
    std::string refusal;
    const bool done = world_.wait_until([&] {
      try {
        change(moved);
        return true;
      } catch (const std::runtime_error& error) {
        refusal = error.what();
        return false;
      }
    }, kBoundOfFault);
    if (!done) throw std::runtime_error(moved.name + " could not be moved: " + refusal);
    world_.start(moved);
    recorder_.add({What::kMoved, 0, moved.name, begin, recorder_.now()});
    return moved.name;
  }
  std::string reset(bool to_latest) {
    return moved([&](const Client& moved) {
      const std::vector<std::int64_t> ends = ends_of(world_.bootstrap(), moved.topic);
      for (std::size_t p = 0; p < ends.size(); ++p)
        reset_offset(world_.bootstrap(), moved.name, moved.topic, static_cast<std::int32_t>(p), to_latest ? ends[p] : 0);
    });
  }
  std::string group_deleted() {
    return moved([&](const Client& moved) { delete_group(world_.bootstrap(), moved.name); });
  }

  // Open in a partition that is published to, with an offset beside those of a group that is waited for.
  std::string transaction_hung() {
    constexpr int kOffsetsPartitions = 6;
    const int beside = offsets_partition(client().name, kOffsetsPartitions);
    std::string stranger;
    for (int n = 0; stranger.empty() || offsets_partition(stranger, kOffsetsPartitions) != beside; ++n)
      stranger = "stranger-" + std::to_string(n);
    const auto partition = static_cast<std::int32_t>(cycle_.amount % World::kPartitions);
    const auto timeout = std::max<std::chrono::milliseconds>(cycle_.lasts, 1'000ms);
    TransactionalProducer producer(world_.bootstrap(), unique_name("hung"), timeout);
    producer.begin();
    producer.produce(World::kTopic, {.value = "hung", .partition = partition});
    producer.send_offset(stranger, World::kTopic, partition, 0);
    producer.abandon();
    world_.wait(timeout);
    return "partition " + std::to_string(partition) + ", beside " + client().name;
  }

  std::string broker(const std::string& down, const std::string& up) {
    const int node = any_node();
    world_.node(down, node);
    world_.wait(cycle_.lasts);
    world_.node(up, node);
    return "node " + std::to_string(node);
  }
  std::string disk_full() {
    const int node = any_node();
    world_.fill_disk(node);
    world_.wait(cycle_.lasts);
    world_.empty_disk(node);
    // A broker whose only disk has failed ends, or is no good any more.
    world_.node("kill", node);
    world_.node("start", node);
    return "node " + std::to_string(node);
  }
  // By a clean end, which hands leadership over; and back again, with all nodes there.
  std::string leader_moved() {
    const int node = world_.leader(World::kTopic);
    if (node < 0) throw std::runtime_error("nobody leads " + World::kTopic);
    world_.node("stop", node);
    world_.wait(cycle_.lasts);
    world_.node("start", node);
    world_.wait_until([&] { return world_.leader(World::kTopic) == node; }, kBoundOfFault);
    return "node " + std::to_string(node);
  }
  std::string follower_down() {
    world_.node("kill", kFollower);
    world_.wait(cycle_.lasts);
    world_.node("start", kFollower);
    return "node " + std::to_string(kFollower);
  }

  std::string gateway_killed() {
    world_.kill_gateway(any_gateway());
    world_.wait(cycle_.lasts);
    world_.start_gateway(any_gateway());
    return gateway_name();
  }
  std::string gateway_restarted() {
    world_.stop_gateway(any_gateway());
    world_.start_gateway(any_gateway());
    return gateway_name();
  }
  std::string gateway_paused() {
    const std::int64_t begin = recorder_.now();
    world_.gateway(any_gateway()).process().pause();
    world_.wait(cycle_.lasts);
    world_.gateway(any_gateway()).process().resume();
    recorder_.add({What::kGatewayPaused, any_gateway(), {}, begin, recorder_.now()});
    return gateway_name();
  }
  std::string clock_jumped() {
    constexpr std::array kJumps{-86'400s, -3'600s, -5s, 5s, 3'600s, 86'400s};
    const std::chrono::seconds jump = kJumps[cycle_.amount % kJumps.size()];
    world_.shift_clock(any_gateway(), jump);
    world_.wait(cycle_.lasts);
    world_.shift_clock(any_gateway(), 0s);
    return gateway_name() + " by " + std::to_string(jump.count()) + " s";
  }

  std::string line(const std::string& what, const std::function<void(FaultProxy&)>& fault, std::chrono::milliseconds lasts) {
    each_proxy(fault);
    world_.wait(lasts);
    each_proxy([](FaultProxy& proxy) { proxy.heal(); });
    return (both() ? "both gateways" : gateway_name()) + what;
  }
  std::string latency() {
    const std::chrono::milliseconds delay(20 + cycle_.amount % 280);
    return line(" by " + std::to_string(delay.count()) + " ms", [&](FaultProxy& proxy) { proxy.delay(delay); }, cycle_.lasts);
  }
  std::string connections_reset() {
    const std::int64_t end = recorder_.now() + cycle_.lasts.count();
    while (recorder_.now() < end) {
      each_proxy([](FaultProxy& proxy) { proxy.cut_all(); });
      world_.wait(std::chrono::milliseconds(50 + cycle_.amount % 450));
    }
    return both() ? "both gateways" : gateway_name();
  }
  std::string half_open() {
    // Now and then for longer than a gateway goes without Kafka before it says so.
    const auto lasts = cycle_.lasts + (cycle_.amount % 3 == 0 ? 9'000ms : 0ms);
    return line(" for " + std::to_string(lasts.count()) + " ms", [](FaultProxy& proxy) { proxy.freeze(); }, lasts);
  }
  std::string slow_line() {
    const std::size_t rate = 4'000 + 40 * cycle_.amount;
    return line(" to " + std::to_string(rate) + " bytes/s", [&](FaultProxy& proxy) { proxy.slow_down(rate); }, cycle_.lasts);
  }

 private:
  static constexpr int kFollower = 3;  // leads neither topic

  Client& client() { return world_.clients()[cycle_.victim % world_.clients().size()]; }
  int any_node() const { return 1 + static_cast<int>(cycle_.victim % static_cast<std::uint32_t>(world_.nodes())); }
  int any_gateway() const { return struck_gateway(cycle_); }
  bool both() const { return both_gateways(cycle_); }
  std::string gateway_name() const { return "gateway " + std::to_string(any_gateway()); }
  void each_proxy(const std::function<void(FaultProxy&)>& action) {
    for (int g = 0; g < kGateways; ++g) {
      if (g != any_gateway() && !both()) continue;
      for (const auto& proxy : world_.proxies(g)) action(*proxy);
    }
  }
  std::int64_t members(int gateway, const std::string& group) {
    try {
      const boost::json::object entry = world_.gateway(gateway).get("/consumers").consumer(group);
      const boost::json::value* members = entry.if_contains("members");
      return members == nullptr || !members->is_int64() ? -1 : members->get_int64();
    } catch (const std::runtime_error&) {
      return -1;  // no answer: asked again
    }
  }

  World& world_;
  Recorder& recorder_;
  const Cycle& cycle_;
};

}  // namespace

std::vector<std::int64_t> ends_of(const std::string& bootstrap, const std::string& topic) {
  const KafkaHandle handle = make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap, {}));
  std::vector<std::int64_t> ends;
  for (std::int32_t p = 0; p < World::kPartitions; ++p) {
    std::int64_t low = 0, high = 0;
    throw_on(rd_kafka_query_watermark_offsets(handle.get(), topic.c_str(), p, &low, &high, 10'000), "the end of " + topic);
    ends.push_back(high);
  }
  return ends;
}

std::optional<int> cut_off(const Cycle& cycle) {
  switch (cycle.fault) {
    case Fault::kBrokerKilled:
    case Fault::kBrokerPaused:
    case Fault::kDiskFull:
    case Fault::kLeaderMoved:
    case Fault::kFollowerDown: return kAllGateways;
    case Fault::kLatency:
    case Fault::kConnectionsReset:
    case Fault::kHalfOpen:
    case Fault::kSlowLine: return both_gateways(cycle) ? kAllGateways : struck_gateway(cycle);
    default: return std::nullopt;
  }
}

std::string carry_out(World& world, Recorder& recorder, const Cycle& cycle) {
  Surgeon surgeon(world, recorder, cycle);
  switch (cycle.fault) {
    case Fault::kConsumerKilled: return surgeon.consumer_killed();
    case Fault::kConsumerPaused: return surgeon.consumer_paused();
    case Fault::kConsumerRestarted: return surgeon.consumer_restarted();
    case Fault::kRebalance: return surgeon.rebalance();
    case Fault::kResetEarliest: return surgeon.reset(false);
    case Fault::kResetLatest: return surgeon.reset(true);
    case Fault::kGroupDeleted: return surgeon.group_deleted();
    case Fault::kTransactionHung: return surgeon.transaction_hung();
    case Fault::kBrokerKilled: return surgeon.broker("kill", "start");
    case Fault::kBrokerPaused: return surgeon.broker("pause", "resume");
    case Fault::kDiskFull: return surgeon.disk_full();
    case Fault::kGatewayKilled: return surgeon.gateway_killed();
    case Fault::kGatewayRestarted: return surgeon.gateway_restarted();
    case Fault::kGatewayPaused: return surgeon.gateway_paused();
    case Fault::kClockJumped: return surgeon.clock_jumped();
    case Fault::kLatency: return surgeon.latency();
    case Fault::kConnectionsReset: return surgeon.connections_reset();
    case Fault::kHalfOpen: return surgeon.half_open();
    case Fault::kSlowLine: return surgeon.slow_line();
    case Fault::kLeaderMoved: return surgeon.leader_moved();
    case Fault::kFollowerDown: return surgeon.follower_down();
  }
  return {};
}

}  // namespace tidemark::test
