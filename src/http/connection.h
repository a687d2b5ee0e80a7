// One client's connection: what it costs while its request is held, and how its
// end is noticed.
//
// Reading waits for readability and then reads into the server's one scratch
// buffer, so a connection without bytes in flight has no buffer. While a request
// is held the same wait tells of the client's end: readable means that one byte
// can be peeked (it pipelined: the bytes stay in the kernel and the peeking
// stops), or the end of the stream.
//
// The end of the stream is ambiguous: close() and shutdown(SHUT_WR) look alike.
// nginx takes both for an abort, so `nc -N` never gets an answer; others take
// neither for one and hold a dead client's request to the end. Here the client
// is asked: after Limits::half_close_probe, and then at doubling intervals, a
// held HTTP/1.1 request is sent "100 Continue", which every client must skip
// (RFC 9110 §15.2). A closed socket replies with a reset, and the exchange is
// gone; a half-closed one reads on, and gets its answer. HTTP/1.0 has no interim
// answers, so such a request is held until it is answered.
//
// Internal to the server.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/limits.h"
#include "http/message.h"
#include "http/parser.h"
#include "http/problem.h"
#include "http/serialize.h"
#include "http/server.h"

namespace tidemark::http {

// The executor type is concrete: the polymorphic one costs an allocation and a
// virtual call for each operation.
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using Clock = std::chrono::steady_clock;
using AddressKey = std::array<unsigned char, 16>;

class Connection;

// What the connections of one server share. Outlives every connection that is
// not closed.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  // The connection's last call; it drops the host's reference.
  virtual void on_closed(Connection& connection) = 0;
  virtual ExchangeId next_exchange(std::uint32_t slot) = 0;

  Limits limits;
  Handler* handler = nullptr;
  Counters counters;
  DateLine date;
  std::string out;  // where an answer is put together; most leave in one piece
  std::vector<char> scratch = std::vector<char>(64 * 1024);
  // By slot, so that a look for expired ones touches only this.
  std::vector<Clock::time_point> deadlines;
  bool draining = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionHost& host, Socket socket, std::uint32_t slot, const AddressKey& address);

  // Begins to read.
  void start();
  // Answers before anything is read, and closes.
  void turn_away(const ProblemKind& kind);
  // The answer of the held request. Precondition: exchange() is not 0.
  void answer(Response&& response);
  // Its deadline has passed.
  void on_deadline(Clock::time_point now);
  // The host is draining: closes it unless a request is being received, held or
  // answered, or lies unread in the kernel.
  void drain();
  // Ends it at once; the handler is not told. Idempotent.
  void close();

  ExchangeId exchange() const { return exchange_; }
  std::uint32_t slot() const { return slot_; }
  const AddressKey& address() const { return address_; }
  bool turned_away() const { return turned_away_; }

 private:
  enum class State { idle, reading, held, writing, lingering, closed };

  void wait_readable();
  void on_readable(const boost::system::error_code& ec);
  void wait_error();
  void on_error_event();
  void receive();
  void consume(std::string_view bytes);
  bool parse(std::string_view& bytes);
  void dispatch();
  void set_reading_deadline();
  void account_incomplete(std::size_t bytes);
  void keep_leftover(std::string_view bytes);
  void peek();
  void probe(Clock::time_point now);
  void gone();
  bool send_interim();
  void refuse(Problem problem);  // by value: the parser that may own it goes first
  void begin_write(const Response& response, bool keep_alive);
  void write_rest();
  std::size_t send_some(std::string_view bytes, boost::system::error_code& ec);
  void after_write();
  void go_on();
  void linger();
  void discard();
  void set_deadline(Clock::time_point deadline) { host_.deadlines[slot_] = deadline; }

  ConnectionHost& host_;  // not to be touched once closed
  Socket socket_;
  const std::uint32_t slot_;
  const AddressKey address_;
  State state_ = State::idle;
  // What the request being held or answered needs of its answer.
  bool http11_ = true;
  bool keep_alive_ = true;
  bool head_only_ = false;

  bool waiting_readable_ = false;
  bool waiting_error_ = false;
  bool readable_ = false;     // the kernel has bytes or the end, and nobody waits for it
  bool half_closed_ = false;  // the client's end of stream was seen
  bool consuming_ = false;    // within consume(): an answer must not start another
  bool closing_ = false;      // no further request is read
  bool turned_away_ = false;

  ExchangeId exchange_ = 0;
  std::unique_ptr<RequestParser> parser_;
  std::size_t accounted_ = 0;  // of host_.counters.incomplete_bytes
  std::string leftover_;       // received behind the held request
  std::string out_;  // of an answer, what the kernel did not take at once
  std::size_t sent_ = 0;
  std::size_t lingered_ = 0;
  Clock::time_point last_byte_;  // when the bytes now being read arrived
  Clock::time_point started_;    // of the head, the body or the write
  bool body_started_ = false;
  std::chrono::milliseconds probe_interval_{0};
};

}  // namespace tidemark::http
