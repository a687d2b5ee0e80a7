#include "kafka/fetch_session.h"

#include <limits>
#include <utility>

namespace tidemark::kafka {

void FetchSession::reset() {
  id_ = 0;
  epoch_ = 0;
  known_.clear();
}

wire::msg::FetchRequest FetchSession::next(const std::string& topic, const Uuid& topic_id, const FetchList& wanted) {
  if (topic_id != topic_id_) reset();
  topic_id_ = topic_id;

  wire::msg::FetchRequest request;
  request.max_wait_ms = settings_.max_wait_ms;
  request.min_bytes = 1;
  request.max_bytes = settings_.max_bytes;
  request.isolation_level = 0;
  request.session_id = id_;
  request.session_epoch = epoch_;

  wire::msg::FetchRequest::FetchTopic changed;
  wire::msg::FetchRequest::ForgottenTopic forgotten;
  auto known = known_.begin();
  for (const auto& [partition, from] : wanted) {
    for (; known != known_.end() && known->first < partition; ++known) forgotten.partitions.push_back(known->first);
    const bool same = known != known_.end() && known->first == partition && known->second == from;
    if (known != known_.end() && known->first == partition) ++known;
    if (same) continue;
    wire::msg::FetchRequest::FetchPartition entry;
    entry.partition = partition;
    entry.fetch_offset = from.offset;
    entry.current_leader_epoch = from.leader_epoch;
    entry.partition_max_bytes = settings_.partition_max_bytes;
    changed.partitions.push_back(entry);
  }
  for (; known != known_.end(); ++known) forgotten.partitions.push_back(known->first);
  changed.topic = forgotten.topic = topic;
  changed.topic_id = forgotten.topic_id = topic_id;
  if (!changed.partitions.empty()) request.topics.push_back(std::move(changed));
  if (!forgotten.partitions.empty()) request.forgotten_topics_data.push_back(std::move(forgotten));
  known_ = wanted;
  return request;
}

bool FetchSession::answered(const wire::msg::FetchResponse& response) {
  if (response.error_code != 0) {
    reset();
    return false;
  }
  if (response.session_id == 0) {
    // The broker has no room for a session: full requests, each asking for one.
    reset();
    return true;
  }
  id_ = response.session_id;
  epoch_ = epoch_ == std::numeric_limits<std::int32_t>::max() ? 1 : epoch_ + 1;
  return true;
}

}  // namespace tidemark::kafka
