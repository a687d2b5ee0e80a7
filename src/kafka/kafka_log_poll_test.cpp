// KafkaLog over brokers that deny the commit log: poller.cpp and log_access.cpp on
// the network.
#include <gtest/gtest.h>

#include <optional>

#include "kafka/kafka_log.h"
#include "kafka/poller.h"
#include "kafka/test_fake_cluster.h"

namespace tidemark::kafka {
namespace {

using wire::test::run_until;

using Lines = std::vector<std::string>;
using Rows = std::map<std::pair<std::string, core::Partition>, core::Offset>;

// What one log has told.
class Told : public log::Observer {
 public:
  void on_delivered(log::AppendId, const core::Delivery&) override {}
  void on_commit(const core::Commit& commit) override {
    rows[{std::string(commit.group), commit.partition}] = commit.offset;
    if (commit.at.partition == core::kPolledLog) ++polled;
    if (commit.offset == core::kNoOffset) rows.erase({std::string(commit.group), commit.partition});
  }
  void on_seed(const core::Seed& seed) override {
    for (const auto& row : seed.rows) rows.try_emplace({std::string(seed.group), row.partition}, row.offset);
  }
  void on_rows(const core::Rows& told) override {
    EXPECT_FALSE(told.rows.empty());
    lines.push_back("rows " + std::string(told.group) + " " + std::to_string(rows[{std::string(told.group), 0}]));
  }
  void on_group(const core::GroupState& group) override {
    lines.push_back((group.exists ? "group " : "gone ") + std::string(group.group) + " " +
                    std::to_string(group.members));
  }
  void on_group_changed(const core::GroupChange&) override {}
  void on_topics(std::span<const core::TopicState>) override {}
  void on_ends(const core::Ends&) override {}
  void on_synced() override { ++synced; }
  void on_share(const core::ShareProgress&) override {}
  void on_sight(const core::Sight&) override {}
  void on_followed(const log::FollowedRecord&) override {}
  void on_lost(const std::string&) override { ++lost; }
  void open_groups(std::vector<log::OpenGroup>& groups) override {
    groups.insert(groups.end(), open.begin(), open.end());
  }
  std::size_t times(const std::string& line) const {
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
  }

  Rows rows;
  Lines lines;
  std::vector<log::OpenGroup> open;
  int synced = 0;
  int lost = 0;
  int polled = 0;
};

class KafkaLogPollTest : public testing::Test {
 protected:
  ~KafkaLogPollTest() override {
    logs_.clear();
    io_.poll();
  }
  KafkaLog& start(Told& told) {
    config_.bootstrap = cluster_.bootstrap();
    config_.gather = std::chrono::milliseconds(10);
    config_.metadata_refresh = std::chrono::milliseconds(50);
    auto made = KafkaLog::make(io_, config_);
    EXPECT_TRUE(made.ok());
    logs_.push_back(std::move(made).value());
    logs_.back()->start(told);
    return *logs_.back();
  }
  bool waiting(const std::function<bool()>& condition) { return run_until(io_, condition); }
  void commit(const std::string& group, core::Partition partition, core::Offset offset) {
    cluster_.groups[group].offsets[partition] = offset;
    const core::Offset at = cluster_.partitions[0].end;
    auto record = test::commit_record(at, group, offset, "orders", partition);
    if (offset == core::kNoOffset) {
      record.value.reset();
      cluster_.groups[group].offsets.erase(partition);
    }
    cluster_.append(0, test::encode({.base_offset = at, .records = {record}}), at + 1);
  }

  boost::asio::io_context io_;
  test::FakeCluster cluster_{io_};
  KafkaConfig config_;
  std::vector<std::unique_ptr<KafkaLog>> logs_;
};

TEST_F(KafkaLogPollTest, PollingTellsWhatTheTailTells) {
  cluster_.partitions.resize(1);
  commit("a", 0, 5);
  Told tail, poll;
  KafkaLog& tailing = start(tail);
  config_.positions = Positions::poll;
  KafkaLog& polling = start(poll);
  ASSERT_TRUE(waiting([&] { return tail.synced == 1 && poll.synced == 1; }));
  EXPECT_EQ(poll.rows, tail.rows);
  poll.open = {{"a", {}}, {"b", {}}};
  const std::vector<std::tuple<std::string, core::Partition, core::Offset>> script{
      {"a", 0, 6}, {"a", 1, 3}, {"b", 0, 9}, {"a", 0, 2}, {"b", 0, core::kNoOffset}, {"a", 0, 7}, {"b", 2, 1}};
  for (const auto& [group, partition, offset] : script) {
    commit(group, partition, offset);
    const Rows expected = [&] {
      Rows rows;
      for (const auto& [name, state] : cluster_.groups)
        for (const auto& [number, committed] : state.offsets) rows[{name, number}] = committed;
      return rows;
    }();
    ASSERT_TRUE(waiting([&] { return tail.rows == expected; })) << group << " " << offset;
    ASSERT_TRUE(waiting([&] { return poll.rows == expected; })) << group << " " << offset;
  }
  EXPECT_EQ(tail.polled, 0);
  EXPECT_GE(poll.polled, 7);
  EXPECT_FALSE(tailing.counters().poll.polling);
  EXPECT_TRUE(polling.counters().poll.polling);
  EXPECT_FALSE(tailing.positions().polled());
  EXPECT_EQ(polling.positions().by, core::PositionsBy::asked_as_configured);
  EXPECT_EQ(polling.counters().tail.fetches, 0U);
  EXPECT_EQ(poll.lost, 0);
}

TEST_F(KafkaLogPollTest, RowsAskedForAreToldAsCommitsBeforeTheyAreToldAsRows) {
  cluster_.partitions.resize(1);
  cluster_.groups["a"].offsets = {{0, 6}};
  config_.positions = Positions::poll;
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return told.synced == 1; }));
  cluster_.groups["a"].offsets[0] = 9;
  log.ask_rows("a", 1);
  ASSERT_TRUE(waiting([&] { return !told.lines.empty() && told.lines.back().starts_with("rows"); }));
  EXPECT_EQ(told.lines.back(), "rows a 9");
}

