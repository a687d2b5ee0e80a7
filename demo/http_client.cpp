// See http_client.h.
#include "demo/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <utility>

namespace demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tidemark::Error;
using tidemark::ErrorKind;
using tidemark::Result;

constexpr std::size_t kMaxBody = 1U << 20U;

}  // namespace

class HttpClient::Connection {
 public:
  Connection(std::string host, std::uint16_t port, std::chrono::milliseconds timeout)
      : host_(std::move(host)), port_(port), timeout_(timeout), stream_(context_) {}

  Result<Response> call(http::verb method, const std::string& target, const std::string& content_type,
                        const std::string& body) {
    // A GET may be asked again; so an idle connection found dead costs one retry.
    const bool may_retry = connected_ && method == http::verb::get;
    auto response = attempt(method, target, content_type, body);
    if (response || !may_retry) return response;
    return attempt(method, target, content_type, body);
  }

 private:
  Result<Response> attempt(http::verb method, const std::string& target, const std::string& content_type,
                           const std::string& body) {
    error_code error;
    stream_.expires_after(timeout_);
    if (connected_ && closed_by_server()) disconnect();
    if (!connected_) {
      error = connect();
      if (error) return failed("cannot connect to", error);
    }
    http::request<http::string_body> request(method, target, 11);
    request.set(http::field::host, host_ + ":" + std::to_string(port_));
    if (!content_type.empty()) request.set(http::field::content_type, content_type);
    request.body() = body;
    request.prepare_payload();
    http::async_write(stream_, request, [&error](error_code result, std::size_t) { error = result; });
    run();
    if (error) return failed("cannot write to", error);

    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxBody);
    http::async_read(stream_, buffer_, parser, [&error](error_code result, std::size_t) { error = result; });
    run();
    if (error) return failed("no answer from", error);
    if (!parser.keep_alive()) disconnect();
    return Response{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
  }

  error_code connect() {
    error_code error;
    const auto address = asio::ip::make_address(host_, error);
    if (error) return error;
    stream_.async_connect(asio::ip::tcp::endpoint(address, port_), [&error](error_code result) { error = result; });
    run();
    if (error) return error;
    error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    connected_ = true;
    return {};
  }

  // Whether the server has ended the connection since the last answer. Between
  // calls it has nothing to say, so anything readable is its end.
  bool closed_by_server() {
    error_code error;
    stream_.socket().non_blocking(true, error);
    char byte = 0;
    stream_.socket().receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
    return error != asio::error::would_block;
  }

  void run() {
    context_.restart();
    context_.run();
  }

  void disconnect() {
    stream_.close();
    buffer_.clear();
    connected_ = false;
  }

  Error failed(const std::string& what, error_code error) {
    disconnect();
    const auto kind = error == beast::error::timeout ? ErrorKind::timeout : ErrorKind::unavailable;
    return Error{kind, what + " " + host_ + ":" + std::to_string(port_) + ": " + error.message()};
  }

  std::string host_;
  std::uint16_t port_;
  std::chrono::milliseconds timeout_;
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  bool connected_ = false;
};

HttpClient::HttpClient(std::string host, std::uint16_t port, std::chrono::milliseconds timeout)
    : connection_(std::make_unique<Connection>(std::move(host), port, timeout)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

Result<Response> HttpClient::get(const std::string& target) {
  return connection_->call(http::verb::get, target, "", "");
}

Result<Response> HttpClient::post(const std::string& target, const std::string& content_type,
                                  const std::string& body) {
  return connection_->call(http::verb::post, target, content_type, body);
}

Result<Address> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos && colon > 0) {
    address.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
    if (parsed.ec == std::errc{} && parsed.ptr == end) return address;
  }
  return Error{ErrorKind::invalid, "'" + text + "' is not an address such as 127.0.0.1:8750"};
}

std::string percent_encoded(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                            (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace demo
