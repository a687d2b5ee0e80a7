#include "kafka/poll_plan.h"

#include <algorithm>

#include "core/plant.h"

namespace tidemark::kafka {
namespace {

constexpr std::size_t kIdle = 0;
constexpr std::size_t kOpen = 1;

}  // namespace

void PollPlan::clear() {
  groups_.clear();
  for (Agenda& agenda : agendas_) agenda.clear();
  open_names_.clear();
  open_ = 0;
  rows_ = 0;
}

PollPlan::Groups::iterator PollPlan::take_up(std::string_view name, core::Time now) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return found;
  if (groups_.size() >= settings_.max_groups) return groups_.end();
  const auto added = groups_.emplace(name, Group{}).first;
  Group& group = added->second;
  group.longest = settings_.longest;
  group.rows_due = now + settings_.idle_rows;
  group.members_due = now + settings_.idle_members;
  schedule(added->first, group, now);
  return added;
}

void PollPlan::meet(std::string_view name, GroupType type, core::Time now) {
  const auto found = take_up(name, now);
  if (found != groups_.end() && type != GroupType::unknown) found->second.type = type;
}

void PollPlan::seeded(const core::Seed& seed, core::Time now) {
  const auto found = take_up(seed.group, now);
  if (found == groups_.end()) return;
  Group& group = found->second;
  if (std::exchange(group.rows_told, true)) return;
  for (const core::SeedRow& row : seed.rows) {
    if (rows_ >= settings_.max_rows) {
      ++counters_.rows_left_out;
      continue;
    }
    const Row kept{row.offset, row.leader_epoch, {}, 0, row.done_above};
    if (group.rows.try_emplace({row.topic, row.partition}, kept).second) ++rows_;
  }
}

void PollPlan::members_told(const core::GroupState& state, core::Time now) {
  const auto found = take_up(state.group, now);
  if (found == groups_.end()) return;
  found->second.told = copy(state);
  forget_if_gone(found, now);
}

core::Duration PollPlan::least_pause() const {
  return std::max(settings_.quick, settings_.for_each_open * static_cast<std::int64_t>(open_));
}

void PollPlan::open(std::span<const log::OpenGroup> groups, core::Time now) {
  ++openings_;
  for (const log::OpenGroup& named : groups) {
    const auto found = take_up(named.name, now);
    if (found == groups_.end()) continue;
    Group& group = found->second;
    group.opened = openings_;
    group.longest = !named.commit_interval
                        ? settings_.longest
                        : std::clamp(*named.commit_interval / 4, settings_.least_of_timer, settings_.most_of_timer);
    if (!group.open) set_open(found->first, group, true, now);
  }
  for (auto name = open_names_.begin(); name != open_names_.end();) {
    const auto found = groups_.find(*name++);
    if (found->second.opened == openings_) continue;
    set_open(found->first, found->second, false, now);
    forget_if_gone(found, now);
  }
}

void PollPlan::set_open(const std::string& name, Group& group, bool open, core::Time now) {
  unschedule(name, group);
  group.open = open;
  if (open) {
    ++open_;
    open_names_.insert(name);
    group.pause = {};
    group.rows_due = now + settings_.first;
    group.members_due = std::min(group.members_due, now + settings_.members);
  } else {
    --open_;
    open_names_.erase(name);
    group.rows_due = now + settings_.idle_rows;
    group.members_due = now + settings_.idle_members;
  }
  schedule(name, group, now);
}

void PollPlan::hurry(core::Time now) {
  for (const std::string& name : open_names_) {
    Group& group = groups_.find(name)->second;
    group.pause = least_pause();
    if (group.rows_due <= now + group.pause) continue;
    unschedule(name, group);
    group.rows_due = now + group.pause;
    schedule(name, group, now);
  }
}

void PollPlan::schedule(const std::string& name, Group& group, core::Time now) {
  // A question without an answer is taken for lost one day.
  const core::Time rows = group.rows_asked ? *group.rows_asked + settings_.patience
                          : group.held_rows ? core::Time::max()
                                            : group.rows_due;
  const core::Time members = group.members_asked ? *group.members_asked + settings_.patience : group.members_due;
  group.agenda = std::max(std::min(rows, members), now);
  agendas_[group.open ? kOpen : kIdle].emplace(group.agenda, name);
}

void PollPlan::unschedule(const std::string& name, const Group& group) {
  agendas_[group.open ? kOpen : kIdle].erase({group.agenda, name});
}

