// The names of header fields that decide something, told apart once.
//
// A publish is looked through for a dozen names, and each of its fields would be
// compared with all of them, several times over: by what frames the request, by what
// the call takes, by what it refuses. A number is compared instead.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::http {

enum class FieldName : std::uint8_t {
  other,
  accept,
  baggage,
  cloud_event,  // whatever begins with ce-
  connection,
  content_encoding,
  content_length,
  content_type,
  expect,
  host,
  idempotency_key,
  prefer,
  record_header,  // whatever begins with Kafka-Header-
  traceparent,
  transfer_encoding,
};

inline constexpr std::string_view kRecordHeaderPrefix = "Kafka-Header-";

// ASCII case only, as RFC 9110 §5.1 wants it.
FieldName field_name(std::string_view name);

}  // namespace tidemark::http
