// One timer for many deadlines.
//
// A timer per request costs an allocation, a place in a heap and a cancellation
// for something that almost never rings. Most deadlines are met; so an owner of
// many arms one alarm for the earliest, and never disarms it: one that rings
// early costs a look at what is really due.
//
// Threading: on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace tidemark::wire {

class Alarm {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Alarm(boost::asio::io_context& io) : timer_(io) {}

  // Calls owner->on_alarm() from the reactor at `at`, or earlier where it is
  // armed for an earlier time. It rings once: arm it again.
  template <class Owner>
  void arm(const std::shared_ptr<Owner>& owner, Time at) {
    if (at >= armed_) return;
    armed_ = at;
    timer_.expires_at(at);
    timer_.async_wait([this, owner, at](const boost::system::error_code& error) {
      if (error || armed_ != at) return;
      armed_ = Time::max();
      owner->on_alarm();
    });
  }
  // It does not ring any more, until armed again.
  void cancel() {
    armed_ = Time::max();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  Time armed_ = Time::max();
};

}  // namespace tidemark::wire
