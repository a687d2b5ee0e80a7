#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_follow_fixture.h"

namespace tidemark::core {
namespace {

TEST_F(FollowTest, WhoJoinsLaterDoesNotExtendTheWait) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  reader("late", {"enriched"});
  gateway.commit("enricher", 0, 101);
  tell("enriched", {101, 100});
  gateway.commit("views", 0, 101, "enriched");
  EXPECT_EQ(gateway.answer(wait).consumers.size(), 2U);
}

TEST_F(FollowTest, ADeclaredWriterIsWaitedForThoughNobodySawIt) {
  reader("views", {"enriched"});
  const WaitId wait = gateway.append(0, 100);
  gateway.advance(2s);
  const Answer answer = gateway.answer(wait);
  EXPECT_EQ(of(answer, "enricher").expected_by, ExpectedBy::declared);
  EXPECT_EQ(of(answer, "enricher").reason, PendingReason::not_started);
}

TEST_F(FollowTest, ForNamesAConsumerBehindAnother) {
  reader("enricher", {"orders"});
  reader("audit", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  const std::vector<std::string> only{"views"};
  request.only = only;
  const WaitId wait = gateway.append(request, 0, 100);
  gateway.commit("enricher", 0, 101);
  tell("enriched", {101, 100});
  gateway.commit("views", 0, 101, "enriched");
  const Answer answer = gateway.answer(wait);
  EXPECT_TRUE(answer.all_processed());
  EXPECT_EQ(answer.consumers.size(), 2U);  // audit is not among them
  const std::vector<std::string> unknown{"nobody"};
  request.only = unknown;
  EXPECT_EQ(gateway.refused(request).code, Refusal::Code::unknown_consumer);
}

TEST_F(FollowTest, AMarkIsFollowedByAGatewayThatStartedLater) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const WaitId wait = gateway.append(request, 0, 100);
  const Answer answer = gateway.answer(wait);
  const Result<std::string> text = encode(answer.mark);
  ASSERT_TRUE(text.ok());
  const Result<Mark> mark = decode(text.value());
  ASSERT_TRUE(mark.ok());
  ASSERT_EQ(mark.value().derived.size(), 1U);
  EXPECT_EQ(mark.value(), answer.mark);

  // It declares nothing itself, and knows the consumers only as they are now.
  Gateway later({}, gateway.record);
  list(later);
  for (Partition p = 0; p < 2; ++p) {
    later.ends("orders", p, 101, 0);
    later.ends("enriched", p, p == 0 ? 101 : 103, 0);
  }
  later.seed("enricher", {{"orders", 0, 101, -1}, {"orders", 1, 100, -1}});
  later.seed("views", {{"enriched", 0, 101, -1}, {"enriched", 1, 102, -1}});
  later.engine().synced(later.now);
  later.asked();
  const WaitId resumed = later.resume(mark.value());
  EXPECT_FALSE(later.answered(resumed));
  EXPECT_EQ(tell(later, "enriched", {101, 103}), 2U);
  EXPECT_FALSE(later.answered(resumed));
  later.commit("views", 1, 103, "enriched");
  const Answer ended = later.answer(resumed);
  EXPECT_TRUE(ended.all_processed());
  EXPECT_EQ(of(ended, "views").evidence.anchor, 100);
  EXPECT_EQ(of(ended, "views").via.size(), 1U);
}

TEST_F(FollowTest, AResumedMarkIsFollowedAsFarAsCanBeKnownAtOnce) {
  reader("enricher", {"orders"});
  reader("views", {"enriched"});
  PublishRequest request = gateway.request();
  request.wait = false;
  const Mark mark = gateway.answer(gateway.append(request, 0, 100)).mark;
  gateway.commit("enricher", 0, 101);
  gateway.commit("views", 0, 101, "enriched");
  ResumeRequest resume = gateway.resumption(mark);
  resume.wait = false;
  gateway.asked();
  const WaitId wait = gateway.resume(resume);
  EXPECT_FALSE(gateway.answered(wait));  // the fence is being asked for
  tell("enriched", {101, 100});
  EXPECT_TRUE(gateway.answer(wait).all_processed());
}

}  // namespace
}  // namespace tidemark::core
