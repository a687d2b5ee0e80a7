#include "core/hint.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string hint(Outcome outcome, PendingReason reason = PendingReason::none, const Consumer& consumer = {},
                 Gone gone = Gone::no) {
  return hint_for(consumer, {outcome, reason, Evidence::Source::none}, gone, seconds(30));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Hint, SaysWhatWouldMendIt) {
  EXPECT_TRUE(has(hint(Outcome::unanchored), "reset: earliest"));
  EXPECT_TRUE(has(hint(Outcome::absent), "30 s"));
  EXPECT_TRUE(has(hint(Outcome::skipped), "moved past the event"));
  EXPECT_TRUE(has(hint(Outcome::skipped, PendingReason::none, {}, Gone::recreated), "made again"));
  EXPECT_TRUE(has(hint(Outcome::skipped, PendingReason::none, {}, Gone::cut_off), "unclean leader election"));
  EXPECT_TRUE(has(hint(Outcome::pending, PendingReason::beyond_end), "reset the group's offsets"));
}

TEST(Hint, DependsOnWhoIsThere) {
  Consumer live, empty;
  live.members = 1;
  live.managed = empty.managed = true;
  EXPECT_TRUE(has(hint(Outcome::pending, PendingReason::not_started, live), "has members"));
  EXPECT_TRUE(has(hint(Outcome::pending, PendingReason::not_started, empty), "is it running"));
  EXPECT_TRUE(has(hint(Outcome::pending, PendingReason::lag, empty), "start the consumer"));
}

TEST(Hint, PositionsThatAreAskedForAreSeenLate) {
  Consumer live, empty;
  live.members = 1;
  live.managed = empty.managed = true;
  const auto polled = [](Outcome outcome, PendingReason reason, const Consumer& consumer, PositionsBy by) {
    return hint_for(consumer, {outcome, reason, Evidence::Source::poll, by}, Gone::no, seconds(30));
  };
  for (const PendingReason reason : {PendingReason::lag, PendingReason::not_started}) {
    EXPECT_TRUE(has(polled(Outcome::pending, reason, live, PositionsBy::asked_as_denied), "READ and DESCRIBE"));
    EXPECT_TRUE(has(polled(Outcome::pending, reason, live, PositionsBy::asked_as_configured), "set it to auto"));
    EXPECT_TRUE(has(polled(Outcome::pending, reason, live, PositionsBy::asked_as_blind), "restart the gateway"));
    EXPECT_FALSE(has(polled(Outcome::pending, reason, live, PositionsBy::tail), "seen late"));
    EXPECT_FALSE(has(polled(Outcome::pending, reason, empty, PositionsBy::asked_as_denied), "seen late"));
  }
  EXPECT_EQ(polled(Outcome::processed, PendingReason::none, live, PositionsBy::asked_as_denied), "");
  EXPECT_FALSE(has(polled(Outcome::pending, PendingReason::ack, live, PositionsBy::asked_as_denied), "seen late"))
      << "it says nothing by its commits";
}

TEST(Hint, IsEmptyWhenThereIsNothingToMend) {
  Consumer live;
  live.members = 1;
  EXPECT_EQ(hint(Outcome::processed, PendingReason::none, live), "");
  EXPECT_EQ(hint(Outcome::pending, PendingReason::lag, live), "");
  EXPECT_EQ(hint(Outcome::pending, PendingReason::append, live), "");
  EXPECT_EQ(hint(Outcome::pending, PendingReason::asking_end, live), "");
}

TEST(Hint, ATimerIsNamedEvenWhenTheEventWasProcessed) {
  Consumer consumer;
  Time now = Time{} + seconds(1000);
  for (int i = 0; i < 6; ++i) consumer.cadence.committed(now += seconds(5));
  for (const Outcome outcome : {Outcome::processed, Outcome::pending})
    EXPECT_TRUE(has(hint(outcome, PendingReason::none, consumer), "about every 5 s"));
  EXPECT_FALSE(has(hint(Outcome::unanchored, PendingReason::none, consumer), "about every"));
}

TEST(Hint, DurationsReadAsPeopleSayThem) {
  EXPECT_EQ(text_of(milliseconds(500)), "500 ms");
  EXPECT_EQ(text_of(milliseconds(949)), "949 ms");
  EXPECT_EQ(text_of(milliseconds(950)), "1 s");
  EXPECT_EQ(text_of(milliseconds(1490)), "1.5 s");
  EXPECT_EQ(text_of(seconds(5)), "5 s");
  EXPECT_EQ(text_of(milliseconds(9940)), "9.9 s");
  EXPECT_EQ(text_of(milliseconds(12'340)), "12 s");
  EXPECT_EQ(text_of(seconds(30)), "30 s");
  EXPECT_EQ(text_of(Duration::zero()), "0 ms");
}

}  // namespace
}  // namespace tidemark::core
