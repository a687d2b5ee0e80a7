#include "gateway/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace tidemark::gateway {

Uuid IdSource::next(std::uint64_t unix_ms) {
  std::array<std::uint8_t, 10> random{};
  if (used_ + random.size() > pool_.size()) {
    std::size_t filled = 0;
    while (filled < pool_.size()) {
      const ssize_t got = getrandom(pool_.data() + filled, pool_.size() - filled, 0);
      if (got > 0) filled += static_cast<std::size_t>(got);
      // Without the kernel's random source two gateways could give one id twice.
      if (got < 0 && errno != EINTR) std::abort();
    }
    used_ = 0;
  }
  std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(used_), random.size(), random.begin());
  used_ += random.size();
  return Uuid::v7(unix_ms, random);
}

std::string traceparent_of(const Uuid& id) {
  const std::string hex = id.to_hex();
  std::string text;
  text.reserve(55);
  text += "00-";
  text += hex;
  text += '-';
  text.append(hex, 16);
  text += "-01";
  return text;
}

std::string baggage_of(const Uuid& id, const std::optional<std::string>& callers) {
  constexpr std::size_t kMaxBaggage = 8192;
  std::string baggage = "tidemark-id=" + id.to_string();
  if (callers && !callers->empty() && baggage.size() + 1 + callers->size() <= kMaxBaggage) baggage += "," + *callers;
  return baggage;
}

}  // namespace tidemark::gateway
