#include "http/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "http/descriptors.h"

namespace tidemark::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

// Over the limit of connections, so many more are told so at a time; then none
// is accepted until one of them has left.
constexpr std::size_t kTurnedAwayAtOnce = 64;
constexpr std::uint32_t kSlotBits = 20;
constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;

// An IPv6 client usually owns a /64, so that is what counts as one address.
AddressKey key_of(const asio::ip::address& address) {
  AddressKey key{};
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), key.begin() + 12);
  } else {
    const auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.begin() + (address.to_v6().is_v4_mapped() ? 16 : 8), key.begin());
  }
  return key;
}

// Errors that more of the same will follow, until somebody frees something.
bool is_exhaustion(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_memory || ec == asio::error::no_buffer_space ||
         ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

class Server::Impl final : public ConnectionHost, public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& context, Handler& its_handler, const Limits& its_limits)
      : context_(context), acceptor_(context.get_executor()), timer_(context.get_executor()) {
    handler = &its_handler;
    limits = its_limits;
    const DescriptorLimit descriptors = descriptor_limit();
    const std::size_t reserved = limits.reserved_descriptors + kTurnedAwayAtOnce;
    const std::size_t available = descriptors.soft > reserved ? descriptors.soft - reserved : 1;
    const std::size_t most = std::min(available, kSlots - kTurnedAwayAtOnce);
    capacity_ = {std::min(limits.connections, most), descriptors.soft, available < limits.connections};
  }

  Result<void> listen(const ListenOptions& options);
  std::uint16_t port() const { return port_; }
  void answer(ExchangeId exchange, Response&& response);
  void drain(std::function<void()> drained);
  void stop();
  const Capacity& capacity() const { return capacity_; }

  void on_closed(Connection& connection) override;
  ExchangeId next_exchange(std::uint32_t slot) override { return (++exchanges_ << kSlotBits) | slot; }

 private:
  void accept();
  void on_accepted(const error_code& ec, Socket socket);
  void admit(Socket socket, const tcp::endpoint& peer);
  void tick();
  void arm_timer();
  void report_drained();

  asio::io_context& context_;
  Acceptor acceptor_;
  boost::asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type> timer_;
  tcp::endpoint peer_;
  std::uint16_t port_ = 0;
  Capacity capacity_;
  std::vector<std::shared_ptr<Connection>> connections_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::map<AddressKey, std::size_t> per_address_;
  std::size_t turned_away_open_ = 0;
  std::uint64_t exchanges_ = 0;
  bool accepting_ = false;  // an accept is pending
  bool exhausted_ = false;  // accepting resumes at the next tick
  bool timer_armed_ = false;
  bool stopped_ = false;
  std::function<void()> drained_;
};

Result<void> Server::Impl::listen(const ListenOptions& options) {
  error_code ec;
  const asio::ip::address address = asio::ip::make_address(options.address, ec);
  if (ec) return Error{ErrorKind::invalid, "'" + options.address + "' is not a numeric IP address"};
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(Acceptor::reuse_address(true), ec);
  const int one = 1;  // Asio has no name for this option
  if (!ec && options.reuse_port &&
      ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
    ec.assign(errno, boost::system::system_category());
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(options.backlog, ec);
  if (!ec) acceptor_.non_blocking(true, ec);
  if (!ec) port_ = acceptor_.local_endpoint(ec).port();
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
    return Error{ErrorKind::unavailable, "cannot listen on " + options.address + " port " +
                                             std::to_string(options.port) + ": " + ec.message()};
  }
  accept();
  return {};
}

void Server::Impl::accept() {
  if (accepting_ || draining || stopped_ || exhausted_ || turned_away_open_ >= kTurnedAwayAtOnce) return;
  accepting_ = true;
  acceptor_.async_accept(context_.get_executor(), peer_,
                         [self = shared_from_this()](const error_code& ec, Socket socket) {
                           self->accepting_ = false;
                           self->on_accepted(ec, std::move(socket));
                         });
}

void Server::Impl::on_accepted(const error_code& ec, Socket socket) {
  if (stopped_ || draining) return;
  if (!ec) {
    admit(std::move(socket), peer_);
  } else if (ec != asio::error::operation_aborted) {
    ++counters.accept_errors;
    if (is_exhaustion(ec)) {
      exhausted_ = true;
      arm_timer();
    }
  }
  accept();
}

