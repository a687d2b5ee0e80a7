// Takes down what happens, from all threads, on one clock.
//
// Threading: every method from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "history.h"

namespace tidemark::test {

class Recorder {
 public:
  // Milliseconds since the run's start.
  std::int64_t now() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
  }

  // Returns the event's number, for ask().
  std::size_t add(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    return events_.size() - 1;
  }
  // What was said about an event's mark. Of answers that told nothing only the latest is kept.
  void ask(std::size_t event, Call question) {
    const std::lock_guard lock(mutex_);
    std::vector<Call>& questions = events_[event].questions;
    if (!questions.empty() && told_nothing(questions.back())) questions.pop_back();
    questions.push_back(std::move(question));
  }
  void add(Interval interval) {
    const std::lock_guard lock(mutex_);
    intervals_.push_back(std::move(interval));
  }

  std::size_t events() const {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }
  // Ends the taking down.
  void move_into(History& history) {
    const std::lock_guard lock(mutex_);
    history.events.assign(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
    history.intervals = std::move(intervals_);
  }

 private:
  static bool told_nothing(const Call& call) {
    return call.unasked == 0 && (!call.sent_off || call.said.status == 503);
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::vector<Interval> intervals_;
};

}  // namespace tidemark::test
