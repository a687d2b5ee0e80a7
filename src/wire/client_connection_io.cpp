// Connection's traffic: dialing, the handshake, writing what is queued, and
// matching what is read with what was asked.
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "wire/client_connection_core.h"
#include "wire/error_codes.h"
#include "wire/generated/api_versions.h"
#include "wire/generated/headers.h"

namespace tidemark::wire {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kKeptBuffer = std::size_t{4} << 20;

Error lost(const Address& address, const error_code& error) {
  if (error == asio::error::eof) return {ErrorKind::unavailable, address.to_string() + " closed the connection"};
  return {ErrorKind::unavailable, "the connection to " + address.to_string() + " broke: " + error.message()};
}

}  // namespace

void Connection::Core::dial() {
  state_ = State::dialing;
  attempt_at_ = Time::max();
  connect_deadline_ = Clock::now() + options_.connect_timeout;
  arm(connect_deadline_);
  dial_ = Dial::start(io_, address_, static_cast<std::size_t>(generation_),
                      [self = shared_from_this()](Result<Stream> stream) {
                        self->dial_.reset();
                        if (stream.ok()) {
                          self->begin_handshake(std::move(stream).value());
                        } else {
                          self->lose(stream.error(), Clock::now());
                        }
                      });
}

void Connection::Core::begin_handshake(Stream stream) {
  state_ = State::shaking;
  stream_.emplace(std::move(stream));
  received_.clear();
  handed_ = 0;
  if (!write_active_) {
    writing_.clear();
    written_ = 0;
  }
  send_api_versions(msg::ApiVersionsRequest::kMaxVersion);
  if (stream_) read();
}

void Connection::Core::send_api_versions(std::int16_t version) {
  msg::ApiVersionsRequest request;
  request.client_software_name = "tidemark";
  request.client_software_version = "0.1.0";
  Handler handler = [this](const RawReply& raw) { return raw.error != nullptr || on_api_versions(raw); };
  const Result<void> queued = enqueue(api_of<msg::ApiVersionsRequest>(), &request, &encode_as<msg::ApiVersionsRequest>,
                                      version, connect_deadline_, handler);
  if (!queued.ok()) return lose(queued.error(), Clock::now());
  schedule_flush();
}

// A broker that does not speak the version asked says so in version 0 (KIP-511).
bool Connection::Core::on_api_versions(const RawReply& raw) {
  Reader peek(raw.body);
  const auto code = static_cast<ErrorCode>(peek.int16());
  const bool too_new = code == ErrorCode::unsupported_version && raw.version > 0;
  Reader reader(raw.body);
  msg::ApiVersionsResponse response;
  if (!response.decode(reader, too_new ? std::int16_t{0} : raw.version) || !reader.at_end()) return false;
  if (too_new) {
    send_api_versions(0);
    return true;
  }
  Result<VersionTable> versions = VersionTable::from(response);
  if (versions.ok()) {
    become_ready(std::move(*versions));
  } else {
    lose({versions.error().kind, address_.to_string() + ": " + versions.error().message}, Clock::now());
  }
  return true;
}

void Connection::Core::become_ready(VersionTable versions) {
  versions_ = std::move(versions);
  state_ = State::ready;
  ready_since_ = Clock::now();
  connect_deadline_ = Time::max();
  last_error_.clear();
  complete_waiters();
}

Result<void> Connection::Core::enqueue(const Api& api, const void* request, Encode encode, std::int16_t version,
                                       Time deadline, Handler& handler) {
  const std::size_t begin = queued_.size();
  const std::size_t unsent = begin + (writing_.size() - written_);
  const auto full = [this] {
    return Error{ErrorKind::limit, "more than " + std::to_string(options_.max_queued_bytes) +
                                       " bytes would be queued for " + address_.to_string()};
  };
  if (unsent >= options_.max_queued_bytes) return full();
  Writer writer(queued_);
  writer.int32(0);
  msg::RequestHeader header;
  header.request_api_key = api.key;
  header.request_api_version = version;
  header.correlation_id = next_correlation_id_;
  header.client_id = options_.client_id;
  header.encode(writer, api.request_header(version));
  encode(request, writer, version);
  const std::size_t size = queued_.size() - begin;
  if (!writer.ok() || unsent + size > options_.max_queued_bytes) {
    queued_.resize(begin);
    if (writer.ok()) return full();
    return Error{ErrorKind::invalid, "a request for API " + std::to_string(api.key) + " cannot be said in version " +
                                         std::to_string(version)};
  }
  writer.patch_int32(begin, static_cast<std::int32_t>(size - 4));
  const std::uint64_t end = handed_ + queued_.size();
  in_flight_.push_back({std::move(handler), deadline, end, next_correlation_id_, version,
                        api.response_header(version)});
  next_correlation_id_ = static_cast<std::int32_t>((static_cast<std::uint32_t>(next_correlation_id_) + 1) & 0x7fffffff);
  if (state_ == State::ready) note_request_deadline(deadline);
  return {};
}

