#include "http/connection.h"

#include <poll.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <utility>

namespace tidemark::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool would_block(const error_code& ec) { return ec == asio::error::would_block || ec == asio::error::try_again; }

// How long `bytes` may take at `rate` bytes a second.
std::chrono::milliseconds time_for(std::uint64_t bytes, std::uint64_t rate) {
  return std::chrono::milliseconds(bytes * 1000 / std::max<std::uint64_t>(rate, 1));
}

}  // namespace

Connection::Connection(ConnectionHost& host, Socket socket, std::uint32_t slot, const AddressKey& address)
    : host_(host), socket_(std::move(socket)), slot_(slot), address_(address) {}

void Connection::start() {
  error_code ec;
  socket_.non_blocking(true, ec);
  if (!ec) socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  if (ec) return close();
  set_deadline(Clock::now() + host_.limits.idle_time);
  wait_readable();
}

void Connection::turn_away(const ProblemKind& kind) {
  turned_away_ = true;
  error_code ec;
  socket_.non_blocking(true, ec);
  if (ec) return close();
  refuse({kind, "Open no more connections for now"});
}

// ---- reading

void Connection::wait_readable() {
  if (waiting_readable_) return;
  waiting_readable_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& ec) { self->on_readable(ec); });
}

void Connection::on_readable(const error_code& ec) {
  waiting_readable_ = false;
  if (state_ == State::closed) return;
  if (ec) return state_ == State::held ? gone() : close();
  switch (state_) {
    case State::idle:
    case State::reading: return receive();
    case State::held: return peek();
    case State::writing: readable_ = true; return;
    case State::lingering: return discard();
    case State::closed: return;
  }
}

void Connection::receive() {
  readable_ = false;
  error_code ec;
  const std::size_t count = socket_.read_some(asio::buffer(host_.scratch), ec);
  if (would_block(ec)) return state_ == State::idle && host_.draining ? close() : wait_readable();
  // An end within a request: there is nothing to answer, and whoever sends half
  // a request and stops has given up (RFC 9112 §8).
  if (ec) return close();
  host_.counters.bytes_in += count;
  last_byte_ = Clock::now();
  consume({host_.scratch.data(), count});
}

// Parses and dispatches until the bytes end, a request is held, or the
// connection does. `bytes` lie in the scratch buffer or on the caller's stack.
void Connection::consume(std::string_view bytes) {
  const std::shared_ptr<Connection> self = shared_from_this();
  consuming_ = true;
  while (!bytes.empty() && (state_ == State::idle || state_ == State::reading) && !closing_)
    if (!parse(bytes)) break;
  consuming_ = false;
  if (state_ == State::closed) return;
  if (state_ == State::held || state_ == State::writing) keep_leftover(bytes);
  if (state_ == State::idle || state_ == State::reading) {
    if (half_closed_ && state_ == State::idle) return close();
    if (readable_) return receive();
    if (state_ == State::idle && host_.draining) return close();
  }
  if (state_ != State::closed) wait_readable();
}

// One step of the parser; false when nothing more is to be done with the bytes.
bool Connection::parse(std::string_view& bytes) {
  if (!parser_) {
    parser_ = std::make_unique<RequestParser>(host_.limits);
    state_ = State::reading;
    body_started_ = false;
    started_ = last_byte_;
  }
  std::size_t used = 0;
  const RequestParser::Verdict verdict = parser_->feed(bytes, used);
  bytes.remove_prefix(used);
  switch (verdict) {
    case RequestParser::Verdict::refused: refuse(parser_->problem()); return false;
    case RequestParser::Verdict::complete: dispatch(); return true;
    case RequestParser::Verdict::send_continue:
      if (!send_interim()) return false;
      break;
    case RequestParser::Verdict::need_more: break;
  }
  account_incomplete(parser_->held_bytes());
  if (host_.counters.incomplete_bytes > host_.limits.incomplete_bytes) {
    refuse({kOverloaded, "Too many bytes of requests are on their way"});
    return false;
  }
  set_reading_deadline();
  return true;
}

