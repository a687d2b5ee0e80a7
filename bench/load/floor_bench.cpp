// How far an answer is behind the earliest moment at which it can be known.
//
// One consumer commits; half of the events are published through the gateway, half
// by librdkafka, taking turns in one run, so that whatever else the machine does
// hits both. The floor of an event is the reply to its commit: of the gateway's
// events the answer less that reply is what the gateway adds; of the two halves the
// ratio of medians, answer to reply, is what its publishers pay in all.
//
// Prints a row for each load, and with --json a line for the plot.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "common/committer.h"
#include "common/http_load.h"
#include "common/measure.h"

namespace tidemark::bench {
namespace {

struct Options {
  std::string kafka = "127.0.0.1:9092";
  std::string gateway = "127.0.0.1:8750";
  std::string topic = "floor";
  bool each_record = false;
  std::vector<int> percents = {10, 30, 50, 70, 90};
  double seconds = 5;
  double warm = 20;
  std::size_t connections = 256;
  std::string json;
};

// Begins a number that no table of replies has a place for.
constexpr std::size_t kWarm = std::size_t{1} << 40;

test::KafkaHandle make_producer(const std::string& kafka) {
  auto conf = test::make_conf(kafka, {{"acks", "all"}, {"linger.ms", "0"}, {"enable.idempotence", "true"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
  return test::make_handle(RD_KAFKA_PRODUCER, std::move(conf));
}

struct Result {
  double rate = 0;
  std::vector<std::int64_t> gateway, floor, added;
  std::size_t others = 0;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), producer_(make_producer(options.kafka)) {}

  HttpLoad load(std::size_t events, std::size_t first) const {
    HttpLoad load;
    load.gateway = address_of(options_.gateway);
    load.target = "/topics/" + options_.topic + "?wait=20s";
    load.connections = options_.connections;
    load.events = events;
    load.first = first;
    return load;
  }

  // Settled publishes a second by connections that never rest.
  double closed_loop(double seconds) const {
    Committer consumer({options_.kafka, options_.topic, options_.topic + "-consumer", options_.each_record}, nullptr);
    run(load(2000, kWarm));
    HttpLoad closed = load(10'000'000, kWarm);
    closed.longest_us = static_cast<std::int64_t>(seconds * 1e6);
    const std::int64_t began = now_us();
    const std::size_t answered = run(closed).size();
    return static_cast<double>(answered) * 1e6 / static_cast<double>(now_us() - began);
  }

  // The highest rate, of both together, at which half of either's answers take less than
  // 20 ms: found from above, beginning at what connections that never rest come to.
  double sustained() const {
    const double seconds = std::min(options_.seconds, 3.0);
    double rate = closed_loop(seconds);
    for (int i = 0; i < 20; ++i, rate *= 0.8) {
      Result result = at_rate(rate, seconds);
      if (at_quantile(result.gateway, 0.5) < 20 && at_quantile(result.floor, 0.5) < 20) break;
    }
    return rate;
  }

  Result at_rate(double rate, double seconds) const {
    const auto events = std::max<std::size_t>(static_cast<std::size_t>(rate * seconds), 200);
    Replies replies(events, 1);
    Committer consumer({options_.kafka, options_.topic, options_.topic + "-consumer", options_.each_record}, &replies);
    run(load(500, kWarm));
    HttpLoad open = load(events, 0);
    open.rate = rate;
    open.elsewhere = [&](std::size_t event, const std::string& body) {
      if (event % 2 == 0) return false;
      rd_kafka_poll(producer_.get(), 0);
      const auto code = rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
                                          RD_KAFKA_V_VALUE(const_cast<char*>(body.data()), body.size()),
                                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      test::throw_on(code, "produce");
      return true;
    };
    const std::vector<Sample> samples = run(open);
    test::throw_on(rd_kafka_flush(producer_.get(), 30'000), "flush");
    // An answer may be here before the reply has been written down.
    for (std::size_t i = 0, waited = 0; i < events && waited < 500;)
      if (replies.at(i) != 0) ++i;
      else std::this_thread::sleep_for(std::chrono::milliseconds(10)), ++waited;
    return judge(samples, replies, rate);
  }

 private:
  static Result judge(const std::vector<Sample>& samples, const Replies& replies, double rate) {
    Result result;
    result.rate = rate;
    for (std::size_t i = samples.size() / 10; i < samples.size(); ++i) {
      const Sample& sample = samples[i];
      const std::int64_t reply = replies.at(i);
      const bool ours = i % 2 == 0;
      if (reply == 0 || (ours && sample.status != 200)) {
        ++result.others;
      } else if (ours) {
        result.gateway.push_back(sample.answered - sample.scheduled);
        result.added.push_back(sample.answered - reply);
      } else {
        result.floor.push_back(reply - sample.scheduled);
      }
    }
    return result;
  }

  const Options& options_;
  test::KafkaHandle producer_;
};

int run_all(const Options& options) {
  const Bench bench(options);
  bench.closed_loop(options.warm);  // a JVM compiles what it does often, and is slow until then
  const double sustained = bench.sustained();
  const char* const mode = options.each_record ? "record" : "batch";
  FILE* const json = options.json.empty() ? nullptr : std::fopen(options.json.c_str(), "a");
  std::size_t others = 0;
  for (const int percent : options.percents) {
    Result r = bench.at_rate(sustained * percent / 100, options.seconds);
    others += r.others;
    const double gateway = at_quantile(r.gateway, 0.5), floor = at_quantile(r.floor, 0.5);
    const double gateway99 = at_quantile(r.gateway, 0.99), floor99 = at_quantile(r.floor, 0.99);
    std::printf("| %s | %d %% | %.0f | %.2f / %.2f | %.2f / %.2f | %.2f | %.3f / %.3f | %zu |\n", mode, percent, r.rate, gateway,
                gateway99, floor, floor99, floor > 0 ? gateway / floor : 0, at_quantile(r.added, 0.5),
                at_quantile(r.added, 0.99), r.others);
    std::fflush(stdout);
    if (json != nullptr)
      std::fprintf(json, "{\"commits\":\"%s\",\"percent\":%d,\"rate\":%.0f,\"gateway_p50\":%.3f,\"gateway_p99\":%.3f,"
                         "\"floor_p50\":%.3f,\"floor_p99\":%.3f,\"added_p50\":%.3f,\"added_p99\":%.3f}\n",
                   mode, percent, r.rate, gateway, gateway99, floor, floor99, at_quantile(r.added, 0.5), at_quantile(r.added, 0.99));
  }
  if (json != nullptr) std::fclose(json);
  return others == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Publishes by the gateway and by librdkafka in turns, and prints what the gateway adds", "floor_bench");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--gateway", options.gateway)->capture_default_str();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_flag("--each-record", options.each_record, "the consumer commits each record; without it each batch");
  app.add_option("--percents", options.percents, "of what is sustained")->delimiter(',')->capture_default_str();
  app.add_option("--seconds", options.seconds, "of each load")->capture_default_str();
  app.add_option("--warm", options.warm, "seconds before the first that counts")->capture_default_str();
  app.add_option("--connections", options.connections)->capture_default_str();
  app.add_option("--json", options.json, "a file to which a line for each load is added");
  CLI11_PARSE(app, argc, argv);
  try {
    return tidemark::bench::run_all(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor_bench: %s\n", error.what());
    return 1;
  }
}
