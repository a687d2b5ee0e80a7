// Marks: taken up again, and the search for the appends in them that are in doubt.
//
// An append of unknown fate may be in the log, or come to be there. Answering
// the mark "unknown" for ever would leave its publisher to guess; so the log is
// read for the event's id, from the lowest offset that it can have. Found, it is
// appended and the wait goes on; not found proves nothing, so the search begins
// again a little later, from where it ended, until the deadline.

#include <algorithm>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(100);
constexpr Duration kLongestBackoff = std::chrono::seconds(2);

}  // namespace

std::optional<Refusal> Engine::State::check_mark(const Mark& mark, std::vector<std::string>& named) const {
  std::size_t new_names = 0, new_cells = 0;
  const auto name = [&](const std::string& consumer) {
    const auto known = consumers.find(consumer);
    if (std::find(named.begin(), named.end(), consumer) == named.end()) {
      named.push_back(consumer);
      if (!known) ++new_names;
    }
    return known;
  };
  for (const Term& term : mark.terms) {
    const auto number = topics.find(term.topic);
    if (!number || !topics[*number].exists())
      return Refusal{Refusal::Code::unknown_topic, "the mark's topic '" + term.topic + "' does not exist", "mark", {}};
    const Topic& topic = topics[*number];
    if (!term.topic_id.is_nil() && !topic.id.is_nil() && term.topic_id != topic.id)
      return Refusal{Refusal::Code::recreated_topic, "the mark's topic '" + term.topic +
                     "' was deleted and made again: the event is gone", "mark", {}};
    if (term.kind != Term::Kind::pending && is_lost(*number, term.partition, term.last, term.leader_epoch))
      return Refusal{Refusal::Code::cut_off, "partition " + std::to_string(term.partition) + " of '" + term.topic +
                     "' was cut off below offset " + std::to_string(term.last) +
                     " by an unclean leader election: the event is lost", "mark", {}};
    if (term.partition >= topic.partitions)
      return Refusal{Refusal::Code::unknown_partition, "the mark names partition " + std::to_string(term.partition) +
                     " of '" + term.topic + "', which has " + std::to_string(topic.partitions), "mark", {}};
    for (const Expected& e : term.expected) {
      const auto consumer = name(e.name);
      if (term.kind != Term::Kind::pending && !(consumer && consumers[*consumer].cell(*number, term.partition)))
        ++new_cells;
    }
  }
  for (const Derived& derived : mark.derived) {
    const auto number = topics.find(derived.topic);
    for (const Derived::Reader& reader : derived.readers) {
      const auto consumer = name(reader.name);
      if (number && !consumer) new_cells += static_cast<std::size_t>(topics[*number].partitions);
    }
    for (const Derived::Writer& writer : derived.writers) name(writer.consumer);
  }
  // A forged mark must not fill the tables that real groups need.
  if ((new_names > 0 && consumers.size() + new_names > config.max_consumers / 2) ||
      (new_cells > 0 && consumers.frontiers() + new_cells > config.max_frontiers / 2))
    return Refusal{Refusal::Code::gateway_limit, "too many consumers are known to take up those of the mark", "mark",
                   config.retry_after};
  return std::nullopt;
}

void Engine::State::take_up(std::uint32_t slot, const Mark& mark, std::span<const std::string> only) {
  Wait& wait = waits[slot];
  wait.scope = std::max(wait.scope, mark.scope);
  for (const Term& term : mark.terms) {
    const auto number = topics.find(term.topic);
    const auto index = static_cast<std::uint32_t>(wait.terms.size());
    WaitTerm& taken = wait.terms.emplace_back();
    taken.kind = term.kind;
    taken.topic = *number;
    taken.topic_id = term.topic_id;
    taken.partition = term.partition;
    taken.first = term.first;
    taken.last = term.last;
    taken.leader_epoch = term.leader_epoch;
    taken.id = term.id;
    taken.needs = static_cast<std::uint32_t>(wait.needs.size());
    if (term.kind == Term::Kind::pending) wait.unknown_terms = true;
    for (const Expected& e : term.expected) {
      const auto consumer = expectation.admit(e.name, consumers);
      if (!consumer) continue;  // check_mark() saw to room
      const bool wanted = wait.follow != nullptr
                              ? wait.follow->place_of(*wait.follow->plan->node_of(*number), *consumer).has_value()
                              : only.empty() || std::find(only.begin(), only.end(), e.name) != only.end();
      if (!wanted) continue;
      Need& need = wait.needs.emplace_back();
      need.consumer = *consumer;
      need.term = index;
      need.by = e.by;
      need.anchor = e.anchor;
      // A barrier's mark: what lies below its baseline is not asked of this consumer.
      if (term.kind == Term::Kind::prefix && e.anchor.known() && e.anchor.committed > term.first)
        need.since = e.anchor.committed;
    }
  }
}

