// Is each outcome true, and is it as strong as what the gateway was told allows?

#include <algorithm>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using core::kNoOffset;
using core::Outcome;
using std::chrono::milliseconds;

namespace {

std::string place_of(const World& world, const Stake& stake) {
  return world.log.name(stake.topic) + "#" + std::to_string(stake.incarnation) + "/" + std::to_string(stake.partition) + "@" + std::to_string(stake.offset);
}

// The verdict that agrees with an outcome which is not processed.
Verdict same(Outcome outcome) {
  switch (outcome) {
    case Outcome::skipped: return Verdict::skipped;
    case Outcome::unanchored: return Verdict::unanchored;
    case Outcome::pending:
    case Outcome::absent: return Verdict::pending;
    case Outcome::failed:
    case Outcome::handed_over:
    case Outcome::processed: break;
  }
  return Verdict::processed;
}

// Marks of an append whose topic's id was not known are not merged with those that know it.
bool says_twice(const core::Mark& mark, const std::string& topic, const Stake& stake, const std::string& name) {
  return 1 < std::count_if(mark.terms.begin(), mark.terms.end(), [&](const core::Term& term) {
    return term.topic == topic && term.partition == stake.partition && term.first <= stake.offset &&
           stake.offset <= term.last &&
           std::any_of(term.expected.begin(), term.expected.end(), [&](const auto& e) { return e.name == name; });
  });
}

bool has_prefix(const core::Mark& mark) {
  return std::any_of(mark.terms.begin(), mark.terms.end(),
                     [](const core::Term& term) { return term.kind == core::Term::Kind::prefix; });
}

}  // namespace

void Checker::check_mark(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  if (answer.mark.empty()) {
    // Cut before the ends were told, or over partitions in which nothing is to be seen.
    if (wait.is_barrier || nothing_asked(gateway, wait)) return;
    if (answer.fate != core::Delivery::Fate::not_appended) fail("P8", "an answer without a mark");
    return;
  }
  for (const Stake& stake : wait.stakes) {
    if (!stake.known() || stake.whole) continue;
    if (answer.mark.empty() && wait.is_barrier) continue;
    const bool there = std::any_of(answer.mark.terms.begin(), answer.mark.terms.end(), [&](const core::Term& term) {
      return term.topic == world_.log.name(stake.topic) && term.topic_id == world_.log[stake.incarnation].id &&
             term.partition == stake.partition && term.first <= stake.offset && stake.offset <= term.last &&
             term.kind != core::Term::Kind::pending;
    });
    if (there) continue;
    // A position named before anything stood there may have become a marker's: the range is taken down below it.
    const LogPartition& log = world_.log.at(stake.incarnation, stake.partition);
    if (stake.offset < log.end() && is_unseen(log.kind(stake.offset))) continue;
    // A range took it in, and was taken down to what the log holds now.
    if (is_lost(stake) && !says_epoch(wait, stake)) {
      world_.counters.count(Excuse::position_asked_across_cut);
      continue;
    }
    return fail("P8", "the mark does not stand for the event at " + place_of(world_, stake));
  }
  for (const core::Term& term : answer.mark.terms)
    for (const core::Expected& expected : term.expected) {
      check_anchor(wait, term, expected);
      const auto due = wait.anchors_due.find(expected.name);
      // A reset since then has taken the place of the position, or the log's start has passed it.
      const bool skipped = std::any_of(answer.consumers.begin(), answer.consumers.end(), [&](const auto& outcome) {
        return outcome.name == expected.name && outcome.outcome == Outcome::skipped;
      });
      const auto passed = [&](const Stake& stake) {
        return due != wait.anchors_due.end() &&
               gateway.told().known_start(stake.incarnation, stake.partition, world_.now()) > due->second;
      };
      if (skipped || std::any_of(wait.stakes.begin(), wait.stakes.end(), passed)) continue;
      if (due != wait.anchors_due.end() && term.kind == core::Term::Kind::event && !expected.anchor.known())
        fail("P8", "the mark carries no anchor for " + expected.name + ", whose position " +
                       std::to_string(due->second) + " was known at the append");
    }
}

