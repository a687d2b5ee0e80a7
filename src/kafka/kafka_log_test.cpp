// KafkaLog over brokers that misbehave on command; also what tail_driver.cpp,
// group_asker.cpp and ends_asker.cpp do on the network.
#include "kafka/kafka_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kafka/test_fake_cluster.h"

namespace tidemark::kafka {
namespace {

using test::marker;
using test::plain;
using test::transactional;
using wire::test::run_until;

using Lines = std::vector<std::string>;

class KafkaLogTest : public testing::Test, public log::Observer {
 protected:
  ~KafkaLogTest() override {
    log_.reset();
    io_.poll();
  }

  void start() {
    config_.bootstrap = cluster_.bootstrap();
    config_.gather = std::chrono::milliseconds(10);
    config_.metadata_refresh = std::chrono::milliseconds(50);
    auto made = KafkaLog::make(io_, config_);
    ASSERT_TRUE(made.ok());
    log_ = std::move(made).value();
    log_->start(*this);
  }
  // Of topic "orders", led under epoch 6, beside the end.
  void ask_end_of_epoch(std::int32_t epoch) {
    cluster_.partitions.resize(1);
    cluster_.partitions[0].log_start = cluster_.partitions[0].last_stable = cluster_.partitions[0].end = 9;
    cluster_.orders_epoch = 6;
    start();
    ASSERT_TRUE(told("synced"));
    log::EndsQuery query;
    query.topic = "orders";
    query.epoch = epoch;
    log_->ask_ends(query);
  }
  // Waits until the log has told `line`.
  testing::AssertionResult told(const std::string& line, std::ptrdiff_t wanted = 1) {
    if (run_until(io_, [&] { return times(line) >= wanted; })) return testing::AssertionSuccess();
    auto failure = testing::AssertionFailure() << line << " was not told; told:";
    for (const auto& other : told_) failure << "\n  " << other;
    failure << "\nasked:";
    for (const auto& other : cluster_.asked) failure << "\n  " << other;
    return failure;
  }
  bool waiting(const std::function<bool()>& condition) { return run_until(io_, condition); }
  std::ptrdiff_t times(const std::string& line) const { return std::count(told_.begin(), told_.end(), line); }
  std::size_t index(const Lines& lines, const std::string& line) const {
    return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), line) - lines.begin());
  }

  void on_delivered(log::AppendId, const core::Delivery&) override {}
  void on_commit(const core::Commit& commit) override {
    std::string line = std::string(commit.group) + "=" + std::to_string(commit.offset) + " at " +
                       std::to_string(commit.at.partition) + ":" + std::to_string(commit.at.offset);
    if (commit.settled_at != commit.at.offset) line += " settled " + std::to_string(commit.settled_at);
    told_.push_back(line);
  }
  void on_rows(const core::Rows& rows) override {
    std::string line = "rows " + std::string(rows.group) + " " + std::to_string(rows.number) + ":";
    for (const auto& row : rows.rows) line += " " + std::to_string(row.partition) + "=" + std::to_string(row.offset);
    told_.push_back(line);
  }
  void on_seed(const core::Seed& seed) override {
    std::string line = "seed " + std::string(seed.group);
    for (const auto& row : seed.rows) line += " " + std::to_string(row.partition) + "=" + std::to_string(row.offset);
    line += " as of";
    for (const auto offset : *seed.as_of) line += " " + std::to_string(offset);
    told_.push_back(line);
  }
  void on_group(const core::GroupState& group) override {
    told_.push_back((group.exists ? "group " : "gone ") + std::string(group.group) + " " +
                    std::to_string(group.members));
  }
  void on_group_changed(const core::GroupChange& change) override {
    const bool comes = change.shows == core::GroupChange::Shows::member_comes;
    told_.push_back(std::string(change.group) + (change.first ? " has a first member" : comes ? " has a member" : " is not what it was"));
  }
  void on_topics(std::span<const core::TopicState>) override {}
  void on_ends(const core::Ends& ends) override {
    if (ends.high_watermark != core::kNoOffset)
      told_.push_back(std::string(ends.topic) + " ends at " + std::to_string(ends.high_watermark) + ", epoch " +
                      std::to_string(ends.epoch) + " at " + std::to_string(ends.epoch_end));
    if (ends.high_watermark == core::kNoOffset && ends.log_start == core::kNoOffset)
      told_.push_back("leader of " + std::string(ends.topic) + " " + std::to_string(ends.partition) + " since " +
                      std::to_string(ends.leader_epoch));
  }
  void on_synced() override { told_.push_back("synced"); }
  void on_share(const core::ShareProgress&) override {}
  void on_sight(const core::Sight&) override {}
  void on_followed(const log::FollowedRecord&) override {}
  void open_groups(std::vector<log::OpenGroup>&) override {}
  void on_lost(const std::string&) override { told_.push_back("lost"); }

  boost::asio::io_context io_;
  test::FakeCluster cluster_{io_};
  KafkaConfig config_;
  std::unique_ptr<KafkaLog> log_;
  Lines told_;
};

