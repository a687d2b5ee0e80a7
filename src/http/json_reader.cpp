#include "http/json_reader.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <optional>
#include <utility>

namespace tidemark::http {
namespace {

namespace json = boost::json;
using Code = boost::system::error_code;
using Kind = JsonValue::Kind;

// Builds the tree; the parser calls it.
class Builder {
 public:
  // The parser's own bounds are of all places alike; ours are checked here.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  explicit Builder(const JsonBounds& bounds) : bounds_(bounds) {}

  JsonValue& root() { return root_; }
  const std::optional<Problem>& problem() const { return problem_; }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& ec) { return open(Kind::object, ec); }
  bool on_object_end(std::size_t, Code&) { return close(); }
  bool on_array_begin(Code& ec) { return open(Kind::array, ec); }
  bool on_array_end(std::size_t, Code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, Code& ec) { return add_text(part, ec); }
  bool on_key(json::string_view part, std::size_t, Code& ec) { return add_text(part, ec) && add_name(ec); }
  bool on_string_part(json::string_view part, std::size_t, Code& ec) { return add_text(part, ec); }
  bool on_string(json::string_view part, std::size_t, Code& ec) {
    if (!add_text(part, ec)) return false;
    JsonValue* value = add(Kind::string, ec);
    if (value != nullptr) value->text = std::exchange(text_, {});
    return value != nullptr;
  }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Code& ec) {
    JsonValue* value = add(Kind::integer, ec);
    if (value != nullptr) value->integer = number;
    return value != nullptr;
  }
  bool on_uint64(std::uint64_t, json::string_view, Code& ec) { return add(Kind::number, ec) != nullptr; }
  bool on_double(double, json::string_view, Code& ec) { return add(Kind::number, ec) != nullptr; }
  bool on_bool(bool truth, Code& ec) {
    JsonValue* value = add(Kind::boolean, ec);
    if (value != nullptr) value->truth = truth;
    return value != nullptr;
  }
  bool on_null(Code& ec) { return add(Kind::null, ec) != nullptr; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

 private:
  bool refuse(const std::string& detail, Code& ec, const JsonValue* at = nullptr) {
    problem_ = Problem{kInvalidBody, detail, place(at)};
    ec = json::error::syntax;
    return false;
  }

  // Where the reader is: at the member or element that begins, or at `end`, an
  // open value.
  std::string place(const JsonValue* end) const {
    std::string text;
    for (const JsonValue* value : open_) {
      if (value == end) break;
      if (value->kind == Kind::array) {
        const bool innermost = value == open_.back();
        text += "[" + std::to_string(innermost ? value->items.size() : value->items.size() - 1) + "]";
      } else if (!value->names.empty()) {
        text += (text.empty() ? "" : ".") + value->names.back();
      }
    }
    return text.empty() ? "body" : text;
  }

  JsonValue* add(Kind kind, Code& ec) {
    if (++values_ > bounds_.values) {
      refuse("It has more than " + std::to_string(bounds_.values) + " values", ec);
      return nullptr;
    }
    JsonValue* value = &root_;
    if (!open_.empty()) {
      JsonValue& parent = *open_.back();
      if (parent.kind == Kind::array && parent.items.size() >= bounds_.elements) {
        refuse("A list may have " + std::to_string(bounds_.elements) + " elements", ec, &parent);
        return nullptr;
      }
      value = &parent.items.emplace_back();
    }
    value->kind = kind;
    return value;
  }

  // A parent's items grow only while their last one is closed, so that the
  // pointers to open ones stay good.
  bool open(Kind kind, Code& ec) {
    if (open_.size() >= bounds_.depth) return refuse("It is nested too deeply", ec);
    JsonValue* value = add(kind, ec);
    if (value != nullptr) open_.push_back(value);
    return value != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool add_text(json::string_view part, Code& ec) {
    if (text_.size() + part.size() > bounds_.text)
      return refuse("A text may have " + std::to_string(bounds_.text) + " bytes", ec);
    text_.append(part.data(), part.size());
    return true;
  }

  bool add_name(Code& ec) {
    JsonValue& object = *open_.back();
    const bool again = std::find(object.names.begin(), object.names.end(), text_) != object.names.end();
    const bool too_many = object.names.size() >= bounds_.members;
    object.names.push_back(std::exchange(text_, {}));
    if (again) return refuse("The member is given twice", ec);
    if (too_many) return refuse("An object may have " + std::to_string(bounds_.members) + " members", ec);
    return true;
  }

  const JsonBounds bounds_;
  JsonValue root_;
  std::vector<JsonValue*> open_;  // arrays and objects, from the outermost
  std::string text_;              // of the string or name being read
  std::size_t values_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

Checked<JsonValue> read_json(std::string_view text, const JsonBounds& bounds) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Problem{kInvalidBody, "It is empty", "body"};
  json::parse_options options;
  options.max_depth = bounds.depth + 1;  // so that the builder is the first to object
  json::basic_parser<Builder> parser(options, bounds);
  Code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().problem()) return *parser.handler().problem();
  if (ec) {
    const std::string at = used < text.size() ? " at byte " + std::to_string(used) : " at its end";
    return Problem{kInvalidBody, "It is not JSON: " + ec.message() + at, "body"};
  }
  if (used < text.size()) return Problem{kInvalidBody, "More follows the JSON value, at byte " + std::to_string(used), "body"};
  return std::move(parser.handler().root());
}

}  // namespace tidemark::http
