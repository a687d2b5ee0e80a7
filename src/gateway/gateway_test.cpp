// The gateway with a log that does what the test says.
#include "gateway/gateway.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>

#include "gateway/testing.h"

namespace tidemark::gateway {
namespace {

using namespace std::chrono_literals;

class GatewayTest : public ::testing::Test {
 protected:
  void start(std::vector<std::string> wait_for = {"views"}) {
    settings.engine.wait_for["orders"] = std::move(wait_for);
    settings.engine.reset_earliest = {"views"};
    gateway = std::make_unique<Gateway>(io, settings, log);
    gateway->start(replies);
    gateway->on_topics(std::vector<core::TopicState>{{"orders", {}, 3}});
    gateway->on_synced();
    join("views");
  }
  void join(const std::string& group) {
    core::GroupState state;
    state.group = group;
    state.managed = true;
    state.members = 1;
    state.at = {0, next_record++};
    gateway->on_group(state);
  }
  void commit(const std::string& group, core::Offset offset) {
    core::Commit commit;
    commit.group = group;
    commit.topic = "orders";
    commit.offset = offset;
    commit.at = {0, next_record++};
    commit.settled_at = commit.at.offset;
    gateway->on_commit(commit);
  }
  void barrier(http::ExchangeId exchange, http::WaitsCall call, core::Duration wait = 1h) {
    call.wait_for = wait;
    call.received = std::chrono::steady_clock::now();
    gateway->barrier(exchange, std::move(call));
  }
  static http::WaitsCall over_topic() {
    http::WaitsCall call;
    call.topics = {"orders"};
    return call;
  }
  void list_partitions(core::Partition count) {
    gateway->on_topics(std::vector<core::TopicState>{{"orders", {}, count}});
  }
  void publish(http::ExchangeId exchange, core::Duration wait = 1h) {
    http::PublishCall call;
    call.topic = "orders";
    call.value = "v";
    call.content_type = "text/plain";
    call.wait_for = wait;
    call.received = std::chrono::steady_clock::now();
    gateway->publish(exchange, std::move(call));
  }

