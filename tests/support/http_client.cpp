// See http_client.h.
#include "support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace tidemark::test {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

HttpResponse parse_head(std::string_view head) {
  HttpResponse response;
  const auto first_end = head.find("\r\n");
  const std::string_view status_line = head.substr(0, first_end);
  if (!status_line.starts_with("HTTP/1.") || status_line.size() < 12 || status_line[8] != ' ') {
    throw std::runtime_error("not a status line: " + std::string(status_line));
  }
  std::from_chars(status_line.data() + 9, status_line.data() + 12, response.status);
  if (status_line.size() > 13) response.reason = status_line.substr(13);
  for (std::size_t begin = first_end + 2; begin < head.size();) {
    const auto end = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, end - begin);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error("not a header: " + std::string(line));
    response.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    begin = end + 2;
  }
  return response;
}

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view name) const {
  const std::string wanted = lower(name);
  for (const auto& [key, value] : headers) {
    if (key == wanted) return value;
  }
  return std::nullopt;
}

HttpConnection::HttpConnection(const std::string& host, std::uint16_t port)
    : host_(host + ":" + std::to_string(port)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) throw std::runtime_error("not an address: " + host);
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    if (socket_ >= 0) close(socket_);
    throw std::runtime_error("cannot connect to " + host_ + ": " + reason);
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpConnection::HttpConnection(HttpConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      ended_(other.ended_),
      host_(std::move(other.host_)),
      buffer_(std::move(other.buffer_)) {}

HttpConnection::~HttpConnection() {
  if (socket_ >= 0) close(socket_);
}

void HttpConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void HttpConnection::send_request(std::string_view method, std::string_view target, std::string_view body,
                                  const std::vector<std::string>& headers) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n");
  if (!body.empty() || method == "POST" || method == "PUT") {
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  for (const std::string& header : headers) request.append(header).append("\r\n");
  request.append("\r\n").append(body);
  send(request);
}

bool HttpConnection::fill(std::chrono::steady_clock::time_point deadline) {
  while (!ended_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd descriptor{socket_, POLLIN, 0};
    const int ready = poll(&descriptor, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    std::array<char, 16384> bytes{};
    const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    ended_ = true;
  }
  return false;
}

std::optional<HttpResponse> HttpConnection::read(std::chrono::milliseconds bound, bool head) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(deadline)) return std::nullopt;
  }
  HttpResponse response = parse_head(std::string_view(buffer_).substr(0, head_end + 2));
  buffer_.erase(0, head_end + 4);
  if (response.status < 200) {
    return read(std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()), head);
  }
  if (response.header("transfer-encoding")) throw std::runtime_error("a response with Transfer-Encoding");
  if (head || response.status == 204 || response.status == 304) return response;
  const auto length_text = response.header("content-length");
  if (!length_text) {
    while (fill(deadline)) {
    }
    if (!ended_) return std::nullopt;
    response.body = std::exchange(buffer_, {});
    return response;
  }
  std::size_t length = 0;
  const char* length_end = length_text->data() + length_text->size();
  const auto parsed = std::from_chars(length_text->data(), length_end, length);
  if (parsed.ec != std::errc{} || parsed.ptr != length_end) {
    throw std::runtime_error("not a Content-Length: " + *length_text);
  }
  while (buffer_.size() < length) {
    if (!fill(deadline)) return std::nullopt;
  }
  response.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return response;
}

bool HttpConnection::closed_by_peer(std::chrono::milliseconds bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (buffer_.empty() && fill(deadline)) {
  }
  return buffer_.empty() && ended_;
}

std::size_t HttpConnection::unread() {
  while (fill(std::chrono::steady_clock::now())) {
  }
  return buffer_.size();
}

void HttpConnection::finish_sending() { shutdown(socket_, SHUT_WR); }

void HttpConnection::reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(socket_, -1));
}

HttpResponse http(const std::string& host, std::uint16_t port, std::string_view method, std::string_view target,
                  std::string_view body, const std::vector<std::string>& headers, std::chrono::milliseconds bound) {
  HttpConnection connection(host, port);
  connection.send_request(method, target, body, headers);
  auto response = connection.read(bound, method == "HEAD");
  if (!response) throw std::runtime_error("no whole answer to " + std::string(method) + " " + std::string(target));
  return *std::move(response);
}

}  // namespace tidemark::test