TEST_F(KafkaLogPollTest, ALogThatIsDeniedByNameIsNeverTakenForAbsent) {
  cluster_.partitions.resize(1);
  cluster_.hidden = cluster_.denied = true;
  cluster_.groups["a"].offsets = {{0, 6}};
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return told.synced == 1; }));
  EXPECT_TRUE(log.counters().poll.polling);
  EXPECT_EQ(told.lost, 0);
  EXPECT_EQ(told.rows, (Rows{{{"a", 0}, 6}}));
  told.open = {{"a", {}}};
  commit("a", 0, 7);
  EXPECT_TRUE(waiting([&] { return told.rows == Rows{{{"a", 0}, 7}}; }));
  EXPECT_EQ(log.positions().by, core::PositionsBy::asked_as_denied);
  EXPECT_EQ(log.positions().why, "the commit log is denied");
  std::optional<log::ClusterFacts> facts;
  log.inspect(std::chrono::seconds(5), [&](const log::ClusterFacts& found) { facts = found; });
  ASSERT_TRUE(waiting([&] { return facts.has_value(); }));
  EXPECT_TRUE(facts->polling);
  EXPECT_TRUE(facts->blind.empty());
}

TEST_F(KafkaLogPollTest, ALogThatIsNotShownThoughGroupsHaveCommittedIsDenied) {
  cluster_.partitions.resize(1);
  cluster_.hidden = true;
  cluster_.groups["a"].offsets = {{0, 6}};
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return log.counters().poll.polling && told.synced > 0; }));
  told.open = {{"a", {}}};
  commit("a", 0, 7);
  EXPECT_TRUE(waiting([&] { return told.rows == Rows{{{"a", 0}, 7}}; }));
}

TEST_F(KafkaLogPollTest, DeniedAtTheFirstFetchItFallsBack) {
  cluster_.partitions.resize(1);
  cluster_.denied = true;
  commit("a", 0, 6);
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return log.counters().poll.polling && told.synced > 0; }));
  EXPECT_EQ(told.rows, (Rows{{{"a", 0}, 6}}));
}

TEST_F(KafkaLogPollTest, DeniedWhileRunningItFallsBackAndReturnsWithoutLoss) {
  config_.denied_retry = std::chrono::milliseconds(50);
  cluster_.partitions.resize(1);
  commit("a", 0, 6);
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return told.synced == 1; }));
  told.open = {{"a", {}}};
  cluster_.denied = true;
  cluster_.answer_fetches();
  ASSERT_TRUE(waiting([&] { return told.synced == 2; }));
  EXPECT_EQ(told.lost, 1);
  EXPECT_TRUE(log.counters().poll.polling);
  commit("a", 0, 7);
  ASSERT_TRUE(waiting([&] { return told.rows == Rows{{{"a", 0}, 7}}; }));
  // Committed where neither sees it at once: nobody waits for b.
  commit("b", 0, 1);
  cluster_.denied = false;
  ASSERT_TRUE(waiting([&] { return told.synced == 3; }));
  EXPECT_FALSE(log.counters().poll.polling);
  EXPECT_FALSE(log.positions().polled());
  EXPECT_EQ(told.rows, (Rows{{{"a", 0}, 7}, {{"b", 0}, 1}}));
  const int polled = told.polled;
  commit("a", 0, 8);
  EXPECT_TRUE(waiting([&] { return told.rows == Rows{{{"a", 0}, 8}, {{"b", 0}, 1}}; }));
  EXPECT_EQ(told.polled, polled);
}

TEST_F(KafkaLogPollTest, MembersAreDescribedAndTheEmptinessComesAfterTheLastCommit) {
  config_.positions = Positions::poll;
  cluster_.partitions.resize(1);
  cluster_.groups["a"].members = 1;
  cluster_.groups["a"].offsets = {{0, 6}};
  cluster_.groups["k"].type = "Consumer";
  Told told;
  start(told);
  ASSERT_TRUE(waiting([&] { return told.synced == 1; }));
  EXPECT_EQ(told.times("group a 1"), 1U);
  EXPECT_EQ(told.times("group k 1"), 1U);
  told.open = {{"a", {}}, {"k", {}}};
  cluster_.groups["a"].members = 0;
  cluster_.groups.erase("k");
  ASSERT_TRUE(waiting([&] { return told.times("group a 0") == 1 && told.times("gone k 0") == 1; }));
}

TEST_F(KafkaLogPollTest, OneRequestAsksForManyGroupsAndTheirCoordinatorIsRemembered) {
  config_.positions = Positions::poll;
  for (int i = 0; i < 50; ++i) cluster_.groups["g" + std::to_string(i)].offsets = {{0, i}};
  Told told;
  KafkaLog& log = start(told);
  ASSERT_TRUE(waiting([&] { return told.synced == 1; }));
  const auto asked = [&] { return std::count(cluster_.asked.begin(), cluster_.asked.end(), "OffsetFetch"); };
  const auto before = asked();
  const auto requests = log.counters().groups.requests;
  for (const auto& [name, group] : cluster_.groups) told.open.push_back({name, {}});
  ASSERT_TRUE(waiting([&] { return log.counters().poll.polls >= 50; }));
  EXPECT_LE(asked() - before, 3);
  EXPECT_LE(log.counters().groups.requests - requests, 5U);
}

}  // namespace
}  // namespace tidemark::kafka
