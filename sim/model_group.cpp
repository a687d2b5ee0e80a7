#include "model_group.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "ranges.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using core::kNoOffset;
using core::Offset;
using core::Partition;
using std::chrono::milliseconds;

ModelGroup::ModelGroup(World& world, int number, GroupTraits traits)
    : world_(world), number_(number), traits_(std::move(traits)) {}

ModelGroup::Cursor* ModelGroup::live(Place place, std::uint64_t life) {
  const auto found = cursors_.find(place);
  return found == cursors_.end() || found->second.life != life ? nullptr : &found->second;
}

void ModelGroup::later(Place place, Duration delay, std::function<void(Cursor&)> step) {
  const std::uint64_t life = cursors_.at(place).life;
  world_.schedule.after(delay, [this, place, life, step = std::move(step)] {
    if (Cursor* cursor = live(place, life)) step(*cursor);
  });
}

void ModelGroup::start() {
  if (traits_.assign_only) {
    unmanaged_running_ = true;
    assign();
  } else {
    join(traits_.members);
  }
}

void ModelGroup::join(int members) {
  ++generation_;
  if (members_ == 0 && traits_.changes_protocol && world_.random.chance(300)) world_.commits.convert(number_, world_.now());
  members_ = members;
  world_.commits.membership(number_, members, world_.now());
  world_.trace.note(world_.now(), "group joins", {{"members", members}}, traits_.name);
  assign();
  if (ticks()) start_ticking();
}

void ModelGroup::assign() {
  for (const int topic : traits_.topics) {
    if (world_.log.current(topic) < 0) continue;
    const auto count = static_cast<Partition>(world_.log[world_.log.current(topic)].partitions.size());
    for (Partition p = 0; p < count; ++p)
      if (!cursors_.contains({topic, p}))
        begin({topic, p}, p % std::max(members_, 1), world_.random.skewed(100, traits_.resolve_delay / milliseconds(1) * 1000 + 200));
  }
}

void ModelGroup::begin(Place place, int member, Duration delay) {
  Cursor cursor;
  cursor.life = ++next_life_;
  cursor.member = member;
  cursors_[place] = cursor;
  later(place, delay, [this, place](Cursor& c) { resolve(place, c); });
}

void ModelGroup::resolve(Place place, Cursor& cursor) {
  const auto [topic, partition] = place;
  const int current = world_.log.current(topic);
  const bool missing = current < 0 || static_cast<std::size_t>(partition) >= world_.log[current].partitions.size();
  // Exactly-once readers wait for offsets to be stable (require_stable).
  if (missing || world_.commits.has_pending(key(place))) {
    later(place, milliseconds(missing ? 200 : 40), [this, place](Cursor& c) { resolve(place, c); });
    return;
  }
  const LogPartition& log = world_.log.at(current, partition);
  cursor.incarnation = current;
  cursor.read_from = cursor.position_from = cursor.done_from = log.epoch;
  cursor.resolved = true;
  const CommitLog::Row* row = world_.commits.row(key(place));
  if (row != nullptr && row->offset >= log.log_start && row->offset <= log.end()) {
    cursor.position = cursor.sent = row->offset;
    if (row->incarnation == current) cursor.position_from = row->read_from;
    if (traits_.parallel) take_up_done(*row, cursor);
    if (row->incarnation != current) carried_[{current, partition}] = true;
  } else {
    if (row != nullptr) world_.counters.count(Fault::position_out_of_range);
    start_by_policy(place, cursor, row != nullptr ? row->offset : 0);
  }
  if (traits_.style == CommitStyle::timer && !traits_.parallel)
    later(place, traits_.commit_period, [this, place](Cursor& c) { timer(place, c); });
  poll(place, cursor);
}

