// Percent escapes, %XX.
//
// A topic's name or a group's may hold bytes that a URL gives a meaning. This is
// RFC 3986, not a form: '+' stays '+'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

// Decodes %XX; nothing when an escape is malformed.
std::optional<std::string> percent_decode(std::string_view text);

// The inverse, for a path segment or a query value: all but unreserved
// characters are escaped.
std::string percent_encode(std::string_view text);

}  // namespace tidemark
