// What core tells apart by name, with a number each that it keeps for the engine's life.
//
// A commit names its group and its topic, and everything else goes by number. So a
// name is looked up at every commit, and what has the number several times: a deque
// costs a division each time, a table of pointers none, and what is in it stays
// where it is, too. A group commits several partitions of a topic in a row: the name
// found last is compared before it is looked for.
//
// Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/strings.h"

namespace tidemark::core {

// T has a `name`, which nobody changes.
template <class T>
class Numbered {
 public:
  using Number = std::uint32_t;

  std::optional<Number> find(std::string_view name) const {
    if (last_ < all_.size() && all_[last_]->name == name) return last_;
    const auto found = numbers_.find(name);
    if (found == numbers_.end()) return std::nullopt;
    return last_ = found->second;
  }
  // Precondition: there is none of that name.
  Number add(std::string_view name) {
    const auto number = static_cast<Number>(all_.size());
    all_.push_back(std::make_unique<T>());
    all_.back()->name = name;
    numbers_.emplace(name, number);
    return number;
  }

  T& operator[](Number number) { return *all_[number]; }
  const T& operator[](Number number) const { return *all_[number]; }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::unordered_map<std::string, Number, StringHash, std::equal_to<>> numbers_;
  mutable Number last_ = 0;
};

}  // namespace tidemark::core
