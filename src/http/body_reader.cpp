#include "http/body_reader.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/nearest.h"
#include "http/calls.h"

namespace tidemark::http {
namespace {

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// `type/subtype *( ";" name=value )`; a charset, if one is given, must be UTF-8.
bool is_json(std::string_view type) {
  std::size_t end = std::min(type.find(';'), type.size());
  if (!equals_ignoring_case(trimmed(type.substr(0, end)), "application/json")) return false;
  while (end < type.size()) {
    type.remove_prefix(end + 1);
    end = std::min(type.find(';'), type.size());
    const std::string_view parameter = trimmed(type.substr(0, end));
    constexpr std::string_view kCharset = "charset=";
    if (begins_ignoring_case(parameter, kCharset) &&
        !equals_ignoring_case(parameter.substr(kCharset.size()), "utf-8") &&
        !equals_ignoring_case(parameter.substr(kCharset.size()), "\"utf-8\""))
      return false;
  }
  return true;
}

}  // namespace

std::string place_of(const std::string& place, std::string_view member) {
  return place.empty() ? std::string(member) : place + "." + std::string(member);
}

std::string place_of(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::optional<Problem> check_json_content(const Request& request) {
  int types = 0;
  for (const Field& field : request.headers) {
    if (field.known == FieldName::content_encoding && !equals_ignoring_case(field.value, "identity"))
      return Problem{kUnsupportedMedia, "A body is taken as it is, without a content coding", field.name};
    if (field.known != FieldName::content_type) continue;
    if (++types > 1) return Problem{kInvalidHeader, "Content-Type is given twice", "Content-Type"};
    if (!is_json(field.value))
      return Problem{kUnsupportedMedia, "The body must be application/json in UTF-8, not " + quoted(field.value),
                     "Content-Type"};
  }
  if (types > 0) return std::nullopt;
  return Problem{kUnsupportedMedia, "Say 'Content-Type: application/json'", "Content-Type"};
}

BodyReader::BodyReader(const Request& request, const MemberNames& names) {
  problem_ = check_json_content(request);
  if (problem_) return;
  Checked<JsonValue> read = read_json(request.body);
  if (Problem* problem = std::get_if<Problem>(&read)) {
    problem_ = std::move(*problem);
    return;
  }
  root_ = std::move(std::get<JsonValue>(read));
  object_at(root_, "", names);
}

void BodyReader::fail(const ProblemKind& kind, std::string detail, std::string field) {
  if (!problem_) problem_ = Problem{kind, std::move(detail), std::move(field)};
}

bool BodyReader::object_at(const JsonValue& value, const std::string& place, const MemberNames& names) {
  if (value.kind != JsonValue::Kind::object) {
    fail(kInvalidBody, "It must be an object", place.empty() ? "body" : place);
    return false;
  }
  for (const std::string& name : value.names) {
    if (std::find(names.later.begin(), names.later.end(), name) != names.later.end()) {
      fail(kNotBuilt, "The member " + quoted(name) + " is not built yet", place_of(place, name));
      return false;
    }
    if (std::find(names.known.begin(), names.known.end(), name) == names.known.end()) {
      fail(kUnknownMember,
           "The member " + quoted(name) + " is not known; the nearest known one is " + quoted(nearest(name, names.known)),
           place_of(place, name));
      return false;
    }
  }
  return true;
}

const JsonValue* BodyReader::required(const JsonValue& object, const std::string& place, std::string_view member) {
  const JsonValue* value = object.find(member);
  if (value == nullptr) fail(kInvalidBody, "The member '" + std::string(member) + "' is missing", place_of(place, member));
  return value;
}

std::string BodyReader::name(const JsonValue& object, const std::string& place, std::string_view member,
                             std::size_t most) {
  const JsonValue* value = required(object, place, member);
  return value == nullptr ? std::string() : name_at(*value, place_of(place, member), most);
}

std::string BodyReader::name_at(const JsonValue& value, const std::string& place, std::size_t most) {
  if (value.kind == JsonValue::Kind::string && !value.text.empty() && value.text.size() <= most &&
      !has_control_character(value.text))
    return value.text;
  fail(kInvalidBody, "It must be a string of 1 to " + std::to_string(most) + " bytes without control characters", place);
  return {};
}

std::string BodyReader::text(const JsonValue& object, const std::string& place, std::string_view member,
                             std::size_t most) {
  const JsonValue* value = required(object, place, member);
  if (value == nullptr) return {};
  if (value->kind == JsonValue::Kind::string && value->text.size() <= most) return value->text;
  fail(kInvalidBody, "It must be a string of at most " + std::to_string(most) + " bytes", place_of(place, member));
  return {};
}

std::int64_t BodyReader::whole(const JsonValue& object, const std::string& place, std::string_view member,
                               std::int64_t most) {
  const JsonValue* value = required(object, place, member);
  return value == nullptr ? 0 : whole_at(*value, place_of(place, member), most);
}

std::int64_t BodyReader::whole_at(const JsonValue& value, const std::string& place, std::int64_t most) {
  if (value.kind == JsonValue::Kind::integer && value.integer >= 0 && value.integer <= most) return value.integer;
  fail(kInvalidBody, "It must be a whole number from 0 to " + std::to_string(most), place);
  return 0;
}

std::string BodyReader::topic(const JsonValue& object, const std::string& place) {
  const JsonValue* value = required(object, place, "topic");
  return value == nullptr ? std::string() : topic_at(*value, place_of(place, "topic"));
}

std::string BodyReader::topic_at(const JsonValue& value, const std::string& place) {
  if (value.kind != JsonValue::Kind::string) {
    fail(kInvalidBody, "It must be a topic's name, as a string", place);
    return {};
  }
  if (const std::optional<Problem> wrong = check_topic(value.text)) fail(wrong->kind, wrong->detail, place);
  return value.text;
}

core::Partition BodyReader::partition(const JsonValue& object, const std::string& place) {
  return static_cast<core::Partition>(
      whole(object, place, "partition", std::numeric_limits<core::Partition>::max()));
}

std::size_t BodyReader::choice(const JsonValue& object, const std::string& place, std::string_view member,
                               std::span<const std::string_view> known) {
  const JsonValue* value = required(object, place, member);
  if (value == nullptr) return 0;
  const bool is_text = value->kind == JsonValue::Kind::string;
  const auto found = std::find(known.begin(), known.end(), value->text);
  if (is_text && found != known.end()) return static_cast<std::size_t>(found - known.begin());
  std::string list;
  for (const std::string_view each : known) list += (list.empty() ? "'" : ", '") + std::string(each) + "'";
  fail(kInvalidBody,
       "It must be one of " + list + (is_text ? ", not " + quoted(value->text) + "; the nearest is " +
                                                    quoted(nearest(value->text, known))
                                              : ""),
       place_of(place, member));
  return 0;
}

const JsonValue* BodyReader::list(std::string_view member, std::size_t most) {
  const JsonValue* value = root_.find(member);
  if (value == nullptr) return nullptr;
  if (value->kind == JsonValue::Kind::array && value->items.size() <= most) return value;
  fail(kInvalidBody,
       value->kind == JsonValue::Kind::array
           ? "It has " + std::to_string(value->items.size()) + " elements, and may have " + std::to_string(most)
           : "It must be a list",
       std::string(member));
  return nullptr;
}

}  // namespace tidemark::http
