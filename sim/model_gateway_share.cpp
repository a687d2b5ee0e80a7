// The gateway's third tail: how far share groups are, read in order at a pace of its own.

#include <utility>

#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Effects;

void ModelGateway::start_share_tails() {
  share_tails_.clear();
  share_latest_.clear();
  for (int p = 0; p < ShareLog::kPartitions; ++p) {
    ShareTail& tail = share_tails_.emplace_back();
    tail.missing = world_.shares.missing(p);
    if (!tail.missing.empty()) world_.counters.count(Fault::share_state_compacted);
    wake_share(p);
  }
}

void ModelGateway::wake_share(int partition) {
  if (!alive() || !connected_) return;
  ShareTail& tail = share_tails_[static_cast<std::size_t>(partition)];
  if (tail.scheduled || tail.next >= world_.shares.records(partition).size()) return;
  tail.scheduled = true;
  const bool stalls = world_.random.chance(world_.plan.tail_stall) && !world_.healing;
  if (stalls) world_.counters.count(Fault::tail_stalled);
  later(stalls ? world_.random.millis(50, 1500) : world_.random.skewed(150, 6000), [this, partition] { read_share(partition); });
}

void ModelGateway::read_share(int partition) {
  ShareTail& tail = share_tails_[static_cast<std::size_t>(partition)];
  tail.scheduled = false;
  if (!connected_) return;
  const auto& records = world_.shares.records(partition);
  if (world_.random.chance(world_.plan.read_again / 4) && tail.next > 0 && !world_.healing) {
    world_.counters.count(Fault::share_state_read_again);
    tail.next -= std::min(tail.next, static_cast<std::size_t>(world_.random.between(1, 6)));
  }
  std::int64_t most = world_.random.between(1, 20);
  while (tail.next < records.size() && most-- > 0) {
    const std::size_t index = tail.next++;
    if (tail.missing.contains(index)) continue;
    const ShareRecord record = records[index];
    share_latest_[record.key()] = {record, false};
    tell_share(record.key());
    if (!alive()) return;
  }
  wake_share(partition);
}

void ModelGateway::name_share_topics() {
  std::vector<ShareRecord::Key> unnamed;
  for (const auto& [key, state] : share_latest_)
    if (!state.told) unnamed.push_back(key);
  for (const ShareRecord::Key& key : unnamed)
    if (alive()) tell_share(key);
}

void ModelGateway::tell_share(const ShareRecord::Key& key) {
  ShareState& state = share_latest_.at(key);
  const ShareRecord record = state.record;
  // The shell names topics by their ids, and keeps what is of none that it knows.
  if (told_->incarnation(record.topic) != record.incarnation) return;
  state.told = true;
  const std::string& name = world_.groups[static_cast<std::size_t>(record.group)]->traits().name;
  world_.trace.note(world_.now(), "tail: share", {{"gw", number_}, {"topic", record.topic}, {"p", record.partition},
                                                  {"start", record.start}, {"at.p", record.at.partition}, {"at", record.at.offset}}, name);
  told_->share(record, ever_synced_, world_.now());
  Effects effects;
  port_->share(record, name, world_.log.name(record.topic), world_.log[record.incarnation].id, world_.now(), effects);
  carry_out(effects);
}

}  // namespace tidemark::sim
