#include "core/engine_state.h"

#include <algorithm>
#include <limits>

#include "core/hint.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

// How bad an outcome is: of a consumer's outcomes at several positions the
// worst is shown.
int badness(Outcome outcome) {
  switch (outcome) {
    case Outcome::processed: return 0;
    case Outcome::pending: return 1;
    case Outcome::handed_over: return 2;
    case Outcome::unanchored: return 3;
    case Outcome::absent: return 4;
    case Outcome::skipped: return 5;
    case Outcome::failed: return 6;
  }
  return 7;
}

}  // namespace

Cell* Engine::State::cell_for(ConsumerNumber consumer, TopicNumber topic, Partition partition) {
  Cell* cell = consumers.cell_or_add(consumer, topic, partition, topics);
  if (cell != nullptr) cell->frontier.log_started_at(topics.ends(topic, partition).log_start);
  return cell;
}

void Engine::State::register_need(std::uint32_t slot, std::uint32_t index, Time now) {
  Wait& wait = waits[slot];
  Need& need = wait.needs[index];
  const WaitTerm& term = wait.terms[need.term];
  Consumer& consumer = consumers[need.consumer];
  need.reason = PendingReason::not_started;
  if (other_incarnation(term) && !planted(Bug::incarnation_ignored)) return;  // commits here say nothing of it: pending
  Cell* cell = cell_for(need.consumer, term.topic, term.partition);
  if (cell == nullptr) return;  // the table is full: pending until the deadline, which is true

  if (!planted(Bug::registered_late_hangs)) {
    // A publish rests on what this gateway saw; a mark brings its own anchor.
    const auto standing = cell->frontier.standing(term.first, term.last, wait.is_publish ? Anchor{} : need.anchor);
    need.reason = standing.reason;
    need.evidence = standing.evidence;
    if (standing.outcome != Outcome::pending) {
      settle(slot, index, standing.outcome, standing.evidence, now);
      return;
    }
    if (!lost_at && is_absent(consumer, known_since, config.absent_grace, now)) {
      settle(slot, index, Outcome::absent, standing.evidence, now);
      return;
    }
  }
  if (!wait.hold) return;
  cell->obligations.insert({term.last, slot, index});
  need.indexed = true;
  ++consumer.open;
  ++topics.ends(term.topic, term.partition).open;
  ++open_obligations;
  update_memberless(need.consumer);
}

void Engine::State::unindex(std::uint32_t slot, Need& need) {
  if (!need.indexed) return;
  const WaitTerm& term = waits[slot].terms[need.term];
  const auto index = static_cast<std::uint32_t>(&need - waits[slot].needs.data());
  Consumer& consumer = consumers[need.consumer];
  if (Cell* cell = consumer.cell(term.topic, term.partition)) cell->obligations.erase({term.last, slot, index});
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
  need.outcome = outcome;
  need.reason = PendingReason::none;
  need.evidence = evidence;
  need.at = now;
  --wait.open;
  ++stats.obligations_settled;
}

void Engine::State::advance(ConsumerNumber number, TopicNumber topic, Partition partition, Applied applied, Time now,
                            Effects& effects) {
  if (applied != Applied::moved && applied != Applied::passed_over) return;
  Cell* cell = consumers[number].cell(topic, partition);
  if (cell == nullptr) return;
  const auto look = [&](const Obligation& obligation) {
    Wait& wait = waits[obligation.wait];
    const Need& need = wait.needs[obligation.need];
    const WaitTerm& term = wait.terms[need.term];
    const auto standing = cell->frontier.standing(term.first, term.last, wait.is_publish ? Anchor{} : need.anchor);
    if (standing.outcome == Outcome::pending) return false;
    settle(obligation.wait, obligation.need, standing.outcome, standing.evidence, now);
    finish_if_done(obligation.wait, now, effects);
    return true;
  };
  if (applied == Applied::passed_over) {
    // Answering one wait may take others' obligations out: look each up again.
    const std::vector<Obligation> open(cell->obligations.begin(), cell->obligations.end());
    for (const Obligation& obligation : open)
      if (cell->obligations.contains(obligation)) look(obligation);
    return;
  }
  while (!cell->obligations.empty()) {
    const Obligation lowest = *cell->obligations.begin();
    if (!look(lowest)) break;
  }
}

void Engine::State::finish_if_done(std::uint32_t slot, Time now, Effects& effects) {
  if (waits[slot].state == Wait::State::waiting && waits[slot].open == 0) answer(slot, now, effects);
}

void Engine::State::close(std::uint32_t slot) {
  Wait& wait = waits[slot];
  for (Need& need : wait.needs) unindex(slot, need);
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
    for (const Obligation& obligation : cell->obligations) open.emplace_back(obligation.wait, obligation.need);
  std::sort(open.begin(), open.end());
  for (const auto& [slot, index] : open) {
    if (waits[slot].needs.size() <= index || !waits[slot].needs[index].indexed) continue;
    settle(slot, index, Outcome::absent, waits[slot].needs[index].evidence, now);
    finish_if_done(slot, now, effects);
  }
}

bool Engine::State::other_incarnation(const WaitTerm& term) const {
  const Uuid current = topics[term.topic].id;
  return !term.topic_id.is_nil() && !current.is_nil() && term.topic_id != current;
}

Anchor Engine::State::anchor_at_append(const Need& need, const WaitTerm& term) const {
  if (planted(Bug::mark_loses_anchor)) return {};
  if (other_incarnation(term) && !planted(Bug::incarnation_ignored)) return {};
  const Consumer& consumer = consumers[need.consumer];
  Anchor anchor;
  const Cell* cell = consumer.cell(term.topic, term.partition);
  if (cell != nullptr) anchor = cell->frontier.anchor_for(term.first);
  const bool no_position = cell == nullptr || !cell->frontier.has_position();
  if (!anchor.known() && no_position && consumer.reset_earliest) {
    anchor.committed = 0;
    anchor.declared = true;
  }
  return anchor;
}

