// JSON text of a request as a small tree, with every leniency refused.
//
// The usual document models keep the last of two members of one name, or the
// first, and say nothing; two programs that read one body differently are how a
// check is passed by one and broken by the other. And a megabyte of "[0,0,0…"
// becomes fifty in memory. So a repeated name is refused, and depth, members,
// elements and text are bounded while reading, each with the place to blame.
//
// Pure. Boost.JSON's parser shows in json_reader.cpp alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/parameters.h"
#include "http/problem.h"

namespace tidemark::http {

struct JsonValue {
  enum class Kind { null, boolean, integer, number, string, array, object };
  Kind kind = Kind::null;
  bool truth = false;         // boolean
  std::int64_t integer = 0;   // integer: written without point or exponent, and in range; else it is a number
  std::string text;           // string, valid UTF-8
  std::vector<JsonValue> items;    // elements, or members in the order written
  std::vector<std::string> names;  // object: of `items`, each once

  // The member, or null. Of an object only.
  const JsonValue* find(std::string_view name) const;
};

struct JsonBounds {
  std::size_t depth = 4;         // of arrays and objects in each other
  std::size_t members = 16;      // of one object
  std::size_t elements = 1'000;  // of one array
  std::size_t values = 8'192;    // in all
  std::size_t text = 4'096;      // bytes of one string or name
};

// Reads exactly one value. A problem is of kInvalidBody; its field is the place,
// such as `positions[3].topic`, or `body` where the text is no JSON (RFC 8259,
// UTF-8 without a byte order mark).
Checked<JsonValue> read_json(std::string_view text, const JsonBounds& bounds = {});

}  // namespace tidemark::http
