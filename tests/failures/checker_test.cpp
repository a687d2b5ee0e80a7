// Hand-made histories, each with one lie: the checker must find it, and nothing else. checker.cpp, schedule.cpp.
#include "checker.h"

#include <gtest/gtest.h>

#include <set>

#include "schedule.h"

namespace tidemark::test {
namespace {

// One event that relay and views read, and whose output leaf reads; all of it true.
class Checker : public ::testing::Test {
 protected:
  Checker() {
    history.topic = "orders";
    history.derived = "enriched";
    history.writer = "relay";
    history.consumers = {"relay", "views", "leaf"};
    history.reads = {{"relay", "orders"}, {"views", "orders"}, {"leaf", "enriched"}};
    history.deeds = {{true, "relay", "enriched", 1, 40, "id"},
                     {false, "relay", "orders", 0, 7, "id"},
                     {false, "views", "orders", 0, 7, "id"},
                     {false, "leaf", "enriched", 1, 40, "id"}};
    history.log = {{"orders", 0, 7, "id", "value"}, {"enriched", 1, 40, "id", "value"}};
    event.value = "value";
    event.publish = call(200, 1'000, 1'100);
    event.publish.said = said(200, "processed", 4);
  }
  static Call call(int status, std::int64_t sent, std::int64_t ended) {
    Call call;
    call.sent = sent;
    call.ended = ended;
    call.wait = 3'000;
    call.said.status = status;
    return call;
  }
  static Said said(int status, const std::string& outcome, std::size_t deeds) {
    Said said;
    said.status = status;
    said.appended = "true";
    said.id = "id";
    said.mark = "mark";
    said.partition = 0;
    said.offset = 7;
    said.settled = outcome != "pending";
    said.outcomes = {{"relay", outcome}, {"views", outcome}, {"leaf", outcome}};
    said.deeds = deeds;
    return said;
  }
  Call question(int status, const std::string& outcome, std::size_t deeds, std::int64_t sent = 10'000) const {
    Call asked = call(status, sent, sent + 50);
    asked.gateway = 1;
    asked.said = said(status, outcome, deeds);
    asked.said.id.clear();  // as a gateway answers
    return asked;
  }
  // The publish was cut by its deadline.
  void pending() {
    event.publish = call(202, 1'000, 4'000);
    event.publish.said = said(202, "pending", 1);
  }
  void unknown() {
    event.publish = call(504, 1'000, 4'000);
    event.publish.said = {};
    event.publish.said.status = 504;
    event.publish.said.appended = "unknown";
    event.publish.said.mark = "mark";
    event.publish.said.id = "id";
  }
  std::set<std::string> rules() {
    history.events = {event};
    judgement = judge(history);
    std::set<std::string> rules;
    for (const Violation& violation : judgement.violations) rules.insert(violation.rule);
    return rules;
  }
  using Rules = std::set<std::string>;

