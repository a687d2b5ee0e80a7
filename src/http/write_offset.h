// Offsets as answers have them: a number, or null where none is known.
#pragma once

#include "core/position.h"
#include "http/json_writer.h"

namespace tidemark::http {

inline void write_offset(JsonWriter& json, Literal name, core::Offset offset) {
  if (offset == core::kNoOffset) json.null_member(name);
  else json.member(name, offset);
}

}  // namespace tidemark::http
