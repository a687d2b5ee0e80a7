#include "http/field_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace tidemark::http {
namespace {

const std::map<std::string, FieldName> kNames{
    {"Accept", FieldName::accept},
    {"Baggage", FieldName::baggage},
    {"ce-", FieldName::cloud_event},
    {"ce-id", FieldName::cloud_event},
    {"ce-a", FieldName::cloud_event},  // as long as Host
    {"Connection", FieldName::connection},
    {"Content-Encoding", FieldName::content_encoding},
    {"Content-Length", FieldName::content_length},
    {"Content-Type", FieldName::content_type},
    {"Expect", FieldName::expect},
    {"Host", FieldName::host},
    {"Idempotency-Key", FieldName::idempotency_key},
    {"Prefer", FieldName::prefer},
    {"Kafka-Header-", FieldName::record_header},
    {"Kafka-Header-a", FieldName::record_header},
    {"Traceparent", FieldName::traceparent},
    {"Transfer-Encoding", FieldName::transfer_encoding},
};

std::string in_case(std::string text, int (*to)(int)) {
  std::transform(text.begin(), text.end(), text.begin(), [&](unsigned char c) { return static_cast<char>(to(c)); });
  return text;
}

TEST(FieldName, IsKnownInEachCase) {
  for (const auto& [name, known] : kNames)
    for (const std::string& spelled : {name, in_case(name, std::tolower), in_case(name, std::toupper)})
      EXPECT_EQ(field_name(spelled), known) << spelled;
}

TEST(FieldName, IsOtherWithAByteChangedAddedOrGone) {
  for (const auto& [name, known] : kNames) {
    if (name.ends_with('-') || known == FieldName::cloud_event || known == FieldName::record_header) continue;
    for (std::size_t at = 0; at < name.size(); ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = name;
        if (std::tolower(changed[at]) == std::tolower(byte)) continue;
        changed[at] = static_cast<char>(byte);
        EXPECT_EQ(field_name(changed), FieldName::other) << changed;
      }
    EXPECT_EQ(field_name(name + "s"), FieldName::other) << name;
    EXPECT_EQ(field_name(name.substr(1)), FieldName::other) << name;
    EXPECT_EQ(field_name(name.substr(0, name.size() - 1)), FieldName::other) << name;
  }
  for (const char* other : {"", "c", "ce", "Kafka-Header", "kafka-headers-a", "User-Agent", "Accept-Encoding"})
    EXPECT_EQ(field_name(other), FieldName::other) << other;
}

}  // namespace
}  // namespace tidemark::http
