// Marks made one: core::merge (mark.h), and what it is made of.
//
// To keep all terms of all marks would let a mark grow with every merge, and to
// keep the highest position of each partition would forget the events below it
// that others appended between. So terms of one partition widen to a prefix: a
// wait for more than was asked, never for less.
//
// Private to core. Threading: none.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/mark.h"

namespace tidemark::core {

// Sorted, without repeats, prefixes absorbing, and with no more than `events`
// event terms on a partition.
std::vector<Term> compact(std::vector<Term> terms, std::size_t events);

// Error kind limit where the mark has more terms or consumers than Mark allows.
std::optional<Error> beyond_bounds(const Mark& mark);

}  // namespace tidemark::core
