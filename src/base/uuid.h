// 128-bit identifiers: event ids (UUIDv7, RFC 9562) and Kafka's topic ids.
//
// An event's id must sort by time, so that a person reading a log finds it, and
// must be unique without asking anybody. Generating one needs a clock and a
// random source, which are the caller's: this file stays pure.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // All bytes zero: Kafka's "no topic id".
  bool is_nil() const { return *this == Uuid{}; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  // 36 characters, lower case, with dashes.
  std::string to_string() const;
  // The same without dashes: 32.
  std::string to_hex() const;
  // Accepts exactly the form that to_string writes, in either case.
  static std::optional<Uuid> parse(std::string_view text);
  // RFC 9562 §5.7: 48 bits of Unix milliseconds, then 74 random bits of `random`.
  static Uuid v7(std::uint64_t unix_ms, const std::array<std::uint8_t, 10>& random);
};

}  // namespace tidemark

template <>
struct std::hash<tidemark::Uuid> {
  std::size_t operator()(const tidemark::Uuid& uuid) const noexcept {
    std::uint64_t high = 0, low = 0;
    std::memcpy(&high, uuid.bytes.data(), 8);
    std::memcpy(&low, uuid.bytes.data() + 8, 8);
    return static_cast<std::size_t>(high ^ (low * 0x9e3779b97f4a7c15ULL));
  }
};
