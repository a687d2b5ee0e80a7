#include "base/ascii.h"

#include <cstdint>
#include <cstring>

namespace tidemark {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = kOnes * 0x80;

// Not zero where a byte is; of several the lowest is told exactly, and that there is
// none always (Warren, Hacker's Delight, 6-1).
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

constexpr std::uint64_t below_space(std::uint64_t word) { return (word - kOnes * 0x20) & ~word & kHighs; }

struct Plain {
  static bool all(std::uint64_t word) {
    const std::uint64_t others =
        zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) | zero_bytes(word ^ (kOnes * 0x7f));
    return ((word & kHighs) | below_space(word) | others) == 0;
  }
  static bool one(char c) { return is_plain(c); }
};

struct ControlFree {
  static bool all(std::uint64_t word) { return (below_space(word) | zero_bytes(word ^ (kOnes * 0x7f))) == 0; }
  static bool one(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  }
};

template <class Kind>
std::size_t prefix(std::string_view text) {
  std::size_t length = 0;
  const auto all_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return Kind::all(word);
  };
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  while (length + kWord <= text.size() && all_at(length)) length += kWord;
  // The rest with some that were seen before: a word costs less than a few single bytes.
  if (length + kWord > text.size() && text.size() >= kWord && all_at(text.size() - kWord)) return text.size();
  while (length < text.size() && Kind::one(text[length])) ++length;
  return length;
}

}  // namespace

std::size_t plain_prefix(std::string_view text) { return prefix<Plain>(text); }

std::size_t control_free_prefix(std::string_view text) { return prefix<ControlFree>(text); }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int differ = a[i] ^ b[i];
    if (differ == 0) continue;
    const int letter = a[i] | 0x20;
    if (differ != 0x20 || letter < 'a' || letter > 'z') return false;
  }
  return true;
}

bool begins_ignoring_case(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace tidemark
