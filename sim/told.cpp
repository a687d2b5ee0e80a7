#include "told.h"

#include <algorithm>
#include <utility>

#include "ack_log.h"

namespace tidemark::sim {

using core::kNoOffset;
using core::Offset;
using core::Partition;

namespace {

// The record stands below the position that was noted before the question.
bool below(core::LogPoint at, Offset settled_at, const core::TailPositions& as_of) {
  return as_of && at.known() && settled_at < (*as_of)[static_cast<std::size_t>(at.partition)];
}

}  // namespace

core::Time Told::GroupKnown::sign_before(core::Time when) const {
  const auto after = std::lower_bound(signs.begin(), signs.end(), when);
  return after == signs.begin() ? core::Time{} : *std::prev(after);
}

bool Told::GroupKnown::found_empty_before(core::LogPoint record, core::Time when) const {
  return std::any_of(asked_empty.begin(), asked_empty.end(), [&](const auto& answer) {
    const auto& [came, tail] = answer;
    return came <= when && (tail == nullptr || !record.known() || !below(record, record.offset, tail));
  });
}

void Told::commit(const CommitRecord& record, Offset settled_at, core::Time now) {
  GroupKnown& group = groups_[static_cast<std::size_t>(record.group)];
  const bool tombstone = record.kind == CommitRecord::Kind::tombstone;
  ++heard_;
  group.last_commit = now;
  if (!group.commit_at.known() || record.at.offset > group.commit_at.offset) {
    group.commit_at = record.at;
    // What the first answers tell may be of any time.
    const bool of_old = record.at.partition == core::kPolledLog && !synced_;
    if (!tombstone && !record.by_hand && !of_old) group.signs.push_back(now);
    if (!tombstone && !of_old) group.commits.emplace_back(now, !record.by_hand);
  }
  Positions& positions = positions_[Key{record.group, record.topic, record.partition}];
  if (positions.at.known() && record.at.offset <= positions.at.offset) return;
  if (below(record.at, settled_at, positions.as_of)) return;
  positions.at = record.at;
  positions.as_of.reset();
  ToldPosition position;
  position.when = now;
  position.looked = record.when;
  position.order = heard_;
  position.offset = tombstone ? kNoOffset : record.offset;
  position.at = record.at;
  position.incarnation = tombstone ? -1 : record.incarnation;
  position.with_id = record.with_id;
  position.lost = !tombstone && record.with_epoch && record.offset > 0 &&
                  cuts_.shown({record.incarnation, record.partition}, record.offset - 1, record.epoch, core::Time::max());
  position.by_hand = record.by_hand;
  if (group.members == 0) position.emptied = group.emptied;
  position.beyond = record.beyond;
  position.done_above = record.done_above;
  position.early = !tombstone && incarnation(record.topic) != (record.told_as >= 0 ? record.told_as : record.incarnation);
  // Above a cut it may have begun before that, and have read what is gone up to here.
  const bool above_cut = record.offset > 0 && cuts_.shown_between({record.incarnation, record.partition}, record.offset - 1,
                                                                  core::Time{}, now);
  position.may_begin = synced_ && group.members > 0 && !above_cut &&
                       (record.with_id || !made_again_.contains(record.topic));
  const bool behind = !positions.all.empty() && positions.all.back().held && !positions.all.back().judged;
  position.held = behind || position.reach() > known_end(record.incarnation, record.partition);
  if (++positions.unanswered > 30) positions.overflowed = true;
  positions.all.push_back(position);
}

void Told::seed(int group, const core::TailPositions& as_of, std::span<const std::pair<Key, CommitLog::Row>> rows,
                core::Time now) {
  for (const auto& [key, row] : rows) {
    Positions& positions = positions_[key];
    // The tail misses nothing, so whatever it showed is newer or the same.
    if (!positions.all.empty()) continue;
    positions.as_of = as_of;
    ToldPosition position;
    position.when = now;
    position.offset = row.offset;
    position.incarnation = row.incarnation;
    position.seed = true;
    position.as_of = as_of;
    position.early = incarnation(std::get<1>(key)) != row.incarnation;
    position.order = ++heard_;
    position.done_above = row.done_above;
    position.held = position.reach() > known_end(row.incarnation, std::get<2>(key));
    positions.all.push_back(position);
  }
  static_cast<void>(group);
}

void Told::membership(int number, core::LogPoint at, const core::TailPositions& as_of, bool exists, bool managed,
                      int members, const std::set<int>* topics, core::Time now) {
  GroupKnown& group = groups_[static_cast<std::size_t>(number)];
  if (!at.known() && members == 0) group.asked_empty.emplace_back(now, as_of);
  // Records tell nothing of who is in it: answers do.
  const bool asked_for = group.changed_at.known() && (!group.at.known() || group.changed_at.offset > group.at.offset);
  if (at.known()) {
    if (group.at.known() && at.offset <= group.at.offset) return;
    if (below(at, at.offset, group.as_of)) return;
    group.at = at;
    group.as_of.reset();
    group.unclear = false;
  } else if (group.told && !asked_for) {
    // An asked state is newer than some of what the tail showed, older than
    // other: which, only the tail will tell.
    group.unclear = group.unclear || (members > 0) != (group.members > 0);
    if (topics != nullptr) group.asked_topics = *topics;
    return;
  } else if (group.as_of && as_of && *as_of < *group.as_of) {
    return;  // positions only go forward: versioned by an older one, it says less
  } else {
    group.as_of = as_of;
    group.unclear = asked_for && !below(group.changed_at, group.changed_at.offset, as_of);
  }
  if (members > 0 && !group.client_known) group.client_known = now;
  if (group.members > 0 && members == 0) group.signs.push_back(now);
  if (group.members > 0 && members == 0) group.emptied = now;
  if (group.members == 0 && members > 0) group.gained.push_back(now);
  group.told = true;
  group.exists = exists;
  group.managed = managed;
  group.members = members;
  if (topics != nullptr && members > 0) {
    group.topics = *topics;
    group.topics_known = true;
  }
}

void Told::changed(int number, core::LogPoint at) {
  GroupKnown& group = groups_[static_cast<std::size_t>(number)];
  if (group.changed_at.known() && at.offset <= group.changed_at.offset) return;
  if (group.at.known() && at.offset <= group.at.offset) return;
  group.changed_at = at;
  group.unclear = group.unclear || !below(at, at.offset, group.as_of);
}

void Told::topic(int topic, int incarnation, int partitions) {
  const auto [known, first] = topics_.try_emplace(topic, incarnation, partitions);
  if (!first && known->second.first != incarnation) made_again_.insert(topic);
  known->second = {incarnation, partitions};
  for (const auto& [place, number] : asked_)
    if (place.first == topic) cuts_.asked({incarnation, place.second}, number);
}

void Told::asked_end(int topic, Partition partition, std::uint64_t number) {
  std::uint64_t& last = asked_[{topic, partition}];
  last = std::max(last, number);
  cuts_.asked({incarnation(topic), partition}, last);
}

bool Told::end_of_leader(int incarnation, Partition partition, Offset end, std::int32_t epoch, std::uint64_t number,
                         core::Time now) {
  const bool shows = cuts_.end({incarnation, partition}, end, epoch, number, now);
  if (shows) ends_[{incarnation, partition}] = end;
  return shows;
}

bool Told::epoch_ended(int incarnation, Partition partition, const EpochEnd& told, std::int32_t leader, core::Time now) {
  const bool shows = cuts_.epoch_ended({incarnation, partition}, told, leader, now);
  if (shows) ends_[{incarnation, partition}] = told.offset;
  return shows;
}

void Told::event_missed(int incarnation, Partition partition, const EpochEnd& told, core::Time now) {
  if (cuts_.event_missed({incarnation, partition}, told, now)) ends_[{incarnation, partition}] = told.offset;
}

bool Told::appended(int incarnation, Partition partition, Offset offset, std::int32_t epoch, core::Time now) {
  const bool shows = cuts_.appended({incarnation, partition}, offset, epoch, now);
  if (shows) ends_[{incarnation, partition}] = offset;
  return shows;
}

void Told::end(int incarnation, Partition partition, Offset end, std::uint64_t heard, core::Time now) {
  const Offset known = ends_[{incarnation, partition}] = std::max(known_end(incarnation, partition), end);
  cuts_.raise({incarnation, partition}, end);
  std::uint64_t& judged = judged_to_[{incarnation, partition}];
  // An ack that waited for the end is a sign of life when it is applied.
  for (const auto& [key, order] : acks_behind_end_)
    if (std::get<1>(key) == incarnation && std::get<2>(key) == partition && order > judged) {
      GroupKnown& group = groups_[static_cast<std::size_t>(std::get<0>(key))];
      group.last_ack = group.last_commit = now;
    }
  judged = std::max(judged, heard);
  for (const auto& [topic, now_there] : topics_) {
    if (now_there.first != incarnation) continue;
    for (std::size_t group = 0; group < groups_.size(); ++group)
      if (groups_[group].topics.contains(topic))
        first_ends_.try_emplace(Key{static_cast<int>(group), topic, partition}, incarnation, end);
  }
  for (auto& [key, positions] : positions_) {
    if (std::get<2>(key) == partition && this->incarnation(std::get<1>(key)) == incarnation) {
      for (ToldPosition& position : positions.all)
        if (!position.judged && position.order <= heard) {
          position.judged = now;
          position.rejected = position.held && position.reach() > known;
        }
      // One whose question is still out holds those behind it.
      const auto holds = [&](const ToldPosition& p) { return !p.judged && (p.beyond || p.reach() > known); };
      if (std::none_of(positions.all.begin(), positions.all.end(), holds)) positions.unanswered = 0;
    }
  }
}

void Told::ack(const AckRecord& record, int topic, bool expected, core::Time now) {
  GroupKnown& group = groups_[static_cast<std::size_t>(record.group)];
  ++heard_;
  // Whatever waits for the end of the topic that has the name holds those behind it.
  const int now_there = incarnation(topic);
  if (record.incarnation != now_there && record.offsets.last >= known_end(now_there, record.partition))
    acks_behind_end_[{record.group, now_there, record.partition}] = heard_;
  if (record.incarnation < 0) return;
  group.last_ack = now;
  group.last_commit = now;
  const ToldAcks::Key key{record.group, record.incarnation, record.partition};
  const bool here = incarnation(topic) == record.incarnation && record.partition < partitions(topic) &&
                    (expected || group.topics.contains(topic));
  const bool below_end = record.offsets.last < known_end(record.incarnation, record.partition);
  if (!below_end) acks_behind_end_[key] = heard_;
  const auto behind = acks_behind_end_.find(key);
  const bool waits = behind != acks_behind_end_.end() && judged_to_[{record.incarnation, record.partition}] < behind->second;
  acks_.told(key, {now, record.offsets, record.failed, here && below_end && !waits});
}

void Told::share(const ShareRecord& state, bool in_sync, core::Time now) {
  const bool held = state.start > known_end(state.incarnation, state.partition);
  // Of a topic that the list does not show yet, or not any more, it says nothing.
  const bool listed = incarnation(state.topic) == state.incarnation && partitions(state.topic) > 0;
  GroupKnown& group = groups_[static_cast<std::size_t>(state.group)];
  if (in_sync && listed) group.last_share = now;
  if (!shares_.told(state, held, now) || !in_sync || !listed) return;
  group.last_commit = now;
  group.signs.push_back(now);
}

Offset Told::baseline(const Key& key, int incarnation, bool declared, Offset end, core::Time by) const {
  const auto found = positions_.find(key);
  if (found == positions_.end() && declared) return 0;
  if (found != positions_.end() && found->second.overflowed) return end;  // the first may have been forgotten
  const auto first = first_ends_.find(key);
  const bool seen_first = first != first_ends_.end() && first->second.first == incarnation;
  const Offset seen = declared ? 0 : seen_first ? first->second.second : end;
  Offset early = 0;
  bool from_start = declared;  // unless a position was there before it could be seen to begin
  if (const auto* states = shares_.all({std::get<0>(key), incarnation, std::get<2>(key)}))
    return std::max(states->front().state.start, seen);
  if (const auto* positions = all(key))
    for (const ToldPosition& position : *positions) {
      from_start = from_start && position.may_begin && !position.seed && !position.by_hand &&
                   !position.beyond && !position.rejected && !position.lost;
      if (position.offset == kNoOffset || position.rejected || position.lost) continue;
      // Beyond the end, which nobody had told: it counts up to the cut, once that is.
      if (position.beyond && !position.held && !position.early && position.incarnation == incarnation)
        return std::max(early, cuts_.lowered({incarnation, std::get<2>(key)}, position.offset, position.when));
      if (position.beyond) continue;
      // Told before the list named the topic it may count, or may have gone with a former one.
      if (position.early) {
        early = std::max(early, position.offset);
        continue;
      }
      if (position.incarnation != incarnation) return end;
      if (from_start && early == 0) return 0;
      // The barrier's end may have been told before or after this one.
      return std::max(early, position.when > by ? std::max(position.offset, seen) : position.offset);
    }
  return std::max(early, seen);
}

void Told::log_start(int incarnation, Partition partition, Offset log_start, core::Time now) {
  auto& known = starts_[{incarnation, partition}];
  if (known.empty() || log_start > known.back().second) known.emplace_back(now, log_start);
}

void Told::rows(int group, core::Time asked, core::Time taken, std::set<std::pair<int, Partition>> there) {
  rows_[group].push_back({asked, taken, std::move(there)});
  --rows_open_[group];
}

bool Told::rows_between(const Key& key, core::Time from, core::Time to, core::Time written) const {
  const auto found = rows_.find(std::get<0>(key));
  return found != rows_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const RowsTold& rows) {
           const bool there = rows.there.contains({std::get<1>(key), std::get<2>(key)}) || written <= rows.taken;
           return rows.asked >= from && rows.taken <= to && there;
         });
}

