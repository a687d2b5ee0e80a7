// Glob patterns over names: `*` any run of characters, `?` any one.
//
// Regular expressions would do more, but std::regex recurses on hostile input,
// and group names are matched once per group, by people who think in shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::core {

// Linear in practice, quadratic at worst; no allocation.
bool matches(std::string_view pattern, std::string_view name);
bool matches_any(const std::vector<std::string>& patterns, std::string_view name);

}  // namespace tidemark::core
