// From an address to a stream of bytes: resolve, connect, set the socket up.
//
// A name can stand for several addresses of which the first never answers; so
// each attempt begins with another one, and all share the attempt's deadline,
// which is the caller's.
//
// This is the one place that knows what kind of stream a broker is reached
// through: TLS will change Stream and end a dial with its handshake; SASL will
// follow ApiVersions in Connection::Core::begin_handshake, before ready.
//
// Threading: everything on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "base/result.h"
#include "wire/client_address.h"
#include "wire/client_callback.h"

namespace tidemark::wire {

using Stream = boost::asio::ip::tcp::socket;

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  // Calls `done` once from the reactor, with a connected stream or with why there
  // is none (`unavailable`), unless cancelled before. `attempt` counts up.
  static std::shared_ptr<Dial> start(boost::asio::io_context& io, const Address& address, std::size_t attempt,
                                     UniqueFunction<void(Result<Stream>)> done);
  // `done` is destroyed uncalled.
  void cancel();

 private:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  Dial(boost::asio::io_context& io, const Address& address, std::size_t attempt,
       UniqueFunction<void(Result<Stream>)> done);
  void resolve();
  void connect(std::vector<Endpoint> endpoints);
  void finish(Result<Stream> result);

  Address address_;
  std::size_t attempt_;
  UniqueFunction<void(Result<Stream>)> done_;
  boost::asio::ip::tcp::resolver resolver_;
  Stream stream_;
  std::vector<Endpoint> endpoints_;
};

}  // namespace tidemark::wire
