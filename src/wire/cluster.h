// The cluster as one thing: where everything is, and a connection to it.
//
// Leaders move, brokers come, go and change address, and any of them may be the
// one that is down when we ask. So metadata is asked from whichever bootstrap
// server or known broker answers, over a connection that carries nothing else,
// every 10 s and when somebody found it wrong. And since a broker serves one
// request of a connection at a time, an append must not wait behind a tail's
// long poll: each broker has one connection per purpose.
//
// Threading: as Connection: everything on the io_context's thread, completions
// and observers too. They may call anything here, stop() and the destructor
// included, and must not throw.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/backoff.h"
#include "wire/client_address.h"
#include "wire/client_callback.h"
#include "wire/client_metadata.h"
#include "wire/connection.h"

namespace tidemark::wire {

enum class Purpose : std::uint8_t { produce, tail, ask, look, follow };
inline constexpr std::size_t kPurposes = 5;

struct ClusterOptions {
  std::vector<Address> bootstrap;  // at least one
  ConnectionOptions connection;
  Duration refresh_interval = std::chrono::seconds(10);
  // Between two metadata requests, however many ask for one; after failures the
  // backoff of `connection` if that is longer. For who waits for the answer
  // (refresh) it is four times as long as the last one took, if that is shorter.
  Duration min_refresh_interval = std::chrono::milliseconds(50);
  // For one server to become ready, and for it to answer.
  Duration metadata_timeout = std::chrono::seconds(3);
  MetadataLimits limits;
  // Callers of refresh that are waiting.
  std::size_t max_waiters = 4096;
};

// Whether the cluster answers. Unreachable at first, and again once every known
// server failed to give metadata, one after the other.
struct Reachability {
  bool reachable = false;
  // Since when this is so; for unreachable: the first failure.
  std::chrono::steady_clock::time_point since;
  std::string reason;  // why it is unreachable: the last failure; empty while reachable or not yet tried
};

// Keeps an observer registered for as long as it lives. May outlive the cluster.
using Subscription = std::shared_ptr<void>;

class Cluster {
 public:
  // Begins to look for the cluster. `io` must outlive this.
  // Precondition: options.bootstrap is not empty.
  Cluster(boost::asio::io_context& io, ClusterOptions options, Random random);
  // As stop().
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Closes every connection. Every completion still owed is called before this
  // returns; no observer, and no completion, is called after it, except as
  // Connection::stop says.
  void stop();

  // The latest; empty (no brokers) before the first answer. Never null; what it
  // points to does not change.
  std::shared_ptr<const Metadata> metadata() const;
  // Called after each answer that differs from what was known, with the new
  // metadata in place and the connections of vanished brokers closed.
  [[nodiscard]] Subscription on_metadata(std::function<void(const Metadata&)> observer);

  // Asks for metadata soon: many calls, one request. For whoever met an error
  // that says it is out of date.
  void refresh_soon();
  // As refresh_soon, and `done` is called once: with success after the answer to
  // a request that was sent after this call (and after observers were told), or
  // with the error: `timeout`, `limit` (too many wait), `unavailable` (stopped).
  // For whoever must know that a topic really does not exist.
  void refresh(Duration timeout, UniqueFunction<void(Result<void>)> done);

  const Reachability& reachability() const;
  // Called when `reachable` changes, and when the first reason for being
  // unreachable at the start becomes known.
  [[nodiscard]] Subscription on_reachability(std::function<void(const Reachability&)> observer);

  // The connection to a broker for a purpose, made on first use; null when
  // metadata knows no such broker, or after stop(). It may not be ready yet. It
  // is stopped when its broker leaves or moves to another address: ask again for
  // each use rather than keeping it, or look at stopped().
  std::shared_ptr<Connection> connection(std::int32_t broker_id, Purpose purpose);
  // A connection for requests that any broker can answer: a ready one if there
  // is one, else one of a broker that differs from call to call; null while no
  // broker is known.
  std::shared_ptr<Connection> any_connection(Purpose purpose);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::wire
