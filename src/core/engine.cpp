#include "core/engine.h"

#include <algorithm>
#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {


Engine::Engine(EngineConfig config) {
  // Those who must be waited for have their places before anybody else comes.
  std::vector<std::string> configured;
  for (const auto& [topic, names] : config.wait_for) configured.insert(configured.end(), names.begin(), names.end());
  for (const Output& output : config.outputs) configured.push_back(output.consumer);
  std::sort(configured.begin(), configured.end());
  configured.erase(std::unique(configured.begin(), configured.end()), configured.end());
  config.max_consumers = std::max(config.max_consumers, configured.size());
  state_ = std::make_unique<State>(std::move(config));
  for (const std::string& name : configured) static_cast<void>(state_->expectation.admit(name, state_->consumers));
}
Engine::~Engine() = default;

bool Engine::State::ready(Time now) const {
  if (planted(Bug::nothing_known_is_nobody)) return !draining;
  return was_synced && !draining && !(lost_at && now - *lost_at >= config.lost_grace);
}

Refusal Engine::State::refuse(Refusal refusal) {
  ++stats.refusals;
  return refusal;
}

std::optional<Refusal> Engine::State::closed(Time now) const {
  if (draining) return Refusal{Refusal::Code::draining, "the gateway is stopping: ask another one", "", config.retry_after};
  if (ready(now)) return std::nullopt;
  return Refusal{Refusal::Code::not_ready,
                 was_synced ? "Kafka cannot be reached" : "the gateway has not yet learned who consumes what", "",
                 config.retry_after};
}

std::optional<Refusal> Engine::State::full() const {
  if (waits.size() < config.max_waits) return std::nullopt;
  return Refusal{Refusal::Code::gateway_limit,
                 "the gateway has " + std::to_string(waits.size()) + " requests waiting, its limit", "",
                 config.retry_after};
}

std::optional<Refusal> Engine::State::unknown_among(std::span<const std::string> only,
                                                    const std::vector<std::string>& known) const {
  for (const std::string& name : only) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string all;
    for (const std::string& other : known) all += (all.empty() ? "" : ", ") + other;
    return Refusal{Refusal::Code::unknown_consumer,
                   "'" + name + "' is not waited for here; waited for: " + (all.empty() ? "none" : all), "for", {}};
  }
  return std::nullopt;
}

std::variant<WaitId, Refusal> Engine::publish(const PublishRequest& request, Time now, Effects&) {
  State& s = *state_;
  if (auto refusal = s.closed(now)) return s.refuse(std::move(*refusal));
  const std::string name(request.topic);
  if (name.starts_with("__"))
    return s.refuse({Refusal::Code::forbidden_topic, "topics beginning with __ are internal: '" + name + "'", "topic", {}});
  const auto number = s.topics.find(name);
  if (!number || !s.topics[*number].exists())
    return s.refuse({Refusal::Code::unknown_topic, "no topic '" + name + "': create it first", "topic", {}});
  Topic& topic = s.topics[*number];
  if (request.partition && (*request.partition < 0 || *request.partition >= topic.partitions))
    return s.refuse({Refusal::Code::unknown_partition,
                     "'" + name + "' has partitions 0 to " + std::to_string(topic.partitions - 1), "partition", {}});
  if (topic.open_waits >= s.config.max_waits_per_topic)
    return s.refuse({Refusal::Code::topic_limit, "'" + name + "' has " + std::to_string(topic.open_waits) +
                     " publishes waiting, its limit", "", s.config.retry_after});
  if (auto refusal = s.full()) return s.refuse(std::move(*refusal));

  std::unique_ptr<Follow> follow;
  if (auto refusal = s.expect(*number, request, now, follow)) return s.refuse(std::move(*refusal));

  const std::uint32_t slot = s.waits.open(request.deadline);
  Wait& wait = s.waits[slot];
  wait.state = Wait::State::appending;
  wait.is_publish = true;
  wait.hold = request.wait;
  wait.scope = request.scope;
  wait.id = request.id;
  wait.began = request.began;
  WaitTerm& term = wait.terms.emplace_back();
  term.topic = *number;
  term.topic_id = topic.id;
  term.partition = request.partition.value_or(-1);
  wait.needs.reserve(s.expected.size());
  for (const ExpectedConsumer& e : s.expected) {
    Need& need = wait.needs.emplace_back();
    need.consumer = e.consumer;
    need.by = e.by;
  }
  wait.open = wait.needs.size();
  ++topic.open_waits;
  if (follow != nullptr) {
    wait.follow = std::move(follow);
    s.tie(slot);
  }
  return s.waits.id_of(slot);
}

// Fills in `expected`, and what is to be followed if there is something.
std::optional<Refusal> Engine::State::expect(TopicNumber number, const PublishRequest& request, Time now,
                                             std::unique_ptr<Follow>& follow) {
  std::shared_ptr<const Plan> plan = topology.plan(number, topics);
  const bool leads_on = !plan->edges.empty() || !plan->left_out.empty();
  expected.clear();
  if (leads_on || request.scope == Scope::watermark) {
    follow = follow_of(std::move(plan), nullptr, true, now);
    if (auto refusal = narrow_to(*follow, request.only)) return refusal;
    expected.clear();
    for (const Follow::Place& place : follow->places)
      if (follow->plan->nodes[place.topic].root) expected.push_back({place.consumer, place.by});
    if (!follow->is_needed() && request.scope == Scope::event) {
      follow = nullptr;
      return std::nullopt;
    }
    take_floors(*follow, nullptr, request.scope == Scope::event);
    if (request.scope == Scope::watermark) {
      for (std::size_t i = 0; i < follow->topics.size(); ++i) follow->topics[i].asks_itself = follow->plan->nodes[i].root;
    } else {
      follow->id = request.id;
    }
    return std::nullopt;
  }
  expectation.collect(number, topics, consumers, known_since, now, expected);
  if (request.only.empty()) return std::nullopt;
  std::vector<std::string> known;
  for (const ExpectedConsumer& e : expected) known.push_back(consumers[e.consumer].name);
  if (auto refusal = unknown_among(request.only, known)) return refusal;
  std::erase_if(expected, [&](const ExpectedConsumer& e) {
    return std::find(request.only.begin(), request.only.end(), consumers[e.consumer].name) == request.only.end();
  });
  return std::nullopt;
}

