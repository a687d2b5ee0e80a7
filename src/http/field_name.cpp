#include "http/field_name.h"

#include "base/ascii.h"

namespace tidemark::http {
namespace {

bool begins_with(std::string_view name, std::string_view prefix) {
  return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

// No two of a length begin alike, so that one comparison tells.
FieldName candidate(std::string_view name, std::string_view& spelled) {
  const auto is = [&](std::string_view it, FieldName which) {
    spelled = it;
    return which;
  };
  switch (name.size()) {
    case 4: return is("host", FieldName::host);
    case 6:
      switch (name[0] | 0x20) {
        case 'a': return is("accept", FieldName::accept);
        case 'e': return is("expect", FieldName::expect);
        default: return is("prefer", FieldName::prefer);
      }
    case 7: return is("baggage", FieldName::baggage);
    case 10: return is("connection", FieldName::connection);
    case 11: return is("traceparent", FieldName::traceparent);
    case 12: return is("content-type", FieldName::content_type);
    case 14: return is("content-length", FieldName::content_length);
    case 15: return is("idempotency-key", FieldName::idempotency_key);
    case 16: return is("content-encoding", FieldName::content_encoding);
    case 17: return is("transfer-encoding", FieldName::transfer_encoding);
    default: return FieldName::other;
  }
}

}  // namespace

FieldName field_name(std::string_view name) {
  std::string_view spelled;
  const FieldName found = candidate(name, spelled);
  if (found != FieldName::other && equals_ignoring_case(name, spelled)) return found;
  if (begins_with(name, kRecordHeaderPrefix)) return FieldName::record_header;
  if (begins_with(name, "ce-")) return FieldName::cloud_event;
  return FieldName::other;
}

}  // namespace tidemark::http
