// What people are shown (engine_view.cpp).
#include <gtest/gtest.h>

#include <string>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

ConsumerView view_of(Gateway& g, const std::string& name) {
  for (ConsumerView& view : g.engine().consumers(g.now))
    if (view.name == name) return view;
  ADD_FAILURE() << name << " is not shown";
  return {};
}

TEST(EngineView, ShowsWhereAConsumerStands) {
  EngineConfig config;
  config.wait_for["orders"] = {"views"};
  Gateway g(config);
  g.start();
  g.members("views", 2);
  g.commit("views", 2, 990);
  g.commit("views", 0, 400);
  const ConsumerView view = view_of(g, "views");
  EXPECT_EQ(view.state, "active");
  EXPECT_EQ(view.members, 2);
  EXPECT_EQ(view.client, "client-1");
  ASSERT_EQ(view.topics.size(), 1U);
  EXPECT_EQ(view.topics[0].topic, "orders");
  EXPECT_EQ(view.topics[0].source, ExpectedBy::configured);
  EXPECT_EQ(view.topics[0].lag, 610);
  ASSERT_EQ(view.topics[0].partitions.size(), 3U);
  EXPECT_EQ(view.topics[0].partitions[0].partition, 0);
  EXPECT_EQ(view.topics[0].partitions[0].committed, 400);
  EXPECT_EQ(view.topics[0].partitions[0].end, Gateway::kEnd);
  EXPECT_EQ(view.topics[0].partitions[1].committed, kNoOffset) << "it holds records, and was never committed";
  EXPECT_FALSE(view.commit_interval.has_value());
}

TEST(EngineView, LagIsUnknownWhereTheEndIs) {
  Gateway g;
  g.list({Gateway::orders()});
  g.engine().synced(g.now);
  g.members("views", 1);
  g.commit("views", 0, 400);
  const ConsumerView view = view_of(g, "views");
  EXPECT_FALSE(view.topics[0].lag.has_value());
  EXPECT_EQ(view.topics[0].partitions[0].end, kNoOffset);
}

TEST(EngineView, StatesFollowMembersAndCommits) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  g.commit("assigner", 0, 5);
  EXPECT_EQ(view_of(g, "views").state, "active");
  EXPECT_EQ(view_of(g, "assigner").state, "unmanaged");
  g.members("views", 0);
  EXPECT_EQ(view_of(g, "views").state, "idle");
  g.now += seconds(30);
  EXPECT_EQ(view_of(g, "views").state, "absent");
  EXPECT_EQ(view_of(g, "assigner").state, "absent");
  EXPECT_NE(view_of(g, "views").hint.find("start the consumer"), std::string::npos);
}

TEST(EngineView, ATimerIsShownWithWhatWouldMendIt) {
  Gateway g;
  g.start();
  g.members("views", 1);
  for (Offset o = 0; o < 7; ++o) {
    g.commit("views", 0, o);
    g.now += seconds(5);
  }
  EXPECT_EQ(view_of(g, "views").commit_interval, seconds(5));
  EXPECT_NE(view_of(g, "views").hint.find("auto.commit.interval.ms"), std::string::npos);
}

TEST(EngineView, AClientThatMayCommitEarlyIsInDoubtUntilItShowsOrIsDeclared) {
  for (const std::string client : {"rdkafka", "aiokafka-0.14.0"}) {
    EngineConfig config;
    config.commits_after = {"views"};
    Gateway declared(config), g;
    for (Gateway* each : {&declared, &g}) {
      each->start();
      each->client(client, client + "-1");
    }
    EXPECT_FALSE(view_of(declared, "views").may_be_early);
    EXPECT_TRUE(view_of(g, "views").may_be_early);
    EXPECT_FALSE(view_of(g, "views").early);
    for (Offset o = 0; o < 7; ++o, g.now += seconds(1)) g.commit("views", 0, o);
    EXPECT_TRUE(view_of(g, "views").early) << "a timer";
    EXPECT_FALSE(view_of(g, "views").may_be_early);
  }
  for (const std::string client : {"consumer-views-1", "app@host (github.com/segmentio/kafka-go)"}) {
    Gateway g;
    g.start();
    g.client(client, client + "-1");
    EXPECT_FALSE(view_of(g, "views").may_be_early) << client << " is known";
  }
}

TEST(EngineView, CommitsThatFollowEventsEndTheDoubt) {
  Gateway g;
  g.start();
  g.client("rdkafka", "rdkafka-1");
  Offset offset = 10;
  for (int round = 0; round < 24; ++round) {
    g.append(0, offset);
    g.commit("views", 0, ++offset);
    g.advance(std::chrono::milliseconds(850 + 150 * (round % 3)));
  }
  EXPECT_FALSE(view_of(g, "views").may_be_early);
}

TEST(EngineView, ACommitBeyondTheEndIsExplained) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, Gateway::kEnd + 5);
  for (const AskEnds& ask : g.asked()) g.ends("orders", 0, Gateway::kEnd, ask.number);
  EXPECT_NE(view_of(g, "views").hint.find("beyond the end"), std::string::npos);
}

TEST(EngineView, DeniedGroupsAreNotShownAndOptionalOnesAreNotWaitedFor) {
  Gateway g;
  g.start();
  for (const char* name : {"console-consumer-1", "connect-sink", "views"}) g.members(name, 1);
  ASSERT_EQ(g.engine().consumers(g.now).size(), 2U);
  EXPECT_EQ(g.engine().consumers(g.now)[0].name, "connect-sink");
  const auto topics = g.engine().topic_views(g.now);
  ASSERT_EQ(topics.size(), 1U);
  ASSERT_EQ(topics[0].wait_for.size(), 1U);
  EXPECT_EQ(topics[0].wait_for[0].name, "views");
  EXPECT_EQ(topics[0].wait_for[0].source, ExpectedBy::observed);
}

TEST(EngineView, TopicsAreTheLogsOwnWithoutInternalOnes) {
  Gateway g;
  g.start();
  g.list({{"views", {}, 1}, Gateway::orders(), {"__consumer_offsets", {}, 50}});
  g.members("search", 1, {"planned"});
  const auto topics = g.engine().topic_views(g.now);
  ASSERT_EQ(topics.size(), 2U);
  EXPECT_EQ(topics[0].name, "orders");
  EXPECT_EQ(topics[0].partitions, 3);
  EXPECT_EQ(topics[1].name, "views");
}

TEST(EngineView, CountersTellWhatHappened) {
  Gateway g;
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 10);
  const WaitId wait = g.append(0, 10);
  EXPECT_EQ(g.engine().stats().open_waits, 1U);
  EXPECT_EQ(g.engine().stats().open_obligations, 1U);
  g.commit("views", 0, 11);
  EXPECT_TRUE(g.answered(wait));
  g.seed("views", {});
  const EngineStats stats = g.engine().stats();
  EXPECT_EQ(stats.commits, 2U);
  EXPECT_EQ(stats.seeds, 1U);
  EXPECT_EQ(stats.answers_processed, 1U);
  EXPECT_EQ(stats.obligations_settled, 1U);
  EXPECT_EQ(stats.open_obligations, 0U);
  EXPECT_EQ(stats.consumers, 1U);
  EXPECT_EQ(stats.frontiers, 1U);
}

}  // namespace
}  // namespace tidemark::core
