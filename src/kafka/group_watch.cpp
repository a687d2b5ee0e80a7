#include "kafka/group_watch.h"

namespace tidemark::kafka {

bool GroupWatch::meet(std::string_view group) {
  if (known_.contains(group) || known_.size() >= max_groups_) return false;
  known_.emplace(group);
  return true;
}

void GroupWatch::forget(std::string_view group) {
  const auto found = known_.find(group);
  if (found != known_.end()) known_.erase(found);
}

void GroupWatch::changed(std::string_view group, GroupType type) {
  if (group.empty()) return;
  const auto found = members_.find(group);
  if (found != members_.end()) {
    if (type != GroupType::unknown) found->second = type;
  } else if (members_.size() < max_groups_) {
    members_.emplace(group, type);
  }
}

void GroupWatch::doubtful(std::string_view group, core::LogPoint version) {
  if (group.empty()) return;
  const auto found = offsets_.find(group);
  if (found != offsets_.end()) {
    if (found->second.offset < version.offset) found->second = version;
  } else if (offsets_.size() < max_groups_) {
    offsets_.emplace(group, version);
  }
}

}  // namespace tidemark::kafka
