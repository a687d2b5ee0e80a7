// Who is in which group: what the commit log's records tell of it, and what the
// coordinators are asked.
//
// Of a classic group one record tells everything. Of the others records tell that
// something changed, gathered by the shell's own kafka::GroupWatch, and the rest is
// asked for, one question about a group at a time; the answer is of a moment
// between its question and its coming.

#include <set>
#include <utility>

#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Effects;
using std::chrono::milliseconds;

namespace {

constexpr auto kGather = milliseconds(100);

std::string id_of(int member) { return "member-" + std::to_string(member); }

}  // namespace

std::string ModelGateway::client_of(const GroupTraits& traits, int members) {
  if (members == 0) return {};
  if (traits.rdkafka) return "rdkafka";
  return traits.kafka_go ? traits.name + "@host (github.com/segmentio/kafka-go)" : "client-" + traits.name;
}

const std::string& ModelGateway::group_name(int group) const {
  return world_.groups[static_cast<std::size_t>(group)]->traits().name;
}

void ModelGateway::tell_group(int number, core::GroupState state) {
  const GroupTraits& traits = world_.groups[static_cast<std::size_t>(number)]->traits();
  const std::set<int> subscribed(traits.topics.begin(), traits.topics.end());
  state.topics_known = state.exists && traits.shows_topics && state.members > 0;
  std::vector<std::string> topics;
  if (state.topics_known)
    for (const int topic : subscribed) topics.push_back(world_.log.name(topic));
  told_->membership(number, state.at, state.as_of, state.exists, state.managed, state.members,
                    state.topics_known ? &subscribed : nullptr, world_.now());
  Effects effects;
  port_->group(state, traits.name, topics, client_of(traits, state.members), world_.now(), effects);
  carry_out(effects);
}

void ModelGateway::tell_membership(const CommitRecord& record) {
  watch_->meet(group_name(record.group));
  core::GroupState state;
  state.managed = true;
  state.members = record.members;
  state.at = record.at;
  world_.trace.note(world_.now(), "tail: group", {{"gw", number_}, {"members", record.members}, {"at", record.at.offset}},
                    group_name(record.group));
  tell_group(record.group, std::move(state));
}

void ModelGateway::tell_change(const CommitRecord& record) {
  using Kind = CommitRecord::Kind;
  using Shows = core::GroupChange::Shows;
  const std::string& name = group_name(record.group);
  watch_->changed(name, kafka::GroupType::unknown);
  world_.trace.note(world_.now(), "tail: change", {{"gw", number_}, {"kind", static_cast<int>(record.kind)},
                                                   {"member", record.member}, {"at", record.at.offset}}, name);
  told_->changed(record.group, record.at);
  if (record.kind == Kind::step) return;
  core::GroupChange change;
  change.shows = record.kind == Kind::member        ? Shows::member_comes
                 : record.kind == Kind::member_gone ? Shows::member_goes
                                                    : Shows::no_more;
  change.first = record.kind == Kind::member && listed_ && watch_->meet(name);
  change.at = record.at;
  port_->group_changed(change, name, id_of(record.member));
}

void ModelGateway::watch_groups() {
  if (connected_) {
    const kafka::GroupWatch::Due due = watch_->tick([this] { return *positions(); });
    for (const auto& [name, type] : due.members) {
      world_.counters.count(Fault::members_asked_for_change);
      ask_group(*world_.group_named(name), due.as_of, false);
    }
  }
  later(kGather, [this] { watch_groups(); });
}

void ModelGateway::ask_again() {
  if (!alive() || !connected_) return;
  const int group = world_.random.small(0, world_.commits.groups() - 1);
  if (!world_.commits.group(group).exists || polls_) return;
  ask_group(group, positions(), true);
  if (world_.random.chance(500)) ask_seed(group);
}

void ModelGateway::ask_group(int number, core::TailPositions as_of, bool counts) {
  MembersQuestion& question = members_asked_[number];
  if (counts) ++unanswered_, ++question.counted;
  question.wanted = std::move(as_of);
  if (!question.under_way) put_members_question(number);
}

void ModelGateway::put_members_question(int number) {
  MembersQuestion& question = members_asked_[number];
  question.under_way = true;
  const core::TailPositions as_of = std::exchange(question.wanted, nullptr);
  const int counted = std::exchange(question.counted, 0);
  later(question_delay(), [=, this] { serve_members(number, as_of, counted); });
}

void ModelGateway::serve_members(int number, const core::TailPositions& as_of, int counted) {
  if (!connected_) {
    later(milliseconds(50), [=, this] { serve_members(number, as_of, counted); });
    return;
  }
  later(question_delay(), [=, this, group = world_.commits.group(number)] {
    core::GroupState state;
    state.exists = group.exists;
    state.managed = group.managed;
    state.members = group.members;
    state.as_of = as_of;
    state.ids_known = group.exists && group.protocol == GroupProtocol::by_member;
    std::vector<std::string> ids;
    for (const int member : group.ids) ids.push_back(id_of(member));
    state.ids = ids;
    if (told_->group(number).at.known()) world_.counters.count(Fault::group_answer_after_newer);
    world_.trace.note(world_.now(), "asked: group", {{"gw", number_}, {"members", group.members}}, group_name(number));
    if (!group.exists) watch_->forget(group_name(number));
    tell_group(number, std::move(state));
    if (!alive()) return;
    MembersQuestion& question = members_asked_[number];
    question.under_way = false;
    if (question.wanted != nullptr) put_members_question(number);
    for (int i = 0; i < counted && alive(); ++i) answered_one();
  });
}

}  // namespace tidemark::sim
