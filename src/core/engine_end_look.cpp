// Obligations that reach up to a partition's end, where that end holds nothing
// a consumer can see.
//
// An end is an offset, and offsets are also taken by the markers of transactions
// and by records that were aborted. A consumer that commits its last record's
// offset + 1 stops below them, for ever, and an obligation up to the end would
// wait as long. Whether it has stopped or is merely behind its commits do not
// tell; the log does. So where the furthest of the consumers that a term waits
// for has stood still for a moment, the log is asked what can be seen between
// there and the term's last record, and the term is taken down to the last that
// can: what holds for one consumer holds for all.
//
// A lagging consumer stands still all the time, so the question is asked once
// for a position: not again while the furthest has not passed the record that was
// found, nor at all once everything up to the end was read; waits that would ask
// the same share the answer; and the questions under way are few.

#include <algorithm>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(100);
// Whoever reads a derived topic is quick, or a wait through several would take
// this long at each; one that moves on is left alone for longer and longer.
constexpr Duration kFirstFencePause = std::chrono::milliseconds(10);
// Where an end was unseen once it will be again: its writer uses transactions.
constexpr Duration kFirstMarkerPause = std::chrono::milliseconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(2);
// A look that fails may have read megabytes.
constexpr Duration kLeastPauseAfterFailure = std::chrono::seconds(1);
constexpr Duration kLongestPauseAfterFailure = std::chrono::seconds(30);

// The next pause; one that a failure has made longer than the longest stays.
Duration longer(Duration pause) { return std::min(pause * 2, std::max(pause, kLongestPause)); }

}  // namespace

void Engine::State::watch_end(std::uint32_t slot, const Need& need, Time now) {
  const auto [at, fresh] = end_watches.try_emplace({slot, need.term});
  EndWatch& watch = at->second;
  watch.position = std::max(watch.position, place_below(waits[slot].terms[need.term], need).value_or(kNoOffset));
  if (!fresh) return;
  const WaitTerm& term = waits[slot].terms[need.term];
  const bool markers = topics.ends(term.topic, term.partition).end_unseen;
  watch.pause = !term.derived ? kFirstPause : markers ? kFirstMarkerPause : kFirstFencePause;
  if (waits[slot].hold) check_end_at(slot, need.term, now + watch.pause);
}

void Engine::State::check_end_at(std::uint32_t slot, std::uint32_t term, Time when) {
  EndWatch& watch = end_watches.at({slot, term});
  if (watch.next) end_check_times.erase({*watch.next, slot, term});
  watch.next = when;
  end_check_times.emplace(when, slot, term);
}

void Engine::State::forget_end(std::uint32_t slot, std::uint32_t term) {
  const auto at = end_watches.find({slot, term});
  if (at == end_watches.end()) return;
  if (at->second.next) end_check_times.erase({*at->second.next, slot, term});
  if (at->second.awaited) --waits[slot].first_looks;
  end_watches.erase(at);
}

void Engine::State::forget_ends(std::uint32_t slot) {
  for (auto at = end_watches.lower_bound({slot, 0}); at != end_watches.end() && at->first.first == slot;
       at = end_watches.lower_bound({slot, 0}))
    forget_end(slot, at->first.second);
}

std::optional<Offset> Engine::State::place_below(const WaitTerm& term, const Need& need) const {
  const Consumer& consumer = consumers[need.consumer];
  Offset position = std::max(term.first, need.since);
  if (const Cell* cell = consumer.cell(term.topic, term.partition)) {
    if (!consumer.acks(term.topic)) position = std::max(position, cell->frontier.committed());
    if (cell->acked != nullptr) position = std::max(position, cell->acked->done_below(term.last + 1));
  }
  if (position > term.last) return std::nullopt;
  return position;
}

void Engine::State::check_ends(Time now, Effects& effects) {
  while (!end_check_times.empty() && std::get<0>(*end_check_times.begin()) <= now) {
    const auto [when, slot, term] = *end_check_times.begin();
    end_check_times.erase(end_check_times.begin());
    EndWatch& watch = end_watches.at({slot, term});
    watch.next.reset();
    const Wait& wait = waits[slot];
    bool anybody = false;
    Offset furthest = kNoOffset;
    for (std::uint32_t i = wait.terms[term].needs; i < wait.needs.size() && wait.needs[i].term == term; ++i) {
      if (!wait.needs[i].indexed) continue;
      anybody = true;
      furthest = std::max(furthest, place_below(wait.terms[term], wait.needs[i]).value_or(kNoOffset));
    }
    if (!anybody) {
      forget_end(slot, term);
      continue;
    }
    if (std::exchange(watch.position, furthest) != furthest) {
      watch.pause = std::min(longer(watch.pause), kFirstPause);
    } else {
      if (furthest > watch.seen && look_at_end(slot, term, effects)) continue;
      watch.pause = longer(watch.pause);
    }
    check_end_at(slot, term, now + watch.pause);
  }
}

