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

// The anchor that a resumed mark brings for this consumer at this event.
core::Anchor anchor_in(const World& world, const core::Mark& mark, const Stake& stake, const std::string& name) {
  for (const core::Term& term : mark.terms) {
    if (term.topic != world.log.name(stake.topic) || term.partition != stake.partition) continue;
    if (stake.offset < term.first || stake.offset > term.last) continue;
    for (const core::Expected& expected : term.expected)
      if (expected.name == name) return expected.anchor;
  }
  return {};
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

bool has_prefix(const core::Mark& mark) {
  return std::any_of(mark.terms.begin(), mark.terms.end(),
                     [](const core::Term& term) { return term.kind == core::Term::Kind::prefix; });
}

}  // namespace

void Checker::check_mark(const Wait& wait, const core::Answer& answer) {
  if (answer.mark.empty()) {
    if (answer.fate != core::Delivery::Fate::not_appended) fail("P8", "an answer without a mark");
    return;
  }
  for (const Stake& stake : wait.stakes) {
    if (!stake.known()) continue;
    const bool there = std::any_of(answer.mark.terms.begin(), answer.mark.terms.end(), [&](const core::Term& term) {
      return term.topic == world_.log.name(stake.topic) && term.topic_id == world_.log[stake.incarnation].id &&
             term.partition == stake.partition && term.first <= stake.offset && stake.offset <= term.last &&
             term.kind != core::Term::Kind::pending;
    });
    if (!there) return fail("P8", "the mark does not stand for the event at " + place_of(world_, stake));
  }
  for (const core::Term& term : answer.mark.terms)
    for (const core::Expected& expected : term.expected) {
      check_anchor(term, expected);
      const auto due = wait.anchors_due.find(expected.name);
      // A reset since then has taken the place of the position.
      const bool skipped = std::any_of(answer.consumers.begin(), answer.consumers.end(), [&](const auto& outcome) {
        return outcome.name == expected.name && outcome.outcome == Outcome::skipped;
      });
      if (skipped) continue;
      if (due != wait.anchors_due.end() && term.kind == core::Term::Kind::event && !expected.anchor.known())
        fail("P8", "the mark carries no anchor for " + expected.name + ", whose position " +
                       std::to_string(due->second) + " was known at the append");
    }
}

void Checker::check_anchor(const core::Term& term, const core::Expected& expected) {
  const core::Anchor& anchor = expected.anchor;
  if (!anchor.known()) return;
  const ModelGroup* group = group_named(expected.name);
  if (anchor.committed > term.first) 
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
  const auto& records = world_.commits.records(world_.commits.group(group->number()).partition);
  const bool real = std::any_of(records.begin(), records.end(), [&](const CommitRecord& record) {
    return is_it(record) && (!anchor.at.known() || record.at == anchor.at);
  });
  if (!real) fail("P1", "an anchor that was never committed: " + expected.name + " " + std::to_string(anchor.committed));
}

void Checker::check_outcome(const ModelGateway& gateway, const Wait& wait, const core::ConsumerOutcome& outcome) {
  const ModelGroup* group = group_named(outcome.name);
  switch (outcome.outcome) {
    case Outcome::processed:
      if (group == nullptr) return fail("P1", "processed by a group that does not exist: " + outcome.name);
      check_processed(gateway, wait, *group, outcome);
      check_evidence(wait, *group, outcome);
      check_reset_seen(wait, outcome);
      return;
    case Outcome::failed:
    case Outcome::handed_over:
      return fail("P1", std::string(core::name_of(outcome.outcome)) + " by a model that never is: " + outcome.name);
    case Outcome::absent:
      return check_absent(gateway, wait, outcome);
    case Outcome::pending:
    case Outcome::skipped:
    case Outcome::unanchored:
      return check_verdicts(gateway, wait, group, outcome);
  }
}

