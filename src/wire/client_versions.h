// Which version of each API a connection speaks.
//
// Brokers drop old versions and clients lag behind new ones, so the version is
// agreed per connection (KIP-35): the highest in both ranges, or none.
//
// Pure. Threading: a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

namespace tidemark::wire {

namespace msg {
struct ApiVersionsResponse;
}

// Versions of one API, both ends included.
struct VersionRange {
  std::int16_t min = 0;
  std::int16_t max = -1;
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

// The highest version in both; nothing when they do not meet.
std::optional<std::int16_t> common_version(VersionRange ours, VersionRange theirs);

class VersionTable {
 public:
  // The error is `unavailable` when the response is one (a broker that is not
  // ready), `corrupt` when it names no API.
  static Result<VersionTable> from(const msg::ApiVersionsResponse& response);

  // Nothing when the broker lacks the API.
  std::optional<VersionRange> find(std::int16_t api_key) const;

 private:
  std::vector<VersionRange> ranges_;  // by API key
};

}  // namespace tidemark::wire
