#include "clients.h"

#include <algorithm>
#include <map>
#include <utility>

#include "checker.h"
#include "core/mark.h"
#include "gateway.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

void Clients::start() {
  world_.schedule.after(milliseconds(150), [this] { publish_again(); });
  world_.schedule.after(milliseconds(20), [this] { others_again(); });
}

void Clients::publish_again() {
  if (world_.healing) return;
  publish(false);
  if (world_.random.chance(world_.plan.barrier)) barrier(false);
  const Duration pause = world_.random.chance(300)
                             ? world_.random.micros(0, 3000)
                             : world_.random.micros(500, 2 * (world_.plan.publish_every / microseconds(1)));
  world_.schedule.after(pause, [this] { publish_again(); });
}

Gateway* Clients::any_gateway() {
  Gateway& gateway = *world_.random.pick(world_.gateways);
  return gateway.ready() ? &gateway : nullptr;
}

void Clients::publish(bool must_settle) {
  Gateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  PublishSpec spec;
  spec.topic = world_.random.chance(500) ? 0 : world_.random.small(0, world_.log.topics() - 1);
  spec.partition = world_.random.small(0, world_.log[spec.topic].writable - 1);
  spec.id = world_.random.uuid();
  spec.wait = must_settle                  ? Duration(seconds(30))
              : world_.random.chance(600) ? world_.random.millis(500, 4000)
              : world_.random.chance(100) ? world_.random.micros(100, 8000)
                                           : world_.random.skewed(1000, world_.plan.short_wait / microseconds(1) + 2000);
  if (world_.random.chance(world_.plan.watermark)) spec.scope = core::Scope::watermark;
  if (world_.random.chance(world_.plan.narrowed)) spec.only.push_back(world_.random.pick(world_.services)->traits().name);
  spec.hold = must_settle || !world_.random.chance(60);
  spec.must_settle = must_settle;
  gateway->publish(spec);
}

void Clients::barrier(bool must_settle) {
  Gateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  BarrierSpec spec;
  spec.wait = must_settle ? Duration(seconds(30)) : world_.random.millis(20, 4000);
  spec.must_settle = must_settle;
  if (world_.random.chance(500)) spec.scope = core::Scope::watermark;
  if (world_.random.chance(500) || world_.log.records() == 0) {
    spec.topics.push_back(world_.random.small(0, world_.log.topics() - 1));
  } else {
    for (int left = world_.random.small(1, 3); left > 0; --left) {
      const int record = world_.random.small(0, world_.log.records() - 1);
      if (!world_.log.at(record).marker && world_.log.at(record).fate == Fate::visible) spec.records.push_back(record);
    }
    if (spec.records.empty()) return;
  }
  gateway->barrier(spec);
}

void Clients::appended(const Uuid& id, int record) {
  for (Kept& kept : kept_)
    for (Stake& stake : kept.stakes)
      if (stake.id == id) stake.event = record;
}

void Clients::answered(Gateway& gateway, const std::vector<Stake>& stakes, core::Scope scope, const core::Answer& answer,
                       bool settles) {
  if (answer.mark.empty() || settles) return;
  core::Mark carried = answer.mark;
  if (const auto text = core::encode(answer.mark); text.ok()) {
    const auto mark = core::decode(text.value());
    if (!mark.ok()) return world_.fail("P8", "a mark that cannot be read: " + mark.error().message);
    carried = mark.value();
  }
  if (scope == core::Scope::watermark && carried.scope != scope) return world_.fail("P8", "a mark that lost its scope");
  Kept kept{carried, stakes, gateway.number()};
  for (Stake& stake : kept.stakes) stake.scope = scope;
  kept_.push_back(kept);
  if (!world_.random.chance(world_.plan.resume) || world_.healing) return;
  world_.schedule.after(world_.random.skewed(100, 600'000), [this, number = kept_.size() - 1] {
    if (world_.healing) return;
    const Duration wait = world_.random.chance(200) ? Duration::zero() : world_.random.millis(1, 3000);
    resume(kept_[number], wait, false);
  });
}

void Clients::resume(Kept kept, Duration wait, bool must_settle) {
  Gateway* gateway = any_gateway();
  if (gateway == nullptr) return;
  ResumeSpec spec;
  if (world_.random.chance(150) && kept_.size() > 1) {
    const Kept& other = world_.random.pick(kept_);
    const auto both = core::merge(kept.mark, other.mark);
    if (both.ok()) {
      world_.count(Fault::marks_merged);
      kept.mark = both.value();
      kept.stakes.insert(kept.stakes.end(), other.stakes.begin(), other.stakes.end());
    }
  }
  spec.mark = kept.mark;
  spec.stakes = kept.stakes;
  spec.wait = wait;
  spec.hold = wait > Duration::zero();
  spec.must_settle = must_settle;
  if (world_.random.chance(world_.plan.watermark / 4)) {
    spec.scope = core::Scope::watermark;
    world_.count(Fault::resumed_stronger);
  }
  world_.count(gateway->number() == kept.gateway ? Fault::resumed_same_gateway : Fault::resumed_other_gateway);
  gateway->resume(spec);
}

void Clients::others_again() {
  if (world_.healing && all_answered()) return;
  write_other();
  const Duration mean = world_.healing ? std::max<Duration>(world_.plan.others_every, milliseconds(60)) : world_.plan.others_every;
  world_.schedule.after(world_.random.micros(200, 2 * (mean / microseconds(1))), [this] { others_again(); });
}

void Clients::write_other() {
  Record record;
  record.topic = world_.random.small(0, world_.log.topics() - 1);
  record.partition = world_.random.small(0, world_.log[record.topic].writable - 1);
  if (world_.random.chance(300)) record.id = world_.random.uuid();  // another gateway's publisher
  if (!world_.plan.others_write_transactions || !world_.random.chance(300)) {
    world_.count(Fault::other_records);
    world_.log.append(std::move(record), world_.now());
    return;
  }
  world_.count(Fault::other_transaction);
  record.fate = Fate::open;
  const int topic = record.topic;
  const core::Partition partition = record.partition;
  const std::vector<int> records{world_.log.append(std::move(record), world_.now())};
  const bool commit = world_.random.chance(500);
  world_.schedule.after(world_.random.skewed(500, world_.healing ? 10'000 : 400'000), [=, this] {
    world_.log.settle(topic, partition, records, commit, world_.now());
  });
}

bool Clients::all_answered() const { return to_come_ == 0 && world_.checker->open() == 0; }

void Clients::heal() {
  const int waits = world_.random.small(2, 4);
  to_come_ = waits + 1;
  for (int i = 0; i < waits; ++i)
    world_.schedule.after(world_.random.millis(0, 300), [this] {
      --to_come_;
      publish(true);
    });
  world_.schedule.after(world_.random.millis(0, 300), [this] {
    --to_come_;
    if (world_.plan.barrier > 0 && world_.random.chance(500)) return barrier(true);
    if (!kept_.empty()) resume(world_.random.pick(kept_), seconds(30), true);
  });
}

}  // namespace tidemark::sim::derived
