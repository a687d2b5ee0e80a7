// What happens next: simulated time, in order.
//
// Threads and sleeps make a failure happen once. Here everything that takes
// time is an entry of one queue; entries of the same moment run in the order in
// which they were made, so a run depends on its seed alone.
//
// Threading: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/time.h"

namespace tidemark::sim {

class Schedule {
 public:
  using Action = std::function<void()>;

  core::Time now() const { return now_; }

  void at(core::Time when, Action action) {
    entries_.push_back({std::max(when, now_), next_++, std::move(action)});
    std::push_heap(entries_.begin(), entries_.end(), later);
  }
  void after(core::Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  // Runs the next entry, unless it lies beyond `until`; then time moves there
  // and false is returned.
  bool step(core::Time until) {
    if (entries_.empty() || entries_.front().when > until) {
      now_ = std::max(now_, until);
      return false;
    }
    std::pop_heap(entries_.begin(), entries_.end(), later);
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    now_ = entry.when;
    entry.action();
    return true;
  }

 private:
  struct Entry {
    core::Time when;
    std::uint64_t order;
    Action action;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  core::Time now_{std::chrono::seconds(1000)};
  std::uint64_t next_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace tidemark::sim
