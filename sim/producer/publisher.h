// The owner of the producer under test: what produce_driver.cpp is in the
// gateway, and the callers that append and withdraw.
//
// All that arrives in one turn is flushed together, and the producer is woken
// when it asked to be, never by accident: a wake-up that it forgets to ask for
// shows as an append that never ends.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <memory>

#include "checker.h"
#include "cluster.h"
#include "kafka/producer.h"
#include "network.h"
#include "world.h"

namespace tidemark::sim::producer {

class Publisher {
 public:
  Publisher(World& world, Cluster& cluster);

  Network& network() { return network_; }
  Checker& checker() { return checker_; }
  bool idle() const { return producer_.open_records() == 0; }
  std::size_t open_records() const { return producer_.open_records(); }

  void append();
  // Of a cluster without faults: it must succeed.
  void append_well();
  void withdraw();
  void stop();

  // Metadata comes by itself, as from the cluster's periodic refresh.
  void tell_metadata(core::Duration lag);
  // A high watermark is asked for now and answered later.
  void ask_watermark(const Cluster::Place& place);

 private:
  log::Record draw_record(log::AppendId id);
  void give(log::AppendId id, log::Record record, bool must_succeed);
  void turn_soon();
  void turn();
  void wake();
  void answer_producer_id();
  void answer_refresh();
  void check_bounds();

  World& world_;
  Cluster& cluster_;
  Network network_;
  Checker checker_;
  Random producer_random_;
  kafka::Producer producer_;
  log::AppendId last_append_ = 0;
  std::int64_t last_producer_id_ = 1000;
  std::uint64_t alarm_ = 0;
  bool turn_due_ = false;
  bool stopped_ = false;
};

}  // namespace tidemark::sim::producer
