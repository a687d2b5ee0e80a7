// The cluster's side of an append's fate: who leads, what is replicated, what an
// election loses, which topic a name means now.
//
// A partition has one log. What its leader wrote and the replicas have not is
// the part above `committed`; a clean election may keep or lose any of it, an
// unclean one (only where the plan allows it) loses more. A write waits for its
// replicas in the partition, as in Kafka's purgatory: the answer comes when they
// have it, when time is up, or when the leader, the partition or the topic is no
// longer what it was, and then its offset stays in the answer (K:
// DelayedProduce.tryComplete).
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "partition_log.h"
#include "wire/client_metadata.h"
#include "world.h"

namespace tidemark::sim::producer {

struct Waiter {
  core::Offset needs = 0;
  std::function<void(wire::ErrorCode)> done;
};

struct Partition {
  PartitionLog log;
  std::int32_t leader = 1;  // −1: none now
  std::int32_t leader_epoch = 0;
  core::Offset committed = 0;
  core::Offset log_start = 0;
  bool stalled = false;        // the replicas do not follow
  bool under_min_isr = false;  // too few replicas are in sync
  std::vector<Waiter> waiters;
};

struct Topic {
  std::string name;
  Uuid id;
  bool deleted = false;
  std::size_t max_batch_bytes = 0;
  std::vector<Partition> partitions;
  std::vector<std::size_t> counts;  // of partitions, that it ever had
};

class Cluster {
 public:
  explicit Cluster(World& world);

  // Null when no topic has that name now.
  Topic* find(const std::string& name);
  // Those of now, by name.
  const std::map<std::string, Topic*>& current() const { return current_; }
  // With the deleted ones, oldest first.
  const std::vector<std::unique_ptr<Topic>>& all() const { return topics_; }
  bool up(std::int32_t broker) const { return !down_.contains(broker); }

  // Faults. `pick` draws a partition of a current topic; null when there is none.
  struct Place {
    Topic* topic = nullptr;
    std::size_t index = 0;
    Partition& partition() const { return topic->partitions[index]; }
  };
  std::optional<Place> pick();
  void elect(const Place& place, bool unclean);
  void stop_broker(std::int32_t broker);
  void start_broker(std::int32_t broker);
  void stall(const Place& place);
  void shrink_isr(const Place& place);
  void move_log_start(const Place& place);
  void write_other(const Place& place);
  void grow(Topic& topic);
  void shrink_limit();
  void remove(const std::string& name);
  void create(const std::string& name);
  void heal();
  // What brokers before 2.4 do once retention has taken all that a producer
  // wrote: they forget its count. Long after anything was in doubt, as
  // retention is in practice.
  void forget_producers();

  // The leader has written something: its replicas will, unless they are stalled.
  void replicate_soon(Topic& topic, std::size_t index);
  void commit_all(Topic& topic, std::size_t index);

  // As a broker knows it whose news is `lag` old.
  std::shared_ptr<const wire::Metadata> metadata(core::Duration lag) const;

  // The truth the checker asks for.
  const std::set<std::string>& lost_uncleanly() const { return lost_uncleanly_; }
  bool unclean_at(const Uuid& topic, std::size_t partition) const { return cut_.contains({topic, partition}); }
  bool was_deleted(const std::string& name) const { return removed_.contains(name); }
  // Was deleted, or grew where old news of fewer partitions cannot be told from a
  // topic made again (producer.h, "Not seen").
  bool may_look_remade(const std::string& name) const;

 private:
  void changed();
  void settle_waiters(Partition& partition, wire::ErrorCode error);
  void lead(Topic& topic, std::size_t index, std::int32_t leader);

  World& world_;
  std::vector<std::unique_ptr<Topic>> topics_;
  std::map<std::string, Topic*> current_;
  std::set<std::int32_t> down_;
  std::vector<std::pair<core::Time, std::shared_ptr<const wire::Metadata>>> history_;
  std::set<std::string> lost_uncleanly_;
  std::set<std::pair<Uuid, std::size_t>> cut_;
  std::set<std::string> removed_;
};

}  // namespace tidemark::sim::producer
