// What many held requests cost: memory, the time to answer them all, and others' patience.
//
// All wait for one consumer that stands still. Then it commits once, and one
// record in `__consumer_offsets` ends them all; meanwhile somebody publishes to
// another topic on a schedule, whose consumer is awake.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
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
  std::string topic = "held";
  pid_t pid = 0;
  std::size_t held = 10'000;
  double rate = 200;
};

void raise_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

HttpLoad publishes(const Options& options, const std::string& topic, std::size_t connections, std::size_t events) {
  HttpLoad load;
  load.gateway = address_of(options.gateway);
  load.target = "/topics/" + topic + "?wait=25s";
  load.connections = connections;
  load.events = events;
  return load;
}

// Of those that were scheduled from `from` to `until`.
std::vector<std::int64_t> latencies(const std::vector<Sample>& samples, std::int64_t from, std::int64_t until) {
  std::vector<std::int64_t> result;
  for (const Sample& sample : samples)
    if (sample.status == 200 && from <= sample.scheduled && sample.scheduled < until)
      result.push_back(sample.answered - sample.scheduled);
  return result;
}

int measure(const Options& options) {
  raise_descriptors();
  const std::string unrelated = options.topic + "-unrelated";
  Committer other({options.kafka, unrelated, unrelated + "-consumer", false}, nullptr);
  run(publishes(options, unrelated, 1, 200));
  std::atomic<bool> ending = false;
  Committer consumer({options.kafka, options.topic, options.topic + "-consumer", false}, nullptr);
  run(publishes(options, options.topic, 16, 200));
  consumer.pause();
  // Idle connections cost too; what a request held on one costs comes on top, and both are counted.
  const std::int64_t before = private_bytes(options.pid);

  std::vector<Sample> beside;
  std::thread load([&] {
    HttpLoad patient = publishes(options, unrelated, 64, 10'000'000);
    patient.rate = options.rate;
    patient.elsewhere = [&](std::size_t, const std::string&) { return ending.load(); };
    patient.longest_us = 60'000'000;
    beside = run(patient);
  });
  const std::int64_t began = now_us();
  std::int64_t full = 0, resumed = 0, memory = 0;
  std::thread releaser;
  HttpLoad many = publishes(options, options.topic, options.held, options.held);
  many.all_in_flight = [&] {
    full = now_us();
    releaser = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::seconds(4));  // a quiet time, to be compared with
      memory = private_bytes(options.pid);
      resumed = now_us();
      consumer.resume();
    });
  };
  std::vector<Sample> held;
  try {
    held = run(many);
  } catch (...) {
    ending = true;
    load.join();
    if (releaser.joinable()) releaser.join();
    throw;
  }
  releaser.join();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ending = true;
  load.join();

  std::size_t answered = 0;
  std::int64_t first = 0, last = 0;
  for (const Sample& sample : held) {
    if (sample.status != 200) continue;
    ++answered;
    first = first == 0 ? sample.answered : std::min(first, sample.answered);
    last = std::max(last, sample.answered);
  }
  std::vector<std::int64_t> quiet = latencies(beside, full + 1'000'000, resumed), storm = latencies(beside, resumed, last);
  std::vector<std::int64_t> taking = latencies(beside, began, full);
  std::printf("| %zu | %.0f | %.2f | %.1f | %.1f | %.2f / %.2f | %.2f / %.2f | %.2f / %.2f |\n", answered,
              static_cast<double>(full - began) / 1000, static_cast<double>(memory - before) / 1024 / static_cast<double>(options.held),
              static_cast<double>(first - resumed) / 1000, static_cast<double>(last - first) / 1000, at_quantile(taking, 0.5),
              at_quantile(taking, 1), at_quantile(quiet, 0.5), at_quantile(quiet, 1), at_quantile(storm, 0.5), at_quantile(storm, 1));
  return answered == options.held ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Holds many publishes, ends them by one commit, and prints what they cost", "held_bench");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--gateway", options.gateway)->capture_default_str();
  app.add_option("--topic", options.topic, "this one and TOPIC-unrelated are used")->capture_default_str();
  app.add_option("--pid", options.pid, "the gateway's process")->required();
  app.add_option("--held", options.held)->capture_default_str();
  app.add_option("--rate", options.rate, "publishes a second beside them")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return tidemark::bench::measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "held_bench: %s\n", error.what());
    return 1;
  }
}
