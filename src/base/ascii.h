// Runs of harmless text, found eight bytes at a time.
//
// Most of what is read and written is printable ASCII, and each of its bytes would
// be asked the same question; a word answers it for eight.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidemark {

// How many of the first bytes are printable ASCII (0x20 to 0x7e) but neither a
// quote nor a backslash.
std::size_t plain_prefix(std::string_view text);

}  // namespace tidemark
