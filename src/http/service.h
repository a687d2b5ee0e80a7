// Requests to calls, answers to responses: the HTTP face of the gateway.
//
// Stands between the server, which knows bytes, and the Api, which knows groups
// and frontiers, and decides nothing itself. What it remembers of a request
// while the answer is awaited is how it was put, no more.
//
// Threading: on the reactor of its server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "http/api.h"
#include "http/inspections.h"
#include "http/render.h"
#include "http/server.h"

namespace tidemark::http {

class Service final : public Handler, public Replies {
 public:
  // `api` must outlive the service; attach() comes before the first request.
  Service(Api& api, const WaitLimits& limits) : api_(api), limits_(limits) {}
  void attach(Server& server);
  // The gateway is stopping: answers what is not a wait, and would take long.
  void drain() { inspections_->drain(); }

  void on_request(ExchangeId exchange, Request&& request) override;
  void on_gone(ExchangeId exchange) override;
  void on_refused(int status) override;

  void answered(ExchangeId exchange, const core::Answer& answer) override;
  void refused(ExchangeId exchange, const core::Refusal& refusal) override;
  void acked(ExchangeId exchange) override;
  void ack_failed(ExchangeId exchange, const core::Delivery& delivery) override;

  // Answers by status, the transport's refusals included.
  const std::map<int, std::uint64_t>& statuses() const { return statuses_; }
  // Calls not answered yet.
  std::size_t open() const { return asked_.size() + (inspections_ ? inspections_->open() : 0); }

 private:
  void publish(ExchangeId exchange, Request&& request, std::string topic);
  void resume(ExchangeId exchange, const Request& request, const std::string& marks);
  void barrier(ExchangeId exchange, const Request& request);
  void ack(ExchangeId exchange, const Request& request);
  void send(ExchangeId exchange, Response&& response);

  Api& api_;
  WaitLimits limits_;
  Server* server_ = nullptr;
  std::unique_ptr<Inspections> inspections_;  // from attach() on
  std::unordered_map<ExchangeId, Asked> asked_;  // at most one for each connection
  std::map<int, std::uint64_t> statuses_;
};

}  // namespace tidemark::http
