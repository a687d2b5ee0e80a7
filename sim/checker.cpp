#include "checker.h"

#include <algorithm>
#include <utility>

#include "model_clients.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Delivery;
using core::Duration;
using core::Outcome;
using std::chrono::milliseconds;

namespace {

// How much later than its deadline an answer may come, in simulated time: the
// driver calls tick() to the microsecond.
constexpr Duration kBound = milliseconds(5);

bool names(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

void Checker::fail(const char* promise, const std::string& what) {
  world_.trace.note(world_.now(), "BROKEN", {}, what);
  if (!failure_) failure_ = std::string(promise) + ": " + what;
}

Checker::WaitKey Checker::key(const ModelGateway& gateway, core::WaitId wait) {
  return {gateway.number(), gateway.life(), wait.value()};
}

const ModelGroup* Checker::group_named(const std::string& name) const {
  for (const auto& group : world_.groups)
    if (group->traits().name == name) return group.get();
  return nullptr;
}

bool Checker::open(const ModelGateway& gateway, core::WaitId wait) const { return open_.contains(key(gateway, wait)); }

void Checker::began_publish(const ModelGateway& gateway, core::WaitId id, const PublishSpec& spec) {
  if (!gateway.should_be_ready()) fail("P8", "a publish was taken by a gateway that is not ready");
  Wait wait;
  wait.is_publish = true;
  wait.hold = spec.hold;
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  wait.topic = spec.topic;
  wait.only = spec.only;
  Stake stake;
  stake.event = spec.id;
  stake.topic = *world_.log.topic_named(spec.topic);
  wait.stakes.push_back(stake);
  expect_names(gateway, spec.topic, wait);
  if (!open_.emplace(key(gateway, id), std::move(wait)).second) fail("P4", "a wait's id is used twice at a time");
}

void Checker::began_resume(const ModelGateway& gateway, core::WaitId id, const ResumeSpec& spec) {
  if (!gateway.should_be_ready()) fail("P8", "a mark was taken by a gateway that is not ready");
  Wait wait;
  wait.hold = spec.hold;
  wait.began = world_.now();
  wait.deadline = world_.now() + spec.wait;
  wait.only = spec.only;
  wait.stakes = spec.stakes;
  wait.mark = spec.mark;
  note_before(gateway, wait);
  if (!open_.emplace(key(gateway, id), std::move(wait)).second) fail("P4", "a wait's id is used twice at a time");
}

void Checker::refused(const ModelGateway& gateway, const PublishSpec* publish, const core::Refusal& refusal) {
  using Code = core::Refusal::Code;
  const auto wrong = [&](bool is) {
    if (is) fail("P7", "refused without cause: " + refusal.detail);
  };
  const core::EngineConfig& config = world_.plan.engine;
  std::size_t here = 0;
  for (const auto& [wait_key, wait] : open_)
    if (std::get<0>(wait_key) == gateway.number() && std::get<1>(wait_key) == gateway.life()) ++here;
  switch (refusal.code) {
    case Code::not_ready:
    case Code::draining:
      wrong(gateway.should_be_ready());
      break;
    case Code::gateway_limit:
      wrong(here < config.max_waits && !world_.plan.tight_tables);
      if (world_.plan.tight_tables && here < config.max_waits) world_.counters.count(Fault::tables_full);
      break;
    case Code::topic_limit:
      wrong(here < config.max_waits_per_topic);
      break;
    case Code::unknown_topic:
      if (publish != nullptr) wrong(gateway.told().partitions(*world_.log.topic_named(publish->topic)) > 0);
      break;
    case Code::unknown_partition:
      if (publish != nullptr)
        wrong(*publish->partition < gateway.told().partitions(*world_.log.topic_named(publish->topic)));
      break;
    case Code::unknown_consumer:
      if (publish != nullptr && publish->only.size() == 1) {
        Wait wait;
        expect_names(gateway, publish->topic, wait);
        wrong(wait.must_name.contains(publish->only.front()));
      }
      break;
    case Code::recreated_topic:
    case Code::cut_off:
    case Code::forbidden_topic:
      break;
    case Code::beyond_end:
    case Code::too_many_partitions:
    case Code::unexpected_consumer:
    case Code::unknown_event:
      fail("P7", "refused for what no client asks here: " + refusal.detail);
      break;
  }
  if ((refusal.code == Code::not_ready || refusal.code == Code::draining || refusal.code == Code::topic_limit ||
       refusal.code == Code::gateway_limit) &&
      refusal.retry_after <= Duration::zero())
    fail("P7", "a refusal for want of room or readiness does not say when to come again");
  if (publish != nullptr && world_.log.find(publish->id)) fail("P7", "a refused publish is in the log");
}

void Checker::expect_names(const ModelGateway& gateway, const std::string& topic, Wait& wait) const {
  const core::EngineConfig& config = world_.plan.engine;
  const auto configured = config.wait_for.find(topic);
  wait.configured = configured != config.wait_for.end();
  if (wait.configured) {
    wait.must_name.insert(configured->second.begin(), configured->second.end());
    wait.may_name = wait.must_name;
    return;
  }
  const int number = *world_.log.topic_named(topic);
  const Told& told = gateway.told();
  for (const auto& group : world_.groups) {
    const GroupTraits& traits = group->traits();
    if (traits.name.starts_with("console-consumer-") || traits.name.starts_with("connect-")) continue;
    const Told::GroupKnown& known = told.group(group->number());
    const bool shown = known.topics.contains(number);
    if (!told.linked(group->number(), number) || (known.topics_known && !shown)) {
      if (known.asked_topics.contains(number)) wait.may_name.insert(traits.name);
      continue;
    }
    const Duration grace = config.absent_grace;
    const core::Time sign = std::max(known.sign_before(world_.now()), known.last_ack);
    const bool silent = known.members == 0 && gateway.synced_since() &&
                        world_.now() - std::max(sign, *gateway.synced_since()) > grace + milliseconds(20);
    if (silent && !known.unclear) {
      // In a full table there is no place for what was told before.
      const bool told_again = world_.plan.tight_tables && world_.now() - known.last_share <= grace;
      if (told_again) world_.counters.count(Excuse::share_state_told_again_in_full_table);
      if (!told_again) continue;
    }
    wait.may_name.insert(traits.name);
    if (known.members > 0 && shown && !known.unclear && !world_.plan.tight_tables) wait.must_name.insert(traits.name);
  }
}

void Checker::cancelled(const ModelGateway& gateway, core::WaitId wait) {
  open_.erase(key(gateway, wait));
  cancelled_.insert(key(gateway, wait));
}

void Checker::told_delivery(const ModelGateway& gateway, core::WaitId id, const Delivery& delivery) {
  const auto found = open_.find(key(gateway, id));
  if (found == open_.end()) return;
  Wait& wait = found->second;
  wait.delivery = delivery;
  Stake& stake = wait.stakes.front();
  told_[stake.event] = delivery;
  if (delivery.fate != Delivery::Fate::appended) return;
  stake.incarnation = world_.log.incarnation_of(delivery.topic_id).value_or(-1);
  stake.partition = delivery.partition;
  stake.offset = delivery.offset;
  stake.told_epoch = delivery.leader_epoch;
  if (const auto place = world_.log.find(stake.event)) stake.epoch = place->epoch;
  stake.names = wait.may_name;
  note_before(gateway, wait);
  note_anchors_due(gateway, wait);
}

void Checker::note_before(const ModelGateway& gateway, Wait& wait) {
  for (std::size_t i = 0; i < wait.stakes.size(); ++i) {
    const Stake& stake = wait.stakes[i];
    if (!stake.known() || stake.whole) continue;
    for (const std::string& name : stake.names) {
      const ModelGroup* group = group_named(name);
      if (group == nullptr) continue;
      const ToldPosition* latest = gateway.told().latest({group->number(), stake.topic, stake.partition});
      if (latest != nullptr) wait.before.push_back({i, name, *latest});
    }
  }
}

void Checker::told_commit(const ModelGateway& gateway, const CommitRecord& record) {
  for (const auto& [wait_key, wait] : open_) {
    if (std::get<0>(wait_key) != gateway.number() || !wait.is_publish || wait.delivery) continue;
    const auto place = world_.log.find(wait.stakes.front().event);
    if (place && place->incarnation == record.incarnation && place->partition == record.partition &&
        record.offset > place->offset)
      world_.counters.count(Fault::commit_before_delivery);
  }
}

void Checker::died(const ModelGateway& gateway) {
  std::erase_if(open_, [&](const auto& entry) {
    return std::get<0>(entry.first) == gateway.number() && std::get<1>(entry.first) == gateway.life();
  });
}

void Checker::answered(const ModelGateway& gateway, const core::Answer& answer) {
  const WaitKey wait_key = key(gateway, answer.wait);
  const auto found = open_.find(wait_key);
  if (found == open_.end()) {
    if (cancelled_.contains(wait_key)) return fail("P4", "a cancelled wait was answered");
    return fail("P4", answered_.contains(wait_key) ? "a wait was answered twice" : "an unknown wait was answered");
  }
  Wait wait = std::move(found->second);
  // Beside those whom it must ask, a barrier asks those whom its mark names.
  if (wait.is_barrier)
    for (Stake& stake : wait.stakes) {
      const std::set<std::string> must = stake.names;
      narrow_to(answer.mark, stake);
      stake.names.insert(must.begin(), must.end());
    }
  open_.erase(found);
  answered_.insert(wait_key);
  ++answers_;
  check_timing(gateway, wait, answer);
  check_fate(wait, answer);
  check_names(wait, answer);
  check_summary(gateway, wait, answer);
  check_mark(gateway, wait, answer);
  if (wait.is_barrier) check_barrier_mark(gateway, wait, answer);
  // A barrier cut before its ends were told has no mark to say whom it asks where.
  const bool cut = wait.is_barrier && answer.mark.empty() &&
                   std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return !s.whole; });
  const bool judged = (answer.fate == Delivery::Fate::appended || !wait.is_publish) && !cut;
  if (judged)
    for (const core::ConsumerOutcome& outcome : answer.consumers) check_outcome(gateway, wait, outcome);
  if (!failure_) pass_on(gateway, wait, answer);
}

