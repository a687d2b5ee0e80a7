// How late an answer may be, once everything is processed.
//
// That a wait ends before its deadline is little: one that slept half a second at
// each topic would. So the latest time at which a wait can have had all that it
// needs is computed from the log and from the commits that its gateway was told,
// topic by topic in the order in which a wait must go: what was in a topic when its
// ends can have been told at the latest, and when the last commit above that came.
// Each step is allowed the model's own delays for the questions it needs, at their
// longest, and nothing else. Topics that feed each other are each allowed the passes
// that are made in any case, and then two behind the last record with the event's
// id: one that finds it, and one that finds none.
//
// Ownership: the checker owns it. Threading: none.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "stake.h"
#include "world.h"

namespace tidemark::sim::derived {

class Promptness {
 public:
  explicit Promptness(const World& world) : world_(world) {}

  // The gateway was told of a position of the service's.
  void told(int gateway, int service, int topic, core::Partition partition, core::Offset offset);
  void forget(int gateway);

  // When a publish that asks for one event, of everybody, must be answered at the latest,
  // in a world without faults. Nothing: not yet, by what is done and told by now.
  std::optional<core::Time> latest(int gateway, const Stake& stake, int most_passes) const;

 private:
  using Cell = std::tuple<int, int, int, core::Partition>;  // gateway, service, topic, partition
  struct Rise {
    core::Time at{};
    core::Offset offset = 0;
  };
  struct Delays;
  struct Ways;

  std::optional<core::Time> told_at(int gateway, int service, int topic, core::Partition partition,
                                    core::Offset offset) const;
  std::optional<core::Time> read_by(int gateway, const Place& place, core::Time fence, const Delays& delays) const;
  std::optional<core::Time> last_of_event(int gateway, const Stake& stake, const std::vector<Place>& places) const;

  const World& world_;
  std::map<Cell, std::vector<Rise>> rises_;  // each higher than the one before
};

}  // namespace tidemark::sim::derived
