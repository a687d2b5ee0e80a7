#include "wire/client_versions.h"

#include <algorithm>
#include <string>

#include "wire/error_codes.h"
#include "wire/generated/api_versions.h"

namespace tidemark::wire {
namespace {

constexpr std::int16_t kMaxKey = 1023;  // Kafka 4.4 is below 100

}  // namespace

std::optional<std::int16_t> common_version(VersionRange ours, VersionRange theirs) {
  const std::int16_t highest = std::min(ours.max, theirs.max);
  if (highest < std::max(ours.min, theirs.min)) return std::nullopt;
  return highest;
}

Result<VersionTable> VersionTable::from(const msg::ApiVersionsResponse& response) {
  if (response.error_code != 0) {
    return Error{ErrorKind::unavailable,
                 "ApiVersions was answered with " + std::string(error_name(response.error_code))};
  }
  VersionTable table;
  for (const auto& api : response.api_keys) {
    if (api.api_key < 0 || api.api_key > kMaxKey) continue;
    const auto index = static_cast<std::size_t>(api.api_key);
    if (table.ranges_.size() <= index) table.ranges_.resize(index + 1);
    table.ranges_[index] = {api.min_version, api.max_version};
  }
  if (table.ranges_.empty()) return Error{ErrorKind::corrupt, "ApiVersions named no API"};
  return table;
}

std::optional<VersionRange> VersionTable::find(std::int16_t api_key) const {
  if (api_key < 0 || static_cast<std::size_t>(api_key) >= ranges_.size()) return std::nullopt;
  const VersionRange range = ranges_[static_cast<std::size_t>(api_key)];
  if (range.max < range.min) return std::nullopt;
  return range;
}

}  // namespace tidemark::wire
