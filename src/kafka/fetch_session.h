// What to say in the next Fetch to one broker, and no more.
//
// A plain Fetch names every partition and is answered with every partition: with
// the fifty of __consumer_offsets a single commit costs some kilobytes each way.
// In a fetch session (KIP-227) the broker remembers the partitions, a request
// names only those that changed, and the answer only those with news. When the
// broker has forgotten the session, or a request was lost with its connection,
// what it remembers is unknown, and the only cure is to begin again.
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "core/position.h"
#include "wire/generated/fetch.h"

namespace tidemark::kafka {

// Where to read a partition on.
struct FetchFrom {
  core::Offset offset = 0;
  std::int32_t leader_epoch = -1;
  friend bool operator==(const FetchFrom&, const FetchFrom&) = default;
};

// Ascending, each partition once. A list, since it is gone through for every fetch:
// a consumer that commits each record causes one for each.
using FetchList = std::vector<std::pair<core::Partition, FetchFrom>>;

struct FetchSettings {
  std::int32_t max_wait_ms = 500;
  std::int32_t max_bytes = 16 << 20;
  std::int32_t partition_max_bytes = 1 << 20;
};

// The session with one broker about partitions of one topic.
class FetchSession {
 public:
  explicit FetchSession(FetchSettings settings = {}) : settings_(settings) {}

  // The request that makes the broker answer for exactly `wanted`. To be
  // followed by answered() or reset().
  wire::msg::FetchRequest next(const std::string& topic, const Uuid& topic_id, const FetchList& wanted);
  // False when the broker refused the session, which has begun anew: ask again.
  bool answered(const wire::msg::FetchResponse& response);
  // The answer was lost, or the connection: begin anew.
  void reset();

  bool incremental() const { return id_ != 0; }

 private:
  FetchSettings settings_;
  std::int32_t id_ = 0;     // 0: none yet, the next request is a full one
  std::int32_t epoch_ = 0;  // of the next request
  Uuid topic_id_;
  FetchList known_;  // what the broker remembers
};

}  // namespace tidemark::kafka
