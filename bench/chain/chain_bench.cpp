// What a wait through a chain of topics costs beyond the chain itself.
//
// The latency of a publish through eight consumers says nothing of Tidemark: it
// is the consumers' own. Measured here is what comes on top for the very same
// event: the answer's time less the time at which the latest of the chain's
// consumers got the reply to its commit, which is the earliest moment that anybody
// could know it. (That need not be the last consumer: one that waits until its
// output is acknowledged may commit after the next one has read it, and did.) The
// relays are librdkafka's, acknowledge what they write (acks=all) before they
// commit, and know nothing of Tidemark.
//
// Prints one row. bench/chain/measure runs it for depths, rates and partitions.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/http_load.h"
#include "common/measure.h"
#include "support/http_client.h"
#include "common/measure.h"
#include "support/rdkafka.h"

namespace tidemark::bench {
namespace {

using test::KafkaHandle;

struct Options {
  std::string kafka = "127.0.0.1:9092";
  std::string gateway = "127.0.0.1:8750";
  std::string prefix = "chain";
  int depth = 2;
  int partitions = 1;
  int events = 500;
  double rate = 0;  // a second; 0: one after the other
  int connections = 1;
};

// Reads one topic, writes the next, commits.
class Relay {
 public:
  Relay(const Options& options, int place, Replies& replies, std::atomic<int>& assigned)
      : last_(place + 1 == options.depth), replies_(replies), assigned_(assigned) {
    const std::string topic = options.prefix + "-" + std::to_string(place);
    out_ = options.prefix + "-" + std::to_string(place + 1);
    auto conf = test::make_conf(options.kafka, {{"group.id", options.prefix + "-relay-" + std::to_string(place)},
                                                {"auto.offset.reset", "earliest"},
                                                {"enable.auto.commit", "false"},
                                                {"fetch.wait.max.ms", "500"}});
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), [](rd_kafka_t* kafka, rd_kafka_resp_err_t code,
                                                  rd_kafka_topic_partition_list_t* partitions, void* self) {
      const bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
      rd_kafka_assign(kafka, assign ? partitions : nullptr);
      if (assign) static_cast<Relay*>(self)->assigned_ += partitions->cnt;
    });
    consumer_ = test::make_handle(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(consumer_.get());
    if (!last_) {
      auto producing = test::make_conf(options.kafka, {{"acks", "all"}, {"linger.ms", "0"}});
      // Without one rd_kafka_flush() looks every 10 ms only whether it is done.
      rd_kafka_conf_set_dr_msg_cb(producing.get(), [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
      producer_ = test::make_handle(RD_KAFKA_PRODUCER, std::move(producing));
    }
    test::KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    test::throw_on(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribe");
    thread_ = std::thread([this] { run(); });
  }
  ~Relay() {
    ending_ = true;
    thread_.join();
    rd_kafka_consumer_close(consumer_.get());
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

 private:
  void run() {
    while (!ending_) {
      std::vector<test::KafkaMessage> batch;
      for (int wait_ms = 100; batch.size() < 500; wait_ms = 0) {
        test::KafkaMessage message(rd_kafka_consumer_poll(consumer_.get(), wait_ms));
        if (!message) break;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) batch.push_back(std::move(message));
      }
      if (!batch.empty()) relay(batch);
    }
  }
  void relay(const std::vector<test::KafkaMessage>& batch) {
    test::KafkaPartitions offsets(rd_kafka_topic_partition_list_new(1));
    std::vector<std::size_t> events;
    for (const auto& message : batch) {
      const char* topic = rd_kafka_topic_name(message->rkt);
      auto* place = rd_kafka_topic_partition_list_find(offsets.get(), topic, message->partition);
      if (place == nullptr) place = rd_kafka_topic_partition_list_add(offsets.get(), topic, message->partition);
      place->offset = std::max(place->offset, message->offset + 1);
      std::size_t event = SIZE_MAX;
      const char* value = static_cast<const char*>(message->payload);
      std::from_chars(value, value + message->len, event);
      events.push_back(event);
      if (last_) continue;
      rd_kafka_resp_err_t code{};
      do {
        code = rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(out_.c_str()),
                                 RD_KAFKA_V_KEY(message->key, message->key_len),
                                 RD_KAFKA_V_VALUE(message->payload, message->len),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) rd_kafka_poll(producer_.get(), 1);
      } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
      test::throw_on(code, "produce");
    }
    if (!last_) test::throw_on(rd_kafka_flush(producer_.get(), 30'000), "flush");
    const auto code = rd_kafka_commit(consumer_.get(), offsets.get(), 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;  // a rebalance: whoever has the partition now goes on
    replies_.committed(events, now_us());
  }

  const bool last_;
  std::string out_;
  Replies& replies_;
  std::atomic<int>& assigned_;
  std::atomic<bool> ending_ = false;
  KafkaHandle consumer_, producer_;
  std::thread thread_;
};

// A counter of the gateway's, summed over its labels.
double metric(const Options& options, std::string_view name) {
  const Address gateway = address_of(options.gateway);
  const test::HttpResponse response = test::http(gateway.host, gateway.port, "GET", "/metrics");
  double sum = 0;
  for (std::size_t at = 0; at < response.body.size();) {
    const std::size_t end = std::min(response.body.find('\n', at), response.body.size());
    const std::string line = response.body.substr(at, end - at);
    at = end + 1;
    const bool ours = line.starts_with(name) && line.size() > name.size() && (line[name.size()] == ' ' || line[name.size()] == '{');
    if (ours) sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

HttpLoad load(const Options& options) {
  HttpLoad load;
  load.gateway = address_of(options.gateway);
  load.target = "/topics/" + options.prefix + "-0?wait=10s";
  load.connections = static_cast<std::size_t>(options.connections);
  load.rate = options.rate;
  load.events = static_cast<std::size_t>(options.events);
  load.keyed = true;
  return load;
}

int measure(const Options& options) {
  Replies replies(static_cast<std::size_t>(options.events), options.depth);
  std::atomic<int> assigned = 0;
  std::vector<std::unique_ptr<Relay>> relays;
  for (int i = 0; i < options.depth; ++i) relays.push_back(std::make_unique<Relay>(options, i, replies, assigned));
  while (assigned < options.depth * options.partitions) std::this_thread::sleep_for(std::chrono::milliseconds(10));

  constexpr const char* kRounds = "tidemark_fence_rounds_total";
  constexpr const char* kAsked = "tidemark_ends_asked_total";
  const double rounds = metric(options, kRounds), asked = metric(options, kAsked);
  const std::int64_t began = now_us();
  const std::vector<Sample> samples = run(load(options));
  const double seconds = static_cast<double>(now_us() - began) / 1e6;
  // An answer may be here before the last reply has been written down.
  for (int i = 0; i < 200 && replies.at(samples.size() - 1) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const double rounds_made = metric(options, kRounds) - rounds, questions = metric(options, kAsked) - asked;

  std::vector<std::int64_t> whole, floor, added;
  int others = 0;
  const std::size_t warm = samples.size() / 10;  // caches, first commits, connections
  for (std::size_t i = warm; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    const std::int64_t reply = replies.at(i);
    if (sample.status != 200 || reply == 0) {
      ++others;
      continue;
    }
    whole.push_back(sample.answered - sample.scheduled);
    floor.push_back(reply - sample.scheduled);
    added.push_back(sample.answered - reply);
  }
  const double whole_p50 = at_quantile(whole, 0.5), floor_p50 = at_quantile(floor, 0.5);
  std::printf("| %d | %d | %.0f | %.2f / %.2f | %.2f / %.2f | %.2f / %.2f | %.2f | %.2f | %.2f | %.1f | %d |\n", options.depth,
              options.partitions, static_cast<double>(options.events) / seconds, whole_p50, at_quantile(whole, 0.99),
              floor_p50, at_quantile(floor, 0.99), at_quantile(added, 0.5), at_quantile(added, 0.99),
              at_quantile(added, 0.5) / options.depth, floor_p50 > 0 ? whole_p50 / floor_p50 : 0,
              rounds_made / options.events, questions / seconds, others);
  return others == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Publishes through a chain of consumers and prints what the wait adds to the chain's own time", "chain_bench");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--gateway", options.gateway)->capture_default_str();
  app.add_option("--prefix", options.prefix, "topics PREFIX-0 to PREFIX-DEPTH")->capture_default_str();
  app.add_option("--depth", options.depth, "consumers in the chain")->check(CLI::Range(1, 32))->capture_default_str();
  app.add_option("--partitions", options.partitions, "of each topic")->capture_default_str();
  app.add_option("--events", options.events)->capture_default_str();
  app.add_option("--rate", options.rate, "publishes a second, on a schedule; 0: one after the other")->capture_default_str();
  app.add_option("--connections", options.connections)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return tidemark::bench::measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chain_bench: %s\n", error.what());
    return 1;
  }
}
