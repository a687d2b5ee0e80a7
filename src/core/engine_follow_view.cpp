// What a wait follows, as it looks from outside: the path to a consumer, who was
// not reached yet, and the part of a mark that lets another gateway go on.

#include <algorithm>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

// More positions than these do not fit a mark; to gather them would cost each
// publish as much as the topic has partitions.
constexpr std::size_t kMostPositions = 512;

}  // namespace

std::vector<Hop> Engine::State::hops_to(const Wait& wait, std::uint32_t index) const {
  const Follow& follow = *wait.follow;
  std::vector<Hop> hops;
  for (std::size_t steps = 0; steps < follow.topics.size() && !follow.plan->nodes[index].root; ++steps) {
    const Follow::Topic& topic = follow.topics[index];
    std::uint32_t via = topic.via;
    for (std::uint32_t i = 0; via == Follow::kNone && i < follow.edges.size(); ++i)
      if (follow.edges[i].output == index) via = i;
    if (via == Follow::kNone) break;
    const Follow::Place& writer = follow.places[follow.edges[via].place];
    hops.push_back({consumers[writer.consumer].name, topics[follow.plan->nodes[index].topic].name,
                    topic.fenced && topic.told > wait.began ? topic.told - wait.began : Duration::zero()});
    index = writer.topic;
  }
  std::reverse(hops.begin(), hops.end());
  return hops;
}

void Engine::State::add_unreached(const Wait& wait, Time now, std::vector<ConsumerOutcome>& outcomes) const {
  const Follow& follow = *wait.follow;
  std::vector<bool> reached(follow.places.size());
  for (const Need& need : wait.needs)
    if (need.place != Follow::kNone) reached[need.place] = true;
  for (std::uint32_t i = 0; i < follow.places.size(); ++i) {
    const Follow::Place& place = follow.places[i];
    const Follow::Topic& topic = follow.topics[place.topic];
    if (reached[i] || !topic.reached) continue;
    const bool closed = place.topic < follow.closed.size() && follow.closed[place.topic];
    const bool nothing_new = topic.fenced && closed;
    if (!nothing_new && follow.complete) continue;  // who writes it will not
    ConsumerOutcome& outcome = outcomes.emplace_back();
    outcome.name = consumers[place.consumer].name;
    outcome.expected_by = place.by;
    outcome.outcome = nothing_new ? Outcome::processed : Outcome::pending;
    outcome.reason = nothing_new ? PendingReason::none : PendingReason::upstream;
    outcome.elapsed = (nothing_new ? std::max(topic.told, wait.began) : now) - wait.began;
    outcome.position = {topics[follow.plan->nodes[place.topic].topic].name, topic.topic_id, -1, kNoOffset, -1};
    outcome.via = hops_to(wait, place.topic);
    if (!nothing_new && !outcome.via.empty())
      outcome.hint = "waits for what " + outcome.via.back().consumer + " writes to " + outcome.via.back().topic;
  }
}

void Engine::State::mark_derived(const Wait& wait, Mark& mark) const {
  const Follow& follow = *wait.follow;
  for (std::uint32_t i = 0; i < follow.topics.size(); ++i) {
    const Follow::Topic& topic = follow.topics[i];
    const TopicNumber number = follow.plan->nodes[i].topic;
    Derived derived;
    for (const Follow::Edge& edge : follow.edges) {
      if (edge.output != i) continue;
      const Follow::Place& writer = follow.places[edge.place];
      derived.writers.push_back({consumers[writer.consumer].name, topics[follow.plan->nodes[writer.topic].topic].name,
                                 edge.emits, edge.within, edge.dead_letter});
    }
    if (derived.writers.empty()) continue;
    derived.topic = topics[number].name;
    derived.topic_id = topic.topic_id;
    const auto readers = static_cast<std::size_t>(std::count_if(
        follow.places.begin(), follow.places.end(), [&](const Follow::Place& place) { return place.topic == i; }));
    Offsets floors = planted(Bug::mark_floors_at_answer) && topic.floors != nullptr ? topic.covered : topic.floors;
    // In watermark scope no reader is asked from there, but dead letters are read from there.
    for (const Follow::Edge& edge : follow.edges)
      if (wait.scope == Scope::watermark && edge.output == i && edge.dead_letter) floors = edge.read_from;
    if (floors != nullptr && floors->size() * (1 + readers) <= kMostPositions) derived.floors = *floors;
    for (const Follow::Place& place : follow.places) {
      if (place.topic != i) continue;
      Derived::Reader& reader = derived.readers.emplace_back();
      reader.name = consumers[place.consumer].name;
      reader.by = place.by;
      if (!derived.floors.empty()) reader.anchors = place.anchors;
      if (!wait.is_publish) continue;
      for (std::size_t p = 0; p < derived.floors.size(); ++p)
        reader.anchors.push_back(anchor_below(place.consumer, number, static_cast<Partition>(p), derived.floors[p]));
    }
    mark.derived.push_back(std::move(derived));
  }
  for (const Deferred& deferred : follow.deferred) {
    if (deferred.why != Deferred::Why::later) continue;
    Derived derived;
    derived.topic = deferred.topic;
    derived.writers.push_back({deferred.consumer, deferred.input, Emits::later, {}, false});
    mark.derived.push_back(std::move(derived));
  }
}

}  // namespace tidemark::core
