// See fault_proxy.h. Everything but Reactor's constructor, destructor and call()
// runs on the reactor's thread.
#include "support/fault_proxy.h"

#include <array>
#include <boost/asio.hpp>
#include <deque>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "support/environment.h"
#include "support/paced_write.h"

namespace tidemark::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxFrame = 128U << 20U;  // above the broker's own limit; a larger size is no Kafka
constexpr std::size_t kReadSize = 64U << 10U;

std::uint32_t big_endian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

// A request is: int32 size, int16 api key, int16 version, int32 correlation id, …
// A reply is: int32 size, int32 correlation id, …
constexpr std::size_t kRequestHead = 12;
constexpr std::size_t kReplyHead = 8;

std::int16_t api_key_of(std::string_view request) {
  const auto high = static_cast<unsigned char>(request[4]);
  const auto low = static_cast<unsigned char>(request[5]);
  return static_cast<std::int16_t>(high << 8U | low);
}

// Faults that wait for their moment, and what has happened; shared by all connections.
struct Plan {
  struct LostReply {
    std::size_t delivered_bytes = 0;
  };
  bool hold_replies = false;
  Line line;
  std::map<std::int16_t, std::deque<LostReply>> lose_replies;
  std::map<std::int16_t, std::size_t> lose_requests;
  std::map<std::int16_t, std::size_t> requests_by_key;
  FaultProxy::Counters counters;
};