void Connection::set_reading_deadline() {
  if (!parser_->head_complete()) return set_deadline(started_ + host_.limits.header_time);
  if (!body_started_) {
    body_started_ = true;
    started_ = last_byte_;
  }
  set_deadline(started_ + host_.limits.body_time + time_for(parser_->body_received(), host_.limits.body_rate));
}

// Bytes received behind a request that is not answered yet. Over the limit they
// are dropped, and the connection with them once the answer is out.
void Connection::keep_leftover(std::string_view bytes) {
  account_incomplete(bytes.size());
  if (host_.counters.incomplete_bytes > host_.limits.incomplete_bytes) {
    account_incomplete(0);
    keep_alive_ = false;
    closing_ = true;
  } else {
    leftover_.assign(bytes);
  }
}

void Connection::account_incomplete(std::size_t bytes) {
  host_.counters.incomplete_bytes += bytes;
  host_.counters.incomplete_bytes -= accounted_;
  accounted_ = bytes;
}

void Connection::dispatch() {
  Request request = parser_->take();
  parser_.reset();
  account_incomplete(0);
  request.received_at = last_byte_;
  http11_ = request.http11;
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  probe_interval_ = host_.limits.half_close_probe;
  state_ = State::held;
  set_deadline(half_closed_ ? last_byte_ + probe_interval_ : Clock::time_point::max());
  exchange_ = host_.next_exchange(slot_);
  ++host_.counters.requests;
  ++host_.counters.held;
  host_.handler->on_request(exchange_, std::move(request));
}

// ---- while a request is held

void Connection::peek() {
  char byte = 0;
  error_code ec;
  socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, ec);
  if (would_block(ec)) return wait_readable();
  readable_ = true;
  if (ec == asio::error::eof) {
    half_closed_ = true;
    set_deadline(Clock::now() + probe_interval_);
  } else if (ec) {
    return gone();
  }
  wait_error();
}

// A reset shows as an error event even when nobody reads. The wait is left
// pending from one request to the next.
void Connection::wait_error() {
  if (waiting_error_) return;
  waiting_error_ = true;
  socket_.async_wait(Socket::wait_error, [self = shared_from_this()](const error_code& ec) {
    self->waiting_error_ = false;
    if (!ec) self->on_error_event();
  });
}

void Connection::on_error_event() {
  if (state_ != State::held) return;
  // Urgent data raises the same event, and goes on raising it; then this watch
  // is given up, or its sender could keep the reactor busy.
  pollfd query{socket_.native_handle(), 0, 0};
  if (::poll(&query, 1, 0) == 1 && (query.revents & (POLLERR | POLLHUP)) != 0) gone();
}

void Connection::probe(Clock::time_point now) {
  if (!http11_) return set_deadline(Clock::time_point::max());
  probe_interval_ *= 2;
  set_deadline(now + probe_interval_);
  if (!send_interim()) return;
  wait_error();
}

void Connection::gone() {
  const std::shared_ptr<Connection> self = shared_from_this();
  const ExchangeId exchange = exchange_;
  Handler& handler = *host_.handler;
  ++host_.counters.gone;
  close();
  handler.on_gone(exchange);
}

// ---- answering

void Connection::answer(Response&& response) {
  exchange_ = 0;
  --host_.counters.held;
  ++host_.counters.answers;
  begin_write(response, keep_alive_ && !host_.draining);
}

void Connection::refuse(Problem problem) {
  const std::shared_ptr<Connection> self = shared_from_this();
  const int status = problem.kind.status;
  parser_.reset();
  account_incomplete(0);
  ++host_.counters.refused[static_cast<std::size_t>(status)];
  Response response = to_response(problem);
  if (status == 429 || status == 503)
    response.headers.push_back({"Retry-After", std::to_string(host_.limits.retry_after.count())});
  http11_ = true;
  head_only_ = false;
  Handler& handler = *host_.handler;
  begin_write(response, false);
  handler.on_refused(status);
}

