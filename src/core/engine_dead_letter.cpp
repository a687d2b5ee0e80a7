// Dead letters: read before `processed` is said.
//
// A consumer that gives a record up writes it to a dead-letter topic and commits
// as if it had done the work. The commit alone would say `processed` of an event
// that failed. The two are not ordered for a reader of both, but the letter is in
// the log before the commit; so when the commit was seen, the ends of the
// consumer's dead-letter topics are asked for, and what was added there since the
// event is read: whatever says that it is of the event, or comes from its place
// in the log and is not known to be another's, makes the consumer `failed`.

#include <algorithm>
#include <string>
#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr Duration kPauseAfterFailure = std::chrono::milliseconds(500);

}  // namespace

bool Engine::State::has_dead_letters(const Follow& follow, std::uint32_t place) const {
  return std::any_of(follow.edges.begin(), follow.edges.end(), [&](const Follow::Edge& edge) {
    return edge.dead_letter && edge.place == place && topics[follow.plan->nodes[edge.output].topic].exists();
  });
}

void Engine::State::begin_check(std::uint32_t slot, std::uint32_t index, Effects& effects) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  Follow::Place& place = follow.places[index];
  place.check = Follow::Place::Check::asking;
  place.given_up = false;
  for (Need& need : wait.needs)
    if (need.place == index && need.check == Need::Check::waiting) need.check = Need::Check::under_way;
  for (std::uint32_t i = 0; i < follow.edges.size(); ++i) {
    if (!follow.edges[i].dead_letter || follow.edges[i].place != index) continue;
    const TopicNumber topic = follow.plan->nodes[follow.edges[i].output].topic;
    if (!topics[topic].exists()) continue;
    ++place.check_left;
    board(topic, {waits.id_of(slot), i, true}, effects);
  }
}

void Engine::State::read_dead_letters(std::uint32_t slot, std::uint32_t index, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  Follow::Edge& edge = follow.edges[index];
  Follow::Place& place = follow.places[edge.place];
  const TopicNumber topic = follow.plan->nodes[edge.output].topic;
  place.check = Follow::Place::Check::looking;
  const bool too_early = planted(Bug::letters_end_before_commit);
  const Offsets ends = too_early ? follow.topics[edge.output].floors : topics.end_offsets(topic);

  Origin origin;
  if (!planted(Bug::letters_of_others_count)) origin.id = follow.id;
  origin.dead_letters = true;
  origin.consumer = consumers[place.consumer].name;
  for (const Need& need : wait.needs) {
    if (need.place != edge.place || need.check != Need::Check::under_way) continue;
    const WaitTerm& term = wait.terms[need.term];
    origin.sources.push_back({topics[term.topic].name, term.partition, {std::max(term.first, need.since), term.last}});
  }
  const Partition partitions = planted(Bug::letters_of_first_partition) ? 1 : topics[topic].partitions;
  // The mark's gateway knew of partitions that this one has yet to be told of.
  if (edge.read_from != nullptr && edge.read_from->size() > static_cast<std::size_t>(topics[topic].partitions))
    place.check_failed = true;
  for (Partition p = 0; p < partitions; ++p) {
    const auto i = static_cast<std::size_t>(p);
    // From the beginning each time: what was read before was not read for these needs.
    const Offset from = std::max(offset_at(edge.read_from, i), topics.ends(topic, p).log_start);
    const Offset until = offset_at(ends, i);
    if (until <= from) continue;
    ++stats.dead_letter_looks;
    ++place.check_left;
    look_for_origin({waits.id_of(slot), index, p, true}, {topics[topic].name, p, from, until, {}, 0, origin}, effects);
  }
  --place.check_left;
  if (place.check_left == 0) conclude_check(slot, edge.place, now);
}

void Engine::State::look_for_origin(const OriginLook& about, Look look, Effects& effects) {
  look.number = ++last_look;
  origin_looks.emplace(look.number, about);
  ++waits[about.wait.slot].follow->outstanding;
  effects.looks.push_back(std::move(look));
}

void Engine::State::origin_seen(const Sight& sight, Time now, Effects& effects) {
  const OriginLook about = origin_looks.extract(sight.number).mapped();
  if (waits.find(about.wait) == nullptr) return;
  const std::uint32_t slot = about.wait.slot;
  --waits[slot].follow->outstanding;
  if (about.dead_letters) {
    dead_letter_seen(slot, about, sight, now);
  } else {
    descendants_seen(slot, about, sight, now);
  }
  answer_if_due(slot, now, effects);
}

void Engine::State::dead_letter_seen(std::uint32_t slot, const OriginLook& about, const Sight& sight, Time now) {
  Follow& follow = *waits[slot].follow;
  const Follow::Edge& edge = follow.edges[about.index];
  Follow::Place& place = follow.places[edge.place];
  const std::string& topic = topics[follow.plan->nodes[edge.output].topic].name;
  --place.check_left;
  if (sight.result == Sight::Result::found) {
    place.given_up = true;
    place.reason = (sight.reason.empty() ? "given up" : sight.reason) + " (dead letter " + topic + "/" +
                   std::to_string(about.partition) + "@" + std::to_string(sight.offset) + ")";
  } else if ((sight.result == Sight::Result::failed || !sight.complete) && !planted(Bug::unread_letters_are_none)) {
    place.check_failed = true;
  }
  if (place.check_left == 0) conclude_check(slot, edge.place, now);
}

void Engine::State::conclude_check(std::uint32_t slot, std::uint32_t index, Time now) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  Follow::Place& place = follow.places[index];
  const bool again = std::exchange(place.check_failed, false) && !place.given_up;
  place.check = again ? Follow::Place::Check::paused : Follow::Place::Check::none;
  if (again) {
    place.check_due = now + kPauseAfterFailure;
    follow_times.emplace(place.check_due, slot);
  }
  for (std::uint32_t i = 0; i < wait.needs.size(); ++i) {
    Need& need = wait.needs[i];
    if (need.place != index || need.check != Need::Check::under_way) continue;
    need.check = again ? Need::Check::waiting : Need::Check::done;
    if (again) continue;
    --place.checking;
    if (place.given_up) need.ended->evidence.reason = place.reason;
    need.dead_lettered = place.given_up;
    conclude(slot, i, place.given_up ? Outcome::failed : Outcome::processed, now);
  }
}

}  // namespace tidemark::core
