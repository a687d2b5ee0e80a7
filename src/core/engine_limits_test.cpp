// Refusals: a request that is not taken leaves nothing behind (P7, P8).
#include <gtest/gtest.h>

#include <string>

#include "core/engine_fixture.h"

namespace tidemark::core {
namespace {

using std::chrono::seconds;

Mark mark_naming(int consumers, Partition partition = 0, int from = 0) {
  Mark mark;
  Term& term = mark.terms.emplace_back();
  term.topic = "orders";
  term.partition = partition;
  term.first = term.last = 10;
  for (int i = 0; i < consumers; ++i) term.expected.push_back({"forged-" + std::to_string(from + i), ExpectedBy::observed, {}});
  return mark;
}

// Everything that could grow is as it was; only the refusal is counted.
void expect_untouched(const EngineStats& before, const EngineStats& after) {
  EXPECT_EQ(after.open_waits, before.open_waits);
  EXPECT_EQ(after.open_obligations, before.open_obligations);
  EXPECT_EQ(after.consumers, before.consumers);
  EXPECT_EQ(after.frontiers, before.frontiers);
  EXPECT_EQ(after.refusals, before.refusals + 1);
}

TEST(EngineLimits, P8NothingIsTakenBeforeEverythingIsLearned) {
  Gateway g;
  g.list({Gateway::orders()});
  EXPECT_FALSE(g.engine().ready(g.now));
  const Refusal publish = g.refused(g.request());
  EXPECT_EQ(publish.code, Refusal::Code::not_ready);
  EXPECT_GT(publish.retry_after, Duration::zero());
  EXPECT_EQ(g.refused(g.resumption(mark_naming(1))).code, Refusal::Code::not_ready);
  g.engine().synced(g.now);
  EXPECT_TRUE(g.engine().ready(g.now));
}

TEST(EngineLimits, P8ALogLostForTheGraceIsNotReady) {
  Gateway g;
  g.start();
  g.engine().lost(g.now);
  g.now += seconds(9);
  EXPECT_TRUE(g.engine().ready(g.now));
  g.engine().lost(g.now);
  g.now += seconds(1);
  EXPECT_FALSE(g.engine().ready(g.now)) << "counted from the first loss";
  EXPECT_EQ(g.refused(g.request()).code, Refusal::Code::not_ready);
  g.engine().synced(g.now);
  EXPECT_TRUE(g.engine().ready(g.now));
}

TEST(EngineLimits, P7ATopicsLimit) {
  EngineConfig config;
  config.max_waits_per_topic = 2;
  Gateway g(config);
  g.start();
  g.list({Gateway::orders(), {"views", {}, 1}});
  const WaitId first = g.publish();
  g.publish();
  const EngineStats before = g.engine().stats();
  const Refusal refusal = g.refused(g.request());
  EXPECT_EQ(refusal.code, Refusal::Code::topic_limit);
  EXPECT_GT(refusal.retry_after, Duration::zero());
  expect_untouched(before, g.engine().stats());
  PublishRequest other = g.request();
  other.topic = "views";
  g.publish(other);
  g.cancel(first);
  g.publish();
}

TEST(EngineLimits, P7TheGatewaysLimit) {
  EngineConfig config;
  config.max_waits = 2;
  Gateway g(config);
  g.start();
  g.publish();
  const WaitId second = g.publish();
  const EngineStats before = g.engine().stats();
  EXPECT_EQ(g.refused(g.request()).code, Refusal::Code::gateway_limit);
  expect_untouched(before, g.engine().stats());
  EXPECT_EQ(g.refused(g.resumption(mark_naming(1))).code, Refusal::Code::gateway_limit);
  g.deliver(second, 0, 1);
  g.publish();
}

TEST(EngineLimits, WrongRequestsAreRefusedByName) {
  Gateway g;
  g.start();
  const EngineStats before = g.engine().stats();
  PublishRequest request = g.request();
  request.topic = "__consumer_offsets";
  EXPECT_EQ(g.refused(request).code, Refusal::Code::forbidden_topic);
  expect_untouched(before, g.engine().stats());
  request.topic = "odrers";
  EXPECT_EQ(g.refused(request).code, Refusal::Code::unknown_topic);
  request = g.request();
  for (const Partition partition : {-1, 3, INT32_MAX}) {
    request.partition = partition;
    const Refusal refusal = g.refused(request);
    EXPECT_EQ(refusal.code, Refusal::Code::unknown_partition);
    EXPECT_EQ(refusal.field, "partition");
    EXPECT_EQ(refusal.retry_after, Duration::zero()) << "the same request fails again";
  }
}

TEST(EngineLimits, P7ForgedMarksLeaveRoomForRealGroups) {
  EngineConfig config;
  config.max_consumers = 20;
  Gateway g(config);
  g.start();
  g.resume(mark_naming(8));
  EngineStats before = g.engine().stats();
  const Refusal refusal = g.refused(g.resumption(mark_naming(8, 0, 8)));
  EXPECT_EQ(refusal.code, Refusal::Code::gateway_limit) << "8 more would be more than half";
  expect_untouched(before, g.engine().stats());
  EXPECT_EQ(g.answer(g.resume([&] {
               ResumeRequest r = g.resumption(mark_naming(8));
               r.wait = false;
               return r;
             }())).consumers.size(),
            8U)
      << "those that are known need no room";
  for (int i = 0; i < 12; ++i) g.members("real-" + std::to_string(i), 1);
  EXPECT_EQ(g.engine().stats().consumers, 20U);
}

TEST(EngineLimits, P7ForgedMarksLeaveRoomForRealCommits) {
  EngineConfig config;
  config.max_frontiers = 10;
  Gateway g(config);
  g.start();
  g.resume(mark_naming(4));
  const EngineStats before = g.engine().stats();
  EXPECT_EQ(g.refused(g.resumption(mark_naming(4, 1))).code, Refusal::Code::gateway_limit);
  expect_untouched(before, g.engine().stats());
  g.members("views", 1);
  for (Partition p = 0; p < 3; ++p) g.commit("views", p, 5);
  EXPECT_EQ(g.engine().stats().frontiers, 7U);
}

// A full table may make a wait last to its deadline; it never makes it succeed.
TEST(EngineLimits, P7AFullTableOfFrontiersIsPending) {
  EngineConfig config;
  config.max_frontiers = 1;
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.commit("views", 0, 5);
  g.commit("views", 1, 5);
  EXPECT_EQ(g.engine().stats().commits_ignored, 1U);
  const WaitId wait = g.append(1, 10);
  g.commit("views", 1, 11);
  EXPECT_FALSE(g.answered(wait));
  g.advance(seconds(2));
  EXPECT_EQ(g.outcome(wait).outcome, Outcome::pending);
}

TEST(EngineLimits, P7AFullTableOfConsumersIgnoresMore) {
  EngineConfig config;
  config.max_consumers = 1;
  Gateway g(config);
  g.start();
  g.members("views", 1);
  g.members("search", 1);
  g.commit("search", 0, 5);
  g.seed("search", {{"orders", 0, 5, -1}});
  EXPECT_EQ(g.engine().stats().consumers, 1U);
  EXPECT_EQ(g.engine().stats().commits_ignored, 1U);
}

// Found by the simulator, seed 42824.
TEST(EngineLimits, P7ANameConfiguredForTwoTopicsHasOnePlace) {
  EngineConfig config;
  config.max_consumers = 1;
  config.wait_for = {{"orders", {"views"}}, {"payments", {"views"}}};
  Gateway g(config);
  g.start();
  g.members("search", 1);
  EXPECT_EQ(g.engine().stats().consumers, 1U);
}

}  // namespace
}  // namespace tidemark::core
