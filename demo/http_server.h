// A small blocking HTTP server: a thread per connection, as many sites are built.
//
// The demo shows an ordinary site, so this is one: a handler is a plain function
// that may block. Tidemark's own server is another thing altogether (src/http).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace demo {

struct Request {
  std::string method;
  std::string target;  // path and query as sent
};

struct Page {
  int status = 200;
  std::string content_type = "text/html; charset=utf-8";
  std::string body;
};

// Makes the handler of one connection, on that connection's thread: what it
// owns (a database connection, an HTTP client) needs no lock.
using Handler = std::function<Page(const Request&)>;
using HandlerFactory = std::function<Handler()>;

class HttpServer {
 public:
  // At most this many connections at a time; more wait in the kernel's queue.
  static constexpr std::size_t kMaxConnections = 256;

  // Listens on 127.0.0.1:`port`, 0 for any free one. Error kind unavailable.
  static tidemark::Result<HttpServer> listen(std::uint16_t port);
  HttpServer(HttpServer&&) noexcept;
  ~HttpServer();

  std::uint16_t port() const;
  // Serves until stop(); returns when every connection's thread has ended.
  void serve(const HandlerFactory& make_handler);
  // Safe from any thread. Connections end after their request, at the latest after the idle time.
  void stop();

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The decoded value of a query parameter; empty when the target has none.
std::string query_parameter(const std::string& target, const std::string& name);
// The target without its query, decoded.
std::string decoded_path(const std::string& target);

}  // namespace demo
