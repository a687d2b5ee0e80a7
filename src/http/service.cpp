#include "http/service.h"

#include <utility>

#include "http/body_calls.h"
#include "http/calls.h"
#include "http/routes.h"

namespace tidemark::http {
namespace {

constexpr std::chrono::minutes kLongestInspection{1};

}  // namespace

void Service::attach(Server& server) {
  server_ = &server;
  inspections_ = std::make_unique<Inspections>(
      server.context(), api_,
      [this](ExchangeId exchange, Response&& response) { send(exchange, std::move(response)); }, kLongestInspection);
}

void Service::on_request(ExchangeId exchange, Request&& request) {
  std::variant<Match, NoMatch> matched = match(request.method, request.path);
  if (const NoMatch* none = std::get_if<NoMatch>(&matched)) {
    Response response = to_response(none->problem);
    if (!none->allow.empty()) response.headers.push_back({"Allow", none->allow});
    return send(exchange, std::move(response));
  }
  Match& found = std::get<Match>(matched);
  if (found.route == Route::publish) return publish(exchange, std::move(request), std::move(found.argument));
  if (found.route == Route::mark) return resume(exchange, request, found.argument);
  if (found.route == Route::waits) return barrier(exchange, request);
  if (found.route == Route::acks) return ack(exchange, request);
  if (const std::optional<Problem> problem = check_plain(request)) return send(exchange, to_response(*problem));
  switch (found.route) {
    case Route::topics: return send(exchange, render(api_.topics()));
    case Route::consumers: return send(exchange, render(api_.consumers()));
    case Route::topology: return send(exchange, render(api_.topology()));
    case Route::doctor: return inspections_->ask(exchange);
    case Route::live: return send(exchange, render_live());
    case Route::ready: return send(exchange, render_ready(api_.health()));
    case Route::metrics: return send(exchange, render_metrics(api_.metrics()));
    case Route::publish:
    case Route::mark:
    case Route::waits:
    case Route::acks: return;
  }
}

void Service::publish(ExchangeId exchange, Request&& request, std::string topic) {
  Checked<Publish> checked = to_publish(std::move(request), std::move(topic), limits_);
  if (const Problem* problem = std::get_if<Problem>(&checked)) return send(exchange, to_response(*problem));
  Publish& publish = std::get<Publish>(checked);
  asked_[exchange] = {publish.call.wait, std::move(publish.preference_applied), false};
  api_.publish(exchange, std::move(publish.call));
}

void Service::resume(ExchangeId exchange, const Request& request, const std::string& marks) {
  Checked<Resume> checked = to_resume(request, marks, limits_);
  if (const Problem* problem = std::get_if<Problem>(&checked)) return send(exchange, to_response(*problem));
  Resume& resume = std::get<Resume>(checked);
  asked_[exchange] = {resume.call.wait, std::move(resume.preference_applied), false};
  api_.resume(exchange, std::move(resume.call));
}

void Service::barrier(ExchangeId exchange, const Request& request) {
  Checked<Waits> checked = to_waits(request, limits_);
  if (const Problem* problem = std::get_if<Problem>(&checked)) return send(exchange, to_response(*problem));
  Waits& waits = std::get<Waits>(checked);
  asked_[exchange] = {waits.call.wait, std::move(waits.preference_applied), true};
  api_.barrier(exchange, std::move(waits.call));
}

void Service::ack(ExchangeId exchange, const Request& request) {
  Checked<AckCall> checked = to_ack(request);
  if (const Problem* problem = std::get_if<Problem>(&checked)) return send(exchange, to_response(*problem));
  asked_[exchange] = {};
  api_.ack(exchange, std::move(std::get<AckCall>(checked)));
}

void Service::on_gone(ExchangeId exchange) {
  if (asked_.erase(exchange) > 0) api_.gone(exchange);
  inspections_->gone(exchange);
}

void Service::on_refused(int status) { ++statuses_[status]; }

void Service::answered(ExchangeId exchange, const core::Answer& answer) {
  const auto found = asked_.find(exchange);
  if (found == asked_.end()) return;
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  send(exchange, render(answer, asked));
}

void Service::refused(ExchangeId exchange, const core::Refusal& refusal) {
  if (asked_.erase(exchange) > 0) send(exchange, render(refusal));
}

void Service::acked(ExchangeId exchange) {
  if (asked_.erase(exchange) > 0) send(exchange, render_acked());
}

void Service::ack_failed(ExchangeId exchange, const core::Delivery& delivery) {
  if (asked_.erase(exchange) > 0) send(exchange, render_failed_ack(delivery));
}

void Service::send(ExchangeId exchange, Response&& response) {
  ++statuses_[response.status];
  server_->answer(exchange, std::move(response));
}

}  // namespace tidemark::http
