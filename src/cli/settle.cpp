#include "cli/settle.h"

#include <algorithm>
#include <boost/json.hpp>
#include <thread>

#include "base/duration.h"

namespace tidemark::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kGrace = std::chrono::seconds(10);  // beyond what the gateway was asked to wait
// Between two answers that came earlier than they were asked to.
constexpr milliseconds kPause{100};

json::array array_of(const std::vector<std::string>& names) {
  json::array array;
  for (const std::string& name : names) array.emplace_back(name);
  return array;
}

std::string body_of(const std::vector<std::string>& topics, const SettleOptions& options) {
  json::object body;
  body["topics"] = array_of(topics);
  if (!options.only.empty()) body["for"] = array_of(options.only);
  if (!options.scope.empty()) body["scope"] = options.scope;
  return json::serialize(body);
}

// Topics with somebody to wait for, as GET /topics shows them. Kafka's own may
// not be waited on.
Result<std::vector<std::string>> consumed_topics(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* topics = object == nullptr ? nullptr : object->if_contains("topics");
  if (topics == nullptr || !topics->is_array()) return Error{ErrorKind::corrupt, "the gateway's answer has no topics"};
  std::vector<std::string> names;
  for (const json::value& each : topics->get_array()) {
    const json::object* topic = each.if_object();
    const json::value* name = topic == nullptr ? nullptr : topic->if_contains("name");
    const json::value* wait_for = topic == nullptr ? nullptr : topic->if_contains("wait_for");
    if (name == nullptr || !name->is_string() || wait_for == nullptr || !wait_for->is_array()) continue;
    const std::string text_of_name(name->get_string().c_str(), name->get_string().size());
    if (!wait_for->get_array().empty() && !text_of_name.starts_with("__")) names.push_back(text_of_name);
  }
  return names;
}

// Whole seconds go into Prefer, which a gateway clamps to its maximum; the rest
// is exact, and below any maximum that somebody would set.
void ask_to_wait(nanoseconds left, std::string& target, SettleWorld::Headers& headers, nanoseconds& asked) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  asked = seconds.count() > 0 ? nanoseconds(seconds) : std::max(left, nanoseconds::zero());
  if (seconds.count() > 0) {
    headers.emplace_back("Prefer", "wait=" + std::to_string(seconds.count()));
  } else {
    const auto ms = std::chrono::floor<milliseconds>(asked);
    target += "?wait=" + (ms.count() > 0 ? std::to_string(ms.count()) + "ms" : std::string("0"));
  }
}

}  // namespace

SettleWorld world_of(const std::string& url) {
  SettleWorld world;
  world.call = [url](const std::string& method, const std::string& target, const SettleWorld::Headers& headers,
                     const std::string* body, milliseconds longest) {
    return http_call(url, method, target, headers, body, longest);
  };
  world.now = [] { return std::chrono::steady_clock::now(); };
  world.pause = [](milliseconds time) { std::this_thread::sleep_for(time); };
  return world;
}

Result<Settled> settle(const SettleOptions& options, const SettleWorld& world) {
  const auto began = world.now();
  std::vector<std::string> topics = options.topics;
  if (topics.empty()) {
    Result<HttpAnswer> answer = world.call("GET", "/topics", {}, nullptr, kGrace);
    if (!answer) return answer.error();
    if (answer->status != 200) return Settled{report_of_settle(*answer, {}), answer->body};
    Result<std::vector<std::string>> consumed = consumed_topics(answer->body);
    if (!consumed) return consumed.error();
    topics = std::move(*consumed);
    if (topics.empty())
      return Settled{{ExitCode::done, "nothing to settle: no topic has a consumer that is waited for\n", false},
                     R"({"positions":[],"settled":true,"consumers":[]})"};
  }
  const std::string body = body_of(topics, options);
  for (;;) {
    const auto asked_at = world.now();
    std::string target = "/waits";
    SettleWorld::Headers headers{{"Content-Type", "application/json"}};
    nanoseconds asked{0};
    ask_to_wait(options.timeout - (asked_at - began), target, headers, asked);
    const Result<HttpAnswer> answer =
        world.call("POST", target, headers, &body, std::chrono::ceil<milliseconds>(asked) + kGrace);
    if (!answer) return answer.error();
    const auto answered_at = world.now();
    Report report = report_of_settle(*answer, answered_at - began);
    const nanoseconds left = options.timeout - (answered_at - began);
    if (report.code != ExitCode::not_in_time || left < milliseconds(1)) return Settled{std::move(report), answer->body};
    if (answered_at - asked_at < kPause) world.pause(std::min(kPause, std::chrono::ceil<milliseconds>(left)));
  }
}

}  // namespace tidemark::cli