TEST_F(KafkaLogTest, AShareGroupsMembersAreReadAndNoOffsetsOfIt) {
  cluster_.partitions.resize(1);
  cluster_.groups["s"].type = "Share";
  cluster_.groups["s"].members = 2;
  start();
  ASSERT_TRUE(told("synced"));
  EXPECT_EQ(times("group s 2"), 1);
  EXPECT_EQ(index(cluster_.asked, "OffsetFetch"), cluster_.asked.size());
  // Somebody left: the group's coordinator writes that to the commit log.
  cluster_.groups["s"].members = 1;
  wire::Writer key;
  key.int16(14);
  key.string("s");
  key.string("member");
  cluster_.append(0, test::encode({.base_offset = 0, .records = {{0, key.take(), "x"}}}), 1);
  EXPECT_TRUE(told("group s 1"));
}

TEST_F(KafkaLogTest, RowsAreToldOnceNoTransactionIsOpen) {
  cluster_.partitions.resize(1);
  cluster_.groups["a"].offsets = {{0, 6}, {1, 2}};
  cluster_.groups["a"].unstable = 2;
  start();
  ASSERT_TRUE(told("synced"));
  log_->ask_rows("a", 4);
  EXPECT_TRUE(told("rows a 4: 0=6 1=2"));
  EXPECT_EQ(cluster_.groups["a"].unstable, 0);
  log_->ask_rows("nobody", 5);
  EXPECT_TRUE(told("rows nobody 5:"));
}

TEST_F(KafkaLogTest, StartsInTheOrderThatMissesNothing) {
  cluster_.partitions.resize(2);
  cluster_.append(0, plain(0, "a", 5), 1);
  cluster_.append(0, transactional(1, "open", 9, 1), 2, false);
  cluster_.append(0, plain(2, "a", 6), 3, false);
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.groups["k"].type = "Consumer";
  start();
  ASSERT_TRUE(told("synced"));
  EXPECT_EQ(times("seed a 0=6 as of 1 0"), 1);
  EXPECT_EQ(times("seed k as of 1 0"), 1);
  EXPECT_EQ(times("group a 0"), 1);
  EXPECT_EQ(times("group k 1"), 1);
  EXPECT_EQ(times("a=5 at 0:0"), 0);
  EXPECT_EQ(times("a=6 at 0:2"), 1);
  EXPECT_EQ(told_.back(), "synced");
  const auto last_of = [&](const std::string& name) {
    return std::find(cluster_.asked.rbegin(), cluster_.asked.rend(), name).base() - cluster_.asked.begin();
  };
  EXPECT_EQ(cluster_.asked.front(), "ListOffsets/1");
  EXPECT_LT(last_of("ListOffsets/1"), 1 + static_cast<std::ptrdiff_t>(index(cluster_.asked, "ListGroups")));
  EXPECT_LT(last_of("OffsetFetch"), 1 + static_cast<std::ptrdiff_t>(index(cluster_.asked, "ListOffsets/0")));

  cluster_.append(0, marker(3, true, 1), 4);
  EXPECT_TRUE(told("open=9 at 0:1 settled 3"));
}