PollPlan::Due PollPlan::due(core::Time now) {
  Due due;
  const auto take = [&](Agenda& agenda, core::Time until, std::size_t most) {
    std::vector<std::string> names;
    for (auto entry = agenda.begin(); entry != agenda.end() && entry->first <= until && names.size() < most; ++entry)
      names.push_back(entry->second);
    for (const std::string& name : names) {
      Group& group = groups_.find(name)->second;
      unschedule(name, group);
      ask(name, group, now, due);
      schedule(name, group, now);
    }
    return names.size();
  };
  // Whoever is due a little later shares the request.
  if (const auto first = agendas_[kOpen].begin(); first != agendas_[kOpen].end() && first->first <= now)
    take(agendas_[kOpen], now + settings_.first, groups_.size());
  if (now >= idle_not_before_ && take(agendas_[kIdle], now, settings_.idle_handful) == settings_.idle_handful)
    idle_not_before_ = now + settings_.idle_step;
  return due;
}

void PollPlan::ask(const std::string& name, Group& group, core::Time now, Due& due) {
  if (group.rows_asked && *group.rows_asked + settings_.patience <= now) group.rows_asked.reset();
  if (group.members_asked && *group.members_asked + settings_.patience <= now) group.members_asked.reset();
  const core::Time until = now + (group.open ? settings_.first : core::Duration::zero());
  if (!group.rows_asked && !group.held_rows && group.rows_due <= until) {
    group.rows_asked = now;
    due.rows.push_back(name);
  }
  if (!group.members_asked && group.members_due <= until) {
    group.members_asked = now;
    due.members.emplace_back(name, group.type);
  }
}

std::optional<core::Time> PollPlan::next_due() const {
  std::optional<core::Time> next;
  if (!agendas_[kOpen].empty()) next = agendas_[kOpen].begin()->first;
  if (!agendas_[kIdle].empty()) {
    const core::Time idle = std::max(agendas_[kIdle].begin()->first, idle_not_before_);
    if (!next || idle < *next) next = idle;
  }
  return next;
}

void PollPlan::rows_answered(std::string_view name, std::span<const OffsetRow> rows, core::Time now, PollSink& sink) {
  const auto found = take_up(name, now);
  if (found == groups_.end()) return;
  Group& group = found->second;
  unschedule(found->first, group);
  group.rows_asked.reset();
  const bool news = differs(group, rows);
  if (group.open) {
    group.pause = news ? least_pause()
                       : std::clamp(group.pause * 3 / 2, least_pause(), std::max(group.longest, least_pause()));
    group.rows_due = now + group.pause;
  } else {
    group.rows_due = now + settings_.idle_rows;
  }
  const bool too_old = std::exchange(group.rows_too_old, false);
  if (too_old) group.rows_due = now;
  take_rows(found, rows, news, !too_old, now, sink);
}

void PollPlan::rows_seen(std::string_view name, std::span<const OffsetRow> rows, core::Time now, PollSink& sink) {
  const auto found = take_up(name, now);
  if (found == groups_.end()) return;
  unschedule(found->first, found->second);
  take_rows(found, rows, differs(found->second, rows), false, now, sink);
}

void PollPlan::take_rows(Groups::iterator found, std::span<const OffsetRow> rows, bool news, bool behind_members,
                         core::Time now, PollSink& sink) {
  Group& group = found->second;
  ++counters_.polls;
  if (news && group.rows_told && group.told && group.told->emptied() && !core::planted(core::Bug::polled_move_is_reset)) {
    group.held_rows.emplace(rows.begin(), rows.end());
    group.members_too_old = group.members_asked.has_value();
    group.members_due = now;
  } else {
    group.held_rows.reset();  // older than these
    tell_rows(found->first, group, rows, sink);
    if (!rows.empty() && group.told && !group.told->exists) group.members_due = now;  // it came back
    // Who is there may be told at any time.
    if (group.held_members && (behind_members || group.held_members->members > 0)) {
      Members members = std::move(*group.held_members);
      group.held_members.reset();
      tell_members(found->first, group, std::move(members), sink);
    }
  }
  schedule(found->first, group, now);
  forget_if_gone(found, now);
}

void PollPlan::members_answered(const core::GroupState& state, core::Time now, PollSink& sink) {
  const auto found = take_up(state.group, now);
  if (found == groups_.end()) return;
  Group& group = found->second;
  unschedule(found->first, group);
  group.members_asked.reset();
  group.members_due = now + (group.open ? settings_.members : settings_.idle_members);
  Members members = copy(state);
  // An empty group may be described as one that never had members.
  members.managed |= members.exists && group.told && (group.told->managed || group.told->members > 0);
  if (group.held_rows) {
    // Of a round that others began it may be older than the rows, too.
    if (state.as_of != nullptr || std::exchange(group.members_too_old, false)) {
      group.members_due = now;
    } else {
      const std::vector<OffsetRow> rows = std::move(*group.held_rows);
      group.held_rows.reset();
      if (members.members > 0) tell_members(found->first, group, members, sink);
      tell_rows(found->first, group, rows, sink);
      tell_members(found->first, group, std::move(members), sink);
    }
  } else if (!group.rows_told || !members.exists ||
             (members.emptied() && !(group.told && group.told->emptied()) &&
              !core::planted(core::Bug::polled_empty_at_once))) {
    group.held_members = std::move(members);
    group.rows_too_old = group.rows_asked.has_value();
    group.rows_due = now;
  } else {
    tell_members(found->first, group, std::move(members), sink);
  }
  schedule(found->first, group, now);
  forget_if_gone(found, now);
}

