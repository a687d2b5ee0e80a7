#include "kafka/fetch_session.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tidemark::kafka {
namespace {

using Wanted = FetchList;

const Uuid kTopicId{{1}};

wire::msg::FetchResponse accepted(std::int32_t session) {
  wire::msg::FetchResponse response;
  response.session_id = session;
  return response;
}

std::vector<core::Partition> named(const wire::msg::FetchRequest& request) {
  std::vector<core::Partition> partitions;
  for (const auto& topic : request.topics)
    for (const auto& partition : topic.partitions) partitions.push_back(partition.partition);
  return partitions;
}

TEST(FetchSession, TheFirstRequestIsFullAndReadsUncommitted) {
  FetchSession session;
  const auto request = session.next("t", kTopicId, {{0, {5, 2}}, {3, {7, 1}}});
  EXPECT_EQ(request.session_id, 0);
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(request.isolation_level, 0);
  EXPECT_EQ(request.min_bytes, 1);
  EXPECT_EQ(request.max_wait_ms, 500);
  EXPECT_EQ(request.replica_id, -1);
  ASSERT_EQ(request.topics.size(), 1U);
  EXPECT_EQ(request.topics[0].topic, "t");
  EXPECT_EQ(request.topics[0].topic_id, kTopicId);
  ASSERT_EQ(request.topics[0].partitions.size(), 2U);
  EXPECT_EQ(request.topics[0].partitions[1].partition, 3);
  EXPECT_EQ(request.topics[0].partitions[1].fetch_offset, 7);
  EXPECT_EQ(request.topics[0].partitions[1].current_leader_epoch, 1);
}

TEST(FetchSession, LaterRequestsNameOnlyWhatChanged) {
  FetchSession session;
  session.next("t", kTopicId, {{0, {5, 2}}, {1, {1, 1}}, {2, {7, 1}}});
  ASSERT_TRUE(session.answered(accepted(77)));
  auto request = session.next("t", kTopicId, {{0, {6, 2}}, {1, {1, 1}}});
  EXPECT_EQ(request.session_id, 77);
  EXPECT_EQ(request.session_epoch, 1);
  EXPECT_EQ(named(request), (std::vector<core::Partition>{0}));
  ASSERT_EQ(request.forgotten_topics_data.size(), 1U);
  EXPECT_EQ(request.forgotten_topics_data[0].partitions, (std::vector<std::int32_t>{2}));
  ASSERT_TRUE(session.answered(accepted(77)));
  request = session.next("t", kTopicId, {{0, {6, 2}}, {1, {1, 1}}});
  EXPECT_EQ(request.session_epoch, 2);
  EXPECT_TRUE(request.topics.empty());
  EXPECT_TRUE(request.forgotten_topics_data.empty());
}

TEST(FetchSession, BeginsAnewWhenRefusedLostOrAnotherTopic) {
  const Wanted wanted{{0, {5, 2}}, {1, {1, 1}}};
  FetchSession session;
  session.next("t", kTopicId, wanted);
  session.answered(accepted(77));
  session.next("t", kTopicId, wanted);
  wire::msg::FetchResponse refused;
  refused.error_code = 71;
  EXPECT_FALSE(session.answered(refused));
  auto request = session.next("t", kTopicId, wanted);
  EXPECT_EQ(request.session_id, 0);
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(named(request), (std::vector<core::Partition>{0, 1}));

  session.answered(accepted(78));
  session.reset();
  EXPECT_EQ(named(session.next("t", kTopicId, wanted)).size(), 2U);

  session.answered(accepted(79));
  request = session.next("t", Uuid{{2}}, wanted);
  EXPECT_EQ(request.session_id, 0);
  EXPECT_EQ(named(request).size(), 2U);
}

TEST(FetchSession, WithoutASessionEveryRequestIsFull) {
  FetchSession session;
  session.next("t", kTopicId, {{0, {5, 2}}});
  EXPECT_TRUE(session.answered(accepted(0)));
  EXPECT_FALSE(session.incremental());
  const auto request = session.next("t", kTopicId, {{0, {5, 2}}});
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(named(request), (std::vector<core::Partition>{0}));
}

// What a broker remembers of a session is always what was last wanted.
TEST(FetchSession, ABrokerThatFollowsTheRequestsKnowsExactlyWhatIsWanted) {
  std::mt19937_64 random(3);
  FetchSession session;
  std::map<core::Partition, FetchFrom> broker;
  std::int32_t id = 0;
  std::int32_t epoch = 0;
  for (int i = 0; i < 2000; ++i) {
    Wanted wanted;
    for (core::Partition p = 0; p < 6; ++p) {
      if (random() % 4 == 0) continue;
      wanted.push_back({p, {static_cast<core::Offset>(random() % 3), static_cast<std::int32_t>(random() % 2)}});
    }
    const auto request = session.next("t", kTopicId, wanted);
    if (request.session_id == 0) {
      broker.clear();
      id = static_cast<std::int32_t>(1 + random() % 1000);
      epoch = 0;
    }
    ASSERT_EQ(request.session_epoch, epoch);
    for (const auto& topic : request.topics)
      for (const auto& partition : topic.partitions)
        broker[partition.partition] = {partition.fetch_offset, partition.current_leader_epoch};
    for (const auto& topic : request.forgotten_topics_data)
      for (const auto partition : topic.partitions) broker.erase(partition);
    ASSERT_EQ(Wanted(broker.begin(), broker.end()), wanted);
    if (random() % 20 == 0) {
      session.reset();
    } else {
      ASSERT_TRUE(session.answered(accepted(id)));
      ++epoch;
    }
  }
}

}  // namespace
}  // namespace tidemark::kafka