std::variant<WaitId, Refusal> Engine::resume(const ResumeRequest& request, Time now, Effects& effects) {
  State& s = *state_;
  if (auto refusal = s.closed(now)) return s.refuse(std::move(*refusal));
  if (auto refusal = s.full()) return s.refuse(std::move(*refusal));
  std::vector<std::string> named;
  if (auto refusal = s.check_mark(request.mark, named)) return s.refuse(std::move(*refusal));
  const Scope scope = std::max(request.mark.scope, request.scope);
  std::unique_ptr<Follow> follow;
  if (auto refusal = s.follow_mark(request.mark, {}, scope, request.only, now, follow)) return s.refuse(std::move(*refusal));
  if (follow == nullptr)
    if (auto refusal = s.unknown_among(request.only, named)) return s.refuse(std::move(*refusal));

  const std::uint32_t slot = s.waits.open(request.deadline);
  Wait& wait = s.waits[slot];
  wait.state = Wait::State::waiting;
  wait.hold = request.wait;
  wait.scope = scope;
  wait.began = request.began;
  wait.follow = std::move(follow);
  s.take_up(slot, request.mark, request.only);
  wait.open = wait.needs.size();
  if (wait.follow != nullptr) s.tie(slot);
  const WaitId id = s.waits.id_of(slot);
  for (std::uint32_t i = 0; i < wait.needs.size(); ++i)
    if (wait.terms[wait.needs[i].term].kind != Term::Kind::pending) s.register_need(slot, i, now);
  for (const WaitTerm& term : wait.terms) s.doubt_end(term, effects);
  s.begin_searches(slot, now, effects);
  s.answer_if_due(slot, now, effects);
  return id;
}

// What is not held is answered when nothing that was asked for it is outstanding.
void Engine::State::answer_if_due(std::uint32_t slot, Time now, Effects& effects) {
  const Wait& wait = waits[slot];
  if (wait.state != Wait::State::waiting || wait.asking > 0) return;
  if (!wait.hold && !wait.ends_looked_at) {
    waits[slot].ends_looked_at = true;
    look_before_answer(slot, effects);
  }
  if (wait.follow != nullptr) follow_on(slot, now, effects);
  const bool asked = wait.first_looks == 0 && (wait.follow == nullptr || wait.follow->outstanding == 0);
  const bool no_more = wait.open == 0 && wait.unknown_terms && wait.searches.empty();
  if ((!wait.hold && asked) || no_more) return answer(slot, now, effects);
  finish_if_done(slot, now, effects);
}

void Engine::State::begin_searches(std::uint32_t slot, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  for (std::uint32_t i = 0; i < wait.terms.size(); ++i) {
    const WaitTerm& term = wait.terms[i];
    if (term.kind != Term::Kind::pending) continue;
    if (planted(Bug::pending_taken_as_lowest) && term.partition >= 0) {
      Sight sight;
      sight.result = Sight::Result::found;
      sight.offset = std::max<Offset>(term.first, 0);
      found(slot, i, term.partition, sight);
      register_term(slot, i, now);
      continue;
    }
    const Topic& topic = topics[term.topic];
    const Partition begin = std::max(term.partition, 0);
    const Partition end = term.partition >= 0 ? term.partition + 1 : topic.partitions;
    if (end - begin > kMaxSearchesPerTerm) continue;  // stays in doubt, which is true
    for (Partition p = begin; p < end; ++p) {
      if (searches.size() >= kMaxSearches) return;
      const std::uint64_t number = ++last_look;
      Search& search = searches[number];
      search.wait = waits.id_of(slot);
      search.term = i;
      search.partition = p;
      search.from = std::max<Offset>(term.first, 0);
      search.backoff = kFirstBackoff;
      wait.searches.push_back(number);
      ++wait.first_looks;
      effects.looks.push_back({topic.name, p, search.from, kNoOffset, term.id, number});
    }
  }
}

