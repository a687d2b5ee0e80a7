// The calls behind the routes: what HTTP asks of the gateway.
//
// Routes turn a request into one of these calls, rendering turns the answer
// back; neither knows what a group or a frontier is, and the gateway knows
// nothing of HTTP but its error categories.
//
// Threading: everything on the reactor that owns the server. A call is answered
// exactly once, through Replies, possibly before the call returns; or never,
// when gone() was called for it first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/answer.h"
#include "core/engine.h"
#include "core/mark.h"
#include "core/time.h"

namespace tidemark::http {

using ExchangeId = std::uint64_t;

// POST /topics/{topic}
struct PublishCall {
  std::string topic;
  std::optional<core::Partition> partition;
  std::optional<std::string> key;
  std::string value;
  std::string content_type;                 // empty when the request has none
  std::optional<std::string> traceparent;   // valid W3C Trace Context, else absent
  std::optional<std::string> baggage;
  std::vector<std::pair<std::string, std::string>> headers;  // Kafka-Header-NAME: value
  bool wait = true;                         // false: 202 once appended
  std::optional<core::Duration> wait_for;   // else the default
  std::vector<std::string> only;            // ?for=
  core::Scope scope = core::Scope::event;
  core::Time received{};                    // last byte of the request
};

// GET /marks/{mark}; several marks are merged before the call.
struct MarkCall {
  core::Mark mark;
  bool wait = false;
  std::optional<core::Duration> wait_for;
  std::vector<std::string> only;
  core::Scope scope = core::Scope::event;  // the mark's, where that is the stronger
  core::Time received{};
};

// POST /waits: whatever is named must be processed.
struct WaitsCall {
  core::Mark mark;  // marks of the body, merged; may be empty
  std::vector<core::PositionRequest> positions;
  std::vector<std::string> topics;  // all that is in them now
  core::Scope scope = core::Scope::event;
  bool wait = true;
  std::optional<core::Duration> wait_for;
  std::vector<std::string> only;  // "for"
  core::Time received{};
};

// POST /acks
struct AckCall {
  std::string consumer;
  std::optional<Uuid> id;  // instead of topic, partition and offsets
  std::string topic;
  core::Partition partition = 0;
  core::Range offsets;
  bool failed = false;
  std::string reason;
  core::Time received{};
};

class Replies {
 public:
  virtual ~Replies() = default;
  virtual void acked(ExchangeId exchange) = 0;
  // The ack is not in the log, or may not be.
  virtual void ack_failed(ExchangeId exchange, const core::Delivery& delivery) = 0;
  virtual void answered(ExchangeId exchange, const core::Answer& answer) = 0;
  virtual void refused(ExchangeId exchange, const core::Refusal& refusal) = 0;
};

struct Health {
  bool ready = false;
  std::string detail;  // why not, for people
  bool polled = false;          // committed positions are asked for, not read as they are made
  std::string polled_why = {};  // for people
};

class Api {
 public:
  virtual ~Api() = default;
  virtual void publish(ExchangeId exchange, PublishCall call) = 0;
  virtual void resume(ExchangeId exchange, MarkCall call) = 0;
  virtual void barrier(ExchangeId exchange, WaitsCall call) = 0;
  virtual void ack(ExchangeId exchange, AckCall call) = 0;
  // GET /doctor: a JSON document (gateway/doctor.h). `exchange` is not held.
  virtual void inspect(std::function<void(std::string json)> done) = 0;
  virtual void gone(ExchangeId exchange) = 0;

  virtual std::vector<core::TopicView> topics() = 0;
  virtual std::vector<core::ConsumerView> consumers() = 0;
  virtual std::vector<core::EdgeView> topology() = 0;
  virtual Health health() = 0;
  virtual std::string metrics() = 0;  // Prometheus text format 0.0.4
};

// What the parameters are checked against.
struct WaitLimits {
  core::Duration default_wait = std::chrono::seconds(2);
  core::Duration max_wait = std::chrono::seconds(60);
};

}  // namespace tidemark::http
