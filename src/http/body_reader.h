// Members of a JSON body, checked one after the other, with the first problem
// kept.
//
// Checking each member with a return of its own doubles the length of every
// reader, and tempts to check less. Here a reader asks for what it wants and
// gets something harmless when it is not there; whether all was well is asked
// once, at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/position.h"
#include "http/json_reader.h"
#include "http/message.h"
#include "http/problem.h"

namespace tidemark::http {

// What one object may have.
struct MemberNames {
  std::span<const std::string_view> known;
  // Part of the interface, but not built: refused by that reason.
  std::span<const std::string_view> later = {};
};

class BodyReader {
 public:
  // The body of `request` as an object with those members. The content type must
  // be application/json (415), without a content coding.
  BodyReader(const Request& request, const MemberNames& names);

  const std::optional<Problem>& problem() const { return problem_; }
  // Kept when it is the first.
  void fail(const ProblemKind& kind, std::string detail, std::string field);

  const JsonValue& root() const { return root_; }
  bool has(std::string_view name) const { return root_.find(name) != nullptr; }

  // The following take an object, its place (empty for the body itself) and a
  // member's name. An absent member is a problem; where it may be absent, ask
  // has() first.

  // 1 to `most` bytes without control characters.
  std::string name(const JsonValue& object, const std::string& place, std::string_view member, std::size_t most = 255);
  // Up to `most` bytes, control characters included.
  std::string text(const JsonValue& object, const std::string& place, std::string_view member, std::size_t most);
  std::int64_t whole(const JsonValue& object, const std::string& place, std::string_view member,
                     std::int64_t most = std::numeric_limits<std::int64_t>::max());
  // A name that Kafka allows and that is not Kafka's own.
  std::string topic(const JsonValue& object, const std::string& place);
  core::Partition partition(const JsonValue& object, const std::string& place);
  // One of `known`; its index.
  std::size_t choice(const JsonValue& object, const std::string& place, std::string_view member,
                     std::span<const std::string_view> known);
  // An array of the body of up to `most` elements; null when it is absent or wrong.
  const JsonValue* list(std::string_view member, std::size_t most);

  // The same of one element.
  std::string name_at(const JsonValue& value, const std::string& place, std::size_t most = 255);
  std::int64_t whole_at(const JsonValue& value, const std::string& place,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());
  std::string topic_at(const JsonValue& value, const std::string& place);
  // Whether it is an object with those members only.
  bool object_at(const JsonValue& value, const std::string& place, const MemberNames& names);

 private:
  const JsonValue* required(const JsonValue& object, const std::string& place, std::string_view member);

  JsonValue root_;
  std::optional<Problem> problem_;
};

// `positions[3]` and `topic` make `positions[3].topic`.
std::string place_of(const std::string& place, std::string_view member);
std::string place_of(std::string_view list, std::size_t index);

// Content-Type is application/json, in UTF-8, and there is no content coding.
std::optional<Problem> check_json_content(const Request& request);

}  // namespace tidemark::http
