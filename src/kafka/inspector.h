// Carries out inspections: asks every broker, and ends each one at its bound.
//
// Threading: the reactor of the cluster; `done` is called from there, never from
// within inspect().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/time.h"
#include "log/log.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

class Inspector {
 public:
  // Under way at a time; one more is answered with nothing at once.
  static constexpr std::size_t kMost = 8;

  // `cluster` must outlive stop().
  Inspector(boost::asio::io_context& io, wire::Cluster& cluster);
  ~Inspector();
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;

  // As log::Log::inspect; `blind`: partitions of the commit log that are known
  // not to be readable.
  void inspect(core::Duration bound, const std::vector<core::Partition>& blind,
               std::function<void(log::ClusterFacts)> done);
  // Nothing is called after this.
  void stop();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
