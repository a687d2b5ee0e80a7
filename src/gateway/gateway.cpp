#include "gateway/gateway.h"

#include "gateway/doctor.h"
#include "gateway/fresh_topics.h"
#include "gateway/refused_append.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <iterator>
#include <utility>

namespace tidemark::gateway {
namespace {

constexpr core::Duration kAcksHistory = std::chrono::hours(1);
constexpr core::Duration kLookBound = std::chrono::seconds(5);
constexpr core::Duration kInspectBound = std::chrono::seconds(20);
// About 3 ms: one commit may end ten thousand waits, and others want the reactor too.
constexpr std::size_t kMostAnswersAtOnce = 128;

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

}  // namespace

Gateway::Gateway(boost::asio::io_context& io, const Settings& settings, log::Log& log)
    : settings_(settings),
      log_(log),
      engine_(settings.engine),
      acks_(io, engine_, log, settings.waits.default_wait),
      timer_(io) {}

Gateway::~Gateway() = default;

void Gateway::start(http::Replies& replies) {
  replies_ = &replies;
  acks_.start(replies, [this] { carry_out(); });
  log::Follow acks;
  acks.topic = kAcksTopic;
  acks.history = kAcksHistory;
  // A repeated ack is one record; what is a day old has been waited for. Acks are rarely
  // repeated, so what bounds the disk is bytes; only whole segments go, hence small ones.
  acks.settings = {{"cleanup.policy", "compact,delete"},
                   {"retention.ms", "86400000"},
                   {"retention.bytes", "1073741824"},
                   {"segment.ms", "600000"},
                   {"segment.bytes", "67108864"},
                   {"message.timestamp.type", "LogAppendTime"}};
  log_.follow(std::move(acks));
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
  request.scope = call.scope;
  auto admitted = engine_.publish(request, now(), effects_);
  if (const auto* refusal = std::get_if<core::Refusal>(&admitted)) {
    if (may_be_new(*refusal) && !looked_anew)
      return look_and_admit(exchange, request.deadline - now(), std::move(call));
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

void Gateway::look_anew(http::ExchangeId exchange, core::Duration left, std::function<void()> again) {
  looking_.emplace(exchange, std::move(again));
  log_.refresh_topics(look_bound(left), [this, exchange, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    auto found = looking_.extract(exchange);
    if (!found.empty()) found.mapped()();
    carry_out();  // a drain may have waited for this one
  });
}

template <class Call>
void Gateway::look_and_admit(http::ExchangeId exchange, core::Duration left, Call call) {
  look_anew(exchange, left, [this, exchange, call = std::move(call)]() mutable { admit(exchange, std::move(call), true); });
}

void Gateway::resume(http::ExchangeId exchange, http::MarkCall call) { admit(exchange, std::move(call), false); }

void Gateway::admit(http::ExchangeId exchange, http::MarkCall call, bool looked_anew) {
  core::ResumeRequest request;
  request.mark = call.mark;
  request.began = call.received;
  request.deadline = deadline_of(call.received, call.wait_for);
  request.wait = call.wait;
  request.only = call.only;
  request.scope = call.scope;
  auto admitted = engine_.resume(request, now(), effects_);
  if (const auto* refusal = std::get_if<core::Refusal>(&admitted)) {
    if (may_be_new(*refusal) && !looked_anew)
      return look_and_admit(exchange, request.deadline - now(), std::move(call));
    replies_->refused(exchange, *refusal);
    return;
  }
  hold(exchange, std::get<core::WaitId>(admitted));
  carry_out();
}

void Gateway::barrier(http::ExchangeId exchange, http::WaitsCall call) {
  // A partition that was just added would be left out without a word. Half of the time is kept
  // for the barrier itself.
  if (!call.topics.empty() && engine_.ready(now())) {
    const core::Duration left = deadline_of(call.received, call.wait_for) - now();
    return look_and_admit(exchange, left / 2, std::move(call));
  }
  admit(exchange, std::move(call), false);
}

void Gateway::admit(http::ExchangeId exchange, http::WaitsCall call, bool looked_anew) {
  core::BarrierRequest request;
  request.mark = call.mark;
  request.positions = call.positions;
  request.topics = call.topics;
  request.scope = call.scope;
  request.began = call.received;
  request.deadline = deadline_of(call.received, call.wait_for);
  request.wait = call.wait;
  request.only = call.only;
  auto admitted = engine_.barrier(request, now(), effects_);
  if (const auto* refusal = std::get_if<core::Refusal>(&admitted)) {
    if (may_be_new(*refusal) && !looked_anew)
      return look_and_admit(exchange, request.deadline - now(), std::move(call));
    replies_->refused(exchange, *refusal);
    return;
  }
  hold(exchange, std::get<core::WaitId>(admitted));
  carry_out();
}

void Gateway::ack(http::ExchangeId exchange, http::AckCall call) {
  acks_.take(exchange, std::move(call));
  carry_out();
}

void Gateway::inspect(std::function<void(std::string json)> done) {
  log_.inspect(kInspectBound, [this, alive = std::weak_ptr<bool>(alive_), done = std::move(done)](
                                  const log::ClusterFacts& facts) {
    if (!alive.expired()) done(diagnose(engine_.consumers(now()), engine_.topic_views(now()), facts));
  });
}

void Gateway::gone(http::ExchangeId exchange) {
  looking_.erase(exchange);
  acks_.gone(exchange);
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
std::vector<core::EdgeView> Gateway::topology() { return engine_.topology(); }

http::Health Gateway::health() {
  if (engine_.ready(now())) {
    log::Positions come = log_.positions();
    return {true, "", come.polled(), std::move(come.why)};
  }
  if (drained_) return {false, "draining: the gateway is stopping"};
  if (!lost_why_.empty()) return {false, "Kafka cannot be reached: " + lost_why_};
  return {false, "learning who consumes what from Kafka"};
}

std::string Gateway::metrics() {
  std::vector<MetricsSource> sources = metric_sources_;
  sources.push_back([this](Families& families) {
    add_counter(families, "tidemark_acks_garbled_total", "Records of the topic of acks that are no acks.",
                static_cast<double>(acks_garbled_));
  });
  return render_metrics(engine_.stats(), latencies_, engine_.ready(now()), sources);
}

void Gateway::on_delivered(log::AppendId id, const core::Delivery& delivery) {
  if (AckDesk::is_ours(id)) {
    acks_.delivered(id, delivery);
    return carry_out();
  }
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

void Gateway::on_rows(const core::Rows& rows) {
  engine_.rows(rows, now(), effects_);
  carry_out();
}

void Gateway::on_group(const core::GroupState& group) {
  engine_.group(group, now(), effects_);
  carry_out();
}

void Gateway::on_group_changed(const core::GroupChange& change) { engine_.group_changed(change); }

void Gateway::on_topics(std::span<const core::TopicState> topics) {
  engine_.topics(topics, now(), effects_);
  for (const std::string& each : topology_news_.take(engine_.topology_warnings())) spdlog::warn("{}", each);
  carry_out();
}

void Gateway::on_ends(const core::Ends& ends) {
  engine_.ends(ends, now(), effects_);
  acks_.ends(ends.topic, ends.partition);
  carry_out();
}

void Gateway::on_share(const core::ShareProgress& progress) {
  engine_.share(progress, now(), effects_);
  carry_out();
}

void Gateway::on_sight(const core::Sight& sight) {
  engine_.sight(sight, now(), effects_);
  carry_out();
}

void Gateway::on_followed(const log::FollowedRecord& record) {
  if (!record.value) return;  // a tombstone: whoever wrote it wants it compacted
  const auto read = parse_ack(*record.value);
  if (!read) {
    // Anybody may write there: one line, not one for each record.
    if (acks_garbled_++ == 0)
      spdlog::warn("{} partition {} offset {}: {}; such records are counted from now on", kAcksTopic, record.partition,
                   record.offset, read.error().message);
    return;
  }
  core::Ack ack;
  ack.consumer = read->consumer;
  ack.topic = read->topic;
  ack.partition = read->partition;
  ack.offsets = read->offsets;
  ack.failed = read->failed;
  ack.reason = read->reason;
  engine_.ack(ack, now(), effects_);
  carry_out();
}

void Gateway::open_groups(std::vector<log::OpenGroup>& groups) {
  engine_.for_each_open([&](std::string_view name, const std::optional<core::Duration>& interval) {
    groups.push_back({std::string(name), interval});
  });
}

void Gateway::on_synced() {
  engine_.positions(log_.positions().by);
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
  while (!effects_.empty()) {
    std::swap(effects_, doing_);
    for (const core::AskEnds& ask : doing_.asks)
      log_.ask_ends({ask.topic, ask.partition, !ask.log_start, ask.log_start, false, ask.number, ask.epoch});
    for (const core::AskRows& ask : doing_.rows) log_.ask_rows(ask.group, ask.number);
    for (const core::WaitId wait : doing_.overdue_appends) {
      core::Delivery none;
      none.fate = core::Delivery::Fate::unknown;
      none.reason = core::Delivery::Reason::internal;
      engine_.delivered(wait, log_.withdraw(wait.value()).value_or(none), now(), effects_);
    }
    for (const core::Look& look : doing_.looks) {
      if (log_.look(look, kLookBound).ok()) continue;
      core::Sight failed;
      failed.number = look.number;
      engine_.sight(failed, now(), effects_);
    }
    // Few do not queue behind many.
    if (doing_.answers.size() <= kMostAnswersAtOnce) {
      for (const core::Answer& done : doing_.answers) answer(done);
    } else {
      std::move(doing_.answers.begin(), doing_.answers.end(), std::back_inserter(answers_));
      answer_soon();
    }
    for (const auto& [wait, refusal] : doing_.refusals)
      if (const auto exchange = release(wait)) replies_->refused(*exchange, refusal);
    doing_.clear();
  }
  carrying_out_ = false;
  arm();
  if (drained_ && exchange_of_wait_.empty() && looking_.empty() && acks_.empty()) std::exchange(drained_, [] {})();
}

void Gateway::answer_soon() {
  if (answers_.empty() || std::exchange(answers_posted_, true)) return;
  boost::asio::post(timer_.get_executor(), [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    answers_posted_ = false;
    for (std::size_t i = 0; i < kMostAnswersAtOnce && !answers_.empty(); ++i) {
      answer(answers_.front());
      answers_.pop_front();
    }
    answer_soon();
    carry_out();
  });
}

std::optional<http::ExchangeId> Gateway::release(core::WaitId wait) {
  const auto found = exchange_of_wait_.find(wait.value());
  if (found == exchange_of_wait_.end()) return std::nullopt;
  const http::ExchangeId exchange = found->second;
  exchange_of_wait_.erase(found);
  wait_of_exchange_.erase(exchange);
  return exchange;
}

void Gateway::answer(const core::Answer& answer) {
  const auto exchange = release(answer.wait);
  if (!exchange) return;
  latencies_.record(answer);
  replies_->answered(*exchange, answer);
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
