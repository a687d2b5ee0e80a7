// How long to wait before the next attempt.
//
// A fixed pause either hammers a broker that is starting or leaves it unused
// long after it is back; and clients that lost the same broker together come
// back together unless each adds chance of its own. So: doubling from `first`
// to `cap`, each delay drawn from its upper half ("equal jitter": M. Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
//
// Pure: the random source is the caller's, so a test or a simulator can replay it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace tidemark::wire {

using Duration = std::chrono::steady_clock::duration;
// 64 uniform random bits a call. Called on the reactor's thread only.
using Random = std::function<std::uint64_t()>;

struct BackoffOptions {
  Duration first = std::chrono::milliseconds(20);
  Duration cap = std::chrono::seconds(1);
};

class Backoff {
 public:
  // Precondition: 0 < first <= cap.
  explicit Backoff(BackoffOptions options = {}) : options_(options), ceiling_(options.first) {}

  // The delay before the next attempt, in [c/2, c], where c is `first` on the
  // first call after a reset and doubles with each call up to `cap`.
  Duration next(std::uint64_t random_bits);
  // The last attempt worked: begin again at `first`.
  void reset() { ceiling_ = options_.first; }

 private:
  BackoffOptions options_;
  Duration ceiling_;
};

}  // namespace tidemark::wire