void Checker::pass_on(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  std::vector<Stake> stakes = wait.stakes;
  std::set<std::string> named;
  for (const core::ConsumerOutcome& outcome : answer.consumers) named.insert(outcome.name);
  for (Stake& stake : stakes) {
    std::set<std::string> kept;
    for (const std::string& name : stake.names)
      if (named.contains(name)) kept.insert(name);
    stake.names = wait.is_publish ? named : kept;
    if (wait.is_barrier || stake.whole || (!wait.is_publish && answer.mark.empty())) {
      const std::set<std::string> asked = stake.names;
      narrow_to(answer.mark, stake);
      // An event in the same partition asks for itself.
      if (!wait.is_barrier) std::erase_if(stake.names, [&](const std::string& name) { return !asked.contains(name); });
    }
    if (stake.whole)
      for (const std::string& name : stake.names)
        if (const ModelGroup* group = group_named(name))
          stake.since.try_emplace(name, std::max(baseline(gateway, wait, stake, *group),
                                                 gateway.told().known_start(stake.incarnation, stake.partition, world_.now())));
  }
  world_.clients->received(gateway, answer, std::move(stakes));
}

void Checker::check_timing(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  const core::Time now = world_.now();
  core::Time latest = wait.deadline;
  if (gateway.drain_by()) latest = std::min(latest, std::max(*gateway.drain_by(), wait.began));
  if (now > latest + kBound)
    fail("P4", "answered " + std::to_string((now - latest) / milliseconds(1)) + " ms after the deadline");
  if (answer.elapsed != now - wait.began) fail("P4", "elapsed is not the time since the request");
  const bool early = now < latest && wait.hold && !answer.settled && answer.fate == Delivery::Fate::appended;
  if (early) fail("P4", "an unsettled answer before the deadline");
}

