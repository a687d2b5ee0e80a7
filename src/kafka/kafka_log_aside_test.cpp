// What KafkaLog does beside the commits: looks, followed topics and inspections;
// also what looker.cpp, follower.cpp and inspector.cpp do on the network.
#include <gtest/gtest.h>

#include <algorithm>

#include "kafka/kafka_log.h"
#include "kafka/test_fake_cluster.h"

namespace tidemark::kafka {
namespace {

using Result = core::Sight::Result;
using test::marker;
using test::plain;
using test::transactional;
using wire::test::run_until;

const Uuid kId{{7}};

class KafkaLogAsideTest : public testing::Test, public log::Observer {
 protected:
  ~KafkaLogAsideTest() override {
    log_.reset();
    io_.poll();
  }

  void make() {
    config_.bootstrap = cluster_.bootstrap();
    config_.gather = std::chrono::milliseconds(10);
    config_.metadata_refresh = std::chrono::milliseconds(50);
    auto made = KafkaLog::make(io_, config_);
    ASSERT_TRUE(made.ok());
    log_ = std::move(made).value();
  }
  void follow(const std::string& topic) {
    log::Follow follow;
    follow.topic = topic;
    follow.history = std::chrono::hours(1);
    log_->follow(follow);
  }
  void start() {
    if (log_ == nullptr) make();
    log_->start(*this);
    ASSERT_TRUE(waiting([&] { return synced_ == 1; }));
  }
  bool waiting(const std::function<bool()>& condition) { return run_until(io_, condition); }

  core::Look look(core::Offset from, core::Offset until, std::optional<Uuid> id = {}) {
    core::Look look;
    look.topic = "__consumer_offsets";
    look.from = from;
    look.until = until;
    look.id = id;
    look.number = ++number_;
    return look;
  }
  core::Sight seen(const core::Look& look, core::Duration bound = std::chrono::seconds(10)) {
    sights_.clear();
    EXPECT_TRUE(log_->look(look, bound).ok());
    EXPECT_TRUE(sights_.empty());
    EXPECT_TRUE(waiting([&] { return !sights_.empty(); }));
    EXPECT_EQ(sights_.size(), 1U);
    if (sights_.empty()) return {};
    EXPECT_EQ(sights_[0].number, look.number);
    return sights_[0];
  }

  void on_delivered(log::AppendId, const core::Delivery&) override {}
  void on_commit(const core::Commit&) override {}
  void on_seed(const core::Seed&) override {}
  void on_rows(const core::Rows&) override {}
  void on_group(const core::GroupState&) override {}
  void on_group_changed(const core::GroupChange&) override {}
  void on_topics(std::span<const core::TopicState>) override {}
  void on_ends(const core::Ends&) override {}
  void on_sight(const core::Sight& sight) override { sights_.push_back(sight); }
  void on_followed(const log::FollowedRecord& record) override {
    followed_.push_back(record.offset);
    if (synced_ == 0) ++before_synced_;
  }
  void on_synced() override { ++synced_; }
  void on_share(const core::ShareProgress&) override {}
  void open_groups(std::vector<log::OpenGroup>&) override {}
  void on_lost(const std::string&) override { ++lost_; }

