// What the checker lets pass: each a limit that the documentation states, as
// narrow as it, and counted.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "ranges.h"
#include "world.h"

namespace tidemark::sim {

using core::kNoOffset;

core::Anchor Checker::anchor_in(const core::Mark& mark, const Stake& stake, const std::string& name) const {
  for (const core::Term& term : mark.terms) {
    if (term.topic != world_.log.name(stake.topic) || term.partition != stake.partition) continue;
    const bool found_since = term.kind == core::Term::Kind::pending && term.id == stake.event;
    if (!found_since && (stake.offset < term.first || stake.offset > term.last)) continue;
    for (const core::Expected& expected : term.expected)
      if (expected.name == name) return expected.anchor;
  }
  return {};
}

void Checker::check_settles(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  const bool unknown = std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return !s.known(); });
  const bool must_settle = healed_at_ && wait.began > *healed_at_ && wait.hold && !unknown && !world_.plan.tight_tables;
  if (!must_settle || answer.settled) return;
  for (const core::ConsumerOutcome& c : answer.consumers) {
    if (c.outcome != core::Outcome::pending || c.reason == core::PendingReason::ack) continue;  // it may never come: check_acker()
    const bool above = std::any_of(wait.stakes.begin(), wait.stakes.end(), [&](const Stake& stake) {
      return stake.names.contains(c.name) && is_above_cut_log(wait, stake);
    });
    const ModelGroup* group = group_named(c.name);
    const bool beyond = group != nullptr && c.reason == core::PendingReason::beyond_end &&
                        std::any_of(wait.stakes.begin(), wait.stakes.end(),
                                    [&](const Stake& stake) { return starts_beyond_cut_log(gateway, *group, stake); });
    if (beyond)
      world_.counters.count(Excuse::share_start_beyond_cut_log);
    else if (above && c.reason == core::PendingReason::lag)
      world_.counters.count(Excuse::range_above_cut_log);
    else if (same_offset_again(wait, c.name))
      world_.counters.count(Excuse::polled_same_offset_again);
    else
      fail("liveness", "the faults have stopped, and a wait of " +
                           std::to_string((wait.deadline - wait.began) / std::chrono::milliseconds(1)) +
                           " ms did not settle: " + c.name + " is pending for " + std::string(core::name_of(c.reason)));
  }
}

bool Checker::stale_ack(const ModelGroup& group, const Stake& stake, bool failed) {
  // Nothing in an ack without a topic id says which topic of that name it meant.
  const auto& acks = world_.acks.records();
  const bool stale = std::any_of(acks.begin(), acks.end(), [&](const AckRecord& ack) {
    return ack.group == group.number() && ack.failed == failed && ack.incarnation >= 0 && ack.topic_id.is_nil() &&
           ack.topic == world_.log.name(stake.topic) && ack.incarnation != stake.incarnation &&
           ack.partition == stake.partition && ack.offsets.first <= stake.offset && stake.offset <= ack.offsets.last;
  });
  if (stale) world_.counters.count(Excuse::stale_ack_without_topic_id);
  return stale;
}

bool Checker::excused(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const Stake& stake,
                      const core::ConsumerOutcome& outcome) {
  if (stale_ack(group, stake, false)) return true;
  if (cut_excused(gateway, group, stake, wait.began + outcome.elapsed)) return true;
  if (polls_excused(gateway, group, stake, wait.began + outcome.elapsed)) return true;
  if (early_excused(gateway, wait, group, wait.began + outcome.elapsed)) return true;
  const int partition = world_.commits.group(group.number()).partition;
  const auto ours = [&](const CommitRecord& record) {
    return record.group == group.number() && record.topic == stake.topic && record.partition == stake.partition;
  };
  // A client that sends no topic ids goes on committing its old positions for a
  // moment after the topic was made again, and nothing in them says so.
  for (const CommitRecord& record : world_.commits.records(partition))
    if (ours(record) && record.kind == CommitRecord::Kind::commit && !record.with_id &&
        record.incarnation != stake.incarnation &&
        (record.offset > stake.offset || record.offset == outcome.evidence.anchor || (!record.beyond && contains(record.done_above, stake.offset)))) {
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
  const core::Anchor brought = wait.is_publish ? core::Anchor{} : anchor_in(wait.mark, stake, outcome.name);
  const auto of_former = [&](const CommitRecord& record) {
    return ours(record) && record.kind == CommitRecord::Kind::commit && record.incarnation != stake.incarnation &&
           record.offset == brought.committed && (!brought.at.known() || record.at == brought.at);
  };
  const bool seeded = positions != nullptr && !positions->empty() && positions->front().seed &&
                      positions->front().incarnation != stake.incarnation;
  const auto& records = world_.commits.records(partition);
  // It seems to have gone on from there, wherever it began in the new one.
  if (seeded && outcome.evidence.anchor == positions->front().offset) {
    world_.counters.count(Excuse::former_topics_offset_asked_for);
    return true;
  }
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
    const core::Anchor anchor = anchor_in(wait.mark, stake, outcome.name);
    for (const CommitRecord& record : world_.commits.records(partition)) {
      const bool breaks = record.by_hand || record.kind == CommitRecord::Kind::tombstone || record.beyond;
      if (!ours(record) || !breaks) continue;
      const bool after_anchor = !anchor.at.known() || anchor.at.partition == core::kPolledLog || record.at.offset > anchor.at.offset;
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
  // Nor had the group been asked, since then, what it had committed before it did.
  const ToldPosition* crossing = told.crossing(key, stake.offset, wait.began + outcome.elapsed);
  const CommitRecord* jump = crossing != nullptr ? world_.commits.find(crossing->at) : nullptr;
  const bool is_first = crossing == nullptr || positions == nullptr || crossing == positions->data();
  const CommitRecord* before = is_first ? nullptr : world_.commits.find(crossing[-1].at);
  const core::Time written = before != nullptr ? before->when : core::Time{};
  const auto committed_first = [&](core::Offset below) {
    return jump == nullptr ||
           !told.rows_between(key, told.told_gone(stake.incarnation, stake.partition, below), jump->when, written);
  };
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
  if ((gone && committed_first(stake.offset)) || (overtaken != kNoOffset && committed_first(overtaken))) {
    world_.counters.count(Excuse::committed_before_it_was_asked);
    return true;
  }
  return false;
}

}  // namespace tidemark::sim
