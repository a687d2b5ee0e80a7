// For tests: the routes over a real server and a socket, with an Api that answers
// what it is told to, and remembers what reached it.
//
// Whether something was appended is asked of the Api, which every append passes:
// an answer alone cannot tell a refusal from a refusal that came too late.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/service.h"
#include "http/testing.h"

namespace tidemark::http::testing {

// Remembers calls; answers at once what `on_publish` and `on_resume` say, or
// holds the call. Used on the reactor only.
class FakeApi : public Api {
 public:
  void publish(ExchangeId exchange, PublishCall call) override {
    publishes.emplace_back(exchange, std::move(call));
    if (refusal)
      replies->refused(exchange, *refusal);
    else if (answer_at_once)
      replies->answered(exchange, answer(true));
  }
  void resume(ExchangeId exchange, MarkCall call) override {
    resumes.emplace_back(exchange, std::move(call));
    if (answer_at_once) replies->answered(exchange, answer(false));
  }
  void barrier(ExchangeId exchange, WaitsCall call) override {
    barriers.emplace_back(exchange, std::move(call));
    if (refusal)
      replies->refused(exchange, *refusal);
    else if (answer_at_once)
      replies->answered(exchange, answer(false));
  }
  void ack(ExchangeId exchange, AckCall call) override {
    acks.emplace_back(exchange, std::move(call));
    if (refusal)
      replies->refused(exchange, *refusal);
    else if (ack_failure)
      replies->ack_failed(exchange, *ack_failure);
    else if (answer_at_once)
      replies->acked(exchange);
  }
  void inspect(std::function<void(std::string)> done) override { inspections.push_back(std::move(done)); }
  void gone(ExchangeId exchange) override { gone_calls.push_back(exchange); }
  std::vector<core::TopicView> topics() override { return {{"orders", 3, {}}}; }
  std::vector<core::ConsumerView> consumers() override { return {}; }
  std::vector<core::EdgeView> topology() override { return {}; }
  Health health() override { return current_health; }
  std::string metrics() override { return metrics_text; }

  static core::Answer answer(bool publish) {
    core::Answer made;
    made.is_publish = publish;
    made.settled = true;
    made.mark = mark();
    made.positions = {{"orders", {}, 0, 41, -1}};
    return made;
  }
  static core::Mark mark() {
    core::Mark made;
    made.terms.emplace_back();
    made.terms[0].topic = "orders";
    made.terms[0].first = made.terms[0].last = 41;
    return made;
  }

  Replies* replies = nullptr;
  bool answer_at_once = true;
  std::optional<core::Refusal> refusal;
  std::optional<core::Delivery> ack_failure;
  Health current_health{true, ""};
  std::string metrics_text = "tidemark_up 1\n";
  std::vector<std::pair<ExchangeId, PublishCall>> publishes;
  std::vector<std::pair<ExchangeId, MarkCall>> resumes;
  std::vector<std::pair<ExchangeId, WaitsCall>> barriers;
  std::vector<std::pair<ExchangeId, AckCall>> acks;
  std::vector<std::function<void(std::string)>> inspections;
  std::vector<ExchangeId> gone_calls;
};

// A server with those routes. What is asked of `api` or `server` from a test is
// asked on the reactor.
class TestService {
 public:
  explicit TestService(const Limits& limits = TestServer::quick())
      : service(api, {}), server(reactor.context(), service, limits) {
    api.replies = &service;
    service.attach(server);
    ListenOptions options;
    options.port = 0;
    listening_ = reactor.run([&] { return server.listen(options).ok(); });
    port_ = reactor.run([&] { return server.port(); });
  }
  ~TestService() {
    reactor.run([&] { server.stop(); });
  }
  TestService(const TestService&) = delete;
  TestService& operator=(const TestService&) = delete;

  bool listening() const { return listening_; }
  std::uint16_t port() const { return port_; }
  // Publishes and acks that passed every check.
  std::size_t appended() {
    return reactor.run([&] { return api.publishes.size() + api.acks.size(); });
  }
  // All calls that passed every check.
  std::size_t calls() {
    return reactor.run(
        [&] { return api.publishes.size() + api.acks.size() + api.resumes.size() + api.barriers.size(); });
  }
  Counters counters() {
    return reactor.run([&] { return server.counters(); });
  }
  bool eventually(const std::function<bool(const Counters&)>& condition) {
    return reactor.eventually([&] { return condition(server.counters()); });
  }

  FakeApi api;
  Reactor reactor;
  Service service;
  Server server;

 private:
  bool listening_ = false;
  std::uint16_t port_ = 0;
};

}  // namespace tidemark::http::testing
