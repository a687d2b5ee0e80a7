// Positions that were asked for: what happened between two answers nobody was told.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Outcome;

// The evidence must be a position that an answer gave.
void Checker::check_polled(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                           const core::ConsumerOutcome& outcome) {
  const core::Evidence& evidence = outcome.evidence;
  const bool told = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    const auto* positions = gateway.told().all({group.number(), stake.topic, stake.partition});
    return positions != nullptr && std::any_of(positions->begin(), positions->end(), [&](const ToldPosition& position) {
             return position.offset == evidence.committed;
           });
  });
  if (!told) fail("P1", "the evidence of " + outcome.name + " is in no answer");
}

// A reset, a commit beyond the end, or a position that was deleted, between the answer that carried the group across
// the event and the one before it: it looks like progress.
bool Checker::polls_excused(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake, core::Time when) {
  if (!world_.plan.polled) return false;
  const Told& told = gateway.told();
  const Told::Key key{group.number(), stake.topic, stake.partition};
  const ToldPosition* crossing = told.crossing(key, stake.offset, when);
  if (crossing == nullptr) return false;
  // A transaction kept it when the topic went, or it was committed for it since; the answer names whatever has the
  // name now.
  const bool is_first = crossing == told.all(key)->data();
  const bool from_former = !is_first && crossing[-1].incarnation >= 0 && crossing[-1].incarnation != stake.incarnation;
  if (crossing->incarnation != stake.incarnation || from_former) {
    world_.counters.count(Excuse::former_topics_offset_asked_for);
    return true;
  }
  core::Time from = told.look_before(group.number(), crossing->looked);
  // Where it came back meanwhile: since the answer before it was last found without members.
  const core::Time empty = told.empty_look_before(group.number(), crossing->when);
  // That a position went which it had never seen nobody tells, and a mark may bring one of before.
  if (is_first) from = {};
  if (empty != core::Time{} && crossing->emptied == core::Time{}) from = std::min(from, told.look_before(group.number(), empty));
  for (const CommitRecord& record : world_.commits.records(world_.commits.group(group.number()).partition)) {
    if (record.group != group.number() || record.when <= from || record.when > crossing->looked) continue;
    const bool here = record.topic == stake.topic && record.partition == stake.partition;
    if (record.kind == CommitRecord::Kind::group_deleted || (here && record.kind == CommitRecord::Kind::tombstone) ||
        (here && (record.by_hand || record.beyond))) {
      world_.counters.count(Excuse::reset_between_answers);
      return true;
    }
  }
  return false;
}

bool Checker::same_offset_again(const Wait& wait, const std::string& name) const {
  const ModelGroup* group = group_named(name);
  if (!world_.plan.polled || group == nullptr) return false;
  return std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    const bool made_again = stake.incarnation >= world_.plan.topics;
    return stake.names.contains(name) && (made_again || (was_cut(stake) && !group->traits().sends_epochs));
  });
}

// Nobody is said to have skipped what it has processed, but who was there between two answers only, or whose
// transaction was settled when its members had gone.
void Checker::check_polled_verdict(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                                   const core::ConsumerOutcome& outcome) {
  if (outcome.outcome != Outcome::skipped || group == nullptr || wait.stakes.size() != 1) return;
  const Stake& stake = wait.stakes.front();
  if (!stake.known() || stake.whole || was_cut(stake)) return;
  const Told& told = gateway.told();
  const core::Time when = wait.began + outcome.elapsed;
  if (when != world_.now()) return;  // it may have processed it since
  if (told.incarnation(stake.topic) != stake.incarnation) return;
  if (told.known_start(stake.incarnation, stake.partition, when) > stake.offset) return;
  if (!group->processed(stake.incarnation, stake.partition, stake.offset, epoch_of(stake, stake.offset))) return;
  const ToldPosition* crossing = told.crossing({group->number(), stake.topic, stake.partition}, stake.offset, when);
  if (crossing == nullptr || polls_excused(gateway, *group, stake, when)) return;
  const core::Time from = told.look_before(group->number(), crossing->looked);
  const core::Time found_empty = told.empty_look_before(group->number(), crossing->emptied);
  bool came = false, settled = false;
  for (const CommitRecord& record : world_.commits.records(world_.commits.group(group->number()).partition)) {
    if (record.group != group->number() || record.when > crossing->when) continue;
    using Kind = CommitRecord::Kind;
    const bool joins = record.kind == Kind::member || (record.kind == Kind::membership && record.members > 0);
    came = came || (joins && record.when > found_empty);
    settled = settled || (record.kind == CommitRecord::Kind::marker && record.settles && record.when > from);
  }
  // Its members were asked for once more, behind the answer.
  const bool asked = told.empty_look_before(group->number(), crossing->when) >= crossing->looked;
  if (came && asked) return world_.counters.count(Excuse::came_and_went_between_answers);
  if (settled) return world_.counters.count(Excuse::settled_after_leaving);
  fail("P3", outcome.name + " is said to have skipped what it has processed, and was not moved: " +
                 std::to_string(stake.offset));
}

}  // namespace tidemark::sim
