#include "gateway/ack_desk.h"

#include <algorithm>
#include <vector>

#include "gateway/fresh_topics.h"
#include "gateway/refused_append.h"

namespace tidemark::gateway {
namespace {

// A question that was under way already may be answered with an older end.
constexpr int kMostQuestions = 2;

core::Ack ack_of(const http::AckCall& call) {
  core::Ack ack;
  ack.consumer = call.consumer;
  ack.topic = call.topic;
  ack.partition = call.partition;
  ack.offsets = call.offsets;
  ack.failed = call.failed;
  ack.reason = call.reason;
  return ack;
}

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

AckDesk::AckDesk(boost::asio::io_context& io, core::Engine& engine, log::Log& log, core::Duration bound)
    : engine_(engine), log_(log), bound_(bound), timer_(io) {}

void AckDesk::take(http::ExchangeId exchange, http::AckCall call) {
  const core::Time now = std::chrono::steady_clock::now();
  if (!engine_.ready(now))
    return replies_->refused(exchange, {core::Refusal::Code::not_ready,
                                        "the gateway does not know yet who consumes what, or cannot reach Kafka", "",
                                        std::chrono::seconds(1)});
  if (open_.size() >= kMaxOpen)
    return replies_->refused(exchange, {core::Refusal::Code::gateway_limit,
                                        std::to_string(kMaxOpen) + " acks are under way, the limit", "",
                                        std::chrono::seconds(1)});
  if (call.id) {
    const auto position = engine_.find_event(*call.id);
    if (!position)
      return replies_->refused(exchange, {core::Refusal::Code::unknown_event,
                                          "event " + call.id->to_string() + " was not published through this gateway "
                                          "of late: say topic, partition and offset", "id", {}});
    call.topic = position->topic;
    call.partition = position->partition;
    call.offsets = {position->offset, position->offset};
  }
  deadlines_.emplace(call.received + bound_, exchange);
  open_[exchange].call = std::move(call);
  arm();
  try_now(exchange);
}

void AckDesk::try_now(http::ExchangeId exchange) {
  Open& open = open_.at(exchange);
  const auto refusal = engine_.check(ack_of(open.call), std::chrono::steady_clock::now());
  if (!refusal) return append(exchange, open);
  if (may_be_new(*refusal) && !open.looked_anew) return look_anew(exchange, open);
  if (refusal->code != core::Refusal::Code::beyond_end || open.asked >= kMostQuestions) return refuse(exchange, *refusal);
  ++open.asked;
  asking_.emplace(std::pair(open.call.topic, open.call.partition), exchange);
  log_.ask_ends({open.call.topic, open.call.partition, true, false, false, 0});
}

void AckDesk::look_anew(http::ExchangeId exchange, Open& open) {
  open.looked_anew = true;
  const core::Duration left = open.call.received + bound_ - std::chrono::steady_clock::now();
  log_.refresh_topics(look_bound(left), [this, exchange, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    if (open_.contains(exchange)) try_now(exchange);
    moved_();
  });
}

void AckDesk::ends(std::string_view topic, core::Partition partition) {
  if (asking_.empty()) return;
  const auto [begin, end] = asking_.equal_range({std::string(topic), partition});
  std::vector<http::ExchangeId> told;
  for (auto at = begin; at != end; ++at) told.push_back(at->second);
  asking_.erase(begin, end);
  for (const http::ExchangeId exchange : told)
    if (open_.contains(exchange)) try_now(exchange);
}

void AckDesk::append(http::ExchangeId exchange, Open& open) {
  AckRecord ack;
  ack.consumer = open.call.consumer;
  ack.topic = open.call.topic;
  ack.partition = open.call.partition;
  ack.offsets = open.call.offsets;
  ack.failed = open.call.failed;
  ack.reason = open.call.reason;
  log::Record record;
  record.topic = kAcksTopic;
  record.key = key_of(ack);
  record.value = value_of(ack);
  record.timestamp_ms = unix_ms();
  open.append = next_++;
  appends_.emplace(open.append, exchange);
  const log::AppendId id = open.append;
  if (const auto taken = log_.append(id, std::move(record)); !taken) delivered(id, refused_append(taken.error()));
}

void AckDesk::delivered(log::AppendId id, const core::Delivery& delivery) {
  const auto found = appends_.find(id);
  if (found == appends_.end()) return;
  const http::ExchangeId exchange = found->second;
  close(exchange);
  if (delivery.fate == core::Delivery::Fate::appended) {
    replies_->acked(exchange);
  } else {
    replies_->ack_failed(exchange, delivery);
  }
}

void AckDesk::refuse(http::ExchangeId exchange, const core::Refusal& refusal) {
  close(exchange);
  replies_->refused(exchange, refusal);
}

void AckDesk::gone(http::ExchangeId exchange) { close(exchange); }

void AckDesk::close(http::ExchangeId exchange) {
  const auto found = open_.find(exchange);
  if (found == open_.end()) return;
  if (found->second.append != 0) appends_.erase(found->second.append);
  std::erase_if(asking_, [&](const auto& entry) { return entry.second == exchange; });
  const auto [begin, end] = deadlines_.equal_range(found->second.call.received + bound_);
  for (auto at = begin; at != end; ++at)
    if (at->second == exchange) {
      deadlines_.erase(at);
      break;
    }
  open_.erase(found);
}

void AckDesk::arm() {
  // A timer that fires early costs one look; moving it at every ack a system call.
  if (deadlines_.empty() || (armed_for_ && *armed_for_ <= deadlines_.begin()->first)) return;
  armed_for_ = deadlines_.begin()->first;
  timer_.expires_at(*armed_for_);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    armed_for_.reset();
    overdue();
    arm();
    moved_();
  });
}

void AckDesk::overdue() {
  const core::Time now = std::chrono::steady_clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const http::ExchangeId exchange = deadlines_.begin()->second;
    const log::AppendId append = open_.at(exchange).append;
    core::Delivery delivery;
    delivery.fate = core::Delivery::Fate::not_appended;
    delivery.reason = core::Delivery::Reason::timeout;
    delivery.detail = "the partition's end was not told in time";
    if (append != 0) delivery = log_.withdraw(append).value_or(core::Delivery{});
    close(exchange);
    replies_->ack_failed(exchange, delivery);
  }
}

}  // namespace tidemark::gateway
