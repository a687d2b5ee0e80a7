// ack: one explicit acknowledgment, as the command line writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/http_call.h"
#include "cli/report.h"

namespace tidemark::cli {

struct AckOptions {
  std::string consumer;
  std::string topic;
  std::int32_t partition = 0;
  std::string offsets;  // OFFSET or FIRST-LAST
  bool failed = false;
  std::string reason;
};

// `41` is the range of one, `40-43` of four. Nothing when it is neither, or
// upside down.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_offsets(std::string_view text);

// The body of POST /acks. Precondition: the offsets can be parsed.
std::string ack_body(const AckOptions& options);

// 0 for a 204, else 1.
Report report_of_ack(const HttpAnswer& answer, const AckOptions& options);

}  // namespace tidemark::cli
