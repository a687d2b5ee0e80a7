#include "checker.h"

#include <algorithm>

#include "clients.h"
#include "gateway.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Outcome;
using std::chrono::milliseconds;

namespace {

std::vector<core::ConsumerOutcome>::const_iterator find_outcome(const core::Answer& answer, const std::string& name) {
  return std::find_if(answer.consumers.begin(), answer.consumers.end(), [&](const auto& c) { return c.name == name; });
}

}  // namespace

int Checker::service_named(const std::string& name) const {
  for (int s = 0; s < static_cast<int>(world_.services.size()); ++s)
    if (world_.services[static_cast<std::size_t>(s)]->traits().name == name) return s;
  return -1;
}

bool Checker::writes(const std::string& consumer, int input, int output) const {
  const int number = service_named(consumer);
  if (number < 0) return false;
  const Service& service = *world_.services[static_cast<std::size_t>(number)];
  for (const Edge& edge : service.traits().edges)
    if (edge.input == input && edge.output == output) return true;
  const DeadLetters* dead = service.dead_of(input);
  if (dead != nullptr && dead->topic == output) return true;
  // A dead-letter topic by its name is everybody's who reads the other.
  return service.reads(input) && world_.log[output].name == world_.log[input].name + "-dlt";
}

// Whom a wait at the topic is asked of, as far as its gateway was told.
Stake Checker::stake_at(const Gateway& gateway, int topic, const std::vector<std::string>& only) const {
  Stake stake;
  stake.topic = topic;
  stake.began = world_.now();
  for (int t = 0; t < world_.log.topics(); ++t) stake.partitions.push_back(gateway.partitions(t));
  std::vector<int> topics{topic};
  const auto reach = [&](int output) {
    if (std::find(topics.begin(), topics.end(), output) == topics.end()) topics.push_back(output);
  };
  for (std::size_t i = 0; i < topics.size(); ++i) {
    const int input = topics[i];
    const bool configured = world_.plan.engine.wait_for.contains(world_.log[input].name);
    for (int s = 0; s < static_cast<int>(world_.services.size()); ++s) {
      const Service& service = *world_.services[static_cast<std::size_t>(s)];
      if (!service.reads(input)) continue;
      stake.possible.insert({input, s});
      const bool certain = configured || gateway.knows_member(s);
      if (certain) stake.asked.insert({input, s});
      for (core::Partition p = 0; p < world_.log.partitions(input); ++p)
        if (!service.traits().declared_earliest && !gateway.knows_position(s, input, p)) stake.unknown.insert({s, input, p});
      if (!certain) continue;
      for (const Edge& edge : service.traits().edges)
        if (edge.input == input && edge.emits != core::Emits::later) reach(edge.output);
      if (const DeadLetters* dead = service.dead_of(input)) reach(dead->topic);
    }
  }
  // Whoever is waited for though nobody was seen may write further.
  for (std::size_t i = 0; i < topics.size(); ++i)
    for (int s = 0; s < static_cast<int>(world_.services.size()); ++s) {
      const Service& service = *world_.services[static_cast<std::size_t>(s)];
      if (!service.reads(topics[i])) continue;
      stake.possible.insert({topics[i], s});
      for (const Edge& edge : service.traits().edges)
        if (edge.input == topics[i] && edge.emits != core::Emits::later) reach(edge.output);
      if (const DeadLetters* dead = service.dead_of(topics[i])) reach(dead->topic);
    }
  stake.narrowed = !only.empty();
  if (stake.narrowed) narrow(stake, only);
  return stake;
}

// To the named ones, and those on the way to them.
void Checker::narrow(Stake& stake, const std::vector<std::string>& only) const {
  std::set<Place> kept;
  for (const Place& place : stake.asked)
    if (std::find(only.begin(), only.end(), world_.services[static_cast<std::size_t>(place.second)]->traits().name) != only.end())
      kept.insert(place);
  for (bool more = true; more;) {
    more = false;
    for (const Place& place : stake.asked) {
      if (kept.contains(place)) continue;
      const Service& service = *world_.services[static_cast<std::size_t>(place.second)];
      const bool leads = std::any_of(kept.begin(), kept.end(), [&](const Place& to) {
        return std::any_of(service.traits().edges.begin(), service.traits().edges.end(), [&](const Edge& edge) {
          return edge.input == place.first && edge.output == to.first && edge.emits != core::Emits::later;
        });
      });
      if (!leads) continue;
      kept.insert(place);
      more = true;
    }
  }
  stake.asked = std::move(kept);
}

