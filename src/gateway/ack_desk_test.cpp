#include "gateway/ack_desk.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "gateway/testing.h"

namespace tidemark::gateway {
namespace {

using namespace std::chrono_literals;

class AckDeskTest : public ::testing::Test {
 protected:
  explicit AckDeskTest(core::Duration bound = 1h) : engine(config()), desk(io, engine, log, bound) {
    desk.start(replies, [this] { ++moved; });
  }

  static core::EngineConfig config() {
    core::EngineConfig config;
    config.wait_for["orders"] = {"views"};
    return config;
  }
  void be_ready() {
    const std::vector<core::TopicState> topics{{"orders", {}, 3}};
    engine.topics(topics, now(), effects);
    tell_end(10);
    engine.synced(now());
  }
  void tell_end(core::Offset end) {
    core::Ends ends;
    ends.topic = "orders";
    ends.high_watermark = end;
    engine.ends(ends, now(), effects);
    desk.ends("orders", 0);
  }
  static core::Time now() { return std::chrono::steady_clock::now(); }
  static http::AckCall call(core::Range offsets, std::string consumer = "views") {
    http::AckCall call;
    call.consumer = std::move(consumer);
    call.topic = "orders";
    call.offsets = offsets;
    call.received = now();
    return call;
  }
  core::Refusal::Code refused(http::ExchangeId exchange) {
    EXPECT_TRUE(replies.refusals.contains(exchange));
    return replies.refusals[exchange].code;
  }

  boost::asio::io_context io{1};
  core::Effects effects;
  core::Engine engine;
  FakeLog log;
  FakeReplies replies;
  int moved = 0;
  AckDesk desk;
};

class AckDeskOverdue : public AckDeskTest {
 protected:
  AckDeskOverdue() : AckDeskTest(20ms) {}
};

TEST_F(AckDeskTest, IsAnsweredOnceItIsInTheTopicThatEveryGatewayReads) {
  be_ready();
  desk.take(1, call({3, 5}));
  EXPECT_TRUE(replies.acks.empty());
  ASSERT_EQ(log.appended.size(), 1U);
  const auto& [id, record] = *log.appended.begin();
  EXPECT_TRUE(AckDesk::is_ours(id));
  EXPECT_EQ(record.topic, kAcksTopic);
  EXPECT_EQ(record.key, "views/orders/0/3");
  EXPECT_TRUE(parse_ack(*record.value).ok());
  core::Delivery delivery;
  delivery.fate = core::Delivery::Fate::appended;
  desk.delivered(id, delivery);
  EXPECT_TRUE(replies.acks.contains(1));
  EXPECT_TRUE(desk.empty());
}

TEST_F(AckDeskTest, RefusesBeforeAnythingIsWritten) {
  desk.take(1, call({3, 5}));
  EXPECT_EQ(refused(1), core::Refusal::Code::not_ready);
  be_ready();
  desk.take(2, call({3, 5}, "strangers"));
  EXPECT_EQ(refused(2), core::Refusal::Code::unexpected_consumer);
  http::AckCall by_id = call({0, 0});
  by_id.id = Uuid{};
  desk.take(3, by_id);
  EXPECT_EQ(refused(3), core::Refusal::Code::unknown_event);
  EXPECT_TRUE(log.appended.empty());
  EXPECT_TRUE(desk.empty());
  EXPECT_TRUE(log.refreshes.empty()) << "none of it is about a topic that may be new";
}

TEST_F(AckDeskTest, LooksAnewOnceBeforeItSaysThatATopicOrAPartitionIsUnknown) {
  be_ready();
  http::AckCall added = call({3, 3}), typo = call({3, 3}), left = call({3, 3});
  added.partition = 3;
  typo.topic = left.topic = "oders";
  desk.take(1, added);
  desk.take(2, typo);
  desk.take(3, left);
  EXPECT_TRUE(replies.refusals.empty());
  ASSERT_EQ(log.refreshes.size(), 3U);
  desk.gone(3);
  const std::vector<core::TopicState> topics{{"orders", {}, 4}};
  engine.topics(topics, now(), effects);
  core::Ends ends;
  ends.topic = "orders";
  ends.partition = 3;
  ends.high_watermark = 10;
  engine.ends(ends, now(), effects);
  for (const auto& done : std::vector(log.refreshes)) done();
  EXPECT_EQ(log.appended.size(), 1U);
  EXPECT_EQ(refused(2), core::Refusal::Code::unknown_topic);
  EXPECT_FALSE(replies.refusals.contains(3));
  EXPECT_EQ(log.refreshes.size(), 3U) << "once each";
  EXPECT_EQ(moved, 3) << "a drain may wait for them";
}

TEST_F(AckDeskTest, AsksForTheEndBeforeItSaysThatARecordDoesNotExist) {
  be_ready();
  desk.take(1, call({10, 10}));
  desk.take(2, call({99, 99}));
  EXPECT_EQ(log.asked.size(), 2U);
  EXPECT_TRUE(replies.refusals.empty());
  tell_end(11);
  EXPECT_EQ(log.appended.size(), 1U) << "the record was there";
  EXPECT_TRUE(replies.refusals.empty()) << "that answer may have been under way before";
  tell_end(12);
  EXPECT_EQ(refused(2), core::Refusal::Code::beyond_end);
}

TEST_F(AckDeskTest, SaysWhenItCouldNotBeWritten) {
  be_ready();
  log.full = true;
  desk.take(1, call({3, 3}));
  ASSERT_TRUE(replies.failed.contains(1));
  EXPECT_EQ(replies.failed[1].fate, core::Delivery::Fate::not_appended);
  EXPECT_EQ(replies.failed[1].reason, core::Delivery::Reason::limit);
}

TEST_F(AckDeskTest, AClientThatGoesAwayIsForgotten) {
  be_ready();
  desk.take(1, call({3, 3}));
  desk.take(2, call({99, 99}));
  desk.gone(1);
  desk.gone(2);
  EXPECT_TRUE(desk.empty());
  log.deliver_all_to([&](log::AppendId id, const core::Delivery& delivery) { desk.delivered(id, delivery); });
  tell_end(100);
  EXPECT_TRUE(replies.acks.empty());
}

TEST_F(AckDeskOverdue, P4IsAnsweredAtItsDeadline) {
  be_ready();
  desk.take(1, call({3, 3}));
  desk.take(2, call({99, 99}));
  io.run();  // ends when no deadline is left
  ASSERT_TRUE(replies.failed.contains(1));
  EXPECT_EQ(replies.failed[1].fate, core::Delivery::Fate::unknown) << "it had been sent";
  ASSERT_TRUE(replies.failed.contains(2));
  EXPECT_EQ(replies.failed[2].fate, core::Delivery::Fate::not_appended);
  EXPECT_TRUE(desk.empty());
  EXPECT_GT(moved, 0);
}

}  // namespace
}  // namespace tidemark::gateway
