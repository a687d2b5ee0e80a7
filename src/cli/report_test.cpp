#include "cli/report.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

std::string answer_with(const std::string& settled, const std::string& outcome) {
  return R"({"id":"i","mark":"m","topic":"t","partition":2,"offset":41,"settled":)" + settled +
         R"(,"elapsed_ms":3.44,"consumers":[{"name":"views","outcome":")" + outcome +
         R"(","reason":"lag","elapsed_ms":3.2,"hint":"do this"}]})";
}

TEST(Report, ProcessedIsZero) {
  const Report report = report_of_wait({200, answer_with("true", "processed")});
  EXPECT_EQ(report.code, ExitCode::done);
  EXPECT_NE(report.text.find("processed after 3.4 ms"), std::string::npos) << report.text;
  EXPECT_NE(report.text.find("event i at t/2@41"), std::string::npos);
  EXPECT_NE(report.text.find("mark m"), std::string::npos);
  EXPECT_FALSE(report.to_stderr);
}

TEST(Report, PendingIsTwoAndFailedIsThree) {
  const Report pending = report_of_wait({202, answer_with("false", "pending")});
  EXPECT_EQ(pending.code, ExitCode::not_in_time);
  EXPECT_NE(pending.text.find("views: pending (lag); do this"), std::string::npos) << pending.text;
  EXPECT_EQ(report_of_wait({202, answer_with("true", "skipped")}).code, ExitCode::without_success);
  EXPECT_EQ(report_of_wait({202, R"({"settled":true,"consumers":[]})"}).code, ExitCode::without_success);
}

TEST(Report, ShowsThePathAndWhatWasNotFollowed) {
  const std::string body =
      R"({"settled":true,"consumers":[{"name":"views","outcome":"processed","elapsed_ms":3.04,)"
      R"("via":[{"name":"enricher","topic":"orders-enriched","elapsed_ms":2}]},)"
      R"({"name":"slow","outcome":"pending","reason":"upstream","via":[{"name":"e","topic":"t","elapsed_ms":null}]}],)"
      R"("deferred":[{"name":"enricher","topic":"audit","reason":"later"}]})";
  const std::string deferred = "  not waited for: enricher → audit (declared to be written later)\n";
  const Report report = report_of_wait({202, body});
  EXPECT_NE(report.text.find("  views: processed after 3.0 ms (via enricher → orders-enriched)\n"
                             "  slow: pending (upstream) (via e → t)\n" +
                             deferred),
            std::string::npos)
      << report.text;
  EXPECT_NE(report_of_settle({202, body}, std::chrono::seconds(1)).text.find(deferred), std::string::npos);
}

TEST(Report, ALookAtAMarkIsJudgedByItsOutcomes) {
  // GET /marks without a wait answers 200 whatever the state.
  EXPECT_EQ(report_of_wait({200, answer_with("false", "pending")}).code, ExitCode::not_in_time);
  EXPECT_EQ(report_of_wait({200, answer_with("true", "absent")}).code, ExitCode::without_success);
}

TEST(Report, ProblemsAreOneAndShown) {
  const Report report = report_of_wait({404, R"({"title":"Unknown topic","detail":"no topic 'x'"})"});
  EXPECT_EQ(report.code, ExitCode::failed);
  EXPECT_TRUE(report.to_stderr);
  EXPECT_EQ(report.text, "HTTP 404: Unknown topic: no topic 'x'\n");
  EXPECT_EQ(report_of_wait({502, "<html>"}).text, "HTTP 502\n");
  EXPECT_EQ(report_of_wait({200, "[]"}).code, ExitCode::failed);
  EXPECT_NE(report_of_wait({504, R"({"title":"Unknown","mark":"m"})"}).text.find("mark m"), std::string::npos);
}

TEST(Report, ShowsConsumers) {
  const Report report = report_of_consumers(
      {200, R"({"consumers":[{"name":"views","state":"active","members":2,"client":"rdkafka","topics":[{"topic":"t","source":"observed","lag":3}],"hint":"h"}]})"});
  EXPECT_EQ(report.code, ExitCode::done);
  EXPECT_EQ(report.text, "views  active, 2 members, rdkafka\n  t (observed), lag 3\n  h\n");
  EXPECT_EQ(report_of_consumers({200, R"({"consumers":[]})"}).text, "no consumer is known\n");
  EXPECT_EQ(report_of_consumers({503, R"({"title":"Not ready"})"}).code, ExitCode::failed);
}

}  // namespace
}  // namespace tidemark::cli
