// Brokers of three die, move and come back under a gateway that goes on.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "cluster.h"
#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/eventually.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

// Publishes one event after the other on threads of its own until it is told to stop.
class Publishers {
 public:
  struct Published {
    std::string value;
    GatewayAnswer answer;
  };

  Publishers(GatewayProcess& gateway, const std::string& topic) {
    for (int t = 0; t < kThreads; ++t)
      threads_.emplace_back([this, &gateway, topic, t] {
        for (int i = 0; !stop_; ++i) {
          const std::string value = std::to_string(t) + "-" + std::to_string(i);
          GatewayAnswer answer = gateway.publish(topic, "wait=30s", value);
          const std::lock_guard lock(mutex_);
          processed_ += answer.status == 200;
          published_.push_back({value, std::move(answer)});
        }
      });
  }
  ~Publishers() { stop(); }

  // Waits until so many more are answered as processed than are now.
  bool wait_processed(std::size_t more) {
    const std::size_t goal = processed() + more;
    return eventually([&] { return processed() >= goal; }, std::chrono::seconds(60));
  }
  std::vector<Published> stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return published_;
  }

 private:
  static constexpr int kThreads = 4;
  std::size_t processed() {
    const std::lock_guard lock(mutex_);
    return processed_;
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<Published> published_;
  std::size_t processed_ = 0;
  std::vector<std::thread> threads_;
};

class Failover : public ::testing::Test {
 protected:
  // The partition's leader is not the group's coordinator.
  Failover()
      : group(unique_name("failover")),
        coordinator(cluster.coordinator(group)),
        leader(cluster.others(coordinator).front()),
        topic(cluster.create_topic("failover", leader)) {}

  GatewayOptions options() const {
    return {cluster.bootstrap(),
            "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n",
            {},
            true};
  }
  ConsumerOptions consuming() const {
    ConsumerOptions consuming;
    consuming.bootstrap = cluster.bootstrap();
    consuming.topic = topic;
    consuming.group = group;
    return consuming;
  }
  std::map<std::string, std::size_t> copies() const {
    std::map<std::string, std::size_t> copies;
    for (const Record& record : read_all(cluster.bootstrap(), topic)) ++copies[record.value.value_or("")];
    return copies;
  }
  // Holds every answer against the log and against what the consumer has really done.
  void check(const std::vector<Publishers::Published>& all, const Consumer& consumer) const {
    const std::map<std::string, std::size_t> log = copies();
    std::size_t processed = 0;
    for (const auto& [value, answer] : all) {
      const std::size_t found = log.contains(value) ? log.at(value) : 0;
      const bool appended = answer.status == 200 || answer.status == 202;
      EXPECT_LE(found, 1U) << value << " is there more than once";
      if (appended) {
        EXPECT_EQ(found, 1U) << value << " is missing: " << answer.raw.body;
      }
      if (answer.text("appended") == "false") {
        EXPECT_EQ(found, 0U) << value << " is there: " << answer.raw.body;
      }
      EXPECT_TRUE(appended || answer.status == 503 || answer.status == 504) << answer.status << answer.raw.body;
      if (answer.status != 200) continue;
      ++processed;
      EXPECT_TRUE(consumer.has_processed(0, answer.number("offset"))) << answer.raw.body;
    }
    EXPECT_GT(processed, 0U);
  }

  Cluster cluster;
  const std::string group;
  const int coordinator, leader;
  const std::string topic;
};

TEST_F(Failover, TheLeaderIsKilledUnderContinuousPublishing) {
  GatewayProcess gateway(options());
  Consumer consumer(consuming());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  Publishers publishers(gateway, topic);
  ASSERT_TRUE(publishers.wait_processed(50));
  cluster.kill(leader);
  EXPECT_NE(cluster.wait_for_leader_but(leader, topic), leader);
  EXPECT_TRUE(publishers.wait_processed(50)) << gateway.process().output();
  check(publishers.stop(), consumer);
}

