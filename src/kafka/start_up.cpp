#include "kafka/start_up.h"

#include <utility>

namespace tidemark::kafka {
namespace {

// "3, 4, 9": the first few.
template <class Numbers>
std::string listed(const Numbers& numbers) {
  constexpr std::size_t kMost = 5;
  std::string text;
  std::size_t count = 0;
  for (const auto number : numbers) {
    if (count == kMost) return text + " and " + std::to_string(numbers.size() - kMost) + " more";
    text += (count++ == 0 ? "" : ", ") + std::to_string(number);
  }
  return text;
}

}  // namespace

StartUpSteps StartUp::on_cluster(const std::set<std::int32_t>& brokers, core::Partition partitions) {
  StartUpSteps steps;
  if (hopeless_) return steps;
  const std::set<std::int32_t> before = std::exchange(brokers_, brokers);
  const core::Partition known = partitions_;
  if (partitions > known) {
    partitions_ = partitions;
    starts_.resize(static_cast<std::size_t>(partitions), 0);
    tail_.resize(static_cast<std::size_t>(partitions), 0);
  }
  if (phase_ == Phase::unknown) {
    tailing_ = partitions == 0;
    phase_ = Phase::positions;
    for (core::Partition p = 0; p < partitions; ++p) {
      without_position_.insert(p);
      steps.ask_last_stable.push_back(p);
    }
    if (tailing_) begin_round(steps);
    return steps;
  }
  // Partitions that were not there before hold nothing that could be missed.
  for (core::Partition p = known; tailing_ && p < partitions_; ++p) steps.tail_from.emplace_back(p, 0);
  if (phase_ == Phase::listing) {
    for (const std::int32_t broker : brokers_) {
      if (before.contains(broker)) continue;
      unlisted_.insert(broker);
      steps.list_groups.push_back(broker);
    }
    std::erase_if(unlisted_, [&](std::int32_t broker) { return !brokers_.contains(broker); });
    check_listed();
  }
  return steps;
}

StartUpSteps StartUp::on_last_stable(core::Partition partition, core::Offset offset) {
  StartUpSteps steps;
  if (without_position_.erase(partition) == 0) return steps;
  const auto index = static_cast<std::size_t>(partition);
  starts_[index] = tail_[index] = offset;
  if (tailing_) steps.tail_from.emplace_back(partition, offset);
  if (!without_position_.empty()) return steps;
  if (!late_tail_) begin_tail(steps);
  if (phase_ == Phase::positions) begin_round(steps);
  return steps;
}

void StartUp::on_listed(std::int32_t broker, std::uint64_t round) {
  if (phase_ == Phase::listing && round == round_) {
    unlisted_.erase(broker);
    check_listed();
  }
}

StartUpSteps StartUp::on_groups_answered() {
  StartUpSteps steps;
  if (phase_ != Phase::asking) return steps;
  phase_ = Phase::ends;
  if (late_tail_) begin_tail(steps);
  ends_.assign(static_cast<std::size_t>(partitions_), 0);
  for (core::Partition p = 0; p < partitions_; ++p) {
    without_end_.insert(p);
    steps.ask_high_watermark.push_back(p);
  }
  check_caught_up(steps);
  return steps;
}

StartUpSteps StartUp::on_high_watermark(core::Partition partition, core::Offset offset, std::uint64_t round) {
  StartUpSteps steps;
  if (phase_ != Phase::ends || round < round_ || without_end_.erase(partition) == 0) return steps;
  ends_[static_cast<std::size_t>(partition)] = offset;
  check_caught_up(steps);
  return steps;
}

StartUpSteps StartUp::on_tail(const std::vector<core::Offset>& positions) {
  StartUpSteps steps;
  tail_ = positions;
  check_caught_up(steps);
  return steps;
}

StartUpSteps StartUp::on_lost(const std::string& why) {
  StartUpSteps steps;
  lose(why, steps);
  if (phase_ != Phase::unknown) phase_ = Phase::lost;
  return steps;
}

StartUpSteps StartUp::on_recovered() {
  StartUpSteps steps;
  if (phase_ != Phase::lost || hopeless_) return steps;
  phase_ = Phase::positions;
  if (without_position_.empty()) begin_round(steps);
  return steps;
}

StartUpSteps StartUp::on_position_gone(core::Partition partition) {
  StartUpSteps steps;
  if (hopeless_ || !without_position_.insert(partition).second) return steps;
  knows_groups_ = false;
  lose("the tail's position in partition " + std::to_string(partition) + " of the commit log is gone", steps);
  steps.ask_last_stable.push_back(partition);
  if (phase_ != Phase::lost) phase_ = Phase::positions;
  return steps;
}

StartUpSteps StartUp::on_tail_denied(const std::string& why) {
  StartUpSteps steps;
  if (phase_ == Phase::synced) lose(why, steps);
  hopeless_ = late_tail_ = knows_groups_ = false;
  tailing_ = true;
  partitions_ = 0;
  starts_.clear();
  tail_.clear();
  ends_.clear();
  without_position_.clear();
  without_end_.clear();
  if (phase_ != Phase::unknown && phase_ != Phase::lost) begin_round(steps);
  return steps;
}

StartUpSteps StartUp::on_tail_readable(core::Partition partitions, const std::string& why) {
  StartUpSteps steps;
  if (phase_ != Phase::synced || partitions <= 0) return steps;
  lose(why, steps);
  knows_groups_ = false;
  partitions_ = partitions;
  starts_.assign(static_cast<std::size_t>(partitions), 0);
  tail_.assign(static_cast<std::size_t>(partitions), 0);
  tailing_ = false;
  late_tail_ = true;
  phase_ = Phase::positions;
  for (core::Partition p = 0; p < partitions; ++p) {
    without_position_.insert(p);
    steps.ask_last_stable.push_back(p);
  }
  return steps;
}

StartUpSteps StartUp::on_hopeless(const std::string& why) {
  StartUpSteps steps;
  lose(why, steps);
  hopeless_ = true;
  phase_ = Phase::lost;
  return steps;
}

std::string StartUp::waiting_for() const {
  switch (phase_) {
    case Phase::unknown:
      return "the cluster";
    case Phase::positions:
      return "the last stable offset of partitions " + listed(without_position_) + " of the commit log";
    case Phase::listing:
      return "the groups of brokers " + listed(unlisted_);
    case Phase::asking:
      return "offsets and members of groups";
    case Phase::ends:
      return "the ends of partitions " + listed(without_end_) + " of the commit log";
    case Phase::catching_up:
      return "the tail to reach the ends of the commit log";
    case Phase::synced:
      return "nothing";
    case Phase::lost:
      break;
  }
  return "the cluster to come back";
}

void StartUp::begin_tail(StartUpSteps& steps) {
  late_tail_ = false;
  if (std::exchange(tailing_, true)) return;
  for (core::Partition p = 0; p < partitions_; ++p)
    steps.tail_from.emplace_back(p, starts_[static_cast<std::size_t>(p)]);
}

void StartUp::begin_round(StartUpSteps& steps) {
  ++round_;
  phase_ = Phase::listing;
  without_end_.clear();
  unlisted_ = brokers_;
  steps.new_round = true;
  steps.list_groups.assign(brokers_.begin(), brokers_.end());
}

void StartUp::lose(const std::string& why, StartUpSteps& steps) {
  if (told_lost_) return;
  told_lost_ = true;
  steps.lost = why;
}

void StartUp::check_listed() {
  if (!unlisted_.empty()) return;
  phase_ = Phase::asking;
  knows_groups_ = true;
}

void StartUp::check_caught_up(StartUpSteps& steps) {
  if (phase_ == Phase::ends && without_end_.empty()) phase_ = Phase::catching_up;
  if (phase_ != Phase::catching_up) return;
  for (std::size_t p = 0; p < ends_.size(); ++p) {
    if (p >= tail_.size() || tail_[p] < ends_[p]) return;
  }
  phase_ = Phase::synced;
  told_lost_ = false;
  steps.synced = true;
}

}  // namespace tidemark::kafka