TEST_F(KafkaLogTest, TellsOfANewLeaderOnce) {
  cluster_.partitions.resize(1);
  cluster_.orders_epoch = 5;
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.orders_epoch = 6;
  ASSERT_TRUE(told("leader of orders 0 since 6"));
  cluster_.orders_epoch = 7;
  ASSERT_TRUE(told("leader of orders 0 since 7"));
  EXPECT_EQ(times("leader of orders 0 since 5"), 0);
  EXPECT_EQ(times("leader of orders 0 since 6"), 1);
}

TEST_F(KafkaLogTest, AsksWhereALeadersEpochEnded) {
  cluster_.tell_epochs({{5, 3}});
  ask_end_of_epoch(5);
  EXPECT_TRUE(told("orders ends at 9, epoch 5 at 3"));
  EXPECT_LT(index(cluster_.asked, "OffsetForLeaderEpoch"), cluster_.asked.size());
}

TEST_F(KafkaLogTest, DoesWithoutWhereBrokersCannotTellWhereAnEpochEnded) {
  ask_end_of_epoch(5);
  EXPECT_TRUE(told("orders ends at 9, epoch 5 at -1"));
}

TEST_F(KafkaLogTest, FollowsALeaderThatMovesWithoutLossOrRepetition) {
  cluster_.partitions.resize(2);
  start();
  ASSERT_TRUE(told("synced"));
  for (core::Offset i = 0; i < 10; ++i) {
    cluster_.append(0, plain(i, "a", 100 + i), i + 1);
    if (i % 3 == 1) cluster_.move(0, i % 2 == 0 ? 1 : 2);
    if (i % 4 != 1) continue;
    ASSERT_TRUE(told("a=" + std::to_string(100 + i) + " at 0:" + std::to_string(i)));
  }
  ASSERT_TRUE(told("a=109 at 0:9"));
  Lines commits;
  std::copy_if(told_.begin(), told_.end(), std::back_inserter(commits),
               [](const std::string& line) { return line.starts_with("a="); });
  ASSERT_EQ(commits.size(), 10U);
  for (std::size_t i = 0; i < commits.size(); ++i)
    EXPECT_EQ(commits[i], "a=" + std::to_string(100 + i) + " at 0:" + std::to_string(i));
  EXPECT_EQ(times("lost"), 0);
}

TEST_F(KafkaLogTest, APositionThatIsGoneIsReadAnewFromTheLastStableOffset) {
  cluster_.partitions.resize(2);
  start();
  ASSERT_TRUE(told("synced"));
  auto& partition = cluster_.partitions[1];
  partition.log_start = partition.last_stable = partition.end = 50;
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.answer_fetches();
  ASSERT_TRUE(told("synced", 2));
  EXPECT_EQ(times("lost"), 1);
  EXPECT_EQ(times("seed a 0=6 as of 0 50"), 1);
  cluster_.append(1, plain(50, "a", 7), 51);
  EXPECT_TRUE(told("a=7 at 1:50"));
  EXPECT_EQ(log_->counters().tail.positions_gone, 1U);
}

TEST_F(KafkaLogTest, WhenAPartitionCannotBeReadGroupsAreAskedInstead) {
  cluster_.partitions.resize(1);
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.append(0, test::encode({.base_offset = 0, .records = {test::commit_record(0, "a", 1)}, .attributes = 1}), 1);
  ASSERT_TRUE(told("lost"));
  ASSERT_TRUE(told("synced", 2));
  EXPECT_EQ(log_->counters().tail.blinded_partitions, 1U);
  EXPECT_TRUE(log_->counters().poll.polling);
}

