// What benchmarks share: a clock, quantiles, commit replies by event, a process's cost.
//
// A load that waits for its answers sends less while the system stalls, and so
// does not see the stall. Where these programs have a rate, each event has a
// scheduled time, and latency runs from there.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::bench {

// Microseconds of the steady clock.
std::int64_t now_us();

// In milliseconds, of microseconds; sorts them. 0 where there are none.
double at_quantile(std::vector<std::int64_t>& microseconds, double q);

// When the latest of an event's consumers got the reply to its commit: the earliest
// moment at which anybody can know that the event is processed. Any thread.
class Replies {
 public:
  Replies(std::size_t events, int consumers) : replies_(events), consumers_(consumers) {}
  void committed(const std::vector<std::size_t>& events, std::int64_t at);
  // 0: not all of them were.
  std::int64_t at(std::size_t event) const;

 private:
  struct Reply {
    std::atomic<std::int64_t> latest = 0;
    std::atomic<int> consumers = 0;
  };
  std::vector<Reply> replies_;
  const int consumers_;
};

// Nanoseconds that all threads of a process have run, from /proc: exact to the
// scheduler's switches, where `times` counts ticks of 10 ms. 0 where it is gone.
std::int64_t cpu_ns(pid_t process);

// Bytes that are the process's alone. 0 where it is gone.
std::int64_t private_bytes(pid_t process);

// An address such as 127.0.0.1:8750. Throws std::invalid_argument on others.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
Address address_of(const std::string& text);

}  // namespace tidemark::bench