// One client's connection and its own to the broker.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(Plan& plan, tcp::socket client, asio::io_context& context)
      : plan_(plan),
        client_(std::move(client)),
        broker_(context),
        write_to_broker_(plan.line, broker_),
        write_to_client_(plan.line, client_) {}

  void start(const tcp::endpoint& upstream) {
    broker_.async_connect(upstream, [self = shared_from_this()](error_code error) {
      if (error) return self->close(false);
      error_code ignored;
      self->client_.set_option(tcp::no_delay(true), ignored);
      self->broker_.set_option(tcp::no_delay(true), ignored);
      self->read_requests();
      self->read_replies();
    });
  }

  bool closed() const { return closed_; }

  // `cut`: with RST, so that neither side can take it for an orderly end.
  void close(bool cut) {
    if (closed_) return;
    closed_ = true;
    plan_.counters.open -= 1;
    plan_.counters.cut += cut ? 1U : 0U;
    plan_.counters.replies_held -= held_;
    write_to_broker_.cancel();
    write_to_client_.cancel();
    error_code ignored;
    if (cut) {
      client_.set_option(asio::socket_base::linger(true, 0), ignored);
      broker_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    client_.close(ignored);
    broker_.close(ignored);
  }

  void release() {
    plan_.counters.replies_held -= std::exchange(held_, 0);
    if (!closed_ && holding_) {
      holding_ = false;
      pass_replies();
    }
  }

  void thaw() {
    write_to_broker_.thaw();
    write_to_client_.thaw();
  }

 private:
  // The size of the whole frame at the front of `bytes`; empty when it is not all there.
  // Closes the link on what cannot be Kafka.
  std::optional<std::size_t> whole_frame(std::string_view bytes, std::size_t least) {
    if (bytes.size() < 4) return std::nullopt;
    const std::size_t size = 4 + std::size_t{big_endian32(bytes)};
    if (size < least || size > kMaxFrame) {
      close(true);
      return std::nullopt;
    }
    return bytes.size() < size ? std::nullopt : std::optional(size);
  }

  void read_requests() {
    client_.async_read_some(asio::buffer(request_bytes_), [self = shared_from_this()](error_code error,
                                                                                      std::size_t count) {
      if (error || self->closed_) return self->close(false);
      self->requests_.append(self->request_bytes_.data(), count);
      self->pass_requests();
    });
  }

  void pass_requests() {
    std::size_t passed = 0;
    while (const auto size = whole_frame(std::string_view(requests_).substr(passed), kRequestHead)) {
      const std::string_view request = std::string_view(requests_).substr(passed, *size);
      if (!pass_request(request)) return close(true);
      passed += *size;
    }
    if (closed_) return;
    to_broker_ = requests_.substr(0, passed);
    requests_.erase(0, passed);
    write_to_broker_.start(to_broker_, shared_from_this(), [this](error_code error) {
      if (error) return close(false);
      read_requests();
    });
  }

  // Notes what is to become of this request; false: it is to be lost.
  bool pass_request(std::string_view request) {
    const std::int16_t key = api_key_of(request);
    if (auto lost = plan_.lose_requests.find(key); lost != plan_.lose_requests.end()) {
      if (--lost->second == 0) plan_.lose_requests.erase(lost);
      plan_.counters.requests_lost += 1;
      return false;
    }
    plan_.counters.requests += 1;
    plan_.requests_by_key[key] += 1;
    if (auto lost = plan_.lose_replies.find(key); lost != plan_.lose_replies.end()) {
      doomed_[big_endian32(request.substr(8))] = lost->second.front();
      lost->second.pop_front();
      if (lost->second.empty()) plan_.lose_replies.erase(lost);
    }
    return true;
  }

  void read_replies() {
    broker_.async_read_some(asio::buffer(reply_bytes_), [self = shared_from_this()](error_code error,
                                                                                    std::size_t count) {
      if (error || self->closed_) return self->close(false);
      self->replies_.append(self->reply_bytes_.data(), count);
      self->pass_replies();
    });
  }

  void pass_replies() {
    std::size_t passed = 0;
    std::size_t whole = 0;
    bool cut = false;
    while (const auto size = whole_frame(std::string_view(replies_).substr(passed), kReplyHead)) {
      const auto doomed = doomed_.find(big_endian32(std::string_view(replies_).substr(passed + 4)));
      if (doomed != doomed_.end()) {
        plan_.counters.replies_lost += 1;
        passed += std::min(doomed->second.delivered_bytes, *size - 1);
        cut = true;
        break;
      }
      passed += *size;
      whole += 1;
    }
    if (closed_) return;
    if (plan_.hold_replies && !cut) return hold(whole);
    plan_.counters.replies += whole;
    to_client_ = replies_.substr(0, passed);
    replies_.erase(0, passed);
    write_to_client_.start(to_client_, shared_from_this(), [this, cut](error_code error) {
      if (error || cut) return close(cut);
      read_replies();
    });
  }

  // Nothing more is read from the broker meanwhile, so what is held stays bounded.
  void hold(std::size_t whole) {
    if (whole == 0) return read_replies();
    holding_ = true;
    held_ = whole;
    plan_.counters.replies_held += whole;
  }

  Plan& plan_;
  tcp::socket client_;
  tcp::socket broker_;
  std::array<char, kReadSize> request_bytes_{};
  std::array<char, kReadSize> reply_bytes_{};
  std::string requests_;   // read from the client, not yet whole
  std::string replies_;    // read from the broker, not yet whole or held
  std::string to_broker_;  // being written
  std::string to_client_;
  PacedWrite write_to_broker_;
  PacedWrite write_to_client_;
  std::map<std::uint32_t, Plan::LostReply> doomed_;  // by correlation id
  std::size_t held_ = 0;
  bool holding_ = false;
  bool closed_ = false;
};

}  // namespace

