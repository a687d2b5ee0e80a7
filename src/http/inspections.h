// GET /doctor: requests for a document that comes later.
//
// To look through a cluster costs it a dozen questions, so two that ask at once
// get the same answer: one look is under way at a time. The look may be lost with
// a broker, and a client may go away first; neither may keep the other waiting.
//
// Threading: on the reactor.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/api.h"
#include "http/message.h"

namespace tidemark::http {

class Inspections {
 public:
  using Answer = std::function<void(ExchangeId, Response&&)>;

  // `io` and `api` must outlive it; `answer` is called once for each exchange
  // that was asked for and is not gone, possibly before ask() returns.
  Inspections(boost::asio::io_context& io, Api& api, Answer answer, std::chrono::milliseconds longest);

  void ask(ExchangeId exchange);
  void gone(ExchangeId exchange);
  // Answers all 503 at once, and whoever asks from now on: nobody's shutdown waits for a look.
  void drain();
  std::size_t open() const { return waiting_.size(); }

 private:
  void look();
  void finish(std::uint64_t number, const Response& response);

  Api& api_;
  Answer answer_;
  const std::chrono::milliseconds longest_;
  boost::asio::steady_timer timer_;
  std::vector<ExchangeId> waiting_;
  bool looking_ = false;
  bool draining_ = false;
  std::uint64_t number_ = 0;  // of the look; a late answer to an earlier one means nothing
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tidemark::http
