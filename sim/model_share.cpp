#include "model_share.h"

#include <algorithm>
#include <utility>

#include "world.h"

namespace tidemark::sim {

using core::Offset;
using core::Partition;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
constexpr Offset kWindow = 40;  // records in flight of one partition
}  // namespace

void ModelShareGroup::join(int members) {
  ++life_;
  members_ = members;
  world().commits.membership(number(), members, world().now());
  world().trace.note(world().now(), "share group joins", {{"members", members}}, traits().name);
  assign();
}

void ModelShareGroup::assign() {
  for (const int topic : traits().topics) {
    const int current = world().log.current(topic);
    if (current < 0) continue;
    for (Partition p = 0; p < static_cast<Partition>(world().log[current].partitions.size()); ++p) {
      Part& part = parts_[{topic, p}];
      if (part.incarnation != current) {
        part = Part{};
        part.incarnation = current;
      }
      wake({topic, p});
    }
  }
}

ModelShareGroup::Part* ModelShareGroup::live(Place place, int incarnation) {
  const auto found = parts_.find(place);
  const bool there = found != parts_.end() && found->second.incarnation == incarnation &&
                     world().log.current(place.first) == incarnation;
  return there ? &found->second : nullptr;
}

void ModelShareGroup::wake(Place place) {
  const auto found = parts_.find(place);
  if (found == parts_.end() || found->second.fetching || members_ == 0) return;
  found->second.fetching = true;
  const core::Duration most = found->second.start == core::kNoOffset ? traits().resolve_delay : milliseconds(3);
  world().schedule.after(world().random.skewed(100, most / microseconds(1) + 300),
                         [this, place, incarnation = found->second.incarnation] {
                           Part* part = live(place, incarnation);
                           if (part == nullptr) return;
                           part->fetching = false;
                           fetch(place);
                         });
}

