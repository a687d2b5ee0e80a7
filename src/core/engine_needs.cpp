// What a wait still needs: where a need stands, and what ends it.

#include <algorithm>
#include <limits>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr Range kEverything{std::numeric_limits<Offset>::min(), std::numeric_limits<Offset>::max()};

}  // namespace

Cell* Engine::State::cell_for(ConsumerNumber consumer, TopicNumber topic, Partition partition) {
  Cell* cell = consumers[consumer].cell(topic, partition);
  if (cell == nullptr) {
    cell = consumers.cell_or_add(consumer, topic, partition, topics);
    if (cell == nullptr) return nullptr;
    // It may have read, and not committed, what was cut off.
    for (const Cut& cut : topics.ends(topic, partition).cuts) cell->frontier.log_cut_at(cut.offset);
  }
  // Before anything is known of the consumer the start may be taken as it is.
  if (!cell->frontier.has_position() && cell->obligations.empty())
    cell->frontier.log_started_at(topics.ends(topic, partition).log_start);
  return cell;
}

Frontier::Standing Engine::State::standing(const Wait& wait, const Need& need, const Cell& cell) const {
  const WaitTerm& term = wait.terms[need.term];
  const Consumer& consumer = consumers[need.consumer];
  const Offset first = std::max(term.first, need.since), last = term.last;
  // A publish rests on what this gateway saw; a mark brings its own anchor. Of a share group it proves
  // nothing: what was given up between there and the state that was read first is in no state any more.
  const bool brings = !wait.is_publish && (!consumer.share || planted(Bug::share_believes_anchor));
  const Anchor brought = brings ? need.anchor : Anchor{};
  if (consumer.share && cell.slots != nullptr && cell.slots->pass_over(first, last)) {
    Frontier::Standing passed;
    passed.outcome = Outcome::skipped;
    return passed;
  }
  Frontier::Standing by_commit = cell.frontier.standing(first, last, brought);
  Evidence& evidence = by_commit.evidence;
  if (evidence.at.partition == kPolledLog) {
    evidence.source = Evidence::Source::poll;
    evidence.at = LogPoint{};
  }
  if (consumer.share && evidence.source != Evidence::Source::none) evidence.source = Evidence::Source::share;
  if (need.since > term.first) evidence.since = need.since;
  const bool in_question = first <= cell.below.in_question.last && last >= cell.below.in_question.first;
  if (in_question && by_commit.outcome != Outcome::pending && by_commit.outcome != Outcome::skipped) {
    by_commit.outcome = Outcome::pending;
    by_commit.reason = PendingReason::lag;
  }

  // Commits that say what is done above them are void by a later one that is held.
  const bool by_commits = !consumer.share && !consumer.acks(term.topic);
  if (cell.acked != nullptr && !(by_commits && cell.frontier.moves_back_to(last))) {
    const Acked& acked = *cell.acked;
    const auto said = [&](Outcome outcome) {
      Frontier::Standing standing;
      standing.outcome = outcome;
      standing.evidence = evidence;
      // The position may be void though what the commit said of single records is not.
      if (evidence.source == Evidence::Source::none) standing.evidence.source = Evidence::Source::commit;
      if (consumer.share) standing.evidence.source = Evidence::Source::share;
      if (consumer.acks(term.topic)) standing.evidence.source = Evidence::Source::ack;
      return standing;
    };
    if (acked.any_failed(first, last)) {
      Frontier::Standing failed = said(Outcome::failed);
      failed.evidence.reason = acked.reason(first, last);
      return failed;
    }
    // What lies below the committed offset may be proven by commits, the rest by acks.
    const Offset from = consumer.acks(term.topic) ? first : std::clamp(cell.frontier.committed(), first, last);
    const bool below = from == first ||
                       cell.frontier.standing(first, from - 1, brought).outcome == Outcome::processed;
    if (below && acked.is_done(from, last)) {
      Frontier::Standing done = said(Outcome::processed);
      done.evidence.acked = acked.around(last);
      return done;
    }
  }
  if (consumer.acks(term.topic) && !planted(Bug::commit_counts_beside_acks)) {
    Frontier::Standing waiting;
    waiting.reason = PendingReason::ack;
    waiting.evidence = evidence;
    return waiting;
  }
  if (by_commit.outcome == Outcome::processed && consumer.early() != EarlyClient::none &&
      !planted(Bug::early_is_believed))
    by_commit.outcome = Outcome::handed_over;
  return by_commit;
}

