// Look-ups in a table of std::string by std::string_view, without a copy.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tidemark::core {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

}  // namespace tidemark::core