void ModelGroup::start_by_policy(Place place, Cursor& cursor, Offset from) {
  const LogPartition& log = world_.log.at(cursor.incarnation, place.second);
  if (from < log.log_start)
    overtaken_[{cursor.incarnation, place.second}].emplace_back(from, traits_.latest ? log.last_stable() : log.log_start);
  cursor.position = traits_.latest ? log.last_stable() : log.log_start;
  cursor.position_from = cursor.done_from = log.epoch;
  cursor.sent = cursor.handed = kNoOffset;
  cursor.done.clear();
  cursor.at_work.clear();
  for (Offset o = log.log_start; o < cursor.position; ++o)
    if (log.kind(o) == RecordKind::event &&
        !processed(cursor.incarnation, place.second, o, log.epochs[static_cast<std::size_t>(o)])) {
      world_.counters.count(Fault::start_at_latest_passed_over);
      break;
    }
  if (!traits_.commits_initial) return;
  world_.counters.count(Fault::commit_initial_position);
  send_commit(place, cursor, cursor.position, world_.random.skewed(200, 5000));
}

bool ModelGroup::follow_incarnation(Place place, Cursor& cursor) {
  const int current = world_.log.current(place.first);
  if (current == cursor.incarnation) return true;
  cursor.busy = true;
  const Duration delay = world_.random.millis(20, 1500);
  if (current < 0 || static_cast<std::size_t>(place.second) >= world_.log[current].partitions.size() || !cursor.noticing) {
    cursor.noticing = current >= 0;
    later(place, delay, [this, place](Cursor& c) { poll(place, c); });
    return false;
  }
  // Noticed: a client keeps its position when the new log reaches that far.
  cursor.noticing = false;
  cursor.incarnation = current;
  cursor.handed = kNoOffset;
  cursor.at_work.clear();
  cursor.done.clear();  // revoked with the topic
  const LogPartition& log = world_.log.at(current, place.second);
  cursor.position_from = cursor.done_from = log.epoch;
  if (cursor.position > log.end() || cursor.position < log.log_start) {
    world_.counters.count(Fault::position_out_of_range);
    start_by_policy(place, cursor, cursor.position);
  } else if (cursor.position > 0) {
    world_.counters.count(Fault::position_carried_over);
    carried_[{current, place.second}] = true;
  }
  return true;
}

void ModelGroup::poll(Place place, Cursor& cursor) {
  if (!follow_incarnation(place, cursor)) return;
  const LogPartition& log = world_.log.at(cursor.incarnation, place.second);
  if (cursor.position < log.log_start || cursor.position > log.end()) {
    world_.counters.count(Fault::position_out_of_range);
    start_by_policy(place, cursor, cursor.position);
  }
  cursor.read_from = log.epoch;
  if (traits_.parallel) return poll_parallel(place, cursor);
  const Offset to = next_batch(log, cursor.position);
  cursor.busy = to > cursor.position;
  if (!cursor.busy) return;
  const Duration work = world_.healing ? milliseconds(1) : traits_.work;
  cursor.handed = to;
  if (traits_.commits_early && !ticks()) {
    world_.counters.count(Fault::commit_before_work);
    // With faults over, commits keep their order.
    send_commit(place, cursor, to, world_.healing ? milliseconds(1) : world_.random.skewed(100, 2000));
  }
  later(place, work + world_.random.micros(0, 500), [this, place, to](Cursor& c) { work_done(place, c, to); });
}

Offset ModelGroup::next_batch(const LogPartition& log, Offset position) const {
  const Offset stable = log.last_stable();
  if (position >= stable) return position;
  const Offset most = traits_.style == CommitStyle::per_record ? 1 : traits_.batch;
  if (!traits_.stops_short) return std::min(stable, position + most);
  Offset first = position;
  while (first < stable && is_unseen(log.kind(first))) ++first;
  if (first == stable) {
    world_.counters.count(Fault::stopped_short_of_end);
    return position;
  }
  Offset to = std::min(stable, first + most);
  while (is_unseen(log.kind(to - 1))) --to;
  return to;
}

void ModelGroup::work_done(Place place, Cursor& cursor, Offset to) {
  if (traits_.style == CommitStyle::transactional) {
    transact(place, cursor, to);
    return;
  }
  if (traits_.acks) {
    finish_acked(place, cursor.incarnation, cursor.position, to, cursor.read_from);
  } else {
    remember(cursor.incarnation, place.second, cursor.position, to, cursor.read_from);
  }
  cursor.position = to;
  cursor.position_from = cursor.read_from;
  if (!traits_.commits_early || (ticks() && world_.healing)) commit_batch(place, cursor);
  poll(place, cursor);
}

