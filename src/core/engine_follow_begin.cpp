// Whom a wait follows, decided once, at its admission.
//
// Who reads a derived topic by the time the event gets there may not be who read
// it when the event was published: a colleague's console consumer that joins
// meanwhile would extend the wait (P10). So the readers of every topic that the
// event can reach are noted when it is admitted, and with them how far those
// topics were written then: what the event causes lies above. A mark carries
// both, so that another gateway begins where this one did.

#include <algorithm>
#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

const Derived* derived_in(const Mark* mark, const std::string& topic) {
  if (mark == nullptr) return nullptr;
  const auto found = std::find_if(mark->derived.begin(), mark->derived.end(),
                                  [&](const Derived& derived) { return derived.topic == topic; });
  return found == mark->derived.end() ? nullptr : &*found;
}

}  // namespace

// The local plan of the roots, and what the mark knows of more.
std::shared_ptr<const Plan> Engine::State::plan_of(const Mark& mark, std::span<const TopicNumber> roots,
                                                   bool only_mark) {
  const std::shared_ptr<const Plan> local = topology.plan(roots, topics);
  if (mark.derived.empty()) return local;
  auto plan = std::make_shared<Plan>();
  if (only_mark) {
    for (const TopicNumber root : roots)
      if (!plan->node_of(root)) plan->nodes.push_back({root, 0, false, true});
  } else {
    *plan = *local;
  }
  const auto node_of = [&](const std::string& name) -> std::optional<std::uint32_t> {
    const auto number = topics.find(name);
    if (!number || !topics[*number].exists()) return std::nullopt;
    if (const auto node = plan->node_of(*number)) return node;
    if (plan->nodes.size() >= Plan::kMaxNodes) return std::nullopt;
    plan->nodes.push_back({*number, 0, false, false});
    return static_cast<std::uint32_t>(plan->nodes.size() - 1);
  };
  for (const Derived& derived : mark.derived) {
    const auto output = node_of(derived.topic);
    for (const Derived::Writer& writer : derived.writers) {
      const auto input = node_of(writer.input);
      const auto consumer = expectation.admit(writer.consumer, consumers);  // this gateway may not have met it
      if (!input || !consumer) continue;
      const bool later = writer.emits == Emits::later;
      if (!output || later) {
        plan->left_out.push_back({*input, *consumer, derived.topic,
                                  later ? Deferred::Why::later : Deferred::Why::unknown_topic});
        continue;
      }
      const bool known = std::any_of(plan->edges.begin(), plan->edges.end(), [&](const Plan::Edge& edge) {
        return edge.input == *input && edge.output == *output && edge.consumer == consumer &&
               edge.dead_letter == writer.dead_letter;
      });
      if (!known)
        plan->edges.push_back({*input, *output, consumer, writer.emits, writer.within, writer.dead_letter, false});
    }
  }
  plan->order();
  return plan;
}

std::unique_ptr<Follow> Engine::State::follow_of(std::shared_ptr<const Plan> plan, const Mark* mark, bool local,
                                                 Time now) {
  auto follow = std::make_unique<Follow>();
  follow->topics.resize(plan->nodes.size());
  follow->plan = std::move(plan);
  std::vector<std::uint32_t> reached;
  for (std::uint32_t i = 0; i < follow->topics.size(); ++i)
    if (follow->plan->nodes[i].root) reached.push_back(i);
  for (const std::uint32_t root : reached) follow->topics[root].reached = true;
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const auto first = static_cast<std::uint32_t>(follow->places.size());
    add_readers(*follow, reached[next], mark, local, now);
    for (std::uint32_t place = first; place < follow->places.size(); ++place) {
      const auto edge = follow->edges.size();
      add_edges(*follow, place);
      for (std::size_t i = edge; i < follow->edges.size(); ++i) {
        const std::uint32_t output = follow->edges[i].output;
        if (!std::exchange(follow->topics[output].reached, true)) reached.push_back(output);
      }
    }
  }
  return follow;
}

