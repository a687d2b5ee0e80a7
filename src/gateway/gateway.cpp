#include "gateway/gateway.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tidemark::gateway {
namespace {

core::Time now() { return std::chrono::steady_clock::now(); }

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

log::Record record_of(http::PublishCall& call, const Uuid& id, std::uint64_t time_ms) {
  log::Record record;
  record.topic = std::move(call.topic);
  record.partition = call.partition;
  record.key = std::move(call.key);
  record.value = std::move(call.value);
  record.timestamp_ms = static_cast<std::int64_t>(time_ms);
  record.headers.reserve(4 + call.headers.size());
  record.headers.push_back({"tidemark-id", id.to_string()});
  record.headers.push_back({"traceparent", call.traceparent ? std::move(*call.traceparent) : traceparent_of(id)});
  record.headers.push_back({"baggage", baggage_of(id, call.baggage)});
  if (!call.content_type.empty()) record.headers.push_back({"content-type", std::move(call.content_type)});
  for (auto& [name, value] : call.headers) record.headers.push_back({std::move(name), std::move(value)});
  return record;
}

core::Delivery refused_append(const Error& error) {
  core::Delivery delivery;
  delivery.fate = core::Delivery::Fate::not_appended;
  delivery.detail = error.message;
  switch (error.kind) {
    case ErrorKind::limit: delivery.reason = core::Delivery::Reason::limit; break;
    case ErrorKind::not_found: delivery.reason = core::Delivery::Reason::unknown_topic; break;
    case ErrorKind::invalid: delivery.reason = core::Delivery::Reason::invalid; break;
    case ErrorKind::forbidden: delivery.reason = core::Delivery::Reason::forbidden; break;
    case ErrorKind::unavailable: delivery.reason = core::Delivery::Reason::unavailable; break;
    case ErrorKind::timeout: delivery.reason = core::Delivery::Reason::timeout; break;
    case ErrorKind::corrupt:
    case ErrorKind::internal: delivery.reason = core::Delivery::Reason::internal; break;
  }
  return delivery;
}

}  // namespace

Gateway::Gateway(boost::asio::io_context& io, const Settings& settings, log::Log& log)
    : settings_(settings), log_(log), engine_(settings.engine), timer_(io) {}

Gateway::~Gateway() = default;

void Gateway::start(http::Replies& replies) {
  replies_ = &replies;
  log_.start(*this);
}

void Gateway::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  engine_.drain(now() + settings_.drain_time);
  carry_out();
}

core::Time Gateway::deadline_of(core::Time received, const std::optional<core::Duration>& wait) const {
  return received + wait.value_or(settings_.waits.default_wait);
}

void Gateway::publish(http::ExchangeId exchange, http::PublishCall call) { admit(exchange, std::move(call), false); }

void Gateway::admit(http::ExchangeId exchange, http::PublishCall call, bool looked_anew) {
  const std::uint64_t time_ms = unix_ms();
  core::PublishRequest request;
  request.topic = call.topic;
  request.partition = call.partition;
  request.id = ids_.next(time_ms);
  request.began = call.received;
  request.deadline = deadline_of(call.received, call.wait ? call.wait_for : std::nullopt);
  request.wait = call.wait;
  request.only = call.only;
  auto admitted = engine_.publish(request, now(), effects_);
  if (const auto* refusal = std::get_if<core::Refusal>(&admitted)) {
    if (refusal->code == core::Refusal::Code::unknown_topic && !looked_anew)
      return look_for_topic(exchange, std::move(call));
    replies_->refused(exchange, *refusal);
    return;
  }
  const core::WaitId wait = std::get<core::WaitId>(admitted);
  hold(exchange, wait);
  if (const auto taken = log_.append(wait.value(), record_of(call, request.id, time_ms)); !taken)
    engine_.delivered(wait, refused_append(taken.error()), now(), effects_);
  carry_out();
}

void Gateway::hold(http::ExchangeId exchange, core::WaitId wait) {
  exchange_of_wait_.emplace(wait.value(), exchange);
  wait_of_exchange_.emplace(exchange, wait);
}

// A topic made a second ago is in Kafka and not yet in our list: 404 would be
// wrong for up to ten seconds, so the list is read anew before it is said.
void Gateway::look_for_topic(http::ExchangeId exchange, http::PublishCall call) {
  constexpr core::Duration kLongest = std::chrono::seconds(1);
  const core::Duration left = deadline_of(call.received, call.wait ? call.wait_for : std::nullopt) - now();
  looking_.emplace(exchange, std::move(call));
  log_.refresh_topics(std::clamp(left, core::Duration::zero(), kLongest),
                      [this, exchange, alive = std::weak_ptr<bool>(alive_)] {
                        if (alive.expired()) return;
                        auto found = looking_.extract(exchange);
                        if (!found.empty()) admit(exchange, std::move(found.mapped()), true);
                        carry_out();  // a drain may have waited for this one
                      });
}