void Engine::cancel(WaitId id) {
  Wait* wait = state_->waits.find(id);
  if (wait == nullptr) return;
  ++state_->stats.cancelled;
  if (planted(Bug::cancelled_wait_leaks)) {
    state_->waits.forget_deadline(id.slot);
    return;
  }
  state_->close(id.slot);
}

void Engine::delivered(WaitId id, const Delivery& delivery, Time now, Effects& effects) {
  State& s = *state_;
  Wait* wait = s.waits.find(id);
  const bool ours = wait != nullptr && wait->state == Wait::State::appending;
  const bool appended = delivery.fate == Delivery::Fate::appended ||
                        (planted(Bug::unknown_is_appended) && delivery.fate == Delivery::Fate::unknown);
  if (!ours) return;
  if (!appended) {
    s.note_doubtful_append(wait->terms.front(), delivery, now, effects);
    return s.answer_failed_append(id.slot, delivery, now, effects);
  }

  WaitTerm& term = wait->terms.front();
  term.partition = delivery.partition;
  if (!delivery.topic_id.is_nil()) term.topic_id = delivery.topic_id;
  term.first = term.last = delivery.offset;
  term.leader_epoch = delivery.leader_epoch;
  wait->appended = now;
  if (planted(Bug::floors_after_append) && wait->follow != nullptr) s.take_floors(*wait->follow, nullptr, wait->scope == Scope::event);
  wait->state = Wait::State::waiting;
  s.remember_event(wait->id, term);
  if (!s.other_incarnation(term)) s.note_append(term, {term.last, wait->began, wait->id}, now, effects);
  for (std::uint32_t i = 0; i < wait->needs.size(); ++i) {
    wait->needs[i].anchor = s.anchor_at_append(wait->needs[i], term);
    s.register_need(id.slot, i, now);
  }
  if (!wait->hold || now >= wait->deadline) {
    s.answer(id.slot, now, effects);
  } else {
    s.finish_if_done(id.slot, now, effects);
  }
}

void Engine::tick(Time now, Effects& effects) {
  State& s = *state_;
  const Duration late = planted(Bug::answers_after_deadline) ? Duration(std::chrono::seconds(1)) : Duration::zero();
  while (!s.waits.deadlines().empty() && s.waits.deadlines().begin()->first + late <= now) {
    const std::uint32_t slot = s.waits.deadlines().begin()->second;
    if (s.waits[slot].state == Wait::State::appending) {
      s.waits.forget_deadline(slot);
      effects.overdue_appends.push_back(s.waits.id_of(slot));
    } else {
      s.answer(slot, now, effects);
    }
  }
  s.search(now, effects);
  s.check_ends(now, effects);
  s.follow_due(now, effects);
  std::vector<ConsumerNumber> absent;
  for (const ConsumerNumber consumer : s.memberless)
    if (const auto at = s.absent_at(consumer); at && *at <= now) absent.push_back(consumer);
  for (const ConsumerNumber consumer : absent) s.settle_absent(consumer, now, effects);
  if (s.open_obligations > 0 && now >= s.refresh_at) {
    s.refresh_at = now + s.config.ends_refresh;
    for (TopicNumber topic = 0; topic < s.topics.size(); ++topic)
      for (std::size_t p = 0; p < s.topics[topic].ends.size(); ++p) {
        PartitionEnds& ends = s.topics[topic].ends[p];
        if (ends.open == 0 || !s.topics[topic].exists()) continue;
        effects.asks.push_back({s.topics[topic].name, static_cast<Partition>(p), ends.asked, true});
        ++s.stats.ends_asked;
      }
  }
}

std::optional<Time> Engine::next_wakeup() const {
  const State& s = *state_;
  std::optional<Time> next;
  const auto at_most = [&](Time time) { next = next ? std::min(*next, time) : time; };
  if (!s.waits.deadlines().empty()) {
    const bool late = planted(Bug::answers_after_deadline);
    at_most(s.waits.deadlines().begin()->first + (late ? Duration(std::chrono::seconds(1)) : Duration::zero()));
  }
  for (const ConsumerNumber consumer : s.memberless)
    if (const auto at = s.absent_at(consumer)) at_most(*at);
  if (s.open_obligations > 0) at_most(s.refresh_at);
  if (!s.search_times.empty()) at_most(s.search_times.begin()->first);
  if (!s.end_check_times.empty()) at_most(std::get<0>(*s.end_check_times.begin()));
  if (!s.follow_times.empty()) at_most(s.follow_times.begin()->first);
  return next;
}

void Engine::drain(Time by) {
  State& s = *state_;
  s.draining = true;
  for (std::uint32_t slot = 0; slot < s.waits.slots(); ++slot) {
    Wait& wait = s.waits[slot];
    if (wait.state == Wait::State::free || wait.deadline <= by) continue;
    wait.cut_by_drain = true;
    s.waits.hasten(slot, by);
  }
}

bool Engine::ready(Time now) const { return state_->ready(now); }

}  // namespace tidemark::core
