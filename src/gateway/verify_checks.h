// The checks of `tidemark verify`, one for each kind of evidence.
//
// Values in, a verdict out: what an answer's JSON looks like is verify.cpp's, and
// where records come from is the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/position.h"
#include "gateway/verify.h"

namespace tidemark::gateway {

struct Event {
  std::string topic;
  core::Partition partition = 0;
  core::Offset offset = 0;
  std::string id;         // empty where the answer has none
  bool is_fence = false;  // the last record below a fence, for a consumer behind others
  bool same_place(const Event& other) const { return topic == other.topic && partition == other.partition; }
};

// What an answer says of one consumer.
struct Claim {
  std::string name;
  bool failed = false;        // else processed
  Event event;                // that the evidence is about
  std::vector<Event> others;  // that the answer covers, too
  std::optional<core::Offset> committed, anchor;
  bool since = false;  // nothing below is asked of it
  bool done_above = false;  // the commit names the event, above its offset
  // The commit's record, or the share group's state.
  std::optional<core::Partition> log_partition;
  std::optional<core::Offset> log_offset;
};

Finding unknown(std::string subject, std::string why);

Finding check_event(const Event& event, const Cluster& cluster);
// The commit's record, and one at the anchor before it.
Finding check_commit(const Claim& claim, const Cluster& cluster);
Finding check_ack(const Claim& claim, const Cluster& cluster);
Finding check_share(const Claim& claim, const Cluster& cluster);

}  // namespace tidemark::gateway
