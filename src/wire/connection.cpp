#include "wire/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "wire/client_connection_core.h"

namespace tidemark::wire {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A deadline that no addition overflows.
std::chrono::steady_clock::time_point deadline_after(Duration timeout) {
  constexpr Duration kLongest = std::chrono::hours(24);
  return std::chrono::steady_clock::now() + std::clamp(timeout, Duration::zero(), kLongest);
}

}  // namespace

Connection::Connection(asio::io_context& io, Address address, ConnectionOptions options, Random random)
    : core_(std::make_shared<Core>(io, std::move(address), std::move(options), std::move(random))) {
  core_->dial();
}

Connection::~Connection() { core_->stop(); }

// The core is held through each call: a completion may destroy the connection.
void Connection::stop() {
  const std::shared_ptr<Core> core = core_;
  core->stop();
}

bool Connection::stopped() const { return core_->stopped(); }
const Address& Connection::address() const { return core_->address(); }
bool Connection::ready() const { return core_->ready(); }
const std::string& Connection::last_error() const { return core_->last_error(); }
std::size_t Connection::in_flight() const { return core_->in_flight(); }

void Connection::when_ready(Duration timeout, UniqueFunction<void(Result<void>)> done) {
  core_->when_ready(timeout, std::move(done));
}

void Connection::on_lost(UniqueFunction<void(const Error&, bool)> observer) { core_->on_lost(std::move(observer)); }

std::optional<VersionRange> Connection::broker_versions(std::int16_t api_key) const {
  if (!core_->ready()) return std::nullopt;
  return core_->versions().find(api_key);
}

std::optional<std::int16_t> Connection::version_of(const Api& api) const { return core_->version_of(api); }

Result<void> Connection::submit(const Api& api, const void* request, Encode encode, Duration timeout,
                                Handler& handler) {
  return core_->submit(api, request, encode, timeout, handler);
}

void Connection::refuse(Handler handler, const Error& error) { core_->refuse(std::move(handler), error); }

Connection::Core::Core(asio::io_context& io, Address address, ConnectionOptions options, Random random)
    : io_(io),
      address_(std::move(address)),
      options_(std::move(options)),
      random_(std::move(random)),
      backoff_(options_.backoff),
      received_(options_.max_response_bytes),
      alarm_(io) {}

std::optional<std::int16_t> Connection::Core::version_of(const Api& api) const {
  if (state_ != State::ready) return std::nullopt;
  const std::optional<VersionRange> theirs = versions_.find(api.key);
  return theirs ? common_version(api.ours, *theirs) : std::nullopt;
}

Result<void> Connection::Core::submit(const Api& api, const void* request, Encode encode, Duration timeout,
                                      Handler& handler) {
  if (state_ != State::ready) {
    const bool stopped = state_ == State::stopped;
    return Error{ErrorKind::unavailable, "no connection to " + address_.to_string() +
                                             (stopped               ? std::string(": stopped")
                                              : last_error_.empty() ? std::string(" yet")
                                                                    : ": " + last_error_)};
  }
  const std::optional<std::int16_t> version = version_of(api);
  if (!version) {
    const std::optional<VersionRange> theirs = versions_.find(api.key);
    return Error{ErrorKind::invalid,
                 "broker " + address_.to_string() + " does not speak API " + std::to_string(api.key) +
                     " in a version from " + std::to_string(api.ours.min) + " to " + std::to_string(api.ours.max) +
                     (theirs ? ", but from " + std::to_string(theirs->min) + " to " + std::to_string(theirs->max)
                             : std::string())};
  }
  if (in_flight_.size() >= options_.max_in_flight) {
    return Error{ErrorKind::limit,
                 std::to_string(in_flight_.size()) + " requests are in flight to " + address_.to_string()};
  }
  Result<void> queued = enqueue(api, request, encode, *version, deadline_after(timeout), handler);
  if (queued.ok()) schedule_flush();
  return queued;
}

void Connection::Core::refuse(Handler handler, const Error& error) {
  refused_.push_back({std::move(handler), CallError{error, false}});
  asio::post(io_, [self = shared_from_this()] { self->drain_one_refused(); });
}

// Called again by a completion that it calls, this one calls the rest, so that
// the inner call too leaves nobody behind.
void Connection::Core::stop() {
  const std::shared_ptr<Core> self = shared_from_this();
  const Error error{ErrorKind::unavailable, "the connection to " + address_.to_string() + " was stopped"};
  if (state_ != State::stopped) {
    state_ = State::stopped;
    on_lost_ = {};
    alarm_.cancel();
    fail_outstanding(error, Time::min());
    refused_before_stop_ = refused_.size();
  }
  drain_failed();
  while (refused_before_stop_ > 0) drain_one_refused();
  while (!waiters_.empty()) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter.done(error);
  }
}