  boost::asio::io_context io{1};
  Settings settings;
  FakeLog log;
  FakeReplies replies;
  std::unique_ptr<Gateway> gateway;
  core::Offset next_record = 0;
};

TEST_F(GatewayTest, AnswersWhenTheConsumerCommits) {
  start();
  publish(1);
  ASSERT_EQ(log.appended.size(), 1U);
  const log::Record& record = log.appended.begin()->second;
  ASSERT_EQ(record.headers.size(), 4U);
  EXPECT_EQ(record.headers[0].name, "tidemark-id");
  EXPECT_EQ(record.headers[1].name, "traceparent");
  EXPECT_EQ(record.headers[2].name, "baggage");
  EXPECT_EQ(record.headers[3].value, "text/plain");
  log.deliver_all(0);
  EXPECT_TRUE(replies.answers.empty());
  commit("views", 1);
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_TRUE(replies.answers[1].all_processed());
}

TEST_F(GatewayTest, AnswersManyInTurnsWithOthers) {
  start();
  constexpr http::ExchangeId kMany = 1000;
  for (http::ExchangeId exchange = 1; exchange <= kMany; ++exchange) publish(exchange);
  log.deliver_all(0);
  bool other_was_served = false;
  commit("views", 1);
  boost::asio::post(io, [&] { other_was_served = replies.answers.size() < kMany; });
  EXPECT_LT(replies.answers.size(), kMany);
  gateway->gone(kMany);  // its answer is due, and nobody waits for it any more
  io.poll();
  EXPECT_TRUE(other_was_served);
  EXPECT_EQ(replies.answers.size(), kMany - 1);
}

TEST_F(GatewayTest, RefusesBeforeTheGroupsAreKnown) {
  gateway = std::make_unique<Gateway>(io, settings, log);
  gateway->start(replies);
  publish(1);
  ASSERT_TRUE(replies.refusals.contains(1));
  EXPECT_EQ(replies.refusals[1].code, core::Refusal::Code::not_ready);
  EXPECT_TRUE(log.appended.empty());
  EXPECT_FALSE(gateway->health().ready);
}

TEST_F(GatewayTest, HealthSaysWhetherPositionsAreAskedFor) {
  start();
  EXPECT_TRUE(gateway->health().ready);
  EXPECT_FALSE(gateway->health().polled);
  log.come = {core::PositionsBy::asked_as_denied, "the commit log is denied"};
  EXPECT_TRUE(gateway->health().ready) << "its answers are right, only later";
  EXPECT_TRUE(gateway->health().polled);
  EXPECT_EQ(gateway->health().polled_why, "the commit log is denied");
}

TEST_F(GatewayTest, APendingAnswerSaysThatCommitsAreAskedFor) {
  log.come = {core::PositionsBy::asked_as_denied, "the commit log is denied"};
  start();
  publish(1, 1ms);
  log.deliver_all(0);
  io.run_for(10s);
  ASSERT_EQ(replies.answers.at(1).consumers.size(), 1U);
  EXPECT_NE(replies.answers[1].consumers[0].hint.find("__consumer_offsets may not be read"), std::string::npos);
  log.come = {};
  gateway->on_synced();
  publish(2, 1ms);
  log.deliver_all(1);
  io.restart();
  io.run_for(10s);
  EXPECT_EQ(replies.answers.at(2).consumers[0].hint.find("__consumer_offsets"), std::string::npos);
}

TEST_F(GatewayTest, AnswersPendingAtTheDeadline) {
  start();
  publish(1, 1ms);
  log.deliver_all(0);
  io.run_for(10s);  // ends when the timer has nothing more to wait for
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_FALSE(replies.answers[1].settled);
  EXPECT_FALSE(replies.answers[1].mark.empty());
}

TEST_F(GatewayTest, SaysUnknownWhenTheAppendIsOverdue) {
  start();
  publish(1, 1ms);
  io.run_for(10s);
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_EQ(replies.answers[1].fate, core::Delivery::Fate::unknown);
  ASSERT_EQ(replies.answers[1].mark.terms.size(), 1U);
  EXPECT_EQ(replies.answers[1].mark.terms[0].kind, core::Term::Kind::pending);
  EXPECT_EQ(replies.answers[1].mark.terms[0].first, 7);
}

TEST_F(GatewayTest, SaysNotAppendedWhenItWasNeverSent) {
  start();
  log.sent = false;
  publish(1, 1ms);
  io.run_for(10s);
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_EQ(replies.answers[1].fate, core::Delivery::Fate::not_appended);
}

TEST_F(GatewayTest, SaysNotAppendedWhenTheQueueIsFull) {
  start();
  log.full = true;
  publish(1);
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_EQ(replies.answers[1].reason, core::Delivery::Reason::limit);
}

TEST_F(GatewayTest, FreesTheWaitOfAClientThatWentAway) {
  start();
  publish(1);
  log.deliver_all(0);
  gateway->gone(1);
  commit("views", 1);
  EXPECT_TRUE(replies.answers.empty());
  EXPECT_NE(gateway->metrics().find("tidemark_open_waits 0\n"), std::string::npos);
}

TEST_F(GatewayTest, ResumesAMark) {
  start();
  publish(1, 1ms);
  log.deliver_all(0);
  io.run_for(10s);
  http::MarkCall call;
  call.mark = replies.answers.at(1).mark;
  call.received = std::chrono::steady_clock::now();
  gateway->resume(2, call);
  EXPECT_FALSE(replies.answers.at(2).settled);
  call.wait = true;
  call.wait_for = 1h;
  gateway->resume(3, call);
  EXPECT_FALSE(replies.answers.contains(3));
  commit("views", 1);
  EXPECT_TRUE(replies.answers.at(3).all_processed());
}

TEST_F(GatewayTest, AsksForTheEndOfACommitAboveIt) {
  start();
  commit("views", 5);
  ASSERT_EQ(log.asked.size(), 1U);
  EXPECT_TRUE(log.asked[0].high_watermark);
  core::Ends ends;
  ends.topic = "orders";
  ends.high_watermark = 5;
  ends.asked = log.asked[0].number;
  gateway->on_ends(ends);
  publish(1);
  log.deliver_all(5);
  commit("views", 6);
  EXPECT_TRUE(replies.answers.at(1).all_processed());
}

TEST_F(GatewayTest, AsksAGroupBelowALogStartWhatItHasCommitted) {
  start();
  commit("views", 0);
  publish(1);
  log.deliver_all(0);
  core::Ends ends;
  ends.topic = "orders";
  ends.log_start = 5;
  gateway->on_ends(ends);
  ASSERT_EQ(log.rows_asked.size(), 1U);
  EXPECT_EQ(log.rows_asked[0].first, "views");
  EXPECT_TRUE(replies.answers.empty());
  const std::vector<core::SeedRow> rows{{"orders", 0, 0, -1}};
  gateway->on_rows({"views", log.rows_asked[0].second, rows});
  ASSERT_TRUE(replies.answers.contains(1));
  EXPECT_EQ(replies.answers[1].consumers[0].outcome, core::Outcome::skipped);
}

TEST_F(GatewayTest, TheTopicOfAcksIsBoundedInTimeAndInBytes) {
  start();
  ASSERT_EQ(log.followed.size(), 1U);
  EXPECT_EQ(log.followed[0].topic, kAcksTopic);
  EXPECT_EQ(log.followed[0].partitions, 1) << "the bound is of a partition";
  std::map<std::string, std::string> made_with(log.followed[0].settings.begin(), log.followed[0].settings.end());
  EXPECT_EQ(made_with["cleanup.policy"], "compact,delete");
  EXPECT_EQ(made_with["retention.ms"], "86400000");
  EXPECT_EQ(made_with["retention.bytes"], "1073741824");
  EXPECT_EQ(made_with["segment.bytes"], "67108864");
}

// Another gateway could not tell whose it is; what counts must count everywhere.
TEST_F(GatewayTest, AnIdAloneInTheTopicOfAcksIsCountedAndSkipped) {
  start();
  publish(1);
  const std::string id = log.appended.begin()->second.headers[0].value;
  log.deliver_all(0);
  const std::string by_id = R"({"consumer":"views","id":")" + id + "\"}";
  const std::string by_place = R"({"consumer":"views","topic":"orders","partition":0,"offset":0})";
  log::FollowedRecord record;
  record.topic = kAcksTopic;
  record.value = by_id;
  gateway->on_followed(record);
  EXPECT_TRUE(replies.answers.empty());
  EXPECT_NE(gateway->metrics().find("tidemark_acks_garbled_total 1\n"), std::string::npos);
  record.value = by_place;
  gateway->on_followed(record);
  EXPECT_TRUE(replies.answers.at(1).all_processed());
}

TEST_F(GatewayTest, LooksAnewBeforeItSaysThatATopicIsUnknown) {
  gateway = std::make_unique<Gateway>(io, settings, log);
  gateway->start(replies);
  gateway->on_synced();
  publish(1);
  publish(2);
  gateway->gone(2);
  EXPECT_TRUE(replies.refusals.empty());
  ASSERT_EQ(log.refreshes.size(), 2U);
  gateway->on_topics(std::vector<core::TopicState>{{"orders", {}, 3}});
  for (const auto& done : log.refreshes) done();
  EXPECT_EQ(log.appended.size(), 1U);  // the one whose client is still there

  gateway->on_topics(std::vector<core::TopicState>{});
  publish(3);
  log.refreshes.back()();
  EXPECT_EQ(replies.refusals.at(3).code, core::Refusal::Code::unknown_topic);
}

TEST_F(GatewayTest, ABarrierCoversPartitionsThatWereAddedJustBeforeIt) {
  start();
  barrier(1, over_topic());
  barrier(2, over_topic());
  gateway->gone(2);
  EXPECT_TRUE(log.asked.empty());
  ASSERT_EQ(log.refreshes.size(), 2U);
  list_partitions(4);
  for (const auto& done : std::vector(log.refreshes)) done();
  ASSERT_EQ(log.asked.size(), 4U) << "of each partition the end";
  core::Ends ends;
  ends.topic = "orders";
  for (const log::EndsQuery& asked : log.asked) {
    ends.partition = asked.partition;
    ends.asked = asked.number;
    ends.high_watermark = asked.partition == 3 ? 1 : 0;
    gateway->on_ends(ends);
  }
  EXPECT_TRUE(replies.answers.empty()) << "the new one holds a record";
  core::Commit done;
  done.group = "views";
  done.topic = "orders";
  done.partition = 3;
  done.offset = 1;
  done.at = {0, next_record++};
  done.settled_at = done.at.offset;
  gateway->on_commit(done);
  EXPECT_TRUE(replies.answers.at(1).all_processed());
}

TEST_F(GatewayTest, ABarrierLooksForWhatMayBeNewOnce) {
  start();
  http::WaitsCall typo, position;
  typo.topics = {"oders"};
  position.positions = {{"orders", 3, 0}};
  barrier(1, typo);
  log.refreshes.back()();
  EXPECT_EQ(replies.refusals.at(1).code, core::Refusal::Code::unknown_topic);
  barrier(2, position);
  EXPECT_FALSE(replies.refusals.contains(2));
  ASSERT_EQ(log.refreshes.size(), 2U);
  list_partitions(4);
  log.refreshes.back()();
  ASSERT_EQ(log.asked.size(), 1U);
  EXPECT_EQ(log.asked[0].partition, 3);
  position.positions[0].partition = 2;
  barrier(3, position);
  EXPECT_EQ(log.refreshes.size(), 2U) << "what is known needs no look";
  EXPECT_EQ(log.asked.size(), 2U);
}

TEST_F(GatewayTest, AMarkOfATopicThatMayBeNewIsLookedForToo) {
  start();
  publish(1, 1ms);
  log.deliver_all(0);
  io.run_for(10s);
  http::MarkCall call;
  call.mark = replies.answers.at(1).mark;
  call.received = std::chrono::steady_clock::now();
  gateway->on_topics(std::vector<core::TopicState>{});
  gateway->resume(2, call);
  EXPECT_FALSE(replies.refusals.contains(2));
  list_partitions(3);
  log.refreshes.back()();
  EXPECT_TRUE(replies.answers.contains(2));
}

TEST_F(GatewayTest, P4ABarrierIsAnsweredInTimeWhenTheListIsNot) {
  start();
  barrier(1, over_topic(), 20ms);
  ASSERT_EQ(log.refresh_bounds.size(), 1U);
  EXPECT_LE(log.refresh_bounds[0], 10ms) << "half is kept for the barrier";
  log.refreshes[0]();  // at its bound, and nothing was told
  io.run_for(10s);
  EXPECT_FALSE(replies.answers.at(1).settled);
}

TEST_F(GatewayTest, DrainsHeldRequestsAndRefusesNewOnes) {
  start();
  settings.drain_time = 1ms;
  publish(1);
  log.deliver_all(0);
  bool drained = false;
  gateway->drain([&] { drained = true; });
  EXPECT_FALSE(drained);
  publish(2);
  EXPECT_EQ(replies.refusals.at(2).code, core::Refusal::Code::draining);
  io.run_for(10s);
  EXPECT_TRUE(drained);
  EXPECT_FALSE(replies.answers.at(1).settled);
  EXPECT_TRUE(replies.answers.at(1).draining);
}

TEST_F(GatewayTest, AnAnswerMayLeadToTheNextRequestAtOnce) {
  start({});
  replies.on_answer = [&] {
    replies.on_answer = nullptr;
    publish(2);
  };
  publish(1);
  log.deliver_all(0);
  EXPECT_TRUE(replies.answers.at(1).all_processed());
  log.deliver_all(1);
  EXPECT_TRUE(replies.answers.at(2).all_processed());
}

}  // namespace
}  // namespace tidemark::gateway