void Checker::check_processed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                              const core::ConsumerOutcome& outcome) {
  for (const Stake& stake : wait.stakes) {
    if (!stake.known() || (!wait.is_publish && !stake.names.contains(outcome.name))) continue;
    if (group.processed(stake.incarnation, stake.partition, stake.offset)) continue;
    if (excused(gateway, wait, group, stake, outcome)) continue;
    fail("P1", outcome.name + " is said to have processed " + place_of(world_, stake) + ", and has not (committed " +
                   std::to_string(outcome.evidence.committed) + ", anchor " + std::to_string(outcome.evidence.anchor) + (wait.is_publish ? "; a publish)" : "; a mark)"));
  }
}

bool Checker::excused(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const Stake& stake,
                      const core::ConsumerOutcome& outcome) {
  const int partition = world_.commits.group(group.number()).partition;
  const auto ours = [&](const CommitRecord& record) {
    return record.group == group.number() && record.topic == stake.topic && record.partition == stake.partition;
  };
  // A client that sends no topic ids goes on committing its old positions for a
  // moment after the topic was made again, and nothing in them says so.
  for (const CommitRecord& record : world_.commits.records(partition))
    if (ours(record) && record.kind == CommitRecord::Kind::commit && !record.with_id &&
        record.incarnation != stake.incarnation && record.offset > stake.offset) {
      world_.counters.count(Excuse::stale_commit_without_topic_id);
      return true;
    }
  // The row that such a commit leaves behind is asked for by the next gateway.
  const Told::Key key{group.number(), stake.topic, stake.partition};
  const auto* positions = gateway.told().all(key);
  if (positions != nullptr && !positions->empty() && positions->front().seed &&
      positions->front().incarnation != stake.incarnation && positions->front().offset > stake.offset) {
    world_.counters.count(Excuse::stale_commit_without_topic_id);
    return true;
  }
  // The broker does not fence a process without membership: its last commit can
  // land after its successor began at the end, and looks like where that began.
  for (const CommitRecord& record : world_.commits.records(partition))
    if (ours(record) && record.by_dead && record.offset <= stake.offset) {
      world_.counters.count(Excuse::late_commit_of_dead_assigner);
      return true;
    }
  // An answer about offsets names no topic either: one that an open transaction
  // kept when the topic went is told as the position before the commit behind it.
  const core::Anchor brought = wait.is_publish ? core::Anchor{} : anchor_in(world_, wait.mark, stake, outcome.name);
  const auto of_former = [&](const CommitRecord& record) {
    return ours(record) && record.kind == CommitRecord::Kind::commit && record.incarnation != stake.incarnation &&
           record.offset == brought.committed && (!brought.at.known() || record.at == brought.at);
  };
  const bool seeded = positions != nullptr && !positions->empty() && positions->front().seed &&
                      positions->front().incarnation != stake.incarnation;
  const auto& records = world_.commits.records(partition);
  if (group.carried_over(stake.incarnation, stake.partition) &&
      (seeded || (brought.known() && std::any_of(records.begin(), records.end(), of_former)))) {
    world_.counters.count(Excuse::former_topics_offset_asked_for);
    return true;
  }
  // Or it keeps its old position in the new topic, where *earliest* is not asked.
  // Of several positions the evidence of one is shown, so it cannot tell then.
  const bool declared = outcome.evidence.anchor_declared || wait.stakes.size() > 1;
  if (group.carried_over(stake.incarnation, stake.partition) && declared) {
    world_.counters.count(Excuse::carried_over_by_declared_earliest);
    return true;
  }
  // A resumed mark brings an anchor from before this gateway's time; a break
  // before it was in sync cannot be seen, or not be told from a commit, because
  // the record that says who was in the group is older than its tail.
  if (!wait.is_publish) {
    const core::Anchor anchor = anchor_in(world_, wait.mark, stake, outcome.name);
    for (const CommitRecord& record : world_.commits.records(partition)) {
      const bool breaks = record.by_hand || record.kind == CommitRecord::Kind::tombstone || record.beyond;
      if (!ours(record) || !breaks) continue;
      const bool after_anchor = !anchor.at.known() || record.at.offset > anchor.at.offset;
      if (after_anchor && record.at.offset < gateway.in_sync_from()[static_cast<std::size_t>(partition)]) {
        world_.counters.count(Excuse::reset_before_gateway_in_sync);
        return true;
      }
    }
  }
  // The log's start overtook the consumer, and nobody had told this gateway by
  // the time of the commit behind it.
  const Told& told = gateway.told();
  const core::Time crossed = told.crossed_at(key, stake.offset, wait.began + outcome.elapsed);
  const core::Offset overtaken = group.overtaken_at(stake.incarnation, stake.partition, stake.offset);
  if (overtaken != kNoOffset && !wait.is_publish) {
    world_.counters.count(Excuse::log_start_overtook_marks_anchor);
    return true;
  }
  // The same for one that began at the log's start, as is declared of it.
  const LogPartition& log = world_.log[stake.incarnation].partitions[static_cast<std::size_t>(stake.partition)];
  const bool gone = declared && log.log_start > stake.offset;
  if (gone && told.known_start(stake.incarnation, stake.partition, crossed) <= stake.offset) {
    world_.counters.count(Excuse::log_start_not_told);
    return true;
  }
  if (overtaken != kNoOffset && told.known_start(stake.incarnation, stake.partition, crossed) <= overtaken) {
    world_.counters.count(Excuse::log_start_not_told);
    return true;
  }
  return false;
}

