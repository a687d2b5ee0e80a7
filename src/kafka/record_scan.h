// Reads a stretch of a partition, record by record, for command line programs.
//
// A program that checks one record does not want a reactor: it asks, and wants
// the answer. So each call here runs its own loop until it is done or its bound
// has passed. Not for the gateway, which must never stand still.
//
// Threading: one thread; calls block it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/uuid.h"
#include "core/position.h"
#include "core/time.h"
#include "wire/cluster.h"

namespace tidemark::kafka {

// Views are valid during the call they are given to.
struct ScannedRecord {
  core::Offset offset = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::optional<std::string_view> tidemark_id;  // the record's last header of that name
  bool transactional = false;
};

class RecordScan {
 public:
  // `bootstrap`: HOST:PORT,…; `bound`: of each call.
  static Result<RecordScan> make(std::string_view bootstrap, core::Duration bound);

  // Gives `see` the data records in [from, until) in order, at most kMaxBytes of
  // them; begins at the log's start where that is above `from`. Ends early when
  // `see` returns false. Returns how far it read. Errors: not_found (no such
  // topic or partition), forbidden, timeout, limit, corrupt.
  Result<core::Offset> scan(const std::string& topic, core::Partition partition, core::Offset from,
                            core::Offset until, const std::function<bool(const ScannedRecord&)>& see);

  struct About {
    Uuid id;  // nil where the broker is too old to say
    core::Partition partitions = 0;
  };
  // Errors: not_found, unavailable.
  Result<About> about(const std::string& topic);

  static constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

 private:
  RecordScan(std::unique_ptr<boost::asio::io_context> io, std::unique_ptr<wire::Cluster> cluster, core::Duration bound)
      : io_(std::move(io)), cluster_(std::move(cluster)), bound_(bound) {}
  bool run_until(const std::function<bool()>& done, core::Time deadline);
  Result<void> know(const std::string& topic, core::Partition partition, core::Time deadline);
  Error why_unknown(const std::string& what) const;

  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<wire::Cluster> cluster_;
  core::Duration bound_;
};

}  // namespace tidemark::kafka
