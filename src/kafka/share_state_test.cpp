#include "kafka/share_state.h"

#include <gtest/gtest.h>

#include "wire/generated/share_snapshot_record.h"
#include "wire/generated/share_update_record.h"
#include "wire/primitives.h"

namespace tidemark::kafka {
namespace {

using Batches = std::vector<std::tuple<core::Offset, core::Offset, int>>;
using Lines = std::vector<std::string>;

const Uuid kTopic{{7}};

std::string key(std::int16_t type, const std::string& group = "g", const Uuid& topic = kTopic,
                std::int32_t partition = 3) {
  wire::Writer out;
  out.int16(type);
  wire::msg::ShareSnapshotKey value;
  value.group_id = group;
  value.topic_id = topic;
  value.partition = partition;
  value.encode(out, 0);
  return out.take();
}

template <class Value>
std::string value(core::Offset start, const Batches& batches, std::int32_t epoch) {
  wire::Writer out;
  out.int16(0);
  Value value;
  value.snapshot_epoch = epoch;
  value.start_offset = start;
  for (const auto& [first, last, state] : batches) {
    auto& batch = value.state_batches.emplace_back();
    batch.first_offset = first;
    batch.last_offset = last;
    batch.delivery_state = static_cast<std::int8_t>(state);
    batch.delivery_count = 1;
  }
  value.encode(out, 0);
  return out.take();
}

class ShareStateTest : public testing::Test {
 protected:
  ShareStateTest() { state_.topics({{kTopic, "orders"}}, tell()); }
  ShareState::Tell tell() {
    return [this](const core::ShareProgress& progress) {
      std::string line = std::string(progress.group) + " " + std::string(progress.topic) + "/" +
                         std::to_string(progress.partition) + " from " + std::to_string(progress.start);
      for (const auto& range : progress.acknowledged)
        line += " +" + std::to_string(range.first) + "-" + std::to_string(range.last);
      for (const auto& range : progress.archived)
        line += " x" + std::to_string(range.first) + "-" + std::to_string(range.last);
      told_.push_back(line);
    };
  }
  void snapshot(core::Offset start, const Batches& batches, std::int32_t epoch = 0) {
    state_.read(key(0), value<wire::msg::ShareSnapshotValue>(start, batches, epoch), {0, at_++}, tell());
  }
  void update(core::Offset start, const Batches& batches, std::int32_t epoch = 0) {
    state_.read(key(1), value<wire::msg::ShareUpdateValue>(start, batches, epoch), {0, at_++}, tell());
  }
  std::string told() {
    std::string last = told_.empty() ? "" : told_.back();
    told_.clear();
    return last;
  }