void Checker::check_anchor(const Wait& wait, const core::Term& term, const core::Expected& expected) {
  const core::Anchor& anchor = expected.anchor;
  if (!anchor.known()) return;
  const ModelGroup* group = group_named(expected.name);
  // A barrier's consumer is asked nothing below its baseline, which its anchor may be.
  const bool barriers = std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return s.whole; }) &&
                        term.kind == core::Term::Kind::prefix;
  if (anchor.committed > (barriers ? term.last : term.first))
    return fail("P1", "an anchor of " + expected.name + " at " + std::to_string(anchor.committed) +
                          " lies above its event at " + std::to_string(term.first) + ", kind " +
                          std::to_string(static_cast<int>(term.kind)));
  if (group == nullptr) return fail("P1", "an anchor of a group that never was: " + expected.name);
  if (anchor.declared) {
    if (!group->traits().declared_earliest) fail("P1", "a declared anchor, and nothing is declared: " + expected.name);
    return;
  }
  const auto is_it = [&](const CommitRecord& record) {
    return record.kind == CommitRecord::Kind::commit && record.group == group->number() &&
           world_.log.name(record.topic) == term.topic && record.partition == term.partition &&
           record.offset == anchor.committed;
  };
  if (group->traits().share) {
    if (!was_share_start(*group, term, anchor.committed)) fail("P1", "an anchor that no share state had: " + expected.name);
    return;
  }
  const auto& records = world_.commits.records(world_.commits.group(group->number()).partition);
  const bool real = std::any_of(records.begin(), records.end(), [&](const CommitRecord& record) {
    return is_it(record) && (!anchor.at.known() || anchor.at.partition == core::kPolledLog || record.at == anchor.at);
  });
  if (!real) fail("P1", "an anchor that was never committed: " + expected.name + " " + std::to_string(anchor.committed));
}

void Checker::check_outcome(const ModelGateway& gateway, const Wait& wait, const core::ConsumerOutcome& outcome) {
  const ModelGroup* group = group_named(outcome.name);
  if (group != nullptr && group->traits().share && outcome.outcome != Outcome::absent)
    return check_share(gateway, wait, *group, outcome);
  switch (outcome.outcome) {
    case Outcome::processed:
      if (group == nullptr) {
        Wait its = wait;
        std::erase_if(its.stakes, [&](const Stake& stake) { return !stake.names.contains(outcome.name); });
        if (nothing_asked(gateway, its)) return;
      }
      if (group == nullptr) return fail("P1", "processed by a group that does not exist: " + outcome.name);
      check_processed(gateway, wait, *group, outcome);
      check_evidence(gateway, wait, *group, outcome);
      check_reset_seen(wait, outcome);
      return;
    case Outcome::failed:
      return check_failed(gateway, wait, group, outcome);
    case Outcome::handed_over:
      return check_handed_over(gateway, wait, group, outcome);
    case Outcome::absent:
      return check_absent(gateway, wait, outcome);
    case Outcome::pending:
    case Outcome::skipped:
    case Outcome::unanchored:
      if (group != nullptr && check_acker(gateway, wait, *group, outcome)) return;
      return check_verdicts(gateway, wait, group, outcome);
  }
}

void Checker::check_processed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                              const core::ConsumerOutcome& outcome) {
  for (const Stake& stake : wait.stakes) {
    if (!stake.known() || (!wait.is_publish && !stake.names.contains(outcome.name))) continue;
    if (stake.whole) {
      check_whole(gateway, wait, stake, group, outcome);
      continue;
    }
    const std::int32_t epoch = epoch_of(stake, stake.offset);
    if (is_lost(stake)) {
      check_lost(gateway, wait, stake, group, outcome);
      continue;
    }
    if (group.processed(stake.incarnation, stake.partition, stake.offset, epoch)) continue;
    if (excused(gateway, wait, group, stake, outcome)) continue;
    fail("P1", outcome.name + " is said to have processed " + place_of(world_, stake) + ", and has not (committed " +
                   std::to_string(outcome.evidence.committed) + ", anchor " + std::to_string(outcome.evidence.anchor) + (wait.is_publish ? "; a publish)" : "; a mark)"));
  }
}

