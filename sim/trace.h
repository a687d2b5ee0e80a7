// What happened, as one number, and on demand as text.
//
// Two runs of a seed must be the same to the last step, and a person must be
// able to read the run that failed. So every step is noted once: it is always
// folded into a hash (FNV-1a over words), and printed only when asked for.
//
// Threading: none.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "core/time.h"

namespace tidemark::sim {

class Trace {
 public:
  struct Field {
    const char* name;
    std::int64_t value;
  };

  explicit Trace(bool verbose) : verbose_(verbose) {}

  void note(core::Time now, const char* what, std::initializer_list<Field> fields, std::string_view text = {}) {
    fold(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    for (const char c : std::string_view(what)) fold(static_cast<std::uint8_t>(c));
    for (const Field& field : fields) fold(static_cast<std::uint64_t>(field.value));
    for (const char c : text) fold(static_cast<std::uint8_t>(c));
    if (!verbose_) return;
    const std::int64_t micros = now.time_since_epoch().count() / 1000 - 1'000'000'000;
    std::printf("%4" PRId64 ".%06" PRId64 "  %-22s", micros / 1'000'000, micros % 1'000'000, what);
    for (const Field& field : fields) std::printf(" %s=%" PRId64, field.name, field.value);
    if (!text.empty()) std::printf(" %.*s", static_cast<int>(text.size()), text.data());
    std::printf("\n");
  }

  bool verbose() const { return verbose_; }
  std::uint64_t hash() const { return hash_; }

 private:
  void fold(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x100000001b3ULL; }

  bool verbose_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace tidemark::sim