  ShareState state_;
  core::Offset at_ = 0;
  Lines told_;
};

TEST_F(ShareStateTest, ASnapshotReplacesAndAnUpdateMerges) {
  snapshot(10, {{10, 12, 2}, {13, 13, 0}, {14, 15, 4}});
  EXPECT_EQ(told(), "g orders/3 from 10 +10-12 x14-15");
  update(-1, {{13, 13, 2}});
  EXPECT_EQ(told(), "g orders/3 from 10 +10-13 x14-15");
  update(14, {{16, 20, 2}});
  EXPECT_EQ(told(), "g orders/3 from 14 +16-20 x14-15");
  snapshot(30, {}, 1);
  EXPECT_EQ(told(), "g orders/3 from 30");
}

TEST_F(ShareStateTest, TellsWhichLeaderOfThePartitionWroteIt) {
  std::vector<std::int32_t> leaders;
  const auto tells = [&](const core::ShareProgress& progress) { leaders.push_back(progress.leader_epoch); };
  wire::msg::ShareSnapshotValue state;
  state.start_offset = 10;
  wire::msg::ShareUpdateValue taken_over;
  taken_over.start_offset = -1;
  for (const std::int32_t leader : {3, 4}) {
    wire::Writer snapshot, update;
    snapshot.int16(0);
    update.int16(0);
    state.leader_epoch = leader;
    state.encode(snapshot, 0);
    taken_over.leader_epoch = leader + 10;
    taken_over.encode(update, 0);
    state_.read(key(0), snapshot.take(), {0, at_++}, tells);
    state_.read(key(1), update.take(), {0, at_++}, tells);
  }
  EXPECT_EQ(leaders, (std::vector<std::int32_t>{3, 13, 13, 14})) << "one that is set up anew names none";
}

TEST_F(ShareStateTest, TheEpochOfTheStateIsThatOfItsSnapshot) {
  wire::Writer out;
  out.int16(0);
  wire::msg::ShareSnapshotValue set_up;
  set_up.state_epoch = 3;
  set_up.start_offset = 5;
  set_up.encode(out, 0);
  std::vector<std::int32_t> epochs;
  const auto note = [&](const core::ShareProgress& progress) { epochs.push_back(progress.state_epoch); };
  state_.read(key(0), out.take(), {0, at_++}, note);
  state_.read(key(1), value<wire::msg::ShareUpdateValue>(6, {}, 0), {0, at_++}, note);
  EXPECT_EQ(epochs, (std::vector<std::int32_t>{3, 3}));
}

TEST_F(ShareStateTest, WhatAnUpdateCoversIsSaidAnew) {
  snapshot(0, {{0, 9, 2}, {10, 19, 4}});
  update(-1, {{5, 14, 0}});
  EXPECT_EQ(told(), "g orders/3 from 0 +0-4 x15-19");
  update(-1, {{2, 2, 4}});
  EXPECT_EQ(told(), "g orders/3 from 0 +0-1 +3-4 x2-2 x15-19");
  update(3, {});
  EXPECT_EQ(told(), "g orders/3 from 3 +3-4 x15-19");
  update(17, {});
  EXPECT_EQ(told(), "g orders/3 from 17 x17-19");
}

TEST_F(ShareStateTest, AnUpdateWithoutItsSnapshotIsToldOnceAStartIsKnown) {
  update(-1, {{5, 6, 2}});
  EXPECT_EQ(told(), "");
  update(5, {});
  EXPECT_EQ(told(), "g orders/3 from 5 +5-6");
}

TEST_F(ShareStateTest, AnUpdateOfAnOlderSnapshotIsPassedOver) {
  snapshot(10, {}, 4);
  told();
  update(5, {{5, 6, 2}}, 3);
  EXPECT_EQ(told(), "");
}

TEST_F(ShareStateTest, ATopicWithoutANameIsToldWhenItHasOne) {
  const Uuid other{{9}};
  state_.read(key(0, "g", other), value<wire::msg::ShareSnapshotValue>(1, {}, 0), {0, 0}, tell());
  EXPECT_EQ(told(), "");
  state_.topics({{other, "views"}}, tell());
  EXPECT_EQ(told(), "g views/3 from 1");
  state_.topics({{other, "views"}}, tell());
  EXPECT_EQ(told(), "");
}

TEST_F(ShareStateTest, ATombstoneForgetsTheState) {
  snapshot(10, {{10, 12, 2}});
  state_.read(key(0), std::nullopt, {0, 5}, tell());
  EXPECT_EQ(state_.counters().states, 0U);
  update(11, {});
  EXPECT_EQ(told(), "g orders/3 from 11");
}

TEST_F(ShareStateTest, GarbageChangesNothing) {
  snapshot(10, {{10, 12, 2}});
  told();
  const std::string good = value<wire::msg::ShareUpdateValue>(11, {{13, 14, 2}}, 0);
  state_.read("", good, {0, 1}, tell());
  state_.read(key(7), good, {0, 1}, tell());
  state_.read(key(1, ""), good, {0, 1}, tell());
  state_.read(key(1, "g", kTopic, -1), good, {0, 1}, tell());
  for (std::size_t size = 0; size < good.size(); ++size)
    state_.read(key(1), std::string_view(good).substr(0, size), {0, 1}, tell());
  EXPECT_EQ(told(), "");
  update(-1, {{20, 15, 2}, {-3, 4, 2}, {5, std::numeric_limits<core::Offset>::max(), 2}});
  EXPECT_EQ(told(), "g orders/3 from 10 +10-12");
  EXPECT_GE(state_.counters().malformed, 4U + good.size());
}

TEST_F(ShareStateTest, IsBounded) {
  state_ = ShareState({.states = 2, .batches = 3, .all_batches = 4});
  state_.topics({{kTopic, "orders"}}, tell());
  snapshot(0, {{0, 0, 2}, {2, 2, 2}, {4, 4, 2}, {6, 6, 2}});
  EXPECT_EQ(told(), "g orders/3 from 0 +0-0 +2-2 +4-4");
  for (const char* group : {"h", "i"})
    state_.read(key(0, group), value<wire::msg::ShareSnapshotValue>(0, {{0, 0, 2}, {2, 2, 2}}, 0), {0, 9}, tell());
  EXPECT_EQ(told(), "h orders/3 from 0 +0-0");
  EXPECT_EQ(state_.counters().states, 2U);
  EXPECT_EQ(state_.counters().left_out, 3U);
}

// What tests/fuzz/share_state.cpp asserts: one batch cut in two is one more.
TEST_F(ShareStateTest, ABatchCutUpIsBoundedToo) {
  state_ = ShareState({.states = 2, .batches = 3, .all_batches = 4});
  state_.topics({{kTopic, "orders"}}, tell());
  snapshot(0, {{0, 100, 2}});
  update(-1, {{10, 10, 0}});
  update(-1, {{20, 20, 0}});
  told();
  update(-1, {{30, 30, 0}});
  EXPECT_EQ(told(), "g orders/3 from 0 +0-9 +11-19 +21-29");
  EXPECT_EQ(state_.counters().left_out, 1U);
}

}  // namespace
}  // namespace tidemark::kafka
