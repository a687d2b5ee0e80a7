#include "kafka/follow_plan.h"

#include <gtest/gtest.h>

#include "kafka/test_batches.h"

namespace tidemark::kafka {
namespace {

constexpr std::int16_t kDenied = 29;
constexpr std::int16_t kExists = 36;

class FollowPlanTest : public testing::Test {
 protected:
  FollowPlanTest() {
    metadata_.brokers[1] = {"localhost", 9092};
    follow_.topic = "acks";
    follow_.history = std::chrono::seconds(10);
    follow_.partitions = 2;
    follow_.settings = {{"cleanup.policy", "delete"}};
    begin();
  }
  void begin() { plan_.emplace(std::vector<log::Follow>{follow_}, FollowSettings{}, 100'000); }
  void exists(std::size_t partitions = 1, Uuid id = Uuid{{1}}) {
    auto& topic = metadata_.topics["acks"];
    topic.name = "acks";
    topic.id = id;
    topic.partitions.assign(partitions, {1, 0, 0});
    plan_->on_metadata(metadata_, now_);
  }
  void missing() {
    metadata_.topics.clear();
    plan_->on_metadata(metadata_, now_);
  }
  // Answers what is asked of offsets, and returns the timestamps asked for.
  std::vector<std::int64_t> offsets(core::Offset offset, std::int16_t error = 0) {
    std::vector<std::int64_t> asked;
    for (const auto& ask : plan_->offsets(metadata_, now_)) {
      EXPECT_EQ(ask.request.isolation_level, 1);
      wire::msg::ListOffsetsResponse response;
      for (const auto& topic : ask.request.topics) {
        auto& told = response.topics.emplace_back();
        told.name = topic.name;
        for (const auto& partition : topic.partitions) {
          asked.push_back(partition.timestamp);
          auto& row = told.partitions.emplace_back();
          row.partition_index = partition.partition_index;
          row.offset = offset;
          row.error_code = error;
        }
      }
      plan_->answered(ask, &response, now_);
    }
    return asked;
  }
  // Answers the fetch that is due, and returns the offset asked for.
  core::Offset fetch(const std::string& records, std::int16_t error = 0, core::Offset last_stable = -1) {
    core::Offset from = -1;
    for (const auto& ask : plan_->records(metadata_, now_)) {
      EXPECT_EQ(ask.request.isolation_level, 1);
      EXPECT_EQ(ask.request.min_bytes, 1);
      wire::msg::FetchResponse response;
      auto& topic = response.responses.emplace_back();
      topic.topic_id = metadata_.topics["acks"].id;
      for (const auto& partition : ask.request.topics.at(0).partitions) {
        from = partition.fetch_offset;
        auto& data = topic.partitions.emplace_back();
        data.partition_index = partition.partition;
        data.error_code = error;
        data.last_stable_offset = last_stable;
        data.records = records;
      }
      plan_->answered(ask, &response, now_, [this](const log::FollowedRecord& record) {
        told_.push_back(std::string(record.topic) + ":" + std::to_string(record.partition) + ":" +
                        std::to_string(record.offset));
      });
    }
    return from;
  }
  void created(std::int16_t error) {
    wire::msg::CreateTopicsResponse response;
    auto& result = response.topics.emplace_back();
    result.name = "acks";
    result.error_code = error;
    plan_->created(&response, now_);
  }
  static std::string data(core::Offset at) { return test::encode({.base_offset = at, .records = {{at, "k", "v"}}}); }

  log::Follow follow_;
  std::optional<FollowPlan> plan_;
  wire::Metadata metadata_;
  core::Time now_{std::chrono::hours(1)};
  std::vector<std::string> told_;
};

using Asked = std::vector<std::int64_t>;

TEST_F(FollowPlanTest, BeginsAtTheOffsetByTimestamp) {
  exists();
  EXPECT_EQ(offsets(9), (Asked{-1}));
  EXPECT_EQ(offsets(4), (Asked{90'000}));
  EXPECT_EQ(fetch(data(4)), 4);
  EXPECT_EQ(fetch(data(5)), 5);
  EXPECT_EQ(told_, (std::vector<std::string>{"acks:0:4", "acks:0:5"}));
}

TEST_F(FollowPlanTest, BeginsAtTheEndThatWasThereBeforeWhenNothingIsAsYoung) {
  exists();
  offsets(9);
  EXPECT_EQ(offsets(-1), (Asked{90'000}));
  EXPECT_EQ(fetch(""), 9);
}

TEST_F(FollowPlanTest, AMissingTopicIsMadeAndReadFromItsStart) {
  missing();
  const auto request = plan_->creation(now_);
  ASSERT_TRUE(request);
  ASSERT_EQ(request->topics.size(), 1U);
  EXPECT_EQ(request->topics[0].name, "acks");
  EXPECT_EQ(request->topics[0].num_partitions, 2);
  EXPECT_EQ(request->topics[0].replication_factor, -1);
  ASSERT_EQ(request->topics[0].configs.size(), 2U);
  EXPECT_EQ(request->topics[0].configs[0].name, "cleanup.policy");
  EXPECT_EQ(request->topics[0].configs[1].name, "compression.type");
  EXPECT_EQ(request->topics[0].configs[1].value, "uncompressed");
  EXPECT_FALSE(plan_->creation(now_));
  created(kExists);
  EXPECT_TRUE(plan_->take_metadata_is_old());
  EXPECT_FALSE(plan_->caught_up(now_));
  exists();
  EXPECT_EQ(offsets(0), (Asked{-2}));
  EXPECT_EQ(fetch(""), 0);
  EXPECT_TRUE(plan_->take_troubles().empty());
}

TEST_F(FollowPlanTest, ATopicThatMayNotBeMadeIsSaidOnceAndNotWaitedFor) {
  missing();
  ASSERT_TRUE(plan_->creation(now_));
  EXPECT_FALSE(plan_->caught_up(now_));
  created(kDenied);
  EXPECT_EQ(plan_->take_troubles().size(), 1U);
  EXPECT_TRUE(plan_->caught_up(now_));
  now_ += std::chrono::minutes(1);
  EXPECT_FALSE(plan_->creation(now_));
  missing();
  EXPECT_TRUE(plan_->caught_up(now_));
  EXPECT_TRUE(plan_->take_troubles().empty());
  // Somebody else made it.
  exists();
  EXPECT_EQ(offsets(0), (Asked{-2}));
}

TEST_F(FollowPlanTest, ATopicThatNobodyAnswersForIsNotWaitedForForEver) {
  missing();
  ASSERT_TRUE(plan_->creation(now_));
  plan_->created(nullptr, now_);
  EXPECT_FALSE(plan_->creation(now_));
  now_ += FollowSettings{}.create_pause;
  EXPECT_TRUE(plan_->creation(now_));
  EXPECT_FALSE(plan_->caught_up(now_));
  now_ += FollowSettings{}.patience;
  EXPECT_TRUE(plan_->caught_up(now_));
  EXPECT_EQ(plan_->take_troubles().size(), 1U);
}

TEST_F(FollowPlanTest, HasCaughtUpOnceTheEndsNotedThenWerePassed) {
  exists();
  EXPECT_FALSE(plan_->caught_up(now_));
  offsets(2);
  offsets(0);
  EXPECT_TRUE(plan_->caught_up(now_));
  plan_->note_ends();
  EXPECT_FALSE(plan_->caught_up(now_));
  EXPECT_EQ(offsets(2), (Asked{-1}));
  EXPECT_FALSE(plan_->caught_up(now_));
  fetch(data(0));
  EXPECT_FALSE(plan_->caught_up(now_));
  fetch(data(1));
  EXPECT_TRUE(plan_->caught_up(now_));
  plan_->note_ends();
  EXPECT_FALSE(plan_->caught_up(now_));
  offsets(2);
  EXPECT_TRUE(plan_->caught_up(now_));
}

TEST_F(FollowPlanTest, AnEndThatCompactionLeftWithoutRecordsIsPassed) {
  exists();
  offsets(5);
  offsets(0);
  plan_->note_ends();
  offsets(5);
  fetch("", 0, 4);
  EXPECT_FALSE(plan_->caught_up(now_));
  fetch("", 0, 5);
  EXPECT_TRUE(plan_->caught_up(now_));
}

TEST_F(FollowPlanTest, APositionThatIsGoneBeginsAtTheLogsStart) {
  exists();
  offsets(9);
  offsets(4);
  EXPECT_EQ(fetch("", 1), 4);
  EXPECT_EQ(offsets(7), (Asked{-2}));
  EXPECT_EQ(fetch(data(7)), 7);
  EXPECT_EQ(plan_->counters().positions_gone, 1U);
}

TEST_F(FollowPlanTest, AfterAFailureItGoesOnWhereItStood) {
  exists();
  offsets(0);
  offsets(0);
  fetch(data(0));
  const auto asks = plan_->records(metadata_, now_);
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_TRUE(plan_->records(metadata_, now_).empty());
  plan_->answered(asks[0], nullptr, now_, [](const log::FollowedRecord&) {});
  EXPECT_TRUE(plan_->records(metadata_, now_).empty());
  ASSERT_TRUE(plan_->next_due());
  now_ = *plan_->next_due();
  EXPECT_EQ(fetch(data(1)), 1);
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(FollowPlanTest, WhatMayNotBeReadIsSaidOnceAndNotWaitedFor) {
  exists(2);
  EXPECT_EQ(offsets(-1, kDenied).size(), 2U);
  EXPECT_EQ(plan_->take_troubles().size(), 1U);
  EXPECT_TRUE(plan_->caught_up(now_));
  EXPECT_FALSE(plan_->stalled(std::chrono::seconds(0), now_ + std::chrono::hours(1)));
  now_ += FollowSettings{}.denied_pause;
  EXPECT_EQ(offsets(0).size(), 2U);
  EXPECT_FALSE(plan_->caught_up(now_));
}

TEST_F(FollowPlanTest, PartitionsThatAppearAndATopicMadeAgainAreReadFromTheStart) {
  exists(1);
  offsets(9);
  offsets(4);
  exists(2);
  EXPECT_EQ(offsets(0), (Asked{-2}));
  exists(1, Uuid{{2}});
  EXPECT_EQ(offsets(0), (Asked{-2}));
  EXPECT_EQ(fetch(data(0)), 0);
}

TEST_F(FollowPlanTest, APartitionThatIsNotReadIsToldWithItsReason) {
  exists();
  offsets(0);
  offsets(0);
  fetch("");
  EXPECT_FALSE(plan_->stalled(std::chrono::seconds(5), now_ + std::chrono::seconds(4)));
  fetch("", 6);
  const auto why = plan_->stalled(std::chrono::seconds(5), now_ + std::chrono::seconds(5));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("acks"), std::string::npos);
  EXPECT_NE(why->find("NOT_LEADER"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::kafka
