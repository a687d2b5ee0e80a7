// One Core, shared with the handlers it leaves with the reactor and the
// connections; each of them holds it weakly, so that none outlives a stop.
#include "kafka/produce_driver.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <limits>
#include <random>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "wire/client_alarm.h"
#include "wire/cluster.h"
#include "wire/connection.h"
#include "wire/error_codes.h"
#include "wire/generated/init_producer_id.h"
#include "wire/generated/produce.h"

namespace tidemark::kafka {
namespace {

constexpr std::int16_t kAllReplicas = -1;  // acks=all

core::Time clock_now() { return std::chrono::steady_clock::now(); }

std::function<std::uint64_t()> seeded_random() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable { return engine(); };
}

wire::msg::ProduceRequest encodable(const ProduceEffects::Send& send, core::Duration broker_timeout) {
  wire::msg::ProduceRequest request;
  request.acks = kAllReplicas;
  request.timeout_ms = static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(broker_timeout).count());
  for (const ProduceEffects::Part& part : send.parts) {
    if (request.topic_data.empty() || request.topic_data.back().name != part.topic) {
      auto& topic = request.topic_data.emplace_back();
      topic.name = std::string(part.topic);
      topic.topic_id = part.topic_id;
    }
    auto& partition = request.topic_data.back().partition_data.emplace_back();
    partition.index = part.partition;
    partition.records = part.batch;
  }
  return request;
}

}  // namespace

