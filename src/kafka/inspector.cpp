#include "kafka/inspector.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <set>
#include <utility>

#include "kafka/inspection.h"
#include "wire/cluster.h"

namespace tidemark::kafka {
namespace {

constexpr core::Duration kLongestBound = std::chrono::hours(1);

}  // namespace

class Inspector::Core : public std::enable_shared_from_this<Inspector::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster) : io_(io), cluster_(&cluster) {}

  void inspect(core::Duration bound, const std::vector<core::Partition>& blind,
               std::function<void(log::ClusterFacts)> done) {
    if (cluster_ == nullptr) return;
    if (runs_.size() >= kMost) {
      return boost::asio::post(io_, [self = shared_from_this(), done = std::move(done)] {
        if (self->cluster_ != nullptr) done({});
      });
    }
    auto run = std::make_shared<Run>(io_);
    run->bound = std::clamp(bound, core::Duration::zero(), kLongestBound);
    run->done = std::move(done);
    for (const core::Partition partition : blind) run->inspection.blind(partition);
    runs_.insert(run);
    run->timer.expires_after(run->bound);
    run->timer.async_wait([weak = weak_from_this(), run](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->finish(run);
    });
    boost::asio::post(io_, [self = shared_from_this(), run] { self->begin(run); });
  }

  void stop() {
    cluster_ = nullptr;
    for (const auto& run : runs_) run->timer.cancel();
    runs_.clear();
  }

 private:
  struct Run {
    explicit Run(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    core::Duration bound{};
    std::function<void(log::ClusterFacts)> done;
    Inspection inspection;
    std::size_t open = 0;  // requests
  };
  using RunPtr = std::shared_ptr<Run>;

  void begin(const RunPtr& run) {
    if (cluster_ == nullptr) return;
    ++run->open;
    for (const auto& [broker, address] : cluster_->metadata()->brokers) {
      ask(run, cluster_->connection(broker, wire::Purpose::ask), Inspection::ask_broker(broker),
          [](Core&, const RunPtr& now, const auto& response) { now->inspection.answered(response); });
    }
    ask(run, cluster_->any_connection(wire::Purpose::ask), Inspection::ask_topics(),
        [](Core& self, const RunPtr& now, const auto& response) {
          now->inspection.answered(response);
          for (const auto& request : now->inspection.ask_settings()) {
            self.ask(now, self.cluster_->any_connection(wire::Purpose::ask), request,
                     [](Core&, const RunPtr& later, const auto& settings) { later->inspection.answered(settings); });
          }
        });
    answered(run);
  }

  template <class Request, class Took>
  void ask(const RunPtr& run, const std::shared_ptr<wire::Connection>& connection, const Request& request, Took took) {
    if (connection == nullptr) return;
    ++run->open;
    const auto bound = std::chrono::duration_cast<wire::Duration>(run->bound);
    const auto call = [weak = weak_from_this(), run, request, took, bound](wire::Connection& ready) {
      ready.call(request, bound, [weak, run, took](wire::Reply<typename Request::Response> reply) {
        const auto self = weak.lock();
        if (self == nullptr || self->cluster_ == nullptr) return;
        if (reply) took(*self, run, *reply);
        self->answered(run);
      });
    };
    if (connection->ready()) return call(*connection);
    connection->when_ready(bound, [weak = weak_from_this(), run, call,
                                   there = std::weak_ptr(connection)](const Result<void>& ready) {
      const auto self = weak.lock();
      if (self == nullptr || self->cluster_ == nullptr) return;
      const auto still_there = there.lock();
      if (!ready || still_there == nullptr) return self->answered(run);
      call(*still_there);
    });
  }

  void answered(const RunPtr& run) {
    if (--run->open == 0) finish(run);
  }

  void finish(const RunPtr& run) {
    if (runs_.erase(run) == 0) return;
    run->timer.cancel();
    const auto done = std::move(run->done);
    done(run->inspection.facts());
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  std::set<RunPtr> runs_;
};

Inspector::Inspector(boost::asio::io_context& io, wire::Cluster& cluster)
    : core_(std::make_shared<Core>(io, cluster)) {}

Inspector::~Inspector() { stop(); }

void Inspector::inspect(core::Duration bound, const std::vector<core::Partition>& blind,
                        std::function<void(log::ClusterFacts)> done) {
  core_->inspect(bound, blind, std::move(done));
}
void Inspector::stop() { core_->stop(); }

}  // namespace tidemark::kafka