void Connection::Core::lose(const Error& error, Time now) {
  const std::shared_ptr<Core> self = shared_from_this();
  const bool was_ready = state_ == State::ready;
  if (was_ready && now - ready_since_ >= options_.backoff.cap) backoff_.reset();
  state_ = State::waiting;
  last_error_ = error.message;
  attempt_at_ = now + backoff_.next(random_());
  connect_deadline_ = Time::max();
  fail_outstanding(error, now);
  arm(attempt_at_);
  const std::uint64_t generation = generation_;
  drain_failed();
  if (state_ == State::stopped || generation != generation_ || !on_lost_) return;
  UniqueFunction<void(const Error&, bool)> observer = std::exchange(on_lost_, {});
  observer(error, was_ready);
  if (state_ != State::stopped && !on_lost_) on_lost_ = std::move(observer);
}

// Those past their deadline at `now` did not get an answer in time; the others
// lost the connection, for the reason `error`.
void Connection::Core::fail_outstanding(const Error& error, Time now) {
  while (!in_flight_.empty()) {
    Pending pending = in_flight_.pop_front();
    CallError failure{error, pending.end <= handed_};
    if (pending.deadline <= now) {
      failure.error = {ErrorKind::timeout, "no answer from " + address_.to_string() + " in time"};
    } else if (error.kind != ErrorKind::unavailable) {
      failure.error = {ErrorKind::unavailable,
                       "the connection to " + address_.to_string() + " was lost: " + error.message};
    }
    failed_.push_back({std::move(pending.handler), std::move(failure)});
  }
  close_stream();
}

void Connection::Core::close_stream() {
  ++generation_;
  if (dial_) std::exchange(dial_, nullptr)->cancel();
  if (stream_) {
    error_code ignored;
    stream_->close(ignored);
    stream_.reset();
  }
  queued_.clear();
  request_deadline_ = Time::max();
}

void Connection::Core::drain_failed() {
  while (!failed_.empty()) {
    Failed failed = std::move(failed_.front());
    failed_.pop_front();
    failed.handler(RawReply{&failed.error, {}, 0});
  }
}

// One a turn of the reactor: a completion that calls again may be refused again.
void Connection::Core::drain_one_refused() {
  if (refused_.empty()) return;
  Failed refused = std::move(refused_.front());
  refused_.pop_front();
  if (refused_before_stop_ > 0) --refused_before_stop_;
  refused.handler(RawReply{&refused.error, {}, 0});
}

void Connection::Core::when_ready(Duration timeout, UniqueFunction<void(Result<void>)> done) {
  if (state_ == State::stopped || waiters_.size() >= options_.max_waiters) {
    Error error{ErrorKind::limit, "too many wait for the connection to " + address_.to_string()};
    if (state_ == State::stopped) {
      error = {ErrorKind::unavailable, "the connection to " + address_.to_string() + " was stopped"};
    }
    auto tell = [done = std::move(done)](const RawReply& raw) mutable {
      done(raw.error->error);
      return true;
    };
    refuse(std::move(tell), error);
    return;
  }
  const Time deadline = deadline_after(timeout);
  waiters_.push_back({deadline, std::move(done)});
  waiter_deadline_ = std::min(waiter_deadline_, deadline);
  arm(deadline);
  if (state_ == State::ready) {
    asio::post(io_, [self = shared_from_this()] { self->complete_waiters(); });
  }
}

// Bounded: a waiter may wait again.
void Connection::Core::complete_waiters() {
  for (std::size_t count = waiters_.size(); count > 0 && state_ == State::ready && !waiters_.empty(); --count) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter.done(Result<void>());
  }
}

void Connection::Core::expire_waiters(Time now) {
  const Error error{ErrorKind::timeout, "no connection to " + address_.to_string() + " in time" +
                                            (last_error_.empty() ? std::string() : ": " + last_error_)};
  waiter_deadline_ = Time::max();
  // Rotates the queue once, so that what a completion adds is behind it.
  for (std::size_t count = waiters_.size(); count > 0 && !waiters_.empty(); --count) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    if (waiter.deadline <= now) {
      waiter.done(error);
    } else {
      waiter_deadline_ = std::min(waiter_deadline_, waiter.deadline);
      waiters_.push_back(std::move(waiter));
    }
  }
}

void Connection::Core::note_request_deadline(Time deadline) {
  if (deadline < request_deadline_) {
    request_deadline_ = deadline;
    arm(deadline);
  }
}

Connection::Core::Time Connection::Core::earliest() const {
  return std::min({attempt_at_, connect_deadline_, request_deadline_, waiter_deadline_});
}

void Connection::Core::arm(Time deadline) {
  if (state_ != State::stopped) alarm_.arm(shared_from_this(), deadline);
}

void Connection::Core::on_alarm() {
  const Time now = Clock::now();
  if (state_ == State::waiting && attempt_at_ <= now) {
    dial();
  } else if (connect_deadline_ <= now) {
    lose({ErrorKind::timeout, "no handshake with " + address_.to_string() + " in time"}, now);
  } else if (request_deadline_ <= now) {
    request_deadline_ = Time::max();
    for (std::size_t i = 0; i < in_flight_.size(); ++i) {
      request_deadline_ = std::min(request_deadline_, in_flight_[i].deadline);
    }
    if (request_deadline_ <= now) lose({ErrorKind::timeout, "a request was not answered in time"}, now);
  }
  if (state_ != State::stopped && waiter_deadline_ <= now) expire_waiters(now);
  if (state_ != State::stopped && earliest() != Time::max()) arm(earliest());
}

}  // namespace tidemark::wire
