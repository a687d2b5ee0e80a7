// Reads the topics that a FollowPlan names: its connections and timers.
//
// The records are fetched by a long poll on connections of their own, so that an
// ack is here as soon as it is committed, and the tail's long poll, which may
// have nothing to tell, does not stand before it.
//
// Threading: the reactor of the cluster; records are told from there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "kafka/follow_plan.h"
#include "log/log.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

class Follower {
 public:
  struct Callbacks {
    FollowPlan::Tell record;
    std::function<void()> moved;  // caught_up() may have changed
    std::function<void(const std::string&)> trouble;
  };

  // `cluster` must outlive stop().
  Follower(boost::asio::io_context& io, wire::Cluster& cluster, std::vector<log::Follow> topics,
           FollowSettings settings, Callbacks callbacks);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // See FollowPlan.
  void note_ends();
  bool caught_up();
  std::optional<std::string> stalled(core::Duration bound) const;
  // Nothing is called after this.
  void stop();

  FollowCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
