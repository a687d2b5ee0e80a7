// Resets, transactions and marks on a real Kafka.

#include <gtest/gtest.h>

#include <cstdlib>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

class HardCases : public ::testing::Test {
 protected:
  HardCases() : topic(create_unique_topic(kafka(), "hard", 1)), group(unique_name("hard")) {}

  ConsumerOptions options() const {
    ConsumerOptions options;
    options.bootstrap = kafka();
    options.topic = topic;
    options.group = group;
    return options;
  }
  GatewayOptions configured() const {
    return {kafka(),
            "topics:\n  " + topic + ": {wait_for: [" + group + "]}\nconsumers:\n  " + group + ": {reset: earliest}\n",
            {},
            true};
  }

  std::string topic, group;
};

// P3: what was processed before a reset to earliest is pending again for waits that begin after it.
TEST_F(HardCases, AResetToEarliestIsBehindAgain) {
  GatewayProcess gateway(configured());
  std::string mark;
  {
    Consumer consumer(options());
    ASSERT_TRUE(gateway.sees_members(group, 1));
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s");
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    mark = answer.mark();
  }
  ASSERT_TRUE(gateway.sees_members(group, 0));
  EXPECT_EQ(gateway.get("/marks/" + mark).outcome(group), "processed");
  reset_offset(kafka(), group, topic, 0, 0);
  EXPECT_TRUE(eventually([&] { return gateway.get("/marks/" + mark).outcome(group) == "pending"; }));
  Consumer again(options());
  EXPECT_EQ(gateway.get("/marks/" + mark + "?wait=20s").outcome(group), "processed");
  EXPECT_TRUE(again.has_processed(0, 0));
}

// P1: a group moved past the event by hand has not processed it.
TEST_F(HardCases, AResetPastTheEventIsSkipped) {
  GatewayProcess gateway(configured());
  {
    Consumer consumer(options());
    ASSERT_TRUE(gateway.sees_members(group, 1));
    ASSERT_EQ(gateway.publish(topic, "wait=20s").status, 200);
  }
  ASSERT_TRUE(gateway.sees_members(group, 0));
  const GatewayAnswer later = gateway.publish(topic, "wait=0");
  ASSERT_EQ(later.outcome(group), "pending") << later.raw.body;
  reset_offset(kafka(), group, topic, 0, later.number("offset") + 1);
  const GatewayAnswer skipped = gateway.get("/marks/" + later.mark() + "?wait=20s");
  EXPECT_EQ(skipped.outcome(group), "skipped") << skipped.raw.body;
  EXPECT_TRUE(skipped.settled());
  EXPECT_EQ(skipped.raw.header("Tidemark-Outcome"), "failed");
}

// P1: what was deleted before the group had read it is not processed, whatever it commits behind it.
TEST_F(HardCases, WhatTheLogsStartHasPassedIsSkipped) {
  GatewayProcess gateway(configured());
  {
    Consumer consumer(options());
    ASSERT_TRUE(gateway.sees_members(group, 1));
    ASSERT_EQ(gateway.publish(topic, "wait=20s").status, 200);
  }
  ASSERT_TRUE(gateway.sees_members(group, 0));
  const GatewayAnswer lost = gateway.publish(topic, "wait=0"), kept = gateway.publish(topic, "wait=0");
  ASSERT_EQ(lost.outcome(group), "pending") << lost.raw.body;
  delete_records(kafka(), topic, 0, kept.number("offset"));
  // Log starts are asked for every 10 s, while somebody waits.
  const GatewayAnswer skipped = gateway.get("/marks/" + lost.mark() + "?wait=25s");
  EXPECT_EQ(skipped.outcome(group), "skipped") << skipped.raw.body;
  EXPECT_TRUE(skipped.settled());
  EXPECT_EQ(skipped.raw.header("Tidemark-Outcome"), "failed");
  EXPECT_NE(skipped.raw.body.find("the log's start"), std::string::npos) << skipped.raw.body;

  Consumer again(options());
  const GatewayAnswer read = gateway.get("/marks/" + kept.mark() + "?wait=25s");
  EXPECT_EQ(read.outcome(group), "processed") << read.raw.body;
  EXPECT_TRUE(again.has_processed(0, kept.number("offset")));
  EXPECT_FALSE(again.has_processed(0, lost.number("offset")));
  EXPECT_EQ(gateway.get("/marks/" + lost.mark()).outcome(group), "skipped");
}

