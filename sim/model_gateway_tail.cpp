// The gateway's reading side: tail, seeds, topics, readiness. Who is in which group: model_gateway_groups.cpp.

#include <algorithm>
#include <set>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using core::Effects;
using core::Offset;
using std::chrono::milliseconds;

void ModelGateway::stall(int partition) {
  if (!alive() || polls_) return;
  world_.counters.count(Fault::tail_stalled);
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  tail.stalled_until = world_.now() + world_.random.millis(50, world_.plan.stall_for / milliseconds(1) + 60);
}

void ModelGateway::read_again(int partition) {
  if (!alive() || polls_) return;
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  const auto& records = world_.commits.records(partition);
  std::size_t back = static_cast<std::size_t>(world_.random.between(1, 12));
  while (back > 0 && tail.next > 0 && records[tail.next - 1].at.offset >= began_[static_cast<std::size_t>(partition)]) {
    --tail.next;
    --back;
  }
  world_.counters.count(Fault::tail_read_again);
  world_.trace.note(world_.now(), "tail reads again", {{"gw", number_}, {"p", partition}, {"from", static_cast<std::int64_t>(tail.next)}});
  wake(partition, true);
}

void ModelGateway::wake(int partition, bool again) {
  if (!alive() || !connected_ || polls_) return;
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  if (tail.scheduled && !again) return;
  tail.scheduled = true;
  if (world_.random.chance(world_.plan.tail_stall) && !world_.healing) stall(partition);
  const core::Time when = std::max(world_.now() + world_.random.skewed(150, 4000), tail.stalled_until);
  later(when - world_.now(), [this, partition] { read(partition); });
}

void ModelGateway::read(int partition) {
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  tail.scheduled = false;
  if (!connected_) return;
  if (tail.stalled_until > world_.now()) return wake(partition, false);
  const auto& records = world_.commits.records(partition);
  std::int64_t most = world_.random.between(1, 20);
  while (tail.next < records.size() && most-- > 0) {
    const CommitRecord record = records[tail.next++];
    tail.position = std::max(tail.position, record.at.offset + 1);  // what is read again does not take it back
    read_record(tail, record);
    if (!alive()) return;
  }
  if (tail.next < records.size()) {
    wake(partition, false);
  } else {
    tail.position = std::max(tail.position, world_.commits.end(partition));
  }
  check_synced();
}

void ModelGateway::read_record(Tail& tail, const CommitRecord& record) {
  switch (record.kind) {
    case CommitRecord::Kind::membership:
      tell_membership(record);
      break;
    case CommitRecord::Kind::group_deleted:
    case CommitRecord::Kind::member:
    case CommitRecord::Kind::member_gone:
    case CommitRecord::Kind::step:
      tell_change(record);
      break;
    case CommitRecord::Kind::tombstone:
      tell_commit(record, record.at.offset);
      break;
    case CommitRecord::Kind::commit:
      if (record.producer < 0) {
        tell_commit(record, record.at.offset);
      } else {
        std::vector<CommitRecord>& open = tail.open[record.producer];
        if (open.empty() || open.back().at.offset < record.at.offset) open.push_back(record);
      }
      break;
    case CommitRecord::Kind::marker: {
      const auto found = tail.open.find(record.producer);
      if (found == tail.open.end()) break;
      const std::vector<CommitRecord> settled = std::move(found->second);
      tail.open.erase(found);
      if (!record.settles) break;
      for (const CommitRecord& commit : settled) tell_commit(commit, record.at.offset);
      break;
    }
  }
}

void ModelGateway::tell_commit(const CommitRecord& record, Offset settled_at) {
  const std::string& topic = world_.log.name(record.topic);
  core::Commit commit;
  commit.group = world_.groups[static_cast<std::size_t>(record.group)]->traits().name;
  commit.topic = topic;
  if (record.with_id) commit.topic_id = world_.log[record.incarnation].id;
  commit.partition = record.partition;
  commit.offset = record.kind == CommitRecord::Kind::tombstone ? core::kNoOffset : record.offset;
  commit.done_above = record.done_above;
  if (record.with_epoch) commit.leader_epoch = record.epoch;
  commit.at = record.at;
  commit.settled_at = settled_at;
  world_.trace.note(world_.now(), "tail: commit", {{"gw", number_}, {"p", record.partition}, {"offset", commit.offset},
                                                   {"at.p", record.at.partition}, {"at", record.at.offset}}, commit.group);
  told_->commit(record, settled_at, world_.now());
  world_.checker->told_commit(*this, record);
  // As the shell: whoever is met by a commit is asked who they are.
  if (commit.offset != core::kNoOffset && watch_->meet(commit.group))
    watch_->changed(commit.group, kafka::GroupType::unknown);
  Effects effects;
  port_->commit(commit, world_.now(), effects);
  carry_out(effects);
}

core::TailPositions ModelGateway::positions() const {
  auto positions = std::make_shared<std::vector<Offset>>();
  for (const Tail& tail : tails_) positions->push_back(tail.position);
  return positions;
}

void ModelGateway::tell_topics() {
  const std::vector<core::TopicState> topics = world_.log.topics();
  for (int name = 0; name < world_.log.names(); ++name) {
    const int current = world_.log.current(name);
    told_->topic(name, current, current < 0 ? 0 : static_cast<int>(world_.log[current].partitions.size()));
  }
  world_.trace.note(world_.now(), "topics", {{"gw", number_}, {"count", static_cast<std::int64_t>(topics.size())}});
  Effects effects;
  port_->topics(topics, world_.now(), effects);
  carry_out(effects);
  if (alive()) name_share_topics();
}

