// Text from strangers, made fit to show.
//
// A group's name, a header's value, an exception's message are anybody's bytes.
// Copied into an answer or onto a terminal as they are, they break the document
// or move the cursor; cut at a byte count, they end in half a character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidemark {

// The length of the valid UTF-8 sequence that `text` begins with, else 0
// (Unicode 15, table 3-7: no overlong forms, no surrogates).
std::size_t utf8_length(std::string_view text);

// Valid UTF-8 of at most `max_bytes`, cut between characters: U+FFFD for each byte
// that is not, one space for each run of white space and control characters, none
// at the ends.
std::string printable(std::string_view text, std::size_t max_bytes);

}  // namespace tidemark
