// Writes commits of many groups as fast as the broker takes them, or at a rate.
//
// A consumer commits some times a second; thousands of them would be needed for the
// 100,000 commits a second of a large cluster. But one OffsetCommit request carries many
// partitions, and the broker writes a record for each into `__consumer_offsets`, which
// is all that a gateway's tail sees. So this commits all partitions of a topic for one
// group after the other, through librdkafka's admin client, without being a member.
//
// Offsets go round from 1 to the partitions' end, so that each commit moves and none lies
// beyond what is there. `--fill N` writes N records to each partition before.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "support/rdkafka.h"

namespace tidemark::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string kafka = "127.0.0.1:9092";
  std::string topic = "tail";
  int partitions = 100;
  int groups = 1;
  int end = 1'000;
  int fill = 0;
  double rate = 0;  // commits a second
  long count = 0;
  double seconds = 10;
  int in_flight = 16;  // requests
};

void fill(const Options& options) {
  auto producer = test::make_handle(RD_KAFKA_PRODUCER, test::make_conf(options.kafka, {{"linger.ms", "20"}, {"acks", "all"},
                                                                                      {"queue.buffering.max.messages", "1000000"}}));
  for (int i = 0; i < options.fill; ++i)
    for (int p = 0; p < options.partitions; ++p) {
      const auto code = rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(options.topic.c_str()), RD_KAFKA_V_PARTITION(p),
                                          RD_KAFKA_V_VALUE(const_cast<char*>("x"), 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                          RD_KAFKA_V_END);
      test::throw_on(code, "produce");
    }
  test::throw_on(rd_kafka_flush(producer.get(), 120'000), "flush");
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        client_(test::make_handle(RD_KAFKA_PRODUCER, test::make_conf(options.kafka, {}))),
        queue_(rd_kafka_queue_new(client_.get())) {}

  void run() {
    const auto began = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
    // Commits that were refused (a young coordinator) are written again.
    const auto over = [&] { return options_.count > 0 ? sent_ - failed_ >= options_.count : elapsed() >= options_.seconds; };
    while (!over() || in_flight_ > 0) {
      if (over()) {
        take_result();
        continue;
      }
      while (in_flight_ >= options_.in_flight) take_result();
      if (options_.rate > 0)
        std::this_thread::sleep_until(began + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(static_cast<double>(sent_) / options_.rate)));
      send();
    }
    const long done = sent_ - failed_;
    std::printf("{\"groups\": %d, \"commits\": %ld, \"failed\": %ld, \"seconds\": %.3f, \"rate\": %.0f}\n", options_.groups, done,
                failed_, elapsed(), static_cast<double>(done) / elapsed());
  }

 private:
  void send() {
    const std::string group = "group-" + std::to_string(round_ % options_.groups);
    const std::int64_t offset = 1 + round_ / options_.groups % options_.end;
    ++round_;
    test::KafkaPartitions offsets(rd_kafka_topic_partition_list_new(options_.partitions));
    for (int p = 0; p < options_.partitions; ++p)
      rd_kafka_topic_partition_list_add(offsets.get(), options_.topic.c_str(), p)->offset = offset;
    rd_kafka_AlterConsumerGroupOffsets_t* change = rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), offsets.get());
    rd_kafka_AlterConsumerGroupOffsets(client_.get(), &change, 1, nullptr, queue_.get());
    rd_kafka_AlterConsumerGroupOffsets_destroy(change);
    ++in_flight_;
    sent_ += options_.partitions;
  }
  void take_result() {
    const test::KafkaEvent event(rd_kafka_queue_poll(queue_.get(), 60'000));
    if (!event) throw std::runtime_error("the broker has not answered for a minute");
    --in_flight_;
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(rd_kafka_event_error_string(event.get()), options_.partitions);
    // A request that was answered may have been refused for the group, or for a partition.
    std::size_t count = 0;
    const auto* groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
    for (std::size_t g = 0; g < count; ++g) {
      if (const auto* error = rd_kafka_group_result_error(groups[g])) {
        fail(rd_kafka_error_string(error), options_.partitions);
        continue;
      }
      const auto* partitions = rd_kafka_group_result_partitions(groups[g]);
      for (int p = 0; p < partitions->cnt; ++p)
        if (partitions->elems[p].err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(partitions->elems[p].err), 1);
    }
  }
  void fail(const char* why, long commits) {
    if (failed_ == 0) std::fprintf(stderr, "commit_load: %s\n", why);
    failed_ += commits;
  }

  const Options& options_;
  test::KafkaHandle client_;
  test::KafkaQueue queue_;
  long round_ = 0, sent_ = 0, failed_ = 0;
  int in_flight_ = 0;
};

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Commits all partitions of a topic for group-0, group-1 and so on, over and over", "commit_load");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("--partitions", options.partitions)->capture_default_str();
  app.add_option("--groups", options.groups)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--end", options.end, "of the partitions: the highest offset committed")->capture_default_str();
  app.add_option("--fill", options.fill, "first write as many records to each partition, and end")->capture_default_str();
  app.add_option("--rate", options.rate, "commits a second; 0: as fast as they are taken")->capture_default_str();
  app.add_option("--count", options.count, "commits; 0: by --seconds")->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "requests")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.fill > 0) tidemark::bench::fill(options);
    else tidemark::bench::Load(options).run();
    return 0;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "commit_load: %s\n", error.what()), 1;
  }
}
