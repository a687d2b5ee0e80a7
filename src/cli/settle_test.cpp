#include "cli/settle.h"

#include <gtest/gtest.h>

#include <deque>

namespace tidemark::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers in order, each taking the time it says; time is only what they take.
class World {
 public:
  struct Said {
    int status = 200;
    std::string body;
    milliseconds after{0};
  };
  struct Asked {
    std::string line;
    std::string prefer;
    std::string body;
  };

  explicit World(std::deque<Said> script) : script_(std::move(script)) {}

  Result<Settled> run(const SettleOptions& options) {
    SettleWorld world;
    world.call = [this](const std::string& method, const std::string& target, const SettleWorld::Headers& headers,
                        const std::string* body, milliseconds) -> Result<HttpAnswer> {
      Asked one{method + " " + target, "", body == nullptr ? "" : *body};
      for (const auto& [name, value] : headers)
        if (name == "Prefer") one.prefer = value;
      asked.push_back(one);
      if (script_.empty()) return Error{ErrorKind::unavailable, "nobody there"};
      const Said said = script_.front();
      script_.pop_front();
      now_ += said.after;
      return HttpAnswer{said.status, said.body};
    };
    world.now = [this] { return now_; };
    world.pause = [this](milliseconds time) {
      ++pauses;
      now_ += time;
    };
    return settle(options, world);
  }

  std::vector<Asked> asked;
  int pauses = 0;

 private:
  std::deque<Said> script_;
  std::chrono::steady_clock::time_point now_;
};

std::string answer_of(const char* settled, const char* outcome) {
  return std::string(R"({"positions":[],"settled":)") + settled + R"(,"consumers":[{"name":"views","outcome":")" + outcome +
         R"(","reason":"lag","hint":"start it"},{"name":"search","outcome":"processed"}]})";
}

SettleOptions of_orders(std::chrono::nanoseconds timeout = seconds(30)) {
  SettleOptions options;
  options.topics = {"orders", "a\"b"};
  options.timeout = timeout;
  return options;
}

TEST(Settle, OneCallWhereOneIsEnough) {
  World world({{200, answer_of("true", "processed"), milliseconds(12)}});
  SettleOptions options = of_orders();
  options.only = {"views"};
  const Result<Settled> settled = world.run(options);
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::done);
  EXPECT_EQ(settled->report.text, "all is processed after 12ms\n");
  ASSERT_EQ(world.asked.size(), 1U);
  EXPECT_EQ(world.asked[0].line, "POST /waits");
  EXPECT_EQ(world.asked[0].prefer, "wait=30");
  EXPECT_EQ(world.asked[0].body, R"({"topics":["orders","a\"b"],"for":["views"]})");
  EXPECT_EQ(settled->body, answer_of("true", "processed"));
}

TEST(Settle, AsksAgainWhileTimeIsLeft) {
  // This gateway holds a request for at most ten seconds.
  World world({{202, answer_of("false", "pending"), seconds(10)},
               {202, answer_of("false", "pending"), seconds(10)},
               {200, answer_of("true", "processed"), milliseconds(500)}});
  const Result<Settled> settled = world.run(of_orders(milliseconds(20'700)));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::done);
  ASSERT_EQ(world.asked.size(), 3U);
  EXPECT_EQ(world.asked[0].prefer, "wait=20");
  EXPECT_EQ(world.asked[1].prefer, "wait=10");
  EXPECT_EQ(world.asked[2].line, "POST /waits?wait=700ms");
  EXPECT_EQ(world.asked[2].prefer, "");
  EXPECT_EQ(world.pauses, 0);
}

TEST(Settle, NotInTimeIsTwoAndSaysWho) {
  World world({{202, answer_of("false", "pending"), seconds(2)}});
  const Result<Settled> settled = world.run(of_orders(seconds(2)));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::not_in_time);
  EXPECT_EQ(settled->report.text, "not settled after 2s\n  views: pending (lag); start it\n");
  EXPECT_EQ(world.asked.size(), 1U);
}

TEST(Settle, AGatewayThatAnswersAtOnceIsNotHammered) {
  std::deque<World::Said> script;
  for (int i = 0; i < 20; ++i) script.push_back({202, answer_of("false", "pending"), milliseconds(0)});
  World world(script);
  const Result<Settled> settled = world.run(of_orders(seconds(1)));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::not_in_time);
  EXPECT_EQ(world.asked.size(), 11U);
  EXPECT_EQ(world.pauses, 10);
}

TEST(Settle, WithoutTimeItLooksOnce) {
  World world({{202, answer_of("false", "pending"), milliseconds(1)}});
  const Result<Settled> settled = world.run(of_orders(seconds(0)));
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::not_in_time);
  ASSERT_EQ(world.asked.size(), 1U);
  EXPECT_EQ(world.asked[0].line, "POST /waits?wait=0");
}