void Checker::check_fate(const Wait& wait, const core::Answer& answer) {
  if (answer.is_publish != wait.is_publish) return fail("P5", "an answer of another kind than its request");
  const bool in_doubt = std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return !s.known(); });
  if (!wait.is_publish) {
    if (!wait.is_barrier && in_doubt != (answer.fate == Delivery::Fate::unknown))
      fail("P5", in_doubt ? "an event that was not found is called appended" : "an event that was found is called unknown");
    return;
  }
  if (!wait.delivery) return fail("P5", "a publish was answered before the log said what became of it");
  if (answer.fate != wait.delivery->fate) return fail("P5", "the answer's fate is not what the log said");
  const auto place = world_.log.find(answer.id);
  if (answer.id != wait.stakes.front().event) return fail("P5", "the answer carries another event's id");
  switch (answer.fate) {
    case Delivery::Fate::appended: {
      if (!place) return fail("P5", "called appended, and not in the log");
      const core::Position& at = answer.positions.at(0);
      if (at.offset != place->offset || at.partition != place->partition ||
          at.topic_id != world_.log[place->incarnation].id)
        return fail("P5", "appended, but not where the answer says");
      break;
    }
    case Delivery::Fate::not_appended:
      if (!answer.mark.empty()) fail("P5", "nothing was appended, and there is a mark");
      if (answer.all_processed()) fail("P5", "nothing was appended, and the answer is success");
      break;
    case Delivery::Fate::unknown: {
      if (answer.settled || answer.all_processed()) fail("P5", "the append's fate is unknown, and the answer settled");
      const bool pending = answer.mark.terms.size() == 1 && answer.mark.terms[0].kind == core::Term::Kind::pending &&
                           answer.mark.terms[0].id == answer.id && answer.mark.terms[0].topic == wait.topic;
      if (!pending) fail("P5", "an unknown append without a pending mark");
      // In a log that was cut off meanwhile it may come to lie lower.
      else if (place && world_.log.at(place->incarnation, place->partition).cuts.empty() && place->partition == answer.mark.terms[0].partition && place->offset < answer.mark.terms[0].first)
        fail("P5", "the event lies below the pending mark's lowest offset");
      break;
    }
  }
}

