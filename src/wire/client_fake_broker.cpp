#include "wire/client_fake_broker.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "wire/generated/api_versions.h"

namespace tidemark::wire::test {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

bool run_until(asio::io_context& io, const std::function<bool()>& done, std::chrono::seconds bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

void FakeBroker::Exchange::send(std::string bytes) const { session->send(std::move(bytes)); }
void FakeBroker::Exchange::close() const { session->close(); }
void FakeBroker::Exchange::reset() const { session->reset(); }

void FakeBroker::Session::send(std::string bytes) {
  if (!socket.is_open()) return;
  queued += bytes;
  if (!write_active) write();
}

void FakeBroker::Session::write() {
  writing.clear();
  std::swap(writing, queued);
  write_active = true;
  asio::async_write(socket, asio::buffer(writing), [self = shared_from_this()](const error_code& error, std::size_t) {
    self->write_active = false;
    if (error || !self->socket.is_open()) return;
    if (!self->queued.empty()) {
      self->write();
    } else if (self->closing) {
      self->close();
    }
  });
}

void FakeBroker::Session::close() {
  closing = true;
  if (write_active) return;
  error_code ignored;
  socket.close(ignored);
}

void FakeBroker::Session::reset() {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

FakeBroker::FakeBroker(asio::io_context& io, std::uint16_t port) : io_(io), port_(port) {
  speaks<msg::ApiVersionsRequest>(0, newest_api_versions);
  resume();
}

FakeBroker::~FakeBroker() {
  *alive_ = false;
  down();
}

void FakeBroker::down() {
  acceptor_.reset();
  close_sessions();
}

void FakeBroker::close_sessions() {
  for (const auto& session : std::exchange(sessions_, {})) {
    error_code ignored;
    session->socket.close(ignored);
  }
}

std::size_t FakeBroker::open_sessions() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [](const auto& session) { return session->socket.is_open(); }));
}

void FakeBroker::resume() {
  acceptor_.emplace(io_, tcp::endpoint(asio::ip::address_v4::loopback(), port_));
  port_ = acceptor_->local_endpoint().port();
  accept();
}

std::size_t FakeBroker::count(std::int16_t api_key) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(received, [=](const auto& header) { return header.request_api_key == api_key; }));
}

void FakeBroker::accept() {
  acceptor_->async_accept([this, alive = alive_](const error_code& error, tcp::socket socket) {
    if (!*alive || error) return;
    ++accepted;
    auto session = std::make_shared<Session>(std::move(socket));
    sessions_.push_back(session);
    read(session);
    accept();
  });
}

void FakeBroker::read(const std::shared_ptr<Session>& session) {
  if (!reading) return;
  const std::span<char> space = session->received.prepare();
  session->socket.async_read_some(
      asio::buffer(space.data(), space.size()),
      [this, alive = alive_, session](const error_code& error, std::size_t count) {
        if (!*alive || !session->socket.is_open()) return;
        if (error) {
          session->close();
          return;
        }
        ++reads;
        session->received.commit(count);
        while (session->socket.is_open()) {
          const Result<std::optional<std::string_view>> frame = session->received.next_frame();
          if (!frame.ok()) return session->close();
          if (!frame->has_value()) break;
          handle(session, **frame);
          if (!*alive) return;
        }
        if (session->socket.is_open()) read(session);
      });
}

void FakeBroker::handle(const std::shared_ptr<Session>& session, std::string_view frame) {
  Reader peek(frame);
  const std::int16_t key = peek.int16();
  const std::int16_t version = peek.int16();
  const auto api = apis_.find(key);
  if (api == apis_.end()) return session->close();
  Reader reader(frame);
  Exchange exchange;
  exchange.session = session;
  if (!exchange.header.decode(reader, api->second.request_header(version))) return session->close();
  exchange.body = std::string(frame.substr(reader.position()));
  received.push_back(exchange.header);
  const auto handler = handlers_.find(key);
  if (handler != handlers_.end()) {
    const Handler current = handler->second;
    current(exchange);
  } else if (key == msg::ApiVersionsRequest::kApiKey) {
    answer_versions(exchange);
  }
}

void FakeBroker::answer_versions(const Exchange& exchange) {
  msg::ApiVersionsResponse response;
  for (const auto& [key, named] : apis_) {
    msg::ApiVersionsResponse::ApiVersion api;
    api.api_key = key;
    api.min_version = named.range.min;
    api.max_version = key == msg::ApiVersionsRequest::kApiKey ? newest_api_versions : named.range.max;
    response.api_keys.push_back(api);
  }
  if (exchange.version() <= newest_api_versions) return exchange.reply<msg::ApiVersionsRequest>(response);
  response.error_code = 35;  // UNSUPPORTED_VERSION, said in version 0
  exchange.send(frame_of<msg::ApiVersionsRequest>(response, 0, exchange.header.correlation_id));
}

}  // namespace tidemark::wire::test