// An interim answer; false when the connection did not survive it. A full send
// buffer is no reason to wait: a client may not rely on it (RFC 9110 §10.1.1).
bool Connection::send_interim() {
  error_code ec;
  const std::size_t count = socket_.send(asio::buffer(kContinue.data(), kContinue.size()), 0, ec);
  if (would_block(ec)) return true;
  if (!ec && count == kContinue.size()) {
    host_.counters.bytes_out += count;
    return true;
  }
  if (state_ == State::held) gone();
  else close();
  return false;
}

void Connection::begin_write(const Response& response, bool keep_alive) {
  closing_ = !keep_alive || response.close;
  state_ = State::writing;
  std::string& out = host_.out;
  out.clear();
  serialize(response, {http11_, !closing_, head_only_}, host_.date.at(std::time(nullptr)), out);
  started_ = Clock::now();
  error_code ec;
  const std::size_t count = send_some(out, ec);
  if (count == out.size()) return after_write();
  if (!would_block(ec)) return close();
  out_.assign(out, count);
  sent_ = 0;
  write_rest();
}

void Connection::write_rest() {
  error_code ec;
  sent_ += send_some(std::string_view(out_).substr(sent_), ec);
  if (sent_ == out_.size()) {
    out_ = std::string();
    return after_write();
  }
  if (!would_block(ec)) return close();
  set_deadline(started_ + host_.limits.write_time + time_for(sent_, host_.limits.write_rate));
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& failed) {
    if (self->state_ != State::writing) return;
    if (failed) return self->close();
    self->write_rest();
  });
}

// Sends until everything is sent or an error, of which one is that it would block.
std::size_t Connection::send_some(std::string_view bytes, error_code& ec) {
  std::size_t sent = 0;
  ec = {};
  while (sent < bytes.size() && !ec)
    sent += socket_.send(asio::buffer(bytes.data() + sent, bytes.size() - sent), 0, ec);
  host_.counters.bytes_out += sent;
  return sent;
}

void Connection::after_write() {
  if (closing_) return linger();
  state_ = State::idle;
  set_deadline(Clock::now() + host_.limits.idle_time);
  if (consuming_) return;
  // Not from within the caller: its answer must not turn into the next request.
  if (!leftover_.empty() || readable_ || half_closed_ || host_.draining)
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->go_on(); });
  else
    wait_readable();
}

void Connection::go_on() {
  if (state_ != State::idle) return;
  if (leftover_.empty()) {
    if (readable_) return receive();
    if (half_closed_ || host_.draining) return close();
    return wait_readable();
  }
  const std::string bytes = std::exchange(leftover_, {});
  account_incomplete(0);
  last_byte_ = Clock::now();
  consume(bytes);
}

// ---- ending

void Connection::linger() {
  leftover_ = std::string();
  state_ = State::lingering;
  error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  if (ec) return close();
  set_deadline(Clock::now() + host_.limits.linger_time);
  discard();
}

void Connection::discard() {
  error_code ec;
  const std::size_t count = socket_.read_some(asio::buffer(host_.scratch), ec);
  if (would_block(ec)) return wait_readable();
  lingered_ += count;
  if (ec || lingered_ > host_.limits.linger_bytes) return close();
  // One read a turn: others wait for this thread too.
  wait_readable();
}

void Connection::on_deadline(Clock::time_point now) {
  switch (state_) {
    case State::idle: ++host_.counters.idle_closed; return close();
    case State::reading:
      return refuse({kRequestTimeout, parser_ && parser_->head_complete() ? "The body is too slow"
                                                                         : "The header block is too slow"});
    case State::held: return probe(now);
    case State::writing: ++host_.counters.write_timeouts; return close();
    case State::lingering: return close();
    case State::closed: return;
  }
}

void Connection::drain() {
  if (state_ == State::idle && leftover_.empty() && !consuming_) receive();
}

void Connection::close() {
  if (state_ == State::closed) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  if (state_ == State::held) --host_.counters.held;
  state_ = State::closed;
  account_incomplete(0);
  exchange_ = 0;
  parser_.reset();
  leftover_ = std::string();
  out_ = std::string();
  error_code ec;
  socket_.close(ec);
  host_.on_closed(*this);
}

}  // namespace tidemark::http