void Checker::check_names(const Wait& wait, const core::Answer& answer) {
  if (wait.is_publish && answer.fate == Delivery::Fate::not_appended) return;
  std::set<std::string> named;
  for (const core::ConsumerOutcome& outcome : answer.consumers)
    if (!named.insert(outcome.name).second) fail("P10", "a consumer is named twice: " + outcome.name);
  std::set<std::string> must = wait.must_name, may = wait.may_name;
  if (!wait.is_publish && !wait.is_barrier) {
    for (const Stake& stake : wait.stakes) must.insert(stake.names.begin(), stake.names.end());
    may = must;
  }
  for (const std::string& name : must)
    if (!named.contains(name) && (wait.only.empty() || names(wait.only, name))) fail("P10", "not waited for: " + name);
  for (const std::string& name : named) {
    if (!may.contains(name)) fail("P10", "waited for a stranger: " + name);
    if (!wait.only.empty() && !names(wait.only, name)) fail("P10", "`only` was ignored: " + name);
  }
}

void Checker::check_summary(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer) {
  if (wait.is_publish && answer.fate != Delivery::Fate::appended) return;
  const bool pending = std::any_of(answer.consumers.begin(), answer.consumers.end(),
                                   [](const auto& c) { return c.outcome == Outcome::pending; });
  const bool unknown = std::any_of(wait.stakes.begin(), wait.stakes.end(), [](const Stake& s) { return !s.known(); });
  if (answer.settled && (pending || unknown)) fail("P5", "settled, while something is pending");
  // Of several positions only the worst outcome is shown, so one may be pending unseen.
  const bool all_shown = wait.is_publish || (wait.mark.terms.size() == 1 && wait.stakes.size() == 1);
  if (!answer.settled && !pending && !unknown && all_shown) fail("P8", "nothing is pending, and yet it is not settled");
  if (wait.is_publish && answer.no_consumers_known != (answer.consumers.empty() && !wait.configured))
    fail("P10", "no_consumers_known is wrong");
  if (answer.all_processed()) ++processed_;
  for (const core::ConsumerOutcome& c : answer.consumers)
    if (c.outcome == Outcome::handed_over) world_.counters.count(Fault::handed_over);
  check_settles(gateway, wait, answer);
}

void Checker::heal() { healed_at_ = world_.now(); }

void Checker::look() {
  for (const auto& [wait_key, wait] : open_)
    if (world_.now() > wait.deadline + kBound) {
      fail("P4", "a wait was not answered by its deadline");
      break;
    }
  const core::EngineConfig& config = world_.plan.engine;
  for (const auto& gateway : world_.gateways) {
    if (!gateway->alive()) continue;
    const core::EngineStats stats = gateway->engine().stats();
    const auto here = static_cast<std::size_t>(std::count_if(open_.begin(), open_.end(), [&](const auto& entry) {
      return std::get<0>(entry.first) == gateway->number() && std::get<1>(entry.first) == gateway->life();
    }));
    if (stats.open_waits != here)
      fail("P4", "the engine holds " + std::to_string(stats.open_waits) + " waits, its clients " + std::to_string(here));
    // Whoever is configured has a place beside the limit.
    std::set<std::string> configured;
    for (const auto& [topic, named] : config.wait_for) configured.insert(named.begin(), named.end());
    if (stats.open_waits > config.max_waits ||
        stats.consumers > config.max_consumers + configured.size() ||
        stats.frontiers > config.max_frontiers)
      fail("P7", "a table is larger than its limit: " + std::to_string(stats.consumers) + " consumers, " + std::to_string(stats.frontiers) + " frontiers, " + std::to_string(stats.open_waits) + " waits");
    if (gateway->engine().ready(world_.now()) != gateway->should_be_ready()) fail("P8", "ready() is wrong");
  }
}

void Checker::finish() {
  look();
  if (!open_.empty()) fail("P4", "waits are open at the end");
  for (const auto& gateway : world_.gateways) {
    if (!gateway->alive()) continue;
    const core::EngineStats stats = gateway->engine().stats();
    if (stats.open_waits != 0 || stats.open_obligations != 0)
      fail("P7", "at the end " + std::to_string(stats.open_waits) + " waits and " +
                     std::to_string(stats.open_obligations) + " obligations are left behind");
  }
  for (const auto& [event, delivery] : told_)
    if (delivery.fate == Delivery::Fate::not_appended && world_.log.find(event))
      fail("P5", "an event that was called not appended is in the log");
}

}  // namespace tidemark::sim
