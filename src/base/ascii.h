// ASCII: runs of harmless text, found eight bytes at a time, and letters of either case.
//
// Most of what is read and written is printable ASCII, and each of its bytes would
// be asked the same question; a word answers it for eight.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidemark {

// Printable ASCII (0x20 to 0x7e), but neither a quote nor a backslash.
constexpr bool is_plain(char c) { return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'; }

// How many of the first bytes are plain.
std::size_t plain_prefix(std::string_view text);

// How many of the first bytes are no control characters (0x00 to 0x1f, 0x7f).
std::size_t control_free_prefix(std::string_view text);

// Whether they differ in the case of ASCII letters at most.
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool begins_ignoring_case(std::string_view text, std::string_view prefix);

}  // namespace tidemark
