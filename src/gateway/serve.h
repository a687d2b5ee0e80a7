// A gateway from its settings to its end.
#pragma once

#include "base/result.h"
#include "gateway/settings.h"

namespace tidemark::gateway {

// Listens and serves on the calling thread until SIGTERM or SIGINT, then drains:
// new requests are refused, held ones answered within `drain_time`, appends in
// flight driven to their end. A second signal stops at once. The error says why
// it could not begin: a malformed server list, an address in use.
Result<void> serve(const Settings& settings);

}  // namespace tidemark::gateway
