#include "wire/backoff.h"

#include <algorithm>

namespace tidemark::wire {

Duration Backoff::next(std::uint64_t random_bits) {
  const auto half = static_cast<std::uint64_t>(ceiling_.count()) / 2;
  const Duration delay = ceiling_ - Duration(static_cast<Duration::rep>(random_bits % (half + 1)));
  ceiling_ = ceiling_ > options_.cap / 2 ? options_.cap : ceiling_ * 2;
  return delay;
}

}  // namespace tidemark::wire
