// A text that stands in the program itself.
//
// Names of members and of header fields are written once for every answer, and none
// of them needs an escape; what is known when the program is compiled need not be
// looked for at each writing.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"

namespace tidemark {

// Made from string literals only. Plain (ascii.h), or it does not compile. Lives as
// long as the program.
class Literal {
 public:
  constexpr Literal() = default;
  template <std::size_t N>
  consteval Literal(const char (&text)[N]) : text_(text, N - 1) {
    for (const char c : text_)
      if (!is_plain(c)) throw "a literal is plain text";
  }
  constexpr operator std::string_view() const { return text_; }
  constexpr const char* data() const { return text_.data(); }
  constexpr std::size_t size() const { return text_.size(); }
  constexpr bool empty() const { return text_.empty(); }
  friend constexpr bool operator==(Literal a, std::string_view b) { return a.text_ == b; }

 private:
  std::string_view text_;
};

}  // namespace tidemark