TEST(Settle, SettledWithoutSuccessEndsAtOnce) {
  World world({{202, answer_of("true", "failed"), milliseconds(3)}});
  const Result<Settled> settled = world.run(of_orders());
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::without_success);
  EXPECT_EQ(settled->report.text, "settled without success after 3ms\n  views: failed (lag); start it\n");
  World nobody({{202, R"({"positions":[],"settled":true,"no_consumers_known":true,"consumers":[]})", milliseconds(3)}});
  EXPECT_EQ(nobody.run(of_orders())->report.code, ExitCode::without_success);
}

TEST(Settle, WithoutTopicsItTakesThoseWithConsumers) {
  World world({{200, R"({"topics":[{"name":"orders","partitions":1,"wait_for":[{"name":"views"}]},
                                   {"name":"idle","partitions":1,"wait_for":[]},
                                   {"name":"__consumer_offsets","partitions":50,"wait_for":[{"name":"odd"}]},
                                   {"name":7},8]})",
                milliseconds(1)},
               {200, answer_of("true", "processed"), milliseconds(1)}});
  SettleOptions options = of_orders();
  options.topics.clear();
  ASSERT_TRUE(world.run(options).ok());
  ASSERT_EQ(world.asked.size(), 2U);
  EXPECT_EQ(world.asked[0].line, "GET /topics");
  EXPECT_EQ(world.asked[1].body, R"({"topics":["orders"]})");
}

TEST(Settle, NobodyToWaitForIsSaidAndIsZero) {
  World world({{200, R"({"topics":[{"name":"idle","partitions":1,"wait_for":[]}]})", milliseconds(1)}});
  SettleOptions options;
  const Result<Settled> settled = world.run(options);
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::done);
  EXPECT_NE(settled->report.text.find("nothing to settle"), std::string::npos);
  EXPECT_EQ(world.asked.size(), 1U);
}

TEST(Settle, WhatGoesWrongIsOne) {
  World unknown({{404, R"({"title":"There is no such topic","detail":"no topic 'x'"})", milliseconds(1)}});
  const Result<Settled> settled = unknown.run(of_orders());
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->report.code, ExitCode::failed);
  EXPECT_EQ(settled->report.text, "HTTP 404: There is no such topic: no topic 'x'\n");
  World nobody({});
  EXPECT_FALSE(nobody.run(of_orders()).ok());
  World late({{202, answer_of("false", "pending"), seconds(10)}});
  EXPECT_FALSE(late.run(of_orders()).ok()) << "a gateway that went away is no time-out";
  SettleOptions all;
  World starting({{503, R"({"title":"The gateway is not ready"})", milliseconds(1)}});
  EXPECT_EQ(starting.run(all)->report.code, ExitCode::failed);
  World strange({{200, "[]", milliseconds(1)}});
  EXPECT_FALSE(strange.run(all).ok());
}

}  // namespace
}  // namespace tidemark::cli
