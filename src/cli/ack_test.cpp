#include "cli/ack.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(Ack, OffsetsAreOneOrARange) {
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(parse_offsets("41"), Pair(41, 41));
  EXPECT_EQ(parse_offsets("0-9223372036854775807"), Pair(0, 9223372036854775807));
  EXPECT_EQ(parse_offsets("7-7"), Pair(7, 7));
  for (const char* text : {"", "-", "1-", "-1", "2-1", "1-2-3", "x", "1x", "1.5", " 1", "+1", "--1", "1--2", "9223372036854775808"})
    EXPECT_FALSE(parse_offsets(text)) << text;
}

TEST(Ack, TheBodySaysWhatWasAsked) {
  AckOptions options;
  options.consumer = "vi\"ews";
  options.topic = "orders";
  options.partition = 3;
  options.offsets = "41";
  EXPECT_EQ(ack_body(options), R"({"consumer":"vi\"ews","topic":"orders","partition":3,"offset":41})");
  options.offsets = "40-43";
  options.failed = true;
  options.reason = "no stock";
  EXPECT_EQ(ack_body(options),
            R"({"consumer":"vi\"ews","topic":"orders","partition":3,"offsets":[40,43],"outcome":"failed","reason":"no stock"})");
}

TEST(Ack, TheReportFollowsTheStatus) {
  AckOptions options;
  options.consumer = "views";
  options.topic = "orders";
  options.offsets = "40-43";
  EXPECT_EQ(report_of_ack({204, ""}, options).code, ExitCode::done);
  EXPECT_EQ(report_of_ack({204, ""}, options).text, "views processed orders/0@40-43\n");
  options.failed = true;
  EXPECT_EQ(report_of_ack({204, ""}, options).text, "views failed orders/0@40-43\n");
  const Report problem = report_of_ack({400, R"({"title":"Beyond","detail":"the end is 3"})"}, options);
  EXPECT_EQ(problem.code, ExitCode::failed);
  EXPECT_EQ(problem.text, "HTTP 400: Beyond: the end is 3\n");
  EXPECT_EQ(report_of_ack({200, "{}"}, options).code, ExitCode::failed);
}

}  // namespace
}  // namespace tidemark::cli