class FaultProxy::Reactor {
 public:
  Reactor(std::uint16_t port, const std::string& upstream)
      : upstream_(asio::ip::make_address(upstream.substr(0, upstream.rfind(':'))), port_of(upstream)),
        listen_on_(asio::ip::address_v4::loopback(), port),
        acceptor_(context_) {
    listen();
    listen_on_ = acceptor_.local_endpoint();
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Reactor() {
    context_.stop();
    thread_.join();
    for (const auto& link : links_) link->close(false);  // a write on a frozen line keeps its link alive
  }

  // Runs `action` on the reactor's thread and returns what it returns.
  template <class Action>
  auto call(Action action) {
    std::packaged_task<decltype(action())()> task(std::move(action));
    auto answer = task.get_future();
    asio::post(context_, [&task] { task(); });
    return answer.get();
  }

  std::uint16_t port() const { return listen_on_.port(); }

  void listen() {
    error_code error;
    acceptor_.open(listen_on_.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(listen_on_, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      throw std::runtime_error("cannot listen on port " + std::to_string(listen_on_.port()) + ": " + error.message());
    }
    accept();
  }

  void stop_listening() {
    error_code ignored;
    acceptor_.close(ignored);
  }

  bool listening() const { return acceptor_.is_open(); }

  void cut_all() {
    for (const auto& link : links_) link->close(true);
    links_.clear();
  }

  void release() {
    plan.hold_replies = false;
    for (const auto& link : links_) link->release();
  }

  void set_line(const Line& line) {
    plan.line = line;
    if (line.frozen) return;
    for (const auto& link : links_) link->thaw();
  }

  Plan plan;

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket client) {
      if (error) return;
      std::erase_if(links_, [](const auto& link) { return link->closed(); });
      plan.counters.accepted += 1;
      plan.counters.open += 1;
      const auto link = std::make_shared<Link>(plan, std::move(client), context_);
      links_.insert(link);
      link->start(upstream_);
      accept();
    });
  }

  asio::io_context context_{1};
  // Refusing and having cut all leaves nothing to wait for, yet calls still come.
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  tcp::endpoint upstream_;
  tcp::endpoint listen_on_;
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Link>> links_;
  std::thread thread_;
};

FaultProxy::FaultProxy(std::uint16_t port, const std::string& upstream)
    : reactor_(std::make_unique<Reactor>(port, upstream)) {}

FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const { return reactor_->port(); }
std::string FaultProxy::address() const { return "127.0.0.1:" + std::to_string(port()); }

void FaultProxy::cut_all() {
  reactor_->call([this] { reactor_->cut_all(); });
}

void FaultProxy::refuse_connections(bool refuse) {
  reactor_->call([this, refuse] {
    if (refuse) {
      reactor_->stop_listening();
    } else if (!reactor_->listening()) {
      reactor_->listen();
    }
  });
}

void FaultProxy::hold_replies() {
  reactor_->call([this] { reactor_->plan.hold_replies = true; });
}

void FaultProxy::release_replies() {
  reactor_->call([this] { reactor_->release(); });
}

void FaultProxy::lose_next_reply(std::int16_t api_key, std::size_t count, std::size_t delivered_bytes) {
  reactor_->call([this, api_key, count, delivered_bytes] {
    auto& lost = reactor_->plan.lose_replies[api_key];
    lost.insert(lost.end(), count, Plan::LostReply{delivered_bytes});
  });
}

void FaultProxy::lose_next_request(std::int16_t api_key, std::size_t count) {
  reactor_->call([this, api_key, count] { reactor_->plan.lose_requests[api_key] += count; });
}

void FaultProxy::freeze() {
  reactor_->call([this] { reactor_->set_line({.frozen = true}); });
}

void FaultProxy::delay(std::chrono::milliseconds delay) {
  reactor_->call([this, delay] { reactor_->set_line({.delay = delay}); });
}

void FaultProxy::slow_down(std::size_t bytes_per_second) {
  reactor_->call([this, bytes_per_second] { reactor_->set_line({.bytes_per_second = bytes_per_second}); });
}

void FaultProxy::heal() {
  refuse_connections(false);
  reactor_->call([this] {
    reactor_->set_line({});
    reactor_->plan.lose_replies.clear();
    reactor_->plan.lose_requests.clear();
    reactor_->release();
  });
}

FaultProxy::Counters FaultProxy::counters() const {
  return reactor_->call([this] { return reactor_->plan.counters; });
}

std::size_t FaultProxy::requests_of(std::int16_t api_key) const {
  return reactor_->call([this, api_key] {
    const auto found = reactor_->plan.requests_by_key.find(api_key);
    return found == reactor_->plan.requests_by_key.end() ? std::size_t{0} : found->second;
  });
}

bool FaultProxy::wait_requests_of(std::int16_t api_key, std::size_t count, std::chrono::milliseconds bound) const {
  return eventually([&] { return requests_of(api_key) >= count; }, bound);
}

}  // namespace tidemark::test
