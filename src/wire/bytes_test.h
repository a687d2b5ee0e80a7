// Bytes for tests: hex, and what hostile input is made of.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wire/random_test.h"

namespace tidemark::wire {

// Spaces are skipped.
inline std::string from_hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits.push_back(c);
  }
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return hex;
}

// A copy in memory of exactly its size, so that a sanitizer sees a read past it.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    bytes.copy(bytes_.get(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

// One to four bits of `bytes` turned over.
inline std::string with_flipped_bits(std::string bytes, Random& random) {
  for (std::size_t flips = 1 + random.below(4); flips > 0 && !bytes.empty(); --flips) {
    char& byte = bytes[random.below(bytes.size())];
    byte = static_cast<char>(byte ^ (1 << random.below(8)));
  }
  return bytes;
}

}  // namespace tidemark::wire
