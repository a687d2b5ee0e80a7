// Publishes on a schedule, over many connections, from one thread.
//
// A thread a connection would spend on wake-ups what the gateway should have, on
// the same two cores. This one is an epoll loop that formats, sends and scans for
// the end of an answer, and no more; HTTP is tested elsewhere.
//
// Threading: run() from one thread. Failures of the system throw std::runtime_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/measure.h"

namespace tidemark::bench {

struct Sample {
  std::int64_t scheduled = 0;  // µs; where there is no rate: when it was sent
  std::int64_t answered = 0;   // 0: never
  int status = 0;
};

struct HttpLoad {
  Address gateway;
  std::string target;          // "/topics/views?wait=10s"
  std::size_t connections = 1; // at most so many in flight
  double rate = 0;             // arrivals a second; 0: each connection sends when it has its answer
  std::size_t events = 0;
  std::size_t first = 0;       // the number of the first in its body
  std::int64_t longest_us = 0; // no arrivals after so long; 0: until all events were sent
  bool keyed = false;          // each event has its number as key
  std::size_t bytes = 100;     // of a body: the event's number, then padding
  // Where set, an arrival for which it returns true is not published here: it has taken it.
  std::function<bool(std::size_t event, const std::string& body)> elsewhere = {};
  // Called once when all that can be in flight is.
  std::function<void()> all_in_flight = {};
};

// One sample an event, in order, as many as arrived; one that went elsewhere has status 0.
// Ends when all that was sent is answered, or nothing was for 30 s.
std::vector<Sample> run(const HttpLoad& load);

// The body of an event, and the number that one begins with.
std::string body_of(std::size_t event, std::size_t bytes);

}  // namespace tidemark::bench
