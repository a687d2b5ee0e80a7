// The main job, on a real Kafka, through unmodified consumers.

#include <gtest/gtest.h>

#include <thread>

#include "gateway_process.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/environment.h"

namespace tidemark::test {
namespace {

ConsumerOptions consuming(const std::string& topic, const std::string& group) {
  ConsumerOptions options;
  options.bootstrap = kafka();
  options.topic = topic;
  options.group = group;
  return options;
}

// P1: every answer `processed` is true, for every event, with several consumers.
TEST(MainJob, AnswersOnceEveryGroupHasProcessedIt) {
  const std::string topic = create_unique_topic(kafka());
  const std::string fast = unique_name("fast"), slow = unique_name("slow");
  Consumer first(consuming(topic, fast));
  ConsumerOptions options = consuming(topic, slow);
  options.commit = Commit::kEachRecord;
  options.work = [](const Record&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };  // work, not waiting
  Consumer second(options);
  ASSERT_TRUE(first.wait_at_end() && second.wait_at_end());
  GatewayProcess gateway({kafka(), "consumers:\n  " + fast + ": {reset: earliest}\n  " + slow + ": {reset: earliest}\n", {}, true});
  ASSERT_TRUE(gateway.knows(fast, topic) && gateway.knows(slow, topic));

  for (int i = 0; i < 30; ++i) {
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s&key=k" + std::to_string(i));
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    EXPECT_EQ(answer.raw.header("Tidemark-Outcome"), "processed");
    const auto partition = static_cast<std::int32_t>(answer.number("partition"));
    EXPECT_TRUE(first.has_processed(partition, answer.number("offset")));
    EXPECT_TRUE(second.has_processed(partition, answer.number("offset")));
    EXPECT_EQ(answer.outcome(fast), "processed");
    EXPECT_EQ(answer.outcome(slow), "processed");
  }
}

TEST(MainJob, NamesWhoIsMissingAndWhy) {
  const std::string topic = create_unique_topic(kafka());
  const std::string present = unique_name("present"), absent = unique_name("absent"), silent = unique_name("silent");
  Consumer consumer(consuming(topic, present));
  ConsumerOptions options = consuming(topic, silent);
  options.commit = Commit::kNever;
  Consumer never(options);
  ASSERT_TRUE(consumer.wait_at_end() && never.wait_at_end());
  GatewayProcess gateway({kafka(),
                          "absent_grace: 300ms\n"
                          "topics:\n  " + topic + ": {wait_for: [" + present + ", " + absent + ", " + silent + "]}\n"
                          "consumers:\n  " + present + ": {reset: earliest}\n",
                          {}, true});
  ASSERT_TRUE(gateway.sees_members(present, 1) && gateway.sees_members(silent, 1));
  const GatewayAnswer answer = gateway.publish(topic, "wait=3s");
  ASSERT_EQ(answer.status, 202) << answer.raw.body;
  EXPECT_EQ(answer.outcome(present), "processed");
  EXPECT_EQ(answer.outcome(absent), "absent");
  EXPECT_EQ(answer.outcome(silent), "pending");
  EXPECT_EQ(answer.consumer(silent).at("reason").as_string(), "not_started");
  EXPECT_FALSE(answer.settled());
  EXPECT_FALSE(answer.mark().empty());
  EXPECT_EQ(answer.raw.header("Location"), "/marks/" + answer.mark());
}

// A group at *latest* passes over what was there before it began, and commits behind it.
TEST(MainJob, AnEventThatALatestGroupPassedOverIsNeverProcessed) {
  const std::string topic = create_unique_topic(kafka(), "latest", 1);
  const std::string group = unique_name("latest");
  GatewayProcess gateway({kafka(), "topics:\n  " + topic + ": {wait_for: [" + group + "]}\n", {}, true});
  const GatewayAnswer before = gateway.publish(topic, "wait=0");
  ASSERT_EQ(before.status, 202) << before.raw.body;

  ConsumerOptions options = consuming(topic, group);
  options.auto_offset_reset = "latest";
  Consumer consumer(options);
  ASSERT_TRUE(consumer.wait_at_end());
  const GatewayAnswer during = gateway.publish(topic, "wait=0");
  ASSERT_TRUE(consumer.wait_processed(0, during.number("offset")));
  const GatewayAnswer passed_over = gateway.get("/marks/" + before.mark() + "?wait=20s");
  EXPECT_EQ(passed_over.outcome(group), "unanchored") << passed_over.raw.body;
  EXPECT_TRUE(passed_over.settled());
  EXPECT_EQ(passed_over.status, 202);
  EXPECT_FALSE(consumer.has_processed(0, before.number("offset")));
  // Its position is known by now, so the next event has an anchor.
  EXPECT_EQ(gateway.publish(topic, "wait=20s").outcome(group), "processed");
}

TEST(MainJob, ForNarrowsAndWaitZeroDoesNotWait) {
  const std::string topic = create_unique_topic(kafka());
  const std::string one = unique_name("one"), two = unique_name("two");
  GatewayProcess gateway({kafka(),
                          "topics:\n  " + topic + ": {wait_for: [" + one + ", " + two + "]}\n"
                          "consumers:\n  " + one + ": {reset: earliest}\n", {}, true});
  Consumer consumer(consuming(topic, one));
  ASSERT_TRUE(gateway.sees_members(one, 1));
  const GatewayAnswer narrowed = gateway.publish(topic, "wait=20s&for=" + one);
  EXPECT_EQ(narrowed.status, 200) << narrowed.raw.body;
  EXPECT_EQ(narrowed.outcome(two), "not named");
  const GatewayAnswer at_once = gateway.publish(topic, "", "v", {"Prefer: respond-async"});
  EXPECT_EQ(at_once.status, 202);
  EXPECT_EQ(at_once.outcome(two), "pending");
  const GatewayAnswer unknown = gateway.publish(topic, "for=nobody");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.text("detail").find(one), std::string::npos) << unknown.raw.body;
}

TEST(MainJob, SaysWhenNobodyIsKnownAndWhenNobodyIsWanted) {
  const std::string topic = create_unique_topic(kafka()), quiet = create_unique_topic(kafka());
  GatewayProcess gateway({kafka(), "topics:\n  " + quiet + ": {wait_for: []}\n", {}, true});
  const GatewayAnswer nobody = gateway.publish(topic, "");
  EXPECT_EQ(nobody.status, 202);
  EXPECT_TRUE(nobody.settled());
  EXPECT_EQ(nobody.text("no_consumers_known"), "true");
  const GatewayAnswer wanted = gateway.publish(quiet, "");
  EXPECT_EQ(wanted.status, 200) << wanted.raw.body;
  EXPECT_TRUE(wanted.body.at("consumers").as_array().empty());
}

TEST(MainJob, ATopicMadeAMomentAgoIsFound) {
  GatewayProcess gateway({kafka(), "", {}, true});
  for (int i = 0; i < 3; ++i) {
    const std::string topic = create_unique_topic(kafka());
    EXPECT_EQ(gateway.publish(topic, "wait=0").status, 202);
  }
}

// A topic's consumers are observed without a word of configuration.
void one_client(const std::vector<std::string>& command, const std::string& topic, const std::string& group) {
  Process consumer(command);
  ASSERT_TRUE(consumer.wait_for_line("ready", std::chrono::seconds(60))) << consumer.output();
  GatewayProcess gateway({kafka(), "consumers:\n  " + group + ": {reset: earliest}\n", {}, true});
  ASSERT_TRUE(gateway.knows(group, topic));
  for (int i = 0; i < 5; ++i) {
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s");
    ASSERT_EQ(answer.status, 200) << answer.raw.body << consumer.output();
    ASSERT_EQ(answer.outcome(group), "processed");
    const std::string line = "processed " + std::to_string(answer.number("partition")) + " " +
                             std::to_string(answer.number("offset")) + " id=" + answer.text("id");
    EXPECT_TRUE(consumer.wait_for_line(line)) << consumer.output();
  }
}

TEST(MainJob, SettlesByTheCommitsOfJavaClassic) {
  const std::string topic = create_unique_topic(kafka()), group = unique_name("java");
  one_client(java_consumer(kafka(), topic, group, "classic"), topic, group);
}

TEST(MainJob, SettlesByTheCommitsOfJavaKip848) {
  const std::string topic = create_unique_topic(kafka()), group = unique_name("java848");
  one_client(java_consumer(kafka(), topic, group, "consumer"), topic, group);
}

TEST(MainJob, SettlesByTheCommitsOfKafkaJs) {
  const std::string topic = create_unique_topic(kafka()), group = unique_name("kafkajs");
  one_client(kafkajs_consumer(kafka(), topic, group), topic, group);
}

TEST(MainJob, WorksOnKafka39) {
  const std::string topic = create_unique_topic(kafka39()), group = unique_name("old");
  ConsumerOptions options = consuming(topic, group);
  options.bootstrap = kafka39();
  Consumer consumer(options);
  ASSERT_TRUE(consumer.wait_at_end());
  GatewayProcess gateway({kafka39(), "consumers:\n  " + group + ": {reset: earliest}\n", {}, true});
  ASSERT_TRUE(gateway.knows(group, topic));
  for (int i = 0; i < 5; ++i) {
    const GatewayAnswer answer = gateway.publish(topic, "wait=20s");
    ASSERT_EQ(answer.status, 200) << answer.raw.body;
    EXPECT_TRUE(consumer.has_processed(static_cast<std::int32_t>(answer.number("partition")), answer.number("offset")));
  }
}

// P5's other half: what a publish says it appended is there for any reader.
TEST(MainJob, RecordsAreReadableByLibrdkafkaJavaAndKafkaJs) {
  const std::string topic = create_unique_topic(kafka(), "readable", 1);
  GatewayProcess gateway({kafka(), "topics:\n  " + topic + ": {wait_for: []}\n", {}, true});
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const GatewayAnswer answer =
      gateway.publish(topic, "key=k%201", "hello", {"Content-Type: text/plain", "traceparent: " + parent, "baggage: a=b"});
  ASSERT_EQ(answer.status, 200) << answer.raw.body;
  const std::vector<Record> records = read_all(kafka(), topic);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "k 1");
  EXPECT_EQ(records[0].value, "hello");
  EXPECT_EQ(records[0].header("tidemark-id"), answer.text("id"));
  EXPECT_EQ(records[0].header("traceparent"), parent);
  EXPECT_EQ(records[0].header("baggage"), "tidemark-id=" + answer.text("id") + ",a=b");
  EXPECT_EQ(records[0].header("content-type"), "text/plain");
  for (const auto& command : {java_reader(kafka(), topic, 1), kafkajs_reader(kafka(), topic, 1)}) {
    Process reader(command);
    const auto line = reader.wait_for_line("record 0 0", std::chrono::seconds(60));
    ASSERT_TRUE(line) << reader.output();
    EXPECT_NE(line->find("key=\"k 1\" value=\"hello\""), std::string::npos) << *line;
    EXPECT_NE(line->find(answer.text("id")), std::string::npos) << *line;
    EXPECT_NE(line->find(parent), std::string::npos) << *line;
  }
}

}  // namespace
}  // namespace tidemark::test