  History history;
  Event event;
  Judgement judgement;
};

TEST_F(Checker, LetsTheTruthPass) {
  EXPECT_EQ(rules(), Rules{});
  EXPECT_EQ(judgement.answers, 1U);
  EXPECT_EQ(judgement.counts["outcome processed"], 3U);
}

TEST_F(Checker, FindsProcessedBeforeItWasDone) {
  event.publish.said.deeds = 2;  // views and leaf came later
  EXPECT_EQ(rules(), Rules{"early"});
  EXPECT_EQ(judgement.violations.size(), 2U);
}

TEST_F(Checker, FindsProcessedThatWasNeverDone) {
  history.deeds[2].id = "another";
  EXPECT_EQ(rules(), Rules{"early"});
}

TEST_F(Checker, FindsProcessedInAnAnswerThatIsNoSuccess) {
  event.publish.said.status = 202;
  event.publish.said.deeds = 2;
  event.publish.said.outcomes["leaf"] = "skipped";
  EXPECT_EQ(rules(), (Rules{"early", "unsettled"}));
}

TEST_F(Checker, FindsAnOutputThatNobodyHasRead) {
  // The relay died after its first output, and wrote a second before it committed.
  history.deeds.insert(history.deeds.begin() + 1, {true, "relay", "enriched", 2, 9, "id"});
  event.publish.said.deeds = 5;
  EXPECT_EQ(rules(), Rules{"descendant"});
  history.deeds.push_back({false, "leaf", "enriched", 2, 9, "id"});  // after the answer
  EXPECT_EQ(rules(), Rules{"descendant"});
  event.publish.said.deeds = 6;
  EXPECT_EQ(rules(), Rules{});
}

TEST_F(Checker, CountsAnOutputOfASecondReading) {
  history.deeds.push_back({true, "relay", "enriched", 2, 9, "id"});
  event.publish.said.deeds = 5;
  history.intervals.push_back({Interval::What::kMoved, 0, "relay", 1'010, 1'050});
  EXPECT_EQ(rules(), Rules{});
  EXPECT_EQ(judgement.counts["excused: an output of a second reading, after a move"], 1U);
}

TEST_F(Checker, FindsSuccessWithoutAConsumer) {
  event.publish.said.outcomes.erase("leaf");
  EXPECT_EQ(rules(), Rules{"not-waited-for"});
}

TEST_F(Checker, FindsNoAnswer) {
  event.publish.said = {};
  event.publish.ended = 6'000;
  EXPECT_EQ(rules(), Rules{"unanswered"});
  history.intervals.push_back({Interval::What::kGatewayAway, 1, {}, 1'500, 9'000});
  EXPECT_EQ(rules(), Rules{"unanswered"}) << "the other gateway was away";
  history.intervals.push_back({Interval::What::kGatewayAway, 0, {}, 1'500, 9'000});
  EXPECT_EQ(rules(), Rules{});
}

TEST_F(Checker, FindsALateAnswer) {
  event.publish.ended = 6'100;  // its wait is 3,000
  EXPECT_EQ(rules(), Rules{"late"});
  history.intervals.push_back({Interval::What::kGatewayPaused, 0, {}, 3'000, 5'000});
  EXPECT_EQ(rules(), Rules{}) << "it was stopped for 2,000 of them";
  EXPECT_EQ(judgement.latest_ms, 100);
}

TEST_F(Checker, APublishThatWaitsForNobodyHasTheDefaultWaitForItsAppend) {
  event.publish.wait = 0;
  event.publish.ended = event.publish.sent + 3'900;
  EXPECT_EQ(rules(), Rules{});
  event.publish.ended = event.publish.sent + 4'100;
  EXPECT_EQ(rules(), Rules{"late"});
}

TEST_F(Checker, FindsASecondAnswer) {
  event.publish.unasked = 17;
  EXPECT_EQ(rules(), Rules{"twice"});
}

TEST_F(Checker, FindsAnAppendThatNobodyCanRead) {
  history.log.clear();
  EXPECT_EQ(rules(), Rules{"lost"});
}

TEST_F(Checker, FindsARefusedEventInTheLog) {
  pending();
  for (const int status : {400, 429, 502, 503}) {
    event.publish.said = {};
    event.publish.said.status = status;
    event.publish.said.appended = "false";
    EXPECT_EQ(rules(), Rules{"ghost"}) << status;
  }
  event.publish.sent_off = false;
  EXPECT_EQ(rules(), Rules{"ghost"});
}

TEST_F(Checker, FindsAnotherPlaceAndAnothersAnswer) {
  event.publish.said.offset = 8;
  EXPECT_EQ(rules(), Rules{"misplaced"});
  event.publish.said.offset = 7;
  history.log[0].id = "other";
  EXPECT_EQ(rules(), Rules{"misplaced"});
}

TEST_F(Checker, FindsTwoCopies) {
  history.log.push_back({"orders", 2, 3, "id", "value"});
  EXPECT_EQ(rules(), Rules{"doubled"});
}

TEST_F(Checker, WantsEachUnknownResolved) {
  unknown();
  EXPECT_EQ(rules(), Rules{"unsettled"}) << "nobody asked";
  event.questions = {question(200, "processed", 4)};
  EXPECT_EQ(rules(), Rules{});
  event.questions.back().said.offset = 8;
  EXPECT_EQ(rules(), Rules{"unresolved"});
  event.questions = {call(504, 10'000, 13'000)};
  event.questions.back().said.appended = "unknown";
  EXPECT_EQ(rules(), Rules{"unresolved"}) << "it is in the log, and was not found";
  history.log.clear();
  EXPECT_EQ(rules(), Rules{}) << "what is not there stays unknown";
  event.questions = {question(200, "processed", 4)};
  EXPECT_EQ(rules(), Rules{"unresolved"}) << "found, and not there";
  event.publish.said.mark.clear();
  EXPECT_EQ(rules(), Rules{"unresolved"});
}

TEST_F(Checker, WantsEachMarkToTell) {
  pending();
  EXPECT_EQ(rules(), Rules{"unsettled"}) << "nobody asked";
  event.questions = {question(202, "pending", 2)};
  EXPECT_EQ(rules(), Rules{"unsettled"});
  event.questions.push_back(question(503, "", 2, 20'000));
  event.questions.back().said.outcomes.clear();
  EXPECT_EQ(rules(), Rules{"unsettled"}) << "a gateway that is not ready has said nothing";
  event.questions.push_back(question(200, "processed", 4, 30'000));
  EXPECT_EQ(rules(), Rules{});
  event.questions = {question(202, "skipped", 4)};
  EXPECT_EQ(rules(), Rules{});
  event.questions = {question(410, "", 4)};
  event.questions.back().said.outcomes.clear();
  EXPECT_EQ(rules(), Rules{"weaker"});
}

TEST_F(Checker, FindsAWeakerAnswerLater) {
  pending();
  event.publish.said.outcomes = {{"relay", "processed"}, {"views", "pending"}, {"leaf", "pending"}};
  event.publish.said.deeds = 2;
  event.questions = {question(202, "unanchored", 4)};
  EXPECT_EQ(rules(), Rules{"weaker"});
  EXPECT_EQ(judgement.violations.size(), 1U) << "pending may become anything";
  history.intervals.push_back({Interval::What::kMoved, 0, "relay", 5'000, 6'000});
  EXPECT_EQ(rules(), Rules{});
}

// What one gateway has read, another may not have when the broker fails; in the end it must.
TEST_F(Checker, CountsAMarkThatIsPendingAgainWhileKafkaIsAway) {
  pending();
  event.publish.said.outcomes["relay"] = "processed";
  event.publish.said.deeds = 2;
  event.questions = {question(202, "pending", 2), question(200, "processed", 4, 20'000)};
  EXPECT_EQ(rules(), Rules{"weaker"});
  history.intervals.push_back({Interval::What::kKafkaAway, 0, {}, 9'000, 11'000});
  EXPECT_EQ(rules(), Rules{"weaker"}) << "the gateway that was asked had its broker";
  history.intervals.back().gateway = kAllGateways;
  EXPECT_EQ(rules(), Rules{});
  EXPECT_EQ(judgement.counts["excused: pending again while Kafka was away"], 1U);
  event.questions[0].said.outcomes["relay"] = "skipped";
  EXPECT_EQ(rules(), Rules{"weaker"}) << "which is no pending";
  event.questions = {question(202, "pending", 2)};
  EXPECT_EQ(rules(), Rules{"unsettled"}) << "nothing better came afterwards";
}

TEST_F(Checker, FindsALieAboutAMark) {
  pending();
  event.questions = {question(200, "processed", 3)};
  EXPECT_EQ(rules(), Rules{"early"});
}

// The documented limit: a gateway that came up after the move cannot know of it.
TEST_F(Checker, CountsAResetThatNoGatewaySaw) {
  pending();
  event.questions = {question(200, "processed", 3)};
  history.intervals.push_back({Interval::What::kMoved, 0, "leaf", 5'000, 6'000});
  EXPECT_EQ(rules(), Rules{"early"}) << "it ran all the time";
  history.intervals.push_back({Interval::What::kGatewayAway, 1, {}, 7'000, 8'000});
  EXPECT_EQ(rules(), Rules{});
  event.questions.clear();
  event.publish.said = said(200, "processed", 3);
  EXPECT_EQ(rules(), Rules{"early"}) << "a publish is not excused";
}

TEST(Schedule, DealsEachFaultOnceBeforeAnyAgainAndReplays) {
  const std::vector<Cycle> schedule = make_schedule(7, 2 * all_faults().size(), all_faults());
  for (const std::size_t round : {std::size_t{0}, all_faults().size()}) {
    std::set<Fault> dealt;
    for (std::size_t i = 0; i < all_faults().size(); ++i) dealt.insert(schedule[round + i].fault);
    EXPECT_EQ(dealt.size(), all_faults().size());
  }
  const std::vector<Cycle> again = make_schedule(7, 2 * all_faults().size(), all_faults());
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    EXPECT_EQ(schedule[i].fault, again[i].fault);
    EXPECT_EQ(schedule[i].victim, again[i].victim);
    EXPECT_EQ(schedule[i].lasts, again[i].lasts);
  }
}

}  // namespace
}  // namespace tidemark::test
