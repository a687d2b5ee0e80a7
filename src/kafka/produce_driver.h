// Carries out over the network what the producer decides.
//
// All that arrives in one turn of the reactor should share a batch, but nothing
// may wait for company that does not come. So a turn's appends only mark the
// producer; one posted handler, which runs after whatever else was ready, sends
// them all.
//
// Threading: the reactor of `io`. Deliveries come from there, never from within
// a call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "core/events.h"
#include "kafka/producer.h"
#include "log/log.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

struct ProduceOptions {
  ProducerConfig producer;
  // How long a leader waits for its replicas.
  core::Duration broker_timeout = std::chrono::seconds(15);
  // An answer that takes longer costs the connection.
  core::Duration request_timeout = std::chrono::seconds(30);
  // For metadata and producer ids.
  core::Duration ask_timeout = std::chrono::seconds(5);
};

struct ProduceCounters {
  std::uint64_t requests = 0;
  std::uint64_t request_failures = 0;  // not sent, lost, or no answer in time
  std::uint64_t batches = 0;           // repeats included
  std::uint64_t batch_bytes = 0;
  std::uint64_t appended = 0;          // deliveries, by fate
  std::uint64_t not_appended = 0;
  std::uint64_t unknown = 0;
  std::uint64_t producer_ids = 0;
  std::size_t open_records = 0;  // gauges
  std::size_t open_bytes = 0;
};

class ProduceDriver {
 public:
  using Deliver = std::function<void(log::AppendId, const core::Delivery&)>;

  // Follows the cluster's metadata by itself. `io` must outlive this, `cluster`
  // must until it is stopped. `deliver` may call anything here, the destructor
  // included; it must not throw.
  ProduceDriver(boost::asio::io_context& io, wire::Cluster& cluster, ProduceOptions options, Deliver deliver);
  // Without a stop() before: no delivery comes for what is left.
  ~ProduceDriver();
  ProduceDriver(const ProduceDriver&) = delete;
  ProduceDriver& operator=(const ProduceDriver&) = delete;

  // As Producer::append and log::Log::withdraw.
  Result<void> append(log::AppendId id, log::Record record);
  std::optional<core::Delivery> withdraw(log::AppendId id);
  // A high watermark that a broker answered; it tells what offset an append of
  // unknown fate can have at least.
  void high_watermark(std::string_view topic, const Uuid& topic_id, core::Partition partition, core::Offset offset);

  // As log::Log::stop: refuses appends, sends what is queued, ends what is left
  // at `bound`, then calls `done`, from the reactor. The cluster must go on
  // until then.
  void stop(core::Duration bound, std::function<void()> done);

  ProduceCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
