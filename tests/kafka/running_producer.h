// A ProduceDriver on a reactor that a test turns by hand.
//
// Threading: all on the test's thread; nothing happens but inside until().
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "kafka/produce_driver.h"
#include "support/eventually.h"
#include "wire/cluster.h"

namespace tidemark::test {

class RunningProducer {
 public:
  explicit RunningProducer(const std::string& bootstrap, kafka::ProduceOptions options = {}) {
    wire::ClusterOptions cluster;
    cluster.bootstrap = *wire::parse_bootstrap(bootstrap);
    cluster_ = std::make_unique<wire::Cluster>(
        io_, cluster, [random = std::mt19937_64(std::random_device{}())]() mutable { return random(); });
    driver_ = std::make_unique<kafka::ProduceDriver>(
        io_, *cluster_, options, [this](log::AppendId id, const core::Delivery& end) {
          EXPECT_TRUE(ends_.emplace(id, end).second) << "append " << id << " ended twice";
        });
  }

  kafka::ProduceDriver& driver() { return *driver_; }

  // Not sent before the reactor turns: what is appended between two calls of
  // until() shares its batch.
  log::AppendId append(log::Record record) {
    if (record.timestamp_ms == 0) record.timestamp_ms = now_ms();
    const Result<void> taken = driver_->append(++last_, std::move(record));
    EXPECT_TRUE(taken.ok()) << taken.error().message;
    return last_;
  }
  log::AppendId append(const std::string& topic, const std::string& value,
                       std::optional<core::Partition> partition = 0) {
    log::Record record;
    record.topic = topic;
    record.value = value;
    record.partition = partition;
    return append(std::move(record));
  }

  bool until(const std::function<bool()>& condition, std::chrono::milliseconds bound = 2 * kBound) {
    const auto end = std::chrono::steady_clock::now() + bound;
    io_.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      io_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  bool ended(log::AppendId id) const { return ends_.contains(id); }
  // Waits for the end of one append.
  core::Delivery end(log::AppendId id) {
    EXPECT_TRUE(until([&] { return ended(id); })) << "append " << id << " did not end";
    return ends_[id];
  }
  core::Delivery deliver(const std::string& topic, const std::string& value,
                         std::optional<core::Partition> partition = 0) {
    return end(append(topic, value, partition));
  }

  static std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

 private:
  boost::asio::io_context io_;
  std::unique_ptr<wire::Cluster> cluster_;
  std::unique_ptr<kafka::ProduceDriver> driver_;
  std::map<log::AppendId, core::Delivery> ends_;
  log::AppendId last_ = 0;
};

}  // namespace tidemark::test
