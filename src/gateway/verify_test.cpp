#include "gateway/verify.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/verify_fixture.h"

namespace tidemark::gateway {
namespace {

TEST(Verify, FindsTheEventTheCommitAndTheAnchor) {
  Log log;
  log.put("orders", 2, 10, {"", "v", kId});
  log.put("__consumer_offsets", 7, 90, commit("views", "orders", 2, 10));
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 11));
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::right);
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::right);
  EXPECT_NE(verify(answer(kByCommit), log.cluster())->at(1).detail.find("at the anchor 10"), std::string::npos);
}

TEST(Verify, SaysWhatIsNotSo) {
  Log log;
  log.put("orders", 2, 10, {"", "v", "another"});
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 1, 11));
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::wrong) << "another event";
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::wrong) << "of another partition";
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 12));
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::wrong) << "another offset";
  const std::string below = R"({"name":"views","outcome":"processed","evidence":{"source":"commit","committed":10,)"
                            R"("anchor":10,"commits_partition":7,"commits_offset":100}})";
  EXPECT_EQ(verdict(log, answer(below)), Verdict::wrong) << "committed is not above the event";
}

TEST(Verify, WhatTimeHasTakenCannotBeChecked) {
  Log log;
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::unknown);
  log.deny("__consumer_offsets");
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"views","outcome":"pending","evidence":{"source":"none"}})")),
            Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"views","outcome":"processed","evidence":{"source":"seed"}})")),
            Verdict::unknown);
}

std::string behind(const std::string& evidence, const std::string& outcome = "processed") {
  return answer(R"({"name":"views","outcome":")" + outcome + R"(","via":[{"name":"enricher","topic":"x","elapsed_ms":2}],)" +
                R"("evidence":{)" + evidence + "}}");
}
std::string fenced(int committed) {
  return behind(R"("source":"commit","topic":"x","partition":1,"fence":20,"committed":)" + std::to_string(committed) +
                R"(,"anchor":15,"commits_partition":7,"commits_offset":100)");
}

TEST(Verify, AConsumerBehindOthersIsHeldToItsFence) {
  Log log;
  log.put("__consumer_offsets", 7, 90, commit("views", "x", 1, 15));
  log.put("__consumer_offsets", 7, 100, commit("views", "x", 1, 20));
  EXPECT_EQ(verdict(log, fenced(20)), Verdict::right);
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 20));
  EXPECT_EQ(verdict(log, fenced(20)), Verdict::wrong) << "a commit of what was published, not of the derived topic";
}

TEST(Verify, ACommitBelowTheFenceIsEnoughWhereNothingLiesBetween) {
  Log log;
  log.put("__consumer_offsets", 7, 100, commit("views", "x", 1, 18));
  log.put("x", 1, 17, {"", "v", ""});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::right) << "markers only";
  log.put("x", 1, 18, {"", "v", "", true});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::unknown) << "aborted, perhaps";
  log.put("x", 1, 19, {"", "v", ""});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::wrong);
  log.deny("x");
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::unknown);
}

TEST(Verify, WhatIsNotCheckedBehindOthersIsSaid) {
  Log log;
  EXPECT_EQ(verdict(log, behind(R"("source":"commit","committed":20)")), Verdict::unknown) << "no fence";
  EXPECT_EQ(verdict(log, behind(R"("source":"ack","topic":"x","partition":1,"fence":20)")), Verdict::unknown);
  EXPECT_EQ(verdict(log, behind(R"("source":"commit","topic":"x","partition":1,"fence":20)", "failed")), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"v","outcome":"failed","evidence":{"source":"commit","committed":11}})")),
            Verdict::unknown);
}

TEST(Verify, RefusesWhatIsNoAnswer) {
  Log log;
  for (const std::string text : {"", "[]", "{}", R"({"consumers":[]})", R"({"consumers":[],"topic":"orders"})",
                                 R"({"consumers":[],"topic":"orders","partition":99999999999,"offset":1})",
                                 R"({"consumers":[],"positions":[7]})", R"({"consumers":[],"positions":[{"partition":1}]})"}) {
    const auto findings = verify(text, log.cluster());
    ASSERT_FALSE(findings.ok()) << text;
    EXPECT_EQ(findings.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace tidemark::gateway
