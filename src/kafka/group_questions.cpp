#include "kafka/group_questions.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace tidemark::kafka {

bool GroupQuestions::offsets_due(const Group& group) { return group.offsets_wanted && !group.offsets_sent; }
bool GroupQuestions::members_due(const Group& group) { return group.members_wanted && !group.members_sent; }

Question::Kind GroupQuestions::members_kind(const Group& group) {
  switch (group.type) {
    case GroupType::consumer: return Question::Kind::consumer_members;
    case GroupType::share: return Question::Kind::share_members;
    case GroupType::unknown:
    case GroupType::classic: break;
  }
  return Question::Kind::classic_members;
}

GroupQuestions::Group& GroupQuestions::entry(const std::string& group, core::Time now, bool starting) {
  const auto [found, is_new] = groups_.try_emplace(group);
  Group& entry = found->second;
  if (is_new) {
    entry.since = now;
    if (const auto known = coordinators_.find(group); known != coordinators_.end()) {
      entry.coordinator = Coordinator::known;
      entry.broker = known->second;
    }
  }
  entry.starting |= starting;
  return entry;
}

void GroupQuestions::ask_seed(const std::string& group, const core::TailPositions& as_of, core::Time now,
                              bool starting) {
  Group& found = entry(group, now, starting);
  found.offsets_wanted = true;
  found.offsets.seed = true;
  found.offsets.as_of = as_of;
}

void GroupQuestions::ask_offsets(const std::string& group, core::LogPoint version, core::Time now) {
  Group& found = entry(group, now, false);
  found.offsets_wanted = true;
  if (!found.offsets.version || found.offsets.version->offset < version.offset) found.offsets.version = version;
}

void GroupQuestions::ask_rows(const std::string& group, core::Time now) {
  Group& found = entry(group, now, false);
  found.offsets_wanted = true;
  found.offsets.rows = true;
}

void GroupQuestions::ask_stable_rows(const std::string& group, std::uint64_t number, core::Time now) {
  Group& found = entry(group, now, false);
  found.offsets_wanted = true;
  found.offsets.stable = std::max(found.offsets.stable, number);
}

void GroupQuestions::ask_members(const std::string& group, GroupType type, const core::TailPositions& as_of,
                                 core::Time now, bool starting) {
  Group& found = entry(group, now, starting);
  found.members_wanted = true;
  found.members_as_of = as_of;
  if (!found.members_sent) {
    if (type != GroupType::unknown) found.type = type;
    found.other_type_tried = false;
  }
}

std::vector<Question> GroupQuestions::next(core::Time now) {
  std::vector<Question> questions;
  if (under_way_ >= limits_.questions) return questions;
  std::map<std::tuple<Question::Kind, bool, std::int32_t>, Question> gathered;
  const auto add = [&](Question::Kind kind, std::int32_t broker, const std::string& name, bool stable = false) {
    Question& question = gathered[{kind, stable, broker}];
    if (question.groups.size() == limits_.groups_per_question) return false;
    if (question.groups.empty() && gathered.size() + under_way_ > limits_.questions) {
      gathered.erase({kind, stable, broker});
      return false;
    }
    question.kind = kind;
    question.stable = stable;
    question.broker = broker;
    question.groups.push_back(name);
    return true;
  };
  for (auto& [name, group] : groups_) {
    if (group.not_before > now) continue;
    if (group.coordinator == Coordinator::unknown && (offsets_due(group) || members_due(group))) {
      if (add(Question::Kind::coordinators, -1, name)) group.coordinator = Coordinator::asking;
    }
    if (group.coordinator != Coordinator::known) continue;
    if (offsets_due(group) && add(Question::Kind::offsets, group.broker, name, group.offsets.stable != 0)) {
      group.offsets_sent = std::exchange(group.offsets, {});
      group.offsets_wanted = false;
    }
    if (members_due(group) && add(members_kind(group), group.broker, name)) {
      group.members_sent = std::exchange(group.members_as_of, {});
      group.members_wanted = false;
    }
  }
  for (auto& [key, question] : gathered) questions.push_back(std::move(question));
  under_way_ += questions.size();
  return questions;
}

std::optional<core::Time> GroupQuestions::next_due() const {
  if (under_way_ >= limits_.questions) return std::nullopt;
  std::optional<core::Time> next;
  for (const auto& [name, group] : groups_) {
    if (group.coordinator == Coordinator::asking || !(offsets_due(group) || members_due(group))) continue;
    if (!next || group.not_before < *next) next = group.not_before;
  }
  return next;
}

void GroupQuestions::coordinator_found(std::string_view name, std::int32_t broker) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return;
  found->second.coordinator = Coordinator::known;
  found->second.broker = broker;
  if (coordinators_.size() >= limits_.coordinators) coordinators_.clear();
  coordinators_.insert_or_assign(found->first, broker);
}

