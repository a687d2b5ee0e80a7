// Barriers: positions of the caller's own producer, and whole topics as they are now.
//
// "All that is in the topic" needs the ends of its partitions, and an end that
// this gateway happens to know is older than what the caller has just appended
// there itself. So each end is asked for after the call, and what it says then
// is the barrier. A whole partition cannot be asked of a consumer, though: one
// that is caught up at *latest* never had reason to commit a partition without
// new records, and would hold every barrier for ever. What lies below its first
// known commit, or below the end when it was first seen, is not asked of it. Nor
// is it of one that is declared to begin at the log's start, but had begun before
// this gateway could see it: nothing would ever prove it.

#include <algorithm>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

constexpr std::size_t kMaxNeeds = 100'000;  // consumers times partitions of one barrier

std::string field(std::string_view list, std::size_t index, std::string_view member = {}) {
  std::string text = std::string(list) + "[" + std::to_string(index) + "]";
  return member.empty() ? text : text + "." + std::string(member);
}

}  // namespace

std::optional<Refusal> Engine::State::check_barrier(const BarrierRequest& request) const {
  const auto known = [&](const std::string& name) -> const Topic* {
    const auto number = topics.find(name);
    return number && topics[*number].exists() ? &topics[*number] : nullptr;
  };
  std::size_t partitions = request.positions.size();
  for (std::size_t i = 0; i < request.topics.size(); ++i) {
    const std::string& name = request.topics[i];
    if (name.starts_with("__"))
      return Refusal{Refusal::Code::forbidden_topic, "topics beginning with __ are internal: '" + name + "'",
                     field("topics", i), {}};
    const Topic* topic = known(name);
    if (topic == nullptr)
      return Refusal{Refusal::Code::unknown_topic, "no topic '" + name + "'", field("topics", i), {}};
    partitions += static_cast<std::size_t>(topic->partitions);
  }
  for (std::size_t i = 0; i < request.positions.size(); ++i) {
    const PositionRequest& position = request.positions[i];
    const Topic* topic = known(position.topic);
    if (topic == nullptr)
      return Refusal{Refusal::Code::unknown_topic, "no topic '" + position.topic + "'", field("positions", i, "topic"), {}};
    if (position.partition < 0 || position.partition >= topic->partitions)
      return Refusal{Refusal::Code::unknown_partition, "'" + position.topic + "' has partitions 0 to " +
                     std::to_string(topic->partitions - 1), field("positions", i, "partition"), {}};
    if (position.offset < 0)
      return Refusal{Refusal::Code::beyond_end, "offsets begin at 0", field("positions", i, "offset"), {}};
  }
  if (partitions <= config.max_barrier_partitions) return std::nullopt;
  return Refusal{Refusal::Code::too_many_partitions, "the barrier is over " + std::to_string(partitions) +
                 " partitions, the limit is " + std::to_string(config.max_barrier_partitions), "topics", {}};
}

