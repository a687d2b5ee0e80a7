// What the parts of one run share: the seed's plan, its chance, its time.
//
// Threading: none; one per run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "fault.h"
#include "kafka/producer.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tidemark::sim::producer {

// What a seed decides before the run begins.
struct Plan {
  kafka::ProducerConfig config;
  int topics = 2;
  int brokers = 3;
  bool by_id = true;           // Produce v13; before, topics go by name
  bool tells_ids = true;       // metadata names topics by id too (2.8)
  bool tells_epochs = true;    // metadata has leader epochs (2.1)
  bool names_bad = true;       // record errors name the records (v8)
  bool in_order = true;        // a connection's answers come in the requests' order
  bool old_brokers = false;    // before 2.4: UNKNOWN_PRODUCER_ID, DUPLICATE_SEQUENCE_NUMBER
  bool deletes = false;        // topics are deleted and made again
  bool unclean = false;        // elections may lose what was committed
  bool stops = false;          // the producer is stopped while there are faults
  bool denies = false;         // producer ids are denied now and then
  core::Duration fault_every{};
  core::Duration length{};           // while there are faults
  core::Duration replica_timeout{};  // how long a leader waits for its replicas
  core::Duration request_timeout{};  // an answer that takes longer costs the connection
  std::size_t max_batch_bytes = 0;   // of every topic, at first
  int appends = 0;
  int withdrawals = 0;
};

Plan draw_plan(Random& random);

struct World {
  // Neighbouring seeds of Random give the same numbers, shifted by one: the first
  // number of each begins a sequence of its own.
  World(std::uint64_t seed, bool verbose) : random(Random(seed).next()), trace(verbose), plan(draw_plan(random)) {}

  // A fault of the network or a broker, so many in a thousand, while there are any.
  bool bad_luck(int permille) { return faults && random.chance(permille); }
  core::Time now() const { return schedule.now(); }
  void note(const char* what, std::initializer_list<Trace::Field> fields, std::string_view text = {}) {
    trace.note(now(), what, fields, text);
  }
  void count(Fault fault) { counters.count(fault); }
  void excuse(Excuse excuse) { counters.count(excuse); }
  // The first broken promise ends the run.
  void fail(std::string why) {
    if (!failure) failure = std::move(why);
  }

  Random random;
  Schedule schedule;
  Trace trace;
  Counters counters;
  Plan plan;
  bool faults = true;
  std::optional<std::string> failure;
};

}  // namespace tidemark::sim::producer
