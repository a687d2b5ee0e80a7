#include "cli/http_call.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace tidemark::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

struct Url {
  std::string host;
  std::string port;
};

Result<Url> parse_url(std::string_view url) {
  const Error bad{ErrorKind::invalid, "'" + std::string(url) + "' is not a gateway's URL: write it like http://127.0.0.1:8750"};
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return bad;
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find('/') != std::string_view::npos) return bad;
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.ends_with(']')) return Url{std::string(rest), "80"};
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || colon + 1 == rest.size()) return bad;
  return Url{std::string(host), std::string(rest.substr(colon + 1))};
}

// The steps of one call; each starts the next, the first error ends it.
class Call {
 public:
  Call(asio::io_context& io, beast::http::request<beast::http::string_body> request)
      : resolver_(io), stream_(io), request_(std::move(request)) {
    parser_.body_limit(64 * 1024 * 1024);
  }

  void start(const Url& url) {
    resolver_.async_resolve(url.host, url.port, [this](beast::error_code error, const auto& found) {
      if (error) return finish(error);
      asio::async_connect(stream_, found, [this](beast::error_code failed, const auto&) {
        if (failed) return finish(failed);
        write();
      });
    });
  }

  std::optional<beast::error_code> result() const { return result_; }
  HttpAnswer answer() const { return {static_cast<int>(parser_.get().result_int()), parser_.get().body()}; }

 private:
  void write() {
    beast::http::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
      if (error) return finish(error);
      beast::http::async_read(stream_, buffer_, parser_, [this](beast::error_code failed, std::size_t) { finish(failed); });
    });
  }
  void finish(beast::error_code error) { result_ = error; }

  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket stream_;
  beast::http::request<beast::http::string_body> request_;
  beast::flat_buffer buffer_;
  beast::http::response_parser<beast::http::string_body> parser_;
  std::optional<beast::error_code> result_;
};

}  // namespace

Result<HttpAnswer> http_call(const std::string& base, std::string_view method, const std::string& target,
                             const std::vector<std::pair<std::string, std::string>>& headers, const std::string* body,
                             std::chrono::milliseconds timeout) {
  const auto url = parse_url(base);
  if (!url) return url.error();
  beast::http::request<beast::http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  const bool ipv6 = url->host.find(':') != std::string::npos;
  request.set(beast::http::field::host, (ipv6 ? "[" + url->host + "]" : url->host) + ":" + url->port);
  request.set(beast::http::field::user_agent, "tidemark");
  for (const auto& [name, value] : headers) request.set(name, value);
  if (body != nullptr) request.body() = *body;
  if (body != nullptr || method != "GET") request.prepare_payload();

  asio::io_context io(1);
  Call call(io, std::move(request));
  call.start(*url);
  io.run_for(timeout);
  if (!call.result())
    return Error{ErrorKind::timeout, "no answer from " + base + " within " + std::to_string(timeout.count()) + " ms"};
  if (*call.result())
    return Error{ErrorKind::unavailable, "cannot reach the gateway at " + base + ": " + call.result()->message() +
                                             " (is it running? give another with --url)"};
  return call.answer();
}

}  // namespace tidemark::cli