namespace {

core::Time latest_before(const std::map<int, std::vector<core::Time>>& looks, int group, core::Time when) {
  core::Time latest{};
  if (const auto found = looks.find(group); found != looks.end())
    for (const core::Time look : found->second)
      if (look < when) latest = std::max(latest, look);
  return latest;
}

}  // namespace

core::Time Told::look_before(int group, core::Time when) const { return latest_before(looks_, group, when); }

core::Time Told::empty_look_before(int group, core::Time when) const { return latest_before(empty_looks_, group, when); }

core::Time Told::told_gone(int incarnation, Partition partition, Offset offset) const {
  const auto found = starts_.find({incarnation, partition});
  if (found != starts_.end())
    for (const auto& [when, start] : found->second)
      if (start > offset) return when;
  return core::Time::max();
}

int Told::incarnation(int topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? -1 : found->second.first;
}

int Told::partitions(int topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.second;
}

Offset Told::known_end(int incarnation, Partition partition) const {
  const auto found = ends_.find({incarnation, partition});
  return found == ends_.end() ? 0 : found->second;
}

Offset Told::known_start(int incarnation, Partition partition, core::Time when) const {
  const auto found = starts_.find({incarnation, partition});
  Offset start = 0;
  if (found == starts_.end()) return start;
  for (const auto& [told, offset] : found->second)
    if (told <= when) start = offset;
  return start;
}

