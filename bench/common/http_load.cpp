#include "common/http_load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string_view>

namespace tidemark::bench {
namespace {

constexpr std::int64_t kSilenceUs = 30'000'000;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

struct Connection {
  int socket = -1;
  std::size_t event = 0;
  std::string read;
};

// Its status; 0 while the answer is not whole.
int whole(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  constexpr std::string_view kLength = "Content-Length: ";
  const auto at = text.find(kLength);
  std::size_t length = 0;
  if (at < end) std::from_chars(text.data() + at + kLength.size(), text.data() + end, length);
  if (text.size() < end + 4 + length) return 0;
  int status = 0;
  std::from_chars(text.data() + 9, text.data() + 12, status);
  return status;
}

class Loop {
 public:
  explicit Loop(const HttpLoad& load) : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(load.connections) {
    if (epoll_ < 0) fail("epoll_create1");
    head_ = " HTTP/1.1\r\nHost: " + load.gateway.host + "\r\nContent-Length: ";
    for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
  }
  ~Loop() {
    for (const Connection& connection : connections_) close(connection.socket);
    close(epoll_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  std::vector<Sample> run() {
    start_ = heard_ = now_us();
    while (true) {
      const std::int64_t now = now_us();
      arrive(now);
      if (!arriving(now) && waiting_.empty() && free_.size() == connections_.size()) break;
      if (now - heard_ > kSilenceUs) break;
      wait(now);
    }
    return std::move(samples_);
  }

 private:
  void open(std::size_t index) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) fail("socket");
    connections_[index].socket = socket;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(load_.gateway.port);
    inet_pton(AF_INET, load_.gateway.host.c_str(), &address.sin_addr);
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
    free_.push_back(index);
  }

  bool arriving(std::int64_t now) const {
    return samples_.size() < load_.events && (load_.longest_us == 0 || now < start_ + load_.longest_us);
  }
  std::int64_t due(std::size_t event) const {
    return load_.rate > 0 ? start_ + static_cast<std::int64_t>(static_cast<double>(event) * 1e6 / load_.rate) : 0;
  }

  void arrive(std::int64_t now) {
    while (!waiting_.empty() && !free_.empty()) {
      send(waiting_.front());
      waiting_.pop_front();
    }
    while (arriving(now) && due(samples_.size()) <= now && (load_.rate > 0 || !free_.empty())) {
      const std::size_t event = samples_.size();
      samples_.push_back({load_.rate > 0 ? due(event) : now_us(), 0, 0});
      if (load_.elsewhere && load_.elsewhere(event, body_of(load_.first + event, load_.bytes))) continue;
      if (free_.empty()) waiting_.push_back(event);
      else send(event);
    }
    if (load_.all_in_flight && !told_ && free_.empty()) {
      told_ = true;
      load_.all_in_flight();
    }
  }

  void send(std::size_t event) {
    const std::size_t index = free_.front();
    free_.pop_front();
    Connection& connection = connections_[index];
    connection.event = event;
    const std::string body = body_of(load_.first + event, load_.bytes);
    std::string request = "POST " + load_.target;
    if (load_.keyed) request += "&key=" + std::to_string(load_.first + event);
    request += head_ + std::to_string(body.size()) + "\r\n\r\n" + body;
    const ssize_t sent = ::send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) fail("send");
  }

  void wait(std::int64_t now) {
    std::int64_t left = 1'000'000;
    if (load_.rate > 0 && arriving(now)) left = std::clamp<std::int64_t>(due(samples_.size()) - now, 0, left);
    const timespec timeout{left / 1'000'000, (left % 1'000'000) * 1000};
    const int count = epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < count; ++i) read(events_[static_cast<std::size_t>(i)].data.u64);
  }

  void read(std::size_t index) {
    Connection& connection = connections_[index];
    std::array<char, 16384> buffer;
    const ssize_t size = recv(connection.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) throw std::runtime_error("the gateway closed a connection");
    connection.read.append(buffer.data(), static_cast<std::size_t>(size));
    const int status = whole(connection.read);
    if (status == 0) return;
    connection.read.clear();
    heard_ = now_us();
    samples_[connection.event].answered = heard_;
    samples_[connection.event].status = status;
    free_.push_back(index);
  }

  const HttpLoad& load_;
  int epoll_;
  std::vector<Connection> connections_;
  std::deque<std::size_t> free_;
  std::deque<std::size_t> waiting_;  // arrived, and no connection was free
  std::vector<Sample> samples_;
  std::array<epoll_event, 256> events_{};
  std::string head_;  // from the target's end to the length
  std::int64_t start_ = 0, heard_ = 0;
  bool told_ = false;
};

}  // namespace

std::string body_of(std::size_t event, std::size_t bytes) {
  std::string body = std::to_string(event);
  body.resize(std::max(bytes, body.size()), ' ');
  return body;
}

std::vector<Sample> run(const HttpLoad& load) { return Loop(load).run(); }

}  // namespace tidemark::bench
