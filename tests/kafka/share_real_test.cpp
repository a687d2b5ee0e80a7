// Share groups of a real Kafka: share_state.cpp of src/kafka.
#include <gtest/gtest.h>

#include "running_log.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/process.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

TEST(ShareGroup, WhatItAcknowledgesAndGivesUpIsTold) {
  const std::string topic = create_unique_topic(kafka(), "shared", 1);
  const std::string group = unique_name("share");
  RunningLog log(kafka());
  ASSERT_TRUE(log.wait_synced());
  Process reader(java_share_reader(kafka(), topic, group));
  ASSERT_TRUE(reader.wait_for_line("ready", kClientStart)) << reader.output();
  // It begins at the end, whenever it finds that: so until it has read one.
  core::Offset appended = 0;
  ASSERT_TRUE(eventually([&] {
    produce(kafka(), topic, {.value = "first", .partition = 0});
    ++appended;
    return reader.output().find("first") != std::string::npos;
  })) << reader.output();
  const auto done = [](const SeenShare& share, core::Offset offset) {
    for (const core::Range& range : share.acknowledged)
      if (range.first <= offset && offset <= range.last) return true;
    return share.start > offset;
  };
  produce(kafka(), topic, {.value = "accept", .partition = 0});
  EXPECT_TRUE(eventually([&] {
    const auto seen = log.shares_of(group);
    return !seen.empty() && seen.back().topic == topic && seen.back().partition == 0 && done(seen.back(), appended);
  })) << reader.output();
  // One is released and given again and again, one is given up; what is above them is done.
  produce(kafka(), topic, {.value = "hold", .partition = 0});
  produce(kafka(), topic, {.value = "reject", .partition = 0});
  produce(kafka(), topic, {.value = "accept", .partition = 0});
  const core::Offset last = appended + 3;
  EXPECT_TRUE(eventually([&] {
    const auto seen = log.shares_of(group);
    return !seen.empty() && done(seen.back(), last);
  })) << reader.output();
  EXPECT_GT(log.counters().share.records, 0U);
  EXPECT_EQ(log.counters().share.malformed, 0U);
  {
    RunningLog late(kafka());
    ASSERT_TRUE(late.wait_synced());
    const auto seen = late.shares_of(group);
    ASSERT_FALSE(seen.empty());
    EXPECT_TRUE(done(seen.back(), last));
  }
  reader.terminate();
  EXPECT_TRUE(reader.wait());
}

TEST(ShareGroup, ItsMembersAndTheirTopicsAreTold) {
  const std::string topic = create_unique_topic(kafka(), "shared", 1);
  const std::string group = unique_name("share");
  RunningLog log(kafka());
  ASSERT_TRUE(log.wait_synced());
  Process reader(java_share_reader(kafka(), topic, group));
  ASSERT_TRUE(reader.wait_for_line("ready", kClientStart)) << reader.output();
  const auto is_there = [&](const SeenGroup& state) {
    return state.members == 1 && state.topics_known && state.topics == std::vector<std::string>{topic};
  };
  EXPECT_TRUE(log.wait_group(group, is_there));
  {
    RunningLog late(kafka());
    ASSERT_TRUE(late.wait_synced());
    EXPECT_TRUE(late.wait_group(group, is_there));
  }
  reader.terminate();
  EXPECT_TRUE(reader.wait());
  // It goes without a word: the group keeps the member until its session times out, 45 s by default.
  EXPECT_TRUE(log.wait_group(group, [](const SeenGroup& state) { return state.members == 0 && state.managed; },
                             std::chrono::seconds(90)));
}

}  // namespace
}  // namespace tidemark::test