const std::vector<ToldPosition>* Told::all(const Key& key) const {
  const auto found = positions_.find(key);
  return found == positions_.end() ? nullptr : &found->second.all;
}

const ToldPosition* Told::latest(const Key& key) const {
  const auto* positions = all(key);
  return positions == nullptr || positions->empty() ? nullptr : &positions->back();
}

bool Told::completed_between(const Key& key, Offset offset, core::Time from, core::Time until) const {
  const auto* positions = all(key);
  if (positions == nullptr) return false;
  for (std::size_t i = 0; i < positions->size() && (*positions)[i].when <= until; ++i) {
    const bool over = std::any_of(positions->begin() + static_cast<std::ptrdiff_t>(i) + 1, positions->end(),
                                  [&](const ToldPosition& later) { return later.when < from && !later.held; });
    if (!over && (*positions)[i].done(offset)) return true;
  }
  return false;
}

const ToldPosition* Told::crossing(const Key& key, Offset offset, core::Time until) const {
  const ToldPosition* crossing = nullptr;
  if (const auto* positions = all(key))
    for (std::size_t i = 0; i < positions->size() && (*positions)[i].when <= until; ++i)
      if ((*positions)[i].offset > offset && (i == 0 || (*positions)[i - 1].offset <= offset)) crossing = &(*positions)[i];
  return crossing;
}