void Engine::State::add_readers(Follow& follow, std::uint32_t index, const Mark* mark, bool local, Time now) {
  const Plan::Node& node = follow.plan->nodes[index];
  const auto add = [&](ConsumerNumber consumer, ExpectedBy by) -> Follow::Place& {
    if (const auto there = follow.place_of(index, consumer)) return follow.places[*there];
    Follow::Place& place = follow.places.emplace_back();
    place.topic = index;
    place.consumer = consumer;
    place.by = by;
    const Consumer& who = consumers[consumer];
    place.met_later = mark == nullptr && !who.first_seen.contains(node.topic) && !who.commits(node.topic);
    return place;
  };
  const std::string& name = topics[node.topic].name;
  bool named = false;  // the mark says who reads it
  if (mark != nullptr && node.root) {
    for (const Term& term : mark->terms) {
      if (term.topic != name) continue;
      named = true;
      for (const Expected& e : term.expected)
        if (const auto consumer = expectation.admit(e.name, consumers)) add(*consumer, e.by);
    }
  }
  if (const Derived* derived = derived_in(mark, name)) {
    named = true;
    const bool same = derived->topic_id.is_nil() || topics[node.topic].id.is_nil() || derived->topic_id == topics[node.topic].id;
    for (const Derived::Reader& reader : derived->readers)
      if (const auto consumer = expectation.admit(reader.name, consumers)) {
        Follow::Place& place = add(*consumer, reader.by);
        if (same) place.anchors = reader.anchors;
      }
  }
  if (named && !local) return;
  expected.clear();
  expectation.collect(node.topic, topics, consumers, known_since, now, expected);
  for (const ExpectedConsumer& e : expected) add(e.consumer, e.by);
}

void Engine::State::add_edges(Follow& follow, std::uint32_t index) const {
  const Follow::Place& place = follow.places[index];
  const std::string& name = consumers[place.consumer].name;
  const auto& nodes = follow.plan->nodes;
  for (const Plan::Edge& edge : follow.plan->edges) {
    if (edge.input != place.topic || (edge.consumer && *edge.consumer != place.consumer)) continue;
    if (planted(Bug::first_output_only) && !follow.edges.empty() && follow.edges.back().place == index) continue;
    if (edge.by_name && !topology.has_dead_letters(name)) continue;
    const bool inner = nodes[edge.input].component == nodes[edge.output].component;
    Follow::Edge& made = follow.edges.emplace_back();
    made.place = index;
    made.output = edge.output;
    made.emits = edge.emits;
    made.within = edge.within;
    made.dead_letter = edge.dead_letter;
    made.inner = inner;
    made.copies_id = edge.copies_id;
  }
  for (const Plan::LeftOut& left : follow.plan->left_out) {
    if (left.input != place.topic || (left.consumer && *left.consumer != place.consumer)) continue;
    follow.deferred.push_back({name, topics[nodes[place.topic].topic].name, left.topic, left.why, 0});
  }
}

std::optional<Refusal> Engine::State::follow_mark(const Mark& mark, const std::vector<TopicNumber>& more, Scope scope,
                                                  std::span<const std::string> only, Time now,
                                                  std::unique_ptr<Follow>& follow) {
  std::vector<TopicNumber> roots = more;
  for (const Term& term : mark.terms)
    if (const auto topic = topics.find(term.topic)) roots.push_back(*topic);
  std::shared_ptr<const Plan> plan = plan_of(mark, roots, more.empty());
  if (plan->edges.empty() && plan->left_out.empty() && scope == Scope::event) return std::nullopt;
  follow = follow_of(std::move(plan), &mark, !more.empty(), now);
  if (auto refusal = narrow_to(*follow, only)) return refusal;
  const bool one_mark = scope == Scope::event && more.empty();
  take_floors(*follow, &mark, one_mark && !mark.derived.empty());
  if (one_mark && mark.terms.size() == 1) follow->id = mark.terms.front().id;
  if (scope == Scope::watermark)
    for (std::size_t i = 0; i < follow->topics.size(); ++i) follow->topics[i].asks_itself = follow->plan->nodes[i].root;
  return std::nullopt;
}

