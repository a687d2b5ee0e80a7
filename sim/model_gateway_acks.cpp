// The gateway's other tail: the topic of acks, read in order at a pace of its own.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Effects;

core::Time ModelGateway::now() const { return world_.now(); }

void ModelGateway::wake_acks() {
  if (!alive() || !connected_ || !reads_acks_ || acks_scheduled_) return;
  if (next_ack_ >= world_.acks.records().size()) return;
  acks_scheduled_ = true;
  const bool stalls = world_.random.chance(world_.plan.tail_stall) && !world_.healing;
  if (stalls) world_.counters.count(Fault::tail_stalled);
  later(stalls ? world_.random.millis(50, 1500) : world_.random.skewed(150, 6000), [this] { read_acks(); });
}

void ModelGateway::read_acks() {
  acks_scheduled_ = false;
  if (!connected_) return;
  std::int64_t most = world_.random.between(1, 20);
  while (next_ack_ < world_.acks.records().size() && most-- > 0) {
    const AckRecord record = world_.acks.records()[next_ack_++];
    tell_ack(record);
    if (!alive()) return;
  }
  wake_acks();
  check_synced();
}

void ModelGateway::tell_ack(const AckRecord& record) {
  world_.trace.note(world_.now(), "tail: ack", {{"gw", number_}, {"p", record.partition}, {"first", record.offsets.first},
                                                {"last", record.offsets.last}, {"failed", record.failed}},
                    record.consumer);
  if (record.group >= 0) {
    const auto configured = world_.plan.engine.wait_for.find(record.topic);
    const bool expected = configured != world_.plan.engine.wait_for.end() &&
                          std::find(configured->second.begin(), configured->second.end(), record.consumer) !=
                              configured->second.end();
    told_->ack(record, *world_.log.topic_named(record.topic), expected, world_.now());
  }
  Effects effects;
  port_->ack(record, world_.now(), effects);
  carry_out(effects);
}

}  // namespace tidemark::sim
