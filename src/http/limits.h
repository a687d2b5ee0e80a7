// What one client, and all of them together, may cost the server.
//
// A server without these figures is one slow or greedy client away from serving
// nobody: each of them closes a way to hold memory, a descriptor or a
// connection for ever. The defaults are of the order that other servers ship
// (nginx, H2O, uWebSockets), on the strict side.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tidemark::http {

struct Limits {
  // From the first byte of a request to the end of its header block; then 408.
  std::chrono::milliseconds header_time{5'000};
  // The request line and the header fields, line ends included; beyond it 414
  // while in the request line, else 431.
  std::size_t header_bytes = 8 * 1024;
  std::size_t header_fields = 64;

  // A body must be complete `body_time` after its header block, plus the time
  // that what has arrived may take at `body_rate` bytes a second; then 408.
  // So a slow start is forgiven, a trickle is not, and a full-size body at
  // exactly the rate still arrives.
  std::chrono::milliseconds body_time{15'000};
  std::uint64_t body_rate = 16 * 1024;
  std::uint64_t body_bytes = 1024 * 1024;  // 413
  // Of all chunks of a request together. Nobody uses extensions; a parser that
  // takes them unbounded is a hole.
  std::size_t chunk_extension_bytes = 256;
  std::size_t trailer_bytes = 1024;
  // Bytes of requests not yet complete, of all connections together; beyond it
  // the request that crosses is answered 503.
  std::size_t incomplete_bytes = 64 * 1024 * 1024;

  // A connection without a request in it is closed, silently, after this.
  std::chrono::milliseconds idle_time{30'000};
  // The same rule as for a body, for a client that does not read its answer:
  // then the connection is reset.
  std::chrono::milliseconds write_time{15'000};
  std::uint64_t write_rate = 16 * 1024;
  // After the last answer of a connection, how long and how much of what the
  // client still sends is read and thrown away: closing earlier makes the
  // kernel send a reset that can destroy the answer on its way (RFC 9112 §9.6).
  std::chrono::milliseconds linger_time{2'000};
  std::size_t linger_bytes = 8 * 1024 * 1024;

  // How long after a client's end of stream a held request is probed; each
  // further probe waits twice as long. See Connection for why.
  std::chrono::milliseconds half_close_probe{250};

  std::size_t connections = 10'000;             // beyond it 503, then not accepted
  std::size_t connections_per_address = 4'096;  // beyond it 429; an IPv6 address counts as its /64
  // Descriptors of the process that are not the server's to use.
  std::size_t reserved_descriptors = 256;
  // What Retry-After says to those turned away.
  std::chrono::seconds retry_after{1};

  // How exactly all the times above are kept.
  std::chrono::milliseconds tick{100};
};

}  // namespace tidemark::http
