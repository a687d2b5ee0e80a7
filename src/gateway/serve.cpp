#include "gateway/serve.h"

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "gateway/gateway.h"
#include "gateway/logging.h"
#include "http/descriptors.h"
#include "http/server.h"
#include "http/service.h"
#include "kafka/kafka_log.h"

namespace tidemark::gateway {
namespace {

void add_http_metrics(Families& families, const http::Counters& counters, const http::Service& service) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  add_gauge(families, "tidemark_http_connections", "HTTP connections open now.", number(counters.open));
  add_gauge(families, "tidemark_http_held", "HTTP requests without an answer yet.", number(counters.held));
  add_counter(families, "tidemark_http_accepted_total", "HTTP connections accepted.", number(counters.accepted));
  add_counter(families, "tidemark_http_turned_away_total", "HTTP connections over the limit.", number(counters.turned_away));
  add_counter(families, "tidemark_http_gone_total", "Clients that left before their answer.", number(counters.gone));
  add_counter(families, "tidemark_http_received_bytes_total", "Bytes received.", number(counters.bytes_in));
  add_counter(families, "tidemark_http_sent_bytes_total", "Bytes sent.", number(counters.bytes_out));
  std::vector<std::pair<std::string, double>> statuses;
  for (const auto& [status, count] : service.statuses()) statuses.emplace_back(std::to_string(status), number(count));
  add_counters(families, "tidemark_http_responses_total", "Answers by status.", "status", statuses);
}

void add_kafka_metrics(Families& families, const kafka::KafkaCounters& counters) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  add_counter(families, "tidemark_kafka_lost_total", "Times Kafka could not be reached.", number(counters.times_lost));
  add_counter(families, "tidemark_kafka_synced_total", "Times the groups and their positions became known.",
              number(counters.times_synced));
  add_counters(families, "tidemark_kafka_appends_total", "Events by what became of them.", "fate",
               {{"appended", number(counters.produce.appended)},
                {"not_appended", number(counters.produce.not_appended)},
                {"unknown", number(counters.produce.unknown)}});
  add_counter(families, "tidemark_kafka_produce_requests_total", "Produce requests sent.", number(counters.produce.requests));
  add_counter(families, "tidemark_kafka_produce_failures_total", "Produce requests without an answer.",
              number(counters.produce.request_failures));
  add_gauge(families, "tidemark_kafka_append_queue_bytes", "Bytes of events without an end yet.",
            number(counters.produce.open_bytes));
  add_counter(families, "tidemark_kafka_tail_records_total", "Records read from the commit log.",
              number(counters.tail.read.records));
  add_counter(families, "tidemark_kafka_tail_failures_total", "Fetches without an answer.", number(counters.tail.fetch_failures));
  add_gauge(families, "tidemark_kafka_tail_lag", "Records of the commit log not read yet.", number(counters.tail.lag));
  add_gauge(families, "tidemark_kafka_held_commits", "Transactional commits waiting for their marker.",
            number(counters.tail.held_records));
  add_counter(families, "tidemark_kafka_malformed_records_total", "Records of the commit log that mean nothing.",
              number(counters.tail.read.malformed_records + counters.tail.read.unreadable_values));
  add_counter(families, "tidemark_kafka_blinded_partitions_total", "Partitions of the commit log that cannot be read.",
              number(counters.tail.blinded_partitions));
  add_counters(families, "tidemark_kafka_looks_total", "Looks into a topic for an event or for what is visible.", "result",
               {{"found", number(counters.looks.found)},
                {"none", number(counters.looks.none)},
                {"failed", number(counters.looks.failed)},
                {"refused", number(counters.looks.refused)}});
  add_gauge(families, "tidemark_kafka_looks_open", "Looks under way.", number(counters.looks.open));
  const kafka::FollowCounters& follow = counters.follow;
  add_counter(families, "tidemark_kafka_followed_records_total", "Records read from the topics of acks and share groups.",
              number(follow.read.records));
  add_counter(families, "tidemark_kafka_followed_skipped_total", "Records and batches there that could not be read.",
              number(follow.read.skipped_records + follow.read.skipped_batches));
  add_counter(families, "tidemark_kafka_followed_errors_total", "Partitions there that a fetch could not read.",
              number(follow.errors));
  add_gauge(families, "tidemark_kafka_followed_denied", "Partitions there that may not be read, topics that may not be made.",
            number(follow.denied));
  add_counter(families, "tidemark_kafka_share_malformed_total", "Records of share groups' state that mean nothing.",
              number(counters.share.malformed));
  add_gauge(families, "tidemark_kafka_polling", "1 while the commit log is not read and groups are asked for positions.",
            counters.poll.polling ? 1 : 0);
  add_counter(families, "tidemark_kafka_polls_total", "Answers with a group's positions, while polling.",
              number(counters.poll.polls));
  add_counter(families, "tidemark_kafka_polled_rows_total", "Positions that polling found new, moved or gone.",
              number(counters.poll.rows));
  add_gauge(families, "tidemark_kafka_groups", "Groups in Kafka's list.", number(counters.known_groups));
  add_gauge(families, "tidemark_kafka_offsets_partitions", "Partitions of __consumer_offsets.",
            number(counters.offsets_partitions));
}

