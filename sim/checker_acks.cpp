// What consumers say themselves, and clients whose commits say less than they seem to.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Outcome;

void Checker::check_failed(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                           const core::ConsumerOutcome& outcome) {
  if (group == nullptr || !group->traits().acks) return fail("P1", "failed, and never sends acks: " + outcome.name);
  const core::Time when = wait.began + outcome.elapsed;
  for (const Stake& stake : wait.stakes) {
    if (!stake.known() || stake.whole) return;  // of a range any record may be the one
    if (!wait.is_publish && !stake.names.contains(outcome.name)) continue;
    if (stale_ack(*group, stake, true)) return;
    if (!group->failed_once(stake.incarnation, stake.partition, stake.offset)) continue;
    const ToldAcks::Key key{group->number(), stake.incarnation, stake.partition};
    if (gateway.told().acks().may_say(key, stake.offset, true, when)) return;
  }
  // A mark may stand for more than its events: all of a range.
  for (const core::Term& term : wait.mark.terms)
    if (term.kind == core::Term::Kind::prefix) return;
  fail("P1", outcome.name + " is said to have failed, which is not the last that it said");
}

bool Checker::check_acker(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                          const core::ConsumerOutcome& outcome) {
  using Source = core::Evidence::Source;
  if (!group.traits().acks) {
    if (outcome.evidence.source == Source::ack) fail("P1", "judged by acks that it never sends: " + outcome.name);
    return false;
  }
  if (wait.is_barrier && outcome.reason == core::PendingReason::asking_end) return true;
  const core::Time when = wait.began + outcome.elapsed;
  const ToldAcks& acks = gateway.told().acks();
  const bool by_ack = outcome.evidence.source == Source::ack || outcome.reason == core::PendingReason::ack;
  bool one = wait.stakes.size() == 1;
  for (const Stake& stake : wait.stakes) {
    if (!stake.known() || stake.whole) return true;
    if (!wait.is_publish && !stake.names.contains(outcome.name)) continue;
    const ToldAcks::Key key{group.number(), stake.incarnation, stake.partition};
    const bool processed = outcome.outcome == Outcome::processed;
    if (processed && by_ack && !acks.may_say(key, stake.offset, false, when) && one &&
        !excused(gateway, wait, group, stake, outcome))
      fail("P1", outcome.name + " is called processed by an ack that is not the last it sent");
    const bool sticky = group.traits().acks_declared || acks.acks_surely(group.number(), stake.incarnation, wait.began);
    // With the table of consumers full its acks were nobody's.
    if (processed && sticky && !by_ack && one && !world_.plan.tight_tables)
      fail("P1", outcome.name + " sends acks, and is believed for its commits");
    const bool settled = acks.surely_says(key, stake.offset, false, when) || acks.surely_says(key, stake.offset, true, when);
    if (outcome.outcome == Outcome::pending && settled && one && !was_cut(stake) && !world_.plan.tight_tables &&
        gateway.told().incarnation(stake.topic) == stake.incarnation)
      fail("P6", outcome.name + " has said what became of the event, and is pending");
  }
  return by_ack || group.traits().acks_declared || outcome.outcome == Outcome::pending;
}

}  // namespace tidemark::sim
