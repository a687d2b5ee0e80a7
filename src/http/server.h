// An HTTP/1.1 server for requests that may be held for a minute.
//
// The usual session of Beast (a coroutine that reads, handles and writes) keeps
// a frame, a parser and a buffer alive for as long as the answer takes, and
// learns of a client that went away only when it writes to it. Here a held
// request is a plain struct with whoever decides about it, its connection keeps
// a socket and a few words, and a client that is gone is noticed at once, so
// that its wait can be freed.
//
// Threading: one server belongs to one io_context, run by one thread (a
// reactor); all calls are made on it. A second reactor has a server of its own
// on the same port (ListenOptions::reuse_port); nothing is shared between them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"

namespace boost::asio {
class io_context;
}

namespace tidemark::http {

// One request and its answer. Never reused while the server lives.
using ExchangeId = std::uint64_t;

// Who decides about requests. Called on the reactor.
class Handler {
 public:
  virtual ~Handler() = default;
  // Must lead to exactly one Server::answer for `exchange`, at once or later,
  // unless on_gone comes first.
  virtual void on_request(ExchangeId exchange, Request&& request) = 0;
  // The client went away before its answer: nobody will read it. Never called
  // from within Server::answer.
  virtual void on_gone(ExchangeId exchange) = 0;
  // The transport answered this status by itself; there was no exchange.
  virtual void on_refused(int status) = 0;
};

struct ListenOptions {
  std::string address = "127.0.0.1";  // a numeric IPv4 or IPv6 address
  std::uint16_t port = 8750;          // 0: any free one
  bool reuse_port = false;            // SO_REUSEPORT: several reactors accept on one port
  int backlog = 1024;
};

// Since the server was made; `open`, `held` and `incomplete_bytes` are of now.
struct Counters {
  std::uint64_t accepted = 0;
  std::uint64_t turned_away = 0;  // of those accepted: over the limit of connections
  std::uint64_t accept_errors = 0;
  std::size_t open = 0;
  std::size_t held = 0;  // requests without an answer yet
  std::size_t incomplete_bytes = 0;
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t gone = 0;
  std::uint64_t idle_closed = 0;
  std::uint64_t write_timeouts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::array<std::uint64_t, 600> refused{};  // by status, those of the transport
};

// What the limit of connections came to.
struct Capacity {
  std::size_t connections = 0;         // what is accepted
  std::size_t descriptor_limit = 0;    // RLIMIT_NOFILE, soft
  bool limited_by_descriptors = false;  // less than Limits::connections asks for
};

class Server {
 public:
  // `context` and `handler` must outlive the server.
  Server(boost::asio::io_context& context, Handler& handler, const Limits& limits);
  // As stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to accept. Error kind unavailable when the address cannot be bound.
  Result<void> listen(const ListenOptions& options);
  // The port bound; 0 before listen().
  std::uint16_t port() const;

  // The reactor that it belongs to.
  boost::asio::io_context& context() const { return context_; }

  // Answers a held request. An exchange that was answered, is gone or never was
  // is ignored. May be called from within on_request.
  void answer(ExchangeId exchange, Response&& response);

  // Stops accepting, closes connections without a request, and answers the
  // others with "Connection: close". `drained` is called once, from the
  // io_context, when no connection is left; each is bounded by its timeouts,
  // and a held one by whoever holds it.
  void drain(std::function<void()> drained);
  // Closes everything at once. No further call of the handler.
  void stop();

  const Counters& counters() const;
  Capacity capacity() const;

 private:
  class Impl;
  boost::asio::io_context& context_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidemark::http
