// An HTTP/1.1 client that sends exactly the bytes a test gives it.
//
// A library would refuse to send what hostile clients send, hide connection
// reuse, and parse with the code under test. This one writes raw bytes to a
// socket and parses just enough of a response: status line, headers,
// Content-Length. Bodies without a length end with the connection; chunked
// responses are not understood and fail.
//
// Threading: one connection from one thread. Failures throw std::runtime_error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.h"

namespace tidemark::test {

struct HttpResponse {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;  // in order, names in lower case
  std::string body;

  // The first header of that name (any case), or empty.
  std::optional<std::string> header(std::string_view name) const;
};

class HttpConnection {
 public:
  HttpConnection(const std::string& host, std::uint16_t port);
  ~HttpConnection();
  HttpConnection(HttpConnection&& other) noexcept;
  HttpConnection& operator=(HttpConnection&&) = delete;

  // Writes all the bytes. A peer that has closed is no error here: its answer,
  // if any, can still be read.
  void send(std::string_view bytes);
  // Sends a request with Host, Content-Length (when there is a body) and `headers` (each "Name: value").
  void send_request(std::string_view method, std::string_view target, std::string_view body = {},
                    const std::vector<std::string>& headers = {});
  // Reads one response; empty when the peer closed before a whole one or the bound was
  // reached. Interim 1xx responses are skipped. `head`: the response has no body.
  std::optional<HttpResponse> read(std::chrono::milliseconds bound = kBound, bool head = false);
  // Whether the peer closes the connection, without sending more, within the bound.
  bool closed_by_peer(std::chrono::milliseconds bound = kBound);

  // Bytes that came and that no response accounts for: after a response has been read, the
  // peer has said something that it was not asked.
  std::size_t unread();

  // Ends the sending direction only (FIN).
  void finish_sending();
  // Drops the connection with RST, as a crashed client's kernel does.
  void reset();

 private:
  // Reads more into buffer_; false at the end, an error or the deadline.
  bool fill(std::chrono::steady_clock::time_point deadline);

  int socket_ = -1;
  bool ended_ = false;
  std::string host_;
  std::string buffer_;
};

// One request on a connection of its own. Throws when there is no whole answer within the bound.
HttpResponse http(const std::string& host, std::uint16_t port, std::string_view method, std::string_view target,
                  std::string_view body = {}, const std::vector<std::string>& headers = {},
                  std::chrono::milliseconds bound = kBound);

}  // namespace tidemark::test
