// What a group says record by record: explicit acks, and metadata of its commits.

#include <algorithm>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using core::Offset;
using core::Partition;

bool ModelGroup::failed_once(int incarnation, Partition partition, Offset offset) const {
  return failed_.contains({incarnation, partition, offset});
}

// The work on [from, to) is over: each record was processed, or failed and is
// tried again, or given up.
void ModelGroup::finish_acked(Place place, int incarnation, Offset from, Offset to, std::int32_t as_of) {
  for (Offset first = from; first < to;) {
    // Where nobody declared that it acks, its commits are believed until its first
    // ack is read: then they had better be true of every record.
    const bool fails = !world_.healing && traits_.acks_declared && world_.random.chance(60);
    const Offset last = fails ? first : std::min<Offset>(to - 1, first + world_.random.small(0, 3));
    if (fails) {
      world_.counters.count(Fault::ack_failed);
      failed_.insert({incarnation, place.second, first});
      say(place, incarnation, {first, first}, as_of, true, world_.random.skewed(200, 20'000));
      if (world_.random.chance(600)) {
        // Tried again with success. Its ack is sent behind the one of the failure.
        world_.schedule.after(world_.random.millis(30, 1500), [=, this] {
          world_.counters.count(Fault::ack_failed_then_processed);
          remember(incarnation, place.second, first, first + 1, as_of);
          say(place, incarnation, {first, first}, as_of, false, world_.random.skewed(200, 20'000));
        });
      }
    } else {
      remember(incarnation, place.second, first, last + 1, as_of);
      const bool late = !world_.healing && world_.random.chance(100);
      if (late) world_.counters.count(Fault::ack_late);
      const Duration delay = world_.healing ? core::Duration(std::chrono::milliseconds(1))
                             : late         ? world_.random.millis(100, 4000)
                                            : world_.random.skewed(200, 30'000);
      say(place, incarnation, {first, last}, as_of, false, delay);
      if (!world_.healing && world_.random.chance(100)) {
        world_.counters.count(Fault::ack_twice);
        say(place, incarnation, {first, last}, as_of, false, delay + world_.random.skewed(200, 500'000));
      }
    }
    first = last + 1;
  }
}

void ModelGroup::say(Place place, int incarnation, core::Range offsets, std::int32_t as_of, bool failed, Duration delay) {
  const bool names_topic = world_.random.chance(700);
  world_.schedule.after(delay, [=, this] {
    // One without the topic's id would speak of whatever has the name by now.
    if (!names_topic && world_.log.current(place.first) != incarnation) return;
    Offset& highest = acked_to_[{incarnation, place.second}];
    if (offsets.last < highest) world_.counters.count(Fault::ack_out_of_order);
    highest = std::max(highest, offsets.last);
    AckRecord record;
    record.consumer = traits_.name;
    record.topic = world_.log.name(place.first);
    if (names_topic) record.topic_id = world_.log[incarnation].id;
    record.partition = place.second;
    record.offsets = offsets;
    record.failed = failed;
    record.group = number_;
    record.incarnation = incarnation;
    record.read_from = as_of;
    world_.trace.note(world_.now(), failed ? "acks failed" : "acks",
                      {{"topic", place.first}, {"p", place.second}, {"first", offsets.first}, {"last", offsets.last}},
                      traits_.name);
    send_ack(std::move(record));
  });
}

// By a gateway, which may say no, or straight into the topic of acks.
void ModelGroup::send_ack(AckRecord record) {
  ModelGateway& gateway = *world_.random.pick(world_.gateways);
  if (gateway.alive() && world_.random.chance(400)) {
    if (gateway.check(record.ack())) {
      world_.counters.count(Fault::ack_refused);
    } else {
      world_.counters.count(Fault::ack_by_gateway);
      world_.acks.append(std::move(record));
      return;
    }
  }
  world_.acks.append(std::move(record));
}

void ModelGroup::poison_acks() {
  AckRecord record;
  const int topic = world_.random.small(0, world_.plan.topics - 1);
  const int current = world_.log.current(topic);
  if (current < 0) return;
  record.consumer = traits_.name;
  record.topic = world_.log.name(topic);
  record.partition = 0;
  record.offsets = {0, 3};
  const int kind = world_.random.small(0, 5);
  switch (kind) {
    case 0: record.consumer = "nobody-knows"; break;
    case 1: record.topic = "never-made"; break;
    case 2: record.partition = 1000; break;
    case 3: record.offsets = {3, 0}; break;
    case 4: record.topic_id = world_.random.uuid(); break;
    default:  // beyond the end, and so far that no end will ever reach it
      record.offsets = {world_.log.at(current, 0).end(), 1'000'000};
      record.group = number_;
      world_.counters.count(Fault::ack_beyond_end);
      break;
  }
  if (kind < 5) world_.counters.count(Fault::ack_garbage);
  ModelGateway& gateway = *world_.random.pick(world_.gateways);
  const bool told_no = kind != 4;  // a topic id is judged when the ack is read
  if (gateway.alive() && told_no && !gateway.check(record.ack()))
    world_.checker->fail("P7", "an ack that cannot be was taken, kind " + std::to_string(kind));
  world_.trace.note(world_.now(), "garbage ack", {{"kind", kind}}, traits_.name);
  world_.acks.append(std::move(record));
}

}  // namespace tidemark::sim
