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

// What the routes and the gateway refuse; the connection goes on.
inline constexpr ProblemKind kUnknownRoute{404, "unknown-route", "There is no such route"};
inline constexpr ProblemKind kMethodNotAllowed{405, "method-not-allowed", "The route does not take this method"};
inline constexpr ProblemKind kUnknownParameter{400, "unknown-parameter", "The parameter is not known"};
inline constexpr ProblemKind kInvalidParameter{400, "invalid-parameter", "The parameter's value is not valid"};
inline constexpr ProblemKind kInvalidHeader{400, "invalid-header", "The header field's value is not valid"};
inline constexpr ProblemKind kInvalidBody{400, "invalid-body", "The body is not valid"};
inline constexpr ProblemKind kUnknownMember{400, "unknown-member", "The member is not known"};
inline constexpr ProblemKind kInvalidTopic{400, "invalid-topic", "The topic name is not valid"};
inline constexpr ProblemKind kInvalidMark{400, "invalid-mark", "The mark is not valid"};
inline constexpr ProblemKind kUnknownPartition{400, "unknown-partition", "The topic has no such partition"};
inline constexpr ProblemKind kUnknownConsumer{400, "unknown-consumer", "Nobody of that name is waited for"};
inline constexpr ProblemKind kInvalidEvent{400, "invalid-event", "The log does not take this event"};
inline constexpr ProblemKind kNotBuilt{400, "not-built", "This part of the interface is not built yet"};
inline constexpr ProblemKind kUnsupportedMedia{415, "unsupported-media-type",
                                                "The content is not of a type taken here"};
inline constexpr ProblemKind kForbiddenTopic{403, "forbidden-topic", "The topic is not for publishers"};
inline constexpr ProblemKind kUnknownTopic{404, "unknown-topic", "There is no such topic"};
inline constexpr ProblemKind kCutOff{410, "cut-off", "The log was cut off below the event"};
inline constexpr ProblemKind kRecreatedTopic{410, "recreated-topic", "The topic was deleted and made again"};
inline constexpr ProblemKind kTooManyPartitions{413, "too-many-partitions", "The barrier has too many partitions"};
inline constexpr ProblemKind kBeyondEnd{400, "beyond-end", "The partition does not reach that offset"};
inline constexpr ProblemKind kUnknownEvent{404, "unknown-event", "This gateway does not know the event"};
inline constexpr ProblemKind kEventTooLarge{413, "event-too-large", "The event is larger than its topic takes"};
inline constexpr ProblemKind kTopicLimit{429, "topic-limit", "The topic is at its limit"};
inline constexpr ProblemKind kNotAppended{502, "not-appended", "The log did not take the event"};
inline constexpr ProblemKind kLogUnavailable{503, "log-unavailable", "The event could not be sent to the log"};
inline constexpr ProblemKind kNotReady{503, "not-ready", "The gateway is not ready"};
inline constexpr ProblemKind kDraining{503, "draining", "The gateway is stopping"};
inline constexpr ProblemKind kAppendUnknown{504, "append-unknown", "It is not known whether the event was appended"};
inline constexpr ProblemKind kAckNotWritten{502, "ack-not-written", "The log did not take the ack"};
inline constexpr ProblemKind kAckUnavailable{503, "ack-unavailable", "The ack could not be sent to the log"};
inline constexpr ProblemKind kAckUnknown{504, "ack-unknown", "It is not known whether the ack was written"};
inline constexpr ProblemKind kInspectionLate{503, "inspection-late", "The cluster was not looked through in time"};

class JsonWriter;

// Writes the members of the problem into an object that is open: an answer may
// add members of its own (RFC 9457 §3.2). Bytes of detail and field that are not
// printable ASCII are shown as \xNN, since they may come from a hostile request.
void write_members(const Problem& problem, JsonWriter& json);

// The answer that says so.
Response to_response(const Problem& problem);

}  // namespace tidemark::http
