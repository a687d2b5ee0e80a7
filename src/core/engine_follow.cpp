// What a wait follows: from the event, through those who write because of it, to
// the last who reads what they wrote.
//
// The states are in follow.h. A topic's ends are asked for (engine_fence.cpp)
// once all its writers are done; what was added there since the event was
// admitted is then owed by each of its readers, and when they are done their own
// outputs are asked for. A topic without readers is a leaf, one without anything
// new ends its branch. Topics that feed each other are asked for again each time
// all their writers are done with something new: until nothing new was written,
// or a bounded number of times; for longer only while the records themselves say
// that they are of this event.

#include <algorithm>
#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr std::size_t kMaxNeeds = 100'000;  // of one wait

// A planted bug's idea of when a topic is ready to be asked for.
bool first_writer_done(const Follow& follow, std::uint32_t topic) {
  return std::any_of(follow.edges.begin(), follow.edges.end(), [&](const Follow::Edge& edge) {
    return edge.output == topic && follow.places[edge.place].open == 0 && follow.places[edge.place].done > 0;
  });
}

}  // namespace

void Engine::State::follow_on(std::uint32_t slot, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  if (follow.complete || wait.state != Wait::State::waiting) return;
  for (std::uint32_t i = 0; i < follow.places.size(); ++i) {
    Follow::Place& place = follow.places[i];
    if (place.open == 0 && std::exchange(place.owed, false)) {
      ++place.done;
      place.done_at = now;
    }
    if (place.check == Follow::Place::Check::paused && now >= place.check_due) place.check = Follow::Place::Check::none;
    if (place.check == Follow::Place::Check::none && place.checking > 0 && place.checking == place.open)
      begin_check(slot, i, effects);
  }
  if (wait.asking > 0 || wait.too_large) return;

  const std::vector<Plan::Node>& nodes = follow.plan->nodes;
  std::vector<bool>& closed = follow.closed;
  closed.assign(nodes.size(), false);
  bool all = std::all_of(follow.places.begin(), follow.places.end(), [](const auto& place) { return place.open == 0; });
  for (std::uint32_t first = 0, last = 0; first < nodes.size(); first = last) {
    while (last < nodes.size() && nodes[last].component == nodes[first].component) ++last;
    const bool done = ask_component(slot, first, last, closed, now, effects);
    std::fill(closed.begin() + first, closed.begin() + last, done);
    all = all && done;
  }
  follow.complete = all;
}

// Whether nothing more can be asked for in the topics [first, last), which feed
// each other where they are several.
bool Engine::State::ask_component(std::uint32_t slot, std::uint32_t first, std::uint32_t last,
                                  const std::vector<bool>& closed, Time now, Effects& effects) {
  Follow& follow = *waits[slot].follow;
  const auto within = [&](std::uint32_t topic) { return topic >= first && topic < last; };
  for (const Follow::Edge& edge : follow.edges) {
    if (!within(edge.output) || edge.inner) continue;
    const Follow::Place& place = follow.places[edge.place];
    if (planted(Bug::fence_before_commit)) continue;
    if (planted(Bug::second_writer_ignored) && first_writer_done(follow, edge.output)) continue;
    if (!closed[place.topic] || place.open > 0) return false;
  }
  if (follow.plan->nodes[first].cyclic && is_busy(follow, first, last)) {
    for (std::uint32_t topic = first; topic < last; ++topic)
      if (follow.topics[topic].asks_itself && !follow.topics[topic].fenced) ask_topic(slot, topic, now, now, effects);
    return false;
  }
  // Who writes a while after its commit holds the others up: else a pass of theirs would be
  // counted as a step while what was written a step earlier is still to come.
  Time due = now;
  for (std::uint32_t topic = first; follow.plan->nodes[first].cyclic && topic < last; ++topic)
    if (const Call call = call_of(follow, topic, now); call.asks()) due = std::max(due, call.due);
  bool quiet = true;
  for (std::uint32_t topic = first; topic < last; ++topic) quiet = ask_topic(slot, topic, due, now, effects) && quiet;
  for (const Follow::Edge& edge : follow.edges)
    if (edge.inner && within(edge.output) && follow.places[edge.place].open > 0) quiet = false;
  return quiet;
}

// Topics that feed each other are asked for together, once all who write them are
// done: so that each pass is one more step away from the event, and the bound of
// passes a bound of steps, however many consumers write the same topic.
bool Engine::State::is_busy(const Follow& follow, std::uint32_t first, std::uint32_t last) const {
  for (std::uint32_t i = first; i < last; ++i) {
    const Follow::Topic& topic = follow.topics[i];
    if (topic.stage == Follow::Topic::Stage::asking || topic.looks > 0) return true;
    if (topic.asks_itself && !topic.fenced) return true;  // its readers will owe more
  }
  return std::any_of(follow.edges.begin(), follow.edges.end(), [&](const Follow::Edge& edge) {
    return edge.inner && edge.output >= first && edge.output < last && follow.places[edge.place].open > 0;
  });
}

