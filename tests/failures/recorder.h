// Takes down what happens, from all threads, on one clock.
//
// Where everything shares a machine with others, all of it may stand still at once, gateways
// and harness alike, and then every answer is late by any clock of the machine. So the run's
// clock counts what a thread that does nothing but look at it has lived through: of a moment in
// which that thread did not run, no more than kMoment.
//
// Threading: every method from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "history.h"

namespace tidemark::test {

class Recorder {
 public:
  // Milliseconds since the run's start, standstills left out.
  std::int64_t now() const {
    const std::lock_guard lock(clock_mutex_);
    return count(lived_ + std::min<Clock::duration>(Clock::now() - looked_, kMoment));
  }
  // What was left out so far.
  std::int64_t stood_still() const {
    const std::lock_guard lock(clock_mutex_);
    return count(left_out_);
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

  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kLook{20};
  static constexpr std::chrono::milliseconds kMoment{250};

  static std::int64_t count(Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }
  void look() {
    const std::lock_guard lock(clock_mutex_);
    const Clock::time_point now = Clock::now();
    const Clock::duration passed = now - looked_, counted = std::min<Clock::duration>(passed, kMoment);
    lived_ += counted;
    left_out_ += passed - counted;
    looked_ = now;
  }

  mutable std::mutex clock_mutex_;
  Clock::time_point looked_ = Clock::now();
  Clock::duration lived_{0}, left_out_{0};
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::vector<Interval> intervals_;
  // Last, so that it ends first.
  std::jthread looker_{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(kLook);
      look();
    }
  }};
};

}  // namespace tidemark::test
