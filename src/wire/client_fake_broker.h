// A broker for tests that says exactly what a test wants, wrong things included.
//
// A real broker answers right; what a client does with a lost reply, a frame cut
// in two or a broker that never speaks can only be tested against one that obeys.
// It listens on 127.0.0.1, on the test's own reactor, and decodes and encodes
// with the codec; ApiVersions it answers by itself unless told otherwise.
//
// Threading: on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/client_address.h"
#include "wire/client_receive_buffer.h"
#include "wire/client_versions.h"
#include "wire/generated/headers.h"
#include "wire/primitives.h"

namespace tidemark::wire::test {

// Runs the reactor until `done` says so; false when it does not within `bound`.
bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
               std::chrono::seconds bound = std::chrono::seconds(20));

// Response fields of the response to Request as the broker would send it: frame
// size, header, body.
template <class Request>
std::string frame_of(const typename Request::Response& response, std::int16_t version, std::int32_t correlation_id) {
  std::string bytes;
  Writer writer(bytes);
  writer.int32(0);
  msg::ResponseHeader header;
  header.correlation_id = correlation_id;
  header.encode(writer, Request::Response::header_version(version));
  response.encode(writer, version);
  writer.patch_int32(0, static_cast<std::int32_t>(bytes.size() - 4));
  return writer.ok() ? bytes : std::string();
}

class FakeBroker {
 public:
  struct Session;

  // One request, and what can be done about it, now or later.
  struct Exchange {
    msg::RequestHeader header;
    std::string body;
    std::shared_ptr<Session> session;

    std::int16_t version() const { return header.request_api_version; }
    template <class Request>
    Request request() const {
      Request request;
      Reader reader(body);
      if (!request.decode(reader, version()) || !reader.at_end()) request = {};
      return request;
    }
    template <class Request>
    void reply(const typename Request::Response& response) const {
      send(frame_of<Request>(response, version(), header.correlation_id));
    }
    void send(std::string bytes) const;
    void close() const;  // after what was sent
    void reset() const;  // with a TCP reset
  };
  using Handler = std::function<void(const Exchange&)>;

  // Port 0: one that is free.
  explicit FakeBroker(boost::asio::io_context& io, std::uint16_t port = 0);
  ~FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  Address address() const { return {"127.0.0.1", port_}; }

  // What to do about requests of an API; without a handler they are not answered.
  template <class Request>
  void on(Handler handler) {
    handlers_[Request::kApiKey] = std::move(handler);
  }
  template <class Request>
  void answer(typename Request::Response response) {
    on<Request>([response = std::move(response)](const Exchange& exchange) { exchange.reply<Request>(response); });
  }
  // ApiVersions names the API with these versions. Requests of an API that was
  // never named close the session.
  template <class Request>
  void speaks(std::int16_t min, std::int16_t max) {
    apis_[Request::kApiKey] = {{min, max}, &Request::header_version};
  }
  // The newest ApiVersions that is understood.
  std::int16_t newest_api_versions = 4;
  // False: sessions read nothing more.
  bool reading = true;

  // Every request that came, in order; requests of one API.
  std::vector<msg::RequestHeader> received;
  std::size_t count(std::int16_t api_key) const;
  std::size_t accepted = 0;
  std::size_t reads = 0;  // socket reads that gave bytes

  // Closes the listener and every session; listen again with resume.
  void down();
  void resume();
  void close_sessions();
  std::size_t open_sessions() const;

 private:
  struct Api {
    VersionRange range;
    std::int16_t (*request_header)(std::int16_t version);
  };

  void accept();
  void read(const std::shared_ptr<Session>& session);
  void handle(const std::shared_ptr<Session>& session, std::string_view frame);
  void answer_versions(const Exchange& exchange);

  boost::asio::io_context& io_;
  std::uint16_t port_;
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  std::map<std::int16_t, Api> apis_;
  std::map<std::int16_t, Handler> handlers_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct FakeBroker::Session : std::enable_shared_from_this<FakeBroker::Session> {
  explicit Session(boost::asio::ip::tcp::socket accepted_socket) : socket(std::move(accepted_socket)) {}
  void send(std::string bytes);
  void close();
  void reset();

  boost::asio::ip::tcp::socket socket;
  ReceiveBuffer received{std::size_t{100} << 20};
  std::string queued;
  std::string writing;
  bool write_active = false;
  bool closing = false;

 private:
  void write();
};

}  // namespace tidemark::wire::test
