#include "publisher.h"

#include <algorithm>

namespace tidemark::sim::producer {

using std::chrono::milliseconds;
using wire::ErrorCode;

Publisher::Publisher(World& world, Cluster& cluster)
    : world_(world),
      cluster_(cluster),
      network_(
          world, cluster,
          [this](std::uint64_t request, const wire::msg::ProduceResponse& response) {
            producer_.answered(request, response, world_.now());
            turn_soon();
          },
          [this](std::uint64_t request, bool maybe_sent, const char* why) {
            producer_.request_failed(request, maybe_sent, {ErrorKind::unavailable, why}, world_.now());
            turn_soon();
          }),
      checker_(world, cluster, network_),
      producer_random_(world.random.next()),
      producer_(world.plan.config, [this] { return producer_random_.next(); }) {}

log::Record Publisher::draw_record(log::AppendId id) {
  Random& random = world_.random;
  log::Record record;
  static constexpr const char* kNames[] = {"orders", "views", "carts"};
  record.topic = kNames[random.below(static_cast<std::uint64_t>(world_.plan.topics))];
  if (random.chance(20)) record.topic = "nowhere";
  record.timestamp_ms = 1'700'000'000'000 + (world_.now().time_since_epoch() / milliseconds(1));
  std::string value = "e" + std::to_string(id);
  if (random.chance(40)) value = "bad" + value;
  value += "." + std::string(random.below(random.chance(120) ? 900 : 60), 'x');
  if (random.chance(15)) value += std::string(world_.plan.max_batch_bytes, 'L');
  record.value = value;
  switch (random.below(3)) {
    case 0: record.partition = random.chance(40) ? 9 : static_cast<core::Partition>(random.below(3)); break;
    case 1: record.key = "k" + std::to_string(random.below(5)); break;
    default: break;
  }
  if (record.topic == "nowhere") world_.count(Fault::unknown_topic);
  if (record.partition == 9) world_.count(Fault::partition_out_of_range);
  return record;
}

void Publisher::append() {
  const log::AppendId id = ++last_append_;
  give(id, draw_record(id), false);
}

void Publisher::append_well() {
  if (stopped_ || cluster_.current().empty()) return;
  auto topic = cluster_.current().begin();
  std::advance(topic, static_cast<std::ptrdiff_t>(world_.random.below(cluster_.current().size())));
  const log::AppendId id = ++last_append_;
  log::Record record;
  record.topic = topic->first;
  record.value = "e" + std::to_string(id) + ".";
  if (world_.random.chance(700)) {
    record.partition = static_cast<core::Partition>(world_.random.below(topic->second->partitions.size()));
  }
  give(id, std::move(record), true);
}

void Publisher::give(log::AppendId id, log::Record record, bool must_succeed) {
  Told told{record.topic, *record.value, record.partition, record.key, world_.now(), must_succeed, std::nullopt};
  const std::size_t bytes = record.topic.size() + record.value->size() + 512;  // at least what it is counted as
  const Result<void> taken = producer_.append(id, std::move(record), world_.now());
  world_.note("append", {{"append", static_cast<std::int64_t>(id)}, {"taken", taken.ok()}, {"partition", told.partition.value_or(-1)}},
              told.topic + " " + told.value.substr(0, 6));
  turn_soon();
  if (taken.ok()) {
    if (stopped_) world_.fail("an append was taken after the stop");
    return checker_.taken(id, std::move(told));
  }
  if (stopped_) return;
  if (taken.error().kind != ErrorKind::limit) return world_.fail("an append was refused: " + taken.error().message);
  world_.count(Fault::queue_full);
  const kafka::ProducerConfig& config = world_.plan.config;
  if (producer_.open_records() < config.max_records && producer_.open_bytes() + bytes < config.max_bytes) {
    world_.fail("an append was refused although there was room");
  }
}

// Of one append that was taken lately, mostly.
void Publisher::withdraw() {
  if (last_append_ == 0) return;
  const std::uint64_t back = world_.random.below(std::min<std::uint64_t>(last_append_, 25));
  const log::AppendId id = last_append_ - back;
  const bool open = checker_.open(id);
  const std::optional<core::Delivery> delivery = producer_.withdraw(id);
  turn_soon();
  if (!delivery) {
    // Its end is on the way, or it was never taken.
    world_.count(Fault::withdrawn_too_late);
    return;
  }
  if (!open) return world_.fail("append " + std::to_string(id) + " was withdrawn and has ended before");
  if (delivery->fate == core::Delivery::Fate::appended) return world_.fail("a withdrawn append was called appended");
  world_.count(delivery->fate == core::Delivery::Fate::unknown ? Fault::withdrawn_sent : Fault::withdrawn_queued);
  world_.note("withdrawn", {{"append", static_cast<std::int64_t>(id)}});
  checker_.ended(id, *delivery);
}

void Publisher::stop() {
  stopped_ = true;
  world_.count(Fault::stopped);
  world_.note("stop", {});
  producer_.refuse_appends();
  if (world_.random.chance(500)) {
    world_.schedule.after(world_.random.millis(0, 1'000), [this] {
      world_.count(Fault::abandoned);
      world_.note("abandon", {});
      producer_.abandon("stopped");
      turn_soon();
    });
  }
  turn_soon();
}

void Publisher::turn_soon() {
  if (turn_due_) return;
  turn_due_ = true;
  world_.schedule.after(world_.random.micros(0, 200), [this] { turn(); });
}

void Publisher::turn() {
  turn_due_ = false;
  producer_.flush(world_.now());
  const kafka::ProduceEffects effects = producer_.take_effects();
  for (const kafka::ProduceEffects::Send& send : effects.sends) network_.send(send);
  if (effects.ask_producer_id) {
    world_.schedule.after(world_.random.skewed(100, 40'000), [this] { answer_producer_id(); });
  }
  if (effects.refresh_metadata) {
    world_.schedule.after(world_.random.skewed(100, 40'000), [this] { answer_refresh(); });
  }
  for (const kafka::ProduceEffects::Delivered& delivered : effects.deliveries) {
    checker_.ended(delivered.id, delivered.delivery);
  }
  check_bounds();
  wake();
}

void Publisher::wake() {
  const std::uint64_t alarm = ++alarm_;
  const std::optional<core::Time> when = producer_.next_wake();
  if (!when) return;
  if (*when <= world_.now()) return world_.fail("the producer asks to be woken in the past");
  world_.schedule.at(*when, [this, alarm] {
    if (alarm == alarm_) turn();
  });
}

void Publisher::check_bounds() {
  if (producer_.open_records() > world_.plan.config.max_records) world_.fail("more records are open than may be");
  if (producer_.open_bytes() > world_.plan.config.max_bytes) world_.fail("more bytes are open than may be");
}

void Publisher::answer_producer_id() {
  turn_soon();
  if (world_.faults && world_.plan.denies && world_.random.chance(250)) {
    world_.count(Fault::producer_id_denied);
    world_.note("producer id denied", {});
    const auto denied = static_cast<std::int16_t>(ErrorCode::cluster_authorization_failed);
    return producer_.producer_id_failed(denied, "denied", world_.now());
  }
  if (world_.bad_luck(250)) {
    world_.count(Fault::producer_id_failed);
    world_.note("producer id failed", {});
    const auto loading = static_cast<std::int16_t>(ErrorCode::coordinator_load_in_progress);
    return producer_.producer_id_failed(world_.random.chance(500) ? loading : std::int16_t{0}, "not now", world_.now());
  }
  world_.count(Fault::producer_id_given);
  world_.note("producer id", {{"id", last_producer_id_ + 1}});
  producer_.producer_id(++last_producer_id_, 0, world_.now());
}

void Publisher::answer_refresh() {
  if (world_.bad_luck(170)) {
    world_.count(Fault::metadata_failed);
    producer_.metadata_refreshed(false, world_.now());
    return turn_soon();
  }
  tell_metadata(world_.bad_luck(500) ? world_.random.millis(0, 50) : core::Duration{});
  producer_.metadata_refreshed(true, world_.now());
  turn_soon();
}

void Publisher::tell_metadata(core::Duration lag) {
  if (lag > core::Duration{}) world_.count(Fault::metadata_lagging);
  world_.note("metadata", {{"lag us", lag / std::chrono::microseconds(1)}});
  producer_.metadata(cluster_.metadata(lag), world_.now());
  turn_soon();
}

void Publisher::ask_watermark(const Cluster::Place& place) {
  const Topic& topic = *place.topic;
  const core::Offset offset = place.partition().committed;
  world_.schedule.after(world_.random.skewed(100, 40'000), [this, name = topic.name, id = topic.id,
                                                             index = place.index, offset] {
    world_.count(Fault::watermark_told);
    producer_.high_watermark(name, id, static_cast<core::Partition>(index), offset);
    turn_soon();
  });
}

}  // namespace tidemark::sim::producer
