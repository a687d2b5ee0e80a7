// Share groups: a record at a time, and given up is not done.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Outcome;

namespace {

bool is(ShareVerdict verdict, Outcome outcome) {
  switch (verdict) {
    case ShareVerdict::pending: return outcome == Outcome::pending;
    case ShareVerdict::processed: return outcome == Outcome::processed;
    case ShareVerdict::failed: return outcome == Outcome::failed;
    case ShareVerdict::unanchored: return outcome == Outcome::unanchored;
    // Final without success either way: from where it was moved may be beyond telling.
    case ShareVerdict::skipped: return outcome == Outcome::skipped || outcome == Outcome::unanchored;
  }
  return false;
}

}  // namespace

bool Checker::was_share_start(const ModelGroup& group, const core::Term& term, core::Offset start) const {
  for (int p = 0; p < ShareLog::kPartitions; ++p)
    for (const ShareRecord& state : world_.shares.records(p))
      if (state.group == group.number() && world_.log.name(state.topic) == term.topic && state.partition == term.partition) {
        // One by a leader before a cut counts up to where that shows.
        const std::vector<LogCut>& cuts = world_.log.at(state.incarnation, state.partition).cuts;
        const bool to_cut = state.start > start && std::any_of(cuts.begin(), cuts.end(), [&](const LogCut& cut) {
                              return cut.offset <= start && state.leader_epoch < cut.epoch;
                            });
        if (state.start == start || to_cut) return true;
      }
  return false;
}

// As of a state that the gateway may have been told last by then. A barrier is over all that lies below, too.
bool Checker::passes_over(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const Stake& stake,
                          core::Time when) const {
  const auto* states = gateway.told().shares().all({group.number(), stake.incarnation, stake.partition});
  const core::Offset end = stake.whole ? world_.log.at(stake.incarnation, stake.partition).end() : stake.offset + 1;
  for (std::size_t i = 0; states != nullptr && i < states->size() && (*states)[i].when <= when; ++i) {
    const bool last = i + 1 == states->size() || (*states)[i + 1].when >= when;
    const std::int32_t epoch = (*states)[i].state.state_epoch;
    for (core::Offset o = wait.is_barrier || stake.whole ? 0 : stake.offset; last && o < end; ++o)
      if (group.passes_over(stake.incarnation, stake.partition, o, epoch)) return true;
  }
  return false;
}

// It did when its latest state was told; nothing below it is ever read, and until then it writes none.
bool Checker::starts_beyond_cut_log(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake) const {
  const auto* states = gateway.told().shares().all({group.number(), stake.incarnation, stake.partition});
  return was_cut(stake) && states != nullptr && states->back().held;
}

// What its state says of records that were cut off, as nobody had told.
bool Checker::share_cut_excused(const ModelGateway& gateway, const Stake& stake, core::Time when) {
  for (const LogCut& cut : world_.log.at(stake.incarnation, stake.partition).cuts)
    if ((stake.whole || cut.offset <= stake.offset) &&
        !gateway.told().cuts().shown({stake.incarnation, stake.partition}, stake.whole ? cut.offset : stake.offset,
                                     cut.epoch - 1, when)) {
      world_.counters.count(Excuse::cut_not_told);
      return true;
    }
  return false;
}

// The log's start overtook the group's, and this gateway had not been told when the group's moved.
bool Checker::share_excused(const ModelGateway& gateway, const Stake& stake, const ModelGroup& group, core::Time when) {
  const core::Offset overtaken = group.overtaken_at(stake.incarnation, stake.partition, stake.offset);
  if (overtaken == core::kNoOffset) return false;
  const Told& told = gateway.told();
  const core::Time crossed =
      told.shares().crossed_at({group.number(), stake.incarnation, stake.partition}, stake.offset, when);
  if (told.known_start(stake.incarnation, stake.partition, crossed) > overtaken) return false;
  world_.counters.count(Excuse::log_start_not_told);
  return true;
}

void Checker::check_share_failed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                                 const core::ConsumerOutcome& outcome) {
  bool gap = false;
  for (const Stake& stake : wait.stakes) {
    // One that was cut has no mark to say whom it asks where.
    const bool asked = wait.is_publish || wait.is_barrier || stake.names.contains(outcome.name);
    if (!stake.known() || !asked) continue;
    if (share_cut_excused(gateway, stake, wait.began + outcome.elapsed)) return;
    if (is_lost(stake) && !says_epoch(wait, stake)) return world_.counters.count(Excuse::position_asked_across_cut);
    // A barrier reaches to the end that was told after the call.
    const core::Offset from = stake.whole ? 0 : stake.offset;
    const core::Offset to = stake.whole ? world_.log.at(stake.incarnation, stake.partition).end() - 1 : stake.offset;
    for (core::Offset o = from; o <= to; ++o) {
      if (group.given_up(stake.incarnation, stake.partition, o, epoch_of(stake, o))) return;
      gap = gap || is_unseen(world_.log.at(stake.incarnation, stake.partition).kind(o));
    }
  }
  // A mark may stand for more than its events: all of a range.
  for (const core::Term& term : wait.mark.terms)
    if (term.kind == core::Term::Kind::prefix) return;
  // What nobody can see is given up by it, too, and its state does not tell the one from the other.
  if (gap) return world_.counters.count(Excuse::share_gap_given_up);
  fail("P1", outcome.name + " is said to have given up what it did not");
}

