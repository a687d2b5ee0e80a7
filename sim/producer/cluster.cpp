#include "cluster.h"

#include <algorithm>
#include <utility>

namespace tidemark::sim::producer {

using wire::ErrorCode;

namespace {

constexpr const char* kNames[] = {"orders", "views", "carts"};

}  // namespace

Cluster::Cluster(World& world) : world_(world) {
  for (int i = 0; i < world.plan.topics; ++i) create(kNames[i]);
}

Topic* Cluster::find(const std::string& name) {
  const auto found = current_.find(name);
  return found == current_.end() ? nullptr : found->second;
}

void Cluster::create(const std::string& name) {
  if (current_.contains(name)) return;
  Topic& topic = *topics_.emplace_back(std::make_unique<Topic>());
  topic.name = name;
  topic.id = world_.random.uuid();
  topic.max_batch_bytes = world_.plan.max_batch_bytes;
  topic.partitions.resize(static_cast<std::size_t>(world_.random.small(1, 4)));
  topic.counts.push_back(topic.partitions.size());
  current_[name] = &topic;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    topic.partitions[i].leader_epoch = -1;
    lead(topic, i, 1 + static_cast<std::int32_t>(world_.random.below(static_cast<std::uint64_t>(world_.plan.brokers))));
  }
  world_.note("topic", {{"partitions", static_cast<std::int64_t>(topic.partitions.size())}}, name);
  changed();
}

void Cluster::remove(const std::string& name) {
  Topic* topic = find(name);
  if (topic == nullptr) return;
  topic->deleted = true;
  current_.erase(name);
  removed_.insert(name);
  world_.count(Fault::topic_deleted);
  world_.note("topic deleted", {}, name);
  for (Partition& partition : topic->partitions) settle_waiters(partition, ErrorCode::unknown_topic_or_partition);
  changed();
}

bool Cluster::may_look_remade(const std::string& name) const {
  if (was_deleted(name)) return true;
  const auto found = current_.find(name);
  return !world_.plan.tells_ids && found != current_.end() && found->second->counts.size() > 1;
}

std::optional<Cluster::Place> Cluster::pick() {
  if (current_.empty()) return std::nullopt;
  auto topic = current_.begin();
  std::advance(topic, static_cast<std::ptrdiff_t>(world_.random.below(current_.size())));
  const std::size_t index = world_.random.below(topic->second->partitions.size());
  return Place{topic->second, index};
}

// A broker that is down cannot lead; with nobody up there is no leader.
void Cluster::lead(Topic& topic, std::size_t index, std::int32_t leader) {
  Partition& partition = topic.partitions[index];
  for (int i = 0; i < world_.plan.brokers && !up(leader); ++i) leader = leader % world_.plan.brokers + 1;
  partition.leader = up(leader) ? leader : -1;
  ++partition.leader_epoch;
}

void Cluster::elect(const Place& place, bool unclean) {
  Partition& partition = place.partition();
  settle_waiters(partition, ErrorCode::not_leader_or_follower);
  core::Offset kept = partition.committed;
  if (unclean) {
    kept = static_cast<core::Offset>(world_.random.below(static_cast<std::uint64_t>(partition.committed) + 1));
    cut_.insert({place.topic->id, place.index});
  } else {
    const std::vector<core::Offset> ends = partition.log.ends_from(partition.committed);
    kept = ends[world_.random.below(ends.size())];
  }
  const core::Offset committed = partition.committed;
  const std::vector<std::string> lost = partition.log.truncate(kept);
  partition.committed = partition.log.end();
  partition.log_start = std::min(partition.log_start, partition.committed);
  const bool lost_committed = partition.committed < committed;
  if (lost_committed) {
    lost_uncleanly_.insert(lost.begin(), lost.end());
    world_.count(Fault::committed_lost_uncleanly);
  } else if (!lost.empty()) {
    world_.count(Fault::uncommitted_lost);
  }
  const auto brokers = static_cast<std::uint64_t>(world_.plan.brokers);
  lead(*place.topic, place.index, 1 + static_cast<std::int32_t>(world_.random.below(brokers)));
  world_.count(Fault::leader_moved);
  world_.note("leader", {{"partition", static_cast<std::int64_t>(place.index)}, {"leader", partition.leader},
                         {"epoch", partition.leader_epoch}, {"end", partition.log.end()}, {"unclean", unclean}},
              place.topic->name);
  changed();
}

void Cluster::stop_broker(std::int32_t broker) {
  down_.insert(broker);
  world_.note("broker down", {{"broker", broker}});
  for (auto& [name, topic] : current_) {
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
      Partition& partition = topic->partitions[i];
      if (partition.leader != broker) continue;
      partition.waiters.clear();  // nobody is left to answer
      if (world_.random.chance(300)) {
        partition.leader = -1;  // nobody else is in sync: it waits for this one
        ++partition.leader_epoch;
        world_.count(Fault::leader_lost);
      } else {
        elect({topic, i}, false);
      }
    }
  }
  changed();
}

