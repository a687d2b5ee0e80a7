// Which fault comes when, from a seed alone: a run that fails is run again.
//
// Drawing each fault freely leaves some out of 200 cycles and has others twenty times.
// So the kinds are dealt like cards: each comes once before any comes again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::test {

enum class Fault {
  kConsumerKilled,
  kConsumerPaused,
  kConsumerRestarted,
  kRebalance,  // by a second member that comes and goes
  kResetEarliest,
  kResetLatest,
  kGroupDeleted,
  kTransactionHung,
  kBrokerKilled,
  kBrokerPaused,
  kDiskFull,
  kGatewayKilled,
  kGatewayRestarted,
  kGatewayPaused,
  kClockJumped,
  kLatency,
  kConnectionsReset,
  kHalfOpen,
  kSlowLine,
  kLeaderMoved,   // from here on: of a cluster only
  kFollowerDown,
};

const std::vector<Fault>& all_faults();
bool needs_cluster(Fault fault);
std::string name_of(Fault fault);

struct Cycle {
  std::size_t number = 0;
  Fault fault = Fault::kConsumerKilled;
  std::uint32_t victim = 0;  // modulo how many there are
  std::uint32_t amount = 0;  // what else is drawn, from 0 to 999
  std::chrono::milliseconds lasts{0};
};

// The same arguments, the same schedule, on every machine.
std::vector<Cycle> make_schedule(std::uint64_t seed, std::size_t cycles, const std::vector<Fault>& kinds);

}  // namespace tidemark::test
