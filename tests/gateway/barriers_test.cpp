// Barriers and `tidemark settle`, on a real Kafka.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/process.h"
#include "support/records.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

class Barriers : public ::testing::Test {
 protected:
  Barriers() : topic(create_unique_topic(kafka(), "settled", 3)), group(unique_name("reader")) {}
  ConsumerOptions consuming(std::function<void(const Record&)> work = {}) const {
    ConsumerOptions options;
    options.bootstrap = kafka();
    options.topic = topic;
    options.group = group;
    options.work = std::move(work);
    return options;
  }
  GatewayOptions options() const { return {kafka(), "consumers:\n  " + group + ": {reset: earliest}\n", {}, true}; }
  std::vector<Record> append(int count) const {
    std::vector<Record> records;
    for (int i = 0; i < count; ++i) {
      Outgoing outgoing;
      outgoing.value = "r" + std::to_string(i);
      outgoing.partition = i % 3;
      records.push_back(produce(kafka(), topic, outgoing));
    }
    return records;
  }
  std::string over_topic() const { return R"({"topics":[")" + topic + R"("]})"; }
  Process settle(GatewayProcess& gateway, const std::string& timeout) const {
    return Process({tidemark_program(), "settle", topic, "--url", gateway.url(), "--timeout", timeout});
  }

  const std::string topic;
  const std::string group;
};

// What the test suites of its users rest on: no sleep, and nothing is left undone.
TEST_F(Barriers, ATopicIsDoneWhenAllThatWasInItIsProcessed) {
  Consumer consumer(consuming([](const Record&) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }));
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway(options());
  ASSERT_TRUE(gateway.knows(group, topic));
  for (int round = 0; round < 3; ++round) {
    const std::vector<Record> records = append(30);
    const GatewayAnswer answer = gateway.post("/waits?wait=30s", over_topic());
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    for (const Record& record : records) EXPECT_TRUE(consumer.has_processed(record.partition, record.offset));
  }
}

TEST_F(Barriers, PositionsOfTheCallersOwnProducer) {
  Consumer consumer(consuming());
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway(options());
  ASSERT_TRUE(gateway.knows(group, topic));
  const Record record = append(1).front();
  const std::string position = R"({"positions":[{"topic":")" + topic + R"(","partition":)" +
                               std::to_string(record.partition) + R"(,"offset":)";
  const GatewayAnswer answer = gateway.post("/waits?wait=20s", position + std::to_string(record.offset) + "}]}");
  EXPECT_EQ(answer.status, 200) << answer.raw.body;
  EXPECT_TRUE(consumer.has_processed(record.partition, record.offset));
  const GatewayAnswer beyond = gateway.post("/waits?wait=20s", position + std::to_string(record.offset + 50) + "}]}");
  EXPECT_EQ(beyond.status, 400) << beyond.raw.body;
  EXPECT_EQ(beyond.text("type"), "/problems/beyond-end");
}

TEST_F(Barriers, AreAnsweredInTimeAndGoOnAtAnotherGateway) {
  Consumer consumer(consuming());
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess first(options());
  ASSERT_TRUE(first.knows(group, topic));
  append(1);
  ASSERT_EQ(first.post("/waits?wait=20s", over_topic()).status, 200);
  consumer.pause();
  append(3);
  const GatewayAnswer pending = first.post("/waits?wait=300ms", over_topic());
  EXPECT_EQ(pending.status, 202) << pending.raw.body;
  EXPECT_FALSE(pending.settled());
  EXPECT_EQ(pending.outcome(group), "pending");
  ASSERT_FALSE(pending.mark().empty());
  GatewayProcess second(options());
  consumer.resume();
  const GatewayAnswer resumed = second.get("/marks/" + pending.mark() + "?wait=20s");
  EXPECT_EQ(resumed.status, 200) << resumed.raw.body;
}

TEST_F(Barriers, AGroupThatNeverHadReasonToCommitAPartitionHoldsNothing) {
  append(9);
  ConsumerOptions options = consuming();
  options.auto_offset_reset = "latest";
  Consumer consumer(options);
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway({kafka(), "", {}, true});
  ASSERT_TRUE(gateway.knows(group, topic));
  ASSERT_TRUE(eventually([&] {
    const GatewayAnswer answer = gateway.post("/waits?wait=1s", over_topic());
    return answer.status == 200 && answer.consumer(group).at("evidence").as_object().contains("since");
  }));
}

