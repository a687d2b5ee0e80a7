// Leaders elected out of sync: what of the log is lost, as far as epochs show it.
//
// Where unclean.leader.election.enable is on, a replica that lacks confirmed
// records can become the leader: they are gone, and other events take their
// offsets. Left alone, an answer would say `processed` of an event that nobody
// can read any more, on the strength of a commit about its successor. Nobody
// says that it happened; but a high watermark never falls otherwise (a new
// leader answers the latest offset only once its high watermark has reached the
// start of its epoch: Kafka, KIP-207), and the appends of one producer, made one
// after the other, never go back. So two things show a cut: an end, asked for
// after a higher one was known, of a leader of a higher epoch; and an append of
// ours below our one before.
//
// Others' records may cover the cut before either is seen. So a new leader is
// also asked, once, where in its log the last epoch ends that was known before it
// (OffsetForLeaderEpoch: KIP-101). Below an end that a leader of that epoch told,
// that is a cut. Below an append of ours it may be none: Kafka does not say under
// which epoch it appended, and what we took for the old leader may have been
// the new one. Then the event itself is looked for in its place.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {

bool Engine::State::is_lost(TopicNumber topic, Partition partition, Offset last, std::int32_t leader_epoch) const {
  const std::vector<PartitionEnds>& all = topics[topic].ends;
  if (planted(Bug::lost_event_is_forgotten)) return false;
  if (partition < 0 || static_cast<std::size_t>(partition) >= all.size()) return false;
  return took(all[static_cast<std::size_t>(partition)].cuts, last, leader_epoch);
}

void Engine::State::note_append(const WaitTerm& term, const RecentAppend& append, Time now, Effects& effects) {
  // Confirmed by a leader that was deposed since, and cut off: it says nothing of the log as it is.
  if (is_lost(term.topic, term.partition, term.last, term.leader_epoch)) return;
  const bool first_of_leader = note_successor(term.topic, term.partition, term.leader_epoch);
  PartitionEnds& before = topics.ends(term.topic, term.partition);
  for (Succession& succession : before.successions) {
    if (term.leader_epoch > succession.epoch || term.last < succession.end) continue;
    succession.end = term.last + 1;
    succession.event = append;
  }
  if (term.last < before.delivered_end && term.leader_epoch > before.delivered_epoch)
    cut_off(term.topic, term.partition, {term.leader_epoch, term.last}, now, effects, true);
  PartitionEnds& ends = topics.ends(term.topic, term.partition);
  ends.delivered_end = std::max(ends.delivered_end, term.last + 1);
  ends.delivered_epoch = std::max(ends.delivered_epoch, term.leader_epoch);
  ends.known_epoch = std::max(ends.known_epoch, term.leader_epoch);
  ends.note_recent(append);
  raise_end(term.topic, term.partition, term.last + 1, now, effects);
  if (first_of_leader) ask_end(term.topic, term.partition, effects);
}

bool Engine::State::note_successor(TopicNumber topic, Partition partition, std::int32_t leader_epoch) {
  PartitionEnds& ends = topics.ends(topic, partition);
  if (ends.known_epoch < 0 || leader_epoch <= ends.known_epoch) return false;
  std::vector<Succession>& all = ends.successions;
  const bool first = all.empty() || all.back().epoch < ends.known_epoch;
  if (first) {
    if (all.size() == PartitionEnds::kMaxSuccessions) all.erase(all.begin());
    all.push_back({ends.known_epoch, 0, -1, 0, {}, 0});
    if (!ends.recent.empty()) all.back().event = ends.recent.back();
  }
  if (ends.told_end > all.back().told) {
    all.back().told = ends.told_end;
    all.back().told_by = ends.told_by;
  }
  all.back().end = std::max({all.back().end, ends.known_end, all.back().told});
  return first;
}

void Engine::State::judge_succession(TopicNumber topic, Partition partition, const Ends& told, Time now,
                                     Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  if (told.high_watermark == kNoOffset || ends.successions.empty()) return;
  Succession& first = ends.successions.front();
  if (first.ask == 0 || told.asked < first.ask) return;
  if (told.leader_epoch <= first.epoch) {  // not a successor: asked again when one is heard of
    first.ask = 0;
    return;
  }
  if (told.epoch == first.epoch && told.epoch_end == kNoOffset && ends.asked > told.asked) {
    first.ask = told.asked + 1;  // it could not be told; the next question, which is under way, asks the same
    return;
  }
  const Succession before = first;
  ends.successions.erase(ends.successions.begin());
  if (planted(Bug::epoch_end_is_ignored)) return;
  if (told.epoch != before.epoch || told.epoch_end == kNoOffset) return;
  const Cut cut{before.epoch + 1, told.epoch_end};
  if (is_lost(topic, partition, cut.offset, before.epoch)) return;  // known already
  const bool went_deeper = std::any_of(ends.cuts.begin(), ends.cuts.end(), [&](const Cut& other) {
    return other.epoch > before.epoch && other.offset > cut.offset;
  });
  if (told.epoch_end >= before.end) {
    // Above all that is known here of that epoch: only a mark can be of what is gone.
    if (went_deeper && ends.cuts.size() < PartitionEnds::kMaxCuts) ends.add(cut);
    return;
  }
  const bool believed = planted(Bug::epoch_end_is_believed);
  if (went_deeper || told.epoch_end < before.told || believed) return cut_off(topic, partition, cut, now, effects);
  if (before.event.offset >= cut.offset)
    look_for_event({topic, topics[topic].id, partition, cut, before.event, 0}, effects);
}

