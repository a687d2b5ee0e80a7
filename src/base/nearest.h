// What somebody who mistyped a name probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tidemark {

// Optimal string alignment distance: insertions, deletions, replacements and
// swaps of neighbours. Only the first 64 bytes of each are compared, so that a
// hostile name costs no more than a long one.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the least distance, the first of equals. Precondition: at
// least one.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace tidemark
