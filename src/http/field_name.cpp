#include "http/field_name.h"

#include "base/ascii.h"

namespace tidemark::http {
namespace {

struct Spelled {
  std::string_view text;
  FieldName name;
};

constexpr Spelled kWhole[] = {
    {"accept", FieldName::accept},
    {"baggage", FieldName::baggage},
    {"connection", FieldName::connection},
    {"content-encoding", FieldName::content_encoding},
    {"content-length", FieldName::content_length},
    {"content-type", FieldName::content_type},
    {"expect", FieldName::expect},
    {"host", FieldName::host},
    {"idempotency-key", FieldName::idempotency_key},
    {"prefer", FieldName::prefer},
    {"traceparent", FieldName::traceparent},
    {"transfer-encoding", FieldName::transfer_encoding},
};

}  // namespace

FieldName field_name(std::string_view name) {
  for (const Spelled& known : kWhole)
    if (known.text.size() == name.size() && equals_ignoring_case(name, known.text)) return known.name;
  if (begins_ignoring_case(name, kRecordHeaderPrefix)) return FieldName::record_header;
  if (begins_ignoring_case(name, "ce-")) return FieldName::cloud_event;
  return FieldName::other;
}

}  // namespace tidemark::http
