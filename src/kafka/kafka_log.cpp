#include "kafka/kafka_log.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "kafka/kafka_log_core.h"

namespace tidemark::kafka {

void KafkaLog::Core::check_health() {
  std::optional<std::string> trouble;
  const wire::Reachability& reachability = cluster_->reachability();
  if (!reachability.reachable) {
    // Not tried yet, or one connection broke and the next attempt will tell.
    if (reachability.reason.empty() || inside::clock_now() - reachability.since < config_.unreachable_after) return;
    trouble = "Kafka at " + config_.bootstrap + " cannot be reached: " + reachability.reason;
  } else {
    trouble = tail_->stalled(config_.stalled_after);
    if (!trouble) trouble = follower_->stalled(config_.stalled_after);
  }
  if (trouble && !std::exchange(in_trouble_, true)) carry_out(start_up_.on_lost(*trouble));
  if (!trouble && std::exchange(in_trouble_, false)) {
    spdlog::info("Kafka answers again");
    carry_out(start_up_.on_recovered());
  }
}

void KafkaLog::Core::tell_new_leaders(const wire::Metadata& metadata) {
  std::erase_if(epochs_, [&](const auto& topic) { return metadata.find_topic(topic.first) == nullptr; });
  for (const auto& [name, topic] : metadata.topics) {
    if (inside::is_internal(name)) continue;
    auto& [id, epochs] = epochs_[name];
    if (std::exchange(id, topic.id) != topic.id) epochs.clear();
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      const wire::PartitionInfo& partition = topic.partitions[p];
      if (p == epochs.size()) epochs.push_back(partition.leader_epoch);
      if (partition.leader < 0 || partition.leader_epoch <= epochs[p]) continue;
      epochs[p] = partition.leader_epoch;
      core::Ends ends;
      ends.topic = name;
      ends.topic_id = topic.id;
      ends.partition = static_cast<core::Partition>(p);
      ends.leader_epoch = partition.leader_epoch;
      observer_->on_ends(ends);
      if (observer_ == nullptr) return;
    }
  }
}

void KafkaLog::Core::on_group_changed(const GroupChanged& change, core::LogPoint at) {
  watch_.changed(change.group, change.share ? GroupType::share : GroupType::consumer);
  if (observer_ == nullptr || change.shows == GroupChanged::Shows::nothing) return;
  using Shows = core::GroupChange::Shows;
  const bool comes = change.shows == GroupChanged::Shows::member_comes;
  const bool goes = change.shows == GroupChanged::Shows::member_goes;
  // Once the list is complete, whoever is not in it was not there.
  const bool first = comes && start_up_.knows_groups() && watch_.meet(change.group);
  observer_->on_group_changed(
      {change.group, comes ? Shows::member_comes : goes ? Shows::member_goes : Shows::no_more, change.member, first, at});
}

void KafkaLog::Core::check_start_up(core::Time now) {
  // A log that is not there may be one that we are not shown.
  const bool may_be_denied = offsets_partitions_ == 0 && !poller_->running() && !absence_sure_;
  if (start_up_.phase() == StartUp::Phase::asking && !may_be_denied &&
      groups_->starting_left(config_.group_patience) == 0) {
    follower_->note_ends();
    carry_out(start_up_.on_groups_answered());
  }
  check_followed();
  if (observer_ == nullptr || said_slow_) return;
  if (start_up_.phase() == StartUp::Phase::synced && !synced_but_for_followed_) return;
  const bool said_why = in_trouble_ || start_up_.phase() == StartUp::Phase::lost;
  if (said_why || now - phase_since_ < config_.group_patience) return;
  said_slow_ = true;
  spdlog::warn("not ready yet: waiting for {}",
               synced_but_for_followed_ ? "topics of our own to be read" : start_up_.waiting_for());
}

void KafkaLog::Core::carry_out(const StartUpSteps& steps) {
  if (observer_ == nullptr) return;
  for (const core::Partition partition : steps.ask_last_stable) ask_offsets_topic(partition, false);
  if (!steps.tail_from.empty() && poller_->running()) leave_polling();
  for (const auto& [partition, offset] : steps.tail_from) tail_->tail_from(partition, offset);
  if (steps.new_round) {
    as_of_ = positions();
    groups_->forget_starts();
    phase_since_ = inside::clock_now();
    said_slow_ = false;
  }
  for (const std::int32_t broker : steps.list_groups) groups_->list(broker, start_up_.round());
  for (const core::Partition partition : steps.ask_high_watermark) ask_offsets_topic(partition, true);
  if (!steps.lost.empty()) {
    ++counters_.times_lost;
    spdlog::error("{}", steps.lost);
    synced_but_for_followed_ = false;
    observer_->on_lost(steps.lost);
  }
  if (steps.synced && observer_ != nullptr) {
    synced_but_for_followed_ = true;
    check_followed();
    if (std::exchange(tailing_again_, false)) ask_all_members();
  }
}

Result<std::unique_ptr<KafkaLog>> KafkaLog::make(boost::asio::io_context& io, KafkaConfig config) {
  Result<std::vector<wire::Address>> bootstrap = wire::parse_bootstrap(config.bootstrap);
  if (!bootstrap) return bootstrap.error();
  auto core = std::make_shared<Core>(io, std::move(config), std::move(bootstrap).value());
  return std::unique_ptr<KafkaLog>(new KafkaLog(std::move(core)));
}

KafkaLog::KafkaLog(std::shared_ptr<Core> core) : core_(std::move(core)) {}
KafkaLog::~KafkaLog() { core_->close(); }

void KafkaLog::start(log::Observer& observer) { core_->start(observer); }

Result<void> KafkaLog::append(log::AppendId id, log::Record record) { return core_->append(id, std::move(record)); }
std::optional<core::Delivery> KafkaLog::withdraw(log::AppendId id) { return core_->withdraw(id); }
void KafkaLog::ask_ends(const log::EndsQuery& query) { core_->ask_ends(query); }
void KafkaLog::ask_rows(const std::string& group, std::uint64_t number) { core_->ask_rows(group, number); }
Result<void> KafkaLog::look(const core::Look& look, core::Duration bound) { return core_->look(look, bound); }
void KafkaLog::follow(log::Follow follow) { core_->follow(std::move(follow)); }
log::Positions KafkaLog::positions() const { return core_->positions_come(); }
void KafkaLog::inspect(core::Duration bound, std::function<void(log::ClusterFacts)> done) {
  core_->inspect(bound, std::move(done));
}
void KafkaLog::refresh_topics(core::Duration bound, std::function<void()> done) {
  core_->refresh_topics(bound, std::move(done));
}
void KafkaLog::stop(core::Duration bound, std::function<void()> done) { core_->stop(bound, std::move(done)); }
KafkaCounters KafkaLog::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
