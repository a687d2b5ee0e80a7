// Chance that is the same on every machine.
//
// <random>'s engines are portable but its distributions are not, and a seed that
// replays only here is worth nothing. So: splitmix64 (Steele, Lea, Flood 2014),
// and integer ranges by multiplication, which every compiler computes alike.
// Neighbouring seeds give one sequence, shifted: a world begins with the first
// number of its seed's.
//
// Threading: none; one per run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/uuid.h"
#include "core/time.h"

namespace tidemark::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // In [0, n); n must be positive.
  std::uint64_t below(std::uint64_t n) { return ((next() >> 32) * n) >> 32; }
  // In [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  int small(int low, int high) { return static_cast<int>(between(low, high)); }
  bool chance(int permille) { return below(1000) < static_cast<std::uint64_t>(permille); }

  core::Duration micros(std::int64_t low, std::int64_t high) { return std::chrono::microseconds(between(low, high)); }
  core::Duration millis(std::int64_t low, std::int64_t high) { return micros(low * 1000, high * 1000); }
  // Mostly near `low`, now and then up to `high`: how networks are late.
  core::Duration skewed(std::int64_t low_us, std::int64_t high_us) {
    std::int64_t top = high_us;
    for (int i = 0; i < 3; ++i) top = between(low_us, top);
    return std::chrono::microseconds(top);
  }

  Uuid uuid() {
    Uuid uuid;
    for (std::size_t i = 0; i < 16; i += 8) {
      const std::uint64_t word = next();
      for (std::size_t j = 0; j < 8; ++j) uuid.bytes[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
    }
    return uuid;
  }

  template <class Container>
  auto& pick(Container& from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace tidemark::sim