class ProduceDriver::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::io_context& io, wire::Cluster& cluster, ProduceOptions options, Deliver deliver)
      : io_(io),
        cluster_(cluster),
        options_(options),
        deliver_(std::move(deliver)),
        producer_(options.producer, seeded_random()),
        alarm_(io),
        bound_(io) {}

  void start() {
    subscription_ = cluster_.on_metadata([weak = weak_from_this()](const wire::Metadata&) {
      if (const auto core = weak.lock()) core->take_metadata();
    });
    take_metadata();
  }

  Result<void> append(log::AppendId id, log::Record record) {
    Result<void> taken = producer_.append(id, std::move(record), clock_now());
    if (taken.ok()) schedule();
    return taken;
  }
  std::optional<core::Delivery> withdraw(log::AppendId id) {
    std::optional<core::Delivery> end = producer_.withdraw(id);
    if (stopping_) schedule();
    return end;
  }
  void high_watermark(std::string_view topic, const Uuid& id, core::Partition partition, core::Offset offset) {
    producer_.high_watermark(topic, id, partition, offset);
  }

  void stop(core::Duration bound, std::function<void()> done) {
    if (stopping_ || closed_) return;
    stopping_ = true;
    done_ = std::move(done);
    producer_.refuse_appends();
    bound_.expires_after(bound);
    bound_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto core = weak.lock();
      if (error || !core) return;
      core->producer_.abandon("the gateway stops");
      core->schedule();
    });
    schedule();
  }

  void close() {
    closed_ = true;
    subscription_.reset();
    alarm_.cancel();
    bound_.cancel();
  }

  ProduceCounters counters() const {
    ProduceCounters counters = counters_;
    counters.open_records = producer_.open_records();
    counters.open_bytes = producer_.open_bytes();
    return counters;
  }

  void on_alarm() { turn(); }

 private:
  void schedule() {
    if (scheduled_ || closed_) return;
    scheduled_ = true;
    boost::asio::post(io_, [weak = weak_from_this()] {
      const auto core = weak.lock();
      if (!core) return;
      core->scheduled_ = false;
      core->turn();
    });
  }

  void turn() {
    if (closed_) return;
    const auto self = shared_from_this();
    producer_.flush(clock_now());
    const ProduceEffects effects = producer_.take_effects();
    send_all(effects.sends);
    if (effects.ask_producer_id) ask_producer_id();
    if (effects.refresh_metadata) refresh();
    for (const ProduceEffects::Delivered& delivered : effects.deliveries) {
      count(delivered.delivery.fate);
      deliver_(delivered.id, delivered.delivery);
      if (closed_) return;
    }
    if (stopping_ && producer_.open_records() == 0) return finish();
    if (const std::optional<core::Time> wake = producer_.next_wake()) alarm_.arm(self, *wake);
  }

  void finish() {
    close();
    if (done_) std::exchange(done_, nullptr)();
  }

  // The batches are views of the producer's, which any call to it ends; so what
  // could not be sent is said after the last request was.
  void send_all(const std::vector<ProduceEffects::Send>& sends) {
    std::vector<std::pair<std::uint64_t, Error>> refused;
    for (const ProduceEffects::Send& send : sends) {
      ++counters_.requests;
      counters_.batches += send.parts.size();
      for (const ProduceEffects::Part& part : send.parts) counters_.batch_bytes += part.batch.size();
      const Result<void> sent = send_one(send);
      if (!sent.ok()) refused.emplace_back(send.request, sent.error());
    }
    for (const auto& [request, why] : refused) request_failed(request, false, why);
  }

  Result<void> send_one(const ProduceEffects::Send& send) {
    const std::shared_ptr<wire::Connection> connection = cluster_.connection(send.broker, wire::Purpose::produce);
    if (!connection) return Error{ErrorKind::unavailable, "broker " + std::to_string(send.broker) + " is not known"};
    if (!connection->ready()) await_broker(send.broker, *connection);
    return connection->send(encodable(send, options_.broker_timeout), options_.request_timeout,
                            [weak = weak_from_this(), number = send.request](
                                const wire::Reply<wire::msg::ProduceResponse>& reply) {
                              if (const auto core = weak.lock()) core->replied(number, reply);
                            });
  }

  void replied(std::uint64_t number, const wire::Reply<wire::msg::ProduceResponse>& reply) {
    if (closed_) return;
    if (!reply.ok()) return request_failed(number, reply.maybe_sent(), reply.error());
    producer_.answered(number, *reply, clock_now());
    schedule();
  }

  void request_failed(std::uint64_t number, bool maybe_sent, const Error& why) {
    if (closed_) return;
    ++counters_.request_failures;
    producer_.request_failed(number, maybe_sent, why, clock_now());
    schedule();
  }

  void await_broker(std::int32_t broker, wire::Connection& connection) {
    if (!awaited_.insert(broker).second) return;
    connection.when_ready(options_.ask_timeout, [weak = weak_from_this(), broker](const Result<void>& ready) {
      const auto core = weak.lock();
      if (!core || core->closed_) return;
      core->awaited_.erase(broker);
      if (!ready.ok()) return;
      core->producer_.broker_ready(broker);
      core->schedule();
    });
  }

  void take_metadata() {
    const std::shared_ptr<const wire::Metadata> metadata = cluster_.metadata();
    if (closed_ || metadata == metadata_ || metadata->brokers.empty()) return;
    metadata_ = metadata;
    producer_.metadata(metadata, clock_now());
    schedule();
  }

  void refresh() {
    cluster_.refresh(options_.ask_timeout, [weak = weak_from_this()](const Result<void>& refreshed) {
      const auto core = weak.lock();
      if (!core || core->closed_) return;
      core->take_metadata();
      core->producer_.metadata_refreshed(refreshed.ok(), clock_now());
      core->schedule();
    });
  }

  void ask_producer_id() {
    const std::shared_ptr<wire::Connection> connection = cluster_.any_connection(wire::Purpose::produce);
    if (!connection) return producer_id_failed(0, "no broker is known");
    connection->when_ready(options_.ask_timeout, [weak = weak_from_this(), connection](const Result<void>& ready) {
      const auto core = weak.lock();
      if (!core || core->closed_) return;
      if (!ready.ok()) return core->producer_id_failed(0, ready.error().message);
      core->send_producer_id(*connection);
    });
  }

  void send_producer_id(wire::Connection& connection) {
    wire::msg::InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    request.transaction_timeout_ms = std::numeric_limits<std::int32_t>::max();  // means nothing without transactions
    connection.call(request, options_.ask_timeout,
                    [weak = weak_from_this()](const wire::Reply<wire::msg::InitProducerIdResponse>& reply) {
                      const auto core = weak.lock();
                      if (!core || core->closed_) return;
                      if (!reply.ok()) return core->producer_id_failed(0, reply.error().message);
                      if (reply->error_code != 0) {
                        return core->producer_id_failed(reply->error_code, produce::error_text(reply->error_code));
                      }
                      ++core->counters_.producer_ids;
                      core->producer_.producer_id(reply->producer_id, reply->producer_epoch, clock_now());
                      core->schedule();
                    });
  }

  void producer_id_failed(std::int16_t code, const std::string& why) {
    producer_.producer_id_failed(code, why, clock_now());
    schedule();
  }

  void count(core::Delivery::Fate fate) {
    switch (fate) {
      case core::Delivery::Fate::appended: ++counters_.appended; return;
      case core::Delivery::Fate::not_appended: ++counters_.not_appended; return;
      case core::Delivery::Fate::unknown: ++counters_.unknown; return;
    }
  }

  boost::asio::io_context& io_;
  wire::Cluster& cluster_;
  const ProduceOptions options_;
  const Deliver deliver_;
  Producer producer_;
  wire::Alarm alarm_;
  boost::asio::steady_timer bound_;
  wire::Subscription subscription_;
  std::shared_ptr<const wire::Metadata> metadata_;
  std::unordered_set<std::int32_t> awaited_;  // brokers that are being connected to
  std::function<void()> done_;
  ProduceCounters counters_;
  bool scheduled_ = false;
  bool stopping_ = false;
  bool closed_ = false;
};

ProduceDriver::ProduceDriver(boost::asio::io_context& io, wire::Cluster& cluster, ProduceOptions options,
                             Deliver deliver)
    : core_(std::make_shared<Core>(io, cluster, options, std::move(deliver))) {
  core_->start();
}

ProduceDriver::~ProduceDriver() { core_->close(); }

Result<void> ProduceDriver::append(log::AppendId id, log::Record record) {
  return core_->append(id, std::move(record));
}

std::optional<core::Delivery> ProduceDriver::withdraw(log::AppendId id) { return core_->withdraw(id); }

void ProduceDriver::high_watermark(std::string_view topic, const Uuid& topic_id, core::Partition partition,
                                   core::Offset offset) {
  core_->high_watermark(topic, topic_id, partition, offset);
}

void ProduceDriver::stop(core::Duration bound, std::function<void()> done) { core_->stop(bound, std::move(done)); }

ProduceCounters ProduceDriver::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