  boost::asio::io_context io_;
  test::FakeCluster cluster_{io_};
  KafkaConfig config_;
  std::unique_ptr<KafkaLog> log_;
  std::vector<core::Sight> sights_;
  std::vector<core::Offset> followed_;
  std::size_t before_synced_ = 0;
  int synced_ = 0;
  int lost_ = 0;
  std::uint64_t number_ = 0;
};

TEST_F(KafkaLogAsideTest, ALookFindsAnIdAndWhatIsVisible) {
  cluster_.partitions.resize(1);
  cluster_.append(0, transactional(0, "a", 1, 4), 1, false);
  cluster_.append(0, marker(1, false, 4), 2);
  const test::LogRecord event{2, "k", "v", {{"tidemark-id", kId.to_string()}}};
  cluster_.append(0, test::encode({.base_offset = 2, .records = {event}}), 3);
  start();
  const auto found = seen(look(0, core::kNoOffset, kId));
  EXPECT_EQ(found.result, Result::found);
  EXPECT_EQ(found.offset, 2);
  EXPECT_EQ(found.topic_id, cluster_.topic_id);
  EXPECT_EQ(seen(look(0, core::kNoOffset, Uuid{{8}})).result, Result::none);
  EXPECT_EQ(seen(look(0, 2)).result, Result::none);
  EXPECT_EQ(seen(look(0, 3)).offset, 2);
  EXPECT_EQ(log_->counters().looks.found, 2U);
  EXPECT_EQ(log_->counters().looks.none, 2U);
}

TEST_F(KafkaLogAsideTest, ALookFollowsALeaderThatMovesAndALogThatWasCut) {
  cluster_.partitions.resize(1);
  cluster_.append(0, plain(0, "a", 1), 1);
  cluster_.append(0, plain(1, "a", 2), 2);
  start();
  cluster_.move(0, 2);
  EXPECT_EQ(seen(look(0, 2)).offset, 0);
  cluster_.partitions[0].log_start = 1;
  EXPECT_EQ(seen(look(0, 2)).offset, 1);
  EXPECT_EQ(seen(look(0, 2, kId)).result, Result::failed);
}

TEST_F(KafkaLogAsideTest, ALookThatCannotEndIsAnsweredAtItsBound) {
  cluster_.partitions.resize(1);
  start();
  EXPECT_EQ(seen(look(0, 5), std::chrono::milliseconds(50)).result, Result::failed);
  core::Look nowhere = look(0, 5);
  nowhere.topic = "nowhere";
  EXPECT_EQ(seen(nowhere).result, Result::failed);
}

TEST_F(KafkaLogAsideTest, TooManyLooksAreRefused) {
  cluster_.partitions.resize(1);
  config_.look.open = 2;
  start();
  EXPECT_TRUE(log_->look(look(0, 5), std::chrono::milliseconds(50)).ok());
  EXPECT_TRUE(log_->look(look(0, 5), std::chrono::milliseconds(50)).ok());
  const auto refused = log_->look(look(0, 5), std::chrono::milliseconds(50));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
  EXPECT_TRUE(waiting([&] { return sights_.size() == 2; }));
  EXPECT_EQ(log_->counters().looks.refused, 1U);
}

TEST_F(KafkaLogAsideTest, FollowedTopicsAreReadBeforeItIsSyncedAndAfter) {
  cluster_.partitions.resize(1);
  for (core::Offset i = 0; i < 5; ++i) cluster_.append(0, plain(i, "a", i), i + 1);
  cluster_.partitions[0].by_time = 2;
  make();
  follow("__consumer_offsets");
  start();
  EXPECT_EQ(followed_, (std::vector<core::Offset>{2, 3, 4}));
  EXPECT_EQ(before_synced_, 3U);
  cluster_.append(0, plain(5, "a", 5), 6);
  EXPECT_TRUE(waiting([&] { return followed_.size() == 4; }));
  cluster_.move(0, 2);
  cluster_.append(0, plain(6, "a", 6), 7);
  EXPECT_TRUE(waiting([&] { return followed_.size() == 5; }));
  EXPECT_EQ(followed_, (std::vector<core::Offset>{2, 3, 4, 5, 6}));
  EXPECT_EQ(log_->counters().follow.read.records, 5U);
}

TEST_F(KafkaLogAsideTest, OfAFollowedTopicOnlyWhatWasCommittedIsTold) {
  cluster_.partitions.resize(1);
  make();
  follow("__consumer_offsets");
  start();
  auto& partition = cluster_.partitions[0];
  partition.aborted = {{4, 0}};
  cluster_.append(0, transactional(0, "a", 1, 4), 1, false);
  cluster_.append(0, transactional(1, "a", 1, 5), 2, false);
  cluster_.append(0, marker(2, false, 4), 3, false);
  cluster_.append(0, marker(3, true, 5), 4);
  ASSERT_TRUE(waiting([&] { return !followed_.empty(); }));
  EXPECT_EQ(followed_, (std::vector<core::Offset>{1}));
}

TEST_F(KafkaLogAsideTest, ATopicThatMayNotBeMadeHoldsNothingUp) {
  cluster_.partitions.resize(1);
  cluster_.create_error = 29;
  make();
  follow("__tidemark_acks");
  start();
  EXPECT_EQ(std::count(cluster_.asked.begin(), cluster_.asked.end(), "CreateTopics __tidemark_acks"), 1);
  EXPECT_EQ(log_->counters().follow.denied, 1U);
}

TEST_F(KafkaLogAsideTest, AFollowedPositionThatIsGoneBeginsAtTheLogsStart) {
  cluster_.partitions.resize(1);
  make();
  follow("__consumer_offsets");
  start();
  cluster_.append(0, plain(0, "a", 1), 1);
  EXPECT_TRUE(waiting([&] { return followed_.size() == 1; }));
  // The position is gone: it begins at the log's start, and the tail anew.
  auto& partition = cluster_.partitions[0];
  partition.batches.clear();
  partition.log_start = partition.last_stable = partition.end = 50;
  cluster_.answer_fetches();
  EXPECT_TRUE(waiting([&] { return synced_ == 2; }));
  cluster_.append(0, plain(50, "a", 2), 51);
  EXPECT_TRUE(waiting([&] { return followed_.size() == 2; }));
  EXPECT_EQ(followed_.back(), 50);
  EXPECT_EQ(lost_, 1);
  EXPECT_EQ(log_->counters().follow.positions_gone, 1U);
}

TEST_F(KafkaLogAsideTest, AnInspectionTellsSettingsAndBlindPartitions) {
  cluster_.partitions.resize(2);
  cluster_.settings["group.coordinator.append.linger.ms"] = "7";
  start();
  cluster_.append(1, test::encode({.base_offset = 0, .records = {test::commit_record(0, "a", 1)}, .attributes = 1}), 1);
  ASSERT_TRUE(waiting([&] { return lost_ == 1; }));
  std::optional<log::ClusterFacts> facts;
  log_->inspect(std::chrono::seconds(10), [&](log::ClusterFacts told) { facts = std::move(told); });
  ASSERT_TRUE(waiting([&] { return facts.has_value(); }));
  EXPECT_EQ(facts->coordinator_linger_ms, 7);
  EXPECT_EQ(facts->blind, (std::vector<core::Partition>{1}));
  EXPECT_TRUE(facts->topics.empty());
}

TEST_F(KafkaLogAsideTest, AnInspectionEndsAtItsBound) {
  make();
  config_.bootstrap = "127.0.0.1:1";
  auto unreachable = KafkaLog::make(io_, config_);
  ASSERT_TRUE(unreachable.ok());
  (*unreachable)->start(*this);
  int told = 0;
  (*unreachable)->inspect(std::chrono::milliseconds(10), [&](const log::ClusterFacts&) { ++told; });
  EXPECT_EQ(told, 0);
  EXPECT_TRUE(waiting([&] { return told == 1; }));
}

}  // namespace
}  // namespace tidemark::kafka