TEST_F(KafkaLogTest, ACommitLogThatWasMadeAnewIsNeverCalledComplete) {
  cluster_.partitions.resize(1);
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.topic_id = Uuid{{2}};
  cluster_.answer_fetches();
  ASSERT_TRUE(told("lost"));
  EXPECT_EQ(times("synced"), 1);
}

TEST_F(KafkaLogTest, AGroupWhoseCoordinatorLoadsIsAskedAgain) {
  cluster_.partitions.resize(1);
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.groups["a"].errors = 4;
  cluster_.groups["b"].offsets = {{0, 7}};
  start();
  ASSERT_TRUE(told("synced"));
  EXPECT_EQ(times("seed a 0=6 as of 0"), 1);
  EXPECT_EQ(times("seed b 0=7 as of 0"), 1);
}

TEST_F(KafkaLogTest, AGroupThatIsNotAnsweredDoesNotHoldTheStartForEver) {
  cluster_.partitions.resize(1);
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.groups["a"].errors = 1'000'000;
  config_.group_patience = std::chrono::milliseconds(200);
  start();
  ASSERT_TRUE(told("synced"));
  EXPECT_EQ(times("seed a 0=6 as of 0"), 0);
  cluster_.groups["a"].errors = 0;
  EXPECT_TRUE(told("seed a 0=6 as of 0"));
}

TEST_F(KafkaLogTest, ATopicThatAppearsIsReadFromItsBeginning) {
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.partitions.resize(3);
  cluster_.append(2, plain(0, "a", 5), 1);
  EXPECT_TRUE(told("a=5 at 2:0"));
  EXPECT_EQ(times("lost"), 0);
  EXPECT_EQ(log_->counters().offsets_partitions, 3U);
}

TEST_F(KafkaLogTest, ACommitOfAnUnknownVersionIsAskedFor) {
  cluster_.partitions.resize(1);
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.groups["a"].offsets = {{0, 6}, {1, 8}};
  std::string future = test::commit_value(6);
  future[1] = 9;
  cluster_.append(0, test::encode({.base_offset = 0, .records = {{0, test::commit_key("a", "orders", 0), future}}}), 1);
  EXPECT_TRUE(told("a=6 at 0:0"));
  EXPECT_TRUE(told("a=8 at 0:0"));
}

TEST_F(KafkaLogTest, GroupsThatAppearChangeAndGoAreAskedFor) {
  cluster_.partitions.resize(1);
  start();
  ASSERT_TRUE(told("synced"));
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.append(0, plain(0, "a", 6), 1);
  EXPECT_TRUE(told("group a 0"));
  cluster_.groups["k"].type = "Consumer";
  wire::Writer key;
  key.int16(5);
  key.string("k");
  key.string("member");
  cluster_.append(0, test::encode({.base_offset = 1, .records = {{1, key.str(), "x"}}}), 2);
  EXPECT_TRUE(told("k has a first member"));
  EXPECT_TRUE(told("group k 1"));
  cluster_.groups.erase("k");
  cluster_.append(0, test::encode({.base_offset = 2, .records = {{2, key.str(), std::nullopt}}}), 3);
  EXPECT_TRUE(told("gone k 0"));
}

TEST_F(KafkaLogTest, TellsNothingAfterItHasStopped) {
  cluster_.partitions.resize(1);
  start();
  ASSERT_TRUE(told("synced"));
  bool done = false;
  log_->stop(std::chrono::seconds(1), [&] { done = true; });
  EXPECT_TRUE(waiting([&] { return done; }));
  const std::size_t before = told_.size();
  cluster_.append(0, plain(0, "a", 1), 1);
  io_.poll();
  EXPECT_EQ(told_.size(), before);
}

}  // namespace
}  // namespace tidemark::kafka