void Engine::State::register_need(std::uint32_t slot, std::uint32_t index, Time now) {
  Wait& wait = waits[slot];
  Need& need = wait.needs[index];
  const WaitTerm& term = wait.terms[need.term];
  Consumer& consumer = consumers[need.consumer];
  need.reason = PendingReason::not_started;
  if (other_incarnation(term) && !planted(Bug::incarnation_ignored)) return;  // commits here say nothing of it: pending
  if (is_lost(term.topic, term.partition, term.last, term.leader_epoch)) {
    wait.terms[need.term].lost = true;
    return settle(slot, index, Outcome::skipped, {}, now);
  }
  Cell* cell = cell_for(need.consumer, term.topic, term.partition);
  if (cell == nullptr) return;  // the table is full: pending until the deadline, which is true

  if (!planted(Bug::registered_late_hangs)) {
    const Frontier::Standing now_at = standing(wait, need, *cell);
    need.reason = now_at.reason;
    if (now_at.outcome != Outcome::pending) {
      settle(slot, index, now_at.outcome, now_at.evidence, now);
      return;
    }
    if (!lost_at && is_absent(consumer, known_since, config.absent_grace, now)) {
      settle(slot, index, Outcome::absent, now_at.evidence, now);
      return;
    }
  }
  if (!wait.hold && wait.is_publish) return;  // answered in this very call
  cell->obligations.insert({term.last, slot, index});
  need.indexed = true;
  if (term.first != term.last) ++cell->ranges;
  ++consumer.open;
  ++topics.ends(term.topic, term.partition).open;
  ++open_obligations;
  update_memberless(need.consumer);
  if (term.kind == Term::Kind::prefix && !(term.derived && planted(Bug::marker_must_be_committed))) watch_end(slot, need, now);
}

void Engine::State::register_term(std::uint32_t slot, std::uint32_t term, Time now) {
  for (std::uint32_t i = 0; i < waits[slot].needs.size(); ++i)
    if (waits[slot].needs[i].term == term) register_need(slot, i, now);
}

void Engine::State::unindex(std::uint32_t slot, Need& need) {
  if (!need.indexed) return;
  const WaitTerm& term = waits[slot].terms[need.term];
  const auto index = static_cast<std::uint32_t>(&need - waits[slot].needs.data());
  Consumer& consumer = consumers[need.consumer];
  if (Cell* cell = consumer.cell(term.topic, term.partition)) {
    cell->obligations.erase({term.last, slot, index});
    if (term.first != term.last) --cell->ranges;
  }
  need.indexed = false;
  --consumer.open;
  --topics.ends(term.topic, term.partition).open;
  --open_obligations;
  if (consumer.open == 0) update_memberless(need.consumer);
}

void Engine::State::settle(std::uint32_t slot, std::uint32_t index, Outcome outcome, const Evidence& evidence,
                           Time now) {
  Wait& wait = waits[slot];
  Need& need = wait.needs[index];
  unindex(slot, need);
  need.ended = std::make_unique<Ended>(Ended{evidence, now});
  if (outcome == Outcome::processed && need.place != Follow::kNone && has_dead_letters(*wait.follow, need.place)) {
    need.check = Need::Check::waiting;
    need.reason = PendingReason::dead_letters;
    ++wait.follow->places[need.place].checking;
    return;
  }
  conclude(slot, index, outcome, now);
}

void Engine::State::conclude(std::uint32_t slot, std::uint32_t index, Outcome outcome, Time now) {
  Wait& wait = waits[slot];
  Need& need = wait.needs[index];
  need.outcome = outcome;
  need.reason = PendingReason::none;
  need.ended->at = now;
  --wait.open;
  ++stats.obligations_settled;
  if (need.place == Follow::kNone) return;
  Follow::Place& place = wait.follow->places[need.place];
  --place.open;
  place.all_processed = place.all_processed && outcome == Outcome::processed;
}