void GroupQuestions::lose_coordinator(std::string_view name, Group& group) {
  group.coordinator = Coordinator::unknown;
  if (const auto known = coordinators_.find(name); known != coordinators_.end()) coordinators_.erase(known);
}

std::optional<OffsetsAsked> GroupQuestions::offsets_answered(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end() || !found->second.offsets_sent) return std::nullopt;
  OffsetsAsked asked = *std::exchange(found->second.offsets_sent, std::nullopt);
  found->second.pause = {};
  drop_if_done(found);
  return asked;
}

std::optional<core::TailPositions> GroupQuestions::members_answered(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end() || !found->second.members_sent) return std::nullopt;
  core::TailPositions as_of = *std::exchange(found->second.members_sent, std::nullopt);
  found->second.pause = {};
  found->second.other_type_tried = false;
  drop_if_done(found);
  return as_of;
}

bool GroupQuestions::members_not_found(std::string_view name, core::TailPositions& as_of) {
  const auto found = groups_.find(name);
  if (found == groups_.end() || !found->second.members_sent) return false;
  Group& group = found->second;
  const bool only_one_api = group.type == GroupType::share;
  if (!only_one_api) group.type = group.type == GroupType::consumer ? GroupType::classic : GroupType::consumer;
  if (only_one_api || group.other_type_tried) {
    as_of = *members_answered(name);
    return true;
  }
  group.other_type_tried = true;
  if (!group.members_wanted) group.members_as_of = *group.members_sent;
  group.members_wanted = true;
  group.members_sent.reset();
  return false;
}

void GroupQuestions::failed(std::string_view name, Question::Kind kind, core::Time now, bool moved) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return;
  Group& group = found->second;
  if (kind == Question::Kind::coordinators) {
    group.coordinator = Coordinator::unknown;
  } else {
    if (moved && group.coordinator == Coordinator::known) lose_coordinator(name, group);
    if (kind == Question::Kind::offsets && group.offsets_sent) {
      // What was asked meanwhile counts too; the older version is the sound one.
      const OffsetsAsked sent = *std::exchange(group.offsets_sent, std::nullopt);
      group.offsets.seed |= sent.seed;
      group.offsets.rows |= sent.rows;
      group.offsets.stable = std::max(group.offsets.stable, sent.stable);
      if (sent.as_of) group.offsets.as_of = sent.as_of;
      if (sent.version && (!group.offsets.version || group.offsets.version->offset < sent.version->offset))
        group.offsets.version = sent.version;
      group.offsets_wanted = true;
    } else if (kind != Question::Kind::offsets && group.members_sent) {
      const core::TailPositions sent = *std::exchange(group.members_sent, std::nullopt);
      if (!group.members_wanted) group.members_as_of = sent;
      group.members_wanted = true;
    }
  }
  group.pause = std::clamp(group.pause * 2, limits_.first_pause, limits_.longest_pause);
  group.not_before = now + group.pause;
}

void GroupQuestions::refused(std::string_view name, Question::Kind kind) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return;
  Group& group = found->second;
  if (kind == Question::Kind::coordinators) {
    group.coordinator = Coordinator::unknown;
    group.offsets_wanted = group.members_wanted = false;
  } else if (kind == Question::Kind::offsets) {
    group.offsets_sent.reset();
  } else {
    group.members_sent.reset();
  }
  drop_if_done(found);
}

void GroupQuestions::ended(const Question& question, core::Time now) {
  --under_way_;
  for (const std::string& name : question.groups) {
    const auto found = groups_.find(name);
    if (found == groups_.end()) continue;
    const Group& group = found->second;
    const bool open = question.kind == Question::Kind::coordinators ? group.coordinator == Coordinator::asking
                      : question.kind == Question::Kind::offsets    ? group.offsets_sent.has_value()
                                                                    : group.members_sent.has_value();
    if (open) failed(name, question.kind, now, true);
  }
}

std::size_t GroupQuestions::starting_left(core::Time now, core::Duration patience) const {
  return static_cast<std::size_t>(std::count_if(groups_.begin(), groups_.end(), [&](const auto& entry) {
    return entry.second.starting && now - entry.second.since < patience;
  }));
}

std::vector<std::string> GroupQuestions::newly_late(core::Time now, core::Duration patience) {
  std::vector<std::string> names;
  for (auto& [name, group] : groups_) {
    if (group.said_late || now - group.since < patience) continue;
    group.said_late = true;
    names.push_back(name);
  }
  return names;
}

void GroupQuestions::forget_starts() {
  for (auto& [name, group] : groups_) group.starting = false;
}

void GroupQuestions::drop_if_done(Groups::iterator found) {
  const Group& group = found->second;
  if (group.offsets_wanted || group.offsets_sent || group.members_wanted || group.members_sent) return;
  groups_.erase(found);
}

}  // namespace tidemark::kafka
