// What befalls a group: crashes, rebalances, absences, and administrators.

#include <algorithm>
#include <utility>

#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Offset;
using core::Partition;
using std::chrono::milliseconds;

namespace {
// Far above what any partition of a run reaches.
constexpr Offset kBeyond = 1'000'000;
}  // namespace

void ModelGroup::drop_cursors() {
  ++generation_;
  cursors_.clear();
}

void ModelGroup::commit_before_leaving() {
  if (traits_.commits_early) return;  // done before the work
  if (traits_.style == CommitStyle::never || traits_.style == CommitStyle::transactional) return;
  for (auto& [place, cursor] : cursors_)
    if (cursor.resolved && cursor.position != cursor.sent)
      deliver_commit(place, cursor.incarnation, cursor.position_from, generation_, cursor.position, -1, done_above(cursor),
                     cursor.done_from);
}

void ModelGroup::rebalance() {
  if (members_ == 0) return;
  world_.counters.count(Fault::rebalanced);
  if (world_.random.chance(600)) commit_before_leaving();
  drop_cursors();
  join(std::clamp(members_ + world_.random.small(-1, 1), 1, 3));
}

void ModelGroup::crash() {
  world_.counters.count(Fault::member_crashed);
  world_.trace.note(world_.now(), "member crashes", {{"members", members_}}, traits_.name);
  if (traits_.assign_only) {
    cursors_.clear();
    unmanaged_running_ = false;
    ++generation_;
    world_.schedule.after(world_.random.millis(50, 4000), [this] {
      if (!unmanaged_running_) start();
    });
    return;
  }
  const int victim = world_.random.small(0, std::max(members_ - 1, 0));
  std::erase_if(cursors_, [&](const auto& entry) { return entry.second.member == victim; });
  // The coordinator notices when the session times out; until then the others go on.
  const std::uint64_t generation = generation_;
  world_.schedule.after(world_.random.millis(200, 4000), [this, generation] {
    if (generation != generation_ || members_ == 0) return;
    if (members_ == 1 && !world_.healing) {
      leave();
    } else {
      rebalance();
    }
  });
}

void ModelGroup::leave() {
  if (members_ == 0) return;
  world_.counters.count(Fault::group_left);
  if (world_.random.chance(600)) commit_before_leaving();
  drop_cursors();
  members_ = 0;
  left_at_ = world_.now();
  away_ = true;
  world_.commits.membership(number_, 0, world_.now());
  world_.trace.note(world_.now(), "group leaves", {}, traits_.name);
  const bool long_absence = world_.random.chance(300);
  if (long_absence) world_.counters.count(Fault::long_absence);
  const auto delay = long_absence ? world_.random.millis(5000, 25000) : world_.random.millis(100, 4000);
  world_.schedule.after(delay, [this] { come_back(); });
}

void ModelGroup::come_back() {
  if (!away_ || traits_.assign_only) return;
  away_ = false;
  world_.counters.count(Fault::group_back);
  join(world_.random.small(1, 3));
}

void ModelGroup::disturb() {
  if (!running()) return;
  const int roll = world_.random.small(0, 99);
  if (traits_.assign_only || roll < 35) {
    crash();
  } else if (roll < 65) {
    rebalance();
  } else {
    leave();
  }
}

void ModelGroup::administer() {
  const int roll = world_.random.small(0, 99);
  if (roll < 12) {
    commit_beyond_end();
  } else if (traits_.assign_only || roll < 30) {
    expire();
  } else if (members_ > 0) {
    leave();
    if (world_.random.chance(800))
      world_.schedule.after(world_.random.millis(1, 1500), [this] { reset(); });
  } else {
    reset();
  }
}

void ModelGroup::commit_beyond_end() {
  const bool by_hand = !traits_.assign_only && members_ == 0;
  if (by_hand && !world_.commits.group(number_).managed) return;
  for (const int topic : traits_.topics) {
    const int current = world_.log.current(topic);
    if (current < 0) continue;
    const auto count = static_cast<int>(world_.log[current].partitions.size());
    const Place place{topic, world_.random.small(0, count - 1)};
    if (!by_hand && !cursors_.contains(place)) continue;
    CommitRecord record;
    record.group = number_;
    record.topic = topic;
    record.partition = place.second;
    record.offset = kBeyond + world_.random.between(0, 5);
    record.incarnation = current;
    record.by_hand = by_hand;
    record.read_from = leader_of(current, place.second);
    record.beyond = true;
    world_.counters.count(Fault::commit_beyond_end);
    world_.commits.commit(record, world_.now());
    world_.trace.note(world_.now(), "commit beyond end", {{"topic", topic}, {"p", place.second}}, traits_.name);
    return;
  }
}

