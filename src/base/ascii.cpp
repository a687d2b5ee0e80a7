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

bool is_plain(std::uint64_t word) {
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const std::uint64_t others =
      zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) | zero_bytes(word ^ (kOnes * 0x7f));
  return ((word | below_space | others) & kHighs) == 0;
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

}  // namespace

std::size_t plain_prefix(std::string_view text) {
  std::size_t length = 0;
  const auto plain_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return is_plain(word);
  };
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  while (length + kWord <= text.size() && plain_at(length)) length += kWord;
  // The rest with some that were seen before: a word costs less than a few single bytes.
  if (length + kWord > text.size() && text.size() >= kWord && plain_at(text.size() - kWord)) return text.size();
  while (length < text.size() && is_plain(text[length])) ++length;
  return length;
}

}  // namespace tidemark
