// settle, ack and doctor as typed: settle_commands.cpp and target.cpp.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/target.h"
#include "cli/testing.h"

namespace tidemark::cli {
namespace {

using testing::ScriptedGateway;

struct Ran {
  int code = -1;  // 64 also where the line is wrong
  std::string output;
};

Ran run(std::vector<std::string> line) {
  CLI::App app;
  app.require_subcommand(1);
  Ran ran;
  add_settle(app, ran.code);
  add_ack(app, ran.code);
  add_doctor(app, ran.code);
  std::reverse(line.begin(), line.end());  // CLI11 takes a vector from its end
  ::testing::internal::CaptureStdout();
  try {
    app.parse(line);
  } catch (const CLI::ParseError& error) {
    ran.code = static_cast<int>(ExitCode::usage);
  }
  ran.output = ::testing::internal::GetCapturedStdout();
  return ran;
}

TEST(SettleCommands, SettleAsksForItsTopics) {
  ScriptedGateway gateway({{200, R"({"positions":[],"settled":true,"consumers":[]})"}});
  const Ran ran = run({"settle", "orders", "payments", "--timeout", "7s", "--for", "views,search", "--scope", "watermark", "--url", gateway.url()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(ran.output.starts_with("all is processed after ")) << ran.output;
  const auto& requests = gateway.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].line, "POST /waits");
  EXPECT_EQ(requests[0].body, R"({"topics":["orders","payments"],"for":["views","search"],"scope":"watermark"})");
  // Less than a second of the seven may have passed by the time it asks.
  EXPECT_TRUE(requests[0].prefer == "wait=6" || requests[0].prefer == "wait=7") << requests[0].prefer;
}

TEST(SettleCommands, SettleWithNobodyToWaitForIsZero) {
  ScriptedGateway gateway({{200, R"({"topics":[]})"}});
  const Ran ran = run({"settle", "--json", "--url", gateway.url()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.output, "{\"positions\":[],\"settled\":true,\"consumers\":[]}\n");
}

TEST(SettleCommands, AckSendsOneAck) {
  ScriptedGateway gateway({{204, ""}, {204, ""}, {404, R"({"title":"There is no such topic"})"}});
  EXPECT_EQ(run({"ack", "--consumer", "views", "orders", "2", "41", "--url", gateway.url()}).output, "views processed orders/2@41\n");
  const Ran failed = run({"ack", "--consumer", "views", "orders", "2", "40-43", "--failed", "", "--json", "--url", gateway.url()});
  EXPECT_EQ(failed.code, 0);
  EXPECT_EQ(failed.output, "{\"acked\":true}\n");
  EXPECT_EQ(run({"ack", "--consumer", "v", "none", "0", "1", "--url", gateway.url()}).code, 1);
  const auto& requests = gateway.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].line, "POST /acks");
  EXPECT_EQ(requests[0].body, R"({"consumer":"views","topic":"orders","partition":2,"offset":41})");
  EXPECT_EQ(requests[1].body,
            R"({"consumer":"views","topic":"orders","partition":2,"offsets":[40,43],"outcome":"failed","reason":""})");
}

TEST(SettleCommands, DoctorIsThreeWithFindings) {
  const std::string document =
      R"({"findings":[{"severity":"warning","subject":"cluster","code":"polling","problem":"p","fix":"f"}]})";
  ScriptedGateway gateway({{200, document}, {200, document}, {200, R"({"findings":[]})"}});
  const Ran found = run({"doctor", "--url", gateway.url()});
  EXPECT_EQ(found.code, 3);
  EXPECT_EQ(found.output, "warning: cluster: p [polling]\n  mend it: f\n");
  EXPECT_EQ(run({"doctor", "--json", "--url", gateway.url()}).output, document + "\n");
  EXPECT_EQ(run({"doctor", "--url", gateway.url()}).code, 0);
  EXPECT_EQ(gateway.requests()[0].line, "GET /doctor");
}

TEST(SettleCommands, WrongUsageIs64AndNobodyThereIsOne) {
  const std::vector<std::vector<std::string>> wrong = {
      {"ack"},
      {"ack", "orders", "0", "1"},
      {"ack", "--consumer", "v", "orders", "0"},
      {"ack", "--consumer", "v", "orders", "x", "1"},
      {"ack", "--consumer", "v", "orders", "-1", "1"},
      {"ack", "--consumer", "v", "orders", "0", "2-1"},
      {"ack", "--consumer", "v", "orders", "0", "1-"},
      {"ack", "--consumer", "v", "orders", "0", "1", "--failed"},
      {"settle", "--timeout", "5"},
      {"settle", "--timeuot", "5s"},
      {"doctor", "now"},
      {"settle", "orders", "--url", "nonsense"},
  };
  for (const auto& line : wrong) {
    std::string text;
    for (const std::string& word : line) text += word + " ";
    EXPECT_EQ(run(line).code, 64) << text;
  }
  EXPECT_EQ(run({"doctor", "--url", "http://127.0.0.1:1"}).code, 1);
  EXPECT_EQ(run({"settle", "t", "--url", "http://127.0.0.1:1"}).code, 1);
}

TEST(SettleCommands, TheClientIsMorePatientThanTheGateway) {
  EXPECT_EQ(patience("2s"), std::chrono::seconds(12));
  EXPECT_EQ(patience(""), std::chrono::seconds(70));
  EXPECT_EQ(with_parameter("/a", "b", "c d"), "/a?b=c%20d");
  EXPECT_EQ(with_parameter("/a?x=1", "b", "c"), "/a?x=1&b=c");
}

}  // namespace
}  // namespace tidemark::cli
