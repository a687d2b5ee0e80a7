// Parameters, preferences and bodies of the four calls: what passes every check is
// within its bounds, and the same call written plainly is the same call.
//
// An input is a letter for the route, then lines: the query (or, of a mark, the marks,
// '?' and the query), the value of Prefer, and the body.
#include "base/duration.h"
#include "base/percent.h"
#include "core/mark.h"
#include "fuzz.h"
#include "http/body_calls.h"
#include "http/calls.h"
#include "http/json_writer.h"
#include "http/strict.h"

namespace tidemark::http {
namespace {

using fuzz::require;

Request to_request(const char* method, const std::string& target, std::string_view prefer, std::string_view body) {
  Request request;
  request.method = method;
  request.target = target;
  request.headers = {{"Host", "a"}, {"Content-Type", "application/json"}};
  if (!prefer.empty()) request.headers.push_back({"Prefer", std::string(prefer)});
  request.body = body;
  return request;
}

template <class T>
const T& taken(const Checked<T>& checked) {
  require(std::holds_alternative<T>(checked), "a call written plainly is taken");
  return std::get<T>(checked);
}

template <class T>
bool refused(const Checked<T>& checked) {
  const Problem* problem = std::get_if<Problem>(&checked);
  if (problem == nullptr) return false;
  require(problem->kind.status >= 400 && problem->kind.status < 500, "a refusal is the caller's fault");
  require(!problem->detail.empty(), "a refusal says why");
  return true;
}

std::string wait_of(bool wait, const std::optional<core::Duration>& wait_for) {
  require(!wait_for || (*wait_for > core::Duration::zero() && *wait_for <= WaitLimits{}.max_wait),
          "a wait is within its maximum");
  require(wait || !wait_for, "what does not wait has no time");
  if (!wait) return "&wait=0";
  if (!wait_for) return "";
  // Nanoseconds can be asked for, in fractions of a microsecond alone.
  const std::string nanos = std::to_string(1000 + wait_for->count() % 1000).substr(1);
  if (nanos == "000") return "&wait=" + format_duration(*wait_for);
  return "&wait=" + std::to_string(wait_for->count() / 1000) + "." + nanos + "us";
}

std::string names_of(const std::vector<std::string>& names) {
  require(names.size() <= 256, "no more names than allowed");
  std::string text;
  for (const std::string& name : names) {
    require(!name.empty() && name.size() <= 255, "a name is within its bounds");
    text += "&for=" + percent_encode(name);
  }
  return text;
}

std::string scope_of(core::Scope scope) { return scope == core::Scope::watermark ? "&scope=watermark" : ""; }

void check_publish(std::string_view query, std::string_view prefer, std::string_view body) {
  Request request = to_request("POST", "/topics/t?" + std::string(query), prefer, body);
  if (split_target(request)) return;
  const Checked<Publish> checked = to_publish(std::move(request), "t", {});
  if (refused(checked)) return;
  const PublishCall& call = std::get<Publish>(checked).call;
  require(call.value == body, "the value is the body");
  std::string target = "/topics/t?" + wait_of(call.wait, call.wait_for) + names_of(call.only) + scope_of(call.scope);
  if (call.key) target += "&key=" + percent_encode(*call.key);
  if (call.partition) target += "&partition=" + std::to_string(*call.partition);
  Request plain = to_request("POST", target, "", body);
  require(!split_target(plain), "a target written plainly is taken");
  const Checked<Publish> again = to_publish(std::move(plain), "t", {});
  const PublishCall& read = taken(again).call;
  require(read.key == call.key && read.partition == call.partition && read.value == call.value &&
              read.wait == call.wait && read.wait_for == call.wait_for && read.only == call.only &&
              read.scope == call.scope,
          "a publish written plainly is the same");
}

void check_mark(std::string_view marks_and_query, std::string_view prefer) {
  const std::size_t question = std::min(marks_and_query.find('?'), marks_and_query.size());
  Request request = to_request("GET", "/marks/x" + std::string(marks_and_query.substr(question)), prefer, "");
  if (split_target(request)) return;
  const Checked<Resume> checked = to_resume(request, marks_and_query.substr(0, question), {});
  if (refused(checked)) return;
  const MarkCall& call = std::get<Resume>(checked).call;
  const Result<std::string> mark = core::encode(call.mark);
  require(mark.ok(), "marks that were merged have a text");
  Request plain = to_request(
      "GET", "/marks/x?" + wait_of(call.wait, call.wait_for) + names_of(call.only) + scope_of(call.scope), "", "");
  require(!split_target(plain), "a target written plainly is taken");
  const Checked<Resume> again = to_resume(plain, *mark, {});
  const MarkCall& read = taken(again).call;
  require(read.only == call.only && read.scope == call.scope && read.wait_for == call.wait_for,
          "a mark's call written plainly is the same");
}

std::string body_of(const WaitsCall& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.name("positions");
  json.begin_array();
  for (const core::PositionRequest& position : call.positions) {
    json.begin_object();
    json.member("topic", position.topic);
    json.member("partition", position.partition);
    json.member("offset", position.offset);
    json.end_object();
  }
  json.end_array();
  const auto list = [&](Literal name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json.name(name);
    json.begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end_array();
  };
  list("topics", call.topics);
  list("for", call.only);
  if (!call.mark.empty()) {
    const Result<std::string> mark = core::encode(call.mark);
    require(mark.ok(), "marks that were merged have a text");
    list("marks", {*mark});
  }
  json.member("scope", call.scope == core::Scope::watermark ? "watermark" : "event");
  json.end_object();
  return body;
}

void check_waits(std::string_view query, std::string_view prefer, std::string_view body) {
  Request request = to_request("POST", "/waits?" + std::string(query), prefer, body);
  if (split_target(request)) return;
  const Checked<Waits> checked = to_waits(request, {});
  if (refused(checked)) return;
  const WaitsCall& call = std::get<Waits>(checked).call;
  Request plain = to_request("POST", "/waits?" + wait_of(call.wait, call.wait_for), "", body_of(call));
  require(!split_target(plain), "a target written plainly is taken");
  const Checked<Waits> again = to_waits(plain, {});
  const WaitsCall& read = taken(again).call;
  require(read.topics == call.topics && read.only == call.only && read.scope == call.scope &&
              read.wait_for == call.wait_for && read.positions.size() == call.positions.size(),
          "a barrier written plainly is the same");
  for (std::size_t i = 0; i < read.positions.size(); ++i)
    require(read.positions[i].topic == call.positions[i].topic &&
                read.positions[i].partition == call.positions[i].partition &&
                read.positions[i].offset == call.positions[i].offset,
            "a position written plainly is the same");
}

void check_ack(std::string_view query, std::string_view body) {
  Request request = to_request("POST", query.empty() ? "/acks" : "/acks?" + std::string(query), "", body);
  if (split_target(request)) return;
  const Checked<AckCall> checked = to_ack(request);
  if (refused(checked)) return;
  const AckCall& call = std::get<AckCall>(checked);
  require(call.id || (call.offsets.first >= 0 && call.offsets.first <= call.offsets.last && call.partition >= 0),
          "offsets are a range");
  std::string plain;
  JsonWriter json(plain);
  json.begin_object();
  json.member("consumer", call.consumer);
  if (call.id) {
    json.member("id", call.id->to_string());
  } else {
    json.member("topic", call.topic);
    json.member("partition", call.partition);
    json.name("offsets");
    json.begin_array();
    json.value(call.offsets.first);
    json.value(call.offsets.last);
    json.end_array();
  }
  json.member("outcome", call.failed ? "failed" : "processed");
  if (!call.reason.empty()) json.member("reason", call.reason);
  json.end_object();
  const Checked<AckCall> again = to_ack(to_request("POST", "/acks", "", plain));
  const AckCall& read = taken(again);
  require(read.consumer == call.consumer && read.id == call.id && read.topic == call.topic &&
              read.partition == call.partition && read.offsets == call.offsets && read.failed == call.failed &&
              read.reason == call.reason,
          "an ack written plainly is the same");
}

void check(std::string_view bytes) {
  fuzz::Input input(bytes);
  const char route = static_cast<char>(input.byte());
  const std::string_view query = input.line();
  const std::string_view prefer = input.line();
  const std::string_view body = input.rest();
  switch (route) {
    case 'p': return check_publish(query, prefer, body);
    case 'm': return check_mark(query, prefer);
    case 'w': return check_waits(query, prefer, body);
    case 'a': return check_ack(query, body);
    default: return;
  }
}

}  // namespace
}  // namespace tidemark::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::http::check(tidemark::fuzz::view(data, size));
  return 0;
}
