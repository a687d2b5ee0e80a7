// Which groups the tail saw change in a way that only their coordinator can
// explain, gathered for a while before anybody is asked.
//
// A KIP-848 group writes a record for every step of every member, and asking at
// once would ask a coordinator that has not applied the record yet which the tail
// just read. So changes are gathered between two ticks and asked for one tick
// later, versioned by where the tail stood in between: after every change that
// is asked about, and well before the question.
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/position.h"
#include "kafka/group_questions.h"
#include "wire/client_metadata.h"

namespace tidemark::kafka {

class GroupWatch {
 public:
  explicit GroupWatch(std::size_t max_groups) : max_groups_(max_groups) {}

  // Notes that the group exists. True when it was not known and there is room.
  bool meet(std::string_view group);
  // Calls `visit` with the name of every group that exists.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const std::string& group : known_) visit(group);
  }
  bool knows(std::string_view group) const { return known_.contains(group); }
  void forget(std::string_view group);

  // `type`: what kind of group the change suggests.
  void changed(std::string_view group, GroupType type);
  void doubtful(std::string_view group, core::LogPoint version);

  struct Due {
    core::TailPositions as_of;
    std::vector<std::pair<std::string, GroupType>> members;
    std::vector<std::pair<std::string, core::LogPoint>> offsets;
  };
  // What was gathered before the last tick. `positions` is called when something
  // was gathered since.
  template <class Positions>
  Due tick(Positions positions) {
    Due due = std::exchange(armed_, Due{});
    if (!members_.empty() || !offsets_.empty()) {
      armed_.as_of = std::make_shared<const std::vector<core::Offset>>(positions());
      armed_.members.assign(members_.begin(), members_.end());
      armed_.offsets.assign(offsets_.begin(), offsets_.end());
      members_.clear();
      offsets_.clear();
    }
    return due;
  }

  std::size_t known() const { return known_.size(); }

 private:
  std::size_t max_groups_;
  std::unordered_set<std::string, wire::StringHash, std::equal_to<>> known_;
  std::map<std::string, GroupType, std::less<>> members_;
  std::map<std::string, core::LogPoint, std::less<>> offsets_;
  Due armed_;
};

}  // namespace tidemark::kafka
