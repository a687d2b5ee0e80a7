#include "kafka/looker.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "wire/cluster.h"

namespace tidemark::kafka {
namespace {

constexpr auto kRequestTimeout = std::chrono::seconds(3);
constexpr core::Duration kLongestBound = std::chrono::hours(24);

core::Time clock_now() { return std::chrono::steady_clock::now(); }

}  // namespace

class Looker::Core : public std::enable_shared_from_this<Looker::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, LookQueue::Limits limits,
       std::function<void(const core::Sight&)> seen)
      : io_(io), cluster_(&cluster), timer_(io), queue_(limits), seen_(std::move(seen)) {}

  void start() {
    subscription_ = cluster_->on_metadata([weak = weak_from_this()](const wire::Metadata&) {
      if (const auto self = weak.lock()) self->pump_soon();
    });
  }

  Result<void> look(core::Look look, core::Duration bound) {
    if (cluster_ == nullptr) return Error{ErrorKind::unavailable, "the log is stopped"};
    const core::Time deadline = clock_now() + std::clamp(bound, core::Duration::zero(), kLongestBound);
    Result<void> taken = queue_.look(std::move(look), deadline);
    if (!taken) {
      ++counters_.refused;
      return taken;
    }
    ++counters_.looks;
    pump_soon();
    return {};
  }

  void stop() {
    cluster_ = nullptr;
    subscription_.reset();
    timer_.cancel();
  }

  LookCounters counters() const {
    LookCounters counters = counters_;
    counters.open = queue_.size();
    return counters;
  }

 private:
  void pump_soon() {
    if (cluster_ == nullptr || std::exchange(pump_posted_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] {
      self->pump_posted_ = false;
      self->pump();
    });
  }

  void pump() {
    if (cluster_ == nullptr) return;
    const core::Time now = clock_now();
    const auto metadata = cluster_->metadata();
    const auto leader = [&](const std::string& name, core::Partition number) -> std::optional<LookQueue::Leader> {
      const wire::TopicInfo* topic = metadata->find_topic(name);
      const wire::PartitionInfo* partition = metadata->find_partition(name, number);
      // Before the first answer nothing is known to be missing.
      if (metadata->brokers.empty()) return LookQueue::Leader{-1, -1, {}};
      if (topic == nullptr || partition == nullptr) return std::nullopt;
      return LookQueue::Leader{partition->leader, partition->leader_epoch, topic->id};
    };
    if (!metadata->brokers.empty()) {
      for (LookQueue::Ask& ask : queue_.next(leader, now)) send(std::move(ask));
    }
    if (queue_.take_metadata_is_old()) cluster_->refresh_soon();
    for (const core::Sight& sight : queue_.take_answers(now)) {
      count(sight);
      seen_(sight);
      if (cluster_ == nullptr) return;
      // A place in the queue is free.
      pump_soon();
    }
    arm_timer(now);
  }

  void count(const core::Sight& sight) {
    ++(sight.result == core::Sight::Result::found  ? counters_.found
       : sight.result == core::Sight::Result::none ? counters_.none
                                                   : counters_.failed);
  }

  void send(LookQueue::Ask ask) {
    const auto connection = cluster_->connection(ask.broker, wire::Purpose::look);
    if (connection == nullptr) return fail(ask.id);
    if (connection->ready()) return call(*connection, ask);
    connection->when_ready(kRequestTimeout, [weak = weak_from_this(), ask = std::move(ask)](const Result<void>& ready) {
      const auto self = weak.lock();
      if (self == nullptr || self->cluster_ == nullptr) return;
      const auto now_there = self->cluster_->connection(ask.broker, wire::Purpose::look);
      if (!ready || now_there == nullptr) return self->fail(ask.id);
      self->call(*now_there, ask);
    });
  }

  void call(wire::Connection& connection, const LookQueue::Ask& ask) {
    ++counters_.requests;
    std::visit(
        [&]<class Request>(const Request& request) {
          connection.call(request, kRequestTimeout,
                          [weak = weak_from_this(), id = ask.id](wire::Reply<typename Request::Response> reply) {
                            const auto self = weak.lock();
                            if (self == nullptr || self->cluster_ == nullptr) return;
                            if (!reply) return self->fail(id);
                            self->queue_.answered(id, *reply, clock_now());
                            self->pump_soon();
                          });
        },
        ask.request);
  }

  void fail(LookQueue::Id id) {
    queue_.failed(id, clock_now());
    pump_soon();
  }

  void arm_timer(core::Time now) {
    const auto due = queue_.next_due();
    if (!due) return;
    timer_.expires_at(std::max(*due, now));
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->pump();
    });
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  boost::asio::steady_timer timer_;
  LookQueue queue_;
  std::function<void(const core::Sight&)> seen_;
  wire::Subscription subscription_;
  LookCounters counters_;
  bool pump_posted_ = false;
};

Looker::Looker(boost::asio::io_context& io, wire::Cluster& cluster, LookQueue::Limits limits,
               std::function<void(const core::Sight&)> seen)
    : core_(std::make_shared<Core>(io, cluster, limits, std::move(seen))) {
  core_->start();
}

Looker::~Looker() { stop(); }

Result<void> Looker::look(core::Look look, core::Duration bound) { return core_->look(std::move(look), bound); }
void Looker::stop() { core_->stop(); }
LookCounters Looker::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
