#include "model_clients.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "checker.h"
#include "core/mark.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

void Clients::start() {
  const bool in_step = world_.plan.in_step && timed_group() != nullptr;
  world_.schedule.after(milliseconds(200), [this, in_step] { in_step ? step() : publish_again(); });
}

void Clients::publish_again() {
  if (world_.healing) return;
  publish();
  if (world_.random.chance(world_.plan.barrier)) barrier();
  const auto mean = world_.plan.publish_every / milliseconds(1);
  // In bursts: most come close together.
  const Duration pause = world_.random.chance(500) ? world_.random.micros(0, 3000) : world_.random.millis(1, 4 * mean);
  world_.schedule.after(pause, [this] { publish_again(); });
}

ModelGateway* Clients::any_gateway() {
  ModelGateway& gateway = *world_.random.pick(world_.gateways);
  return gateway.alive() ? &gateway : nullptr;
}

void Clients::publish() {
  ModelGateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  const int topic = world_.random.small(0, world_.log.names() - 1);
  std::optional<core::Partition> partition;
  if (world_.random.chance(400)) partition = world_.random.small(0, 4);
  publish_to(*gateway, world_.log.name(topic), partition, world_.random.skewed(20'000, 8'000'000));
}

void Clients::publish_to(ModelGateway& gateway, const std::string& topic, std::optional<core::Partition> partition,
                         Duration wait) {
  PublishSpec spec;
  spec.topic = topic;
  spec.partition = partition;
  spec.id = world_.random.uuid();
  spec.wait = wait;
  if (!world_.healing) {
    spec.hold = !world_.random.chance(120);
    if (!spec.hold) world_.counters.count(Fault::not_waited);
    if (world_.random.chance(80)) spec.only.push_back(world_.random.pick(world_.groups)->traits().name);
    if (world_.random.chance(10)) spec.only.push_back("nobody-knows");
  }
  const auto result = gateway.publish(spec);
  if (const auto* refusal = std::get_if<core::Refusal>(&result)) {
    count_refusal(*refusal);
    world_.checker->refused(gateway, &spec, *refusal);
    return;
  }
  if (!spec.only.empty()) world_.counters.count(Fault::narrowed);
  if (world_.healing || !world_.random.chance(world_.plan.cancel)) return;
  const core::WaitId id = std::get<core::WaitId>(result);
  world_.schedule.after(world_.random.skewed(100, 2'000'000), [this, id, gate = &gateway, life = gateway.life()] {
    if (gate->life() != life || !gate->alive() || !world_.checker->open(*gate, id)) return;
    world_.counters.count(Fault::client_cancelled);
    gate->cancel(id);
  });
}

void Clients::received(const ModelGateway& gateway, const core::Answer& answer, std::vector<Stake> stakes) {
  if (step_ == answer.id) {
    step_.reset();
    const auto short_of = world_.random.micros(0, 30'000);
    world_.schedule.after(timed_group()->traits().commit_period - short_of, [this] { step(); });
  }
  if (answer.mark.empty()) return;
  const auto text = core::encode(answer.mark);
  if (!text) return;  // more than a mark may hold: the client has none
  HeldMark held{*text, std::move(stakes), gateway.number(), gateway.life(), answer.settled,
                answer.fate == core::Delivery::Fate::unknown};
  if (world_.healing) return;
  if (world_.random.chance(world_.plan.resume))
    world_.schedule.after(world_.random.skewed(100, 9'000'000), [this, held] {
      if (!world_.healing) resume(held);
    });
  if (marks_.size() < kMarks) {
    marks_.push_back(std::move(held));
  } else {
    marks_[static_cast<std::size_t>(world_.random.below(kMarks))] = std::move(held);
  }
}

void Clients::resume(HeldMark held) {
  ModelGateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  auto decoded = core::decode(held.text);
  if (!decoded) return world_.checker->fail("P8", "a mark cannot be read again: " + decoded.error().message);
  ResumeSpec spec;
  spec.mark = std::move(*decoded);
  if (!world_.healing && !marks_.empty() && world_.random.chance(200)) {
    const HeldMark& other = world_.random.pick(marks_);
    auto second = core::decode(other.text);
    auto merged = second ? core::merge(spec.mark, *second) : second;
    if (merged) {
      world_.counters.count(Fault::marks_merged);
      spec.mark = std::move(*merged);
      held.stakes.insert(held.stakes.end(), other.stakes.begin(), other.stakes.end());
      held.pending = held.pending || other.pending;
    }
  }
  spec.stakes = held.stakes;
  spec.wait = world_.healing ? Duration(seconds(30)) : world_.random.skewed(1'000, 8'000'000);
  spec.hold = world_.healing || !world_.random.chance(250);
  if (!world_.healing && world_.random.chance(60) && !held.stakes.front().names.empty())
    spec.only.push_back(*held.stakes.front().names.begin());
  const auto result = gateway->resume(spec);
  if (const auto* refusal = std::get_if<core::Refusal>(&result)) {
    count_refusal(*refusal);
    if (refusal->code == core::Refusal::Code::cut_off) world_.checker->refused_cut(*gateway, spec.stakes);
    world_.checker->refused(*gateway, nullptr, *refusal);
    return;
  }
  const bool same = gateway->number() == held.gateway;
  world_.counters.count(same && gateway->life() != held.life ? Fault::resumed_after_kill
                        : same                               ? Fault::resumed_same_gateway
                                                             : Fault::resumed_other_gateway);
  if (held.settled) world_.counters.count(Fault::resumed_settled_mark);
  if (std::any_of(held.stakes.begin(), held.stakes.end(), [](const Stake& s) { return s.whole; }))
    world_.counters.count(Fault::resumed_barrier_mark);
  if (held.pending) world_.counters.count(Fault::resumed_pending_mark);
}

void Clients::heal() {
  for (const HeldMark& held : marks_)
    world_.schedule.after(world_.random.millis(4000, 6000), [this, held] { resume(held); });
  world_.schedule.after(seconds(7), [this] { barrier(); });
  // The last that comes are records that nobody sees: a barrier ends all the same.
  world_.schedule.after(seconds(23), [this] { end_unseen(); });
  world_.schedule.after(seconds(25), [this] { barrier(seconds(12)); });
  for (const int second : {5, 17, 22})
    world_.schedule.after(seconds(second), [this] {
      for (int topic = 0; topic < world_.log.names(); ++topic) {
        const int current = world_.log.current(topic);
        if (current < 0) continue;
        const auto count = static_cast<core::Partition>(world_.log[current].partitions.size());
        for (core::Partition p = 0; p < count; ++p) {
          world_.append(current, p, RecordKind::other);
          if (ModelGateway* gateway = any_gateway()) publish_to(*gateway, world_.log.name(topic), p, seconds(15));
        }
      }
    });
}

void Clients::end_unseen() {
  for (int topic = 0; topic < world_.log.names(); ++topic) {
    const int current = world_.log.current(topic);
    if (current < 0) continue;
    const auto count = static_cast<core::Partition>(world_.log[current].partitions.size());
    for (core::Partition p = 0; p < count; ++p) {
      std::vector<core::Offset> records;
      for (int i = world_.random.small(0, 2); i > 0; --i)
        records.push_back(world_.append(current, p, RecordKind::open));
      world_.settle(current, p, records, false);
    }
  }
}

void Clients::count_refusal(const core::Refusal& refusal) {
  using Code = core::Refusal::Code;
  switch (refusal.code) {
    case Code::unknown_topic: return world_.counters.count(Fault::refused_unknown_topic);
    case Code::forbidden_topic: return;
    case Code::cut_off: return;
    case Code::unknown_partition: return world_.counters.count(Fault::refused_unknown_partition);
    case Code::unknown_consumer: return world_.counters.count(Fault::refused_unknown_consumer);
    case Code::recreated_topic: return world_.counters.count(Fault::refused_recreated_topic);
    case Code::topic_limit: return world_.counters.count(Fault::refused_topic_limit);
    case Code::gateway_limit: return world_.counters.count(Fault::refused_gateway_limit);
    case Code::not_ready: return world_.counters.count(Fault::refused_not_ready);
    case Code::draining: return world_.counters.count(Fault::refused_draining);
    case Code::too_many_partitions:
    case Code::beyond_end:
    case Code::unexpected_consumer:
    case Code::unknown_event: return;  // the checker fails the run
  }
}

}  // namespace tidemark::sim
