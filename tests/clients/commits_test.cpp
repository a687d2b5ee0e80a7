// What Tidemark answers for real clients, as their commits come: some commit a record
// before its work is done, and are not believed.

#include <gtest/gtest.h>

#include <future>

#include "gateway_process.h"
#include "patient_publish.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/eventually.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

class ClientCommits : public testing::Test {
 protected:
  ClientCommits() : topic(create_unique_topic(kafka(), "read", 1)), group(unique_name("reader")) {}
  // The group begins at the log's start, so that its first commit can prove something; on a crowded
  // machine a client may take long to join.
  GatewayOptions options(const std::string& declared = "") const {
    return {kafka(),
            "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\nconsumers: {" + group + ": {reset: earliest" +
                declared + "}}\n",
            {}, true};
  }
  GatewayAnswer publish(GatewayProcess& gateway) const { return patient_publish(gateway, topic, "v"); }
  // As many publishes as the client's timer needs to be recognised; each waits for its next round. Six rounds
  // are enough, if the machine lets the client keep its time.
  GatewayAnswer publish_until_handed_over(GatewayProcess& gateway) const {
    GatewayAnswer answer;
    eventually([&] { return (answer = publish(gateway)).outcome(group) == "handed_over"; }, std::chrono::seconds(200));
    return answer;
  }
  void expect_handed_over(const GatewayAnswer& answer, std::string_view remedy) const {
    EXPECT_EQ(answer.status, 202) << answer.raw.body;
    EXPECT_TRUE(answer.settled()) << answer.raw.body;
    ASSERT_EQ(answer.outcome(group), "handed_over") << answer.raw.body;
    EXPECT_EQ(answer.raw.header("Tidemark-Outcome"), "failed");
    const std::string hint(answer.consumer(group).at("hint").as_string());
    EXPECT_NE(hint.find(remedy), std::string::npos) << hint;
  }
  // Each publish is answered `processed`, with the client's own word that it was done before.
  void expect_processed(GatewayProcess& gateway, Process& client, int publishes) const {
    for (int i = 0; i < publishes; ++i) {
      const GatewayAnswer answer = publish(gateway);
      ASSERT_EQ(answer.status, 200) << answer.raw.body << client.output();
      EXPECT_EQ(answer.outcome(group), "processed");
      EXPECT_TRUE(client.wait_for_line("processed 0 " + answer.text("offset")).has_value()) << client.output();
    }
  }

  // `tidemark doctor` has a finding of that code about the group, which a setting mends.
  void expect_doctor_names(const GatewayProcess& gateway, const std::string& severity, const std::string& code) const {
    Process doctor({tidemark_program(), "doctor", "--url", gateway.url()});
    const auto exit = doctor.wait();
    ASSERT_TRUE(exit) << doctor.output();
    EXPECT_EQ(exit->code, 3);
    const std::string text = doctor.output();
    const std::size_t line = text.find(severity + ": group " + group);
    ASSERT_NE(line, std::string::npos) << text;
    EXPECT_NE(text.substr(line, text.find('\n', line) - line).find("[" + code + "]"), std::string::npos) << text;
    EXPECT_NE(text.find("commits: after-processing", line), std::string::npos) << text;
    EXPECT_NE(text.find("committed of " + topic + ": partition 0 at "), std::string::npos) << text;
  }

  const std::string topic;
  const std::string group;
};

TEST_F(ClientCommits, KafkaGoReadMessageIsNeverBelieved) {
  GatewayProcess gateway(options());
  Process client(go_consumer("kafka-go", "read", kafka(), topic, group));
  for (int i = 0; i < 10; ++i) expect_handed_over(publish(gateway), "after-processing");
}

TEST_F(ClientCommits, KafkaGoFetchAndCommitIsBelievedOnceDeclared) {
  GatewayProcess gateway(options(", commits: after-processing"));
  Process client(go_consumer("kafka-go", "fetch", kafka(), topic, group));
  expect_processed(gateway, client, 10);
}

TEST_F(ClientCommits, FranzGoAutoCommitIsBelieved) {
  GatewayProcess gateway(options());
  Process client(go_consumer("franz-go", "500ms", kafka(), topic, group));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, FranzGoCommittingByHandIsBelieved) {
  GatewayProcess gateway(options());
  Process client(go_consumer("franz-go", "manual", kafka(), topic, group));
  expect_processed(gateway, client, 10);
}