void ModelGroup::reset() {
  const CommitLog::Group& state = world_.commits.group(number_);
  if (world_.healing || traits_.assign_only || members_ > 0 || !state.managed || world_.commits.has_pending(number_)) return;
  const int kind = world_.random.small(0, 2);
  world_.counters.count(kind == 0   ? Fault::reset_to_earliest
                        : kind == 1 ? Fault::reset_to_latest
                                    : Fault::reset_to_offset);
  if (state.protocol == GroupProtocol::by_member && world_.now() - left_at_ < milliseconds(200))
    world_.counters.count(Fault::reset_soon_after_leaving);
  const bool with_id = world_.random.chance(500);
  for (const int topic : traits_.topics) {
    const int current = world_.log.current(topic);
    if (current < 0) continue;
    const auto count = static_cast<Partition>(world_.log[current].partitions.size());
    for (Partition p = 0; p < count; ++p) {
      const LogPartition& log = world_.log.at(current, p);
      CommitRecord record;
      record.group = number_;
      record.topic = topic;
      record.partition = p;
      record.offset = kind == 0   ? log.log_start
                      : kind == 1 ? log.end()
                                  : world_.random.between(log.log_start, log.end());
      record.incarnation = current;
      record.with_id = with_id;
      record.by_hand = true;
      record.read_from = log.epoch;
      world_.commits.commit(record, world_.now());
      world_.trace.note(world_.now(), "reset by hand", {{"topic", topic}, {"p", p}, {"offset", record.offset}}, traits_.name);
    }
  }
}

void ModelGroup::expire() {
  if ((!traits_.assign_only && members_ > 0) || world_.commits.has_pending(number_)) return;
  if (!traits_.assign_only && world_.random.chance(300)) {
    world_.counters.count(Fault::group_deleted);
    world_.trace.note(world_.now(), "group deleted", {}, traits_.name);
    world_.commits.remove_group(number_, world_.now());
    return;
  }
  std::vector<CommitLog::Key> keys;
  for (const auto& [row_key, row] : world_.commits.rows())
    if (std::get<0>(row_key) == number_ && world_.random.chance(700)) keys.push_back(row_key);
  if (!keys.empty()) world_.counters.count(Fault::offsets_expired);
  for (const CommitLog::Key& row_key : keys) {
    world_.commits.remove_row(row_key, world_.now());
    world_.trace.note(world_.now(), "offset expires", {{"topic", std::get<1>(row_key)}, {"p", std::get<2>(row_key)}},
                      traits_.name);
  }
}

void ModelGroup::topic_changed(int topic) {
  if (std::find(traits_.topics.begin(), traits_.topics.end(), topic) == traits_.topics.end()) return;
  world_.schedule.after(world_.random.millis(20, 2500), [this, topic] {
    const int current = world_.log.current(topic);
    if (current < 0 || !running()) return;
    bool missing = false;
    for (Partition p = 0; p < static_cast<Partition>(world_.log[current].partitions.size()); ++p)
      missing = missing || !cursors_.contains({topic, p});
    if (!missing) return;
    if (traits_.assign_only) {
      assign();
    } else {
      rebalance();
    }
  });
}

void ModelGroup::log_cut(int topic, Partition partition, Offset end) {
  const auto found = cursors_.find({topic, partition});
  if (found == cursors_.end() || !found->second.resolved) return;
  const Place place = found->first;
  Cursor& cursor = found->second;
  const bool reads_above = cursor.position > end || cursor.busy || !cursor.done.empty() || !cursor.at_work.empty();
  if (!reads_above) return;
  // A client that asks for the end of its epoch goes back to where the logs part; others go on.
  if (!traits_.parallel && world_.random.chance(500)) {
    if (cursor.position > end) world_.counters.count(Fault::position_kept_across_cut);
    return;
  }
  world_.counters.count(Fault::position_truncated);
  cursor.life = ++next_life_;  // what was at work on it is dropped
  cursor.position = std::min(cursor.position, end);
  cursor.position_from = cursor.done_from = leader_of(cursor.incarnation, partition);  // below the cut they are the same
  cursor.done.erase(cursor.done.lower_bound(end), cursor.done.end());
  cursor.at_work.clear();
  cursor.handed = core::kNoOffset;
  cursor.will_commit = false;
  cursor.busy = true;
  later(place, world_.random.skewed(100, 50'000), [this, place](Cursor& c) { poll(place, c); });
  if (traits_.style == CommitStyle::timer && !traits_.parallel)
    later(place, traits_.commit_period, [this, place](Cursor& c) { timer(place, c); });
}

void ModelGroup::heal() {
  if (traits_.assign_only) {
    drop_cursors();
    unmanaged_running_ = true;
    assign();
  } else {
    away_ = false;
    drop_cursors();
    join(std::max(members_, 1));
  }
}

}  // namespace tidemark::sim
