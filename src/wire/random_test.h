// Random values for round trips: small enough that thousands run in a second,
// with the ends of every range and every default among them.
//
// A seed gives the same values everywhere; tests print theirs on failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/uuid.h"

namespace tidemark::wire {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 to bound − 1.
  std::size_t below(std::size_t bound) { return engine_() % bound; }

  template <class T>
  void fill(T& value, std::int16_t version) {
    if constexpr (std::is_integral_v<T>) {
      value = integer<T>();
    } else {
      fill_other(value, version);
    }
  }

  // Null now and then, where the version has it so.
  template <class T>
  void fill_nullable(std::optional<T>& value, bool nullable, std::int16_t version) {
    if (nullable && below(3) == 0) {
      value.reset();
    } else {
      value = T{};
      fill(*value, version);
    }
  }

  template <class T>
  T integer() {
    if constexpr (std::is_same_v<T, bool>) {
      return below(2) == 1;
    } else {
      return static_cast<T>(bits(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
  }

  [[gnu::noinline]] std::string bytes(std::size_t length) {
    std::string text(length, '\0');
    for (char& byte : text) byte = static_cast<char>(engine_());
    return text;
  }

 private:
  // Not inlined: with sanitizers, the generated code around would take minutes to compile.
  [[gnu::noinline]] std::int64_t bits(std::int64_t lowest, std::int64_t highest) {
    switch (below(5)) {
      case 0:
        return highest;
      case 1:
        return lowest;
      case 2:
        return -1;
      default:
        return static_cast<std::int64_t>(engine_() >> below(64));
    }
  }
  [[gnu::noinline]] void fill_other(std::string& value, std::int16_t /*version*/) { value = bytes(below(9)); }
  [[gnu::noinline]] void fill_other(std::string_view& value, std::int16_t /*version*/) {
    value = *kept_.emplace_back(std::make_unique<std::string>(bytes(below(40))));
  }
  [[gnu::noinline]] void fill_other(Uuid& value, std::int16_t /*version*/) {
    if (below(4) == 0) return;
    for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(engine_());
  }
  template <class T>
  void fill_other(std::vector<T>& values, std::int16_t version) {
    values.resize(below(4));
    for (T& value : values) fill(value, version);
  }
  // The generated function for this message or struct, found by its namespace.
  template <class T>
  void fill_other(T& value, std::int16_t version) {
    fill_message(*this, value, version);
  }

  std::mt19937_64 engine_;
  std::vector<std::unique_ptr<std::string>> kept_;  // what views point into
};

}  // namespace tidemark::wire
