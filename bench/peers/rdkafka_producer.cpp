// What a bare librdkafka producer does with the same load: appended, nothing more.
//
// The floor for every publish that goes through something else. Closed loop: as many
// in flight as asked for, each answered one followed by the next. Open loop (--rate):
// sent on a schedule by a thread of its own, and each latency counted from the time
// at which it was due, so that a stall is paid by all that came meanwhile.
//
// Prints one line of JSON, as the other peers here do.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "support/rdkafka.h"

namespace tidemark::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string kafka = "127.0.0.1:9092";
  std::string topic = "peers";
  long in_flight = 16;
  double seconds = 5, warm_up = 2;
  double rate = 0;
  std::size_t bytes = 100;
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

double cpu_us() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), value_(options.bytes, 'x') {
    auto conf = test::make_conf(options.kafka, {{"acks", "all"}, {"linger.ms", "0"}, {"queue.buffering.max.messages", "1000000"}});
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
      static_cast<Load*>(self)->delivered(message->err, static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(message->_private)));
    });
    producer_ = test::make_handle(RD_KAFKA_PRODUCER, std::move(conf));
  }

  void run() {
    const std::int64_t start = now_ns();
    measured_from_ = start + static_cast<std::int64_t>(options_.warm_up * 1e9);
    until_ = measured_from_ + static_cast<std::int64_t>(options_.seconds * 1e9);
    std::thread sender;
    if (options_.rate > 0) sender = std::thread([this, start] { send_on_schedule(start); });
    double cpu = -1;
    while (now_ns() < until_) {
      if (cpu < 0 && now_ns() >= measured_from_) cpu = cpu_us();
      if (options_.rate <= 0)
        while (in_flight_ < options_.in_flight) send(now_ns());
      rd_kafka_poll(producer_.get(), 10);
    }
    const double spent = cpu_us() - cpu;
    const auto ops = static_cast<double>(std::max<std::size_t>(latencies_.size(), 1));
    if (sender.joinable()) sender.join();
    print(spent / ops);
    rd_kafka_flush(producer_.get(), 10'000);
  }

 private:
  void send(std::int64_t due) {
    ++in_flight_;
    const auto code = rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
                                        RD_KAFKA_V_VALUE(value_.data(), value_.size()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                        RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(static_cast<std::intptr_t>(due))), RD_KAFKA_V_END);
    test::throw_on(code, "produce");
  }
  void send_on_schedule(std::int64_t start) {
    for (std::int64_t i = 0;; ++i) {
      const std::int64_t due = start + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / options_.rate);
      if (due >= until_) return;
      std::this_thread::sleep_until(Clock::time_point(std::chrono::nanoseconds(due)));
      while (in_flight_ >= options_.in_flight) std::this_thread::yield();
      send(due);
    }
  }
  void delivered(rd_kafka_resp_err_t code, std::int64_t due) {
    --in_flight_;
    const std::int64_t now = now_ns();
    if (now < measured_from_ || now >= until_) return;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) latencies_.push_back(now - due);
    else ++failed_;
  }
  void print(double cpu_us_per_op) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double q) {
      if (latencies_.empty()) return 0.0;
      return static_cast<double>(latencies_[static_cast<std::size_t>(q * static_cast<double>(latencies_.size() - 1))]) / 1e6;
    };
    std::printf("{\"name\": \"librdkafka producer\", \"in_flight\": %ld, \"rate\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
                "\"cpu_us_per_op\": %.2f, \"count\": %zu, \"failed\": %ld}\n",
                options_.in_flight, static_cast<double>(latencies_.size()) / options_.seconds, at(0.5), at(0.99), cpu_us_per_op,
                latencies_.size(), failed_);
  }

  const Options& options_;
  std::string value_;
  test::KafkaHandle producer_;
  std::atomic<long> in_flight_ = 0;
  std::int64_t measured_from_ = 0, until_ = 0;
  std::vector<std::int64_t> latencies_;  // of the polling thread
  long failed_ = 0;
};

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  tidemark::bench::Options options;
  CLI::App app("Appends through librdkafka alone, and prints rate, latency and CPU", "rdkafka_producer");
  app.add_option("--kafka", options.kafka)->capture_default_str();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "at most, with --rate")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--seconds", options.seconds, "measured, after the warm-up")->capture_default_str();
  app.add_option("--warm-up", options.warm_up, "seconds")->capture_default_str();
  app.add_option("--rate", options.rate, "a second, on a schedule; 0: closed loop")->capture_default_str();
  app.add_option("--bytes", options.bytes, "of each value")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    tidemark::bench::Load(options).run();
    return 0;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "rdkafka_producer: %s\n", error.what()), 1;
  }
}