// Everything of a running gateway, made and destroyed in this order.
class Process {
 public:
  Process(const Settings& settings, std::unique_ptr<kafka::KafkaLog> log, std::unique_ptr<boost::asio::io_context> io)
      : settings_(settings),
        io_(std::move(io)),
        log_(std::move(log)),
        gateway_(*io_, settings_, *log_),
        service_(gateway_, settings_.waits),
        server_(*io_, service_, settings_.http),
        signals_(*io_, SIGTERM, SIGINT) {
    service_.attach(server_);
    gateway_.add_metrics([this](Families& families) { add_http_metrics(families, server_.counters(), service_); });
    gateway_.add_metrics([this](Families& families) { add_kafka_metrics(families, log_->counters()); });
  }

  Result<void> run() {
    if (auto listening = server_.listen({settings_.listen_address, settings_.listen_port}); !listening) return listening;
    const http::Capacity capacity = server_.capacity();
    if (capacity.limited_by_descriptors)
      spdlog::warn("the descriptor limit ({}) allows {} connections, fewer than limits.connections",
                   capacity.descriptor_limit, capacity.connections);
    const bool ipv6 = settings_.listen_address.find(':') != std::string::npos;
    spdlog::info("listening on {}{}{}:{}, Kafka at {}", ipv6 ? "[" : "", settings_.listen_address, ipv6 ? "]" : "",
                 server_.port(), settings_.kafka_bootstrap);
    gateway_.start(service_);
    await_signal();
    io_->run();
    return {};
  }

 private:
  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (draining_) {
        spdlog::warn("second signal: stopping at once");
        io_->stop();
        return;
      }
      draining_ = true;
      spdlog::info("{}: draining", number == SIGTERM ? "SIGTERM" : "SIGINT");
      await_signal();
      drain();
    });
  }

  // Held requests first, so that their answers have connections to go to; then
  // the connections, then the log.
  void drain() {
    service_.drain();
    gateway_.drain([this] {
      server_.drain([this] {
        log_->stop(settings_.drain_time, [this] {
          spdlog::info("drained");
          signals_.cancel();
          io_->stop();
        });
      });
    });
  }

  const Settings& settings_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<kafka::KafkaLog> log_;
  Gateway gateway_;
  http::Service service_;
  http::Server server_;
  boost::asio::signal_set signals_;
  bool draining_ = false;
};

}  // namespace

Result<void> serve(const Settings& settings) {
  set_up_logging(settings.log_level);
  for (const std::string& warning : settings.warnings) spdlog::warn("{}", warning);
  // Most systems let a process have 1024 descriptors until it asks for what it may have.
  spdlog::info("up to {} file descriptors", http::raise_descriptor_limit().soft);
  auto io = std::make_unique<boost::asio::io_context>(1);
  kafka::KafkaConfig config;
  config.bootstrap = settings.kafka_bootstrap;
  if (settings.poll_positions) config.positions = kafka::Positions::poll;
  config.produce.producer.max_bytes = settings.append_queue_bytes;
  auto log = kafka::KafkaLog::make(*io, config);
  if (!log) return log.error();
  return Process(settings, std::move(log).value(), std::move(io)).run();
}

}  // namespace tidemark::gateway
