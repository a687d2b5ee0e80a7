// Errors as problem details (RFC 9457, application/problem+json).
//
// A status code alone sends a person to the logs, and free text cannot be
// switched on by a program. Each kind of problem has a stable type, a path under
// /problems/, which may be relied upon; the detail names the culprit and may be
// reworded.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace tidemark::http {

struct ProblemKind {
  int status;
  std::string_view type;   // what follows "/problems/"
  std::string_view title;  // the same for every occurrence
};

struct Problem {
  ProblemKind kind;
  std::string detail;      // one sentence about this occurrence
  std::string field = {};  // the parameter, header or member to blame, if one is
};

// What the transport refuses. The connection ends with such an answer, because
// where the next request begins is in doubt, or is not worth waiting for.
inline constexpr ProblemKind kMalformedRequest{400, "malformed-request", "The request is not valid HTTP"};
inline constexpr ProblemKind kRequestTimeout{408, "request-timeout", "The request did not arrive in time"};
inline constexpr ProblemKind kBodyTooLarge{413, "body-too-large", "The body is too large"};
inline constexpr ProblemKind kTargetTooLong{414, "target-too-long", "The request target is too long"};
inline constexpr ProblemKind kUnknownExpectation{417, "unknown-expectation", "The expectation cannot be met"};
inline constexpr ProblemKind kTooManyFromAddress{429, "too-many-connections", "Too many connections from one address"};
inline constexpr ProblemKind kHeadersTooLarge{431, "headers-too-large", "The header fields are too large"};
inline constexpr ProblemKind kUnknownTransferEncoding{501, "unknown-transfer-encoding",
                                                      "The transfer encoding is not implemented"};
inline constexpr ProblemKind kOverloaded{503, "overloaded", "The gateway is at its limit"};
inline constexpr ProblemKind kUnknownVersion{505, "unknown-http-version", "The HTTP version is not supported"};

// The answer that says so. Bytes of detail and field that are not printable
// ASCII are shown as \xNN: they may come from a hostile request, and JSON must
// be valid UTF-8.
Response to_response(const Problem& problem);

}  // namespace tidemark::http