// Who commits record by record never commits a marker, nor what was aborted.
TEST_F(Barriers, ATopicThatEndsInWhatNobodySeesIsDone) {
  ConsumerOptions per_record = consuming();
  per_record.commit = Commit::kEachRecord;
  Consumer consumer(per_record);
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway(options());
  ASSERT_TRUE(gateway.knows(group, topic));
  TransactionalProducer producer(kafka(), unique_name("producer"));
  const auto write = [&](std::int32_t partition) {
    Outgoing outgoing;
    outgoing.value = "in a transaction";
    outgoing.partition = partition;
    producer.produce(topic, outgoing);
  };
  producer.begin();
  for (std::int32_t partition = 0; partition < 3; ++partition) write(partition);
  producer.commit();
  const GatewayAnswer committed = gateway.post("/waits?wait=30s", over_topic());
  EXPECT_EQ(committed.status, 200) << committed.raw.body;
  EXPECT_EQ(consumer.processed().size(), 3U);

  producer.begin();
  write(0);
  write(1);
  producer.abort();
  const GatewayAnswer aborted = gateway.post("/waits?wait=30s", over_topic());
  EXPECT_EQ(aborted.status, 200) << aborted.raw.body;
  const GatewayAnswer at_once = gateway.post("/waits?wait=0s", over_topic());
  EXPECT_EQ(at_once.status, 200) << at_once.raw.body;
  EXPECT_EQ(consumer.processed().size(), 3U);

  producer.begin();
  write(2);
  const GatewayAnswer open = gateway.post("/waits?wait=1500ms", over_topic());
  EXPECT_EQ(open.status, 202) << open.raw.body;
  producer.commit();
  const GatewayAnswer settled = gateway.post("/waits?wait=30s", over_topic());
  EXPECT_EQ(settled.status, 200) << settled.raw.body;
  EXPECT_EQ(consumer.processed().size(), 4U);
}

TEST_F(Barriers, RefusesWhatDoesNotExistAndWhatIsTooMuch) {
  GatewayProcess gateway({kafka(), "limits: {barrier_partitions: 2}\n", {}, true});
  const GatewayAnswer typo = gateway.post("/waits", R"({"topics":["no-such-topic"]})");
  EXPECT_EQ(typo.status, 404) << typo.raw.body;
  EXPECT_EQ(typo.text("field"), "topics[0]");
  const GatewayAnswer much = gateway.post("/waits", over_topic());
  EXPECT_EQ(much.status, 413) << much.raw.body;
  EXPECT_NE(much.text("detail").find("limit is 2"), std::string::npos) << much.raw.body;
}

// What was made after the gateway had read its list of topics is no typo, and nothing of it is left out.
TEST_F(Barriers, KnowsATopicThatWasJustMadeAndAPartitionThatWasJustAdded) {
  const std::string fresh = unique_name("fresh");
  GatewayProcess gateway({kafka(), "topics: {" + fresh + ": {wait_for: [" + group + "]}}\nconsumers: {" + group +
                                       ": {reset: earliest}}\n", {}, true});
  create_topic(kafka(), fresh, 1);
  const std::string only_topic = R"({"topics":[")" + fresh + R"("]})";
  const GatewayAnswer made = gateway.post("/waits?wait=200ms", only_topic);
  EXPECT_EQ(made.status, 200) << made.raw.body;
  const GatewayAnswer event = gateway.publish(fresh, "wait=0");
  ASSERT_EQ(event.status, 202) << event.raw.body;

  add_partitions(kafka(), fresh, 2);
  Outgoing outgoing;
  outgoing.value = "into the new one";
  outgoing.partition = 1;
  const Record added = produce(kafka(), fresh, outgoing);
  const std::string both = R"({"topics":[")" + fresh + R"("],"marks":[")" + event.mark() + R"("]})";
  const GatewayAnswer pending = gateway.post("/waits?wait=300ms", both);
  EXPECT_EQ(pending.status, 202) << pending.raw.body;
  EXPECT_NE(pending.raw.body.find(R"("partition":1)"), std::string::npos) << pending.raw.body;

  ConsumerOptions of_fresh = consuming();
  of_fresh.topic = fresh;
  Consumer consumer(of_fresh);
  const GatewayAnswer done = gateway.post("/waits?wait=30s", both);
  EXPECT_EQ(done.status, 200) << done.raw.body;
  EXPECT_TRUE(consumer.has_processed(1, added.offset));
  EXPECT_TRUE(consumer.has_processed(0, event.number("offset")));
}

TEST_F(Barriers, SettleOfATopicThatWasJustMadeIsNoTypo) {
  GatewayProcess gateway(options());
  const std::string fresh = create_unique_topic(kafka(), "fresh", 1);
  Process settle({tidemark_program(), "settle", fresh, "--url", gateway.url(), "--timeout", "1s"});
  const auto ended = settle.wait();
  ASSERT_TRUE(ended.has_value());
  EXPECT_NE(ended->code, 1) << settle.output();
  EXPECT_EQ(settle.output().find("no topic"), std::string::npos) << settle.output();
}

TEST_F(Barriers, SettleEndsWithWhatAScriptNeeds) {
  Consumer consumer(consuming());
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway(options());
  ASSERT_TRUE(gateway.knows(group, topic));
  append(20);
  Process done = settle(gateway, "30s");
  const auto good = done.wait();
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->code, 0) << done.output();
  EXPECT_EQ(consumer.processed().size(), 20U);
  consumer.pause();
  append(1);
  Process late = settle(gateway, "500ms");
  const auto bad = late.wait();
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->code, 2) << late.output();
  EXPECT_TRUE(late.wait_for_line(group).has_value()) << "it names who is not done: " << late.output();
  consumer.resume();
}

}  // namespace
}  // namespace tidemark::test
