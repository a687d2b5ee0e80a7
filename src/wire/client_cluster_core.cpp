// Cluster's refresh: which server is asked, when, and what follows from its answer.
#include "wire/client_cluster_core.h"

#include <algorithm>
#include <utility>

#include "wire/generated/metadata.h"

namespace tidemark::wire {

void Cluster::Core::start() {
  reachability_.since = Clock::now();
  schedule(reachability_.since);
}

void Cluster::Core::schedule(Time at) {
  refresh_at_ = std::min(refresh_at_, at);
  arm_earliest();
}

void Cluster::Core::arm_earliest() {
  const Time at = std::min(refresh_at_, waiter_deadline_);
  if (state_ != State::stopped && at != Time::max()) alarm_.arm(shared_from_this(), at);
}

void Cluster::Core::on_alarm() {
  const Time now = Clock::now();
  if (refresh_at_ <= now && state_ == State::idle) begin_refresh(now);
  if (state_ != State::stopped && waiter_deadline_ <= now) expire_waiters(now);
  // While a refresh is under way its end schedules the next.
  if (state_ != State::idle) {
    if (state_ != State::stopped && waiter_deadline_ != Time::max()) alarm_.arm(shared_from_this(), waiter_deadline_);
    return;
  }
  arm_earliest();
}

void Cluster::Core::refresh_soon() { refresh_after(options_.min_refresh_interval); }

void Cluster::Core::refresh_after(Duration spacing) {
  if (state_ == State::stopped) return;
  schedule(std::max({Clock::now(), not_before_, last_sent_ + spacing}));
}

void Cluster::Core::begin_refresh(Time now) {
  // Whoever asks from here on, before the request is sent, is served by it.
  refresh_at_ = now + options_.refresh_interval;
  state_ = State::connecting;
  if (!link_) open_link();
  const std::uint64_t attempt = attempt_;
  link_->when_ready(options_.metadata_timeout, [weak = weak_from_this(), attempt](const Result<void>& result) {
    const std::shared_ptr<Core> self = weak.lock();
    if (!self || attempt != self->attempt_ || self->state_ != State::connecting) return;
    if (result.ok()) {
      self->ask(attempt);
    } else {
      self->link_failed(result.error());
    }
  });
}

void Cluster::Core::open_link() {
  link_ = std::make_shared<Connection>(io_, next_server(), options_.connection, random_);
  link_->on_lost([weak = weak_from_this(), attempt = attempt_](const Error& error, bool) {
    const std::shared_ptr<Core> self = weak.lock();
    if (self && attempt == self->attempt_ && self->state_ != State::stopped) self->link_lost(error);
  });
}

Address Cluster::Core::next_server() {
  if (round_.empty()) {
    for (const auto& [id, address] : metadata_->brokers) round_.push_back(address);
    if (!round_.empty()) {
      const auto first = round_.begin() + static_cast<std::ptrdiff_t>(random_() % round_.size());
      std::rotate(round_.begin(), first, round_.end());
    }
    for (const Address& address : options_.bootstrap) {
      if (std::ranges::find(round_, address) == round_.end()) round_.push_back(address);
    }
  }
  Address address = std::move(round_.front());
  round_.pop_front();
  return address;
}

void Cluster::Core::ask(std::uint64_t attempt) {
  state_ = State::asking;
  last_sent_ = Clock::now();
  refresh_at_ = last_sent_ + options_.refresh_interval;
  ++requests_;
  msg::MetadataRequest request;
  request.topics = std::nullopt;  // all
  request.allow_auto_topic_creation = false;
  link_->call(request, options_.metadata_timeout,
              [weak = weak_from_this(), attempt](const Reply<msg::MetadataResponse>& reply) {
                const std::shared_ptr<Core> self = weak.lock();
                if (!self || attempt != self->attempt_ || self->state_ != State::asking) return;
                if (reply.ok()) {
                  self->on_answer(*reply);
                } else {
                  self->link_failed(reply.error());
                }
              });
}

void Cluster::Core::on_answer(const msg::MetadataResponse& response) {
  Result<Metadata> merged = merge_metadata(*metadata_, response, options_.limits);
  if (!merged.ok()) {
    link_failed(merged.error());
    return;
  }
  const std::uint64_t answered = requests_;
  state_ = State::idle;
  round_.clear();
  backoff_.reset();
  not_before_ = {};
  first_failure_ = {};
  arm_earliest();
  const bool changed = *merged != *metadata_;
  if (changed) {
    metadata_ = std::make_shared<const Metadata>(std::move(*merged));
    update_brokers();
  }
  set_reachable(true, {});
  if (changed) {
    const std::shared_ptr<const Metadata> current = metadata_;
    notify(metadata_observers_, *current);
  }
  // However large the list is, most of the time is left to others.
  spacing_ = std::min<Duration>(options_.min_refresh_interval, 4 * (Clock::now() - last_sent_));
  complete_waiters(answered);
}

void Cluster::Core::link_lost(const Error& error) {
  if (state_ == State::idle) {
    if (first_failure_ == Time{}) first_failure_ = Clock::now();
    drop_link();
    refresh_soon();
  } else {
    link_failed(error);
  }
}

// The next server is tried at once, unless this one ended the round.
void Cluster::Core::link_failed(const Error& error) {
  const Time now = Clock::now();
  state_ = State::idle;
  if (first_failure_ == Time{}) first_failure_ = now;
  drop_link();
  spacing_ = options_.min_refresh_interval;
  const bool round_over = round_.empty();
  if (round_over) not_before_ = now + backoff_.next(random_());
  schedule(round_over ? not_before_ : now);
  if (round_over) set_reachable(false, error.message);
}

void Cluster::Core::drop_link() {
  ++attempt_;
  if (!link_) return;
  buried_.push_back(std::exchange(link_, nullptr));
  stop_buried();
}

// Closes the connections of brokers that left or moved.
void Cluster::Core::update_brokers() {
  for (auto it = brokers_.begin(); it != brokers_.end();) {
    const auto known = metadata_->brokers.find(it->first);
    if (known != metadata_->brokers.end() && known->second == it->second.address) {
      ++it;
    } else {
      bury(it->second);
      it = brokers_.erase(it);
    }
  }
  stop_buried();
}

void Cluster::Core::bury(Broker& broker) {
  for (std::shared_ptr<Connection>& connection : broker.connections) {
    if (connection) buried_.push_back(std::move(connection));
  }
}

// One at a time, and each stays until it is done: a completion that stops the
// cluster finds them all.
void Cluster::Core::stop_buried() {
  while (!buried_.empty()) {
    const std::shared_ptr<Connection> connection = buried_.front();
    connection->stop();
    if (!buried_.empty() && buried_.front() == connection) buried_.pop_front();
  }
}

void Cluster::Core::set_reachable(bool reachable, const std::string& reason) {
  const bool told = reachability_.reachable == reachable && reachability_.reason.empty() == reason.empty();
  if (reachability_.reachable != reachable) reachability_.since = reachable ? Clock::now() : first_failure_;
  reachability_.reachable = reachable;
  reachability_.reason = reason;
  if (told || state_ == State::stopped) return;
  const Reachability current = reachability_;
  notify(reachability_observers_, current);
}

template <class Value>
void Cluster::Core::notify(Observers<Value>& observers, const Value& value) {
  const Observers<Value> current = observers;
  std::erase_if(observers, [](const auto& observer) { return observer.expired(); });
  for (const auto& weak : current) {
    if (state_ == State::stopped) return;
    if (const auto observer = weak.lock()) (*observer)(value);
  }
}

void Cluster::Core::complete_waiters(std::uint64_t answered) {
  for (std::size_t count = waiters_.size(); count > 0 && !waiters_.empty(); --count) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    if (waiter.request <= answered) {
      waiter.done(Result<void>());
    } else {
      waiters_.push_back(std::move(waiter));
    }
  }
}

void Cluster::Core::expire_waiters(Time now) {
  const Error error{ErrorKind::timeout, "no metadata in time" +
                                            (reachability_.reason.empty() ? "" : ": " + reachability_.reason)};
  waiter_deadline_ = Time::max();
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

}  // namespace tidemark::wire
