// The gateway's writing side: what becomes of an append, and what is said of it.

#include <algorithm>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "world.h"

namespace tidemark::sim {

using core::Delivery;
using core::Duration;
using core::Effects;
using core::Partition;
using std::chrono::milliseconds;

void ModelGateway::send(const std::shared_ptr<Append>& append) {
  if (append->withdrawn) return;
  if (!connected_) {
    later(milliseconds(20), [this, append] { send(append); });
    return;
  }
  append->incarnation = world_.log.current(append->topic);
  Delivery refused;
  refused.fate = Delivery::Fate::not_appended;
  refused.detail = "refused";
  const int partitions =
      append->incarnation < 0 ? 0 : static_cast<int>(world_.log[append->incarnation].partitions.size());
  if (append->asked_partition.value_or(0) >= partitions) {
    refused.reason = Delivery::Reason::unknown_topic;
    deliver(append, refused);
    return;
  }
  append->partition = append->asked_partition.value_or(world_.random.small(0, partitions - 1));
  append->lowest = world_.log.at(append->incarnation, append->partition).end();
  leaders_.try_emplace({append->incarnation, append->partition},
                       world_.log.at(append->incarnation, append->partition).epoch);
  append->sent = true;
  if (world_.random.chance(world_.plan.append_fault) && !world_.healing && world_.random.chance(300)) {
    world_.counters.count(Fault::append_not_appended);
    refused.reason = world_.random.chance(500) ? Delivery::Reason::too_large : Delivery::Reason::forbidden;
    refused.partition = append->partition;
    later(world_.random.skewed(200, 5000), [this, append, refused] { deliver(append, refused); });
    return;
  }
  sent(append);
}

void ModelGateway::append_now(const std::shared_ptr<Append>& append, Delivery& delivery) {
  if (world_.log.current(append->topic) != append->incarnation) return;  // recreated meanwhile: not there
  delivery.offset = world_.append(append->incarnation, append->partition, RecordKind::event, append->id);
  delivery.fate = Delivery::Fate::appended;
  // A broker that was elected again takes what was meant for the leader it was before; another one refuses
  // it, and it is sent anew with the epoch that this told. One batch of a partition is on its way at a time.
  std::int32_t& known = leaders_[{append->incarnation, append->partition}];
  const std::int32_t leader = world_.log.at(append->incarnation, append->partition).epoch;
  if (known < leader && world_.random.chance(500))
    world_.counters.count(Fault::append_under_later_leader);
  else
    known = leader;
  delivery.leader_epoch = known;
  world_.trace.note(world_.now(), "append", {{"topic", append->topic}, {"p", append->partition},
                                             {"offset", delivery.offset}, {"wait", static_cast<std::int64_t>(append->wait.value())}});
}

void ModelGateway::sent(const std::shared_ptr<Append>& append) {
  Delivery unknown;
  unknown.fate = Delivery::Fate::unknown;
  unknown.partition = append->partition;
  unknown.topic_id = world_.log[append->incarnation].id;
  unknown.offset = append->lowest;
  unknown.reason = Delivery::Reason::timeout;
  unknown.detail = "no reply";
  const bool fault = world_.random.chance(world_.plan.append_fault) && !world_.healing;
  const int kind = fault ? world_.random.small(0, 2) : -1;
  const Duration reply = world_.random.skewed(100, 4000);
  if (kind == 0) {  // never in the log, and nobody knows
    world_.counters.count(Fault::append_unknown_lost);
    later(world_.random.millis(20, 2000), [this, append, unknown] { deliver(append, unknown); });
    return;
  }
  const Duration way = kind == 2 ? world_.random.millis(5, 2500) : world_.random.skewed(100, 3000);
  // The record is on its way to the broker: it arrives whatever happens to the gateway.
  world_.schedule.after(way, [this, append, unknown, kind, reply, life = life_] {
    Delivery delivery = unknown;
    append_now(append, delivery);
    if (kind == 1) world_.counters.count(Fault::append_unknown_in_log);
    if (kind == 2) world_.counters.count(Fault::append_late_in_log);
    if (kind >= 1 || life != life_ || !alive()) return;
    const bool late = world_.random.chance(world_.plan.delivery_late) && !world_.healing;
    later(late ? world_.random.millis(5, 3000) : reply, [this, append, delivery] { deliver(append, delivery); });
  });
  if (kind >= 1) later(world_.random.millis(5, 2000), [this, append, unknown] { deliver(append, unknown); });
}

void ModelGateway::deliver(const std::shared_ptr<Append>& append, const Delivery& delivery) {
  if (!connected_) {
    later(milliseconds(20), [this, append, delivery] { deliver(append, delivery); });
    return;
  }
  const bool appended = delivery.fate == Delivery::Fate::appended;
  if (!appends_.contains(append->wait.value()) || !world_.checker->open(*this, append->wait)) {
    // Answered, cancelled or withdrawn: the engine must not care.
    world_.counters.count(Fault::delivery_after_answer);
  } else {
    world_.checker->told_delivery(*this, append->wait, delivery);
    if (appended && told_->incarnation(append->topic) == append->incarnation) {
      if (told_->appended(append->incarnation, append->partition, delivery.offset, delivery.leader_epoch, world_.now()))
        cut_shown(Fault::cut_shown_by_append, append->partition, delivery.offset, world_.log.name(append->topic));
      // Of a log that is gone it says nothing.
      const ToldCuts::Key log{append->incarnation, append->partition};
      if (!told_->cuts().shown(log, delivery.offset, delivery.leader_epoch, core::Time::max()))
        told_->end(append->incarnation, append->partition, delivery.offset + 1, 0, world_.now());
    }
  }
  appends_.erase(append->wait.value());
  Effects effects;
  port_->delivered(append->wait, delivery, world_.now(), effects);
  carry_out(effects);
}

Delivery ModelGateway::withdraw(core::WaitId wait) {
  Delivery delivery;
  delivery.reason = Delivery::Reason::timeout;
  delivery.detail = "not in time";
  const auto found = appends_.find(wait.value());
  if (found == appends_.end()) {
    world_.checker->fail("P4", "the engine asks to withdraw an append that is not open");
    return delivery;
  }
  Append& append = *found->second;
  append.withdrawn = true;
  if (!append.sent) {
    delivery.fate = Delivery::Fate::not_appended;
    world_.counters.count(Fault::append_withdrawn_unsent);
  } else {
    delivery.fate = Delivery::Fate::unknown;
    delivery.partition = append.partition;
    delivery.topic_id = world_.log[append.incarnation].id;
    delivery.offset = append.lowest;
    world_.counters.count(Fault::append_withdrawn_sent);
  }
  appends_.erase(found);
  return delivery;
}

}  // namespace tidemark::sim
