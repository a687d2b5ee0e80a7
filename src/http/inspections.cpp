#include "http/inspections.h"

#include <utility>

#include "http/problem.h"
#include "http/render.h"

namespace tidemark::http {
namespace {

Response draining() {
  return render(core::Refusal{core::Refusal::Code::draining, "The gateway is stopping: ask another one", "",
                              std::chrono::seconds(1)});
}

}  // namespace

Inspections::Inspections(boost::asio::io_context& io, Api& api, Answer answer, std::chrono::milliseconds longest)
    : api_(api), answer_(std::move(answer)), longest_(longest), timer_(io) {}

void Inspections::ask(ExchangeId exchange) {
  if (draining_) return answer_(exchange, draining());
  waiting_.push_back(exchange);
  if (!looking_) look();
}

void Inspections::look() {
  looking_ = true;
  const std::uint64_t number = ++number_;
  timer_.expires_after(longest_);
  timer_.async_wait([this, number, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    Response late = to_response({kInspectionLate, "The cluster did not answer within a minute; ask again"});
    late.headers.push_back({"Retry-After", "1"});
    finish(number, late);
  });
  api_.inspect([this, number, alive = std::weak_ptr<bool>(alive_)](std::string json) {
    if (!alive.expired()) finish(number, render_inspection(std::move(json)));
  });
}

void Inspections::finish(std::uint64_t number, const Response& response) {
  if (!looking_ || number != number_) return;
  looking_ = false;
  timer_.cancel();
  // An answer may lead to the next request of its connection at once.
  for (const ExchangeId exchange : std::exchange(waiting_, {})) answer_(exchange, Response(response));
}

void Inspections::drain() {
  draining_ = true;
  if (looking_) finish(number_, draining());
}

void Inspections::gone(ExchangeId exchange) { std::erase(waiting_, exchange); }

}  // namespace tidemark::http