void Engine::State::search(Time now, Effects& effects) {
  while (!search_times.empty() && search_times.begin()->first <= now) {
    const std::uint64_t number = search_times.begin()->second;
    search_times.erase(search_times.begin());
    const auto at = searches.find(number);
    if (at == searches.end()) continue;
    const WaitTerm& term = waits[at->second.wait.slot].terms[at->second.term];
    at->second.next.reset();
    effects.looks.push_back(
        {topics[term.topic].name, at->second.partition, at->second.from, kNoOffset, term.id, number});
  }
}

void Engine::State::end_search(std::uint64_t number) {
  const auto at = searches.find(number);
  if (at == searches.end()) return;
  Wait& wait = waits[at->second.wait.slot];
  if (!at->second.looked) --wait.first_looks;
  if (at->second.next) search_times.erase({*at->second.next, number});
  std::erase(wait.searches, number);
  searches.erase(at);
}

void Engine::State::found(std::uint32_t slot, std::uint32_t index, Partition partition, const Sight& sight) {
  Wait& wait = waits[slot];
  WaitTerm& term = wait.terms[index];
  term.kind = Term::Kind::event;
  term.partition = partition;
  term.first = term.last = sight.offset;
  term.leader_epoch = sight.leader_epoch;
  if (!sight.topic_id.is_nil()) term.topic_id = sight.topic_id;
  // It may lie below the end that it was sent at, where the log was cut off in between.
  for (std::uint32_t i = term.needs; i < wait.needs.size() && wait.needs[i].term == index; ++i)
    if (wait.needs[i].anchor.committed > sight.offset) wait.needs[i].anchor = {};
  wait.unknown_terms = std::any_of(wait.terms.begin(), wait.terms.end(),
                                   [](const WaitTerm& t) { return t.kind == Term::Kind::pending; });
}

void Engine::sight(const Sight& sight, Time now, Effects& effects) {
  State& s = *state_;
  if (s.end_looks.contains(sight.number)) return s.end_seen(sight, now, effects);
  if (s.origin_looks.contains(sight.number)) return s.origin_seen(sight, now, effects);
  if (s.cut_looks.contains(sight.number)) return s.cut_seen(sight, now, effects);
  const auto at = s.searches.find(sight.number);
  if (at == s.searches.end()) return;  // its wait was answered meanwhile
  State::Search& search = at->second;
  const std::uint32_t slot = search.wait.slot, term = search.term;
  const Partition partition = search.partition;
  if (sight.result == Sight::Result::found) {
    for (const std::uint64_t number : std::vector<std::uint64_t>(s.waits[slot].searches))
      if (s.searches.at(number).term == term) s.end_search(number);
    s.found(slot, term, partition, sight);
    const WaitTerm& place = s.waits[slot].terms[term];
    if (!s.other_incarnation(place)) s.raise_end(place.topic, partition, sight.offset + 1, now, effects);
    s.register_term(slot, term, now);
  } else if (sight.result == Sight::Result::failed) {
    s.end_search(sight.number);
  } else {
    if (!search.looked) --s.waits[slot].first_looks;
    search.looked = true;
    search.from = std::max(search.from, sight.until);
    search.next = now + search.backoff;
    search.backoff = std::min(search.backoff * 2, kLongestBackoff);
    s.search_times.emplace(*search.next, sight.number);
    if (planted(Bug::not_found_is_settled)) s.waits[slot].unknown_terms = false;
  }
  s.answer_if_due(slot, now, effects);
}

}  // namespace tidemark::core
