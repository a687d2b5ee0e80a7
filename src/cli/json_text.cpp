#include "cli/json_text.h"

#include <boost/json.hpp>
#include <cstdio>

namespace tidemark::cli {

namespace json = boost::json;

json::value parsed(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error ? json::value() : value;
}

std::string string_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (const json::string* text = value->if_string()) return std::string(text->c_str(), text->size());
  return json::serialize(*value);
}

bool is_true(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array* array_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string milliseconds_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  boost::system::error_code error;
  const double ms = value == nullptr ? 0 : value->to_number<double>(error);
  char text[32];
  std::snprintf(text, sizeof(text), ms < 100 ? "%.1f ms" : "%.0f ms", error ? 0.0 : ms);
  return text;
}

}  // namespace tidemark::cli
