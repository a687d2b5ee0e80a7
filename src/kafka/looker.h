// Carries out looks: the connections and timers of a LookQueue.
//
// On connections of their own, because a look may read megabytes, and neither a
// commit, which the tail's long poll waits for, nor an append may stand behind it.
//
// Threading: the reactor of the cluster; answers come from there, never from
// within look().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "core/events.h"
#include "core/time.h"
#include "kafka/look_queue.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

struct LookCounters {
  std::uint64_t looks = 0;
  std::uint64_t refused = 0;  // too many were open
  std::uint64_t found = 0;
  std::uint64_t none = 0;
  std::uint64_t failed = 0;
  std::uint64_t requests = 0;
  std::size_t open = 0;
};

class Looker {
 public:
  // `cluster` must outlive stop().
  Looker(boost::asio::io_context& io, wire::Cluster& cluster, LookQueue::Limits limits,
         std::function<void(const core::Sight&)> seen);
  ~Looker();
  Looker(const Looker&) = delete;
  Looker& operator=(const Looker&) = delete;

  // As log::Log::look.
  Result<void> look(core::Look look, core::Duration bound);
  // No answer comes after this.
  void stop();

  LookCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
