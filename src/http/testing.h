// For tests: a server on a thread of its own, and a client that sees raw bytes.
//
// A real HTTP client hides what these tests are about: where bytes are cut, who
// closes first, how the end looks. Every wait here is for a condition, with a
// bound far above what it takes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.h"

namespace tidemark::http::testing {

inline constexpr std::chrono::seconds kBound{20};

// Answers every request with its method, target and body, or holds it until
// told. What it saw may be asked for from any thread.
class RecordingHandler : public Handler {
 public:
  void attach(Server& server) { server_ = &server; }
  void hold(bool held) {
    const std::lock_guard<std::mutex> lock(mutex_);
    hold_ = held;
  }

  void on_request(ExchangeId exchange, Request&& request) override {
    bool held = false;
    Response response = echo(request);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      held = hold_;
      requests_.push_back({exchange, std::move(request)});
    }
    changed_.notify_all();
    if (!held) server_->answer(exchange, std::move(response));
  }
  void on_gone(ExchangeId exchange) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    gone_.push_back(exchange);
    changed_.notify_all();
  }
  void on_refused(int status) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    refused_.push_back(status);
    changed_.notify_all();
  }

  static Response echo(const Request& request) {
    Response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.target + " " + request.body;
    return response;
  }

  using Requests = std::vector<std::pair<ExchangeId, Request>>;
  Requests requests() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }
  std::vector<ExchangeId> gone() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return gone_;
  }
  std::vector<int> refused() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return refused_;
  }
  // False when it did not come to that many within the bound.
  bool wait_for_requests(std::size_t count) { return wait([&] { return requests_.size() >= count; }); }
  bool wait_for_gone(std::size_t count) { return wait([&] { return gone_.size() >= count; }); }

 private:
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kBound, condition);
  }

  Server* server_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool hold_ = false;
  Requests requests_;
  std::vector<ExchangeId> gone_;
  std::vector<int> refused_;
};

// An io_context and the thread that runs it.
class Reactor {
 public:
  Reactor() : guard_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  ~Reactor() {
    guard_.reset();
    context_.stop();
    thread_.join();
  }
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  boost::asio::io_context& context() { return context_; }
  // Runs it on the reactor and waits for it.
  template <class Action>
  auto run(Action action) -> decltype(action()) {
    std::packaged_task<decltype(action())()> task(std::move(action));
    auto result = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    return result.get();
  }
  // Looks on the reactor until it is so; false after the bound.
  bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kBound;
    while (!run(condition)) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

class TestServer {
 public:
  explicit TestServer(const Limits& limits = quick()) : server_(reactor_.context(), handler_, limits) {
    handler_.attach(server_);
    ListenOptions options;
    options.port = 0;
    listening_ = reactor_.run([&] { return server_.listen(options).ok(); });
    port_ = reactor_.run([&] { return server_.port(); });
  }
  ~TestServer() {
    reactor_.run([&] { server_.stop(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // The usual limits, kept by a finer clock.
  static Limits quick() {
    Limits limits;
    limits.tick = std::chrono::milliseconds(5);
    limits.half_close_probe = std::chrono::milliseconds(20);
    return limits;
  }

  bool listening() const { return listening_; }
  std::uint16_t port() const { return port_; }
  RecordingHandler& handler() { return handler_; }
  Server& server() { return server_; }
  Reactor& reactor() { return reactor_; }
  Counters counters() {
    return reactor_.run([&] { return server_.counters(); });
  }
  void answer(ExchangeId exchange, Response response) {
    reactor_.run([&] { server_.answer(exchange, std::move(response)); });
  }
  bool eventually(const std::function<bool(const Counters&)>& condition) {
    return reactor_.eventually([&] { return condition(server_.counters()); });
  }

 private:
  RecordingHandler handler_;
  Reactor reactor_;
  Server server_;
  bool listening_ = false;
  std::uint16_t port_ = 0;
};

// One answer, read.
struct Reply {
  int status = 0;  // 0: no complete answer came
  std::string head;
  std::string body;
  bool has(std::string_view line) const { return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos; }
};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  // False when the server would take no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // Closes with a reset instead of an end of stream.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  // The next answer, by its Content-Length; `head_only` when none has a body.
  Reply read(bool head_only = false) {
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    Reply reply;
    reply.head = received_.substr(0, end + 2);
    reply.status = std::stoi(reply.head.substr(9, 3));
    received_.erase(0, end + 4);
    const std::size_t length_at = reply.head.find("Content-Length: ");
    if (head_only || length_at == std::string::npos) return reply;
    const std::size_t length = std::stoul(reply.head.substr(length_at + 16));
    while (received_.size() < length)
      if (!receive()) return {};
    reply.body = received_.substr(0, length);
    received_.erase(0, length);
    return reply;
  }
  // Everything until the server ends the stream, an orderly end only.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  // Whether the stream has ended, waiting for it; false when bytes come first.
  bool ended() { return received_.empty() && !receive() && ended_; }
  Reply ask(std::string_view request) {
    send(request);
    return read();
  }

 private:
  bool receive() {
    pollfd query{socket_, POLLIN, 0};
    if (::poll(&query, 1, static_cast<int>(std::chrono::milliseconds(kBound).count())) != 1) return false;
    char buffer[16384];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count == 0) ended_ = true;
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
};

}  // namespace tidemark::http::testing