// What has come to be asked of the topic since its last pass.
Engine::State::Call Engine::State::call_of(const Follow& follow, std::uint32_t index, Time now) const {
  const Follow::Topic& topic = follow.topics[index];
  const Plan::Node& node = follow.plan->nodes[index];
  Call call;
  call.wanted = topic.grew || (topic.asks_itself && !topic.fenced);
  call.due = now;
  for (std::uint32_t i = 0; i < follow.edges.size(); ++i) {
    const Follow::Edge& edge = follow.edges[i];
    const Follow::Place& place = follow.places[edge.place];
    if (edge.output != index) continue;
    const bool early = planted(Bug::fence_before_commit) && !topic.fenced;
    const bool late = planted(Bug::fence_before_commit) || planted(Bug::second_writer_ignored) ? topic.fenced : false;
    if (!early && (late || place.done == edge.seen || place.open > 0 || !place.all_processed)) continue;
    call.wanted = true;
    if (edge.emits == Emits::within && !planted(Bug::within_ignored))
      call.due = std::max(call.due, place.done_at + edge.within);
    if (planted(Bug::while_for_everybody) || (planted(Bug::pause_between_passes) && topic.passes > 0))
      call.due = std::max(call.due, place.done_at + std::chrono::milliseconds(250));
    call.fired.push_back(i);
  }
  if (planted(Bug::cycle_ends_after_one) && node.cyclic && topic.passes > 0) call.wanted = false;
  if (!call.wanted) return call;
  call.read = std::any_of(follow.places.begin(), follow.places.end(),
                          [&](const Follow::Place& place) { return place.topic == index; });
  call.exists = topics[node.topic].exists();
  // Partitions that were added are no step further: they are asked for in any case.
  call.cut = node.cyclic && topic.passes >= config.cycle_passes && !topic.grew && !all_copy(follow, node.component);
  return call;
}

// Asks for the topic's ends where that is due, not before `due`. True: nothing is to be asked.
bool Engine::State::ask_topic(std::uint32_t slot, std::uint32_t index, Time due, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  Follow::Topic& topic = follow.topics[index];
  const Plan::Node& node = follow.plan->nodes[index];
  if (topic.stage == Follow::Topic::Stage::asking || topic.looks > 0) return false;
  const Call call = call_of(follow, index, now);
  const std::vector<std::uint32_t>& fired = call.fired;
  if (!call.wanted) return true;
  due = std::max(due, call.due);
  if (call.asks() && due > now) {
    if (topic.stage != Follow::Topic::Stage::delayed || topic.due != due) follow_times.emplace(due, slot);
    topic.stage = Follow::Topic::Stage::delayed;
    topic.due = due;
    return false;
  }
  if (topic.via == Follow::kNone && !fired.empty())
    topic.via = *std::max_element(fired.begin(), fired.end(), [&](std::uint32_t a, std::uint32_t b) {
      return follow.places[follow.edges[a].place].done_at < follow.places[follow.edges[b].place].done_at;
    });
  for (const std::uint32_t i : fired) follow.edges[i].seen = follow.places[follow.edges[i].place].done;
  topic.no_step = topic.grew && fired.empty();
  topic.grew = false;
  topic.stage = Follow::Topic::Stage::idle;
  const auto leave = [&](Deferred::Why why) {
    if (fired.empty()) return;
    const Follow::Place& writer = follow.places[follow.edges[fired.front()].place];
    follow.deferred.push_back({consumers[writer.consumer].name, topics[follow.plan->nodes[writer.topic].topic].name,
                               topics[node.topic].name, why, why == Deferred::Why::cycle ? topic.passes : 0});
  };
  if (!call.exists) {
    topic.fenced = true;
    if (call.read) leave(Deferred::Why::unknown_topic);
    return true;
  }
  if (!call.read) {
    topic.fenced = true;
    topic.told = now;
    return true;
  }
  if (call.cut) {
    if (!std::exchange(topic.cut, true)) leave(Deferred::Why::cycle);
    ++stats.cycles_cut;
    return true;
  }
  topic.stage = Follow::Topic::Stage::asking;
  board(node.topic, {waits.id_of(slot), index, false}, effects);
  return false;
}