void Checker::check_evidence(const Wait& wait, const ModelGroup& group, const core::ConsumerOutcome& outcome) {
  const core::Evidence& evidence = outcome.evidence;
  const Stake* about = nullptr;
  for (const Stake& stake : wait.stakes)
    if (stake.known() && stake.names.contains(outcome.name) && evidence.committed > stake.offset) about = &stake;
  if (about == nullptr) return fail("P1", "processed, with evidence that lies at or below every event: " + outcome.name);
  if (evidence.anchor == kNoOffset) return fail("P1", "processed without an anchor in its evidence: " + outcome.name);
  if (evidence.source == core::Evidence::Source::none) return fail("P1", "processed without a source: " + outcome.name);
  if (evidence.source == core::Evidence::Source::seed) return;
  const CommitRecord* record = world_.commits.find(evidence.at);
  const bool there = record != nullptr && record->kind == CommitRecord::Kind::commit && record->group == group.number() &&
                     record->offset == evidence.committed;
  if (!there) return fail("P1", "the evidence of " + outcome.name + " is not in the commit log");
  const bool about_it = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
    return stake.topic == record->topic && stake.partition == record->partition;
  });
  if (!about_it) fail("P1", "the evidence of " + outcome.name + " is about another partition");
}

void Checker::check_reset_seen(const Wait& wait, const core::ConsumerOutcome& outcome) {
  for (const Before& before : wait.before) {
    if (before.name != outcome.name || wait.stakes.size() != 1) continue;
    const ToldPosition& position = before.position;
    if (position.offset == kNoOffset || position.beyond || position.seed || position.early) continue;
    if (position.offset > wait.stakes[before.stake].offset) continue;
    if (position.incarnation != wait.stakes[before.stake].incarnation) continue;
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
  const bool asked = group != nullptr && gateway.told().group(group->number()).asked_empty;
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

void Checker::check_verdicts(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                             const core::ConsumerOutcome& outcome) {
  if (world_.plan.tight_tables || has_prefix(wait.mark)) return;
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
    const bool gone = told.known_start(stake.incarnation, stake.partition, when) > stake.offset;
    if (other || gone) allowed = true;
    // What came at the very moment of the outcome may have come just after it.
    for (std::size_t skip = 0;; ++skip) {
      const auto verdict = told.judge_without(skip, {group->number(), stake.topic, stake.partition}, stake.incarnation,
                                              stake.offset, anchor_in(world_, wait.mark, stake, outcome.name),
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
  if (!allowed && by_hand && group != nullptr && told.group(group->number()).asked_empty) {
    world_.counters.count(Excuse::skipped_by_an_asked_membership);
    allowed = true;
  }
  if (!allowed)
    fail("P8", outcome.name + " is called " + std::string(core::name_of(outcome.outcome)) + " (" +
                   std::string(core::name_of(outcome.reason)) + ", committed " + std::to_string(outcome.evidence.committed) +
                   "), which is not what the gateway was told by " +
                   std::to_string((when.time_since_epoch() / std::chrono::microseconds(1)) - 1'000'000'000) + " us:" + seen);
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