bool PollPlan::differs(const Group& group, std::span<const OffsetRow> rows) const {
  std::size_t kept = 0;
  for (const OffsetRow& row : rows) {
    const auto known = group.rows.find({row.row.topic, row.row.partition});
    if (known == group.rows.end() || moved(known->second, row)) return true;
    ++kept;
  }
  return kept < group.rows.size();
}

bool PollPlan::moved(const Row& row, const OffsetRow& said) {
  const bool remade = !row.topic_id.is_nil() && !said.topic_id.is_nil() && row.topic_id != said.topic_id;
  // To the same offset, in a log that was cut off below it since.
  const bool read_again = row.leader_epoch >= 0 && said.row.leader_epoch > row.leader_epoch;
  return row.offset != said.row.offset || remade || row.done_above != said.row.done_above || read_again;
}

void PollPlan::tell_rows(const std::string& name, Group& group, std::span<const OffsetRow> rows, PollSink& sink) {
  group.rows_told = true;
  const std::uint64_t answer = ++answers_;
  for (const OffsetRow& said : rows) {
    std::pair<std::string, core::Partition> key{said.row.topic, said.row.partition};
    auto known = group.rows.find(key);
    if (known == group.rows.end()) {
      if (rows_ >= settings_.max_rows) {
        ++counters_.rows_left_out;
        continue;
      }
      ++rows_;
      known = group.rows.emplace(std::move(key), Row{}).first;
    }
    Row& row = known->second;
    row.answer = answer;
    const bool news = moved(row, said);
    row = Row{said.row.offset, said.row.leader_epoch, said.topic_id, answer, said.row.done_above};
    if (news) tell_row(name, known->first, row, sink);
  }
  for (auto row = group.rows.begin(); row != group.rows.end();) {
    if (row->second.answer == answer) {
      ++row;
      continue;
    }
    if (!core::planted(core::Bug::polled_gone_row_stays)) tell_row(name, row->first, Row{}, sink);
    row = group.rows.erase(row);
    --rows_;
  }
}

void PollPlan::tell_row(const std::string& name, const std::pair<std::string, core::Partition>& key, const Row& row,
                        PollSink& sink) {
  ++counters_.rows;
  core::Commit commit;
  commit.group = name;
  commit.topic = key.first;
  commit.topic_id = row.topic_id;
  commit.partition = key.second;
  commit.offset = row.offset;
  commit.leader_epoch = row.leader_epoch;
  commit.done_above = row.done_above;
  commit.at = {core::kPolledLog, next_number_++};
  commit.settled_at = commit.at.offset;
  sink.on_polled_commit(commit);
}

void PollPlan::tell_members(const std::string& name, Group& group, Members members, PollSink& sink) {
  if (group.told == members) return;
  group.told = std::move(members);
  core::GroupState state;
  state.group = name;
  state.exists = group.told->exists;
  state.managed = group.told->managed;
  state.members = group.told->members;
  state.topics_known = group.told->topics_known;
  state.topics = group.told->topics;
  state.client = group.told->client;
  state.member = group.told->member;
  state.at = {core::kPolledLog, next_number_++};
  sink.on_polled_group(state);
}

// One that is waited for stays, or it would be met and asked for ever anew.
void PollPlan::forget_if_gone(Groups::iterator found, core::Time) {
  const Group& group = found->second;
  if (group.open || !group.rows.empty() || group.held_rows || group.held_members || !group.told || group.told->exists) return;
  unschedule(found->first, group);
  groups_.erase(found);
}

PollPlan::Members PollPlan::copy(const core::GroupState& state) {
  Members members;
  members.exists = state.exists;
  members.managed = state.managed;
  members.members = state.exists ? state.members : 0;
  members.topics_known = state.topics_known;
  members.topics.assign(state.topics.begin(), state.topics.end());
  members.client = state.client;
  members.member = state.member;
  return members;
}

PollCounters PollPlan::counters() const {
  PollCounters counters = counters_;
  counters.groups = groups_.size();
  counters.open = open_;
  return counters;
}

}  // namespace tidemark::kafka