Mark Engine::State::mark_of(const Wait& wait) const {
  Mark mark;
  mark.scope = wait.scope;
  for (const WaitTerm& term : wait.terms) {
    Term& out = mark.terms.emplace_back();
    out.kind = term.kind;
    out.topic = topics[term.topic].name;
    out.topic_id = term.topic_id;
    out.partition = term.partition;
    out.first = term.first;
    out.last = term.last;
    out.leader_epoch = term.leader_epoch;
    out.id = term.id;
  }
  for (const Need& need : wait.needs)
    mark.terms[need.term].expected.push_back({consumers[need.consumer].name, need.by, need.anchor});
  return mark;
}

std::vector<ConsumerOutcome> Engine::State::outcomes_of(const Wait& wait, Time now) const {
  std::vector<ConsumerOutcome> outcomes;
  for (const Need& need : wait.needs) {
    const Consumer& consumer = consumers[need.consumer];
    const WaitTerm& term = wait.terms[need.term];
    const bool recreated = other_incarnation(term);
    ConsumerOutcome outcome;
    outcome.name = consumer.name;
    outcome.expected_by = need.by;
    outcome.outcome = need.outcome;
    outcome.evidence = need.evidence;
    outcome.elapsed = (need.outcome == Outcome::pending ? now : need.at) - wait.began;
    Need shown = need;
    if (need.outcome == Outcome::pending && wait.state == Wait::State::waiting &&
        term.kind != Term::Kind::pending && !recreated) {
      // What was true at registration may be old: say how it stands now.
      if (const Cell* cell = consumer.cell(term.topic, term.partition)) {
        const auto standing = cell->frontier.standing(term.first, term.last, wait.is_publish ? Anchor{} : need.anchor);
        if (standing.outcome == Outcome::pending) shown.reason = standing.reason;
        outcome.evidence = standing.evidence;
      }
    }
    outcome.reason = need.outcome == Outcome::pending ? shown.reason : PendingReason::none;
    outcome.hint = hint_for(consumer, shown, recreated, config.absent_grace);
    const auto same = std::find_if(outcomes.begin(), outcomes.end(),
                                   [&](const ConsumerOutcome& o) { return o.name == outcome.name; });
    if (same == outcomes.end()) {
      outcomes.push_back(std::move(outcome));
    } else if (badness(outcome.outcome) > badness(same->outcome)) {
      *same = std::move(outcome);
    } else if (outcome.outcome == same->outcome) {
      same->elapsed = std::max(same->elapsed, outcome.elapsed);
    }
  }
  return outcomes;
}

void Engine::State::answer(std::uint32_t slot, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Answer answer;
  answer.wait = waits.id_of(slot);
  answer.is_publish = wait.is_publish;
  answer.fate = wait.unknown_terms ? Delivery::Fate::unknown : Delivery::Fate::appended;
  answer.id = wait.id;
  answer.mark = mark_of(wait);
  for (const Term& term : answer.mark.terms)
    answer.positions.push_back({term.topic, term.topic_id, term.partition, term.last, term.leader_epoch});
  answer.consumers = outcomes_of(wait, now);
  answer.settled = wait.open == 0 && !wait.unknown_terms;
  answer.draining = wait.cut_by_drain && !answer.settled;
  answer.elapsed = now - wait.began;
  answer.append_elapsed = wait.is_publish ? wait.appended - wait.began : Duration::zero();
  if (wait.needs.empty() && answer.settled)
    answer.no_consumers_known = std::any_of(wait.terms.begin(), wait.terms.end(), [&](const WaitTerm& term) {
      return !expectation.is_configured(topics[term.topic]);
    });
  if (planted(Bug::deadline_is_success) && !answer.settled) {
    answer.settled = true;
    for (ConsumerOutcome& consumer : answer.consumers) consumer.outcome = Outcome::processed;
  }
  ++(answer.all_processed() ? stats.answers_processed : answer.settled ? stats.answers_failed : stats.answers_pending);
  const bool keep = planted(Bug::answered_twice) && !answer.settled && wait.hold;
  effects.answers.push_back(std::move(answer));
  if (keep) {
    waits.forget_deadline(slot);
    return;
  }
  close(slot);
}

void Engine::State::answer_failed_append(std::uint32_t slot, const Delivery& delivery, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Answer answer;
  answer.wait = waits.id_of(slot);
  answer.is_publish = true;
  answer.fate = delivery.fate;
  answer.reason = delivery.reason;
  answer.detail = delivery.detail;
  answer.id = wait.id;
  answer.elapsed = answer.append_elapsed = now - wait.began;
  answer.draining = wait.cut_by_drain;
  if (delivery.fate == Delivery::Fate::unknown) {
    WaitTerm& term = wait.terms.front();
    term.kind = Term::Kind::pending;
    term.partition = delivery.partition;
    term.first = term.last = delivery.offset;
    term.id = wait.id;
    answer.mark = mark_of(wait);
    answer.positions.push_back({topics[term.topic].name, term.topic_id, term.partition, kNoOffset, -1});
    answer.consumers = outcomes_of(wait, now);
    ++stats.answers_unknown;
  } else {
    answer.settled = true;
    ++stats.answers_not_appended;
  }
  effects.answers.push_back(std::move(answer));
  close(slot);
}

}  // namespace tidemark::core
