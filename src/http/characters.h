// Which bytes may stand where in a message, without the locale's opinion.
#pragma once

#include <array>
#include <string_view>

namespace tidemark::http {

inline bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// tchar of RFC 9110 §5.6.2.
inline constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> chars{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    chars[static_cast<unsigned char>(c)] = true;
  return chars;
}();
inline bool is_token_char(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

inline bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7f; }

// A field value's bytes: visible ASCII, obs-text, space and tab.
inline bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace tidemark::http
