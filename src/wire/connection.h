// One pipelined connection to one broker, which mends itself.
//
// A broker answers a connection's requests one at a time and in order. So a
// request that gets no answer in time says that nothing behind it will, and the
// only cure is a new connection; and a caller must learn of every request that
// a lost connection took along whether the broker may have carried it out.
// A connection therefore: resolves, connects and shakes hands (ApiVersions, so
// that each API is spoken in the highest version both sides know), sends what
// one turn of the reactor queued as one write, matches the answers, and when
// anything is wrong ends all that is outstanding and connects again, with
// backoff, until stop(). It never repeats a request: that is the caller's call.
//
// Threading: every function, and every completion, runs on the thread that runs
// the io_context. Completions may call anything here, stop() and the destructor
// included. They must not throw.
//
// Frames: https://kafka.apache.org/protocol#protocol_messages.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "wire/backoff.h"
#include "wire/client_address.h"
#include "wire/client_callback.h"
#include "wire/client_reply.h"
#include "wire/client_versions.h"
#include "wire/primitives.h"

namespace boost::asio {
class io_context;
}

namespace tidemark::wire {

struct ConnectionOptions {
  std::string client_id = "tidemark";
  // One attempt: resolving, connecting and the handshake together.
  Duration connect_timeout = std::chrono::seconds(5);
  // Requests without an answer yet, queued ones included.
  std::size_t max_in_flight = 256;
  // Bytes of requests that the socket has not taken yet.
  std::size_t max_queued_bytes = std::size_t{32} << 20;
  // A response that says it is larger breaks the connection.
  std::size_t max_response_bytes = std::size_t{100} << 20;
  // Callers of when_ready that are waiting.
  std::size_t max_waiters = 1024;
  BackoffOptions backoff;
};

class Connection {
 public:
  // Begins to connect. `io` must outlive the connection.
  Connection(boost::asio::io_context& io, Address address, ConnectionOptions options, Random random);
  // As stop().
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Closes for good. Every completion still owed is called before this returns,
  // and none after it. A call made later, or from within those completions, is
  // refused as always: from the reactor, when it next runs; make none if what
  // the completion needs will be gone by then.
  void stop();
  bool stopped() const;

  const Address& address() const;
  // True between a completed handshake and the loss of the connection.
  bool ready() const;
  // Why the last attempt or connection ended; empty before the first end and
  // while ready.
  const std::string& last_error() const;

  // Calls `done` once: with success as soon as the connection is ready (if it is
  // now: from the reactor, not from here), or with `timeout`, `unavailable`
  // (stopped) or `limit` (too many waiters).
  void when_ready(Duration timeout, UniqueFunction<void(Result<void>)> done);

  // One observer, for the owner: told, after the outstanding requests were
  // ended, each time a ready connection is lost (was_ready) or an attempt fails;
  // not told of stop().
  void on_lost(UniqueFunction<void(const Error&, bool was_ready)> observer);

  // The version in which requests of this type travel: the highest that both
  // sides speak; nothing while not ready or when there is none.
  template <class Request>
  std::optional<std::int16_t> version_of() const {
    return version_of(api_of<Request>());
  }
  // What the broker says it speaks of an API; nothing while not ready.
  std::optional<VersionRange> broker_versions(std::int16_t api_key) const;

  // Sends a request; `done` is a callable taking Reply<Request::Response>. If
  // this returns success, `done` is called exactly once, later, from the
  // reactor or from stop(). If it returns an error, nothing was sent and `done`
  // is destroyed uncalled:
  //   unavailable  not ready: connecting, lost or stopped
  //   limit        too many in flight, or too many bytes queued
  //   invalid      the broker lacks the API, or the request cannot be said in
  //                the common version
  // Failures of `done`:
  //   timeout      this request was past its deadline
  //   unavailable  the connection was lost or stopped first
  //   corrupt      the answer was not understood
  // all with maybe_sent. `timeout` counts from now, time in the queue included.
  // Views within `request` need not outlive the call. A request that the broker
  // does not answer (Produce with acks=0) must not be sent.
  template <class Request, class Done>
  Result<void> send(const Request& request, Duration timeout, Done done) {
    Handler handler = typed<Request>(std::move(done));
    return submit(api_of<Request>(), &request, &encode_as<Request>, timeout, handler);
  }

  // As send, but a refusal too comes through `done`: later, with maybe_sent
  // false.
  template <class Request, class Done>
  void call(const Request& request, Duration timeout, Done done) {
    Handler handler = typed<Request>(std::move(done));
    Result<void> accepted = submit(api_of<Request>(), &request, &encode_as<Request>, timeout, handler);
    if (!accepted.ok()) refuse(std::move(handler), accepted.error());
  }

  // Requests without an answer, queued ones included.
  std::size_t in_flight() const;

 private:
  class Core;
  friend class Core;

  struct Api {
    std::int16_t key;
    VersionRange ours;
    std::int16_t (*request_header)(std::int16_t version);
    std::int16_t (*response_header)(std::int16_t version);
  };
  // What a handler is given: an error, or else a response's body.
  struct RawReply {
    const CallError* error;
    std::string_view body;
    std::int16_t version;
  };
  // Returns false, having called nobody, when the body cannot be decoded; it is
  // then called again with an error.
  using Handler = UniqueFunction<bool(const RawReply&)>;
  using Encode = void (*)(const void* request, Writer& out, std::int16_t version);

  template <class Request>
  static constexpr Api api_of() {
    return {Request::kApiKey,
            {Request::kMinVersion, Request::kMaxVersion},
            &Request::header_version,
            &Request::Response::header_version};
  }
  template <class Request>
  static void encode_as(const void* request, Writer& out, std::int16_t version) {
    static_cast<const Request*>(request)->encode(out, version);
  }
  template <class Request, class Done>
  static Handler typed(Done done) {
    using Response = typename Request::Response;
    return [done = std::move(done)](const RawReply& raw) mutable -> bool {
      if (raw.error != nullptr) {
        done(Reply<Response>(*raw.error));
        return true;
      }
      Reader reader(raw.body);
      Response response;
      if (!response.decode(reader, raw.version) || !reader.at_end()) return false;
      done(Reply<Response>(std::move(response)));
      return true;
    };
  }

  std::optional<std::int16_t> version_of(const Api& api) const;
  // Moves from `handler` only if it succeeds.
  Result<void> submit(const Api& api, const void* request, Encode encode, Duration timeout, Handler& handler);
  void refuse(Handler handler, const Error& error);

  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::wire