void ModelGroup::commit_batch(Place place, Cursor& cursor) {
  // With faults over, commits keep their order.
  const Duration soon = world_.healing ? milliseconds(1) : world_.random.skewed(200, 4000);
  const CommitStyle style = world_.healing ? CommitStyle::per_batch : traits_.style;
  switch (style) {
    case CommitStyle::per_record:
    case CommitStyle::per_batch:
      send_commit(place, cursor, cursor.position, soon);
      if (traits_.commits_twice && !world_.healing) {
        world_.counters.count(Fault::commit_twice);
        send_commit(place, cursor, cursor.position, soon + world_.random.skewed(200, 50000));
      }
      break;
    case CommitStyle::late:
      world_.counters.count(Fault::commit_late);
      send_commit(place, cursor, cursor.position, world_.random.skewed(5000, 3000000));
      break;
    case CommitStyle::never:
      world_.counters.count(Fault::never_commits);
      break;
    case CommitStyle::timer:
    case CommitStyle::transactional:
      break;
  }
}

void ModelGroup::timer(Place place, Cursor& cursor) {
  if (cursor.position != cursor.sent || traits_.repeats_idle)
    send_commit(place, cursor, cursor.position, world_.random.skewed(200, 4000));
  later(place, traits_.commit_period, [this, place](Cursor& c) { timer(place, c); });
}

void ModelGroup::transact(Place place, Cursor& cursor, Offset to) {
  const std::int64_t producer = ++world_.next_producer;
  const std::uint64_t life = cursor.life;
  const std::uint64_t generation = generation_;
  const Offset from = cursor.position;
  const int incarnation = cursor.incarnation;
  const std::int32_t as_of = cursor.read_from;
  cursor.busy = true;
  world_.schedule.after(world_.random.skewed(200, 4000), [=, this] {
    if (!deliver_commit(place, incarnation, as_of, generation, to, producer)) {
      if (live(place, life) != nullptr)
        later(place, milliseconds(100), [this, place](Cursor& c) { poll(place, c); });
      return;
    }
    const int roll = world_.healing ? 1000 : world_.random.small(0, 999);
    const bool hung = roll < 30;
    const bool commit = roll >= 100;
    if (hung) world_.counters.count(Fault::transaction_hung);
    const Duration delay = hung                         ? world_.random.millis(4000, 15000)
                           : world_.random.chance(100) && !world_.healing ? world_.random.millis(100, 3000)
                                                        : world_.random.skewed(300, 20000);
    world_.schedule.after(delay, [=, this] { settle(place, life, producer, incarnation, from, to, as_of, commit); });
  });
}

void ModelGroup::settle(Place place, std::uint64_t life, std::int64_t producer, int incarnation, Offset from,
                        Offset to, std::int32_t as_of, bool commit) {
  // What the transaction wrote becomes visible with its marker, not before.
  if (commit) remember(incarnation, place.second, from, to, as_of);
  world_.counters.count(commit ? Fault::transaction_committed : Fault::transaction_aborted);
  if (members_ == 0 && commit) world_.counters.count(Fault::transaction_settled_after_leaving);
  world_.trace.note(world_.now(), commit ? "transaction commits" : "transaction aborts", {{"producer", producer}},
                    traits_.name);
  world_.commits.settle(producer, commit, world_.now());
  Cursor* cursor = live(place, life);
  if (cursor == nullptr) return;
  if (commit) {
    cursor->position = cursor->sent = to;
    cursor->position_from = as_of;
  }
  poll(place, *cursor);
}

void ModelGroup::remember(int incarnation, Partition partition, Offset from, Offset to, std::int32_t as_of) {
  const LogPartition& log = world_.log.at(incarnation, partition);
  auto& seen = processed_[{incarnation, partition}];
  for (Offset o = from; o < to; ++o) seen.emplace(o, log.epoch_at(o, as_of));
  world_.trace.note(world_.now(), "processed", {{"inc", incarnation}, {"p", partition}, {"from", from}, {"to", to}, {"epoch", as_of}},
                    traits_.name);
}

