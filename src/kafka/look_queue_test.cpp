#include "kafka/look_queue.h"

#include <gtest/gtest.h>

#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

using Result = core::Sight::Result;
using std::chrono::milliseconds;

constexpr std::int16_t kOutOfRange = 1;
constexpr std::int16_t kNotLeader = 6;
constexpr std::int16_t kDenied = 29;

class LookQueueTest : public testing::Test {
 protected:
  core::Look look(core::Offset until = 2, std::uint64_t number = 1) {
    core::Look look;
    look.topic = "orders";
    look.partition = 1;
    look.until = until;
    look.number = number;
    return look;
  }
  // The single request that is due, which must be of this kind.
  template <class Request>
  Request due() {
    const auto asks = queue_.next(leader(), now_);
    EXPECT_EQ(asks.size(), 1U);
    if (asks.size() != 1 || !std::holds_alternative<Request>(asks[0].request)) {
      ADD_FAILURE() << "not the request expected";
      return {};
    }
    id_ = asks[0].id;
    broker_ = asks[0].broker;
    return std::get<Request>(asks[0].request);
  }
  bool nothing_due() { return queue_.next(leader(), now_).empty(); }
  LookQueue::FindLeader leader() {
    return [this](const std::string& topic, core::Partition) -> std::optional<LookQueue::Leader> {
      EXPECT_EQ(topic, "orders");
      return leader_;
    };
  }
  void fetched(const std::string& records, core::Offset high_watermark, std::int16_t error = 0) {
    wire::msg::FetchResponse response;
    auto& data = response.responses.emplace_back().partitions.emplace_back();
    data.partition_index = 1;
    data.error_code = error;
    data.high_watermark = high_watermark;
    data.records = records;
    queue_.answered(id_, response, now_);
  }
  void offset(core::Offset at, std::int16_t error = 0) {
    wire::msg::ListOffsetsResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "orders";
    auto& row = topic.partitions.emplace_back();
    row.partition_index = 1;
    row.offset = at;
    row.error_code = error;
    queue_.answered(id_, response, now_);
  }
  core::Sight answer() {
    const auto answers = queue_.take_answers(now_);
    EXPECT_EQ(answers.size(), 1U);
    return answers.empty() ? core::Sight{} : answers[0];
  }
  static std::string data(core::Offset at) { return test::encode({.base_offset = at, .records = {{at, "k", "v"}}}); }

  LookQueue queue_;
  core::Time now_{std::chrono::hours(1)};
  core::Time later_ = now_ + std::chrono::seconds(10);
  std::optional<LookQueue::Leader> leader_ = LookQueue::Leader{3, 8, Uuid{{5}}};
  LookQueue::Id id_ = 0;
  std::int32_t broker_ = -1;
};

TEST_F(LookQueueTest, FetchesUncommittedFromTheLeaderAndAnswers) {
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  const auto request = due<wire::msg::FetchRequest>();
  EXPECT_EQ(broker_, 3);
  EXPECT_EQ(request.isolation_level, 0);
  EXPECT_EQ(request.max_wait_ms, 0);
  ASSERT_EQ(request.topics.size(), 1U);
  EXPECT_EQ(request.topics[0].topic, "orders");
  EXPECT_EQ(request.topics[0].topic_id, (Uuid{{5}}));
  EXPECT_EQ(request.topics[0].partitions.at(0).partition, 1);
  EXPECT_EQ(request.topics[0].partitions.at(0).current_leader_epoch, 8);
  EXPECT_TRUE(nothing_due());
  fetched(data(0), 2);
  const auto sight = answer();
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 0);
  EXPECT_EQ(sight.topic_id, (Uuid{{5}}));
  EXPECT_EQ(sight.number, 1U);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_TRUE(queue_.take_answers(later_).empty());
}

TEST_F(LookQueueTest, AsksForTheHighWatermarkWhenTheEndIsOpen) {
  ASSERT_TRUE(queue_.look(look(core::kNoOffset), later_).ok());
  const auto request = due<wire::msg::ListOffsetsRequest>();
  EXPECT_EQ(request.isolation_level, 0);
  EXPECT_EQ(request.topics.at(0).partitions.at(0).timestamp, -1);
  offset(1);
  due<wire::msg::FetchRequest>();
  fetched(test::marker(0, true, 4), 1);
  EXPECT_EQ(answer().result, Result::none);
}

TEST_F(LookQueueTest, GoesOnAtTheLogsStartWhenThePositionIsGone) {
  ASSERT_TRUE(queue_.look(look(9), later_).ok());
  due<wire::msg::FetchRequest>();
  fetched("", -1, kOutOfRange);
  EXPECT_EQ(due<wire::msg::ListOffsetsRequest>().topics.at(0).partitions.at(0).timestamp, -2);
  offset(7);
  EXPECT_EQ(due<wire::msg::FetchRequest>().topics.at(0).partitions.at(0).fetch_offset, 7);
  fetched(data(7), 9);
  EXPECT_EQ(answer().offset, 7);
}

