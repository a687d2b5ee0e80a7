// Fetches __consumer_offsets and feeds each partition's CommitTail.
//
// One fetch is under way to each broker that leads partitions of the topic, on a
// connection that carries nothing else: it waits at the broker until something
// is committed, so a commit is here as soon as it is above the high watermark
// and a quiet topic costs two requests a second and broker. A partition whose
// leader moved or whose broker is gone is fetched from where it stood as soon as
// metadata names another.
//
// Threading: the cluster's reactor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/position.h"
#include "core/time.h"
#include "kafka/commit_tail.h"
#include "kafka/fetch_session.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

inline constexpr const char* kOffsetsTopic = "__consumer_offsets";

class TailObserver : public TailSink {
 public:
  // An answer was read; positions may have moved.
  virtual void on_tailed() = 0;
  // The broker does not have the partition's position. It is not read until tail_from.
  virtual void on_position_gone(core::Partition partition, core::Offset position) = 0;
  // Once per partition; see CommitTail::blinded.
  virtual void on_blinded(core::Partition partition, const std::string& why) = 0;
  // We have no permission to read the topic.
  virtual void on_denied() = 0;
};

struct TailDriverCounters {
  std::uint64_t fetches = 0;
  std::uint64_t fetch_failures = 0;    // requests without an answer
  std::uint64_t partition_errors = 0;
  std::uint64_t sessions_refused = 0;
  std::uint64_t positions_gone = 0;
  std::uint64_t blinded_partitions = 0;
  std::size_t open_transactions = 0;
  std::size_t held_records = 0;
  std::int64_t lag = 0;                // records below the high watermarks not read yet
  TailCounters read;                   // of all partitions together
};

class TailDriver {
 public:
  struct Options {
    FetchSettings fetch;
    TailLimits limits;
    core::Duration fetch_timeout = std::chrono::seconds(4);  // beyond max_wait
  };

  // `cluster` and `observer` must outlive stop().
  TailDriver(boost::asio::io_context& io, wire::Cluster& cluster, Options options, TailObserver& observer);
  ~TailDriver();
  TailDriver(const TailDriver&) = delete;
  TailDriver& operator=(const TailDriver&) = delete;

  // Begins to read a partition, or begins anew there. Partitions are numbered
  // from 0 without gaps.
  void tail_from(core::Partition partition, core::Offset offset);
  // Reads nothing more until tail_from.
  void halt();
  void stop();

  // By partition: the offset to read next.
  std::vector<core::Offset> positions() const;
  // Why some partition was not read for `bound`, or nothing: all were. One that
  // has not been read yet has half a minute more; one whose position is gone is
  // not counted.
  std::optional<std::string> stalled(core::Duration bound) const;
  // Partitions of which something was missed or that could not be read just now.
  std::vector<core::Partition> unread() const;
  TailDriverCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
