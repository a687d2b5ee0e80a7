// Barriers: everything that was there at the call, and appends that were in doubt.

#include <algorithm>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

void Checker::began_barrier(const ModelGateway& gateway, core::WaitId id, const BarrierSpec& spec) {
  if (!gateway.should_be_ready()) fail("P8", "a barrier was taken by a gateway that is not ready");
  Wait wait;
  wait.is_barrier = true;
  wait.hold = spec.hold;
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  wait.stakes = spec.stakes;
  // Who is waited for is decided now, for each topic (P10).
  for (Stake& stake : wait.stakes) {
    Wait of_topic;
    expect_names(gateway, world_.log.name(stake.topic), of_topic);
    stake.names = of_topic.must_name;
    wait.must_name.insert(of_topic.must_name.begin(), of_topic.must_name.end());
    wait.may_name.insert(of_topic.may_name.begin(), of_topic.may_name.end());
  }
  wait.beyond = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return !stake.whole && stake.offset >= world_.log.at(stake.incarnation, stake.partition).end();
  });
  note_before(gateway, wait);
  if (!open_.emplace(key(gateway, id), std::move(wait)).second) fail("P4", "a wait's id is used twice at a time");
}

void Checker::refused_late(const ModelGateway& gateway, core::WaitId id, const core::Refusal& refusal) {
  const auto found = open_.find(key(gateway, id));
  if (found == open_.end()) return fail("P4", "a wait that is not open was refused");
  const Wait& wait = found->second;
  const bool cut = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) { return was_cut(stake); });
  if (!wait.is_barrier || refusal.code != core::Refusal::Code::beyond_end || (!wait.beyond && !cut))
    fail("P7", "refused without cause: " + refusal.detail);
  world_.counters.count(Fault::barrier_beyond_end);
  answered_.insert(found->first);
  open_.erase(found);
}

void Checker::told_sight(const ModelGateway& gateway, core::WaitId id, const Uuid& event) {
  const auto found = open_.find(key(gateway, id));
  const auto place = world_.log.find(event);
  if (found == open_.end() || !place) return;
  for (Stake& stake : found->second.stakes) {
    if (stake.event != event || stake.known()) continue;
    stake.incarnation = place->incarnation;
    stake.partition = place->partition;
    stake.offset = place->offset;
    stake.epoch = stake.told_epoch = place->epoch;
  }
  note_before(gateway, found->second);
}

void Checker::note_anchors_due(const ModelGateway& gateway, Wait& wait) {
  const Stake& stake = wait.stakes.front();
  if (world_.plan.tight_tables || was_cut(stake) || gateway.told().incarnation(stake.topic) != stake.incarnation) return;
  for (const std::string& name : stake.names) {
    const ModelGroup* group = group_named(name);
    if (group == nullptr) continue;
    const Told::Key place{group->number(), stake.topic, stake.partition};
    const ToldPosition* latest = gateway.told().latest(place);
    if (latest == nullptr || latest->offset == core::kNoOffset) continue;
    const Verdict verdict = gateway.told().judge(place, stake.incarnation, stake.offset, {}, false, world_.now());
    const bool in_place = verdict == Verdict::pending &&
                          gateway.told().known_start(stake.incarnation, stake.partition, world_.now()) <= latest->offset;
    if (in_place || verdict == Verdict::processed) wait.anchors_due[name] = latest->offset;
  }
}