void Server::Impl::admit(Socket socket, const tcp::endpoint& peer) {
  ++counters.accepted;
  const AddressKey address = key_of(peer.address());
  std::size_t& from_address = per_address_[address];
  const bool full = counters.open - turned_away_open_ >= capacity_.connections;
  const bool too_many = from_address >= limits.connections_per_address;

  std::uint32_t slot = static_cast<std::uint32_t>(connections_.size());
  if (free_slots_.empty()) {
    connections_.emplace_back();
    deadlines.push_back(Clock::time_point::max());
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  const auto connection = std::make_shared<Connection>(*this, std::move(socket), slot, address);
  connections_[slot] = connection;
  ++counters.open;
  ++from_address;
  arm_timer();
  if (full || too_many) {
    ++counters.turned_away;
    ++turned_away_open_;
    connection->turn_away(full ? kOverloaded : kTooManyFromAddress);
  } else {
    connection->start();
  }
}

void Server::Impl::on_closed(Connection& connection) {
  deadlines[connection.slot()] = Clock::time_point::max();
  free_slots_.push_back(connection.slot());
  --counters.open;
  if (connection.turned_away()) --turned_away_open_;
  const auto found = per_address_.find(connection.address());
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
  connections_[connection.slot()].reset();
  if (stopped_) return;
  accept();
  report_drained();
}

// One timer for all connections: with thousands of them, setting a deadline is a
// store, and a look through an array of them costs microseconds.
void Server::Impl::arm_timer() {
  if (timer_armed_ || stopped_ || (counters.open == 0 && !exhausted_)) return;
  timer_armed_ = true;
  timer_.expires_after(limits.tick);
  timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->timer_armed_ = false;
    if (!ec && !self->stopped_) self->tick();
  });
}

void Server::Impl::tick() {
  exhausted_ = false;
  const Clock::time_point now = Clock::now();
  for (std::size_t slot = 0; slot < deadlines.size(); ++slot) {
    if (deadlines[slot] > now) continue;
    const std::shared_ptr<Connection> connection = connections_[slot];
    if (connection) connection->on_deadline(now);
    if (stopped_) return;
  }
  accept();
  arm_timer();
}

void Server::Impl::answer(ExchangeId exchange, Response&& response) {
  const std::size_t slot = exchange & (kSlots - 1);
  if (exchange == 0 || slot >= connections_.size()) return;
  const std::shared_ptr<Connection> connection = connections_[slot];
  if (connection && connection->exchange() == exchange) connection->answer(std::move(response));
}

void Server::Impl::drain(std::function<void()> drained) {
  if (stopped_) return;
  drained_ = std::move(drained);
  draining = true;
  error_code ec;
  acceptor_.close(ec);
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    const std::shared_ptr<Connection> connection = connections_[slot];
    if (connection) connection->drain();
  }
  report_drained();
}

void Server::Impl::report_drained() {
  if (!draining || counters.open > 0 || !drained_) return;
  asio::post(context_.get_executor(), std::exchange(drained_, nullptr));
}

void Server::Impl::stop() {
  if (stopped_) return;
  stopped_ = true;
  drained_ = nullptr;
  error_code ec;
  acceptor_.close(ec);
  timer_.cancel(ec);
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    const std::shared_ptr<Connection> connection = connections_[slot];
    if (connection) connection->close();
  }
}

Server::Server(asio::io_context& context, Handler& handler, const Limits& limits)
    : context_(context), impl_(std::make_shared<Impl>(context, handler, limits)) {}
Server::~Server() { impl_->stop(); }
Result<void> Server::listen(const ListenOptions& options) { return impl_->listen(options); }
std::uint16_t Server::port() const { return impl_->port(); }
void Server::answer(ExchangeId exchange, Response&& response) { impl_->answer(exchange, std::move(response)); }
void Server::drain(std::function<void()> drained) { impl_->drain(std::move(drained)); }
void Server::stop() { impl_->stop(); }
const Counters& Server::counters() const { return impl_->counters; }
Capacity Server::capacity() const { return impl_->capacity(); }

}  // namespace tidemark::http