void Engine::State::look_for_event(CutLook look, Effects& effects) {
  if (cut_looks.size() >= kMaxCutLooks) return;
  Look question;
  question.topic = topics[look.topic].name;
  question.partition = look.partition;
  question.from = look.event.offset;
  question.until = look.event.offset + 1;
  question.id = look.event.id;
  question.number = ++last_look;
  ++look.tries;
  cut_looks.emplace(question.number, look);
  effects.looks.push_back(std::move(question));
}

void Engine::State::cut_seen(const Sight& sight, Time now, Effects& effects) {
  const CutLook look = cut_looks.extract(sight.number).mapped();
  if (topics[look.topic].id != look.topic_id) return;
  if (sight.result == Sight::Result::failed && look.tries < kMostCutTries) return look_for_event(look, effects);
  if (sight.result != Sight::Result::none) return;
  if (is_lost(look.topic, look.partition, look.cut.offset, look.cut.epoch - 1)) return;
  cut_off(look.topic, look.partition, look.cut, now, effects);
}

void Engine::State::note_doubtful_append(const WaitTerm& term, const Delivery& delivery, Time now, Effects& effects) {
  if (delivery.fate != Delivery::Fate::unknown || delivery.partition < 0 || delivery.offset < 0) return;
  if (!topics[term.topic].exists() || delivery.partition >= topics[term.topic].partitions) return;
  if (delivery.offset >= topics.ends(term.topic, delivery.partition).delivered_end) return;
  // Appended, in a log that is not the one before: the producer does not say which.
  const bool elsewhere = delivery.reason == Delivery::Reason::unavailable && delivery.topic_id.is_nil() &&
                         delivery.leader_epoch < 0;
  if (elsewhere) cut_off(term.topic, delivery.partition, {-1, delivery.offset}, now, effects);
  ask_end(term.topic, delivery.partition, effects);
}

void Engine::State::doubt_end(const WaitTerm& term, Effects& effects) {
  if (term.kind == Term::Kind::pending || term.leader_epoch < 0 || other_incarnation(term)) return;
  PartitionEnds& ends = topics.ends(term.topic, term.partition);
  if (term.last < ends.known_end) return;
  ends.doubted = std::max(ends.doubted, term.last);
  ask_end(term.topic, term.partition, effects);
}

void Engine::State::look_for_cut(TopicNumber topic, Partition partition, const Ends& told, Time now, Effects& effects) {
  note_successor(topic, partition, told.leader_epoch);
  PartitionEnds& ends = topics.ends(topic, partition);
  if (told.high_watermark != kNoOffset && told.leader_epoch > ends.known_epoch && told.asked > ends.known_at)
    for (Cut& cut : ends.cuts)
      if (cut.epoch < 0) cut.epoch = told.leader_epoch;
  // In this order: what fell under this leader says more than what a former epoch left to it.
  look_at_end(topic, partition, told, now, effects);
  judge_succession(topic, partition, told, now, effects);
  const std::vector<Succession>& left = topics.ends(topic, partition).successions;
  if (!left.empty() && left.front().ask == 0 && told.leader_epoch > left.front().epoch) ask_end(topic, partition, effects);
}

void Engine::State::look_at_end(TopicNumber topic, Partition partition, const Ends& told, Time now, Effects& effects) {
  const PartitionEnds& ends = topics.ends(topic, partition);
  const bool newer_leader = told.leader_epoch > ends.known_epoch;
  if (told.high_watermark == kNoOffset) {
    if (newer_leader && ends.told) ask_end(topic, partition, effects);
    return;
  }
  if (newer_leader && told.asked > ends.known_at && told.high_watermark < ends.known_end && !planted(Bug::cut_is_no_cut))
    return cut_off(topic, partition, {told.leader_epoch, told.high_watermark}, now, effects);
  if (ends.doubted == kNoOffset || told.asked < ends.asked) return;
  // A mark's word alone is no proof for others: it may be forged.
  const bool missing = told.high_watermark <= ends.doubted && told.leader_epoch >= 0;
  topics.ends(topic, partition).doubted = kNoOffset;
  if (missing) settle_lost(topic, partition, {told.leader_epoch, told.high_watermark}, 0, now, effects);
}

