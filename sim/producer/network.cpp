// Requests and answers under way; what the broker does is in network_broker.cpp.
#include "network.h"

#include <algorithm>

#include "wire/record_batch_reader.h"

namespace tidemark::sim::producer {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::size_t Network::open(std::int32_t broker) const {
  return static_cast<std::size_t>(
      std::count_if(flights_.begin(), flights_.end(), [&](const auto& entry) { return entry.second->broker == broker; }));
}

SentBatch Network::decode(const kafka::ProduceEffects::Part& part) {
  SentBatch sent;
  sent.topic = std::string(part.topic);
  sent.topic_id = part.topic_id;
  sent.partition = part.partition;
  sent.bytes = part.batch.size();
  const std::string bytes(part.batch);
  wire::RecordBatchReader reader(bytes);
  wire::RecordBatch batch;
  if (reader.next(batch) != wire::BatchStatus::batch) world_.fail("a batch that cannot be read was sent");
  sent.batch.producer_id = batch.producer_id;
  sent.batch.epoch = batch.producer_epoch;
  sent.batch.first_sequence = batch.base_sequence;
  wire::RecordReader records(batch);
  wire::Record record;
  while (records.next(record) == wire::RecordStatus::record) {
    sent.batch.values.emplace_back(record.value.value_or("(null)"));
  }
  if (sent.batch.values.empty()) world_.fail("an empty batch was sent");
  if (sent.batch.producer_id < 0 || sent.batch.first_sequence < 0) world_.fail("a batch without a stamp was sent");
  return sent;
}

// The bounds that ProducerConfig states (P7).
bool Network::check(const kafka::ProduceEffects::Send& send) {
  const kafka::ProducerConfig& config = world_.plan.config;
  std::size_t bytes = 0;
  std::set<std::pair<std::string_view, core::Partition>> once;
  for (const kafka::ProduceEffects::Part& part : send.parts) {
    bytes += part.batch.size();
    if (!once.emplace(part.topic, part.partition).second) world_.fail("one request has two batches of a partition");
  }
  if (send.parts.empty()) world_.fail("an empty request was sent");
  if (send.parts.size() > config.max_request_batches) world_.fail("a request has too many batches");
  if (bytes > config.max_request_bytes && send.parts.size() > 1) world_.fail("a request is too large");
  if (open(send.broker) > config.max_requests_per_broker) world_.fail("too many requests are open to one broker");
  return !world_.failure;
}

void Network::send(const kafka::ProduceEffects::Send& send) {
  const auto flight = std::make_shared<Flight>();
  flight->number = send.request;
  flight->broker = send.broker;
  flights_[send.request] = flight;
  for (const auto& part : send.parts) {
    const SentBatch& sent = flight->batches.emplace_back(decode(part));
    world_.note("send", {{"request", static_cast<std::int64_t>(send.request)}, {"broker", send.broker},
                         {"partition", sent.partition}, {"id", sent.batch.producer_id},
                         {"sequence", sent.batch.first_sequence},
                         {"records", static_cast<std::int64_t>(sent.batch.values.size())}},
                sent.topic + " " + (sent.batch.values.empty() ? "" : sent.batch.values.front().substr(0, 6)));
    ever_sent_.insert(sent.batch.values.begin(), sent.batch.values.end());
    if (sent.bytes > world_.plan.config.max_batch_bytes && sent.batch.values.size() > 1) {
      world_.fail("a batch is larger than the configuration allows");
    }
  }
  if (!check(send)) return;
  if (!cluster_.up(send.broker) || world_.bad_luck(40)) {
    world_.count(Fault::request_never_sent);
    world_.schedule.after(microseconds(1), [this, flight] { fail(flight, false, "not connected"); });
    return;
  }
  core::Time when = world_.now() + world_.random.skewed(100, 30'000);
  if (world_.plan.in_order) {
    core::Time& last = last_arrival_[send.broker];
    last = when = std::max(when, last);
  }
  world_.schedule.at(when, [this, flight] { arrive(flight); });
  world_.schedule.after(world_.plan.request_timeout, [this, flight] {
    if (flight->ended) return;
    world_.count(Fault::response_timed_out);
    break_connection(flight->broker);
  });
}

void Network::end(Flight& flight) {
  flight.ended = true;
  flights_.erase(flight.number);
}

void Network::fail(const FlightPtr& flight, bool maybe_sent, const char* why) {
  if (flight->ended) return;
  end(*flight);
  world_.note("failed", {{"request", static_cast<std::int64_t>(flight->number)}, {"maybe_sent", maybe_sent}}, why);
  failed_(flight->number, maybe_sent, why);
}

void Network::break_connection(std::int32_t broker) {
  std::vector<FlightPtr> on_it;
  for (const auto& [number, flight] : flights_) {
    if (flight->broker == broker) on_it.push_back(flight);
  }
  for (const FlightPtr& flight : on_it) {
    world_.count(Fault::connection_broken_in_flight);
    flight->survives = world_.random.chance(400);
    fail(flight, true, "the connection broke");
  }
  last_arrival_.erase(broker);
  last_answer_.erase(broker);
}

void Network::restart(std::int32_t broker) {
  if (!cluster_.up(broker)) return;
  break_connection(broker);
  cluster_.stop_broker(broker);
  world_.schedule.after(world_.random.millis(20, 900), [this, broker] {
    if (!cluster_.up(broker)) cluster_.start_broker(broker);
  });
}

void Network::hang(std::int32_t broker) {
  world_.count(Fault::broker_hung);
  busy_until_[broker] = world_.now() + world_.random.millis(50, 1'500);
  world_.note("broker hangs", {{"broker", broker}});
}

void Network::heal() { busy_until_.clear(); }

void Network::arrive(const FlightPtr& flight) {
  const auto busy = busy_until_.find(flight->broker);
  if (busy != busy_until_.end() && busy->second > world_.now()) {
    world_.schedule.at(busy->second, [this, flight] { arrive(flight); });
    return;
  }
  if (!cluster_.up(flight->broker)) return;
  if (flight->ended && !flight->survives) {
    world_.count(Fault::request_lost);
    return;
  }
  // Not read before its connection breaks, or long after.
  if (!flight->ended && world_.bad_luck(25)) {
    world_.schedule.after(milliseconds(1), [this, flight] {
      if (!flight->ended) break_connection(flight->broker);
      flight->survives = world_.random.chance(600);
    });
    world_.schedule.after(world_.random.millis(2, 2'000), [this, flight] {
      if (flight->survives) {
        arrive(flight);
      } else {
        world_.count(Fault::request_lost);
      }
    });
    return;
  }
  if (flight->ended) world_.count(Fault::request_read_late);
  process(flight);
}

void Network::answer(const FlightPtr& flight) {
  core::Time when = world_.now() + world_.random.skewed(100, 30'000);
  if (world_.bad_luck(40)) when += world_.random.millis(1, 400);
  core::Time& last = last_answer_[flight->broker];
  if (world_.plan.in_order) {
    when = std::max(when, last);
  } else if (when < last) {
    world_.count(Fault::response_overtaken);
  }
  last = std::max(when, last);
  world_.schedule.at(when, [this, flight] { deliver(flight); });
}

void Network::deliver(const FlightPtr& flight) {
  if (flight->ended) {  // its connection is gone, and the request has failed
    if (!world_.random.chance(500)) return world_.count(Fault::response_lost);
    world_.count(Fault::response_late_on_broken_connection);
    world_.schedule.after(world_.random.millis(0, 100), [this, flight] { answered_(flight->number, flight->response); });
    return;
  }
  if (world_.bad_luck(60)) {
    world_.count(Fault::response_lost);
    return break_connection(flight->broker);
  }
  if (flight->response.responses.size() > 1 && world_.bad_luck(60)) {
    world_.count(Fault::response_leaves_partition_out);
    flight->response.responses.pop_back();
  }
  end(*flight);
  world_.note("answer", {{"request", static_cast<std::int64_t>(flight->number)}});
  answered_(flight->number, flight->response);
  if (world_.bad_luck(80)) {
    world_.count(Fault::response_repeated);
    world_.schedule.after(world_.random.millis(0, 200), [this, flight] { answered_(flight->number, flight->response); });
  }
  if (flight->all_written && world_.bad_luck(60)) repeat(flight);
}

// A copy of what the broker has written already, as a proxy that retries makes.
void Network::repeat(const FlightPtr& flight) {
  const auto copy = std::make_shared<Flight>();
  copy->number = flight->number;
  copy->broker = flight->broker;
  copy->batches = flight->batches;
  copy->ended = copy->survives = true;
  world_.schedule.after(world_.random.millis(0, 2'000), [this, copy] {
    if (!cluster_.up(copy->broker)) return;
    world_.count(Fault::request_repeated);
    process(copy);
  });
}

}  // namespace tidemark::sim::producer
