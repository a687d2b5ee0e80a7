// Who was told what, held against the logs as they are in the end (DESIGN P5).
//
//   nothing is in the logs twice; what was called appended is there, at its
//   offset; what was called not_appended was never written, now or later; what
//   is unknown was sent, and is not below the offset that was said; every append
//   ends, once and within its timeouts; a partition keeps the order of its
//   appends; nothing outgrows its bound.
//
// The truth is the model's alone: nothing here asks the producer what it thinks.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster.h"
#include "core/events.h"
#include "log/log.h"
#include "network.h"
#include "world.h"

namespace tidemark::sim::producer {

struct Told {
  std::string topic;
  std::string value;
  std::optional<core::Partition> partition;
  std::optional<std::string> key;
  core::Time taken{};
  // Sent when the cluster was well: nothing excuses that it is not appended.
  bool must_succeed = false;
  std::optional<core::Delivery> end;
};

class Checker {
 public:
  Checker(World& world, const Cluster& cluster, const Network& network)
      : world_(world), cluster_(cluster), network_(network) {}

  void taken(log::AppendId id, Told told) { told_.emplace(id, std::move(told)); }
  // Delivered, or withdrawn.
  void ended(log::AppendId id, const core::Delivery& delivery);
  bool open(log::AppendId id) const;

  // When nothing is under way any more.
  void finish();

 private:
  using Fate = core::Delivery::Fate;
  struct Place {
    const Topic* topic;
    core::Partition partition;
    core::Offset offset;
  };
  void check_time(const Told& told);
  void read_logs();
  const Place* find(const std::string& value, const core::Delivery& end) const;
  void check_fate(const Told& told, const core::Delivery& end);
  void check_appended(const Told& told, const core::Delivery& end, const Place* place);
  void check_unknown(const Told& told, const core::Delivery& end, const Place* place);
  void check_failure(const Told& told, const core::Delivery& end, const Place* place);
  void check_placement(const Told& told, const Place& place);
  void check_order();
  void fail(const std::string& what, const std::string& promise) { world_.fail(what + " " + promise); }

  World& world_;
  const Cluster& cluster_;
  const Network& network_;
  std::map<log::AppendId, Told> told_;
  std::map<std::string, std::vector<Place>> places_;
};

}  // namespace tidemark::sim::producer
