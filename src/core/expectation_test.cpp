// Who is waited for (P10).
#include "core/expectation.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

using std::chrono::seconds;

const Time kNow = Time{} + std::chrono::hours(1);

struct Tables {
  EngineConfig config;
  Topics topics;
  Consumers consumers{10, 10};
  TopicNumber orders = *topics.find_or_add("orders");

  Consumer& group(std::string_view name, int members, bool subscribes = true) {
    const ConsumerNumber number = *Expectation(config).admit(name, consumers);
    GroupState state;
    state.group = name;
    state.managed = true;
    state.members = members;
    state.topics_known = true;
    const std::vector<std::string> names{subscribes ? "orders" : "other"};
    state.topics = names;
    state.at = {0, ++record};
    consumers.update(number, state, topics, true, kNow);
    Consumers::link(topics, orders, number);
    return consumers[number];
  }
  std::vector<std::string> expected() {
    std::vector<ExpectedConsumer> found;
    Expectation(config).collect(orders, topics, consumers, kNow, kNow, found);
    std::vector<std::string> names;
    for (const ExpectedConsumer& e : found)
      names.push_back(consumers[e.consumer].name + (e.by == ExpectedBy::configured ? "!" : ""));
    return names;
  }
  Offset record = 0;
};

using Names = std::vector<std::string>;

TEST(Expectation, ObservedGroupsCountWhereTheyReadTheTopic) {
  Tables t;
  t.group("views", 1);
  t.group("elsewhere", 1, false);
  EXPECT_EQ(t.expected(), Names{"views"});
}

TEST(Expectation, TheConfigurationOutweighsObservation) {
  Tables t;
  t.config.wait_for["orders"] = {"billing", "search"};
  t.group("views", 1);
  EXPECT_EQ(t.expected(), (Names{"billing!", "search!"}));
  EXPECT_TRUE(t.consumers[*t.consumers.find("billing")].configured);
  t.config.wait_for["orders"] = {};
  EXPECT_EQ(t.expected(), Names{});
  EXPECT_TRUE(Expectation(t.config).is_configured(t.topics[t.orders]));
}

TEST(Expectation, PatternsDenyAllowAndMakeOptional) {
  Tables t;
  t.config.allow = {"team-*", "connect-*"};
  t.config.deny = {"*-tmp"};
  for (const char* name : {"team-a", "team-b-tmp", "other", "connect-x"}) t.group(name, 1);
  EXPECT_EQ(t.expected(), Names{"team-a"});
  EXPECT_TRUE(t.consumers[*t.consumers.find("team-b-tmp")].denied) << "deny wins";
  EXPECT_TRUE(t.consumers[*t.consumers.find("other")].denied);
  EXPECT_FALSE(t.consumers[*t.consumers.find("connect-x")].denied);
  EXPECT_TRUE(t.consumers[*t.consumers.find("connect-x")].optional);
}

TEST(Expectation, AConfiguredNameIsWaitedForThoughAPatternDeniesIt) {
  Tables t;
  t.config.wait_for["orders"] = {"console-consumer-1"};
  t.group("console-consumer-1", 1);
  EXPECT_EQ(t.expected(), Names{"console-consumer-1!"});
}

TEST(Expectation, ReadsTheDeclaration) {
  Tables t;
  t.config.reset_earliest = {"views"};
  EXPECT_TRUE(t.group("views", 1).reset_earliest);
  EXPECT_FALSE(t.group("search", 1).reset_earliest);
}

TEST(Expectation, WithoutASubscriptionCommitsTell) {
  Tables t;
  const ConsumerNumber number = *Expectation(t.config).admit("assigner", t.consumers);
  Cell* cell = t.consumers.cell_or_add(number, t.orders, 0, t.topics);
  t.consumers[number].last_sign = kNow;
  EXPECT_EQ(t.expected(), Names{}) << "a wait may make a cell too";
  t.consumers.note_row(number, t.orders, *cell, true);
  EXPECT_EQ(t.expected(), Names{"assigner"});
  t.consumers[number].last_sign = Time{};
  EXPECT_EQ(t.expected(), Names{}) << "no sign of life was ever seen";
}

TEST(Expectation, WhoeverIsAbsentOrDormantIsDropped) {
  Tables t;
  Consumer& views = t.group("views", 1);
  const auto observed = [&](Duration later) {
    return is_observed(views, t.orders, kNow, seconds(30), kNow + later);
  };
  EXPECT_TRUE(observed(seconds(1000)));
  t.group("views", 0);
  EXPECT_TRUE(observed(seconds(29)));
  EXPECT_FALSE(observed(seconds(30)));
  views.dormant = true;
  EXPECT_FALSE(observed(seconds(0)));
}

TEST(Expectation, AbsenceCountsFromTheLastSignOrFromWhenItBeganToKnow) {
  Consumer consumer;
  consumer.last_sign = kNow;
  EXPECT_FALSE(is_absent(consumer, kNow - seconds(100), seconds(30), kNow + seconds(29)));
  EXPECT_TRUE(is_absent(consumer, kNow - seconds(100), seconds(30), kNow + seconds(30)));
  EXPECT_FALSE(is_absent(consumer, kNow + seconds(20), seconds(30), kNow + seconds(30)));
  consumer.members = 1;
  EXPECT_FALSE(is_absent(consumer, kNow, seconds(30), kNow + seconds(1000)));
}

TEST(Expectation, AFullTableAdmitsNobodyNew) {
  EngineConfig config;
  Consumers consumers(1, 10);
  ASSERT_TRUE(Expectation(config).admit("views", consumers).has_value());
  EXPECT_FALSE(Expectation(config).admit("search", consumers).has_value());
  EXPECT_TRUE(Expectation(config).admit("views", consumers).has_value());
}

}  // namespace
}  // namespace tidemark::core