std::variant<WaitId, Refusal> Engine::barrier(const BarrierRequest& request, Time now, Effects& effects) {
  State& s = *state_;
  if (auto refusal = s.closed(now)) return s.refuse(std::move(*refusal));
  if (auto refusal = s.full()) return s.refuse(std::move(*refusal));
  if (auto refusal = s.check_barrier(request)) return s.refuse(std::move(*refusal));
  std::vector<std::string> named;
  if (auto refusal = s.check_mark(request.mark, named)) return s.refuse(std::move(*refusal));

  // Whom each topic waits for is decided now, once (P10).
  std::vector<TopicNumber> roots;
  const auto add_root = [&](const std::string& name) {
    const TopicNumber topic = *s.topics.find(name);
    if (std::find(roots.begin(), roots.end(), topic) == roots.end()) roots.push_back(topic);
  };
  for (const std::string& name : request.topics) add_root(name);
  for (const PositionRequest& position : request.positions) add_root(position.topic);
  const Scope scope = std::max(request.scope, request.mark.scope);
  std::unique_ptr<Follow> follow;
  if (auto refusal = s.follow_mark(request.mark, roots, scope, request.only, now, follow)) return s.refuse(std::move(*refusal));
  std::vector<std::pair<TopicNumber, std::vector<ExpectedConsumer>>> expected;
  for (const TopicNumber topic : roots) expected.emplace_back(topic, s.expected_at(topic, follow.get(), now));
  if (follow == nullptr) {
    for (auto& [topic, consumers] : expected)
      for (const ExpectedConsumer& e : consumers) named.push_back(s.consumers[e.consumer].name);
    if (auto refusal = s.unknown_among(request.only, named)) return s.refuse(std::move(*refusal));
    const auto unnamed = [&](const ExpectedConsumer& e) {
      return std::find(request.only.begin(), request.only.end(), s.consumers[e.consumer].name) == request.only.end();
    };
    for (auto& [topic, consumers] : expected)
      if (!request.only.empty()) std::erase_if(consumers, unnamed);
  }
  std::size_t needs = 0;
  for (const auto& [topic, consumers] : expected)
    needs += consumers.size() * static_cast<std::size_t>(s.topics[topic].partitions);
  if (needs > kMaxNeeds)
    return s.refuse({Refusal::Code::too_many_partitions, "the barrier is over " + std::to_string(needs) +
                     " partitions of consumers, the limit is " + std::to_string(kMaxNeeds), "topics", {}});

  const std::uint32_t slot = s.waits.open(request.deadline);
  Wait& wait = s.waits[slot];
  wait.state = Wait::State::waiting;
  wait.is_barrier = true;
  wait.hold = request.wait;
  wait.scope = scope;
  wait.began = request.began;
  wait.follow = std::move(follow);
  s.take_up(slot, request.mark, request.only);
  const auto of_mark = static_cast<std::uint32_t>(wait.terms.size());
  for (const PositionRequest& position : request.positions) {
    WaitTerm& term = s.add_barrier_term(slot, *s.topics.find(position.topic), position.partition, expected);
    term.kind = Term::Kind::event;
    term.first = term.last = position.offset;
  }
  for (const std::string& name : request.topics) {
    const TopicNumber topic = *s.topics.find(name);
    const Partition forgotten = planted(Bug::barrier_forgets_partition) ? 1 : 0;
    for (Partition p = 0; p < s.topics[topic].partitions - forgotten; ++p)
      s.add_barrier_term(slot, topic, p, expected).kind = Term::Kind::prefix;
  }
  wait.open = wait.needs.size();
  if (wait.follow != nullptr) {
    s.tie(slot);
    // A position is of the past: so may its dead letter be.
    for (Follow::Edge& edge : wait.follow->edges)
      if (!request.positions.empty()) edge.read_from = nullptr;
  }
  const WaitId id = s.waits.id_of(slot);
  for (std::uint32_t i = 0; i < of_mark; ++i)
    if (wait.terms[i].kind != Term::Kind::pending) s.register_term(slot, i, now);
  s.begin_searches(slot, now, effects);
  for (std::uint32_t i = of_mark; i < wait.terms.size(); ++i) s.ask_barrier_end(slot, i, effects);
  if (planted(Bug::barrier_takes_known_end))
    for (std::uint32_t i = of_mark; i < wait.terms.size(); ++i)
      s.tell_barrier(slot, i, s.topics.ends(wait.terms[i].topic, wait.terms[i].partition).known_end, now);
  s.answer_if_due(slot, now, effects);
  return id;
}

std::vector<ExpectedConsumer> Engine::State::expected_at(TopicNumber topic, const Follow* follow, Time now) {
  expected.clear();
  if (follow == nullptr) {
    expectation.collect(topic, topics, consumers, known_since, now, expected);
    return expected;
  }
  for (const Follow::Place& place : follow->places)
    if (follow->plan->nodes[place.topic].topic == topic) expected.push_back({place.consumer, place.by});
  return expected;
}

WaitTerm& Engine::State::add_barrier_term(
    std::uint32_t slot, TopicNumber topic, Partition partition,
    const std::vector<std::pair<TopicNumber, std::vector<ExpectedConsumer>>>& by_topic) {
  Wait& wait = waits[slot];
  const auto index = static_cast<std::uint32_t>(wait.terms.size());
  WaitTerm& term = wait.terms.emplace_back();
  term.topic = topic;
  term.topic_id = topics[topic].id;
  term.partition = partition;
  term.end_told = false;
  term.needs = static_cast<std::uint32_t>(wait.needs.size());
  ++wait.asking;
  for (const auto& [of, whom] : by_topic) {
    if (of != topic) continue;
    for (const ExpectedConsumer& e : whom) {
      Need& need = wait.needs.emplace_back();
      need.consumer = e.consumer;
      need.term = index;
      need.by = e.by;
      need.reason = PendingReason::asking_end;
    }
  }
  return term;
}

