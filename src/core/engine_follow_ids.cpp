// Whether what an event caused says so: the event's id in the records of a cycle.
//
// Where topics feed each other and others write there too, a pass by ends alone
// always finds something new. If all that the event can have caused there carries
// its id, a record without it is somebody else's, and the cycle ends with the last
// that has it. That holds where each consumer on each way from the event into these
// topics copies the id. One who does not makes records without it, and whoever
// copies what it reads makes more of them.
//
// Who copies is declared, or concluded from where the id was found: it came there on some way
// from the event on which everybody copies it. Which way is not known; so it proves
// a consumer only if each way that leads there goes through it. Somebody who writes
// the same topic, and is not waited for or writes later, is a way too.

#include <algorithm>
#include <utility>
#include <vector>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

struct Way {
  std::uint32_t input = 0;   // nodes of the plan
  std::uint32_t output = 0;
  std::uint32_t edge = Follow::kNone;  // of the follow; else of somebody who is not waited for
};

// Whether the planned edge is one of those that are followed.
bool is_followed(const Follow& follow, const Plan::Edge& planned) {
  return std::any_of(follow.edges.begin(), follow.edges.end(), [&](const Follow::Edge& edge) {
    const Follow::Place& place = follow.places[edge.place];
    return place.topic == planned.input && edge.output == planned.output && edge.dead_letter == planned.dead_letter &&
           (!planned.consumer || *planned.consumer == place.consumer);
  });
}

// Something outside these topics was left after the bound: who writes because of it goes on.
bool is_cut_before(const Follow& follow, std::uint32_t component) {
  for (std::size_t i = 0; i < follow.topics.size(); ++i)
    if (follow.topics[i].cut && follow.plan->nodes[i].component != component) return true;
  return false;
}

}  // namespace

void Engine::State::look_for_descendants(std::uint32_t slot, std::uint32_t index, Effects& effects) {
  Follow& follow = *waits[slot].follow;
  Follow::Topic& topic = follow.topics[index];
  Origin origin;
  origin.id = follow.id;
  for (const Follow::Topic::Below& below : topic.below) {
    ++stats.lineage_looks;
    ++topic.looks;
    look_for_origin({waits.id_of(slot), index, below.partition, false},
                    {topics[follow.plan->nodes[index].topic].name, below.partition, below.offsets.first,
                     below.offsets.last + 1, {}, 0, origin},
                    effects);
  }
}

void Engine::State::descendants_seen(std::uint32_t slot, const OriginLook& about, const Sight& sight, Time now) {
  Follow& follow = *waits[slot].follow;
  Follow::Topic& topic = follow.topics[about.index];
  const auto below = std::find_if(topic.below.begin(), topic.below.end(),
                                  [&](const auto& b) { return b.partition == about.partition; });
  const bool found = sight.result == Sight::Result::found;
  // The last that was found is the last of all only where all was read.
  if (found && sight.complete) below->last_of_event = sight.last;
  if (sight.result == Sight::Result::none && sight.complete) below->last_of_event = kNoOffset;
  if (found) note_copied(follow, about.index, below->first);
  if (--topic.looks > 0) return;
  const std::uint32_t component = follow.plan->nodes[about.index].component;
  if (all_copy(follow, component) || planted(Bug::no_id_ends_cycle)) {
    for (Follow::Topic::Below& b : topic.below)
      if (b.last_of_event) b.offsets.last = std::min(b.offsets.last, *b.last_of_event);
    std::erase_if(topic.below, [](const auto& b) { return b.offsets.last < b.offsets.first; });
  }
  owe(slot, about.index, false, now);
}

// The event's id was found in what was added to the topic; `first`: to a partition that
// no pass covered before. Concludes who copies it.
void Engine::State::note_copied(Follow& follow, std::uint32_t index, bool first) const {
  const std::uint32_t component = follow.plan->nodes[index].component;
  if (all_copy(follow, component)) return;
  const bool cut_before = is_cut_before(follow, component);
  std::vector<Way> ways;
  for (std::uint32_t i = 0; i < follow.edges.size(); ++i) {
    const Follow::Place& place = follow.places[follow.edges[i].place];
    const bool outside = follow.plan->nodes[place.topic].component != component;
    if (outside && place.done == 0 && !cut_before) continue;  // nothing came to it
    ways.push_back({place.topic, follow.edges[i].output, i});
  }
  for (const Plan::Edge& planned : follow.plan->edges)
    if (!is_followed(follow, planned)) ways.push_back({planned.input, planned.output});
  for (const Plan::LeftOut& left : follow.plan->left_out) {
    const auto number = topics.find(left.topic);
    const auto output = number ? follow.plan->node_of(*number) : std::nullopt;
    if (output) ways.push_back({left.input, *output});
    if (!output && number && topics[*number].exists() && topology.leads_on(left.topic)) return;  // who knows where to
  }
  // Who writes from outside was done with it before the first pass was asked for.
  const bool from_outside = first || cut_before;
  const auto is_last = [&](const Way& way) {
    return way.output == index && (from_outside || way.edge == Follow::kNone || follow.edges[way.edge].inner);
  };
  const auto leads_there_without = [&](std::uint32_t edge) {
    std::vector<bool> reached(follow.topics.size());
    for (std::size_t i = 0; i < reached.size(); ++i) reached[i] = follow.plan->nodes[i].root;
    for (bool more = true; std::exchange(more, false);)
      for (const Way& way : ways) {
        if (way.edge == edge || !reached[way.input]) continue;
        if (is_last(way)) return true;
        more = more || !reached[way.output];
        reached[way.output] = true;
      }
    return false;
  };
  const auto is_last_writer = [&](const Follow::Edge& edge) {
    return planted(Bug::id_proves_last_writer) && edge.output == index;
  };
  // Somebody who is not known to write here: it proves nothing.
  const auto edges = static_cast<std::uint32_t>(follow.edges.size());
  if (!leads_there_without(edges)) return;
  for (std::uint32_t i = 0; i < edges; ++i)
    if (Follow::Edge& edge = follow.edges[i]; !edge.copies_id)
      edge.copies_id = is_last_writer(edge) || !leads_there_without(i);
}

// Whether all that the event can have caused in topics that feed each other has its id.
bool Engine::State::all_copy(const Follow& follow, std::uint32_t component) const {
  if (follow.id.is_nil()) return false;
  const std::vector<Plan::Node>& nodes = follow.plan->nodes;
  std::vector<bool> leads(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) leads[i] = nodes[i].component == component;
  for (bool more = true; std::exchange(more, false);)
    for (const Follow::Edge& edge : follow.edges) {
      const std::uint32_t input = follow.places[edge.place].topic;
      if (!leads[edge.output] || leads[input]) continue;
      leads[input] = more = true;
    }
  const bool open_before = is_cut_before(follow, component);
  return std::all_of(follow.edges.begin(), follow.edges.end(), [&](const Follow::Edge& edge) {
    const Follow::Place& place = follow.places[edge.place];
    if (!leads[edge.output] || edge.copies_id) return true;
    // Outside nothing more can come to whom nothing came.
    return nodes[place.topic].component != component && place.done == 0 && !open_before;
  });
}

}  // namespace tidemark::core
