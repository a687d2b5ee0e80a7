#include "base/duration.h"

#include <array>
#include <cstdint>

namespace tidemark {
namespace {

constexpr std::size_t kMaxDigits = 6;  // 999999h is still far inside 64 bits of nanoseconds

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};
constexpr std::array<Unit, 5> kUnits{{{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}}};

Error malformed(std::string_view text) {
  return Error{ErrorKind::invalid,
               "'" + std::string(text.substr(0, 40)) + "' is not a duration: write it like 250ms, 2s, 1.5s or 1m"};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  std::size_t at = 0;
  std::int64_t whole = 0, thousandths = 0;
  for (; at < text.size() && is_digit(text[at]) && at <= kMaxDigits; ++at) whole = whole * 10 + (text[at] - '0');
  if (at == 0 || at > kMaxDigits) return malformed(text);
  if (at < text.size() && text[at] == '.') {
    std::int64_t weight = 100;
    const std::size_t point = at++;
    for (; at < text.size() && is_digit(text[at]) && at <= point + 4; ++at, weight /= 10) thousandths += (text[at] - '0') * weight;
    if (at == point + 1 || at > point + 4) return malformed(text);
  }
  for (const Unit& unit : kUnits)
    if (text.substr(at) == unit.name)
      return std::chrono::nanoseconds((whole * unit.microseconds + thousandths * unit.microseconds / 1000) * 1000);
  return malformed(text);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const std::int64_t us = duration.count() / 1000;
  if (us == 0) return "0";
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit)
    if (us % unit->microseconds == 0) return std::to_string(us / unit->microseconds) + std::string(unit->name);
  return "0";
}

}  // namespace tidemark