void Checker::check_evidence(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                             const core::ConsumerOutcome& outcome) {
  const core::Evidence& evidence = outcome.evidence;
  // Where nothing was asked there is nothing to show, and of several positions one is shown.
  if (std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return s.whole; })) return;
  if (check_acker(gateway, wait, group, outcome)) return;
  if (group.traits().parallel && evidence.acked.first != kNoOffset) return check_completed(gateway, wait, group, outcome);
  const Stake* about = nullptr;
  for (const Stake& stake : wait.stakes)
    if (stake.known() && stake.names.contains(outcome.name) && evidence.committed > stake.offset) about = &stake;
  if (about == nullptr) return fail("P1", "processed, with evidence that lies at or below every event: " + outcome.name);
  if (evidence.anchor == kNoOffset) return fail("P1", "processed without an anchor in its evidence: " + outcome.name);
  if (evidence.source == core::Evidence::Source::none) return fail("P1", "processed without a source: " + outcome.name);
  if (evidence.source == core::Evidence::Source::seed) return;
  if (evidence.source == core::Evidence::Source::poll) return check_polled(gateway, wait, group, outcome);
  const CommitRecord* record = world_.commits.find(evidence.at);
  const bool there = record != nullptr && record->kind == CommitRecord::Kind::commit && record->group == group.number() &&
                     record->offset == evidence.committed;
  if (!there) return fail("P1", "the evidence of " + outcome.name + " is not in the commit log");
  const bool about_it = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return stake.topic == record->topic && stake.partition == record->partition;
  });
  if (!about_it) fail("P1", "the evidence of " + outcome.name + " is about another partition");
}

// By what a commit's metadata says: the commit in force must be the one that says it.
void Checker::check_completed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                              const core::ConsumerOutcome& outcome) {
  const core::Evidence& evidence = outcome.evidence;
  if (wait.stakes.size() != 1) return;
  const Stake& stake = wait.stakes.front();
  if (evidence.acked.first > stake.offset || evidence.acked.last < stake.offset)
    return fail("P1", "processed, with completed offsets that are not about the event: " + outcome.name);
  // It was passed since, be it by the log's start, or cut off.
  const core::Time when = wait.began + outcome.elapsed;
  const bool gone = gateway.told().known_start(stake.incarnation, stake.partition, when) > stake.offset;
  if (evidence.committed > stake.offset || gone || was_cut(stake)) return;
  const Told::Key place{group.number(), stake.topic, stake.partition};
  if (!gateway.told().completed_between(place, stake.offset, wait.began, when))
    fail("P3", outcome.name + " is called processed by completed offsets that no commit in force names: " +
                   place_of(world_, stake));
}

void Checker::check_reset_seen(const Wait& wait, const core::ConsumerOutcome& outcome) {
  for (const Before& before : wait.before) {
    if (before.name != outcome.name || wait.stakes.size() != 1 || was_cut(wait.stakes[before.stake])) continue;
    const ToldPosition& position = before.position;
    if (position.offset == kNoOffset || position.beyond || position.seed || position.early) continue;
    if (position.offset > wait.stakes[before.stake].offset) continue;
    if (position.incarnation != wait.stakes[before.stake].incarnation) continue;
    if (position.done(wait.stakes[before.stake].offset)) continue;  // that very commit says so
    if (outcome.evidence.source == core::Evidence::Source::commit &&
        outcome.evidence.at.offset <= position.at.offset)
      fail("P3", outcome.name + " was at " + std::to_string(position.offset) +
                     " when the wait began, and an older commit answered it");
  }
}

