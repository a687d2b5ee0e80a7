// Confluent's Parallel Consumer as it is: what is done behind a record that is still in work is
// told by its commits' metadata, which nobody but the client itself defines.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway_process.h"
#include "patient_publish.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/eventually.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

class ParallelCommits : public testing::TestWithParam<const char*> {
 protected:
  ParallelCommits()
      : topic(create_unique_topic(kafka(), "parallel", 1)),
        group(unique_name("reader")),
        release(std::filesystem::temp_directory_path() / unique_name("tidemark-release")),
        options{kafka(),
                "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\nconsumers: {" + group +
                    ": {reset: earliest}}\nkafka: {positions: " + GetParam() + "}\n",
                {}, true},
        gateway(options) {}
  ~ParallelCommits() override { std::filesystem::remove(release); }

  std::vector<std::string> client(std::vector<std::string> settings) const {
    settings.push_back("release=" + release.string());
    return parallel_consumer(kafka(), topic, group, settings);
  }
  // A first commit proves what is below it only of a group that was seen to have members, which polling may see late.
  bool joined() {
    return eventually([&] { return gateway.sees_members(group, 1); }, kClientStart);
  }
  // An event that keeps the client, which has begun with it.
  GatewayAnswer publish_held(Process& consumer, const std::string& value, const std::string& key) {
    const GatewayAnswer held = gateway.publish(topic, "wait=0&key=" + key, value);
    EXPECT_EQ(held.status, 202) << held.raw.body;
    EXPECT_TRUE(consumer.wait_for_line("begun 0 " + held.text("offset"), kClientStart)) << consumer.output();
    return held;
  }
  void expect_processed(Process& consumer, const std::string& key) {
    const GatewayAnswer answer = patient_publish(gateway, topic, "v", key);
    ASSERT_EQ(answer.status, 200) << answer.raw.body << consumer.output();
    EXPECT_EQ(answer.outcome(group), "processed");
    EXPECT_TRUE(consumer.wait_for_line("processed 0 " + answer.text("offset"))) << consumer.output();
  }
  // The event is answered for what the commit's metadata names: the committed offset is still that of `held`.
  void expect_processed_behind(const GatewayAnswer& held, Process& consumer, const std::string& key) {
    const GatewayAnswer answer = patient_publish(gateway, topic, "v", key);
    behind = answer.mark();
    ASSERT_EQ(answer.status, 200) << answer.raw.body << consumer.output();
    EXPECT_EQ(answer.outcome(group), "processed");
    EXPECT_TRUE(consumer.wait_for_line("processed 0 " + answer.text("offset"))) << consumer.output();
    const boost::json::object evidence = answer.consumer(group).at("evidence").as_object();
    const std::string_view source = GetParam() == std::string_view("poll") ? "poll" : "commit";
    EXPECT_EQ(evidence.at("source").as_string(), source);
    EXPECT_EQ(evidence.at("committed").as_int64(), held.number("offset")) << answer.raw.body;
    ASSERT_TRUE(evidence.contains("acked")) << answer.raw.body;
    const boost::json::array& done = evidence.at("acked").as_array();
    EXPECT_LE(done.at(0).as_int64(), answer.number("offset"));
    EXPECT_GE(done.at(1).as_int64(), answer.number("offset"));
  }
  void expect_pending(const GatewayAnswer& held) {
    const GatewayAnswer answer = gateway.get("/marks/" + held.mark() + "?wait=0");
    EXPECT_FALSE(answer.settled()) << answer.raw.body;
    EXPECT_EQ(answer.outcome(group), "pending");
    EXPECT_EQ(answer.consumer(group).at("reason").as_string(), "lag") << answer.raw.body;
  }
  void expect_processed_once_released(const GatewayAnswer& held, Process& consumer) {
    std::ofstream(release).flush();
    const GatewayAnswer answer = gateway.get("/marks/" + held.mark() + "?wait=30s");
    EXPECT_EQ(answer.status, 200) << answer.raw.body << consumer.output();
    EXPECT_EQ(answer.outcome(group), "processed");
    EXPECT_TRUE(consumer.wait_for_line("processed 0 " + held.text("offset"))) << consumer.output();
  }

  const std::string topic, group;
  const std::filesystem::path release;
  const GatewayOptions options;
  GatewayProcess gateway;
  std::string behind;  // the mark of the latest that was
};

TEST_P(ParallelCommits, AtItsDefaultsIsBelieved) {
  Process consumer(client({}));
  ASSERT_TRUE(joined()) << consumer.output();
  for (int i = 0; i < 4; ++i) expect_processed(consumer, "k" + std::to_string(i));
}

TEST_P(ParallelCommits, ABlockedRecordDelaysNoOtherKey) {
  Process consumer(client({"commit.interval.ms=200"}));
  ASSERT_TRUE(joined()) << consumer.output();
  expect_processed(consumer, "before");
  const GatewayAnswer held = publish_held(consumer, "slow", "a");
  for (int i = 0; i < 3; ++i) expect_processed_behind(held, consumer, "b");
  expect_pending(held);
  expect_processed_once_released(held, consumer);
  expect_processed(consumer, "a");
}

// There is no commit for it to read until the blocked record is done.
TEST_P(ParallelCommits, AGatewayThatStartsMeanwhileSaysTheSame) {
  Process consumer(client({"commit.interval.ms=200"}));
  ASSERT_TRUE(joined()) << consumer.output();
  const GatewayAnswer held = publish_held(consumer, "slow", "a");
  expect_processed_behind(held, consumer, "b");
  GatewayProcess later(options);
  const GatewayAnswer resumed = later.get("/marks/" + behind + "?wait=20s");
  EXPECT_EQ(resumed.status, 200) << resumed.raw.body;
  EXPECT_EQ(resumed.outcome(group), "processed");
  EXPECT_EQ(later.get("/marks/" + held.mark()).outcome(group), "pending");
}

// The group's first commit is then one that stays at the log's start.
TEST_P(ParallelCommits, TheFirstRecordOfAllMayBeTheBlockedOne) {
  Process consumer(client({"ordering=UNORDERED", "commit.interval.ms=200"}));
  ASSERT_TRUE(joined()) << consumer.output();
  const GatewayAnswer held = publish_held(consumer, "slow", "a");
  expect_processed_behind(held, consumer, "a");
  expect_pending(held);
  expect_processed_once_released(held, consumer);
}

TEST_P(ParallelCommits, ARecordThatFailsIsPendingUntilItsRetrySucceeds) {
  Process consumer(client({"commit.interval.ms=200"}));
  ASSERT_TRUE(joined()) << consumer.output();
  const GatewayAnswer held = publish_held(consumer, "bad", "a");
  expect_processed_behind(held, consumer, "b");
  expect_pending(held);
  expect_processed_once_released(held, consumer);
}

INSTANTIATE_TEST_SUITE_P(Positions, ParallelCommits, testing::Values("auto", "poll"),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace tidemark::test
