// publish and wait as typed: client_commands.cpp.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/commands.h"
#include "cli/report.h"
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
  add_publish(app, ran.code);
  add_wait(app, ran.code);
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

const std::string kDone =
    R"({"topic":"orders","partition":0,"offset":4,"settled":true,"elapsed_ms":3,"consumers":[)"
    R"({"name":"enricher","outcome":"processed","elapsed_ms":1,"via":[]},)"
    R"({"name":"views","outcome":"processed","elapsed_ms":2,"via":[{"name":"enricher","topic":"x","elapsed_ms":1}]}]})";
const std::string kPending =
    R"({"topic":"orders","partition":0,"offset":4,"settled":false,"elapsed_ms":3,"consumers":[)"
    R"({"name":"enricher","outcome":"pending","reason":"lag","elapsed_ms":1,"via":[]}]})";

TEST(ClientCommands, PublishSendsItsScope) {
  ScriptedGateway gateway({{200, kDone}});
  const Ran ran = run({"publish", "orders", "v", "--scope", "watermark", "--for", "views", "--url", gateway.url()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.output.find("views: processed after 2.0 ms (via enricher → x)"), std::string::npos) << ran.output;
  EXPECT_EQ(gateway.requests().at(0).line, "POST /topics/orders?for=views&scope=watermark");
}

TEST(ClientCommands, WaitSendsItsScopeAndKeepsPlus) {
  ScriptedGateway gateway({{200, kDone}});
  EXPECT_EQ(run({"wait", "a+b", "--timeout", "2s", "--scope", "event", "--url", gateway.url()}).code, 0);
  EXPECT_EQ(gateway.requests().at(0).line, "GET /marks/a+b?scope=event&wait=2s");
}

TEST(ClientCommands, ExplainPrintsEachChangeOnce) {
  ScriptedGateway gateway({{200, kPending}, {200, kDone}});
  const Ran ran = run({"wait", "m", "--explain", "--timeout", "30s", "--url", gateway.url()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(ran.output.starts_with("enricher: pending (lag)\nenricher: processed after ")) << ran.output;
  EXPECT_NE(ran.output.find("\nenricher → x: end known after "), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("\nenricher → x → views: processed after "), std::string::npos) << ran.output;
  EXPECT_TRUE(ran.output.ends_with("\nprocessed after 3.0 ms\n")) << ran.output;
  EXPECT_EQ(gateway.requests().at(0).line, "GET /marks/m");
  EXPECT_EQ(gateway.requests().at(1).line, "GET /marks/m?wait=200ms");
}

TEST(ClientCommands, ExplainPrintsAnswersAsJson) {
  ScriptedGateway gateway({{200, kPending + "\n"}, {200, kDone + "\n"}});
  EXPECT_EQ(run({"wait", "m", "--explain", "--json", "--timeout", "30s", "--url", gateway.url()}).output,
            kPending + "\n" + kDone + "\n");
}

TEST(ClientCommands, ExplainEndsWithItsTimeAndWithProblems) {
  ScriptedGateway pending({{200, kPending}});
  EXPECT_EQ(run({"wait", "m", "--explain", "--timeout", "0", "--url", pending.url()}).code, 2);
  ScriptedGateway gone({{410, R"({"title":"It was made again"})"}});
  EXPECT_EQ(run({"wait", "m", "--explain", "--url", gone.url()}).code, 1);
  EXPECT_EQ(run({"wait", "m", "--explain", "--url", "http://127.0.0.1:1"}).code, 1);
}

TEST(ClientCommands, WrongUsageIs64) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"publish", "orders", "v", "--scope", "all"}, {"wait", "m", "--scope", ""}, {"wait", "m", "--explain", "--timeout", "5"}})
    EXPECT_EQ(run(line).code, 64) << line.back();
}

}  // namespace
}  // namespace tidemark::cli
