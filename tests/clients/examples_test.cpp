// The examples of examples/ do what their pages in docs/ say, on a real Kafka.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <ostream>

#include "gateway_process.h"
#include "patient_publish.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

struct Acker {
  const char* name;
  std::vector<std::string> (*command)(const std::string& bootstrap, const std::string& topic, const std::string& group,
                                      const std::string& gateway);
  const char* reason;  // what it says of the value `bad`

  friend void PrintTo(const Acker& acker, std::ostream* out) { *out << acker.name; }
};

constexpr auto kName = [](const auto& one) { return std::string(one.param.name); };

class AckExamples : public testing::TestWithParam<Acker> {};

TEST_P(AckExamples, SettleAPublishAndSayWhyTheirWorkFailed) {
  const std::string topic = create_unique_topic(kafka(), "viewed", 2), group = unique_name("views");
  GatewayProcess gateway(
      {kafka(),
       "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + group + "]}}\nconsumers: {" + group +
           ": {acks: true}}\n",
       {}, true});
  Process consumer(GetParam().command(kafka(), topic, group, gateway.url()), client_environment());
  const GatewayAnswer good = patient_publish(gateway, topic, "good");
  EXPECT_EQ(good.status, 200) << good.raw.body << consumer.output();
  EXPECT_EQ(good.outcome(group), "processed");
  EXPECT_EQ(good.consumer(group).at("basis").as_string(), "ack") << good.raw.body;
  EXPECT_TRUE(consumer.wait_for_line("viewed good").has_value()) << consumer.output();

  const GatewayAnswer bad = patient_publish(gateway, topic, "bad");
  EXPECT_EQ(bad.status, 202) << bad.raw.body;
  EXPECT_TRUE(bad.settled()) << bad.raw.body << consumer.output();
  EXPECT_EQ(bad.outcome(group), "failed");
  const boost::json::object entry = bad.consumer(group);
  ASSERT_TRUE(entry.contains("reason")) << bad.raw.body;
  EXPECT_EQ(entry.at("reason").as_string(), GetParam().reason);

  const GatewayAnswer next = patient_publish(gateway, topic, "next");
  EXPECT_EQ(next.status, 200) << "it goes on after the failure: " << next.raw.body << consumer.output();
}

INSTANTIATE_TEST_SUITE_P(
    Each, AckExamples,
    testing::Values(Acker{"python", python_acker, "a view needs a page"},
                    Acker{"java", java_acker, "java.lang.IllegalArgumentException: a view needs a page"},
                    Acker{"javascript", javascript_acker, "a view needs a page"}),
    kName);

struct Suite {
  const char* name;
  std::vector<std::string> (*command)();
  const char* summary;  // how it says that all of its tests passed

  friend void PrintTo(const Suite& suite, std::ostream* out) { *out << suite.name; }
};

class TestingExamples : public testing::TestWithParam<Suite> {
 protected:
  TestingExamples() : topic(create_unique_topic(kafka(), "orders", 2)), group(unique_name("totals")) {}
  GatewayOptions options(const std::string& wait_for) const {
    return {kafka(),
            "absent_grace: 5m\ntopics: {" + topic + ": {wait_for: [" + wait_for + "]}}\nconsumers: {" + wait_for +
                ": {reset: earliest}}\n",
            {}, true};
  }
  std::map<std::string, std::string> environment(const GatewayProcess& gateway) const {
    auto variables = client_environment();
    variables.insert({{"KAFKA", kafka()}, {"TIDEMARK_URL", gateway.url()}, {"TOPIC", topic}, {"GROUP", group}});
    variables["PYTHONDONTWRITEBYTECODE"] = "1";
    return variables;
  }

  const std::string topic;
  const std::string group;
};

TEST_P(TestingExamples, PassWithoutASleep) {
  GatewayProcess gateway(options(group));
  Process suite(GetParam().command(), environment(gateway));
  const auto exit = suite.wait(std::chrono::seconds(240));
  ASSERT_TRUE(exit.has_value()) << suite.output();
  EXPECT_EQ(exit->code, 0) << suite.output();
  EXPECT_TRUE(suite.wait_for_line(GetParam().summary).has_value()) << suite.output();
}

INSTANTIATE_TEST_SUITE_P(Each, TestingExamples,
                         testing::Values(Suite{"junit", junit_suite, "3 tests successful"},
                                         Suite{"pytest", pytest_suite, "4 passed"}),
                         kName);

}  // namespace
}  // namespace tidemark::test
