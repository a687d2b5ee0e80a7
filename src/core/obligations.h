// The obligations open on one consumer's partition, by the offset they need.
//
// Walking all waits at every commit makes an ack cost what the number of
// waiters is (Commanded's lesson). Here the obligations of one frontier are
// ordered by the last offset they need, so a commit looks at the lowest and
// touches only those that it ends (P9); a wait that is cancelled takes its own
// out in logarithmic time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "core/position.h"

namespace tidemark::core {

struct Obligation {
  Offset last = kNoOffset;  // settled by a commit above this
  std::uint32_t wait = 0;   // slot of the wait
  std::uint32_t need = 0;   // which of the wait's needs
  friend auto operator<=>(const Obligation&, const Obligation&) = default;
};

using Obligations = std::set<Obligation>;

}  // namespace tidemark::core
