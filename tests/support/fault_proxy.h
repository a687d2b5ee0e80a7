// A TCP proxy in front of Kafka that fails where a test says.
//
// A broker killed or paused fails everything at once, at no exact point. The
// failures worth testing are exact: the request reached the broker and its reply
// did not come back; the connection ended inside a reply; nothing answers. The
// proxy reads no more of Kafka's protocol than a request's size, API key and
// correlation id (request header, Kafka protocol guide), so it needs no versions.
//
// Its clients must be sent to it by the broker itself: they bootstrap from
// kafka_proxied(), whose advertised address is the proxy's port.
//
// Threading: a thread of its own carries the bytes. Every method may be called
// from any thread and has taken effect when it returns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "support/eventually.h"

namespace tidemark::test {

class FaultProxy {
 public:
  struct Counters {
    std::size_t accepted = 0;        // connections taken from clients
    std::size_t open = 0;            // of those, open now
    std::size_t cut = 0;             // ended by cut_all() or by a fault below
    std::size_t requests = 0;        // whole requests passed on
    std::size_t replies = 0;         // whole replies passed on
    std::size_t requests_lost = 0;   // by lose_next_request()
    std::size_t replies_lost = 0;    // by lose_next_reply()
    std::size_t replies_held = 0;    // waiting for release_replies()
  };

  // Listens on 127.0.0.1:`port` (0: any free one) and connects each client to `upstream`
  // ("host:port", numeric host). Throws std::runtime_error when it cannot listen.
  FaultProxy(std::uint16_t port, const std::string& upstream);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const;
  std::string address() const;

  // Resets every connection, both sides. New ones are still taken.
  void cut_all();
  // Stops listening, so that the kernel refuses new connections, or listens again.
  void refuse_connections(bool refuse);
  // Holds every reply, of old and new connections, until released. Requests still pass.
  void hold_replies();
  void release_replies();
  // The next `count` requests with this API key reach the broker; when the reply of one comes,
  // its first `delivered_bytes` are passed on, and the connection is reset.
  void lose_next_reply(std::int16_t api_key, std::size_t count = 1, std::size_t delivered_bytes = 0);
  // The next `count` requests with this API key do not reach the broker: the connection is reset.
  void lose_next_request(std::int16_t api_key, std::size_t count = 1);
  // The line is half-open: it takes connections and bytes, passes nothing on, and ends nothing.
  void freeze();
  // What is read at once, in either direction, is passed on so much later.
  void delay(std::chrono::milliseconds delay);
  // Each direction of each connection carries no more than that.
  void slow_down(std::size_t bytes_per_second);
  // Forgets every fault that has not happened yet, and releases and accepts again.
  void heal();

  Counters counters() const;
  // How many requests with this API key were passed on.
  std::size_t requests_of(std::int16_t api_key) const;
  // Waits until that many have been.
  bool wait_requests_of(std::int16_t api_key, std::size_t count, std::chrono::milliseconds bound = kBound) const;

  // API keys that tests name.
  static constexpr std::int16_t kProduce = 0;
  static constexpr std::int16_t kFetch = 1;
  static constexpr std::int16_t kListOffsets = 2;
  static constexpr std::int16_t kMetadata = 3;
  static constexpr std::int16_t kOffsetFetch = 9;
  static constexpr std::int16_t kFindCoordinator = 10;
  static constexpr std::int16_t kApiVersions = 18;
  static constexpr std::int16_t kInitProducerId = 22;

 private:
  class Reactor;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace tidemark::test