void Checker::began_publish(Gateway& gateway, core::WaitId id, const PublishSpec& spec) {
  Wait& wait = waits_[{gateway.number(), id.value()}];
  wait = Wait{};
  wait.gateway = gateway.number();
  wait.life = gateway.life();
  wait.is_publish = true;
  wait.hold = spec.hold;
  wait.must_settle = spec.must_settle;
  wait.scope = spec.scope;
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  wait.only = spec.only;
  Stake stake = stake_at(gateway, spec.topic, spec.only);
  stake.id = spec.id;
  stake.scope = spec.scope;
  for (core::Partition p = 0; p < world_.log.partitions(spec.topic); ++p)
    stake.whole.push_back({spec.topic, p, 0, world_.log.partition(spec.topic, p).end()});
  wait.stakes.push_back(std::move(stake));
  world_.count(spec.scope == core::Scope::event ? Fault::scope_event : Fault::scope_watermark);
  if (!spec.only.empty()) world_.count(Fault::narrowed);
}

void Checker::appended(const Uuid& id, int record) {
  const auto note = [&](Stake& stake) {
    if (stake.id != id) return;
    stake.event = record;
    for (Range& range : stake.whole)
      if (range.partition == world_.log.at(record).partition) range.end = std::max(range.end, world_.log.at(record).offset + 1);
  };
  for (auto& [key, wait] : waits_)
    for (Stake& stake : wait.stakes) note(stake);
  for (Judged& judged : judged_)
    for (Stake& stake : judged.wait.stakes) note(stake);
  world_.clients->appended(id, record);
}

void Checker::began_resume(Gateway& gateway, core::WaitId id, const ResumeSpec& spec) {
  Wait& wait = waits_[{gateway.number(), id.value()}];
  wait = Wait{};
  wait.gateway = gateway.number();
  wait.life = gateway.life();
  wait.hold = spec.hold;
  wait.must_settle = spec.must_settle;
  wait.scope = std::max(spec.scope, spec.mark.scope);
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  wait.stakes = spec.stakes;
}

void Checker::began_barrier(Gateway& gateway, core::WaitId id, const BarrierSpec& spec) {
  Wait& wait = waits_[{gateway.number(), id.value()}];
  wait = Wait{};
  wait.gateway = gateway.number();
  wait.life = gateway.life();
  wait.is_barrier = true;
  wait.must_settle = spec.must_settle;
  wait.scope = spec.scope;
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  const auto add = [&](int topic, std::optional<int> record) {
    Stake stake = stake_at(gateway, topic, {});
    stake.event = record;
    stake.is_whole = !record;
    stake.is_older = spec.records.empty();
    stake.scope = spec.scope;
    for (core::Partition p = 0; p < world_.log.partitions(topic); ++p)
      stake.whole.push_back({topic, p, 0, world_.log.partition(topic, p).end()});
    wait.stakes.push_back(std::move(stake));
  };
  for (const int topic : spec.topics) add(topic, std::nullopt);
  for (const int record : spec.records) add(world_.log.at(record).topic, record);
  world_.count(spec.topics.empty() ? Fault::barrier_over_positions : Fault::barrier_over_topics);
}

void Checker::refused(Gateway&, const core::Refusal& refusal) {
  using Code = core::Refusal::Code;
  world_.note("refused", {{"code", static_cast<int>(refusal.code)}}, refusal.detail);
  const bool usual = refusal.code == Code::not_ready || refusal.code == Code::unknown_consumer ||
                     refusal.code == Code::unknown_partition;
  if (!usual) world_.fail("P7", "refused: " + refusal.detail);
}

void Checker::refused_late(Gateway& gateway, core::WaitId id, const core::Refusal& refusal) {
  if (waits_.erase({gateway.number(), id.value()}) == 0) world_.fail("P4", "a refusal of no wait");
  refused(gateway, refusal);
}

void Checker::told(const Gateway& gateway, int service, int topic, core::Partition partition, core::Offset offset) {
  promptness_.told(gateway.number(), service, topic, partition, offset);
}

void Checker::died(Gateway& gateway) {
  promptness_.forget(gateway.number());
  std::erase_if(waits_, [&](const auto& entry) { return entry.first.first == gateway.number(); });
}

void Checker::look() {
  for (const auto& [key, wait] : waits_)
    if (world_.now() > wait.deadline)
      world_.fail("P4", "a wait is past its deadline by " +
                            std::to_string((world_.now() - wait.deadline) / milliseconds(1)) + " ms");
}

void Checker::answered(Gateway& gateway, const core::Answer& answer) {
  const auto found = waits_.find({gateway.number(), answer.wait.value()});
  if (found == waits_.end()) return world_.fail("P4", "an answer to no open wait");
  Judged judged;
  judged.wait = std::move(found->second);
  waits_.erase(found);
  judged.answer = answer;
  judged.when = world_.now();
  for (int topic = 0; topic < world_.log.topics(); ++topic) judged.partitions.push_back(gateway.partitions(topic));
  judged.first_positions = gateway.first_positions();
  ++answers_;
  check_promptness(judged);
  if (answer.fate == core::Delivery::Fate::appended) {
    check_names(judged);
    for (const core::ConsumerOutcome& outcome : answer.consumers) check_path(judged, outcome);
    check_deferred(judged);
    audit(judged, false);
  }
  world_.clients->answered(gateway, judged.wait.stakes, judged.wait.scope, answer, judged.wait.must_settle);
  judged_.push_back(std::move(judged));
}

