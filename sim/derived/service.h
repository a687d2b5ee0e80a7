// A consumer that works, writes what it makes of its input, and commits.
//
// It keeps the rule that P2 rests on, and nothing kinder: outputs are in the log
// before the commit, or within the declared time after it. Between the two it may
// die, and write them again; in a transaction they are there for nobody until the
// marker, which comes to each partition at a time of its own and may say that all
// was in vain; some records it gives up. It remembers what it has truly processed
// and when.
//
// Ownership: the world owns it. Threading: none; each partition is worked on by
// a worker of its own, as if by a member of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "world.h"

namespace tidemark::sim::derived {

class Service {
 public:
  Service(World& world, Traits traits);
  ~Service();

  void start();       // joins its group
  void disturb();     // something happens to it
  void heal();
  void moved(int topic, core::Partition partition);
  // A partition that its members have learned of.
  void partition_added(int topic, core::Partition partition);

  int group() const { return group_; }
  const Traits& traits() const { return traits_; }
  bool reads(int topic) const;
  // When it had processed the record, for good; nothing if it has not.
  std::optional<core::Time> processed_at(int topic, core::Partition partition, core::Offset offset) const;
  // Its dead letters that can be seen.
  const std::vector<int>& dead_letters() const { return dead_letters_; }
  const DeadLetters* dead_of(int input) const;
  bool idle() const;

 private:
  struct Transaction;
  struct Worker;

  template <class Action>
  void later(Worker& worker, core::Duration delay, Action action);
  Worker* worker(int topic, core::Partition partition);
  void add_worker(int topic, core::Partition partition);
  void poll(Worker& worker);
  void wake(Worker& worker);
  core::Offset limit(const Worker& worker) const;
  bool is_seen(const Worker& worker, core::Offset offset) const;
  void handle(Worker& worker);
  void write(Worker& worker, int record, std::vector<std::pair<Edge, int>> left);
  void append(Worker& worker, const Edge& edge, int parent);
  int append_record(Worker& worker, Record record);
  bool gives_up(Worker& worker, int record);
  void done(Worker& worker, int record);
  void commit(Worker& worker);
  void committed(Worker& worker, core::Offset offset);
  void end_transaction(Worker& worker, core::Offset offset);
  void decide(const std::shared_ptr<Transaction>& transaction, bool commit);
  void write_late(const Edge& edge, int parent);
  void note_processed(int topic, core::Partition partition, core::Offset offset);
  int outputs(const Edge& edge, int record);

  void crash(Worker& worker, core::Duration away);
  void resume(Worker& worker);
  void leave_all();
  core::Duration work();
  core::Duration marker_delay();

  World& world_;
  Traits traits_;
  int group_ = 0;
  int number_ = 0;
  bool joined_ = false;
  bool away_ = false;
  core::Time paused_until_{};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::vector<std::vector<core::Time>>> processed_;  // by topic, partition, offset
  std::vector<int> dead_letters_;
};

}  // namespace tidemark::sim::derived
