#include "kafka/follower.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "wire/cluster.h"

namespace tidemark::kafka {
namespace {

constexpr auto kRequestTimeout = std::chrono::seconds(4);
constexpr auto kCreateTimeout = std::chrono::seconds(10);
// The least time between two looks for what is due.
constexpr auto kTick = std::chrono::milliseconds(10);

core::Time clock_now() { return std::chrono::steady_clock::now(); }

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

class Follower::Core : public std::enable_shared_from_this<Follower::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, std::vector<log::Follow> topics, FollowSettings settings,
       Callbacks callbacks)
      : io_(io),
        cluster_(&cluster),
        timer_(io),
        settings_(settings),
        callbacks_(std::move(callbacks)),
        plan_(std::move(topics), settings, unix_ms()) {}

  void start() {
    subscription_ = cluster_->on_metadata([weak = weak_from_this()](const wire::Metadata&) {
      if (const auto self = weak.lock()) self->pump_soon();
    });
  }

  void note_ends() {
    plan_.note_ends();
    pump_soon();
  }

  bool caught_up() { return plan_.caught_up(clock_now()); }
  std::optional<std::string> stalled(core::Duration bound) const { return plan_.stalled(bound, clock_now()); }
  FollowCounters counters() const { return plan_.counters(); }

  void stop() {
    cluster_ = nullptr;
    subscription_.reset();
    timer_.cancel();
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
    plan_.on_metadata(*metadata, now);
    if (const auto request = plan_.creation(now)) {
      send(metadata->controller, wire::Purpose::ask, *request, kCreateTimeout,
           [](Core& self, wire::msg::CreateTopicsResponse* response) { self.plan_.created(response, clock_now()); });
    }
    for (FollowPlan::AskOffsets& ask : plan_.offsets(*metadata, now)) {
      const auto request = std::move(ask.request);
      send(ask.broker, wire::Purpose::ask, request, kRequestTimeout,
           [ask](Core& self, wire::msg::ListOffsetsResponse* response) {
             self.plan_.answered(ask, response, clock_now());
           });
    }
    const auto long_poll = std::chrono::milliseconds(settings_.max_wait_ms) + kRequestTimeout;
    for (FollowPlan::AskRecords& ask : plan_.records(*metadata, now)) {
      const auto request = std::move(ask.request);
      send(ask.broker, wire::Purpose::follow, request, long_poll,
           [ask](Core& self, wire::msg::FetchResponse* response) {
             self.plan_.answered(ask, response, clock_now(), self.callbacks_.record);
           });
    }
    if (plan_.take_metadata_is_old()) cluster_->refresh_soon();
    for (const std::string& trouble : plan_.take_troubles()) callbacks_.trouble(trouble);
    if (const auto due = plan_.next_due()) arm_timer(std::max(*due, now + kTick));
  }

  // Calls `done` later, with null when there is no answer; not after stop().
  template <class Request, class Done>
  void send(std::int32_t broker, wire::Purpose purpose, const Request& request, wire::Duration timeout, Done done) {
    // Who the controller is may not be known; any broker passes the request on.
    const auto connection =
        broker < 0 ? cluster_->any_connection(purpose) : cluster_->connection(broker, purpose);
    if (connection == nullptr) {
      return boost::asio::post(io_, [self = shared_from_this(), done] { self->finish<Request>(done, nullptr); });
    }
    if (connection->ready()) return call(*connection, request, timeout, std::move(done));
    connection->when_ready(timeout, [weak = weak_from_this(), there = std::weak_ptr(connection), request, timeout,
                                     done](const Result<void>& ready) {
      const auto self = weak.lock();
      if (self == nullptr || self->cluster_ == nullptr) return;
      const auto still_there = there.lock();
      if (!ready || still_there == nullptr) return self->finish<Request>(done, nullptr);
      self->call(*still_there, request, timeout, done);
    });
  }

  template <class Request, class Done>
  void call(wire::Connection& connection, const Request& request, wire::Duration timeout, Done done) {
    connection.call(request, timeout,
                    [weak = weak_from_this(), done = std::move(done)](wire::Reply<typename Request::Response> reply) {
                      if (const auto self = weak.lock()) self->finish<Request>(done, reply ? &*reply : nullptr);
                    });
  }

  // `done` by value: a reference to one that captures nothing is, to g++ with
  // sanitizers, a look into memory that was never written.
  template <class Request, class Done>
  void finish(Done done, typename Request::Response* response) {
    if (cluster_ == nullptr) return;
    done(*this, response);
    if (cluster_ == nullptr) return;
    callbacks_.moved();
    pump_soon();
  }

  void arm_timer(core::Time at) {
    timer_.expires_at(at);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->pump();
    });
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  boost::asio::steady_timer timer_;
  FollowSettings settings_;
  Callbacks callbacks_;
  FollowPlan plan_;
  wire::Subscription subscription_;
  bool pump_posted_ = false;
};

Follower::Follower(boost::asio::io_context& io, wire::Cluster& cluster, std::vector<log::Follow> topics,
                   FollowSettings settings, Callbacks callbacks)
    : core_(std::make_shared<Core>(io, cluster, std::move(topics), settings, std::move(callbacks))) {
  core_->start();
}

Follower::~Follower() { stop(); }

void Follower::note_ends() { core_->note_ends(); }
bool Follower::caught_up() { return core_->caught_up(); }
std::optional<std::string> Follower::stalled(core::Duration bound) const { return core_->stalled(bound); }
void Follower::stop() { core_->stop(); }
FollowCounters Follower::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