void Gateway::resume(http::ExchangeId exchange, http::MarkCall call) {
  core::ResumeRequest request;
  request.mark = std::move(call.mark);
  request.began = call.received;
  request.deadline = deadline_of(call.received, call.wait_for);
  request.wait = call.wait;
  request.only = call.only;
  auto admitted = engine_.resume(request, now(), effects_);
  if (const auto* refusal = std::get_if<core::Refusal>(&admitted)) {
    replies_->refused(exchange, *refusal);
    return;
  }
  hold(exchange, std::get<core::WaitId>(admitted));
  carry_out();
}

void Gateway::gone(http::ExchangeId exchange) {
  looking_.erase(exchange);
  const auto found = wait_of_exchange_.find(exchange);
  if (found == wait_of_exchange_.end()) return;
  // What was appended stays appended; only the wait ends.
  engine_.cancel(found->second);
  exchange_of_wait_.erase(found->second.value());
  wait_of_exchange_.erase(found);
  carry_out();
}

std::vector<core::TopicView> Gateway::topics() { return engine_.topic_views(now()); }
std::vector<core::ConsumerView> Gateway::consumers() { return engine_.consumers(now()); }

http::Health Gateway::health() {
  if (engine_.ready(now())) return {true, ""};
  if (drained_) return {false, "draining: the gateway is stopping"};
  if (!lost_why_.empty()) return {false, "Kafka cannot be reached: " + lost_why_};
  return {false, "learning who consumes what from Kafka"};
}

std::string Gateway::metrics() {
  return render_metrics(engine_.stats(), latencies_, engine_.ready(now()), metric_sources_);
}

void Gateway::on_delivered(log::AppendId id, const core::Delivery& delivery) {
  const core::WaitId wait{static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32)};
  engine_.delivered(wait, delivery, now(), effects_);
  carry_out();
}

void Gateway::on_commit(const core::Commit& commit) {
  engine_.commit(commit, now(), effects_);
  carry_out();
}

void Gateway::on_seed(const core::Seed& seed) {
  engine_.seed(seed, now(), effects_);
  carry_out();
}

void Gateway::on_group(const core::GroupState& group) {
  engine_.group(group, now(), effects_);
  carry_out();
}

void Gateway::on_topics(std::span<const core::TopicState> topics) {
  engine_.topics(topics, now(), effects_);
  carry_out();
}

void Gateway::on_ends(const core::Ends& ends) {
  engine_.ends(ends, now(), effects_);
  carry_out();
}

void Gateway::on_synced() {
  engine_.synced(now());
  lost_why_.clear();
  spdlog::info("ready: the consumer groups and their positions are known");
  carry_out();
}

void Gateway::on_lost(const std::string& why) {
  engine_.lost(now());
  lost_why_ = why.empty() ? "no answer" : why;
  carry_out();
}

void Gateway::carry_out() {
  if (carrying_out_) return;
  carrying_out_ = true;
  while (!effects_.answers.empty() || !effects_.asks.empty() || !effects_.overdue_appends.empty()) {
    std::swap(effects_, doing_);
    for (const core::AskEnds& ask : doing_.asks)
      log_.ask_ends({ask.topic, ask.partition, !ask.log_start, ask.log_start, false, ask.number});
    for (const core::WaitId wait : doing_.overdue_appends) {
      core::Delivery none;
      none.fate = core::Delivery::Fate::unknown;
      none.reason = core::Delivery::Reason::internal;
      engine_.delivered(wait, log_.withdraw(wait.value()).value_or(none), now(), effects_);
    }
    for (const core::Answer& done : doing_.answers) answer(done);
    doing_.clear();
  }
  carrying_out_ = false;
  arm();
  if (drained_ && exchange_of_wait_.empty() && looking_.empty()) std::exchange(drained_, [] {})();
}

void Gateway::answer(const core::Answer& answer) {
  const auto found = exchange_of_wait_.find(answer.wait.value());
  if (found == exchange_of_wait_.end()) return;
  const http::ExchangeId exchange = found->second;
  exchange_of_wait_.erase(found);
  wait_of_exchange_.erase(exchange);
  latencies_.record(answer);
  replies_->answered(exchange, answer);
}

void Gateway::arm() {
  const std::optional<core::Time> next = engine_.next_wakeup();
  // A timer that fires early costs one look; moving it at every answer would
  // cost a system call each.
  if (!next || (armed_for_ && *armed_for_ <= *next)) return;
  armed_for_ = next;
  timer_.expires_at(*next);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    armed_for_.reset();
    engine_.tick(now(), effects_);
    carry_out();
  });
}

}  // namespace tidemark::gateway
