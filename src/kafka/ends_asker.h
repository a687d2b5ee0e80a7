// Asks brokers for the ends of partitions and tells the answers.
//
// The rounds and what belongs together are EndsQueue's; here are the
// connections, retries and the one thing only metadata can say: that a topic is
// gone, after which its questions are dropped.
//
// Threading: the reactor of the cluster; answers come from there, never from
// within ask().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/events.h"
#include "log/log.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

struct EndsCounters {
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t failures = 0;  // requests without an answer
};

class EndsAsker {
 public:
  // `cluster` must outlive stop().
  EndsAsker(boost::asio::io_context& io, wire::Cluster& cluster, std::function<void(const core::Ends&)> answered);
  ~EndsAsker();
  EndsAsker(const EndsAsker&) = delete;
  EndsAsker& operator=(const EndsAsker&) = delete;

  // Answered once, unless a later question of the same partition joins it; the
  // answer's number is then the later one's. Retried until answered or until
  // the topic is gone.
  void ask(const log::EndsQuery& query);
  // No answer comes after this.
  void stop();

  const EndsCounters& counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
