// How many publishes a second, and what each costs the gateway's CPU, the load with its consumer, and the broker.
//
// Load, consumer, gateway and Kafka share the machine, as the programs it is
// compared to do (bench/peers/): only what one run shows side by side compares.
// Closed loop: a given number is in flight, each followed by the next.
//
// Prints a line of JSON.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "common/committer.h"
#include "common/http_load.h"
#include "common/measure.h"

namespace tidemark::bench {
namespace {

struct Options {
  std::string kafka = "127.0.0.1:9092";
  std::string gateway = "127.0.0.1:8750";
  std::string topic = "load";
  pid_t pid = 0;
  pid_t broker = 0;
  std::size_t in_flight = 16;
  double seconds = 5;
  double rate = 0;
  std::string name;
  bool append_only = false;
  bool each_record = false;
};

int measure(const Options& options) {
  std::unique_ptr<Committer> consumer;
  if (!options.append_only)
    consumer = std::make_unique<Committer>(
        CommitterOptions{options.kafka, options.topic, options.topic + "-consumer", options.each_record}, nullptr);
  HttpLoad load;
  load.gateway = address_of(options.gateway);
  load.target = "/topics/" + options.topic + (options.append_only ? "?wait=0" : "?wait=20s");
  load.connections = options.in_flight;
  load.events = 1000 + options.in_flight;
  run(load);

  load.events = 50'000'000;
  load.rate = options.rate;
  load.longest_us = static_cast<std::int64_t>(options.seconds * 1e6);
  const auto spent = [&] { return std::array{cpu_ns(options.pid), cpu_ns(getpid()), options.broker == 0 ? 0 : cpu_ns(options.broker)}; };
  const auto before = spent();
  const std::int64_t began = now_us();
  const std::vector<Sample> samples = run(load);
  const auto took = static_cast<double>(now_us() - began);
  const auto after = spent();
  std::vector<std::int64_t> latencies;
  // Without a wait 200 and 202 both say that it is appended.
  for (const Sample& sample : samples)
    if (sample.status == 200 || (options.append_only && sample.status == 202))
      latencies.push_back(sample.answered - sample.scheduled);
  const std::size_t others = samples.size() - latencies.size();
  const auto count = static_cast<double>(latencies.size());
  const auto us_an_answer = [&](std::size_t of) { return static_cast<double>(after[of] - before[of]) / 1000 / count; };
  const std::string name = !options.name.empty() ? options.name : options.append_only ? "tidemark, appended" : "tidemark, settled";
  std::printf("{\"name\":\"%s\",\"in_flight\":%zu,\"rate\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
              "\"cpu_us_per_op\":%.1f,\"load_us_per_op\":%.1f,\"broker_us_per_op\":%.1f,\"count\":%zu,\"failed\":%zu}\n",
              name.c_str(), options.in_flight, count * 1e6 / took,
              at_quantile(latencies, 0.5), at_quantile(latencies, 0.99), us_an_answer(0), us_an_answer(1),
              us_an_answer(2), latencies.size(), others);
  return others == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Publishes as fast as answers come, and prints rate, latency and the gateway's CPU", "load_bench");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--gateway", options.gateway)->capture_default_str();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("--pid", options.pid, "the gateway's process")->required();
  app.add_option("--broker", options.broker, "the broker's process, for what an answer costs there");
  app.add_option("--in-flight", options.in_flight)->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--rate", options.rate, "arrivals a second; 0: closed loop")->capture_default_str();
  app.add_option("--name", options.name, "what is measured, in the line that is printed");
  app.add_flag("--append-only", options.append_only, "with ?wait=0, and no consumer");
  app.add_flag("--each-record", options.each_record, "the consumer commits each record");
  CLI11_PARSE(app, argc, argv);
  try {
    return tidemark::bench::measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_bench: %s\n", error.what());
    return 1;
  }
}
