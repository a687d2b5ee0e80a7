// The Prefer header (RFC 7240): what the client would like, and may be denied.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace tidemark::http {

struct Preferences {
  bool respond_async = false;
  std::optional<std::uint64_t> wait_seconds;  // no more than 2^30
};

// Reads all Prefer fields together. As the RFC demands, what is malformed or
// unknown is ignored, and of a preference given twice the first counts; a list
// element that is malformed does not take its neighbours with it.
Preferences parse_prefer(const std::vector<Field>& headers);

}  // namespace tidemark::http
