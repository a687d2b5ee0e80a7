// What KafkaLog does while the commit log may not be read, and with the state of
// share groups.
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>

#include "kafka/kafka_log_core.h"

namespace tidemark::kafka {

void KafkaLog::Core::on_share_record(const log::FollowedRecord& record) {
  share_.read(record.key.value_or(std::string_view{}), record.value, {record.partition, record.offset}, tell_share());
}

ShareState::Tell KafkaLog::Core::tell_share() {
  return [this](const core::ShareProgress& progress) {
    if (observer_ != nullptr) observer_->on_share(progress);
  };
}

void KafkaLog::Core::name_share_topics(const wire::Metadata& metadata) {
  if (metadata.find_topic(kShareStateTopic) == nullptr) return;
  std::unordered_map<Uuid, std::string> names;
  for (const auto& [name, topic] : metadata.topics) names.emplace(topic.id, name);
  share_.topics(std::move(names), tell_share());
}

void KafkaLog::Core::poll_soon(log::Positions come) {
  boost::asio::post(io_, [weak = weak_from_this(), come = std::move(come)] {
    if (const auto self = weak.lock(); self != nullptr && self->observer_ != nullptr) self->go_polling(come);
  });
}

void KafkaLog::Core::go_polling(log::Positions come) {
  if (polling_alone()) return;
  spdlog::warn("{}: groups are asked for their positions instead", come.why);
  trying_tail_ = tailing_again_ = false;
  come_ = std::move(come);
  last_access_check_ = inside::clock_now();
  blind_ = tail_->unread();
  tail_->halt();
  offsets_partitions_ = 0;
  offsets_id_ = Uuid{};
  poller_->start();
  carry_out(start_up_.on_tail_denied(come_.why));
}

void KafkaLog::Core::leave_polling() {
  poller_->stop();
  come_ = {};
  trying_tail_ = false;
  tailing_again_ = true;
}

void KafkaLog::Core::check_access(core::Time now) {
  if (poller_->running()) {
    const bool retry = denial_may_pass() && !trying_tail_ && start_up_.phase() == StartUp::Phase::synced;
    if (!retry || now - last_access_check_ < config_.denied_retry) return;
  } else if (!log_missing_ || (absence_sure_ && now - last_access_check_ < config_.absence_recheck)) {
    return;
  }
  last_access_check_ = now;
  access_->check([this, rows = rows_seen_](Access access) { on_access(access, rows); });
}

void KafkaLog::Core::on_access(Access access, bool rows_were_seen) {
  if (observer_ == nullptr) return;
  if (poller_->running()) {
    if (access == Access::readable && denial_may_pass()) try_tail();
  } else if (access == Access::denied) {
    go_polling({By::asked_as_denied, "the commit log is denied"});
  } else if (access == Access::absent && log_missing_ && rows_were_seen) {
    go_polling({By::asked_as_denied, "the commit log is not shown to us, though groups have committed"});
  } else if (access == Access::absent) {
    absence_sure_ = true;
    check_start_up(inside::clock_now());
  }
}

void KafkaLog::Core::try_tail() {
  const wire::TopicInfo* offsets = cluster_->metadata()->find_topic(kOffsetsTopic);
  if (offsets == nullptr || offsets->partitions.empty()) return cluster_->refresh_soon();
  spdlog::info("the commit log can be read again");
  trying_tail_ = true;
  offsets_id_ = offsets->id;
  offsets_partitions_ = static_cast<core::Partition>(offsets->partitions.size());
  carry_out(start_up_.on_tail_readable(offsets_partitions_, "positions are read from the commit log again"));
}

void KafkaLog::Core::ask_all_members() {
  const core::TailPositions as_of = positions();
  watch_.for_each([&](const std::string& group) { groups_->ask_members(group, GroupType::unknown, as_of, false); });
}

void KafkaLog::Core::on_polled_commit(const core::Commit& commit) {
  if (observer_ != nullptr) observer_->on_commit(commit);
}

void KafkaLog::Core::on_polled_group(const core::GroupState& group) {
  if (observer_ == nullptr) return;
  if (!group.exists) watch_.forget(group.group);
  observer_->on_group(group);
}

void KafkaLog::Core::on_rows(const std::string& group, std::span<const OffsetRow> rows) {
  if (observer_ != nullptr) poller_->rows_answered(group, rows);
}

void KafkaLog::Core::on_stable_rows(const std::string& group, std::uint64_t number, std::span<const OffsetRow> rows) {
  if (observer_ == nullptr) return;
  // Where positions are polled for, what these say has to be told before what they prove.
  if (tells_by_polling()) poller_->rows_seen(group, rows);
  std::vector<core::SeedRow> told;
  for (const OffsetRow& row : rows) told.push_back(row.row);
  observer_->on_rows({group, number, told});
}

void KafkaLog::Core::on_seed(const core::Seed& seed) {
  if (observer_ == nullptr) return;
  rows_seen_ = rows_seen_ || !seed.rows.empty();
  if (tells_by_polling()) {
    // Too late for a seed; and what the tail told last may be older.
    std::vector<OffsetRow> rows;
    for (const core::SeedRow& row : seed.rows) rows.push_back({row, {}});
    return poller_->rows_seen(seed.group, rows);
  }
  observer_->on_seed(seed);
  poller_->seeded(seed);
}

void KafkaLog::Core::on_group_state(const core::GroupState& group) {
  if (observer_ == nullptr) return;
  if (tells_by_polling()) return poller_->members_answered(group);
  if (!group.exists) watch_.forget(group.group);
  observer_->on_group(group);
  poller_->members_told(group);
}

}  // namespace tidemark::kafka
