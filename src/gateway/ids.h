// Event ids, and the trace context made from them.
//
// A consumer that knows nothing of Tidemark may still pass on W3C trace headers,
// so each event carries its id in three forms: as itself, as the trace it
// belongs to, and as a baggage entry (DESIGN §5, kafka.md §5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace tidemark::gateway {

// Unique ids that sort by time. Owned by one reactor. Random bytes come from
// the kernel, many at a time, so that an id costs no system call.
class IdSource {
 public:
  // `unix_ms`: the wall clock, in milliseconds.
  Uuid next(std::uint64_t unix_ms);

 private:
  std::array<std::uint8_t, 4096> pool_{};
  std::size_t used_ = sizeof(pool_);
};

// W3C Trace Context, version 00, sampled: the id is the trace id, its second
// half the parent id.
std::string traceparent_of(const Uuid& id);

// The caller's baggage, if any, with `tidemark-id=<id>` in front. A caller's
// baggage that would pass the 8,192 bytes of the W3C limit is left out.
std::string baggage_of(const Uuid& id, const std::optional<std::string>& callers);

}  // namespace tidemark::gateway