void Engine::State::advance(Cell& cell, ConsumerNumber number, TopicNumber topic, Partition partition, Applied applied,
                            Time now, Effects& effects) {
  if (applied == Applied::stale || applied == Applied::held) return;
  const bool by_commits = !consumers[number].acks(topic);
  // Beyond the committed offset nothing is in order: look at each that may be ended. Before the log's
  // start is looked at, which may void the position that says so.
  const std::vector<Range> done_above = by_commits ? cell.frontier.done_above() : std::vector<Range>{};
  for (const Range& range : done_above) look_through(cell, range, now, effects);
  see_log_start(cell, number, topic, partition, false, now, effects);
  if (!by_commits || applied == Applied::same) return;
  if (applied == Applied::passed_over) return look_through(cell, kEverything, now, effects);
  while (!cell.obligations.empty()) {
    const Obligation lowest = cell.obligations.lowest();
    // Above the position nothing has ended that it did not say itself; most commits end here.
    if (cell.acked == nullptr && lowest.last > cell.frontier.committed()) break;
    if (!look_at(cell, lowest, now, effects)) break;
  }
}

bool Engine::State::look_at(Cell& cell, const Obligation& obligation, Time now, Effects& effects) {
  const Wait& wait = waits[obligation.wait];
  const Frontier::Standing now_at = standing(wait, wait.needs[obligation.need], cell);
  if (now_at.outcome == Outcome::pending) return false;
  settle(obligation.wait, obligation.need, now_at.outcome, now_at.evidence, now);
  finish_if_done(obligation.wait, now, effects);
  return true;
}

void Engine::State::look_through(Cell& cell, Range lasts, Time now, Effects& effects) {
  // Answering one wait may take others' obligations out: look each up again.
  std::vector<Obligation> open;
  cell.obligations.for_each_in(lasts, [&](const Obligation& obligation) { open.push_back(obligation); });
  for (const Obligation& obligation : open)
    if (cell.obligations.contains(obligation)) look_at(cell, obligation, now, effects);
}

void Engine::State::finish_if_done(std::uint32_t slot, Time now, Effects& effects) {
  const Wait& wait = waits[slot];
  if (wait.state != Wait::State::waiting) return;
  if (wait.follow != nullptr) follow_on(slot, now, effects);
  if (wait.open > 0 || wait.asking > 0 || !wait.searches.empty()) return;
  if (wait.follow != nullptr && !wait.follow->complete) return;
  answer(slot, now, effects);
}

void Engine::State::close(std::uint32_t slot) {
  Wait& wait = waits[slot];
  for (Need& need : wait.needs) unindex(slot, need);
  while (!wait.searches.empty()) end_search(wait.searches.back());
  forget_ends(slot);
  if (wait.is_publish) --topics[wait.terms.front().topic].open_waits;
  waits.close(slot);
}

void Engine::State::update_memberless(ConsumerNumber number) {
  const Consumer& consumer = consumers[number];
  if (consumer.members == 0 && consumer.open > 0) {
    memberless.insert(number);
  } else {
    memberless.erase(number);
  }
}

std::optional<Time> Engine::State::absent_at(ConsumerNumber number) const {
  if (lost_at) return std::nullopt;  // nothing is heard: silence proves nothing
  const Time last = std::max(consumers[number].last_sign, known_since);
  return planted(Bug::absent_without_grace) ? last : last + config.absent_grace;
}

void Engine::State::settle_absent(ConsumerNumber number, Time now, Effects& effects) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open;
  for (const auto& [key, cell] : consumers[number].cells)
    cell->obligations.for_each_in(kEverything, [&](const Obligation& o) { open.emplace_back(o.wait, o.need); });
  settle_open(std::move(open), Outcome::absent, now, effects);
}

void Engine::State::settle_open(std::vector<std::pair<std::uint32_t, std::uint32_t>> needs, Outcome outcome, Time now,
                                Effects& effects) {
  std::sort(needs.begin(), needs.end());
  for (const auto& [slot, index] : needs) {
    // Answering one wait may have ended others.
    if (waits[slot].needs.size() <= index || !waits[slot].needs[index].indexed) continue;
    // What was known of its place is about what is gone, unless it is the consumer that is.
    Evidence evidence;
    const Need& need = waits[slot].needs[index];
    const WaitTerm& term = waits[slot].terms[need.term];
    const Cell* cell = consumers[need.consumer].cell(term.topic, term.partition);
    if (outcome == Outcome::absent && cell != nullptr) evidence = standing(waits[slot], need, *cell).evidence;
    settle(slot, index, outcome, evidence, now);
    finish_if_done(slot, now, effects);
  }
}

}  // namespace tidemark::core