TEST_F(LookQueueTest, AsksAgainAfterAPauseWhenTheLeaderMoved) {
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  due<wire::msg::FetchRequest>();
  fetched("", -1, kNotLeader);
  EXPECT_TRUE(queue_.take_metadata_is_old());
  EXPECT_TRUE(nothing_due());
  ASSERT_TRUE(queue_.next_due());
  now_ = *queue_.next_due();
  EXPECT_LT(now_, later_);
  leader_->broker = 4;
  due<wire::msg::FetchRequest>();
  EXPECT_EQ(broker_, 4);
  queue_.failed(id_, now_);
  EXPECT_TRUE(queue_.take_metadata_is_old());
  now_ = *queue_.next_due();
  due<wire::msg::FetchRequest>();
  fetched(data(0), 2);
  EXPECT_EQ(answer().result, Result::found);
}

TEST_F(LookQueueTest, IsAnsweredAtItsDeadlineAndOnce) {
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  due<wire::msg::FetchRequest>();
  EXPECT_TRUE(queue_.take_answers(later_ - milliseconds(1)).empty());
  EXPECT_EQ(queue_.next_due(), later_);
  now_ = later_;
  EXPECT_EQ(answer().result, Result::failed);
  fetched(data(0), 2);
  EXPECT_TRUE(queue_.take_answers(now_).empty());
}

TEST_F(LookQueueTest, ATopicThatStaysMissingFails) {
  leader_.reset();
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  EXPECT_TRUE(nothing_due());
  EXPECT_TRUE(queue_.take_metadata_is_old());
  EXPECT_TRUE(queue_.take_answers(now_).empty());
  now_ += LookQueue::Limits{}.unknown_grace;
  EXPECT_TRUE(nothing_due());
  EXPECT_EQ(answer().result, Result::failed);
}

TEST_F(LookQueueTest, ATopicThatWasMadeAgainFails) {
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  due<wire::msg::FetchRequest>();
  fetched(test::marker(0, true, 4), 2);
  leader_->topic_id = Uuid{{6}};
  EXPECT_TRUE(nothing_due());
  const auto sight = answer();
  EXPECT_EQ(sight.result, Result::failed);
  EXPECT_EQ(sight.topic_id, (Uuid{{5}}));
}

TEST_F(LookQueueTest, WhatMayNotBeReadFailsAtOnce) {
  ASSERT_TRUE(queue_.look(look(), later_).ok());
  due<wire::msg::FetchRequest>();
  fetched("", -1, kDenied);
  EXPECT_EQ(answer().result, Result::failed);
}

TEST_F(LookQueueTest, ByOriginItReadsUncommittedToTheEndOfTheRange) {
  core::Look asked = look();
  asked.origin.emplace();
  asked.origin->id = Uuid{{7}};
  ASSERT_TRUE(queue_.look(asked, later_).ok());
  EXPECT_EQ(due<wire::msg::FetchRequest>().isolation_level, 0);
  const auto ours = [](core::Offset at) {
    return test::encode({.base_offset = at, .records = {{at, "k", "v", {{"tidemark-id", Uuid{{7}}.to_string()}}}}});
  };
  fetched(ours(0), 2);
  EXPECT_EQ(due<wire::msg::FetchRequest>().topics.at(0).partitions.at(0).fetch_offset, 1);
  fetched(ours(1), 2);
  const auto sight = answer();
  EXPECT_EQ(sight.result, Result::found);
  EXPECT_EQ(sight.offset, 0);
  EXPECT_EQ(sight.last, 1);
  EXPECT_EQ(sight.topic_id, (Uuid{{5}}));
}

TEST_F(LookQueueTest, AFewAreUnderWayTheRestWaitAndTheLastIsRefused) {
  LookQueue::Limits limits;
  limits.open = 3;
  limits.under_way = 2;
  queue_ = LookQueue(limits);
  for (std::uint64_t number = 1; number <= 3; ++number) ASSERT_TRUE(queue_.look(look(2, number), later_).ok());
  const auto refused = queue_.look(look(2, 4), later_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
  const auto asks = queue_.next(leader(), now_);
  ASSERT_EQ(asks.size(), 2U);
  EXPECT_TRUE(nothing_due());
  id_ = asks[1].id;
  fetched(data(0), 2);
  EXPECT_EQ(answer().number, 2U);
  due<wire::msg::FetchRequest>();
  fetched(data(0), 2);
  EXPECT_EQ(answer().number, 3U);
  ASSERT_TRUE(queue_.look(look(), later_).ok());
}

}  // namespace
}  // namespace tidemark::kafka
