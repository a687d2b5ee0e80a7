// What the fuzz targets share.
//
// A target that only waits for a crash misses most of what a parser can do wrong:
// each one here asserts what must hold of whatever was parsed, by require().
//
// A target is one file with one LLVMFuzzerTestOneInput. Under the preset `fuzz` it is
// linked to libFuzzer, elsewhere to driver.cpp, which replays the corpus and then runs
// a fixed count of seeded mutations of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tidemark::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// An input taken apart from the front; at its end everything is zero or empty.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::uint8_t byte() { return empty() ? 0 : static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t number(int width) {
    std::uint64_t number = 0;
    for (int i = 0; i < width; ++i) number = number << 8 | byte();
    return number;
  }
  std::string_view take(std::size_t count) {
    const std::string_view taken = bytes_.substr(0, std::min(count, bytes_.size()));
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next `end`, which is dropped.
  std::string_view line(char end = '\n') {
    const std::size_t at = std::min(bytes_.find(end), bytes_.size());
    const std::string_view taken = bytes_.substr(0, at);
    bytes_.remove_prefix(std::min(at + 1, bytes_.size()));
    return taken;
  }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::string_view bytes_;
};

}  // namespace tidemark::fuzz