void Checker::check_share(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                          const core::ConsumerOutcome& outcome) {
  if (outcome.outcome == Outcome::handed_over) return fail("P1", "a share group is said to commit early: " + outcome.name);
  if (wait.is_barrier && outcome.reason == core::PendingReason::asking_end) return;
  // Nothing was asked of it, or not all that would be was known when the barrier was cut.
  const bool named = wait.is_publish || std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return stake.names.contains(outcome.name);
  });
  if (wait.is_barrier && !named) return;
  if (outcome.outcome == Outcome::failed) check_share_failed(gateway, wait, group, outcome);
  const Told& told = gateway.told();
  const core::Time when = wait.began + outcome.elapsed;
  const bool processed = outcome.outcome == Outcome::processed;
  const bool one = wait.stakes.size() == 1;
  // The table was full, or a mark stands for more than its events.
  bool allowed = world_.plan.tight_tables;
  for (const core::Term& term : wait.mark.terms) allowed = allowed || term.kind == core::Term::Kind::prefix;
  for (const Stake& stake : wait.stakes) {
    if (!wait.is_publish && !stake.names.contains(outcome.name)) continue;
    if (!stake.known()) {
      allowed = allowed || outcome.outcome == Outcome::pending;
      continue;
    }
    if (stake.whole) {
      if (processed) check_whole(gateway, wait, stake, group, outcome);
      allowed = true;
      continue;
    }
    if (processed && is_lost(stake)) {
      check_lost(gateway, wait, stake, group, outcome);
      allowed = true;
      continue;
    }
    if (processed && !group.processed(stake.incarnation, stake.partition, stake.offset, epoch_of(stake, stake.offset)) &&
        !share_excused(gateway, stake, group, when) && !share_cut_excused(gateway, stake, one ? when : wait.began))
      return fail("P1", outcome.name + " is said to have processed " + world_.log.name(stake.topic) + "/" +
                            std::to_string(stake.partition) + "@" + std::to_string(stake.offset) +
                            ", and never acknowledged it");
    const ShareRecord::Key key{group.number(), stake.incarnation, stake.partition};
    const bool other = told.incarnation(stake.topic) != stake.incarnation;
    const core::Offset log_start = told.known_start(stake.incarnation, stake.partition, when);
    const bool gone = log_start > stake.offset;
    const bool asking = outcome.outcome == Outcome::pending && outcome.reason == core::PendingReason::asking_end;
    allowed = allowed || other || gone || asking;
    // Across a cut less may be known than was told; but it passes over only what is lost, or has a lost one's place.
    const bool passes = is_lost(stake) || is_mistaken(gateway, stake) || cut_meanwhile(gateway, wait, stake, outcome) ||
                        passes_over(gateway, wait, group, stake, when);
    allowed = allowed || (was_cut(stake) && (passes || outcome.outcome != Outcome::skipped));
    // Where the log's start passed the start that was told, nobody knows from where it went on.
    if (outcome.outcome == Outcome::unanchored) allowed = allowed || told.shares().overflowed(key);
    if (outcome.outcome == Outcome::skipped || outcome.outcome == Outcome::unanchored)
      if (const auto* states = told.shares().all(key))
        allowed = allowed || std::any_of(states->begin(), states->end(), [&](const ToldShare& state) {
                    return state.when <= when && state.state.start < log_start;
                  });
    for (const ShareVerdict verdict : told.shares().between(key, stake.offset, one ? when : wait.began, when))
      allowed = allowed || is(verdict, outcome.outcome);
  }
  if (!allowed)
    return fail("P3", outcome.name + " is called " + std::string(core::name_of(outcome.outcome)) + " (" +
                          std::string(core::name_of(outcome.reason)) +
                          "), which is not what the gateway was told of its share state");
  if (processed && outcome.evidence.source != core::Evidence::Source::share && one && !wait.stakes.front().whole)
    fail("P1", "processed by a share group, by evidence of another kind: " + outcome.name);
}

}  // namespace tidemark::sim
