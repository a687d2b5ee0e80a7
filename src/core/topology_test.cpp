#include "core/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/expectation.h"

namespace tidemark::core {
namespace {

class TopologyTest : public ::testing::Test {
 protected:
  void make(std::vector<Output> outputs, const std::vector<std::string>& names) {
    config.outputs = std::move(outputs);
    for (const Output& output : config.outputs)
      if (!consumers.find(output.consumer)) consumers.add(output.consumer);
    for (const std::string& name : names) topics[*topics.find_or_add(name)].partitions = 1;
    topology.listed(topics, consumers);
  }
  // The names of a plan's topics, those that feed each other in brackets.
  std::string order(const std::string& root) {
    const auto plan = topology.plan(*topics.find(root), topics);
    std::string text;
    for (std::size_t i = 0; i < plan->nodes.size(); ++i) {
      const Plan::Node& node = plan->nodes[i];
      const bool first = i == 0 || plan->nodes[i - 1].component != node.component;
      const bool last = i + 1 == plan->nodes.size() || plan->nodes[i + 1].component != node.component;
      if (first) text += text.empty() ? "" : " ";
      if (!first) text += "+";
      if (first && node.cyclic) text += "(";
      text += topics[node.topic].name;
      if (last && node.cyclic) text += ")";
    }
    return text;
  }

  EngineConfig config;
  Topics topics;
  Consumers consumers{100, 100};
  Topology topology{config};
};

TEST_F(TopologyTest, ATopicComesAfterAllThatWriteIt) {
  make({{"c", "late", "last"}, {"a", "root", "early"}, {"b", "early", "late"}, {"d", "root", "late"}},
       {"root", "late", "early", "last"});
  EXPECT_EQ(order("root"), "root early late last");
  EXPECT_EQ(order("late"), "late last");
}

TEST_F(TopologyTest, AConsumerOfTwoTopicsIsNoCycle) {
  make({{"join", "left", "out"}, {"join", "right", "archive"}, {"feeder", "out", "right"}},
       {"left", "right", "out", "archive"});
  EXPECT_EQ(order("left"), "left out right archive");
}

TEST_F(TopologyTest, TopicsThatFeedEachOtherStandTogether) {
  make({{"a", "root", "ping"}, {"b", "ping", "pong"}, {"c", "pong", "ping"}, {"c", "pong", "done"}},
       {"root", "ping", "pong", "done"});
  EXPECT_EQ(order("root"), "root (ping+pong) done");
  EXPECT_EQ(order("done"), "done");
  const std::vector<std::string> warnings = topology.warnings(topics);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_NE(warnings[0].find("'ping' feeds itself"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[0].find("at most 3 times"), std::string::npos);
}

TEST_F(TopologyTest, ATopicThatFeedsItselfIsACycleOfOne) {
  make({{"streams", "root", "repartition"}, {"streams", "repartition", "repartition"}}, {"root", "repartition"});
  EXPECT_EQ(order("root"), "root (repartition)");
}

TEST_F(TopologyTest, DeadLetterAndRetryTopicsAreKnownByTheirNames) {
  make({}, {"orders", "orders-retry-0", "orders-retry-1", "orders-dlt", "other.DLT", "error.orders.views"});
  consumers.add("views");
  topology.listed(topics, consumers);
  const auto plan = topology.plan(*topics.find("orders"), topics);
  EXPECT_EQ(plan->nodes.size(), 5U);
  const auto dead = plan->node_of(*topics.find("orders-dlt"));
  ASSERT_TRUE(dead);
  EXPECT_TRUE(std::all_of(plan->edges.begin(), plan->edges.end(), [&](const Plan::Edge& edge) {
    return edge.output != *dead || (edge.dead_letter && edge.by_name && !edge.consumer);
  }));
  const auto named = plan->node_of(*topics.find("error.orders.views"));
  ASSERT_TRUE(named);
  EXPECT_TRUE(std::all_of(plan->edges.begin(), plan->edges.end(), [&](const Plan::Edge& edge) {
    return edge.output != *named || edge.consumer == consumers.find("views");
  }));
  EXPECT_FALSE(topology.is_output("other.DLT"));  // there is no topic 'other'
}

TEST_F(TopologyTest, WhatDoesNotExistIsLeftOutAndWarnedOf) {
  make({{"a", "root", "gone"}, {"b", "missing", "root"}}, {"root"});
  const auto plan = topology.plan(*topics.find("root"), topics);
  EXPECT_EQ(plan->nodes.size(), 1U);
  ASSERT_EQ(plan->left_out.size(), 1U);
  EXPECT_EQ(plan->left_out[0].why, Deferred::Why::unknown_topic);
  const std::vector<std::string> warnings = topology.warnings(topics);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_NE(warnings[0].find("consumers.a.outputs: it writes 'gone'"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("it reads 'missing'"), std::string::npos) << warnings[1];
}

TEST_F(TopologyTest, WhatIsNeverFinishedIsNotEntered) {
  make({{"a", "root", "reports", Emits::later, {}, false}, {"b", "reports", "mails"}}, {"root", "reports", "mails"});
  EXPECT_EQ(order("root"), "root");
  EXPECT_EQ(topology.plan(*topics.find("root"), topics)->left_out[0].why, Deferred::Why::later);
}

TEST_F(TopologyTest, ALongChainDoesNotUseUpTheStack) {
  std::vector<Output> outputs;
  std::vector<std::string> names{"t0"};
  for (int i = 0; i < 2000; ++i) {
    names.push_back("t" + std::to_string(i + 1));
    outputs.push_back({"c" + std::to_string(i), names[static_cast<std::size_t>(i)], names.back()});
  }
  consumers = Consumers(5000, 100);
  make(std::move(outputs), names);
  const auto plan = topology.plan(*topics.find("t0"), topics);
  EXPECT_EQ(plan->nodes.size(), Plan::kMaxNodes);
  EXPECT_EQ(plan->left_out.size(), 1U);  // named, not forgotten
}

}  // namespace
}  // namespace tidemark::core
