#include "commit_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tidemark::sim {

CommitLog::CommitLog(int partitions, Random& random, Counters& counters)
    : random_(random), counters_(counters), partitions_(static_cast<std::size_t>(partitions)) {
  // A log that has lived: its offsets do not begin at nought.
  for (Partition& partition : partitions_) partition.end = random_.between(0, 50);
}

int CommitLog::add_group(GroupProtocol protocol) {
  Group group;
  group.protocol = protocol;
  group.partition = random_.small(0, partitions() - 1);
  groups_.push_back(group);
  return groups() - 1;
}

core::LogPoint CommitLog::append(CommitRecord record, core::Time now) {
  const int number = group(record.group).partition;
  Partition& partition = partitions_[static_cast<std::size_t>(number)];
  if (random_.chance(150)) {
    partition.end += random_.between(1, 4);
    counters_.count(Fault::gap_in_commit_log);
  }
  record.at = core::LogPoint{number, partition.end++};
  record.when = now;
  const core::LogPoint at = record.at;
  partition.records.push_back(std::move(record));
  if (appended) appended(number);
  return at;
}

void CommitLog::apply(const CommitRecord& record) {
  Row& row = rows_[Key{record.group, record.topic, record.partition}];
  if (row.at.known() && row.at.offset > record.at.offset) return;
  row = Row{record.offset, record.at, record.incarnation, record.done_above, record.read_from, record.done_from};
}

core::LogPoint CommitLog::commit(CommitRecord record, core::Time now) {
  record.kind = CommitRecord::Kind::commit;
  groups_[static_cast<std::size_t>(record.group)].exists = true;
  const core::LogPoint at = append(record, now);
  record.at = at;
  if (record.producer < 0) {
    apply(record);
  } else {
    pending_[record.producer].push_back(record);
  }
  return at;
}

bool CommitLog::settle(std::int64_t producer, bool commit, core::Time now) {
  const auto found = pending_.find(producer);
  if (found == pending_.end()) return false;
  const std::vector<CommitRecord> records = std::move(found->second);
  pending_.erase(found);
  if (commit)
    for (const CommitRecord& record : records) apply(record);
  CommitRecord marker;
  marker.kind = CommitRecord::Kind::marker;
  marker.group = records.front().group;
  marker.producer = producer;
  marker.settles = commit;
  append(marker, now);
  return true;
}

void CommitLog::remove_row(const Key& key, core::Time now) {
  if (rows_.erase(key) == 0) return;
  CommitRecord record;
  record.kind = CommitRecord::Kind::tombstone;
  std::tie(record.group, record.topic, record.partition) = key;
  append(record, now);
}

void CommitLog::note_group(int group, CommitRecord::Kind kind, int value, core::Time now) {
  CommitRecord record;
  record.kind = kind;
  record.group = group;
  if (kind == CommitRecord::Kind::membership) record.members = value;
  if (kind == CommitRecord::Kind::member || kind == CommitRecord::Kind::member_gone) record.member = value;
  append(record, now);
}

void CommitLog::convert(int group, core::Time now) {
  Group& state = groups_[static_cast<std::size_t>(group)];
  const bool was_classic = state.protocol == GroupProtocol::classic;
  state.protocol = was_classic ? GroupProtocol::by_member : GroupProtocol::classic;
  counters_.count(was_classic ? Fault::group_to_member_records : Fault::group_to_classic);
  if (state.exists) note_group(group, was_classic ? CommitRecord::Kind::group_deleted : CommitRecord::Kind::step, -1, now);
}

void CommitLog::membership(int group, int members, core::Time now) {
  Group& state = groups_[static_cast<std::size_t>(group)];
  state.exists = true;
  state.managed = true;
  state.members = members;
  if (state.protocol == GroupProtocol::by_member) return note_members(group, members, now);
  // Who is in a share group its records tell, too, and nobody reads that: no commits stand between them.
  const bool share = state.protocol == GroupProtocol::share;
  note_group(group, share ? CommitRecord::Kind::step : CommitRecord::Kind::membership, members, now);
}

// As the coordinator of a KIP-848 group (kafka.md §2): its members come and go one by one.
void CommitLog::note_members(int group, int members, core::Time now) {
  using Kind = CommitRecord::Kind;
  std::set<int>& ids = groups_[static_cast<std::size_t>(group)].ids;
  const auto goes = [&] {
    const int gone = *std::next(ids.begin(), random_.small(0, static_cast<int>(ids.size()) - 1));
    ids.erase(gone);
    note_group(group, Kind::member_gone, gone, now);
  };
  const auto comes = [&] {
    ids.insert(next_member_);
    note_group(group, Kind::member, next_member_++, now);
  };
  // One that was started anew is another member, and may come before the former is known to be gone.
  const bool anew = members > 0 && static_cast<int>(ids.size()) == members && random_.chance(500);
  if (anew && random_.chance(500)) comes();
  while (static_cast<int>(ids.size()) > members) goes();
  if (anew && random_.chance(300)) goes();
  while (static_cast<int>(ids.size()) < members) comes();
  for (int i = random_.small(1, 3); i > 0; --i) note_group(group, Kind::step, -1, now);
}

void CommitLog::remove_group(int group, core::Time now) {
  std::vector<Key> keys;
  for (const auto& [key, row] : rows_)
    if (std::get<0>(key) == group) keys.push_back(key);
  for (const Key& key : keys) remove_row(key, now);
  Group& state = groups_[static_cast<std::size_t>(group)];
  state.exists = false;
  state.managed = false;
  state.members = 0;
  const bool classic = state.protocol == GroupProtocol::classic;
  note_group(group, classic ? CommitRecord::Kind::group_deleted : CommitRecord::Kind::step, -1, now);
}

bool CommitLog::has_pending(int group) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const auto& entry) { return entry.second.front().group == group; });
}

bool CommitLog::has_pending(const Key& key) const {
  for (const auto& [producer, records] : pending_)
    for (const CommitRecord& record : records)
      if (Key{record.group, record.topic, record.partition} == key) return true;
  return false;
}

const CommitLog::Row* CommitLog::row(const Key& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

core::Offset CommitLog::last_stable(int partition) const {
  core::Offset lowest = end(partition);
  for (const auto& [producer, records] : pending_)
    for (const CommitRecord& record : records)
      if (record.at.partition == partition) lowest = std::min(lowest, record.at.offset);
  return lowest;
}

const CommitRecord* CommitLog::find(core::LogPoint point) const {
  if (point.partition < 0 || point.partition >= partitions()) return nullptr;
  const std::vector<CommitRecord>& records = at(point.partition).records;
  const auto found = std::lower_bound(records.begin(), records.end(), point.offset,
                                      [](const CommitRecord& r, core::Offset offset) { return r.at.offset < offset; });
  return found == records.end() || found->at.offset != point.offset ? nullptr : &*found;
}

}  // namespace tidemark::sim