bool ModelGroup::processed(int incarnation, Partition partition, Offset offset, std::int32_t epoch) const {
  const auto found = processed_.find({incarnation, partition});
  return found != processed_.end() && found->second.contains({offset, epoch});
}

std::int32_t ModelGroup::leader_of(int incarnation, Partition partition) const {
  return world_.log.at(incarnation, partition).epoch;
}

Offset ModelGroup::overtaken_at(int incarnation, Partition partition, Offset offset) const {
  const auto found = overtaken_.find({incarnation, partition});
  if (found != overtaken_.end())
    for (const auto& [from, to] : found->second)
      if (from <= offset && offset < to) return from;
  return kNoOffset;
}

void ModelGroup::send_commit(Place place, const Cursor& cursor, Offset offset, Duration delay) {
  if (offset == cursor.sent) world_.counters.count(Fault::commit_repeated);
  cursors_.at(place).sent = offset;
  const int incarnation = cursor.incarnation;
  // Beyond its position: before the work.
  const std::int32_t as_of = offset > cursor.position ? cursor.read_from : cursor.position_from;
  world_.schedule.after(delay, [this, place, incarnation, as_of, generation = generation_, offset] {
    deliver_commit(place, incarnation, as_of, generation, offset, -1);
  });
}

bool ModelGroup::deliver_commit(Place place, int incarnation, std::int32_t as_of, std::uint64_t generation, Offset offset,
                                std::int64_t producer, const std::vector<core::Range>& done_above,
                                std::int32_t done_from) {
  const auto [topic, partition] = place;
  const int current = world_.log.current(topic);
  const bool fenced = traits_.assign_only ? !unmanaged_running_ : generation != generation_ || members_ == 0;
  const bool missing = current < 0 || static_cast<std::size_t>(partition) >= world_.log[current].partitions.size();
  // A broker that knows ids refuses an old one, once its metadata is fresh.
  const bool other = current != incarnation;
  if (fenced || missing || (other && traits_.sends_ids && !world_.random.chance(300))) {
    world_.counters.count(Fault::commit_refused);
    return false;
  }
  if (other) world_.counters.count(Fault::commit_of_other_incarnation);
  if (!traits_.sends_ids) world_.counters.count(Fault::commit_without_topic_id);
  if (traits_.assign_only) world_.counters.count(Fault::unmanaged_commit);
  const CommitLog::Row* row = world_.commits.row(key(place));
  if (row != nullptr && row->offset > offset) world_.counters.count(Fault::commit_moved_back);

  CommitRecord record;
  record.group = number_;
  record.topic = topic;
  record.partition = partition;
  record.offset = offset;
  record.incarnation = incarnation;
  record.with_id = traits_.sends_ids;
  record.by_dead = traits_.assign_only && generation != generation_;
  record.beyond = reach(offset, done_above) > world_.log.at(current, partition).end();
  record.producer = producer;
  record.done_above = done_above;
  record.read_from = as_of;
  record.done_from = done_from;
  record.with_epoch = traits_.sends_epochs;
  record.epoch = offset > 0 ? world_.log.at(incarnation, partition).epoch_at(offset - 1, as_of) : -1;
  const core::LogPoint at = world_.commits.commit(record, world_.now());
  world_.trace.note(world_.now(), producer < 0 ? "commit" : "commit in transaction",
                    {{"topic", topic}, {"p", partition}, {"inc", incarnation}, {"offset", offset},
                     {"at.p", at.partition}, {"at", at.offset}}, traits_.name);
  return true;
}

void ModelGroup::records_appended(int topic, Partition partition) {
  const auto found = cursors_.find({topic, partition});
  if (found == cursors_.end() || !found->second.resolved || found->second.busy) return;
  const Place place{topic, partition};
  found->second.busy = true;
  later(place, world_.random.skewed(100, 3000), [this, place](Cursor& c) { poll(place, c); });
}

}  // namespace tidemark::sim