void Cluster::start_broker(std::int32_t broker) {
  down_.erase(broker);
  world_.count(Fault::broker_restarted);
  world_.note("broker up", {{"broker", broker}});
  for (auto& [name, topic] : current_) {
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
      Partition& partition = topic->partitions[i];
      if (partition.leader >= 0) continue;
      if (partition.log.load_snapshot()) world_.count(Fault::state_read_from_snapshot);
      lead(*topic, i, broker);
      commit_all(*topic, i);
    }
  }
  changed();
}

void Cluster::stall(const Place& place) {
  Topic* topic = place.topic;
  const std::size_t index = place.index;
  topic->partitions[index].stalled = true;
  world_.note("replicas stall", {{"partition", static_cast<std::int64_t>(index)}}, topic->name);
  world_.schedule.after(world_.random.millis(50, 800), [this, topic, index] {
    topic->partitions[index].stalled = false;
    commit_all(*topic, index);
  });
}

void Cluster::shrink_isr(const Place& place) {
  Topic* topic = place.topic;
  const std::size_t index = place.index;
  topic->partitions[index].under_min_isr = true;
  world_.note("too few in sync", {{"partition", static_cast<std::int64_t>(index)}}, topic->name);
  world_.schedule.after(world_.random.millis(50, 800),
                        [topic, index] { topic->partitions[index].under_min_isr = false; });
}

void Cluster::move_log_start(const Place& place) {
  Partition& partition = place.partition();
  if (partition.committed == partition.log_start) return;
  partition.log_start = world_.random.between(partition.log_start + 1, partition.committed);
  world_.count(Fault::log_start_moved);
}

void Cluster::forget_producers() {
  for (auto& [name, topic] : current_) {
    for (Partition& partition : topic->partitions) {
      partition.log_start = partition.committed;
      if (partition.log.forget_producers()) world_.count(Fault::state_forgotten);
    }
  }
  world_.note("producers forgotten", {});
}

void Cluster::write_other(const Place& place) {
  if (place.partition().leader < 0) return;
  for (int i = world_.random.small(1, 3); i > 0; --i) place.partition().log.append_other();
  world_.count(Fault::other_producers);
  replicate_soon(*place.topic, place.index);
}

void Cluster::grow(Topic& topic) {
  topic.partitions.emplace_back().leader_epoch = -1;
  topic.counts.push_back(topic.partitions.size());
  lead(topic, topic.partitions.size() - 1, 1);
  world_.count(Fault::partitions_grown);
  world_.note("partitions grow", {{"to", static_cast<std::int64_t>(topic.partitions.size())}}, topic.name);
  changed();
}

void Cluster::shrink_limit() {
  world_.count(Fault::limit_shrunk);
  for (auto& [name, topic] : current_) topic->max_batch_bytes = static_cast<std::size_t>(world_.random.between(180, 500));
}

void Cluster::heal() {
  for (std::int32_t broker = 1; broker <= world_.plan.brokers; ++broker) {
    if (!up(broker)) start_broker(broker);
  }
  for (const auto& topic : topics_) {
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
      topic->partitions[i].stalled = false;
      topic->partitions[i].under_min_isr = false;
      commit_all(*topic, i);
    }
  }
}

void Cluster::replicate_soon(Topic& topic, std::size_t index) {
  const core::Duration delay = world_.random.skewed(0, 30'000);
  world_.schedule.after(delay, [this, &topic, index, epoch = topic.partitions[index].leader_epoch] {
    const Partition& partition = topic.partitions[index];
    if (!partition.stalled && partition.leader_epoch == epoch && partition.leader >= 0) commit_all(topic, index);
  });
}

void Cluster::commit_all(Topic& topic, std::size_t index) {
  Partition& partition = topic.partitions[index];
  if (topic.deleted) return;
  partition.committed = partition.log.end();
  settle_waiters(partition, partition.under_min_isr ? ErrorCode::not_enough_replicas_after_append : ErrorCode::none);
}

void Cluster::settle_waiters(Partition& partition, ErrorCode error) {
  const std::vector<Waiter> waiters = std::exchange(partition.waiters, {});
  for (const Waiter& waiter : waiters) waiter.done(error);
}

void Cluster::changed() {
  auto told = std::make_shared<wire::Metadata>();
  for (std::int32_t broker = 1; broker <= world_.plan.brokers; ++broker) {
    if (up(broker)) told->brokers[broker] = {"b", 9092};
  }
  for (const auto& [name, topic] : current_) {
    wire::TopicInfo& info = told->topics[name];
    info.name = name;
    if (world_.plan.tells_ids) info.id = topic->id;
    for (const Partition& partition : topic->partitions) {
      const std::int32_t epoch = world_.plan.tells_epochs ? partition.leader_epoch : -1;
      info.partitions.push_back({.leader = partition.leader, .leader_epoch = epoch, .error = 0});
    }
  }
  history_.emplace_back(world_.now(), std::move(told));
}

std::shared_ptr<const wire::Metadata> Cluster::metadata(core::Duration lag) const {
  std::shared_ptr<const wire::Metadata> told = history_.front().second;
  for (const auto& [time, metadata] : history_) {
    if (time <= world_.now() - lag) told = metadata;
  }
  return told;
}

}  // namespace tidemark::sim::producer