// Where its mark says less than all of a partition, a barrier was answered for less.
void Checker::check_barrier_mark(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  if (!answer.settled) return;
  if (answer.all_processed()) world_.counters.count(Fault::barrier_settled);
  for (const Stake& stake : wait.stakes) {
    if (!stake.whole || stake.offset == core::kNoOffset || was_cut(stake)) continue;
    // What nobody will ever see above the last record need not be in it.
    const core::Offset last = last_seen(gateway, stake);
    if (last == core::kNoOffset) continue;
    const bool covered = std::any_of(answer.mark.terms.begin(), answer.mark.terms.end(), [&](const core::Term& term) {
      return term.topic == world_.log.name(stake.topic) && term.partition == stake.partition && term.last >= last;
    });
    if (covered && std::none_of(answer.mark.terms.begin(), answer.mark.terms.end(), [&](const core::Term& term) {
          return term.topic == world_.log.name(stake.topic) && term.partition == stake.partition && term.last >= stake.offset;
        }))
      world_.counters.count(Fault::barrier_lowered);
    if (!covered && gateway.told().incarnation(stake.topic) == stake.incarnation)
      return fail("P1", "a barrier over " + world_.log.name(stake.topic) + " leaves out partition " +
                            std::to_string(stake.partition) + " up to " + std::to_string(stake.offset));
  }
}

bool Checker::nothing_asked(const ModelGateway& gateway, const Wait& wait) const {
  // A mark of a barrier over positions stands for ranges, too.
  const std::vector<core::Term>& terms = wait.mark.terms;
  const auto is_range = [](const core::Term& term) { return term.kind == core::Term::Kind::prefix; };
  const bool ranges = !terms.empty() && std::all_of(terms.begin(), terms.end(), is_range);
  return std::all_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return (stake.whole || ranges) && last_seen(gateway, stake) == core::kNoOffset;
  });
}

core::Offset Checker::last_seen(const ModelGateway& gateway, const Stake& stake) const {
  const core::Offset start = gateway.told().known_start(stake.incarnation, stake.partition, world_.now());
  core::Offset last = std::min(stake.offset, world_.log.at(stake.incarnation, stake.partition).end() - 1);
  while (last >= start && last >= 0 && is_unseen(world_.log.at(stake.incarnation, stake.partition).kind(last))) --last;
  return last < start ? core::kNoOffset : last;
}

void Checker::narrow_to(const core::Mark& mark, Stake& stake) const {
  std::set<std::string> asked;
  for (const core::Term& term : mark.terms)
    if (term.topic == world_.log.name(stake.topic) && term.partition == stake.partition)
      for (const core::Expected& expected : term.expected) asked.insert(expected.name);
  stake.names = std::move(asked);
}

core::Offset Checker::baseline(const ModelGateway& gateway, const Wait& wait, const Stake& stake,
                               const ModelGroup& group) const {
  const auto carried = stake.since.find(group.traits().name);
  if (carried != stake.since.end()) return carried->second;
  if (world_.plan.tight_tables) return stake.offset + 1;  // the first commits may have had no place
  return gateway.told().baseline({group.number(), stake.topic, stake.partition}, stake.incarnation,
                                 group.traits().declared_earliest, stake.offset + 1, wait.began);
}

void Checker::check_whole(const ModelGateway& gateway, const Wait& wait, const Stake& stake, const ModelGroup& group,
                          const core::ConsumerOutcome& outcome) {
  const Told& told = gateway.told();
  if (told.incarnation(stake.topic) != stake.incarnation) return;  // made again: there is nothing left to ask
  const LogPartition& log = world_.log.at(stake.incarnation, stake.partition);
  const core::Offset from = std::max(baseline(gateway, wait, stake, group),
                                     told.known_start(stake.incarnation, stake.partition, world_.now()));
  for (core::Offset offset = from; offset <= stake.offset; ++offset) {
    const std::int32_t epoch = epoch_of(stake, offset);
    if (group.processed(stake.incarnation, stake.partition, offset, epoch)) continue;
    if (log.is_lost(offset, epoch)) {
      world_.counters.count(Excuse::cut_not_told);
      continue;
    }
    if (is_unseen(log.kind(offset))) continue;
    Stake one = stake;
    one.whole = false;
    one.offset = offset;
    one.epoch = epoch;
    if (excused(gateway, wait, group, one, outcome)) continue;
    return fail("P1", outcome.name + " passed a barrier over " + world_.log.name(stake.topic) + "/" +
                          std::to_string(stake.partition) + " from " + std::to_string(from) + " to " +
                          std::to_string(stake.offset) + ", and has not processed " + std::to_string(offset));
  }
}

}  // namespace tidemark::sim
