#include "cli/doctor.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(Doctor, ShowsEachGroupAndWhatMendsIt) {
  const Report report = report_of_doctor({200, R"({
    "cluster":{"coordinator_linger_ms":5,"polling":false,"blind_partitions":[3,9]},
    "groups":[{"name":"views","state":"active","client":"rdkafka","commits":{"interval_ms":5000,"by_timer":true},
               "anchored":true,"early":true,"acks":false},
              {"name":"quick","state":"active","client":"","commits":{"interval_ms":12.5,"by_timer":false},
               "anchored":true,"early":false,"acks":true},
              {"name":"new","state":"idle","client":"kgo","commits":{"interval_ms":null,"by_timer":false},
               "anchored":false,"early":false,"acks":false}],
    "topics":[{"name":"orders","replicas":3,"min_insync_replicas":1},{"name":"x","replicas":null,"min_insync_replicas":null}],
    "findings":[{"severity":"error","subject":"group views","code":"early-commits","problem":"it commits first",
                 "fix":"set enable.auto.offset.store=false"}]})"});
  EXPECT_EQ(report.code, ExitCode::without_success);
  EXPECT_EQ(report.text,
            "group views  active, rdkafka, commits about every 5s by a timer, before the work is done\n"
            "group quick  active, commits about every 13ms after its batches, sends acks\n"
            "group new  idle, kgo, how often it commits is not known yet, not anchored\n"
            "topic orders  replicas 3, min.insync.replicas 1\n"
            "topic x  replicas unknown, min.insync.replicas unknown\n"
            "cluster  coordinator linger 5 ms, commits are read as they are made, blind on partitions [3,9] of "
            "__consumer_offsets\n"
            "error: group views: it commits first [early-commits]\n"
            "  mend it: set enable.auto.offset.store=false\n");
  EXPECT_FALSE(report.to_stderr);
}

std::string with_topics(const std::string& topics, const std::string& members = "") {
  return report_of_doctor({200, R"({"groups":[{"name":"views","state":"active","client":"","anchored":true)" + members +
                                    R"(,"topics":[)" + topics + R"(]}],"findings":[]})"})
      .text;
}

TEST(Doctor, ShowsWhatAGroupCommitsAndHowFarThatIsFromTheEnd) {
  EXPECT_EQ(with_topics(R"({"topic":"orders","source":"observed","lag":2,"partitions":[
                {"partition":0,"committed":7,"end":9},{"partition":3,"committed":null,"end":4},
                {"partition":4,"committed":1,"end":null}]},
              {"topic":"clicks","source":"observed","lag":null,"partitions":[]})"),
            "group views  active\n"
            "  committed of orders: partition 0 at 7 of 9, partition 3 at none of 4, partition 4 at 1 of unknown, lag 2\n"
            "  committed of clicks: nothing yet\n"
            "nothing found\n");
  EXPECT_EQ(with_topics("", R"(,"may_be_early":true)"),
            "group views  active, perhaps before the work is done\nnothing found\n");
  EXPECT_EQ(with_topics("", R"(,"share":true)"), "group views  active, a share group\nnothing found\n");
}

TEST(Doctor, SumsUpWhatNobodyWouldRead) {
  std::string partitions;
  for (int p = 0; p < 300; ++p)
    partitions += std::string(p == 0 ? "" : ",") + R"({"partition":)" + std::to_string(p) + R"(,"committed":)" +
                  (p < 2 ? "null" : "5") + R"(,"end":6})";
  std::string topics;
  for (int t = 0; t < 10; ++t)
    topics += std::string(t == 0 ? "" : ",") + R"({"topic":"t)" + std::to_string(t) + R"(","lag":298,"partitions":[)" +
              partitions + "]}";
  const std::string text = with_topics(topics);
  EXPECT_NE(text.find("  committed of t7: 298 of 300 partitions, lag 298\n  and of 2 more topics: see --json\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("t8"), std::string::npos);
  // Members of the wrong kind, from another version, are left out.
  EXPECT_EQ(with_topics(R"(7,{"topic":"x","partitions":{}},{"topic":"y","partitions":[8]})"),
            "group views  active\n  committed of y: nothing yet\nnothing found\n");
}

TEST(Doctor, NothingFoundIsZero) {
  const Report report = report_of_doctor(
      {200, R"({"cluster":{"coordinator_linger_ms":-1,"polling":true,"blind_partitions":[]},"groups":[],"topics":[],"findings":[]})"});
  EXPECT_EQ(report.code, ExitCode::done);
  EXPECT_EQ(report.text, "cluster  coordinator linger adaptive, groups are asked for their commits\nnothing found\n");
}

TEST(Doctor, WhatIsNoSuchDocumentFails) {
  EXPECT_EQ(report_of_doctor({200, "{}"}).code, ExitCode::failed);
  EXPECT_EQ(report_of_doctor({200, "<html>"}).code, ExitCode::failed);
  const Report late = report_of_doctor({503, R"({"title":"Late"})"});
  EXPECT_EQ(late.code, ExitCode::failed);
  EXPECT_EQ(late.text, "HTTP 503: Late\n");
  EXPECT_TRUE(late.to_stderr);
  // Members of the wrong kind, from another version, are left out.
  EXPECT_EQ(report_of_doctor({200, R"({"cluster":[],"groups":{},"topics":[7],"findings":[8]})"}).code,
            ExitCode::without_success);
}

}  // namespace
}  // namespace tidemark::cli