void Engine::State::fence_told(std::uint32_t slot, std::uint32_t index, Time now, Effects& effects) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  Follow::Topic& topic = follow.topics[index];
  const TopicNumber number = follow.plan->nodes[index].topic;
  topic.stage = Follow::Topic::Stage::idle;
  if ((topic.fenced || !topic.asks_itself) && !topic.no_step) ++topic.passes;  // of its own end nobody has written yet
  const bool was_fenced = std::exchange(topic.fenced, true);
  topic.told = now;
  ++stats.fences;
  const Uuid id = topics[number].id;
  if (!topic.topic_id.is_nil() && !id.is_nil() && topic.topic_id != id && topic.covered != nullptr)
    topic.covered = std::make_shared<const std::vector<Offset>>();  // another topic: all of it is new
  topic.topic_id = id;
  const bool from_baselines = topic.covered == nullptr;
  const Offsets before = std::exchange(topic.covered, topics.end_offsets(number));
  topic.below.clear();
  for (Partition p = 0; p < topics[number].partitions; ++p) {
    const auto i = static_cast<std::size_t>(p);
    Offset from = from_baselines ? std::max<Offset>(topics.ends(number, p).log_start, 0) : offset_at(before, i);
    // What the event caused comes after it; and its own id proves nothing of who copies it.
    const WaitTerm& event = wait.terms.front();
    if (!follow.id.is_nil() && event.topic == number && event.partition == p && !planted(Bug::own_id_proves_copies))
      from = std::max(from, event.last + 1);
    if (planted(Bug::watermark_of_one_partition) && topic.asks_itself && p != event.partition) continue;
    if (offset_at(topic.covered, i) <= from) continue;
    const bool first = !was_fenced || before == nullptr || i >= before->size();
    topic.below.push_back({p, {from, offset_at(topic.covered, i) - 1}, first, std::nullopt});
  }
  // What was found in a partition that was added may be of any step, so that more steps are due.
  const bool in_added = was_fenced && before != nullptr && !topic.below.empty() && topic.below.back().first;
  const auto& nodes = follow.plan->nodes;
  for (std::size_t i = 0; in_added && i < nodes.size(); ++i)
    if (nodes[i].component == nodes[index].component)
      follow.topics[i].passes = std::min<std::uint16_t>(follow.topics[i].passes, 1);
  const bool ask_ids = follow.plan->nodes[index].cyclic && !from_baselines && !follow.id.is_nil() && wait.hold;
  if (!ask_ids || topic.below.empty()) return owe(slot, index, from_baselines, now);
  look_for_descendants(slot, index, effects);
}

// The topic's readers owe what lies below the fence.
void Engine::State::owe(std::uint32_t slot, std::uint32_t index, bool from_baselines, Time now) {
  Wait& wait = waits[slot];
  Follow& follow = *wait.follow;
  const std::vector<Follow::Topic::Below> asked = std::move(follow.topics[index].below);
  follow.topics[index].below.clear();
  const TopicNumber number = follow.plan->nodes[index].topic;
  const auto first_need = static_cast<std::uint32_t>(wait.needs.size());
  const auto first_term = static_cast<std::uint32_t>(wait.terms.size());
  if (wait.needs.size() + asked.size() * follow.places.size() > kMaxNeeds) {
    wait.too_large = true;  // stays pending, which is true
    return;
  }
  for (const Follow::Topic::Below& below : asked) {
    const auto term_index = static_cast<std::uint32_t>(wait.terms.size());
    WaitTerm& term = wait.terms.emplace_back();
    term.kind = Term::Kind::prefix;
    term.derived = true;
    term.topic = number;
    term.topic_id = topics[number].id;
    term.partition = below.partition;
    term.first = below.offsets.first;
    term.last = below.offsets.last;
    term.needs = static_cast<std::uint32_t>(wait.needs.size());
    for (std::uint32_t i = 0; i < follow.places.size(); ++i) {
      Follow::Place& place = follow.places[i];
      if (place.topic != index) continue;
      Need& need = wait.needs.emplace_back();
      need.consumer = place.consumer;
      need.term = term_index;
      need.by = place.by;
      if (!planted(Bug::other_partition_done) || term_index == first_term) need.place = i;
      need.reason = PendingReason::not_started;
      const auto p = static_cast<std::size_t>(below.partition);
      if (from_baselines) {
        need.since = baseline(place.consumer, number, below.partition);
        // It may have been seen first above what the event had caused by then.
        if (place.met_later) need.since = std::min(need.since, offset_at(follow.topics[index].known_ends, p));
        need.anchor = anchor_at_append(need, term);
      } else if (p < place.anchors.size()) {
        need.anchor = place.anchors[p];
      }
      ++wait.open;
      if (need.place == i) ++place.open;
      place.owed = true;
    }
  }
  wait.ends_looked_at = false;
  for (auto i = first_need; i < wait.needs.size(); ++i) register_asked(slot, i, now);
}

void Engine::State::follow_due(Time now, Effects& effects) {
  while (!follow_times.empty() && follow_times.begin()->first <= now) {
    const std::uint32_t slot = follow_times.begin()->second;
    follow_times.erase(follow_times.begin());
    if (waits[slot].state == Wait::State::waiting && waits[slot].follow != nullptr) finish_if_done(slot, now, effects);
  }
}

void Engine::State::forget_floors(TopicNumber topic) {
  for (std::uint32_t slot = 0; slot < waits.slots(); ++slot) {
    Wait& wait = waits[slot];
    if (wait.state == Wait::State::free || wait.follow == nullptr) continue;
    const auto node = wait.follow->plan->node_of(topic);
    if (!node) continue;
    wait.follow->topics[*node].floors = wait.follow->topics[*node].covered = nullptr;
    for (Follow::Edge& edge : wait.follow->edges)
      if (edge.output == *node) edge.read_from = nullptr;
  }
}

}  // namespace tidemark::core