void ModelShareGroup::fetch(Place place) {
  Part& part = parts_.at(place);
  if (members_ == 0) return;
  const LogPartition& log = world().log.at(part.incarnation, place.second);
  take_over(place, part);
  if (part.start == core::kNoOffset) {
    part.start = traits().latest ? log.last_stable() : log.log_start;
    if (traits().commits_initial) write(place, part);
  }
  follow_log_start(place, part);
  const std::uint64_t lock = ++next_lock_;
  const std::vector<Offset> taken = acquire(place, part, lock);
  if (taken.empty()) return;
  const std::uint64_t life = life_;
  // Several members, each with some of them, and each in its own time.
  for (std::size_t from = 0; from < taken.size();) {
    const std::size_t to = std::min(taken.size(), from + static_cast<std::size_t>(world().random.small(1, 4)));
    const std::vector<Offset> some(taken.begin() + static_cast<std::ptrdiff_t>(from),
                                   taken.begin() + static_cast<std::ptrdiff_t>(to));
    const core::Duration most = world().healing ? core::Duration(milliseconds(2)) : 2 * traits().work + milliseconds(60);
    const core::Duration work = world().random.skewed(200, most / microseconds(1));
    world().schedule.after(work, [this, place, incarnation = part.incarnation, some, lock, life] {
      if (life == life_) finish(place, incarnation, some, lock);
    });
    from = to;
  }
  const core::Duration lock_for = world().random.skewed(20'000, 6'000'000);
  world().schedule.after(lock_for, [this, place, incarnation = part.incarnation, lock] { expire(place, incarnation, lock); });
  wake(place);
}

void ModelShareGroup::take_over(Place place, Part& part) {
  const std::int32_t leader = leader_of(part.incarnation, place.second);
  if (part.leader == leader) return;
  const bool first = std::exchange(part.leader, leader) < 0;
  for (auto& [offset, record] : part.records)
    if (record.state == Record::State::acquired) record.state = Record::State::available, record.lock = 0;
  if (first) return;
  world().counters.count(Fault::share_taken_over);
  write(place, part);
}

void ModelShareGroup::log_cut(int topic, Partition partition, Offset end) {
  const auto found = parts_.find({topic, partition});
  if (found == parts_.end() || found->second.start == core::kNoOffset) return;
  const Part& part = found->second;
  const auto pass = [&](Offset offset) {
    if (passed_.insert({part.incarnation, partition, offset, part.epoch}).second)
      world().counters.count(Fault::share_passes_over);
  };
  for (Offset o = end; o < part.start; ++o) pass(o);
  for (const auto& [offset, record] : part.records)
    if (offset >= end && (record.state == Record::State::acknowledged || record.state == Record::State::archived)) pass(offset);
}

void ModelShareGroup::follow_log_start(Place place, Part& part) {
  const Offset start = world().log.at(part.incarnation, place.second).log_start;
  if (part.start >= start) return;
  note_overtaken(part.incarnation, place.second, part.start, start);
  part.records.erase(part.records.begin(), part.records.lower_bound(start));
  part.start = start;
  world().counters.count(Fault::share_start_overtaken);
}

std::vector<Offset> ModelShareGroup::acquire(Place place, Part& part, std::uint64_t lock) {
  const LogPartition& log = world().log.at(part.incarnation, place.second);
  std::vector<Offset> taken;
  const Offset end = std::min(log.last_stable(), part.start + kWindow);
  for (Offset o = part.start; o < end && static_cast<int>(taken.size()) < traits().batch; ++o) {
    Record& record = part.records[o];
    if (record.state != Record::State::available) continue;
    // A hole, here and there: another member gets it later.
    if (!world().healing && world().random.chance(50)) continue;
    record.state = Record::State::acquired;
    record.lock = lock;
    ++record.tries;
    taken.push_back(o);
  }
  return taken;
}

void ModelShareGroup::finish(Place place, int incarnation, const std::vector<Offset>& offsets, std::uint64_t lock) {
  Part* part = live(place, incarnation);
  if (part == nullptr) return;
  take_over(place, *part);
  bool changed = false;
  for (const Offset offset : offsets) {
    const auto found = part->records.find(offset);
    if (found == part->records.end() || found->second.lock != lock || found->second.state != Record::State::acquired) {
      world().counters.count(Fault::share_ack_refused);
      continue;
    }
    Record& record = found->second;
    const int roll = world().healing ? 0 : world().random.small(0, 999);
    const bool unseen = is_unseen(world().log.at(incarnation, place.second).kind(offset));
    if (!unseen && roll >= 960) continue;  // not heard of again: its lock expires
    changed = true;
    if (unseen) {
      record.state = Record::State::archived;  // a gap, as the client calls it
    } else if (roll < 800) {
      acknowledge(place, *part, offset, record);
    } else if (roll < 930) {
      release(place, *part, offset, record);
    } else {
      archive(place, *part, offset, record);
    }
  }
  if (changed) write(place, *part);
  wake(place);
}

void ModelShareGroup::expire(Place place, int incarnation, std::uint64_t lock) {
  Part* part = live(place, incarnation);
  if (part == nullptr) return;
  take_over(place, *part);
  bool changed = false;
  for (auto& [offset, record] : part->records) {
    if (record.state != Record::State::acquired || record.lock != lock) continue;
    world().counters.count(Fault::share_lock_expired);
    release(place, *part, offset, record);
    changed = true;
  }
  if (!changed) return;
  write(place, *part);
  wake(place);
}

void ModelShareGroup::acknowledge(Place place, Part& part, Offset offset, Record& record) {
  record.state = Record::State::acknowledged;
  if (part.records.begin()->first < offset) world().counters.count(Fault::share_out_of_order);
  remember(part.incarnation, place.second, offset, offset + 1, leader_of(part.incarnation, place.second));
}

void ModelShareGroup::release(Place place, Part& part, Offset offset, Record& record) {
  if (record.tries >= traits().attempts && !is_unseen(world().log.at(part.incarnation, place.second).kind(offset)) &&
      !world().healing)
    return archive(place, part, offset, record);
  world().counters.count(Fault::share_released);
  record.state = Record::State::available;
}

void ModelShareGroup::archive(Place place, Part& part, Offset offset, Record& record) {
  world().counters.count(Fault::share_given_up);
  record.state = Record::State::archived;
  given_up_.insert({part.incarnation, place.second, offset,
                    world().log.at(part.incarnation, place.second).epoch_at(offset, part.leader)});
}

void ModelShareGroup::write(Place place, Part& part) {
  ShareRecord record;
  record.group = number();
  record.topic = place.first;
  record.incarnation = part.incarnation;
  record.partition = place.second;
  record.state_epoch = part.epoch;
  record.leader_epoch = std::max(part.leader, 0);
  record.start = part.start;
  for (const auto& [offset, one] : part.records) {
    if (one.state != Record::State::acknowledged && one.state != Record::State::archived) continue;
    std::vector<core::Range>& ranges = one.state == Record::State::archived ? record.archived : record.acknowledged;
    if (!ranges.empty() && ranges.back().last + 1 == offset) {
      ranges.back().last = offset;
    } else {
      ranges.push_back({offset, offset});
    }
  }
  world().trace.note(world().now(), "share state", {{"topic", place.first}, {"p", place.second}, {"start", part.start},
                                                    {"epoch", part.epoch}, {"leader", record.leader_epoch}}, traits().name);
  for (const core::Range& range : record.acknowledged)
    world().trace.note(world().now(), "  acknowledged", {{"first", range.first}, {"last", range.last}});
  for (const core::Range& range : record.archived)
    world().trace.note(world().now(), "  archived", {{"first", range.first}, {"last", range.last}});
  world().shares.append(std::move(record));
  // As Kafka does it: the start moves after the write, and is in the next.
  for (auto at = part.records.begin(); at != part.records.end() && at->first == part.start &&
                                       (at->second.state == Record::State::acknowledged ||
                                        at->second.state == Record::State::archived);
       at = part.records.erase(at))
    ++part.start;
}

void ModelShareGroup::leave() {
  if (members_ == 0) return;
  world().counters.count(Fault::group_left);
  ++life_;
  members_ = 0;
  world().commits.membership(number(), 0, world().now());
  world().trace.note(world().now(), "share group leaves", {}, traits().name);
  world().schedule.after(world().random.millis(100, world().random.chance(300) ? 20'000 : 4000), [this] {
    if (members_ == 0) join(world().random.small(1, 3));
  });
}

void ModelShareGroup::disturb() {
  if (members_ == 0) return;
  const int roll = world().random.small(0, 99);
  if (roll < 50) {
    world().counters.count(Fault::member_crashed);
    ++life_;  // what its members had in hand waits for its locks
  } else {
    leave();
  }
}

void ModelShareGroup::administer() {
  if (members_ > 0) {
    leave();
    world().schedule.after(world().random.millis(1, 90), [this] { set_up_anew(); });
  } else {
    set_up_anew();
  }
}

void ModelShareGroup::set_up_anew() {
  if (members_ > 0 || world().healing) return;
  const int kind = world().random.small(0, 2);
  for (auto& [place, part] : parts_) {
    if (live(place, part.incarnation) == nullptr || part.start == core::kNoOffset) continue;
    const LogPartition& log = world().log.at(part.incarnation, place.second);
    world().counters.count(Fault::share_set_up_anew);
    ++part.epoch;
    part.records.clear();
    part.start = kind == 0   ? log.log_start
                 : kind == 1 ? log.end()
                             : world().random.between(log.log_start, log.end());
    // Below there it stays as it was.
    for (Offset o = 0; o < part.start; ++o)
      if (passes_over(part.incarnation, place.second, o, part.epoch - 1))
        passed_.insert({part.incarnation, place.second, o, part.epoch});
    write(place, part);
  }
}

void ModelShareGroup::records_appended(int topic, Partition partition) { wake({topic, partition}); }

void ModelShareGroup::topic_changed(int topic) {
  if (std::find(traits().topics.begin(), traits().topics.end(), topic) == traits().topics.end()) return;
  world().schedule.after(world().random.millis(20, 1500), [this] {
    if (members_ > 0) assign();
  });
}

void ModelShareGroup::heal() { join(std::max(members_, 1)); }

}  // namespace tidemark::sim
