// Counts page views: an ordinary Kafka consumer that has never heard of Tidemark.
//
// Polls a batch, does the work of each view (a stated time, standing for
// whatever a real one does), updates Redis, and commits the batch.
#include <librdkafka/rdkafka.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "demo/views.h"

namespace demo {
namespace {

using tidemark::Result;

constexpr std::chrono::seconds kRedisBound{5};
constexpr std::size_t kMaxBatch = 100;

volatile std::sig_atomic_t ending = 0;

struct Options {
  std::string bootstrap = "127.0.0.1:9092";
  std::string topic = "page-views";
  std::string group = "view-counter";
  std::uint16_t redis_port = 6379;
  int work_ms = 5;
};

struct DestroyMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, DestroyMessage>;

void on_rebalance(rd_kafka_t* kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions, void*) {
  const bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  rd_kafka_assign(kafka, assign ? partitions : nullptr);
  if (assign && partitions->cnt > 0) {
    std::printf("ready with %d partitions\n", partitions->cnt);
    std::fflush(stdout);
  }
}

rd_kafka_t* subscribe(const Options& options) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> reason{};
  const std::pair<const char*, std::string> settings[] = {{"bootstrap.servers", options.bootstrap},
                                                          {"group.id", options.group},
                                                          {"auto.offset.reset", "earliest"},
                                                          {"enable.auto.commit", "false"}};
  for (const auto& [key, value] : settings) {
    if (rd_kafka_conf_set(conf, key, value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s: %s\n", key, reason.data());
      rd_kafka_conf_destroy(conf);
      return nullptr;
    }
  }
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_t* kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  if (kafka == nullptr) {
    std::fprintf(stderr, "%s\n", reason.data());
    rd_kafka_conf_destroy(conf);
    return nullptr;
  }
  rd_kafka_poll_set_consumer(kafka);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, options.topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(kafka, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  return kafka;
}

// All that is at hand, at most kMaxBatch.
std::vector<Message> poll_batch(rd_kafka_t* kafka) {
  std::vector<Message> batch;
  int wait_ms = 200;
  while (batch.size() < kMaxBatch) {
    Message message(rd_kafka_consumer_poll(kafka, wait_ms));
    if (!message) break;
    wait_ms = 0;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      batch.push_back(std::move(message));
    } else {
      std::fprintf(stderr, "Kafka: %s\n", rd_kafka_message_errstr(message.get()));
    }
  }
  return batch;
}

// Key: the user; value: the path. The work comes first, then its effect.
Result<void> count(Views& views, const rd_kafka_message_t& message, int work_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(work_ms));
  const auto text = [](const void* data, std::size_t size) {
    return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
  };
  return views.add({text(message.key, message.key_len), text(message.payload, message.len)},
                   rd_kafka_message_timestamp(&message, nullptr));
}

void commit(rd_kafka_t* kafka, const Options& options, const std::map<std::int32_t, std::int64_t>& next_offsets) {
  rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets.size()));
  for (const auto& [partition, offset] : next_offsets) {
    rd_kafka_topic_partition_list_add(offsets, options.topic.c_str(), partition)->offset = offset;
  }
  const auto code = rd_kafka_commit(kafka, offsets, 0);
  rd_kafka_topic_partition_list_destroy(offsets);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) std::fprintf(stderr, "commit: %s\n", rd_kafka_err2str(code));
}

int consume(rd_kafka_t* kafka, Views& views, const Options& options) {
  while (ending == 0) {
    std::map<std::int32_t, std::int64_t> next_offsets;
    for (const Message& message : poll_batch(kafka)) {
      if (const auto counted = count(views, *message, options.work_ms); !counted) {
        // Not committed: whoever takes over counts these views.
        std::fprintf(stderr, "%s\n", counted.error().message.c_str());
        return 1;
      }
      next_offsets[message->partition] = message->offset + 1;
    }
    if (!next_offsets.empty()) commit(kafka, options, next_offsets);
  }
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Counts page views in Redis", "demo_consumer");
  app.add_option("--kafka", options.bootstrap, "Kafka's address")->capture_default_str();
  app.add_option("--topic", options.topic, "topic to consume")->capture_default_str();
  app.add_option("--group", options.group, "consumer group")->capture_default_str();
  app.add_option("--redis-port", options.redis_port, "port of Redis at 127.0.0.1")->capture_default_str();
  app.add_option("--work-ms", options.work_ms, "milliseconds of work a view")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, [](int) { ending = 1; });
  std::signal(SIGINT, [](int) { ending = 1; });

  auto views = Views::connect(options.redis_port, kRedisBound);
  if (!views) {
    std::fprintf(stderr, "%s\n", views.error().message.c_str());
    return 1;
  }
  rd_kafka_t* kafka = subscribe(options);
  if (kafka == nullptr) return 1;
  const int result = consume(kafka, *views, options);
  rd_kafka_consumer_close(kafka);
  rd_kafka_destroy(kafka);
  return result;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) { return demo::run(argc, argv); }
