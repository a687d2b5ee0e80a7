// What a run consists of, and what all its parts share.
//
// Every seed draws its own plan: which faults happen and how often, how late
// things are, how tight the limits (swarm testing, Groce et al. 2012: a run
// with few kinds of fault reaches deeper than one with all of them at once).
//
// Ownership: the run owns the World, the World everything in it. Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ack_log.h"
#include "commit_log.h"
#include "core/engine.h"
#include "fault.h"
#include "model_log.h"
#include "random.h"
#include "schedule.h"
#include "share_log.h"
#include "trace.h"

namespace tidemark::sim {

class Checker;
class Clients;
class ModelGateway;
class ModelGroup;

struct Plan {
  int topics = 1;
  int gateways = 1;
  int commit_partitions = 3;
  core::Duration length = std::chrono::seconds(30);      // of the phase with faults
  core::Duration settle_for = std::chrono::seconds(40);  // of the phase without
  core::Duration publish_every = std::chrono::milliseconds(200);
  core::Duration fault_every = std::chrono::milliseconds(500);
  int tail_stall = 0;       // permille of reads that stall
  core::Duration stall_for{};
  int delivery_late = 0;    // permille
  int append_fault = 0;
  int read_again = 0;
  int ends_late = 0;
  core::Duration ends_delay = std::chrono::milliseconds(5);
  core::Duration topics_delay = std::chrono::milliseconds(500);
  core::Duration seed_delay = std::chrono::milliseconds(100);
  int resume = 0;
  int cancel = 0;
  bool gateway_faults = false;
  bool group_faults = false;
  bool admin_faults = false;
  bool topic_faults = false;
  bool cuts = false;
  bool ack_faults = false;
  int barrier = 0;  // permille of publishes that are followed by one
  int look_fault = 0;
  bool in_step = false;       // whoever publishes does it in step with a consumer's timer
  bool purges = false;        // what is committed is soon deleted, as Kafka Streams does with its repartition topics
  bool polled = false;         // gateways may not read the commit log
  bool polls_with_ids = false; // and the answers name topics by their ids
  bool tight_tables = false;  // max_consumers or max_frontiers may be hit
  core::EngineConfig engine;
};

struct World {
  World(std::uint64_t seed, bool verbose);
  ~World();

  Counters counters;
  Random random;
  Schedule schedule;
  Trace trace;
  Plan plan;
  ModelLog log;
  CommitLog commits;
  AckLog acks;
  ShareLog shares;
  std::vector<std::unique_ptr<ModelGroup>> groups;
  std::vector<std::unique_ptr<ModelGateway>> gateways;
  std::unique_ptr<Checker> checker;
  std::unique_ptr<Clients> clients;
  bool healing = false;  // the faults have stopped
  std::int64_t next_producer = 0;

  core::Time now() const { return schedule.now(); }

  // Appends and wakes whoever waits for records.
  core::Offset append(int incarnation, core::Partition partition, RecordKind kind, const Uuid& id = {});
  void settle(int incarnation, core::Partition partition, const std::vector<core::Offset>& records, bool commit);
  // A partition gets a new leader, which may lack its last records.
  void elect(int topic, core::Partition partition, core::Offset end);
  std::optional<int> group_named(std::string_view name) const;
  // A topic appeared, went, or grew.
  void topic_changed(int topic);
};

// Draws the plan, the topics and the groups.
void draw_plan(World& world);

}  // namespace tidemark::sim