std::optional<Refusal> Engine::State::narrow_to(Follow& follow, std::span<const std::string> only) const {
  if (only.empty()) return std::nullopt;
  std::vector<std::string> known;
  std::vector<ConsumerNumber> named;
  for (const Follow::Place& place : follow.places) {
    const std::string& name = consumers[place.consumer].name;
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    if (std::find(only.begin(), only.end(), name) != only.end()) named.push_back(place.consumer);
  }
  if (auto refusal = unknown_among(only, known)) return refusal;
  narrow(follow, named);
  return std::nullopt;
}

// Keeps who is named, and who writes what they read.
void Engine::State::narrow(Follow& follow, const std::vector<ConsumerNumber>& to) {
  std::vector<bool> keep(follow.places.size());
  for (std::uint32_t i = 0; i < follow.places.size(); ++i)
    keep[i] = std::find(to.begin(), to.end(), follow.places[i].consumer) != to.end();
  const auto leads_on = [&](std::uint32_t topic) {
    for (std::uint32_t i = 0; i < follow.places.size(); ++i)
      if (keep[i] && follow.places[i].topic == topic) return true;
    return false;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const Follow::Edge& edge : follow.edges) {
      if (keep[edge.place] || !leads_on(edge.output)) continue;
      keep[edge.place] = changed = true;
    }
  }
  std::vector<std::uint32_t> moved(follow.places.size(), Follow::kNone);
  std::vector<Follow::Place> places;
  for (std::uint32_t i = 0; i < follow.places.size(); ++i) {
    if (!keep[i]) continue;
    moved[i] = static_cast<std::uint32_t>(places.size());
    places.push_back(std::move(follow.places[i]));
  }
  follow.places = std::move(places);
  std::erase_if(follow.edges, [&](const Follow::Edge& edge) { return moved[edge.place] == Follow::kNone; });
  for (Follow::Edge& edge : follow.edges) edge.place = moved[edge.place];
  for (std::uint32_t i = 0; i < follow.topics.size(); ++i) {
    follow.topics[i].reached = follow.plan->nodes[i].root;
    for (const Follow::Edge& edge : follow.edges)
      if (edge.output == i) follow.topics[i].reached = true;
  }
}

// `known`: nothing that the wait is about was in the log before now, or the mark
// says how far its topics were written then.
void Engine::State::take_floors(Follow& follow, const Mark* mark, bool known) {
  for (std::uint32_t i = 0; i < follow.topics.size(); ++i) {
    Follow::Topic& topic = follow.topics[i];
    const TopicNumber number = follow.plan->nodes[i].topic;
    topic.topic_id = topics[number].id;
    if (topic.reached && !known) topic.known_ends = topics.end_offsets(number);
    if (!topic.reached || !known) continue;
    if (mark == nullptr) {
      topic.floors = topics.end_offsets(number);
    } else if (const Derived* derived = derived_in(mark, topics[number].name)) {
      // Without positions all of it is asked: a baseline of this gateway's may lie above the descendants.
      const bool same = derived->topic_id.is_nil() || derived->topic_id == topic.topic_id;
      topic.floors = std::make_shared<const std::vector<Offset>>(same ? derived->floors : std::vector<Offset>{});
    }
    topic.covered = topic.floors;
  }
  for (Follow::Edge& edge : follow.edges) {
    if (!edge.dead_letter) continue;
    const Follow::Topic& output = follow.topics[edge.output];
    const TopicNumber number = follow.plan->nodes[edge.output].topic;
    if (known) {
      edge.read_from = output.floors;
    } else if (mark == nullptr || mark->empty()) {
      edge.read_from = topics.end_offsets(number);
    } else if (const Derived* derived = derived_in(mark, topics[number].name);
               derived != nullptr && (derived->topic_id.is_nil() || derived->topic_id == output.topic_id)) {
      // What was given up between the append and now is the mark's too.
      edge.read_from = std::make_shared<const std::vector<Offset>>(derived->floors);
    }
  }
}

void Engine::State::tie(std::uint32_t slot) {
  Wait& wait = waits[slot];
  for (Need& need : wait.needs) {
    const auto node = wait.follow->plan->node_of(wait.terms[need.term].topic);
    const auto place = node ? wait.follow->place_of(*node, need.consumer) : std::nullopt;
    if (!place) continue;
    need.place = *place;
    ++wait.follow->places[*place].open;
    wait.follow->places[*place].owed = true;
  }
}

}  // namespace tidemark::core
