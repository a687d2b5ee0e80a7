// What a service keeps for one partition, and for one transaction.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "service.h"

namespace tidemark::sim::derived {

struct Service::Transaction {
  std::int64_t producer = 0;
  std::vector<int> records;    // written
  std::vector<int> processed;  // read
  bool decided = false;
  int markers = 0;             // on their way
};

struct Service::Worker {
  int topic = 0;
  core::Partition partition = 0;
  std::uint64_t life = 0;      // rises when it dies
  bool down = false;
  bool idle = false;
  core::Offset position = 0;
  core::Offset committed = 0;
  core::Time began{};          // since it was last assigned
  std::vector<int> batch;
  std::size_t next = 0;
  std::vector<std::pair<Edge, int>> late;  // to be written after the commit
  std::shared_ptr<Transaction> transaction;
  std::shared_ptr<Transaction> ending;     // its markers are on their way
};

template <class Action>
void Service::later(Worker& worker, core::Duration delay, Action action) {
  world_.schedule.after(delay, [&worker, life = worker.life, action = std::move(action)]() mutable {
    if (life == worker.life) action();
  });
}

}  // namespace tidemark::sim::derived
