// See schedule.h.
#include "schedule.h"

#include <random>
#include <utility>

namespace tidemark::test {
namespace {

constexpr std::uint64_t kShortestMs = 500;
constexpr std::uint64_t kLongestMs = 4'000;

}  // namespace

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> all = [] {
    std::vector<Fault> faults;
    for (int f = 0; f <= static_cast<int>(Fault::kFollowerDown); ++f) faults.push_back(static_cast<Fault>(f));
    return faults;
  }();
  return all;
}

bool needs_cluster(Fault fault) { return fault >= Fault::kLeaderMoved; }

std::string name_of(Fault fault) {
  switch (fault) {
    case Fault::kConsumerKilled: return "consumer-killed";
    case Fault::kConsumerPaused: return "consumer-paused";
    case Fault::kConsumerRestarted: return "consumer-restarted";
    case Fault::kRebalance: return "rebalance";
    case Fault::kResetEarliest: return "reset-earliest";
    case Fault::kResetLatest: return "reset-latest";
    case Fault::kGroupDeleted: return "group-deleted";
    case Fault::kTransactionHung: return "transaction-hung";
    case Fault::kBrokerKilled: return "broker-killed";
    case Fault::kBrokerPaused: return "broker-paused";
    case Fault::kDiskFull: return "disk-full";
    case Fault::kGatewayKilled: return "gateway-killed";
    case Fault::kGatewayRestarted: return "gateway-restarted";
    case Fault::kGatewayPaused: return "gateway-paused";
    case Fault::kClockJumped: return "clock-jumped";
    case Fault::kLatency: return "latency";
    case Fault::kConnectionsReset: return "connections-reset";
    case Fault::kHalfOpen: return "half-open";
    case Fault::kSlowLine: return "slow-line";
    case Fault::kLeaderMoved: return "leader-moved";
    case Fault::kFollowerDown: return "follower-down";
  }
  return "unknown";
}

std::vector<Cycle> make_schedule(std::uint64_t seed, std::size_t cycles, const std::vector<Fault>& kinds) {
  // The standard's distributions differ between libraries; its engines do not.
  std::mt19937_64 random(seed);
  std::vector<Cycle> schedule;
  std::vector<Fault> deck;
  while (schedule.size() < cycles && !kinds.empty()) {
    if (deck.empty()) deck = kinds;
    const auto drawn = static_cast<std::ptrdiff_t>(random() % deck.size());
    Cycle cycle;
    cycle.number = schedule.size() + 1;
    cycle.fault = deck[static_cast<std::size_t>(drawn)];
    deck.erase(deck.begin() + drawn);
    cycle.victim = static_cast<std::uint32_t>(random() % 0x10000);
    cycle.amount = static_cast<std::uint32_t>(random() % 1'000);
    cycle.lasts = std::chrono::milliseconds(kShortestMs + random() % (kLongestMs - kShortestMs));
    schedule.push_back(cycle);
  }
  return schedule;
}

}  // namespace tidemark::test