// A mark is of the topic that was there: the one of the same name counts its offsets anew.
TEST_F(HardCases, AMarkOfATopicThatWasMadeAgainIsGone) {
  GatewayProcess gateway(configured());
  std::string processed, open;
  {
    Consumer consumer(options());
    ASSERT_TRUE(gateway.sees_members(group, 1));
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s");
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    processed = answer.mark();
  }
  ASSERT_TRUE(gateway.sees_members(group, 0));
  open = gateway.publish(topic, "wait=0").mark();
  delete_topic(kafka(), topic);
  create_topic(kafka(), topic, 1);
  for (const std::string& mark : {processed, open}) {
    ASSERT_TRUE(eventually([&] { return gateway.get("/marks/" + mark).status == 410; })) << gateway.process().output();
    const GatewayAnswer gone = gateway.get("/marks/" + mark + "?wait=5s");
    EXPECT_EQ(gone.status, 410);
    EXPECT_EQ(gone.text("type"), "/problems/recreated-topic") << gone.raw.body;
  }

  // Its offsets are taken again, and what is proven of those says nothing of the old events.
  Consumer again(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  for (int i = 0; i < 2; ++i) {
    const GatewayAnswer fresh = gateway.publish(topic, "wait=25s");
    EXPECT_EQ(fresh.status, 200) << fresh.raw.body << gateway.process().output();
    EXPECT_TRUE(again.has_processed(0, fresh.number("offset")));
  }
  EXPECT_EQ(gateway.get("/marks/" + processed).status, 410);
  EXPECT_EQ(gateway.get("/marks/" + open).status, 410);
}

// A commit beyond the partition's end proves nothing, even once the end has passed it.
TEST_F(HardCases, ACommitBeyondTheEndIsNoEvidence) {
  GatewayProcess gateway(configured());
  commit_offset(kafka(), group, topic, 0, 5);
  ASSERT_TRUE(eventually([&] {
    return gateway.get("/metrics").raw.body.find("tidemark_commits_total{kind=\"beyond_end\"} 0") == std::string::npos;
  }));
  for (int i = 0; i < 8; ++i) {
    const GatewayAnswer answer = gateway.publish(topic, "wait=0");
    EXPECT_EQ(answer.outcome(group), "pending") << answer.raw.body;
  }
}

// The partition of the commit log that Kafka gives a group: Java's String.hashCode, 50 partitions.
int commit_partition(const std::string& name) {
  std::uint32_t hash = 0;
  for (const char c : name) hash = hash * 31 + static_cast<std::uint8_t>(c);
  return static_cast<int>(std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(hash))) % 50);
}

TEST_F(HardCases, AHungTransactionOfAnotherGroupDelaysNobody) {
  GatewayProcess gateway(configured());
  Consumer consumer(options());
  ASSERT_TRUE(gateway.sees_members(group, 1));
  std::string neighbour = unique_name("hung");
  while (commit_partition(neighbour) != commit_partition(group)) neighbour = unique_name("hung");
  const std::string elsewhere = create_unique_topic(kafka(), "elsewhere", 1);
  TransactionalProducer hung(kafka(), unique_name("hanging"));
  hung.begin();
  hung.send_offset(neighbour, elsewhere, 0, 0);
  for (int i = 0; i < 3; ++i) {
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s");
    EXPECT_EQ(answer.outcome(group), "processed") << answer.raw.body;
    EXPECT_EQ(answer.consumer(group).at("evidence").at("commits_partition").as_int64(), commit_partition(neighbour));
  }
}

TEST_F(HardCases, AnAbortedTransactionalCommitIsNoCommit) {
  GatewayProcess gateway(configured());
  commit_offset(kafka(), group, topic, 0, 0);  // the anchor
  const GatewayAnswer event = gateway.publish(topic, "wait=0");
  ASSERT_EQ(event.status, 202) << event.raw.body;
  TransactionalProducer producer(kafka(), unique_name("aborter"));
  producer.begin();
  producer.send_offset(group, topic, 0, 1);
  producer.abort();
  TransactionalProducer settled(kafka(), unique_name("committer"));
  EXPECT_EQ(gateway.get("/marks/" + event.mark() + "?wait=500ms").outcome(group), "pending");
  settled.begin();
  settled.send_offset(group, topic, 0, 1);
  EXPECT_EQ(gateway.get("/marks/" + event.mark()).outcome(group), "pending");
  settled.commit();
  EXPECT_EQ(gateway.get("/marks/" + event.mark() + "?wait=20s").outcome(group), "processed");
}

// P8: the same answer from the same gateway, and from one that saw nothing of it.
TEST_F(HardCases, AMarkIsResumedByAGatewayStartedAfterTheFirstWasKilled) {
  auto first = std::make_unique<GatewayProcess>(configured());
  Consumer consumer(options());
  ASSERT_TRUE(first->sees_members(group, 1));
  ASSERT_EQ(first->publish(topic, "wait=20s").status, 200);
  consumer.pause();
  const GatewayAnswer held = first->publish(topic, "wait=300ms");
  ASSERT_EQ(held.status, 202) << held.raw.body;
  ASSERT_EQ(held.outcome(group), "pending");
  EXPECT_EQ(first->get("/marks/" + held.mark()).outcome(group), "pending");
  first->process().kill();
  first.reset();
  consumer.resume();
  ASSERT_TRUE(consumer.wait_processed(0, held.number("offset")));
  ASSERT_TRUE(eventually([&] { return committed_offsets(kafka(), group, topic)[0] == held.number("offset") + 1; }));

  GatewayProcess second({kafka(), "", {}, true});  // it knows nothing but what Kafka and the mark say
  const GatewayAnswer resumed = second.get("/marks/" + held.mark() + "?wait=20s");
  EXPECT_EQ(resumed.status, 200) << resumed.raw.body;
  EXPECT_EQ(resumed.outcome(group), "processed");
  EXPECT_EQ(resumed.consumer(group).at("evidence").at("source").as_string(), "seed");
}

TEST_F(HardCases, MarksJoinedByPlusAreOneWait) {
  GatewayProcess gateway(configured());
  const GatewayAnswer one = gateway.publish(topic, "wait=0"), two = gateway.publish(topic, "wait=0");
  const std::string both = "/marks/" + one.mark() + "+" + two.mark();
  EXPECT_EQ(gateway.get(both).outcome(group), "pending");
  Consumer consumer(options());
  const GatewayAnswer done = gateway.get(both + "?wait=20s");
  EXPECT_EQ(done.status, 200) << done.raw.body;
  EXPECT_TRUE(consumer.has_processed(0, two.number("offset")));
  EXPECT_TRUE(done.body.contains("positions")) << done.raw.body;
}

}  // namespace
}  // namespace tidemark::test
