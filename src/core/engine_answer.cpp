// How a wait looks from outside: its mark, its outcomes, its answer.

#include <algorithm>
#include <limits>

#include "core/engine_state.h"
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

bool Engine::State::other_incarnation(const WaitTerm& term) const {
  const Uuid current = topics[term.topic].id;
  return !term.topic_id.is_nil() && !current.is_nil() && term.topic_id != current;
}

Anchor Engine::State::anchor_at_append(const Need& need, const WaitTerm& term) const {
  if (planted(Bug::mark_loses_anchor)) return {};
  if (other_incarnation(term) && !planted(Bug::incarnation_ignored)) return {};
  return anchor_below(need.consumer, term.topic, term.partition, std::max(term.first, need.since));
}

Anchor Engine::State::anchor_below(ConsumerNumber number, TopicNumber topic, Partition partition, Offset offset) const {
  const Consumer& consumer = consumers[number];
  Anchor anchor;
  const Cell* cell = consumer.cell(topic, partition);
  if (cell != nullptr) anchor = cell->frontier.anchor_for(offset);
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
  if (wait.asking > 0) return mark;  // what it stands for is not known yet
  constexpr std::size_t kLeftOut = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> place;
  const auto asks_for_range = [&](const WaitTerm& term) { return wait.is_barrier || term.kind == Term::Kind::prefix; };
  for (const WaitTerm& term : wait.terms) {
    const bool empty_partition = asks_for_range(term) && term.kind != Term::Kind::pending && term.last < term.first;
    place.push_back(empty_partition || term.derived ? kLeftOut : mark.terms.size());
    if (place.back() == kLeftOut) continue;
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
  for (const Need& need : wait.needs) {
    if (place[need.term] == kLeftOut) continue;
    const WaitTerm& term = wait.terms[need.term];
    if (asks_for_range(term) && need.since > term.last) continue;  // nothing is asked of it there
    mark.terms[place[need.term]].expected.push_back({consumers[need.consumer].name, need.by, need.anchor});
  }
  if (wait.follow == nullptr || mark.empty()) return mark;
  mark_derived(wait, mark);
  if (mark.terms.size() == 1 && mark.terms.front().kind == Term::Kind::event) mark.terms.front().id = wait.follow->id;
  return mark;
}

std::vector<ConsumerOutcome> Engine::State::outcomes_of(const Wait& wait, Time now) const {
  std::vector<ConsumerOutcome> outcomes, unreached;
  const auto add = [&](ConsumerOutcome outcome) {
    const auto same = std::find_if(outcomes.begin(), outcomes.end(),
                                   [&](const ConsumerOutcome& o) { return o.name == outcome.name; });
    if (same == outcomes.end()) {
      outcomes.push_back(std::move(outcome));
    } else if (badness(outcome.outcome) > badness(same->outcome)) {
      *same = std::move(outcome);
    } else if (outcome.outcome == same->outcome) {
      same->elapsed = std::max(same->elapsed, outcome.elapsed);
    }
  };
  for (const Need& need : wait.needs) {
    const Consumer& consumer = consumers[need.consumer];
    const WaitTerm& term = wait.terms[need.term];
    const bool recreated = other_incarnation(term);
    const Gone gone = recreated ? Gone::recreated : term.lost ? Gone::cut_off : Gone::no;
    ConsumerOutcome outcome;
    outcome.name = consumer.name;
    outcome.expected_by = need.by;
    outcome.outcome = need.outcome;
    if (need.ended != nullptr) outcome.evidence = need.ended->evidence;
    outcome.elapsed = (need.outcome == Outcome::pending ? now : need.ended->at) - wait.began;
    PendingReason reason = need.reason;
    if (need.outcome == Outcome::pending && need.check == Need::Check::none && wait.state == Wait::State::waiting &&
        term.kind != Term::Kind::pending && term.end_told && !recreated) {
      // What was true at registration may be old: say how it stands now.
      if (const Cell* cell = consumer.cell(term.topic, term.partition)) {
        const Frontier::Standing now_at = standing(wait, need, *cell);
        if (now_at.outcome == Outcome::pending) reason = now_at.reason;
        outcome.evidence = now_at.evidence;
      }
    }
    outcome.reason = need.outcome == Outcome::pending ? reason : PendingReason::none;
    outcome.hint = hint_for(consumer, {need.outcome, reason, outcome.evidence.source, positions_by}, gone, config.absent_grace);
    outcome.position = {topics[term.topic].name, term.topic_id, term.partition, term.last, term.leader_epoch};
    if (need.place != Follow::kNone) {
      const std::uint32_t topic = wait.follow->places[need.place].topic;
      outcome.via = hops_to(wait, topic);
      const bool closed = topic < wait.follow->closed.size() && wait.follow->closed[topic];
      if (outcome.outcome == Outcome::processed && !closed) {  // so far
        outcome.outcome = Outcome::pending;
        outcome.reason = PendingReason::upstream;
      }
    }
    add(std::move(outcome));
  }
  if (wait.follow == nullptr) return outcomes;
  add_unreached(wait, now, unreached);
  for (ConsumerOutcome& outcome : unreached) add(std::move(outcome));
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
  for (const WaitTerm& term : wait.terms)
    if (!term.derived) answer.positions.push_back({topics[term.topic].name, term.topic_id, term.partition, term.last, term.leader_epoch});
  answer.consumers = outcomes_of(wait, now);
  if (wait.follow != nullptr) answer.deferred = wait.follow->deferred;
  answer.settled = wait.open == 0 && !wait.unknown_terms && wait.asking == 0 &&
                   (wait.follow == nullptr || wait.follow->complete);
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
    for (Need& need : wait.needs) need.anchor = anchor_at_append(need, term);
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
