// See caller.h.
#include "caller.h"

#include <chrono>
#include <stdexcept>

#include "gateway_process.h"

namespace tidemark::test {
namespace {

// Beyond any deadline: what has not come by then never comes.
constexpr std::chrono::seconds kNever{600};

Said understand(HttpResponse response) {
  const GatewayAnswer answer = parse_answer(std::move(response));
  Said said;
  said.status = answer.status;
  said.id = answer.text("id");
  said.mark = answer.mark();
  said.partition = static_cast<std::int32_t>(answer.number("partition"));
  said.offset = answer.number("offset");
  said.settled = answer.settled();
  said.body = answer.raw.body;
  const bool success = answer.status == 200 || answer.status == 202;
  said.appended = answer.text("appended") == "unknown" ? "unknown" : success ? "true" : "false";
  const boost::json::value* consumers = answer.body.if_contains("consumers");
  if (consumers != nullptr && consumers->is_array()) {
    for (const boost::json::value& consumer : consumers->get_array())
      said.outcomes[std::string(consumer.at("name").as_string())] = std::string(consumer.at("outcome").as_string());
  }
  return said;
}

}  // namespace

Call Caller::publish(const std::string& topic, const std::string& parameters, const std::string& value,
                     std::int64_t wait) {
  return run("POST", "/topics/" + topic + "?wait=" + std::to_string(wait) + "ms&" + parameters, value, wait);
}

Call Caller::ask(const std::string& mark, std::int64_t wait) {
  return run("GET", "/marks/" + mark + "?wait=" + std::to_string(wait) + "ms", {}, wait);
}

void Caller::connect(Call& call) {
  const std::uint16_t port = port_;
  if (connection_) {
    call.unasked = connection_->unread();
    if (call.unasked > 0 || port != connected_to_ || connection_->closed_by_peer(std::chrono::milliseconds(0)))
      connection_.reset();
  }
  if (connection_ || port == 0) return;
  try {
    connection_.emplace("127.0.0.1", port);
    connected_to_ = port;
  } catch (const std::runtime_error&) {
    // It has just gone.
  }
}

Call Caller::run(const std::string& method, const std::string& target, const std::string& body, std::int64_t wait) {
  Call call;
  call.gateway = gateway_;
  call.wait = wait;
  call.sent = recorder_.now();
  connect(call);
  call.sent_off = connection_.has_value();
  call.ended = recorder_.now();
  if (!call.sent_off) return call;
  try {
    connection_->send_request(method, target, body);
    std::optional<HttpResponse> response = connection_->read(std::chrono::milliseconds(wait) + kNever);
    call.ended = recorder_.now();
    if (response) {
      // First of all: what is in Redis now.
      const std::size_t deeds = std::stoull(redis_.ask({{"LLEN", "ledger"}}).front().value_or("0"));
      call.said = understand(*std::move(response));
      call.said.deeds = deeds;
    } else {
      connection_.reset();
    }
  } catch (const std::runtime_error& error) {
    // Not HTTP: no gateway answers so.
    call.ended = recorder_.now();
    call.said.body = error.what();
    call.unasked += 1;
    connection_.reset();
  }
  return call;
}

}  // namespace tidemark::test