void Checker::check_absent(const ModelGateway& gateway, const Wait& wait, const core::ConsumerOutcome& outcome) {
  const ModelGroup* group = group_named(outcome.name);
  if (!gateway.synced_since()) return fail("P8", "absent, and the gateway never was in sync");
  const core::Time when = wait.began + outcome.elapsed;
  core::Time since = *gateway.synced_since();
  if (since > when) return;  // the log was lost since: what was known then is not kept here
  if (group != nullptr) {
    const Told::GroupKnown& known = gateway.told().group(group->number());
    if (known.had_members(when) && !known.unclear) return fail("P10", "absent with members: " + outcome.name);
    since = std::max(since, known.sign_before(when));
  }
  // A commit read behind an answer that found nobody passes for a person's.
  const bool asked = group != nullptr && !gateway.told().group(group->number()).asked_empty.empty();
  if (when - since < world_.plan.engine.absent_grace && asked)
    world_.counters.count(Excuse::skipped_by_an_asked_membership);
  else if (when - since < world_.plan.engine.absent_grace)
    fail("P10", "absent within the grace time: " + outcome.name);
}

void Checker::check_latest(const ModelGateway& gateway, const Stake& stake, const ModelGroup& group,
                           const core::ConsumerOutcome& outcome) {
  if (outcome.reason != core::PendingReason::lag) return;
  const Told& told = gateway.told();
  const Told::Key place{group.number(), stake.topic, stake.partition};
  const ToldPosition* latest = told.latest(place);
  const bool certain = latest != nullptr && !latest->beyond && !latest->early && latest->incarnation == stake.incarnation &&
                       told.incarnation(stake.topic) == stake.incarnation &&
                       !told.holding(place, stake.incarnation, world_.now());
  if (certain && outcome.evidence.committed != latest->offset)
    fail("P6", outcome.name + " is shown at " + std::to_string(outcome.evidence.committed) +
                   ", and the latest that was told is " + std::to_string(latest->offset));
}

// Whether the group had committed above the event by the time at which the gateway was told that it is gone.
bool Checker::was_past(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake) const {
  const core::Time told = gateway.told().told_gone(stake.incarnation, stake.partition, stake.offset);
  const CommitRecord* latest = nullptr;
  for (const CommitRecord& record : world_.commits.records(world_.commits.group(group.number()).partition)) {
    if (record.group != group.number()) continue;
    if (record.kind == CommitRecord::Kind::group_deleted) latest = nullptr;
    if (record.topic != stake.topic || record.partition != stake.partition) continue;
    if (record.kind == CommitRecord::Kind::tombstone) latest = nullptr;
    const bool goes_back = record.offset <= stake.offset;  // whenever it was
    if (record.kind == CommitRecord::Kind::commit && record.producer < 0 && (record.when < told || goes_back)) latest = &record;
  }
  return latest != nullptr && latest->offset > stake.offset && latest->incarnation == stake.incarnation && !latest->by_hand &&
         !latest->beyond && group.processed(stake.incarnation, stake.partition, stake.offset, stake.epoch);
}

