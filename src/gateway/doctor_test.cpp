#include "gateway/doctor.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <string>

namespace tidemark::gateway {
namespace {

namespace json = boost::json;

core::ConsumerView group(std::string name) {
  core::ConsumerView view;
  view.name = std::move(name);
  view.state = "active";
  view.client = "consumer-1";
  core::ConsumerView::TopicView topic;
  topic.topic = "orders";
  topic.partitions = {{0, 7, 9}};
  view.topics.push_back(topic);
  return view;
}

core::TopicView waited_for(std::string name) {
  core::TopicView view;
  view.name = std::move(name);
  view.partitions = 1;
  view.wait_for.push_back({"views", core::ExpectedBy::observed});
  return view;
}

// Code → subject of each finding.
std::multimap<std::string, std::string> findings(const json::value& document) {
  std::multimap<std::string, std::string> found;
  for (const json::value& finding : document.at("findings").as_array())
    found.emplace(finding.at("code").as_string().c_str(), finding.at("subject").as_string().c_str());
  return found;
}

TEST(Doctor, FindsNothingWhereNothingIsWrong) {
  log::ClusterFacts facts;
  facts.coordinator_linger_ms = 0;
  facts.topics = {{"orders", 3, 2}};
  const json::value document = json::parse(diagnose({group("views")}, {waited_for("orders")}, facts));
  EXPECT_TRUE(document.at("findings").as_array().empty());
  EXPECT_TRUE(document.at("groups").at(0).at("anchored").as_bool());
  EXPECT_TRUE(document.at("groups").at(0).at("commits").at("interval_ms").is_null());
  EXPECT_EQ(document.at("topics").at(0).at("replicas").as_int64(), 3);
}

TEST(Doctor, NamesEachFindingAndTheSettingThatMendsIt) {
  core::ConsumerView early = group("early");
  early.early = true;
  early.client = "app@host (github.com/segmentio/kafka-go)";
  core::ConsumerView timer = group("timer");
  timer.commits_by_timer = true;
  timer.commit_interval = std::chrono::seconds(5);
  core::ConsumerView fresh = group("fresh");
  fresh.topics[0].partitions.push_back({1, core::kNoOffset, 4});
  log::ClusterFacts facts;
  facts.coordinator_linger_ms = 5;
  facts.polling = true;
  facts.blind = {3, 7};
  facts.topics = {{"orders", 3, 1}, {"single", 1, 1}, {"nobody-waits", 1, 1}};
  const json::value document =
      json::parse(diagnose({early, timer, fresh}, {waited_for("orders"), waited_for("single")}, facts));
  const std::multimap<std::string, std::string> expected{
      {"early-commits", "group early"},     {"timer-commits", "group timer"},       {"no-anchor", "group fresh"},
      {"blinded", "cluster"},               {"polling", "cluster"},                 {"coordinator-linger", "cluster"},
      {"single-in-sync-copy", "topic orders"}, {"single-in-sync-copy", "topic single"}};
  EXPECT_EQ(findings(document), expected);
  const json::array& list = document.at("findings").as_array();
  EXPECT_EQ(list.front().at("severity").as_string(), "error");
  EXPECT_EQ(list.back().at("severity").as_string(), "warning");
  for (const json::value& finding : list) {
    EXPECT_FALSE(finding.at("fix").as_string().empty());
    if (finding.at("code").as_string() == "early-commits") {
      EXPECT_NE(std::string(finding.at("fix").as_string().c_str()).find("FetchMessage"), std::string::npos);
    }
  }
  EXPECT_EQ(document.at("groups").at(1).at("commits").at("interval_ms").to_number<double>(), 5000);
}

TEST(Doctor, WhoMayCommitEarlyAndCannotBeToldIsNamed) {
  for (const std::string client : {"rdkafka", "aiokafka-0.14.0"}) {
    core::ConsumerView doubtful = group("doubtful");
    doubtful.client = client;
    doubtful.may_be_early = true;
    const json::value document = json::parse(diagnose({doubtful}, {}, {}));
    EXPECT_TRUE(document.at("groups").at(0).at("may_be_early").as_bool());
    ASSERT_EQ(document.at("findings").as_array().size(), 1U);
    const json::value& finding = document.at("findings").at(0);
    EXPECT_EQ(finding.at("code").as_string(), "cannot-be-told");
    EXPECT_EQ(finding.at("severity").as_string(), "warning");
    const std::string fix(finding.at("fix").as_string());
    EXPECT_NE(fix.find("declare it with commits: after-processing"), std::string::npos) << fix;
    EXPECT_EQ(fix.find("enable_auto_commit=False") != std::string::npos, client != "rdkafka") << fix;
  }
}

TEST(Doctor, AConsumerThatAcksIsNotBlamedForItsCommits) {
  core::ConsumerView acker = group("acker");
  acker.acks = acker.early = acker.may_be_early = acker.commits_by_timer = true;
  acker.topics[0].partitions.push_back({1, core::kNoOffset, 4});
  EXPECT_TRUE(findings(json::parse(diagnose({acker}, {}, {}))).empty());
}

TEST(Doctor, ShowsAllThatAGroupCommits) {
  core::ConsumerView wide = group("wide");
  wide.topics[0].lag = 2;
  core::ConsumerView::TopicView clicks;
  clicks.topic = "clicks";
  for (core::Partition p = 0; p < 300; ++p) clicks.partitions.push_back({p, core::kNoOffset, core::kNoOffset});
  wide.topics.push_back(clicks);
  const json::value document = json::parse(diagnose({wide}, {}, {}));
  const json::value& topics = document.at("groups").at(0).at("topics");
  EXPECT_EQ(json::serialize(topics.at(0)),
            R"({"topic":"orders","source":"observed","lag":2,"partitions":[{"partition":0,"committed":7,"end":9}]})");
  EXPECT_EQ(topics.at(1).at("partitions").as_array().size(), 300U);
  EXPECT_TRUE(topics.at(1).at("lag").is_null());
  EXPECT_TRUE(topics.at(1).at("partitions").at(299).at("committed").is_null());
}

TEST(Doctor, WhatCannotBeReadIsNull) {
  const json::value document = json::parse(diagnose({}, {waited_for("orders")}, {}));
  EXPECT_TRUE(document.at("cluster").at("coordinator_linger_ms").is_null());
  EXPECT_TRUE(document.at("topics").at(0).at("replicas").is_null());
  EXPECT_TRUE(document.at("findings").as_array().empty());
}

}  // namespace
}  // namespace tidemark::gateway