core::Time Told::crossed_at(const Key& key, Offset offset, core::Time until) const {
  const ToldPosition* found = crossing(key, offset, until);
  return found != nullptr ? found->when : core::Time{};
}

bool Told::holding(const Key& key, int incarnation, core::Time until) const {
  const auto found = positions_.find(key);
  if (found == positions_.end()) return false;
  if (found->second.overflowed) return true;
  const Offset end = known_end(incarnation, std::get<2>(key));
  const auto held = [&](const ToldPosition& position) {
    if (position.beyond) return !position.judged || *position.judged > until;
    return position.reach() > end;
  };
  return std::any_of(found->second.all.begin(), found->second.all.end(), held);
}

bool Told::linked(int group, int topic) const {
  if (groups_[static_cast<std::size_t>(group)].topics.contains(topic) || shares_.knows(group, topic)) return true;
  const auto first = positions_.lower_bound(Key{group, topic, -1});
  return first != positions_.end() && std::get<0>(first->first) == group && std::get<1>(first->first) == topic;
}

Verdict Told::judge(const Key& key, int incarnation, Offset offset, const core::Anchor& anchor, bool declared,
                    core::Time until) const {
  return judge_without(0, key, incarnation, offset, anchor, declared, until).value();
}

std::optional<Verdict> Told::judge_without(std::size_t skip, const Key& key, int incarnation, Offset offset,
                                           const core::Anchor& anchor, bool declared, core::Time until) const {
  const auto found = positions_.find(key);
  if (found == positions_.end()) return skip == 0 ? std::optional(Verdict::pending) : std::nullopt;
  if (holding(key, incarnation, until)) return skip == 0 ? std::optional(Verdict::unsure) : std::nullopt;
  std::span<const ToldPosition> all = found->second.all;
  while (!all.empty() && all.back().when > until) all = all.first(all.size() - 1);
  for (; skip > 0; --skip) {
    if (all.empty() || all.back().when != until) return std::nullopt;
    all = all.first(all.size() - 1);
  }
  if (all.empty()) return Verdict::pending;
  const Partition partition = std::get<2>(key);
  const Offset end = known_end(incarnation, partition);
  const auto uncertain = [&](const ToldPosition& p) {
    return p.beyond || p.early || (p.incarnation >= 0 && p.incarnation != incarnation) || p.reach() > end;
  };
  if (uncertain(all.back())) return Verdict::unsure;
  if (all.back().offset <= offset) {
    if (!all.back().done(offset)) return Verdict::pending;
    // Below the log's start it begins anew, and what it named above is void.
    return known_start(incarnation, partition, until) > all.back().offset ? Verdict::unsure : Verdict::processed;
  }
  // From here the latest position is above the event: who carried it across?
  for (std::size_t i = all.size(); i-- > 0;) {
    const ToldPosition& step = all[i];
    if (uncertain(step)) return Verdict::unsure;
    if (i == 0) {
      if (anchor.at.known() && step.at.known() && anchor.at.offset >= step.at.offset) return Verdict::unsure;
      if (anchor.at.known() && step.seed && !below(anchor.at, anchor.at.offset, step.as_of)) return Verdict::unsure;
      if (anchor.known() && anchor.committed <= offset && !step.by_hand) return Verdict::processed;
      return declared ? Verdict::unsure : Verdict::unanchored;
    }
    const ToldPosition& before = all[i - 1];
    if (uncertain(before)) return Verdict::unsure;
    if (before.offset == kNoOffset) return declared || anchor.known() ? Verdict::unsure : Verdict::unanchored;
    if (before.offset > offset) continue;
    if (step.by_hand) return Verdict::skipped;
    return known_start(incarnation, partition, until) > before.offset ? Verdict::unsure : Verdict::processed;
  }
  return Verdict::unsure;
}

}  // namespace tidemark::sim