void ModelGateway::topic_changed() {
  if (!alive()) return;
  later(world_.random.skewed(500, world_.plan.topics_delay / std::chrono::microseconds(1) + 600), [this] { tell_topics(); });
}

void ModelGateway::ask_everything() {
  syncing_ = true;
  ++unanswered_;  // the list itself
  later(world_.random.skewed(300, 20000), [this] {
    if (polls_) {
      ask_everything_polled();
      return answered_one();
    }
    listed_ = true;
    for (int group = 0; group < world_.commits.groups(); ++group) {
      if (!world_.commits.group(group).exists) continue;
      watch_->meet(group_name(group));
      ask_group(group, positions(), true);
      ask_seed(group);
    }
    answered_one();
  });
}

Duration ModelGateway::question_delay() const {
  return world_.random.skewed(200, world_.plan.seed_delay / std::chrono::microseconds(1) + 300);
}

void ModelGateway::ask_seed(int group) {
  ++unanswered_;
  const core::TailPositions as_of = positions();
  later(question_delay(), [=, this] {
    std::vector<std::pair<CommitLog::Key, CommitLog::Row>> rows;
    for (const auto& [key, row] : world_.commits.rows())
      if (std::get<0>(key) == group) rows.emplace_back(key, row);
    later(question_delay(), [=, this] {
      std::vector<core::SeedRow> told;
      for (const auto& [key, row] : rows) {
        told.push_back({world_.log.name(std::get<1>(key)), std::get<2>(key), row.offset, -1, row.done_above});
        if (told_->latest(key) != nullptr) world_.counters.count(Fault::seed_after_newer_record);
        world_.trace.note(world_.now(), "asked: offset", {{"gw", number_}, {"topic", std::get<1>(key)}, {"p", std::get<2>(key)},
                                                          {"offset", row.offset}, {"row.at", row.at.offset}});
      }
      // Once in sync the tail tells everything, and what is asked for is not taken.
      if (!ever_synced_) told_->seed(group, as_of, rows, world_.now());
      Effects effects;
      port_->seed(world_.groups[static_cast<std::size_t>(group)]->traits().name, as_of, told, world_.now(), effects);
      carry_out(effects);
      answered_one();
    });
  });
}

// As a coordinator that is asked for stable offsets: not while a transaction is open.
void ModelGateway::ask_rows(const core::AskRows& ask) {
  const auto& groups = world_.groups;
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g->traits().name == ask.group; });
  const int group = static_cast<int>(found - groups.begin());  // whoever only acks is no group
  told_->asks_rows(group);
  later(question_delay(),
        [=, this, since = world_.now()] { serve_rows(ask, group, since); });
}

void ModelGateway::serve_rows(const core::AskRows& ask, int group, core::Time since) {
  if (!connected_ || (group < world_.commits.groups() && world_.commits.has_pending(group))) {
    later(std::chrono::milliseconds(50), [=, this] { serve_rows(ask, group, since); });
    return;
  }
  if (polls_) return serve_polled_rows(ask, group, since);
  std::vector<core::SeedRow> told;
  std::set<std::pair<int, core::Partition>> there;
  const core::Time taken = world_.now();
  for (const auto& [key, row] : world_.commits.rows()) {
    if (std::get<0>(key) != group) continue;
    told.push_back({world_.log.name(std::get<1>(key)), std::get<2>(key), row.offset, -1});
    there.emplace(std::get<1>(key), std::get<2>(key));
  }
  later(question_delay(), [=, this] {
    for (const core::SeedRow& row : told)
      world_.trace.note(world_.now(), "asked: row", {{"gw", number_}, {"p", row.partition}, {"offset", row.offset}}, row.topic);
    told_->rows(group, since, taken, there);
    Effects effects;
    port_->rows(ask.group, ask.number, told, world_.now(), effects);
    carry_out(effects);
  });
}

void ModelGateway::answered_one() {
  if (unanswered_ > 0) --unanswered_;
  if (unanswered_ > 0 || (!syncing_ && !lost_at_)) return;
  must_pass_.clear();
  for (int p = 0; p < world_.commits.partitions(); ++p) {
    must_pass_.push_back(world_.commits.end(p));
    if (polls_) tails_[static_cast<std::size_t>(p)].position = must_pass_.back();
  }
  must_read_acks_ = world_.acks.records().size();
  reads_acks_ = true;
  check_synced();
}

void ModelGateway::check_synced() {
  if (must_pass_.empty() || !connected_) return;
  for (std::size_t p = 0; p < must_pass_.size(); ++p)
    if (tails_[p].position < must_pass_[p]) {
      wake(static_cast<int>(p), false);
      return;
    }
  if (next_ack_ < must_read_acks_) return wake_acks();
  must_pass_.clear();
  syncing_ = false;
  if (!ever_synced_) in_sync_from_ = *positions();
  ever_synced_ = true;
  told_->synced();
  lost_at_.reset();
  synced_since_ = world_.now();
  world_.trace.note(world_.now(), "synced", {{"gw", number_}});
  port_->synced(world_.now());
  set_alarm();
}

}  // namespace tidemark::sim