void Engine::State::ask_barrier_end(std::uint32_t slot, std::uint32_t term, Effects& effects) {
  const WaitTerm& about = waits[slot].terms[term];
  ask_end(about.topic, about.partition, effects);
  PartitionEnds& ends = topics.ends(about.topic, about.partition);
  ends.barriers.push_back({waits.id_of(slot), term, ends.asked});
}

void Engine::State::barrier_ends(TopicNumber topic, Partition partition, std::uint64_t asked, Offset end, Time now,
                                 Effects& effects) {
  std::vector<BarrierTerm> told;
  std::erase_if(topics.ends(topic, partition).barriers, [&](const BarrierTerm& barrier) {
    if (waits.find(barrier.wait) == nullptr) return true;
    if (barrier.ask > asked) return false;
    told.push_back(barrier);
    return true;
  });
  for (const BarrierTerm& barrier : told) {
    if (waits.find(barrier.wait) == nullptr) continue;  // answered by one before
    const std::uint32_t slot = barrier.wait.slot;
    const WaitTerm& term = waits[slot].terms[barrier.term];
    if (term.end_told) continue;
    if (term.kind == Term::Kind::event && term.last >= end) {
      effects.refusals.emplace_back(
          barrier.wait, refuse({Refusal::Code::beyond_end, "'" + topics[topic].name + "' partition " +
                                std::to_string(partition) + " ends at " + std::to_string(end) + ", before offset " +
                                std::to_string(term.last), "positions", {}}));
      close(slot);
      continue;
    }
    tell_barrier(slot, barrier.term, end, now);
    answer_if_due(slot, now, effects);
  }
}

void Engine::State::tell_barrier(std::uint32_t slot, std::uint32_t index, Offset end, Time now) {
  Wait& wait = waits[slot];
  WaitTerm& term = wait.terms[index];
  term.end_told = true;
  --wait.asking;
  const bool whole = term.kind == Term::Kind::prefix;
  if (whole) {
    term.first = std::max<Offset>(topics.ends(term.topic, term.partition).log_start, 0);
    term.last = end - 1;
  }
  for (std::uint32_t i = term.needs; i < wait.needs.size() && wait.needs[i].term == index; ++i) {
    Need& need = wait.needs[i];
    if (whole) need.since = baseline(need.consumer, term.topic, term.partition);
    if (!whole || std::max(term.first, need.since) <= term.last) need.anchor = anchor_at_append(need, term);
    register_asked(slot, i, now);
  }
}

void Engine::State::register_asked(std::uint32_t slot, std::uint32_t index, Time now) {
  const Need& need = waits[slot].needs[index];
  const WaitTerm& term = waits[slot].terms[need.term];
  if (term.kind != Term::Kind::prefix || std::max(term.first, need.since) <= term.last)
    return register_need(slot, index, now);
  Evidence nothing_asked;
  if (const Cell* cell = consumers[need.consumer].cell(term.topic, term.partition)) {
    nothing_asked = cell->frontier.standing(term.last, term.last).evidence;
    nothing_asked.anchor = kNoOffset;
  }
  nothing_asked.since = std::max(term.first, need.since);
  settle(slot, index, Outcome::processed, nothing_asked, now);
}

Offset Engine::State::baseline(ConsumerNumber number, TopicNumber topic, Partition partition) const {
  const Consumer& consumer = consumers[number];
  if (const Cell* cell = consumer.cell(topic, partition); cell != nullptr && cell->frontier.first_known() != kNoOffset)
    return cell->frontier.began_declared() ? 0 : cell->frontier.first_known();
  if (consumer.reset_earliest) return 0;
  const auto seen = consumer.first_seen.find(topic);
  if (seen == consumer.first_seen.end()) return 0;
  const auto p = static_cast<std::size_t>(partition);
  return p < seen->second.size() ? std::max<Offset>(seen->second[p], 0) : 0;
}

}  // namespace tidemark::core
