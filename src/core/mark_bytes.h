// The bytes of a mark: numbers of varying length, texts, ids.
//
// Private to core. A reader that has failed answers zeros and stays failed, so
// that a parser is written as if nothing could go wrong and asks ok() at the end
// of each loop. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/uuid.h"

namespace tidemark::core {

class Packer {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void number(std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest >= 128; rest >>= 7) byte(static_cast<std::uint8_t>(rest | 128));
    byte(static_cast<std::uint8_t>(rest));
  }
  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
  }
  void uuid(const Uuid& value) {
    bytes_.append(value.bytes.begin(), value.bytes.end());
  }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::string bytes() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint8_t byte_below(std::uint8_t limit) {
    const std::uint8_t value = byte();
    return value < limit ? value : fail();
  }
  // A number of at most 62 bits, so that adding one or two never overflows.
  std::int64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const std::uint8_t b = byte();
      value |= static_cast<std::uint64_t>(b & 127) << shift;
      if (b < 128) return value >> 62 != 0 ? fail() : static_cast<std::int64_t>(value);
    }
    return fail();
  }
  std::int64_t number_below(std::int64_t limit) {
    const std::int64_t value = number();
    return value < limit ? value : fail();
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number_below(static_cast<std::int64_t>(rest_.size()) + 1));
    if (!ok_ || size > rest_.size()) return fail(), std::string{};
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  Uuid uuid() {
    Uuid value;
    for (std::uint8_t& b : value.bytes) b = byte();
    return value;
  }

  std::uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tidemark::core
