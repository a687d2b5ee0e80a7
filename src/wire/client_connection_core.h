// The state behind Connection, which handlers of the reactor keep alive.
//
// A socket's handlers run after the socket was closed, perhaps after the
// connection was destroyed; so they share this object, and each knows the
// generation that it belongs to: a handler of a past one does nothing.
//
// States: waiting ──▶ dialing ──▶ shaking ──▶ ready; from each back to waiting
// (lose), and to stopped for good.
//
// What must be called is kept here until it is called (in_flight_, failed_,
// refused_, waiters_), one at a time, so that a completion that stops or
// destroys the connection finds the rest and calls it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/client_alarm.h"
#include "wire/client_dial.h"
#include "wire/client_receive_buffer.h"
#include "wire/client_ring.h"
#include "wire/connection.h"

namespace tidemark::wire {

class Connection::Core : public std::enable_shared_from_this<Connection::Core> {
 public:
  Core(boost::asio::io_context& io, Address address, ConnectionOptions options, Random random);

  void dial();
  void stop();
  void when_ready(Duration timeout, UniqueFunction<void(Result<void>)> done);
  void on_lost(UniqueFunction<void(const Error&, bool)> observer) { on_lost_ = std::move(observer); }
  std::optional<std::int16_t> version_of(const Api& api) const;
  Result<void> submit(const Api& api, const void* request, Encode encode, Duration timeout, Handler& handler);
  void refuse(Handler handler, const Error& error);

  bool stopped() const { return state_ == State::stopped; }
  bool ready() const { return state_ == State::ready; }
  const Address& address() const { return address_; }
  const std::string& last_error() const { return last_error_; }
  const VersionTable& versions() const { return versions_; }
  std::size_t in_flight() const { return in_flight_.size(); }
  void on_alarm();

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class State : std::uint8_t { waiting, dialing, shaking, ready, stopped };

  struct Pending {
    Handler handler;
    Time deadline;
    std::uint64_t end = 0;  // position, in all bytes of this generation, behind the request's last byte
    std::int32_t correlation_id = 0;
    std::int16_t version = 0;
    std::int16_t response_header = 0;  // its version
  };
  struct Failed {
    Handler handler;
    CallError error;
  };
  struct Waiter {
    Time deadline;
    UniqueFunction<void(Result<void>)> done;
  };

  // client_connection_io.cpp
  void begin_handshake(Stream stream);
  void send_api_versions(std::int16_t version);
  bool on_api_versions(const RawReply& raw);
  void become_ready(VersionTable versions);
  Result<void> enqueue(const Api& api, const void* request, Encode encode, std::int16_t version, Time deadline,
                       Handler& handler);
  void schedule_flush();
  void write();
  void read();
  void on_received();
  bool on_frame(std::string_view frame);

  // connection.cpp
  void lose(const Error& error, Time now);
  void fail_outstanding(const Error& error, Time now);
  void close_stream();
  void drain_failed();
  void drain_one_refused();
  void complete_waiters();
  void expire_waiters(Time now);
  Time earliest() const;
  void arm(Time deadline);
  void note_request_deadline(Time deadline);

  boost::asio::io_context& io_;
  const Address address_;
  const ConnectionOptions options_;
  const Random random_;
  Backoff backoff_;

  State state_ = State::waiting;
  std::uint64_t generation_ = 0;  // of the stream; counts attempts
  std::shared_ptr<Dial> dial_;
  std::optional<Stream> stream_;
  VersionTable versions_;
  std::string last_error_;
  UniqueFunction<void(const Error&, bool)> on_lost_;

  std::string queued_;   // not given to the socket
  std::string writing_;  // given to the socket, of which it has taken written_
  std::size_t written_ = 0;
  bool write_active_ = false;
  bool flush_posted_ = false;
  std::uint64_t handed_ = 0;  // bytes of this generation that the socket may have taken
  ReceiveBuffer received_;
  Ring<Pending> in_flight_;
  std::int32_t next_correlation_id_ = 0;

  std::deque<Failed> failed_;   // owed an error now
  std::deque<Failed> refused_;  // owed an error from the reactor
  std::size_t refused_before_stop_ = 0;
  std::deque<Waiter> waiters_;

  // What the one timer waits for; Time::max() for nothing.
  Alarm alarm_;
  Time attempt_at_ = Time::max();        // waiting
  Time connect_deadline_ = Time::max();  // dialing, shaking
  Time request_deadline_ = Time::max();  // not later than the earliest in flight
  Time waiter_deadline_ = Time::max();   // not later than the earliest waiter's
  Time ready_since_{};
};

}  // namespace tidemark::wire
