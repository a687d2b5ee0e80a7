#include "kafka/log_access.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "kafka/tail_driver.h"
#include "wire/cluster.h"
#include "wire/error_codes.h"
#include "wire/generated/fetch.h"
#include "wire/generated/metadata.h"

namespace tidemark::kafka {
namespace {

constexpr auto kBound = std::chrono::seconds(3);

bool is(std::int16_t code, wire::ErrorCode error) { return code == static_cast<std::int16_t>(error); }

}  // namespace

class LogAccess::Core : public std::enable_shared_from_this<LogAccess::Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster) : io_(io), cluster_(&cluster) {}

  void check(std::function<void(Access)> done) {
    if (cluster_ == nullptr || done_) return;
    done_ = std::move(done);
    wire::msg::MetadataRequest request;
    request.topics.emplace();
    request.topics->emplace_back().name = kOffsetsTopic;
    request.allow_auto_topic_creation = false;
    ask(cluster_->any_connection(wire::Purpose::ask), std::move(request),
        [](Core& self, const wire::msg::MetadataResponse& reply) { self.on_metadata(reply); });
  }

  void stop() {
    cluster_ = nullptr;
    done_ = nullptr;
  }

 private:
  void on_metadata(const wire::msg::MetadataResponse& reply) {
    if (reply.topics.empty()) return finish(Access::absent);
    const auto& topic = reply.topics.front();
    if (is(topic.error_code, wire::ErrorCode::topic_authorization_failed)) return finish(Access::denied);
    if (is(topic.error_code, wire::ErrorCode::unknown_topic_or_partition)) return finish(Access::absent);
    if (topic.error_code != 0) return finish(Access::unknown);
    for (const auto& partition : topic.partitions) {
      if (partition.error_code == 0 && partition.leader_id >= 0) return fetch(topic.topic_id, partition);
    }
    finish(Access::unknown);
  }

  // Where in the log does not matter: permission is looked at first.
  void fetch(const Uuid& topic_id, const wire::msg::MetadataResponse::MetadataResponsePartition& partition) {
    wire::msg::FetchRequest request;
    request.replica_id = -1;
    request.max_wait_ms = 0;
    request.min_bytes = 1;
    request.max_bytes = 1;
    request.session_id = 0;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.topic = kOffsetsTopic;
    topic.topic_id = topic_id;
    auto& wanted = topic.partitions.emplace_back();
    wanted.partition = partition.partition_index;
    wanted.current_leader_epoch = -1;
    wanted.fetch_offset = 0;
    wanted.partition_max_bytes = 1;
    ask(cluster_->connection(partition.leader_id, wire::Purpose::ask), std::move(request),
        [](Core& self, const wire::msg::FetchResponse& reply) { self.on_fetched(reply); });
  }

  void on_fetched(const wire::msg::FetchResponse& reply) {
    if (reply.error_code != 0 || reply.responses.empty() || reply.responses.front().partitions.empty())
      return finish(Access::unknown);
    const std::int16_t code = reply.responses.front().partitions.front().error_code;
    if (is(code, wire::ErrorCode::topic_authorization_failed)) return finish(Access::denied);
    const bool read = code == 0 || is(code, wire::ErrorCode::offset_out_of_range);
    finish(read ? Access::readable : Access::unknown);
  }

  template <class Request, class Took>
  void ask(std::shared_ptr<wire::Connection> connection, Request request, Took took) {
    if (connection == nullptr) {
      boost::asio::post(io_, [self = shared_from_this()] { self->finish(Access::unknown); });
      return;
    }
    connection->when_ready(kBound, [weak = weak_from_this(), there = std::weak_ptr(connection),
                                    request = std::move(request), took](const Result<void>& ready) {
      const auto self = weak.lock();
      if (self == nullptr || self->cluster_ == nullptr) return;
      const auto still_there = there.lock();
      if (!ready || still_there == nullptr) return self->finish(Access::unknown);
      still_there->call(request, kBound, [weak, took](wire::Reply<typename Request::Response> reply) {
        const auto then = weak.lock();
        if (then == nullptr || then->cluster_ == nullptr) return;
        if (!reply) return then->finish(Access::unknown);
        took(*then, *reply);
      });
    });
  }

  void finish(Access access) {
    if (cluster_ == nullptr || !done_) return;
    std::exchange(done_, nullptr)(access);
  }

  boost::asio::io_context& io_;
  wire::Cluster* cluster_;  // null once stopped
  std::function<void(Access)> done_;
};

LogAccess::LogAccess(boost::asio::io_context& io, wire::Cluster& cluster)
    : core_(std::make_shared<Core>(io, cluster)) {}

LogAccess::~LogAccess() { stop(); }

void LogAccess::check(std::function<void(Access)> done) { core_->check(std::move(done)); }
void LogAccess::stop() { core_->stop(); }

}  // namespace tidemark::kafka