void Checker::check_promptness(const Judged& judged) {
  const core::Answer& answer = judged.answer;
  const Wait& wait = judged.wait;
  if (judged.when > wait.deadline) return world_.fail("P4", "answered after its deadline");
  const bool in_doubt = answer.fate != core::Delivery::Fate::appended;
  if (wait.hold && !answer.settled && judged.when < wait.deadline && !in_doubt)
    return world_.fail("P4", "answered before its deadline, and not settled " + describe(judged));
  if (wait.must_settle && !answer.settled)
    return world_.fail("P4", "not settled in a world without faults " + describe(judged));
  if (answer.all_processed()) {
    ++processed_;
    world_.count(Fault::answered_processed);
    return check_latest(judged);
  }
  if (!answer.settled) return world_.count(Fault::answered_pending);
  for (const core::ConsumerOutcome& outcome : answer.consumers) {
    if (outcome.outcome == Outcome::failed) world_.count(Fault::answered_failed);
    if (outcome.outcome == Outcome::unanchored) world_.count(Fault::answered_unanchored);
    // Everybody has been seen at work for a while, and floors are taken from what is known then.
    if (outcome.outcome == Outcome::unanchored && wait.must_settle && wait.is_publish && wait.scope == core::Scope::event &&
        !world_.plan.grows)
      world_.fail("P1", outcome.name + " is called unanchored in a world without faults " + describe(judged));
    if (outcome.outcome == Outcome::absent || outcome.outcome == Outcome::skipped || outcome.outcome == Outcome::handed_over)
      world_.fail("P1", outcome.name + " is called " + std::string(core::name_of(outcome.outcome)) + " and is not");
  }
}

std::string Checker::describe(const Judged& judged) const {
  std::string text = judged.wait.is_publish ? "(publish" : judged.wait.is_barrier ? "(barrier" : "(mark";
  text += judged.wait.scope == core::Scope::watermark ? ", watermark" : ", event";
  for (const Stake& stake : judged.wait.stakes)
    text += ", " + (stake.event ? world_.log.place(*stake.event) : "all of " + world_.log[stake.topic].name);
  for (const core::ConsumerOutcome& outcome : judged.answer.consumers)
    if (outcome.outcome != Outcome::processed)
      text += "; " + outcome.name + " " + std::string(core::name_of(outcome.outcome)) + " " +
              std::string(core::name_of(outcome.reason)) + " at " + outcome.position.topic + "/" +
              std::to_string(outcome.position.partition) + "@" + std::to_string(outcome.position.offset);
  return text + ")";
}

// Not only in time, but as soon as all of it is done and told.
void Checker::check_latest(const Judged& judged) {
  const Stake& stake = judged.wait.stakes.front();
  const bool plain = judged.wait.is_publish && judged.wait.hold && judged.wait.scope == core::Scope::event && !stake.narrowed;
  if (!judged.wait.must_settle || !plain || !stake.event) return;
  const auto latest = promptness_.latest(judged.wait.gateway, stake, world_.plan.engine.cycle_passes);
  const bool cycle = std::any_of(stake.asked.begin(), stake.asked.end(), [&](const Place& place) { return feeds_itself(place.first); });
  world_.count(cycle ? Fault::prompt_in_cycle : Fault::prompt);
  if (latest && judged.when > *latest)
    world_.fail("P4", "answered " + std::to_string((judged.when - *latest) / milliseconds(1)) +
                          " ms after it could have been at the latest " + describe(judged));
}

void Checker::check_names(const Judged& judged) {
  for (const Stake& stake : judged.wait.stakes)
    for (const auto& [topic, service] : stake.asked) {
      const std::string& name = world_.services[static_cast<std::size_t>(service)]->traits().name;
      if (judged.wait.is_publish && topic == stake.topic && find_outcome(judged.answer, name) == judged.answer.consumers.end())
        return world_.fail("P2", name + ", which reads " + world_.log[topic].name + ", is not in the answer " + describe(judged));
    }
  for (const core::ConsumerOutcome& outcome : judged.answer.consumers) {
    const int service = service_named(outcome.name);
    const bool known = std::any_of(judged.wait.stakes.begin(), judged.wait.stakes.end(), [&](const Stake& stake) {
      return std::any_of(stake.possible.begin(), stake.possible.end(), [&](const Place& p) { return p.second == service; });
    });
    if (!known) return world_.fail("P10", outcome.name + " is in the answer, and reads nothing of what it is about");
  }
}

void Checker::finish() {
  for (const Judged& judged : judged_) {
    if (world_.failure) return;
    if (judged.answer.fate == core::Delivery::Fate::appended) audit(judged, true);
  }
}

}  // namespace tidemark::sim::derived