void Engine::State::cut_off(TopicNumber topic, Partition partition, const Cut& cut, Time now, Effects& effects,
                            bool by_append) {
  PartitionEnds& ends = topics.ends(topic, partition);
  const auto same = std::find_if(ends.cuts.begin(), ends.cuts.end(),
                                 [&](const Cut& other) { return cut.epoch >= 0 && other.epoch == cut.epoch; });
  const Offset known = ends.known_end;
  ends.known_epoch = std::max(ends.known_epoch, cut.epoch);
  ends.known_at = ends.asked;
  ends.delivered_end = std::min(ends.delivered_end, cut.offset);
  ends.log_start = std::min(ends.log_start, cut.offset);
  // What the leader that cut it off has told since, or a later one, stands; of one that an append
  // shows the epoch may be too low.
  const auto stands = [&](std::int32_t by) { return cut.epoch >= 0 && (by > cut.epoch || (by == cut.epoch && !by_append)); };
  const auto lower = [&](Offset& told, std::int32_t by) {
    if (!stands(by)) told = std::min(told, cut.offset);
  };
  topics.set_end(topic, partition, stands(ends.told_by) ? std::max(ends.told_end, cut.offset) : cut.offset);
  lower(ends.told_end, ends.told_by);
  for (Succession& succession : ends.successions) lower(succession.told, succession.told_by);
  ends.recent.clear();
  std::size_t from = static_cast<std::size_t>(same - ends.cuts.begin());
  if (same != ends.cuts.end()) {  // it went deeper than was known
    same->offset = std::min(same->offset, cut.offset);
  } else {
    ++stats.log_cuts;
    if (ends.cuts.size() == PartitionEnds::kMaxCuts) ends.cuts.erase(ends.cuts.begin());
    from = ends.add(cut);
  }

  std::vector<ConsumerNumber> passed;  // share groups that will not read all that is to come
  for (const ConsumerNumber number : topics[topic].consumers) {
    Consumer& consumer = consumers[number];
    if (const auto seen = consumer.first_seen.find(topic); seen != consumer.first_seen.end())
      if (const auto p = static_cast<std::size_t>(partition); p < seen->second.size())
        seen->second[p] = std::min(seen->second[p], cut.offset);
    Cell* cell = consumer.cell(topic, partition);
    if (cell == nullptr) continue;
    if (cell->slots != nullptr && cell->slots->written_since(cut)) {
      if (cell->slots->cut(cut)) passed.push_back(number);
      continue;
    }
    // Those that were made later still part the log, though they showed first.
    for (std::size_t i = from; i < ends.cuts.size() && !planted(Bug::cut_keeps_positions); ++i)
      cell->frontier.log_cut_at(ends.cuts[i].offset);
    if (cell->acked != nullptr) cell->acked->forget_from(cut.offset);
  }
  for (auto& [number, search] : searches)
    if (search.partition == partition && waits[search.wait.slot].terms[search.term].topic == topic)
      search.from = std::min(search.from, cut.offset);
  for (Event& event : events)
    if (event.offset >= cut.offset && event.topic == topic && event.partition == partition) event = Event{};
  forget_floors(topic);
  settle_lost(topic, partition, cut, known, now, effects);
  for (const ConsumerNumber number : passed)
    if (Cell* cell = consumers[number].cell(topic, partition))
      look_through(*cell, {cut.offset, std::numeric_limits<Offset>::max()}, now, effects);
}

void Engine::State::settle_lost(TopicNumber topic, Partition partition, const Cut& cut, Offset known, Time now,
                                Effects& effects) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> lost;
  for (const ConsumerNumber number : topics[topic].consumers) {
    const Cell* cell = consumers[number].cell(topic, partition);
    if (cell == nullptr) continue;
    cell->obligations.for_each_in({cut.offset, std::numeric_limits<Offset>::max()}, [&](const Obligation& obligation) {
      const Need& need = waits[obligation.wait].needs[obligation.need];
      WaitTerm& term = waits[obligation.wait].terms[need.term];
      const bool epochs_tell = term.leader_epoch >= 0 && cut.epoch >= 0;
      const bool gone = epochs_tell ? term.leader_epoch < cut.epoch : term.last < known;
      if (!gone) return;
      term.lost = true;
      lost.emplace_back(obligation.wait, obligation.need);
    });
  }
  settle_open(std::move(lost), Outcome::skipped, now, effects);
}

}  // namespace tidemark::core
