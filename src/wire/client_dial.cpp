#include "wire/client_dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <utility>

namespace tidemark::wire {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// What cannot be set is done without: a connection that works beats none.
void set_up(Stream& stream) {
  error_code ignored;
  stream.set_option(tcp::no_delay(true), ignored);
  stream.set_option(asio::socket_base::keep_alive(true), ignored);
  // An idle connection whose peer vanished must be found before it is needed.
  const auto set = [&stream](int name, int value) {
    ::setsockopt(stream.native_handle(), IPPROTO_TCP, name, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 10);
  set(TCP_KEEPINTVL, 3);
  set(TCP_KEEPCNT, 3);
}

}  // namespace

std::shared_ptr<Dial> Dial::start(asio::io_context& io, const Address& address, std::size_t attempt,
                                  UniqueFunction<void(Result<Stream>)> done) {
  std::shared_ptr<Dial> dial(new Dial(io, address, attempt, std::move(done)));
  dial->resolve();
  return dial;
}

Dial::Dial(asio::io_context& io, const Address& address, std::size_t attempt,
           UniqueFunction<void(Result<Stream>)> done)
    : address_(address), attempt_(attempt), done_(std::move(done)), resolver_(io), stream_(io) {}

void Dial::cancel() {
  done_ = {};
  resolver_.cancel();
  error_code ignored;
  stream_.close(ignored);
}

void Dial::resolve() {
  error_code not_literal;
  const asio::ip::address literal = asio::ip::make_address(address_.host, not_literal);
  if (!not_literal) {
    connect({Endpoint(literal, address_.port)});
    return;
  }
  resolver_.async_resolve(
      address_.host, std::to_string(address_.port), tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& results) {
        if (!self->done_) return;
        if (error) {
          self->finish(Error{ErrorKind::unavailable, "cannot resolve " + self->address_.host + ": " + error.message()});
          return;
        }
        std::vector<Endpoint> endpoints;
        for (const auto& entry : results) endpoints.push_back(entry.endpoint());
        self->connect(std::move(endpoints));
      });
}

void Dial::connect(std::vector<Endpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  if (endpoints_.empty()) {
    finish(Error{ErrorKind::unavailable, "no address for " + address_.host});
    return;
  }
  const auto first = endpoints_.begin() + static_cast<std::ptrdiff_t>(attempt_ % endpoints_.size());
  std::rotate(endpoints_.begin(), first, endpoints_.end());
  asio::async_connect(stream_, endpoints_, [self = shared_from_this()](const error_code& error, const Endpoint&) {
    if (!self->done_) return;
    if (error) {
      self->finish(
          Error{ErrorKind::unavailable, "cannot connect to " + self->address_.to_string() + ": " + error.message()});
      return;
    }
    set_up(self->stream_);
    self->finish(std::move(self->stream_));
  });
}

void Dial::finish(Result<Stream> result) { std::exchange(done_, {})(std::move(result)); }

}  // namespace tidemark::wire
