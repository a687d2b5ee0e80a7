#include "http/render.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "http/json_writer.h"
#include "http/write_offset.h"

namespace tidemark::http {
namespace {

using core::Answer;
using core::Delivery;
using core::Outcome;
using Source = core::Evidence::Source;

// Server-Timing names no more consumers than this: headers have limits on the way.
constexpr std::size_t kMostTimings = 16;

// Core tells logs apart by bits above any partition's.
constexpr core::Partition kPartitionBits = (1 << 29) - 1;

constexpr std::string_view kNoConsumersHint =
    "no consumer group is known to read this topic: configure wait_for for it, or check that its consumers are running";

void write_hint(JsonWriter& json, const std::string& hint) {
  if (hint.empty()) json.null_member("hint");
  else json.member("hint", hint);
}

void write_position(JsonWriter& json, const core::Position& position) {
  json.member("topic", position.topic);
  if (position.partition < 0) json.null_member("partition");
  else json.member("partition", position.partition);
  write_offset(json, "offset", position.offset);
}

// Behind a hop the answer's own position is not what was committed past.
void write_fence(JsonWriter& json, const core::Position& last) {
  if (last.topic.empty()) return;
  json.member("topic", last.topic);
  json.member("partition", last.partition);
  write_offset(json, "fence", last.offset == core::kNoOffset ? core::kNoOffset : last.offset + 1);
}

// `which`: the answer has several positions, and the evidence is of one.
void write_evidence(JsonWriter& json, const core::ConsumerOutcome& consumer, bool which) {
  const core::Evidence& evidence = consumer.evidence;
  json.name("evidence");
  if (evidence.source == Source::none && evidence.anchor == core::kNoOffset && evidence.since == core::kNoOffset)
    return json.null();
  json.begin_object();
  json.member("source", core::name_of(evidence.source));
  if (!consumer.via.empty()) write_fence(json, consumer.position);
  else if (which && !consumer.position.topic.empty()) write_position(json, consumer.position);
  write_offset(json, "committed", evidence.committed);
  write_offset(json, "anchor", evidence.anchor);
  if (evidence.anchor_declared) json.member("anchor_declared", true);
  if (evidence.since != core::kNoOffset) json.member("since", evidence.since);
  if (evidence.acked.first != core::kNoOffset) {
    json.name("acked");
    json.begin_array();
    json.value(evidence.acked.first);
    json.value(evidence.acked.last);
    json.end_array();
  }
  // A share group's state has a topic of its own.
  const bool share = evidence.source == Source::share;
  const bool at_known = evidence.at.known() && evidence.at.partition != core::kPolledLog;
  const Literal partition = share ? Literal("state_partition") : Literal("commits_partition");
  const Literal offset = share ? Literal("state_offset") : Literal("commits_offset");
  if (at_known) json.member(partition, evidence.at.partition & kPartitionBits);
  else json.null_member(partition);
  write_offset(json, offset, at_known ? evidence.at.offset : core::kNoOffset);
  json.end_object();
}

// How it is known, or would be.
std::string_view basis_of(const core::ConsumerOutcome& consumer) {
  if (consumer.reason == core::PendingReason::ack) return "ack";
  switch (consumer.evidence.source) {
    case Source::poll: return "poll";
    case Source::ack: return "ack";
    case Source::share: return "share";
    case Source::none:
    case Source::commit:
    case Source::seed: break;
  }
  return "commit";
}

// That of all consumers, where they agree.
std::string_view basis_of(const Answer& answer) {
  if (answer.consumers.empty()) return "commit";
  const std::string_view first = basis_of(answer.consumers.front());
  for (const core::ConsumerOutcome& consumer : answer.consumers)
    if (basis_of(consumer) != first) return "mixed";
  return first;
}

void write_via(JsonWriter& json, const std::vector<core::Hop>& via) {
  json.name("via");
  json.begin_array();
  for (const core::Hop& hop : via) {
    json.begin_object();
    json.member("name", hop.consumer);
    json.member("topic", hop.topic);
    if (hop.elapsed == core::Duration::zero()) json.null_member("elapsed_ms");
    else json.member("elapsed_ms", hop.elapsed);
    json.end_object();
  }
  json.end_array();
}

void write_deferred(JsonWriter& json, const std::vector<core::Deferred>& deferred) {
  json.name("deferred");
  json.begin_array();
  for (const core::Deferred& each : deferred) {
    json.begin_object();
    json.member("name", each.consumer);
    json.member("input", each.input);
    json.member("topic", each.topic);
    json.member("reason", core::name_of(each.why));
    if (each.why == core::Deferred::Why::cycle) json.member("passes", each.passes);
    json.end_object();
  }
  json.end_array();
}

void write_consumer(JsonWriter& json, const core::ConsumerOutcome& consumer, bool which) {
  json.begin_object();
  json.member("name", consumer.name);
  json.member("outcome", core::name_of(consumer.outcome));
  if (consumer.reason != core::PendingReason::none) json.member("reason", core::name_of(consumer.reason));
  else if (!consumer.evidence.reason.empty()) json.member("reason", consumer.evidence.reason);
  json.member("basis", basis_of(consumer));
  json.member("elapsed_ms", consumer.elapsed);
  write_evidence(json, consumer, which);
  write_hint(json, consumer.hint);
  write_via(json, consumer.via);
  json.end_object();
}

void write_positions(JsonWriter& json, const std::vector<core::Position>& positions, bool as_list) {
  if (positions.size() == 1 && !as_list) return write_position(json, positions.front());
  json.name("positions");
  json.begin_array();
  for (const core::Position& position : positions) {
    json.begin_object();
    write_position(json, position);
    json.end_object();
  }
  json.end_array();
}

// The mark as text; nothing when there is none, or it is too large even widened.
std::optional<std::string> mark_text(const Answer& answer) {
  if (answer.mark.empty()) return std::nullopt;
  Result<std::string> text = core::encode(answer.mark);
  if (!text) return std::nullopt;
  return std::move(text).value();
}

void write_mark(JsonWriter& json, const std::optional<std::string>& mark) {
  if (mark) json.member("mark", *mark);
  else json.null_member("mark");
}

std::string_view outcome_of(const Answer& answer) {
  if (answer.all_processed()) return "processed";
  return answer.settled ? "failed" : "pending";
}

// A quoted string of RFC 9110 §5.6.4, printable ASCII.
std::string quoted_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string server_timing(const Answer& answer) {
  const std::size_t count = std::min(answer.consumers.size(), kMostTimings);
  std::string timing;
  timing.reserve(32 + 64 * count);
  if (answer.is_publish) timing.append("append;dur=").append(format_ms(answer.append_elapsed));
  for (std::size_t i = 0; i < count; ++i) {
    const core::ConsumerOutcome& consumer = answer.consumers[i];
    timing += timing.empty() ? "c" : ", c";
    timing.append(std::to_string(i + 1)).append(";desc=").append(quoted_string(consumer.name));
    timing.append(";dur=").append(format_ms(consumer.elapsed));
  }
  return timing;
}

void add_mark_headers(const std::optional<std::string>& mark, int status, Response& response) {
  if (!mark) return;
  response.headers.push_back({"Tidemark-Mark", *mark});
  if (status == 202 || status == 504) response.headers.push_back({"Location", "/marks/" + *mark});
}

std::string retry_seconds(core::Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return std::to_string(std::max<std::int64_t>(seconds, 1));
}

Problem not_appended_problem(const Answer& answer) {
  const std::string& detail = answer.detail;
  switch (answer.reason) {
    case Delivery::Reason::too_large: return {kEventTooLarge, detail};
    case Delivery::Reason::unknown_topic: return {kUnknownTopic, detail, "topic"};
    case Delivery::Reason::invalid: return {kInvalidEvent, detail};
    case Delivery::Reason::limit: return {kOverloaded, detail};
    // It was never sent, so nobody refused it: the same request may succeed soon.
    case Delivery::Reason::unavailable:
    case Delivery::Reason::timeout: return {kLogUnavailable, detail};
    case Delivery::Reason::none:
    case Delivery::Reason::forbidden:
    case Delivery::Reason::internal: break;
  }
  return {kNotAppended, detail};
}

// A publish that did not come to an appended event: problem details with what is
// known of the event.
Response render_failed_publish(const Answer& answer) {
  const bool unknown = answer.fate == Delivery::Fate::unknown;
  const Problem problem = unknown ? Problem{kAppendUnknown, answer.detail} : not_appended_problem(answer);
  const std::optional<std::string> mark = mark_text(answer);
  Response response;
  response.status = problem.kind.status;
  response.content_type = "application/problem+json";
  JsonWriter json(response.body);
  json.begin_object();
  write_members(problem, json);
  if (unknown) json.member("appended", "unknown");
  else json.member("appended", false);
  json.member("id", answer.id.to_string());
  if (unknown) write_mark(json, mark);
  json.member("elapsed_ms", answer.elapsed);
  json.end_object();
  response.body.push_back('\n');
  if (unknown) {
    add_mark_headers(mark, response.status, response);
    response.headers.push_back({"Tidemark-Outcome", "pending"});
  }
  if (response.status == 503) response.headers.push_back({"Retry-After", "1"});
  response.headers.push_back({"Server-Timing", "append;dur=" + format_ms(answer.append_elapsed)});
  return response;
}

void write_answer(const Answer& answer, const std::optional<std::string>& mark, bool barrier, std::string& body) {
  JsonWriter json(body);
  json.begin_object();
  if (!answer.id.is_nil()) json.member("id", answer.id.to_string());
  if (mark || !barrier) write_mark(json, mark);
  if (!mark && !barrier && !answer.mark.empty()) json.member("mark_omitted", "it names too much to fit");
  if (answer.fate == Delivery::Fate::unknown) json.member("appended", "unknown");
  write_positions(json, answer.positions, barrier);
  json.member("settled", answer.settled);
  json.member("basis", basis_of(answer));
  json.member("elapsed_ms", answer.elapsed);
  if (answer.no_consumers_known) {
    json.member("no_consumers_known", true);
    json.member("hint", kNoConsumersHint);
  }
  if (answer.draining) json.member("draining", true);
  json.name("consumers");
  json.begin_array();
  const bool as_list = barrier || answer.positions.size() != 1;
  for (const core::ConsumerOutcome& consumer : answer.consumers) write_consumer(json, consumer, as_list);
  json.end_array();
  if (!answer.deferred.empty()) write_deferred(json, answer.deferred);
  json.end_object();
  body.push_back('\n');
}

}  // namespace

Response render(const Answer& answer, const Asked& asked) {
  if (answer.is_publish && answer.fate != Delivery::Fate::appended) return render_failed_publish(answer);
  const std::optional<std::string> mark = mark_text(answer);
  Response response;
  response.content_type = "application/json";
  // A barrier is 200 only when all is processed: that is what it is asked for.
  const bool state_only = !answer.is_publish && !asked.waited && !asked.barrier;
  response.status = state_only || answer.all_processed() ? 200 : 202;
  response.headers.reserve(6);
  response.body.reserve(512 + 256 * answer.consumers.size());
  write_answer(answer, mark, asked.barrier, response.body);
  add_mark_headers(mark, response.status, response);
  response.headers.push_back({"Tidemark-Outcome", std::string(outcome_of(answer))});
  if (!asked.preference_applied.empty()) response.headers.push_back({"Preference-Applied", asked.preference_applied});
  std::string timing = server_timing(answer);
  if (!timing.empty()) response.headers.push_back({"Server-Timing", std::move(timing)});
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

Response render(const core::Refusal& refusal) {
  using Code = core::Refusal::Code;
  const auto kind = [&]() -> const ProblemKind& {
    switch (refusal.code) {
      case Code::unknown_topic: return kUnknownTopic;
      case Code::forbidden_topic: return kForbiddenTopic;
      case Code::unknown_partition: return kUnknownPartition;
      case Code::unknown_consumer: return kUnknownConsumer;
      case Code::recreated_topic: return kRecreatedTopic;
      case Code::cut_off: return kCutOff;
      case Code::topic_limit: return kTopicLimit;
      case Code::gateway_limit: return kOverloaded;
      case Code::not_ready: return kNotReady;
      case Code::draining: return kDraining;
      case Code::too_many_partitions: return kTooManyPartitions;
      case Code::beyond_end: return kBeyondEnd;
      case Code::unexpected_consumer: return kUnknownConsumer;
      case Code::unknown_event: return kUnknownEvent;
    }
    return kNotReady;
  };
  Response response = to_response({kind(), refusal.detail, refusal.field});
  if (response.status == 429 || response.status == 503)
    response.headers.push_back({"Retry-After", retry_seconds(refusal.retry_after)});
  return response;
}

Response render_acked() {
  Response response;
  response.status = 204;
  return response;
}

Response render_failed_ack(const core::Delivery& delivery) {
  const auto kind = [&]() -> const ProblemKind& {
    if (delivery.fate == Delivery::Fate::unknown) return kAckUnknown;
    switch (delivery.reason) {
      case Delivery::Reason::limit: return kOverloaded;
      case Delivery::Reason::unavailable:
      case Delivery::Reason::timeout: return kAckUnavailable;
      case Delivery::Reason::none:
      case Delivery::Reason::too_large:
      case Delivery::Reason::forbidden:
      case Delivery::Reason::invalid:
      case Delivery::Reason::unknown_topic:
      case Delivery::Reason::internal: break;
    }
    return kAckNotWritten;
  };
  Response response;
  response.status = kind().status;
  response.content_type = "application/problem+json";
  JsonWriter json(response.body);
  json.begin_object();
  write_members({kind(), delivery.detail}, json);
  if (delivery.fate == Delivery::Fate::unknown) json.member("appended", "unknown");
  else json.member("appended", false);
  json.end_object();
  response.body.push_back('\n');
  if (response.status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace tidemark::http