bool Engine::State::look_at_end(std::uint32_t slot, std::uint32_t index, Effects& effects) {
  const WaitTerm& term = waits[slot].terms[index];
  EndWatch& watch = end_watches.at({slot, index});
  const EndLook question{term.topic, term.partition, watch.position, term.last + 1, {}};
  for (auto& [number, open] : end_looks) {
    const bool same = open.topic == question.topic && open.partition == question.partition &&
                      open.from == question.from && open.until == question.until;
    if (!same) continue;
    watch.look = number;
    open.terms.emplace_back(waits.id_of(slot), index);
    return true;
  }
  if (end_looks.size() >= kMaxEndLooks) return false;
  watch.look = ++last_look;
  ++stats.end_looks;
  EndLook& open = end_looks.emplace(watch.look, question).first->second;
  open.terms.emplace_back(waits.id_of(slot), index);
  effects.looks.push_back({topics[term.topic].name, term.partition, question.from, question.until, {}, watch.look});
  return true;
}

void Engine::State::look_before_answer(std::uint32_t slot, Effects& effects) {
  Wait& wait = waits[slot];
  for (auto at = end_watches.lower_bound({slot, 0}); at != end_watches.end() && at->first.first == slot; ++at) {
    if (at->second.position == kNoOffset || at->second.look != 0) continue;
    if (!look_at_end(slot, at->first.second, effects)) continue;
    at->second.awaited = true;
    ++wait.first_looks;
  }
}

void Engine::State::end_seen(const Sight& sight, Time now, Effects& effects) {
  const EndLook question = std::move(end_looks.extract(sight.number).mapped());
  for (const auto& [id, index] : question.terms) {
    if (waits.find(id) == nullptr) continue;
    const std::uint32_t slot = id.slot;
    const auto at = end_watches.find({slot, index});
    if (at == end_watches.end() || at->second.look != sight.number) continue;
    EndWatch& watch = at->second;
    watch.look = 0;
    if (std::exchange(watch.awaited, false)) --waits[slot].first_looks;
    const Uuid& topic_id = waits[slot].terms[index].topic_id;
    const bool other = !sight.topic_id.is_nil() && !topic_id.is_nil() && sight.topic_id != topic_id;
    const bool failed = sight.result == Sight::Result::failed || other;
    if (!failed) {
      const bool found = sight.result == Sight::Result::found && !planted(Bug::seen_record_settles);
      if (found) watch.seen = std::max(watch.seen, sight.last);
      const Offset last = found ? sight.last : question.from - 1;
      if (sight.complete || planted(found ? Bug::part_read_is_all : Bug::open_transaction_is_nothing)) {
        // Below a place where nothing is to be seen there may be more of the kind, and
        // somebody who stops there: whoever is still open is watched anew.
        if (!found) forget_end(slot, index);
        lower_end(slot, index, last, now);
        if (found) forget_end(slot, index);
        answer_if_due(slot, now, effects);
        continue;
      }
    }
    if (waits[slot].hold && end_watches.contains({slot, index})) {
      watch.pause = failed ? std::clamp(watch.pause * 2, kLeastPauseAfterFailure, kLongestPauseAfterFailure)
                           : longer(watch.pause);
      check_end_at(slot, index, now + watch.pause);
    }
    answer_if_due(slot, now, effects);
  }
}

void Engine::State::lower_end(std::uint32_t slot, std::uint32_t index, Offset last, Time now) {
  Wait& wait = waits[slot];
  WaitTerm& term = wait.terms[index];
  if (last >= term.last) return;
  topics.ends(term.topic, term.partition).end_unseen = true;
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = term.needs; i < wait.needs.size() && wait.needs[i].term == index; ++i) {
    if (!wait.needs[i].indexed) continue;
    unindex(slot, wait.needs[i]);
    open.push_back(i);
  }
  term.last = last;
  for (const std::uint32_t i : open) register_asked(slot, i, now);
}

}  // namespace tidemark::core
