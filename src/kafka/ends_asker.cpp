#include "kafka/ends_asker.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "kafka/ends_queue.h"
#include "wire/cluster.h"

namespace tidemark::kafka {
namespace {

constexpr auto kRequestTimeout = std::chrono::seconds(3);
// Between two looks at questions that no leader can be found for.
constexpr auto kLeaderlessPause = std::chrono::milliseconds(50);

core::Time clock_now() { return std::chrono::steady_clock::now(); }

}  // namespace

class EndsAsker::Core : public std::enable_shared_from_this<EndsAsker::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, std::function<void(const core::Ends&)> answered)
      : io_(io), cluster_(&cluster), timer_(io), answered_(std::move(answered)) {}

  void ask(const log::EndsQuery& query) {
    if (cluster_ == nullptr) return;
    queue_.ask(query);
    pump_soon();
  }

  void stop() {
    cluster_ = nullptr;
    timer_.cancel();
  }

  const EndsCounters& counters() const { return counters_; }

 private:
  // Everything asked in one turn of the reactor goes into one round.
  void pump_soon() {
    if (std::exchange(pump_posted_, true)) return;
    boost::asio::post(io_, [self = shared_from_this()] {
      self->pump_posted_ = false;
      self->pump();
    });
  }

  void pump() {
    if (cluster_ == nullptr || queue_.empty()) return;
    const auto metadata = cluster_->metadata();
    const auto leader = [&](const EndsQueue::Key& key) -> std::optional<EndsQueue::Leader> {
      const wire::TopicInfo* topic = metadata->find_topic(key.first);
      const wire::PartitionInfo* partition = metadata->find_partition(key.first, key.second);
      if (topic == nullptr || partition == nullptr || partition->leader < 0) return std::nullopt;
      return EndsQueue::Leader{partition->leader, partition->leader_epoch, topic->id};
    };
    const core::Time now = clock_now();
    for (const std::int32_t broker : queue_.due_brokers(leader, now)) send_round(broker, leader, now);
    look_for_missing(*metadata);
    arm_timer(now);
  }

  void send_round(std::int32_t broker, const EndsQueue::FindLeader& leader, core::Time now) {
    const auto connection = cluster_->connection(broker, wire::Purpose::ask);
    if (connection == nullptr) return cluster_->refresh_soon();
    if (!connection->ready()) return wait_for(*connection, broker);
    for (EndsQueue::Asked& asked : queue_.take_round(broker, leader, now)) {
      ++counters_.requests;
      if (asked.end == End::epoch) {
        send(*connection, broker, asked.epochs, asked);
      } else {
        send(*connection, broker, asked.request, asked);
      }
    }
  }

  template <class Request>
  void send(wire::Connection& connection, std::int32_t broker, const Request& request, const EndsQueue::Asked& asked) {
    connection.call(request, kRequestTimeout,
                    [weak = weak_from_this(), broker, asked](wire::Reply<typename Request::Response> reply) {
                      if (const auto self = weak.lock()) self->on_reply(broker, asked, reply);
                    });
  }

  bool take(std::int32_t broker, const EndsQueue::Asked& asked, const wire::Reply<wire::msg::ListOffsetsResponse>& reply,
            const EndsQueue::Answered& done) {
    return queue_.answered(broker, asked, reply ? &*reply : nullptr, clock_now(), done);
  }

  bool take(std::int32_t broker, const EndsQueue::Asked& asked,
            const wire::Reply<wire::msg::OffsetForLeaderEpochResponse>& reply, const EndsQueue::Answered& done) {
    const bool lacks = !reply && reply.error().kind == ErrorKind::invalid;
    return queue_.answered_epochs(broker, asked, reply ? &*reply : nullptr, lacks, clock_now(), done);
  }

  template <class Response>
  void on_reply(std::int32_t broker, const EndsQueue::Asked& asked, const wire::Reply<Response>& reply) {
    if (cluster_ == nullptr) return;
    if (!reply) ++counters_.failures;
    const bool metadata_is_old = take(broker, asked, reply, [this](const core::Ends& ends) {
      ++counters_.answers;
      if (cluster_ != nullptr) answered_(ends);
    });
    if (cluster_ == nullptr) return;
    if (metadata_is_old) cluster_->refresh_soon();
    pump_soon();
  }

  void wait_for(wire::Connection& connection, std::int32_t broker) {
    if (!waiting_.insert(broker).second) return;
    connection.when_ready(kRequestTimeout, [weak = weak_from_this(), broker](Result<void>) {
      if (const auto self = weak.lock()) {
        self->waiting_.erase(broker);
        if (self->cluster_ != nullptr) self->pump_soon();
      }
    });
  }

  // A topic that metadata asked for from now on still lacks is gone.
  void look_for_missing(const wire::Metadata& metadata) {
    if (looking_ || metadata.brokers.empty()) return;
    auto missing = queue_.without([&](const EndsQueue::Key& key) {
      return metadata.find_partition(key.first, key.second) != nullptr;
    });
    if (missing.empty()) return;
    looking_ = true;
    cluster_->refresh(kRequestTimeout,
                      [weak = weak_from_this(), missing = std::move(missing)](const Result<void>& refreshed) {
                        if (const auto self = weak.lock()) self->on_looked(missing, refreshed.ok());
                      });
  }

  void on_looked(const std::vector<EndsQueue::Key>& missing, bool refreshed) {
    looking_ = false;
    if (cluster_ == nullptr) return;
    const auto metadata = cluster_->metadata();
    for (const EndsQueue::Key& key : missing) {
      if (refreshed && metadata->find_partition(key.first, key.second) == nullptr) queue_.drop(key);
    }
    pump_soon();
  }

  void arm_timer(core::Time now) {
    const auto due = queue_.next_due();
    if (!due) return;
    timer_.expires_at(std::max(*due, now + kLeaderlessPause));
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr && self->cluster_ != nullptr) {
        self->cluster_->refresh_soon();
        self->pump();
      }
    });
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  boost::asio::steady_timer timer_;
  std::function<void(const core::Ends&)> answered_;
  EndsQueue queue_;
  EndsCounters counters_;
  bool pump_posted_ = false;
  bool looking_ = false;
  std::set<std::int32_t> waiting_;  // brokers whose connection is awaited
};

EndsAsker::EndsAsker(boost::asio::io_context& io, wire::Cluster& cluster,
                     std::function<void(const core::Ends&)> answered)
    : core_(std::make_shared<Core>(io, cluster, std::move(answered))) {}

EndsAsker::~EndsAsker() { stop(); }

void EndsAsker::ask(const log::EndsQuery& query) { core_->ask(query); }

void EndsAsker::stop() { core_->stop(); }

const EndsCounters& EndsAsker::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
