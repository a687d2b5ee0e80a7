// One keep-alive HTTP connection, blocking, with a bound on every step.
//
// Beast's blocking calls wait for ever for a peer that says nothing. This client
// runs its asynchronous ones to their end under a timeout instead, and connects
// anew when the server has closed a connection that stood idle.
//
// Threading: one client, one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace demo {

struct Response {
  int status = 0;
  std::string body;
};

class HttpClient {
 public:
  // Connects at the first call. `timeout` bounds each call as a whole.
  HttpClient(std::string host, std::uint16_t port, std::chrono::milliseconds timeout);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  tidemark::Result<Response> get(const std::string& target);
  // Never sent twice, even when the connection breaks: a repeat could publish twice.
  tidemark::Result<Response> post(const std::string& target, const std::string& content_type, const std::string& body);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

// "127.0.0.1:8750" → host and port. Error kind invalid.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
tidemark::Result<Address> parse_address(const std::string& text);

// Percent-encodes all but RFC 3986's unreserved characters.
std::string percent_encoded(const std::string& text);

}  // namespace demo