TEST_F(Failover, TheGroupsCoordinatorIsKilledAndItsSuccessorStopped) {
  GatewayProcess gateway(options());
  Consumer consumer(consuming());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  Publishers publishers(gateway, topic);
  ASSERT_TRUE(publishers.wait_processed(50));
  cluster.kill(coordinator);
  ASSERT_TRUE(publishers.wait_processed(50)) << gateway.process().output();
  cluster.start({coordinator});
  ASSERT_TRUE(publishers.wait_processed(50)) << gateway.process().output();
  ASSERT_TRUE(cluster.wait_in_sync(3, topic));
  // The broker that all appends go to ends cleanly, and hands them over.
  cluster.stop(leader);
  EXPECT_TRUE(publishers.wait_processed(50)) << gateway.process().output();
  check(publishers.stop(), consumer);
}

TEST_F(Failover, OneFollowerDownIsNothingAndTwoAreInDoubt) {
  const std::string strict = cluster.create_topic("strict", leader, 3);
  GatewayProcess gateway(options());
  Consumer consumer(consuming());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  const std::vector<int> followers = cluster.others(leader);

  cluster.kill(followers[0]);
  const GatewayAnswer with_two = gateway.publish(topic, "wait=30s", "two of three");
  EXPECT_EQ(with_two.status, 200) << with_two.raw.body;
  ASSERT_TRUE(cluster.wait_in_sync(2, topic));
  ASSERT_TRUE(cluster.wait_in_sync(2, strict));
  const GatewayAnswer too_few = gateway.publish(strict, "wait=2s", "refused");
  EXPECT_EQ(too_few.status, 503) << too_few.raw.body;
  EXPECT_EQ(too_few.text("appended"), "false") << too_few.raw.body;

  cluster.kill(followers[1]);
  const GatewayAnswer doubtful = gateway.publish(topic, "wait=3s", "one of three");
  EXPECT_EQ(doubtful.status, 504) << doubtful.raw.body;
  EXPECT_EQ(doubtful.text("appended"), "unknown") << doubtful.raw.body;
  ASSERT_FALSE(doubtful.mark().empty());
  cluster.start_all();
  ASSERT_TRUE(cluster.wait_in_sync(3, topic));
  ASSERT_TRUE(eventually([&] { return gateway.get("/health/ready").status == 200; })) << gateway.process().output();
  const GatewayAnswer found = gateway.get("/marks/" + doubtful.mark() + "?wait=30s");
  EXPECT_EQ(found.status, 200) << found.raw.body << gateway.process().output();
  EXPECT_EQ(copies()["one of three"], 1U);
  for (const Record& record : read_all(cluster.bootstrap(), strict)) EXPECT_NE(record.value, "refused");
}

// P8: what one gateway began the other ends, whichever broker they have to turn to meanwhile.
TEST_F(Failover, AcksThroughTwoGatewaysAndAMarkOnTheOtherWhileABrokerDies) {
  GatewayProcess one(options()), two(options());
  const auto ack = [&](GatewayProcess& gateway, const GatewayAnswer& event) {
    const std::string body = R"({"consumer":")" + group + R"(","topic":")" + topic + R"(","partition":0,"offset":)" +
                             std::to_string(event.number("offset")) + "}";
    // In doubt or refused while its leader is elected: twice is as good as once.
    return eventually([&] { return gateway.post("/acks", body).status == 204; });
  };
  const GatewayAnswer first = one.publish(topic, "wait=0"), second = one.publish(topic, "wait=0");
  ASSERT_EQ(second.status, 202) << second.raw.body;
  ASSERT_TRUE(ack(one, first));
  EXPECT_EQ(two.get("/marks/" + first.mark() + "?wait=30s").status, 200);
  cluster.kill(leader);
  ASSERT_TRUE(ack(two, second));
  for (GatewayProcess* gateway : {&one, &two}) {
    const GatewayAnswer answer = gateway->get("/marks/" + second.mark() + "?wait=30s");
    EXPECT_EQ(answer.status, 200) << answer.raw.body << gateway->process().output();
    EXPECT_EQ(answer.consumer(group).at("basis").as_string(), "ack");
  }
  GatewayAnswer third;
  ASSERT_TRUE(eventually([&] {
    third = one.publish(topic, "wait=1s");
    return third.status == 202;  // nobody has acked it
  })) << third.raw.body;
  ASSERT_TRUE(ack(one, third));
  EXPECT_EQ(two.get("/marks/" + third.mark() + "?wait=30s").status, 200) << two.process().output();
}

}  // namespace
}  // namespace tidemark::test
