// P2 on real clients: whoever follows an answer finds every descendant of its event.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "chain.h"
#include "cluster.h"
#include "gateway_process.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEvents = 5'000;
constexpr int kInFlight = 96;
constexpr int kEachBad = 50;  // one of so many orders has no price

struct Order {
  std::string id;
  std::vector<std::string> words;  // as it is counted in the end
  std::string text;                // as it is published
  bool bad = false;
};

Order order_of(int number) {
  static constexpr std::array kWords{"apple", "pear", "plum", "fig", "grape", "melon", "kiwi", "lime"};
  const auto n = static_cast<std::size_t>(number);
  const std::string one = kWords[n % kWords.size()], two = kWords[(n / kWords.size() + n + 1) % kWords.size()];
  const bool bad = number % kEachBad == kEachBad - 1;
  std::vector<std::string> words{one, "enriched", "priced"};
  if (two != one) words.push_back(two);
  return {"o" + std::to_string(number), words, (bad ? "bad " : "") + one + (two == one ? "" : " " + two), bad};
}

// Publishes orders on connections of its own and judges each answer as it comes.
class Readers {
 public:
  Readers(const Chain& chain, std::uint16_t port) : chain_(chain), port_(port) {}

  // The orders numbered [first, end).
  void run(int first, int end, int in_flight) {
    next_ = first;
    end_ = end;
    const auto began = Clock::now();
    std::vector<std::thread> threads;
    for (int t = 0; t < in_flight; ++t) threads.emplace_back([this] { publish(); });
    for (std::thread& thread : threads) thread.join();
    seconds = std::chrono::duration<double>(Clock::now() - began).count();
  }
  double percentile(double part) {
    if (settled_ms_.empty()) return 0;
    std::sort(settled_ms_.begin(), settled_ms_.end());
    return settled_ms_[static_cast<std::size_t>(part * static_cast<double>(settled_ms_.size() - 1))];
  }

  int processed = 0, failed = 0, stale = 0;  // stale: 200, and something was missing
  double seconds = 0;
  std::vector<std::string> wrong;  // what was found amiss

 private:
  void publish() {
    try {
      HttpConnection gateway("127.0.0.1", port_);
      RedisConnection redis(chain_.redis());
      for (int number = next_++; number < end_; number = next_++) {
        const Order order = order_of(number);
        const auto began = Clock::now();
        gateway.send_request("POST", "/topics/" + chain_.orders + "?wait=60s&key=" + order.id, order.text);
        const auto response = gateway.read(std::chrono::seconds(90));
        if (!response) return complain(order.id + ": no answer");
        const double ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
        judge(order, parse_answer(*response), ms, redis);
      }
    } catch (const std::exception& error) {
      complain(error.what());
    }
  }

  void judge(const Order& order, const GatewayAnswer& answer, double ms, RedisConnection& redis) {
    if (order.bad) return judge_bad(order, answer);
    if (answer.status != 200) return complain(order.id + ": " + answer.raw.body);
    const std::string missing = chain_.missing(redis, order.id, order.words);
    if (!missing.empty()) return lacks(order.id + " lacks " + missing + ": " + answer.raw.body);
    for (const std::string& consumer : {chain_.enricher, chain_.pricer, chain_.counter, chain_.viewer})
      if (answer.outcome(consumer) != "processed") return complain(order.id + ": " + answer.raw.body);
    if (const std::string path = path_to(answer, chain_.viewer); path != expected_path())
      return complain(order.id + " came by " + path + ": " + answer.raw.body);
    const std::lock_guard lock(mutex_);
    ++processed;
    settled_ms_.push_back(ms);
  }
  void judge_bad(const Order& order, const GatewayAnswer& answer) {
    const boost::json::object entry = answer.consumer(chain_.pricer);
    const boost::json::value* reason = entry.if_contains("reason");
    const bool says_why = reason != nullptr && reason->is_string() &&
                          reason->get_string().find("order " + order.id + " has no price") != std::string::npos;
    if (answer.status != 202 || !answer.settled() || answer.outcome(chain_.pricer) != "failed" || !says_why ||
        answer.outcome(chain_.enricher) != "processed" || answer.raw.header("Tidemark-Outcome") != "failed")
      return complain("bad " + order.id + ": " + answer.raw.body);
    const std::lock_guard lock(mutex_);
    ++failed;
  }
  static std::string path_to(const GatewayAnswer& answer, const std::string& consumer) {
    std::string path;
    const boost::json::object entry = answer.consumer(consumer);
    const boost::json::value* via = entry.if_contains("via");
    if (via == nullptr || !via->is_array()) return path;
    for (const boost::json::value& hop : via->get_array())
      path += std::string(hop.at("name").as_string()) + ">" + std::string(hop.at("topic").as_string()) + " ";
    return path;
  }
  std::string expected_path() const {
    return chain_.enricher + ">" + chain_.enriched + " " + chain_.pricer + ">" + chain_.priced + " " + chain_.counter +
           ">" + chain_.repartition + " " + chain_.counter + ">" + chain_.counts + " ";
  }
  void complain(std::string what) {
    const std::lock_guard lock(mutex_);
    wrong.push_back(std::move(what));
  }

  void lacks(std::string what) {
    complain(std::move(what));
    const std::lock_guard lock(mutex_);
    ++stale;
  }

  const Chain& chain_;
  const std::uint16_t port_;
  std::atomic<int> next_{0};
  int end_ = 0;
  std::mutex mutex_;
  std::vector<double> settled_ms_;
};

class ChainOfConsumers : public ::testing::TestWithParam<const char*> {
 protected:
  Cluster cluster;
};

TEST_P(ChainOfConsumers, AReaderThatFollowsTheAnswerFindsEveryDescendant) {
  ChainOptions options;
  options.bootstrap = cluster.bootstrap();
  options.guarantee = GetParam();
  Chain chain(options);
  ASSERT_TRUE(chain.wait_ready()) << chain.output();
  GatewayProcess gateway({cluster.bootstrap(), chain.configuration(), {}, true});
  Readers readers(chain, gateway.port());
  readers.run(0, kEvents, kInFlight);
  std::printf("%s: %d processed, %d failed, %zu wrong in %.1f s; processed p50 %.0f ms, p99 %.0f ms\n", GetParam(),
              readers.processed, readers.failed, readers.wrong.size(), readers.seconds, readers.percentile(0.5),
              readers.percentile(0.99));
  EXPECT_EQ(readers.failed, kEvents / kEachBad);
  EXPECT_EQ(readers.processed, kEvents - kEvents / kEachBad);
  for (std::size_t i = 0; i < std::min<std::size_t>(readers.wrong.size(), 10); ++i) ADD_FAILURE() << readers.wrong[i];

  // What the reader finds is Tidemark's doing: told of no outputs, it answers before they are all there.
  GatewayProcess untold({cluster.bootstrap(), "topics: {" + chain.orders + ": {wait_for: [" + chain.enricher + "]}}\n", {}, true});
  Readers early(chain, untold.port());
  early.run(kEvents, kEvents + kEachBad - 1, 1);
  EXPECT_GT(early.stale, 0);
  if (HasFailure()) std::printf("%s%s", chain.output().c_str(), gateway.process().output().c_str());
}

INSTANTIATE_TEST_SUITE_P(Streams, ChainOfConsumers, ::testing::Values("at_least_once", "exactly_once_v2"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace tidemark::test
