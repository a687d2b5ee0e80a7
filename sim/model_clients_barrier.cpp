// Clients that wait for what others appended: whole topics, and positions.

#include <algorithm>
#include <utility>
#include <variant>

#include "checker.h"
#include "model_clients.h"
#include "model_gateway.h"
#include "world.h"

namespace tidemark::sim {

void Clients::barrier(core::Duration healed) {
  ModelGateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  BarrierSpec spec;
  spec.wait = world_.healing ? healed : world_.random.skewed(5'000, 8'000'000);
  spec.hold = world_.healing || !world_.random.chance(200);
  if (world_.healing || world_.random.chance(600)) {
    world_.counters.count(Fault::barrier_over_topics);
    for (int topic = 0; topic < world_.plan.topics; ++topic)
      if (world_.healing || world_.random.chance(700)) add_topic(*gateway, topic, spec);
  } else {
    world_.counters.count(Fault::barrier_over_positions);
    for (int i = world_.random.small(1, 3); i > 0; --i)
      add_position(*gateway, world_.random.small(0, world_.plan.topics - 1), spec);
  }
  if (spec.stakes.empty()) return;
  const auto result = gateway->barrier(spec);
  if (const auto* refusal = std::get_if<core::Refusal>(&result)) {
    count_refusal(*refusal);
    world_.checker->refused(*gateway, nullptr, *refusal);
  }
}

void Clients::add_topic(const ModelGateway& gateway, int topic, BarrierSpec& spec) {
  const int incarnation = gateway.told().incarnation(topic);
  if (incarnation < 0) return;
  spec.topics.push_back(world_.log.name(topic));
  for (core::Partition p = 0; p < gateway.told().partitions(topic); ++p) {
    Stake stake;
    stake.topic = topic;
    stake.incarnation = incarnation;
    stake.partition = p;
    stake.whole = true;
    stake.offset = world_.log.at(incarnation, p).end() - 1;
    stake.epoch = world_.log.at(incarnation, p).epoch;
    spec.stakes.push_back(std::move(stake));
  }
}

void Clients::add_position(const ModelGateway& gateway, int topic, BarrierSpec& spec) {
  const int incarnation = gateway.told().incarnation(topic);
  if (incarnation < 0) return;
  Stake stake;
  stake.topic = topic;
  stake.incarnation = incarnation;
  stake.partition = world_.random.small(0, gateway.told().partitions(topic) - 1);
  const LogPartition& log = world_.log.at(incarnation, stake.partition);
  if (log.log_start >= log.end() || world_.random.chance(100)) {
    stake.offset = log.end() + world_.random.small(0, 3);
  } else {
    stake.offset = world_.random.between(std::max<core::Offset>(log.log_start, log.end() - 6), log.end() - 1);
    const RecordKind kind = log.records[static_cast<std::size_t>(stake.offset)];
    if (is_unseen(kind) || kind == RecordKind::open) return;
    stake.epoch = log.epochs[static_cast<std::size_t>(stake.offset)];
    if (kind == RecordKind::other) world_.counters.count(Fault::barrier_of_other_producers);
  }
  spec.positions.push_back({world_.log.name(topic), stake.partition, stake.offset});
  spec.stakes.push_back(std::move(stake));
}

}  // namespace tidemark::sim
