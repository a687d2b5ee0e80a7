// What a run consists of, and what all its parts share.
//
// Every seed draws its own topology and its own bad luck (swarm testing, Groce et
// al. 2012: a run with few kinds of fault reaches deeper than one with all of
// them at once).
//
// Ownership: the run owns the World, the World everything in it. Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.h"
#include "fault.h"
#include "sim/commit_log.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"
#include "topic_log.h"

namespace tidemark::sim::derived {

class Checker;
class Clients;
class Gateway;
class Service;

// A consumer's edge: what it writes because of what it reads.
struct Edge {
  int input = 0;
  int output = 0;
  core::Emits emits = core::Emits::before_commit;
  core::Duration within{};  // of `later`: the most that it really takes
  bool cyclic = false;      // the output can come to be an input again
  int most = 3;             // outputs to one record
};

// Where a service puts what it gives up.
struct DeadLetters {
  int topic = -1;
  bool says_id = true;
  bool says_position = true;
  bool says_group = true;
  bool declared = true;  // else known by the topic's name
};

struct Traits {
  std::string name;
  std::vector<int> inputs;
  std::vector<Edge> edges;
  std::vector<std::pair<int, DeadLetters>> dead;  // by input
  bool transactional = false;
  bool per_record = false;
  bool at_position = false;       // commits its position, else the last record's offset + 1
  bool copies_id = true;
  bool declares_copies = false;
  bool read_uncommitted = false;
  bool declared_earliest = false;
  bool joins_late = false;
  int give_up = 0;                // permille of records
  int abort = 0;                  // permille of transactions
  core::Duration work = std::chrono::milliseconds(1);
};

struct Plan {
  int gateways = 1;
  int commit_partitions = 2;
  core::Duration length = std::chrono::seconds(4);
  core::Duration publish_every = std::chrono::milliseconds(100);
  core::Duration others_every = std::chrono::milliseconds(50);
  core::Duration fault_every = std::chrono::milliseconds(300);
  core::Duration ends_delay = std::chrono::milliseconds(3);
  core::Duration tail_delay = std::chrono::milliseconds(3);
  core::Duration marker_delay = std::chrono::milliseconds(5);
  core::Duration short_wait = std::chrono::milliseconds(400);
  int tail_stall = 0;   // permille of reads
  int ends_late = 0;
  int delivery_late = 0;
  int look_fault = 0;
  int watermark = 0;    // permille of publishes
  int narrowed = 0;
  int barrier = 0;
  int resume = 0;
  bool kills = false;
  bool service_faults = false;
  bool grows = false;
  bool others_write_transactions = false;
  bool ids_everywhere = false;  // every service copies ids
  std::vector<int> component;   // of each topic; the same for those that can reach each other
  int most_records = 2000;      // beyond it nothing more is caused by records
  core::EngineConfig engine;
};

struct World {
  World(std::uint64_t seed, bool verbose);
  ~World();

  sim::Counters commit_counters;
  Counters counters;
  Random random;
  Schedule schedule;
  Trace trace;
  Plan plan;
  TopicLog log;
  CommitLog commits;
  std::vector<std::unique_ptr<Service>> services;
  std::vector<std::unique_ptr<Gateway>> gateways;
  std::unique_ptr<Checker> checker;
  std::unique_ptr<Clients> clients;
  bool healing = false;  // the faults have stopped
  std::int64_t next_producer = 0;
  std::optional<std::string> failure;

  core::Time now() const { return schedule.now(); }
  void note(const char* what, std::initializer_list<Trace::Field> fields, std::string_view text = {}) {
    trace.note(now(), what, fields, text);
  }
  void count(Fault fault) { counters.count(fault); }
  // A fault, so many in a thousand, while there are any.
  bool bad_luck(int permille) { return random.chance(permille) && !healing; }
  // The first broken promise ends the run.
  void fail(const std::string& promise, const std::string& why) {
    if (!failure) failure = promise + ": " + why;
  }
};

// Draws the plan, the topics and the services.
void draw(World& world);

}  // namespace tidemark::sim::derived
