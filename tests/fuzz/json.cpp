// JSON of a body: within its bounds, and what was read, written again, reads the same.
#include <functional>

#include "fuzz.h"
#include "http/json_reader.h"
#include "http/json_writer.h"

namespace tidemark::http {
namespace {

using fuzz::require;

bool same(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind || a.truth != b.truth || a.integer != b.integer || a.text != b.text || a.names != b.names ||
      a.items.size() != b.items.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i])) return false;
  return true;
}

// Numbers that are no whole ones in range have no value here: any such one stands for them.
void write(const JsonValue& value, JsonWriter& json, std::string& out) {
  switch (value.kind) {
    case JsonValue::Kind::null: return json.null();
    case JsonValue::Kind::boolean: return json.value(value.truth);
    case JsonValue::Kind::integer: return json.value(value.integer);
    case JsonValue::Kind::string: return json.value(value.text);
    case JsonValue::Kind::number:
      json.value(std::int64_t{1});
      out += ".5";
      return;
    case JsonValue::Kind::array:
      json.begin_array();
      for (const JsonValue& item : value.items) write(item, json, out);
      return json.end_array();
    case JsonValue::Kind::object:
      json.begin_object();
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        json.foreign_name(value.names[i]);
        write(value.items[i], json, out);
      }
      return json.end_object();
  }
}

std::size_t check_bounds(const JsonValue& value, const JsonBounds& bounds, std::size_t depth) {
  const bool holds_others = value.kind == JsonValue::Kind::array || value.kind == JsonValue::Kind::object;
  require(!holds_others || depth < bounds.depth, "no deeper than allowed");
  require(value.text.size() <= bounds.text, "no longer text than allowed");
  require(value.kind != JsonValue::Kind::array || value.items.size() <= bounds.elements,
          "no more elements than allowed");
  if (value.kind == JsonValue::Kind::object) {
    require(value.items.size() <= bounds.members && value.names.size() == value.items.size(),
            "no more members than allowed");
    for (std::size_t i = 0; i < value.names.size(); ++i)
      require(value.find(value.names[i]) == &value.items[i], "each name once");
  }
  std::size_t count = 1;
  for (const JsonValue& item : value.items) count += check_bounds(item, bounds, depth + 1);
  return count;
}

void check(std::string_view text) {
  JsonBounds bounds;
  bounds.elements = 8;
  bounds.values = 32;
  bounds.text = 64;
  const Checked<JsonValue> read = read_json(text, bounds);
  if (const Problem* problem = std::get_if<Problem>(&read)) {
    require(problem->kind.status == 400 && !problem->field.empty(), "a refusal says where");
    return;
  }
  const JsonValue& value = std::get<JsonValue>(read);
  require(check_bounds(value, bounds, 0) <= bounds.values, "no more values than allowed");
  std::string out;
  JsonWriter json(out);
  write(value, json, out);
  const Checked<JsonValue> again = read_json(out, bounds);
  require(std::holds_alternative<JsonValue>(again) && same(value, std::get<JsonValue>(again)),
          "written it reads the same");
}

}  // namespace
}  // namespace tidemark::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::http::check(tidemark::fuzz::view(data, size));
  return 0;
}