TEST_F(ClientCommits, SaramaAutoCommitIsBelieved) {
  GatewayProcess gateway(options());
  Process client(go_consumer("sarama", "default", kafka(), topic, group));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, SaramaCommittingByHandIsBelieved) {
  GatewayProcess gateway(options());
  Process client(go_consumer("sarama", "manual", kafka(), topic, group));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, ConfluentAutoCommitIsRecognisedByItsRhythm) {
  GatewayProcess gateway(options());
  Process client(python_consumer("confluent", kafka(), topic, group, {"auto.commit.interval.ms=1000"}));
  const GatewayAnswer first = publish(gateway);
  EXPECT_EQ(first.outcome(group), "processed") << first.raw.body;
  expect_doctor_names(gateway, "warning", "cannot-be-told");
  expect_handed_over(publish_until_handed_over(gateway), "enable.auto.offset.store");
}

TEST_F(ClientCommits, ConfluentStoringOffsetsAfterTheWorkIsBelievedOnceDeclared) {
  GatewayProcess gateway(options(", commits: after-processing"));
  Process client(python_consumer("confluent", kafka(), topic, group,
                                 {"auto.commit.interval.ms=500", "enable.auto.offset.store=false"}));
  expect_processed(gateway, client, 10);
}

TEST_F(ClientCommits, ConfluentCommittingByHandIsBelieved) {
  GatewayProcess gateway(options());
  Process client(python_consumer("confluent", kafka(), topic, group, {"enable.auto.commit=false"}));
  expect_processed(gateway, client, 20);
}

TEST_F(ClientCommits, AiokafkaAutoCommitIsRecognisedByItsRhythm) {
  GatewayProcess gateway(options());
  Process client(python_consumer("aiokafka", kafka(), topic, group, {"auto_commit_interval_ms=1000"}));
  expect_handed_over(publish_until_handed_over(gateway), "enable_auto_commit=False");
}

TEST_F(ClientCommits, AiokafkaCommittingByHandIsBelieved) {
  GatewayProcess gateway(options());
  Process client(python_consumer("aiokafka", kafka(), topic, group, {"enable_auto_commit=false"}));
  expect_processed(gateway, client, 10);
}

TEST_F(ClientCommits, KafkaPythonAutoCommitIsBelieved) {
  GatewayProcess gateway(options());
  Process client(python_consumer("kafka-python", kafka(), topic, group, {"auto_commit_interval_ms=500"}));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, KafkaPythonCommittingByHandIsBelieved) {
  GatewayProcess gateway(options());
  Process client(python_consumer("kafka-python", kafka(), topic, group, {"enable_auto_commit=false"}));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, SpringInItsDefaultContainerIsBelieved) {
  GatewayProcess gateway(options());
  Process client(spring_consumer(kafka(), topic, group));
  expect_processed(gateway, client, 8);
}

TEST_F(ClientCommits, SpringCommittingEachRecordIsBelieved) {
  GatewayProcess gateway(options());
  Process client(spring_consumer(kafka(), topic, group, {"RECORD"}));
  expect_processed(gateway, client, 8);
}

// The limit as docs/semantics.md has it: librdkafka stores the offset before it hands the record over, and a timer
// this short is not told from commits that follow the work. `processed`, and the work has not been done.
TEST_F(ClientCommits, ALibrdkafkaTimerBelow400MsIsBelievedBeforeTheWorkIsDone) {
  GatewayProcess gateway(options());
  std::promise<void> done;
  const std::shared_future<void> work = done.get_future().share();
  ConsumerOptions early;
  early.bootstrap = kafka();
  early.group = group;
  early.topic = topic;
  early.commit = Commit::kAuto;
  early.settings = {{"auto.commit.interval.ms", "100"}};
  early.work = [work](const Record&) { work.wait(); };
  Consumer consumer(early);
  const GatewayAnswer answer = publish(gateway);
  EXPECT_EQ(answer.status, 200) << answer.raw.body;
  EXPECT_FALSE(consumer.has_processed(0, answer.number("offset"))) << "the limit is no more: say so in the documents";
  expect_doctor_names(gateway, "warning", "cannot-be-told");
  done.set_value();
  EXPECT_TRUE(consumer.wait_processed(0, answer.number("offset")));
}

TEST_F(ClientCommits, DoctorNamesWhoCommitsEarly) {
  GatewayProcess gateway(options());
  Process client(go_consumer("kafka-go", "read", kafka(), topic, group));
  expect_handed_over(publish(gateway), "after-processing");
  expect_doctor_names(gateway, "error", "early-commits");
}

}  // namespace
}  // namespace tidemark::test
