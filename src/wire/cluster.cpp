#include "wire/cluster.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "wire/client_cluster_core.h"

namespace tidemark::wire {

namespace asio = boost::asio;

Cluster::Cluster(asio::io_context& io, ClusterOptions options, Random random)
    : core_(std::make_shared<Core>(io, std::move(options), std::move(random))) {
  core_->start();
}

Cluster::~Cluster() { core_->stop(); }

void Cluster::stop() {
  const std::shared_ptr<Core> core = core_;
  core->stop();
}

std::shared_ptr<const Metadata> Cluster::metadata() const { return core_->metadata(); }
const Reachability& Cluster::reachability() const { return core_->reachability(); }

Subscription Cluster::on_metadata(std::function<void(const Metadata&)> observer) {
  return core_->on_metadata(std::move(observer));
}

Subscription Cluster::on_reachability(std::function<void(const Reachability&)> observer) {
  return core_->on_reachability(std::move(observer));
}

void Cluster::refresh_soon() { core_->refresh_soon(); }

void Cluster::refresh(Duration timeout, UniqueFunction<void(Result<void>)> done) {
  core_->refresh(timeout, std::move(done));
}

std::shared_ptr<Connection> Cluster::connection(std::int32_t broker_id, Purpose purpose) {
  return core_->connection(broker_id, purpose);
}

std::shared_ptr<Connection> Cluster::any_connection(Purpose purpose) { return core_->any_connection(purpose); }

Cluster::Core::Core(asio::io_context& io, ClusterOptions options, Random random)
    : io_(io), options_(std::move(options)), random_(std::move(random)), backoff_(options_.connection.backoff),
      alarm_(io) {}

// Called again by a completion that it calls, this one calls the rest.
void Cluster::Core::stop() {
  const std::shared_ptr<Core> self = shared_from_this();
  if (state_ != State::stopped) {
    state_ = State::stopped;
    alarm_.cancel();
    metadata_observers_.clear();
    reachability_observers_.clear();
    for (auto& [id, broker] : brokers_) bury(broker);
    brokers_.clear();
    ++attempt_;
    if (link_) buried_.push_back(std::exchange(link_, nullptr));
    refused_before_stop_ = refused_.size();
  }
  stop_buried();
  while (refused_before_stop_ > 0) drain_one_refused();
  while (!waiters_.empty()) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter.done(Error{ErrorKind::unavailable, "the cluster's connections were stopped"});
  }
}

Subscription Cluster::Core::on_metadata(std::function<void(const Metadata&)> observer) {
  auto shared = std::make_shared<std::function<void(const Metadata&)>>(std::move(observer));
  if (state_ != State::stopped) metadata_observers_.push_back(shared);
  return shared;
}

Subscription Cluster::Core::on_reachability(std::function<void(const Reachability&)> observer) {
  auto shared = std::make_shared<std::function<void(const Reachability&)>>(std::move(observer));
  if (state_ != State::stopped) reachability_observers_.push_back(shared);
  return shared;
}

void Cluster::Core::refresh(Duration timeout, UniqueFunction<void(Result<void>)> done) {
  if (state_ == State::stopped) {
    return refuse({ErrorKind::unavailable, "the cluster's connections were stopped"}, std::move(done));
  }
  if (waiters_.size() >= options_.max_waiters) {
    return refuse({ErrorKind::limit, "too many wait for metadata"}, std::move(done));
  }
  constexpr Duration kLongest = std::chrono::hours(24);
  const Time deadline = Clock::now() + std::clamp(timeout, Duration::zero(), kLongest);
  waiters_.push_back({deadline, requests_ + 1, std::move(done)});
  waiter_deadline_ = std::min(waiter_deadline_, deadline);
  alarm_.arm(shared_from_this(), deadline);
  refresh_after(spacing_);
}

void Cluster::Core::refuse(const Error& error, UniqueFunction<void(Result<void>)> done) {
  refused_.emplace_back(error, std::move(done));
  asio::post(io_, [self = shared_from_this()] { self->drain_one_refused(); });
}

void Cluster::Core::drain_one_refused() {
  if (refused_.empty()) return;
  auto [error, done] = std::move(refused_.front());
  refused_.pop_front();
  if (refused_before_stop_ > 0) --refused_before_stop_;
  done(std::move(error));
}

std::shared_ptr<Connection> Cluster::Core::connection(std::int32_t broker_id, Purpose purpose) {
  if (state_ == State::stopped) return nullptr;
  const auto known = metadata_->brokers.find(broker_id);
  if (known == metadata_->brokers.end()) return nullptr;
  Broker& broker = brokers_.try_emplace(broker_id, Broker{known->second, {}}).first->second;
  std::shared_ptr<Connection>& connection = broker.connections[static_cast<std::size_t>(purpose)];
  if (!connection) {
    connection = std::make_shared<Connection>(io_, broker.address, options_.connection, random_);
    // A broker that was lost is often a leader that moved.
    connection->on_lost([weak = weak_from_this()](const Error&, bool was_ready) {
      const std::shared_ptr<Core> self = weak.lock();
      if (self && was_ready) self->refresh_soon();
    });
  }
  return connection;
}

std::shared_ptr<Connection> Cluster::Core::any_connection(Purpose purpose) {
  const auto index = static_cast<std::size_t>(purpose);
  for (const auto& [id, broker] : brokers_) {
    if (broker.connections[index] && broker.connections[index]->ready()) return broker.connections[index];
  }
  if (metadata_->brokers.empty()) return nullptr;
  auto chosen = metadata_->brokers.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(next_any_++ % metadata_->brokers.size()));
  return connection(chosen->first, purpose);
}

}  // namespace tidemark::wire
