// May the commit log be read, and is it there at all?
//
// A broker leaves topics that we may not see out of a list of all topics, so a
// denied __consumer_offsets looks like one that nobody has made yet. Asked for by
// its name it is denied by name. One that may be seen may still not be read.
//
// Threading: the cluster's reactor; `done` is called from there, never from
// within check().
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

enum class Access {
  unknown,   // no answer, or one that says neither
  absent,    // no such topic
  denied,
  readable,
};

class LogAccess {
 public:
  // `cluster` must outlive stop().
  LogAccess(boost::asio::io_context& io, wire::Cluster& cluster);
  ~LogAccess();
  LogAccess(const LogAccess&) = delete;
  LogAccess& operator=(const LogAccess&) = delete;

  // Asks once, for a few seconds at most; ignored while it asks.
  void check(std::function<void(Access)> done);
  void stop();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
