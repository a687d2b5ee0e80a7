// See http_server.h.
#include "demo/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using tidemark::Error;
using tidemark::ErrorKind;
using tidemark::Result;

constexpr std::chrono::seconds kIdle{30};
constexpr std::size_t kMaxBody = 64U << 10U;

// Percent-decodes; a malformed escape stays as it is.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

// A client's connection, served by one thread from accept to end. Its context
// runs on that thread only, an operation at a time, for the sake of timeouts.
class Connection {
 public:
  asio::io_context& context() { return context_; }
  void take(tcp::socket socket) { stream_.emplace(std::move(socket)); }
  // Ends a read that waits for the next request.
  void interrupt() { ::shutdown(stream_->socket().native_handle(), SHUT_RD); }

  void serve(const Handler& handler) {
    error_code error;
    stream_->socket().set_option(tcp::no_delay(true), error);
    for (bool keep_alive = true; keep_alive;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(kMaxBody);
      stream_->expires_after(kIdle);
      http::async_read(*stream_, buffer_, parser, [&error](error_code result, std::size_t) { error = result; });
      run();
      if (error) return;
      Page page = handler({std::string(parser.get().method_string()), std::string(parser.get().target())});
      keep_alive = parser.keep_alive();
      http::response<http::string_body> response(static_cast<http::status>(page.status), 11);
      response.keep_alive(keep_alive);
      response.set(http::field::content_type, page.content_type);
      response.body() = std::move(page.body);
      response.prepare_payload();
      stream_->expires_after(kIdle);
      http::async_write(*stream_, response, [&error](error_code result, std::size_t) { error = result; });
      run();
      if (error) return;
    }
  }

 private:
  void run() {
    context_.restart();
    context_.run();
  }

  asio::io_context context_{1};
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
};

}  // namespace

struct HttpServer::State {
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  std::mutex mutex;
  std::condition_variable changed;
  std::set<Connection*> active;  // each erases itself before it closes its socket
  bool stopping = false;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::listen(std::uint16_t port) {
  auto state = std::make_unique<State>();
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  error_code error;
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return Error{ErrorKind::unavailable, "cannot listen on port " + std::to_string(port) + ": " + error.message()};
  }
  return HttpServer(std::move(state));
}

std::uint16_t HttpServer::port() const {
  error_code error;
  return state_->acceptor.local_endpoint(error).port();
}

void HttpServer::serve(const HandlerFactory& make_handler) {
  State& state = *state_;
  for (;;) {
    {
      std::unique_lock lock(state.mutex);
      state.changed.wait(lock, [&] { return state.stopping || state.active.size() < kMaxConnections; });
      if (state.stopping) break;
    }
    auto connection = std::make_unique<Connection>();
    tcp::socket socket(connection->context());
    error_code error;
    state.acceptor.accept(socket, error);
    const std::lock_guard lock(state.mutex);
    if (error || state.stopping) continue;
    connection->take(std::move(socket));
    state.active.insert(connection.get());
    std::thread([&state, &make_handler, owned = std::move(connection)] {
      owned->serve(make_handler());
      const std::lock_guard done(state.mutex);
      state.active.erase(owned.get());
      state.changed.notify_all();
    }).detach();
  }
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.active.empty(); });
}

void HttpServer::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  // shutdown() wakes the blocking accept; close() would not.
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
  for (Connection* connection : state_->active) connection->interrupt();
  state_->changed.notify_all();
}

std::string query_parameter(const std::string& target, const std::string& name) {
  const auto question = target.find('?');
  if (question == std::string::npos) return {};
  std::string_view query = std::string_view(target).substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return decoded(pair.substr(std::min(equals + 1, pair.size())));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

std::string decoded_path(const std::string& target) {
  return decoded(std::string_view(target).substr(0, target.find('?')));
}

}  // namespace demo