// Posted, so that it runs behind all that this turn of the reactor still calls.
void Connection::Core::schedule_flush() {
  if (flush_posted_ || write_active_) return;
  flush_posted_ = true;
  asio::post(io_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    if (!self->write_active_ && self->stream_ && !self->queued_.empty()) self->write();
  });
}

// Precondition: no write is active. handed_ + queued_.size() is the position
// behind all that is queued, before and after.
void Connection::Core::write() {
  if (written_ == writing_.size()) {
    writing_.clear();
    if (writing_.capacity() > kKeptBuffer) writing_.shrink_to_fit();
    written_ = 0;
    std::swap(queued_, writing_);
    handed_ += writing_.size();
  }
  write_active_ = true;
  stream_->async_write_some(
      asio::buffer(writing_.data() + written_, writing_.size() - written_),
      [self = shared_from_this(), generation = generation_](const error_code& error, std::size_t count) {
        self->write_active_ = false;
        if (generation != self->generation_) {
          // The buffer belonged to a stream that is gone; a new one may be waiting for it.
          self->writing_.clear();
          self->written_ = 0;
          if (self->stream_ && !self->queued_.empty()) self->write();
          return;
        }
        self->written_ += count;
        if (error) {
          // The socket did not take the rest, so no broker saw a request that ends in it.
          self->handed_ -= self->writing_.size() - self->written_;
          self->lose(lost(self->address_, error), Clock::now());
        } else if (self->written_ < self->writing_.size() || !self->queued_.empty()) {
          self->write();
        }
      });
}

void Connection::Core::read() {
  const std::span<char> space = received_.prepare();
  stream_->async_read_some(
      asio::buffer(space.data(), space.size()),
      [self = shared_from_this(), generation = generation_](const error_code& error, std::size_t count) {
        if (generation != self->generation_) return;
        if (error) {
          self->lose(lost(self->address_, error), Clock::now());
          return;
        }
        self->received_.commit(count);
        self->on_received();
      });
}

void Connection::Core::on_received() {
  const std::uint64_t generation = generation_;
  while (true) {
    const Result<std::optional<std::string_view>> frame = received_.next_frame();
    if (!frame.ok()) {
      return lose({frame.error().kind, address_.to_string() + " sent " + frame.error().message}, Clock::now());
    }
    if (!frame->has_value()) break;
    if (!on_frame(**frame) || generation != generation_) return;
  }
  read();
}

// Returns false once the connection is lost or stopped.
bool Connection::Core::on_frame(std::string_view frame) {
  Reader reader(frame);
  msg::ResponseHeader header;
  const bool expected = !in_flight_.empty();
  if (!header.decode(reader, expected ? in_flight_.front().response_header : std::int16_t{0}) || !expected ||
      header.correlation_id != in_flight_.front().correlation_id) {
    lose({ErrorKind::corrupt, address_.to_string() + " sent a response that does not belong to the next request"},
         Clock::now());
    return false;
  }
  Pending pending = in_flight_.pop_front();
  const std::uint64_t generation = generation_;
  const std::string_view body = frame.substr(reader.position());
  const bool was_ready = state_ == State::ready;
  if (!pending.handler(RawReply{nullptr, body, pending.version})) {
    const Error error{ErrorKind::corrupt, address_.to_string() + " sent a response that cannot be decoded"};
    failed_.push_back({std::move(pending.handler), CallError{error, true}});
    lose(error, Clock::now());
    return false;
  }
  if (generation != generation_) return false;
  if (was_ready) backoff_.reset();
  return true;
}

}  // namespace tidemark::wire
