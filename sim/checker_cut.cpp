// Logs that were cut off: which record is meant at an offset, and what was told of its end.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "ranges.h"
#include "world.h"

namespace tidemark::sim {

using core::Offset;
using core::Partition;

bool Checker::was_cut(const Stake& stake) const {
  return stake.known() && !world_.log.at(stake.incarnation, stake.partition).cuts.empty();
}

std::int32_t Checker::epoch_of(const Stake& stake, Offset offset) const {
  const LogPartition& log = world_.log.at(stake.incarnation, stake.partition);
  return stake.whole || stake.epoch < 0 ? log.epoch_at(offset, stake.epoch < 0 ? log.epoch : stake.epoch) : stake.epoch;
}

bool Checker::is_lost(const Stake& stake) const {
  if (!stake.known() || stake.offset == core::kNoOffset) return false;
  return world_.log.at(stake.incarnation, stake.partition).is_lost(stake.offset, epoch_of(stake, stake.offset));
}

bool Checker::is_above_cut_log(const Wait& wait, const Stake& stake) const {
  if (!was_cut(stake)) return false;
  const LogPartition& log = world_.log.at(stake.incarnation, stake.partition);
  if (says_epoch(wait, stake) && (!is_lost(stake) || stake.offset >= log.end())) return false;
  for (Offset offset = stake.offset; offset < log.end(); ++offset)
    if (!is_unseen(log.kind(offset))) return false;
  return true;
}

bool Checker::is_mistaken(const ModelGateway& gateway, const Stake& stake) const {
  if (!stake.known() || stake.told_epoch < 0 || stake.told_epoch >= stake.epoch) return false;
  const std::vector<LogCut>& cuts = world_.log.at(stake.incarnation, stake.partition).cuts;
  const bool cut_before = std::any_of(cuts.begin(), cuts.end(), [&](const LogCut& cut) {
    return stake.told_epoch < cut.epoch && cut.epoch <= stake.epoch && cut.offset <= stake.offset;
  });
  // Or so it seems, where another event, mistaken in the same way, was not found.
  const ToldCuts::Key log{stake.incarnation, stake.partition};
  return cut_before || gateway.told().cuts().shown(log, stake.offset, stake.told_epoch, core::Time::max());
}

// A position that a caller names, and what was made of one, says no epoch; nor does
// a range, for the records below its last.
bool Checker::says_epoch(const Wait& wait, const Stake& stake) const {
  if (wait.is_publish) return true;
  return std::any_of(wait.mark.terms.begin(), wait.mark.terms.end(), [&](const core::Term& term) {
    if (term.kind == core::Term::Kind::pending) return term.id == stake.event;
    return term.kind == core::Term::Kind::event && term.topic == world_.log.name(stake.topic) &&
           term.partition == stake.partition && term.last == stake.offset && term.leader_epoch >= 0 &&
           term.leader_epoch == stake.told_epoch;
  });
}

bool Checker::cut_meanwhile(const ModelGateway& gateway, const Wait& wait, const Stake& stake,
                            const core::ConsumerOutcome& outcome) const {
  return stake.known() && !stake.whole && !says_epoch(wait, stake) &&
         gateway.told().cuts().shown_between({stake.incarnation, stake.partition}, stake.offset, wait.began,
                                             wait.began + outcome.elapsed);
}

// Of a record that is lost: it may have been processed before, and nothing may be said of it once the cut was shown.
void Checker::check_lost(const ModelGateway& gateway, const Wait& wait, const Stake& stake, const ModelGroup& group,
                         const core::ConsumerOutcome& outcome) {
  const std::int32_t epoch = epoch_of(stake, stake.offset);
  // Of several positions only the last's time is shown.
  const core::Time by = wait.stakes.size() == 1 ? wait.began + outcome.elapsed : wait.began;
  const bool shown = gateway.told().cuts().shown({stake.incarnation, stake.partition}, stake.offset, epoch, by);
  if (shown && says_epoch(wait, stake))
    return fail("P1", outcome.name + " is said to have processed what was cut off: " + world_.log.name(stake.topic) + "/" +
                          std::to_string(stake.partition) + "@" + std::to_string(stake.offset) + " of epoch " +
                          std::to_string(epoch));
  if (!group.processed(stake.incarnation, stake.partition, stake.offset, epoch)) world_.counters.count(Excuse::cut_not_told);
}

// Committed above the record from the log as it is, and then below it from the one that was cut off: what
// was in flight, over a reset, looks like where the consumer began.
bool Checker::late_across_cut(const ModelGroup& group, const Stake& stake, const LogCut& cut) const {
  bool began_above = false;
  for (const CommitRecord& record : world_.commits.records(world_.commits.group(group.number()).partition)) {
    if (record.kind != CommitRecord::Kind::commit || record.group != group.number() || record.topic != stake.topic ||
        record.partition != stake.partition || record.incarnation != stake.incarnation)
      continue;
    if (record.read_from >= cut.epoch && record.offset > stake.offset) began_above = true;
    if (record.read_from < cut.epoch && record.offset <= stake.offset && began_above) return true;
  }
  return false;
}

bool Checker::cut_excused(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake, core::Time when) {
  const LogPartition& log = world_.log.at(stake.incarnation, stake.partition);
  const Told& told = gateway.told();
  const core::Time crossed = told.crossed_at({group.number(), stake.topic, stake.partition}, stake.offset, when);
  for (const LogCut& cut : log.cuts) {
    if (cut.offset > stake.offset) continue;
    // As of the time when its position was told to be above the event.
    if (!told.cuts().shown({stake.incarnation, stake.partition}, stake.offset, cut.epoch - 1, crossed)) {
      world_.counters.count(Excuse::cut_not_told);
      return true;
    }
    const auto of_lost_log = [&](int group_number, int topic, Partition partition, std::int32_t read_from) {
      return group_number == group.number() && topic == stake.topic && partition == stake.partition &&
             read_from < cut.epoch;
    };
    for (const CommitRecord& record : world_.commits.records(world_.commits.group(group.number()).partition))
      if (record.kind == CommitRecord::Kind::commit &&
          ((!record.with_epoch && record.offset > cut.offset &&
            of_lost_log(record.group, record.topic, record.partition, record.read_from)) ||
           (contains(record.done_above, stake.offset) &&
            of_lost_log(record.group, record.topic, record.partition, record.done_from)))) {
        world_.counters.count(Excuse::read_across_cut_without_epoch);
        return true;
      }
    for (const AckRecord& ack : world_.acks.records())
      if (ack.incarnation == stake.incarnation && of_lost_log(ack.group, stake.topic, ack.partition, ack.read_from) &&
          ack.offsets.first <= stake.offset && stake.offset <= ack.offsets.last) {
        world_.counters.count(Excuse::ack_of_lost_record);
        return true;
      }
    if (late_across_cut(group, stake, cut)) {
      world_.counters.count(Excuse::late_commit_across_cut);
      return true;
    }
  }
  return false;
}

void Checker::refused_cut(const ModelGateway& gateway, const std::vector<Stake>& stakes) {
  const auto any = [&](const auto& what) { return std::any_of(stakes.begin(), stakes.end(), what); };
  if (any([&](const Stake& stake) { return is_lost(stake); })) return world_.counters.count(Fault::refused_cut_off);
  if (any([&](const Stake& stake) { return is_mistaken(gateway, stake); }))
    world_.counters.count(Excuse::append_epoch_older_than_told);
  else
    fail("P8", "a mark is refused because its log was cut off, and its events are there");
}

}  // namespace tidemark::sim
