// Waiting for a condition that another process or thread brings about.
//
// A sleep that "should be long enough" is either too long on every run or too
// short on a busy machine. eventually() asks until the condition holds and gives
// up at a bound that only a failure reaches.
#pragma once

#include <chrono>
#include <thread>

namespace tidemark::test {

// The bound for what must happen but may be slow on a machine shared with a
// broker's start. Reaching it is a failure, so it costs nothing to be generous.
inline constexpr std::chrono::seconds kBound{30};

// Calls `condition` every few milliseconds until it is true; false at the bound.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds bound = kBound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace tidemark::test