void Checker::check_verdicts(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                             const core::ConsumerOutcome& outcome) {
  if (world_.plan.tight_tables || has_prefix(wait.mark)) return;
  if (std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return s.whole; })) return;
  if (wait.is_barrier && outcome.reason == core::PendingReason::asking_end) return;
  if (world_.plan.polled && outcome.outcome != Outcome::pending) return check_polled_verdict(gateway, wait, group, outcome);
  // What is known of positions across a cut may be less than was told, never more; and
  // nothing is called lost that is there.
  const auto any = [&](const auto& what) { return std::any_of(wait.stakes.begin(), wait.stakes.end(), what); };
  const bool cut = any([&](const Stake& stake) { return was_cut(stake); });
  if (cut && outcome.outcome != Outcome::skipped) return;
  if (cut && any([&](const Stake& stake) { return is_lost(stake); }))
    return world_.counters.count(Fault::lost_event_skipped);
  if (cut && any([&](const Stake& stake) { return is_mistaken(gateway, stake); }))
    return world_.counters.count(Excuse::append_epoch_older_than_told);
  if (cut && any([&](const Stake& stake) { return cut_meanwhile(gateway, wait, stake, outcome); }))
    return world_.counters.count(Excuse::position_asked_across_cut);
  const Told& told = gateway.told();
  const core::Time when = wait.began + outcome.elapsed;
  bool allowed = false;
  std::string seen;
  for (const Stake& stake : wait.stakes) {
    if (!wait.is_publish && !stake.names.contains(outcome.name)) continue;
    const bool other = stake.known() && told.incarnation(stake.topic) != stake.incarnation;
    if (!stake.known() || group == nullptr) {
      allowed = allowed || other || outcome.outcome == Outcome::pending;
      continue;
    }
    const bool gone = told.known_start(stake.incarnation, stake.partition, when) > stake.offset &&
                      !(outcome.outcome == Outcome::skipped && was_past(gateway, *group, stake));
    // Its position proves nothing while it is asked whether it was there before the log's start.
    const bool in_question = outcome.outcome == Outcome::pending && told.is_asked_for_rows(group->number());
    if (other || gone || in_question || says_twice(wait.mark, world_.log.name(stake.topic), stake, outcome.name)) allowed = true;
    // What came at the very moment of the outcome may have come just after it.
    for (std::size_t skip = 0;; ++skip) {
      const auto verdict = told.judge_without(skip, {group->number(), stake.topic, stake.partition}, stake.incarnation,
                                              stake.offset, anchor_in(wait.mark, stake, outcome.name),
                                              group->traits().declared_earliest, when);
      if (!verdict) break;
      seen += " " + place_of(world_, stake) + ":" + std::to_string(static_cast<int>(*verdict));
      allowed = allowed || *verdict == Verdict::unsure || *verdict == same(outcome.outcome);
      // Final without success either way: whose move it was may be beyond telling.
      allowed = allowed || (*verdict == Verdict::skipped && outcome.outcome == Outcome::unanchored);
      if (outcome.outcome == Outcome::pending) break;
    }
  }
  // An answer about membership is of a moment between its question and its
  // coming; a commit read meanwhile may pass for a reset. Weaker, never wrong.
  const bool by_hand = outcome.outcome == Outcome::skipped || outcome.outcome == Outcome::unanchored;
  const auto passes_for_reset = [&](const Stake& stake) {
    const ToldPosition* crossing = told.crossing({group->number(), stake.topic, stake.partition}, stake.offset, when);
    return crossing != nullptr && told.group(group->number()).found_empty_before(crossing->at, crossing->when);
  };
  if (!allowed && by_hand && group != nullptr && std::any_of(wait.stakes.begin(), wait.stakes.end(), passes_for_reset)) {
    world_.counters.count(Excuse::skipped_by_an_asked_membership);
    allowed = true;
  }
  if (!allowed)
    fail("P8", outcome.name + " is called " + std::string(core::name_of(outcome.outcome)) + " (" +
                   std::string(core::name_of(outcome.reason)) + ", committed " + std::to_string(outcome.evidence.committed) +
                   "), which is not what the gateway was told by " +
                   std::to_string((when.time_since_epoch() / std::chrono::microseconds(1)) - 1'000'000'000) + " us:" + seen);
  if (cut) return;
  if (outcome.outcome == Outcome::pending && group != nullptr && wait.stakes.size() == 1 && wait.stakes[0].known())
    check_latest(gateway, wait.stakes[0], *group, outcome);
  if (outcome.outcome != Outcome::pending || gateway.lost() || !gateway.synced_since()) return;
  core::Time silent = *gateway.synced_since();
  bool members = false;
  if (group != nullptr) {
    const Told::GroupKnown& known = told.group(group->number());
    members = known.members > 0 || known.unclear;
    silent = std::max({silent, known.sign_before(world_.now()), known.last_commit});
  }
  const bool all_known = std::all_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return stake.known() && told.incarnation(stake.topic) == stake.incarnation;
  });
  if (!members && all_known && world_.now() - silent > world_.plan.engine.absent_grace + milliseconds(50))
    fail("P8", outcome.name + " has neither members nor commits for the grace time, and is pending");
}

}  // namespace tidemark::sim
