#include "cli/explain.h"

#include <gtest/gtest.h>

#include <deque>
#include <sstream>

namespace tidemark::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

// Answers in order, each taking the time it says; time is only what they take.
class World {
 public:
  struct Said {
    std::string body;
    milliseconds after{0};
    int status = 200;
  };
  explicit World(std::deque<Said> script) : script_(std::move(script)) {}

  Result<Settled> run(std::chrono::nanoseconds timeout = seconds(5)) {
    SettleWorld world;
    world.call = [this](const std::string& method, const std::string& target, const SettleWorld::Headers&,
                        const std::string*, milliseconds) -> Result<HttpAnswer> {
      asked.push_back(method + " " + target);
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
    return explain({"/marks/m?for=views", timeout}, world, [this](const Explained& each) { shown.push_back(each); });
  }

  std::vector<std::string> asked;
  std::vector<Explained> shown;
  int pauses = 0;

 private:
  std::deque<Said> script_;
  std::chrono::steady_clock::time_point now_;
};

std::string state(bool settled, const std::string& enricher, const std::string& views, int ms = 0) {
  const std::string elapsed = R"(,"elapsed_ms":)" + std::to_string(ms);
  return R"({"topic":"orders","partition":0,"offset":4,"settled":)" + std::string(settled ? "true" : "false") +
         R"(,"consumers":[{"name":"enricher","outcome":")" + enricher + "\"" + elapsed + R"(},{"name":"views","outcome":")" +
         views + "\"" + elapsed + R"(,"via":[{"name":"enricher","topic":"x","elapsed_ms":)" +
         (enricher == "processed" ? std::to_string(ms) : "null") + "}]}]}";
}

TEST(Explain, TellsWhatChangesAndWhen) {
  World world({{state(false, "pending", "pending"), milliseconds(2)},
               {state(false, "pending", "pending"), milliseconds(200)},
               {state(false, "processed", "pending", 30), milliseconds(200)},
               {state(true, "processed", "processed", 50), milliseconds(50)}});
  const auto result = world.run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->report.code, ExitCode::done);
  EXPECT_EQ(world.asked, (Lines{"GET /marks/m?for=views", "GET /marks/m?for=views&wait=200ms",
                                "GET /marks/m?for=views&wait=200ms", "GET /marks/m?for=views&wait=200ms"}));
  ASSERT_EQ(world.shown.size(), 3U);
  EXPECT_EQ(world.shown[0].changes,
            (Lines{"enricher: pending", "enricher → x: end not known yet", "enricher → x → views: pending"}));
  EXPECT_EQ(world.shown[1].changes,
            (Lines{"enricher: processed after 232ms", "enricher → x: end known after 232ms"}));
  EXPECT_EQ(world.shown[2].changes, Lines{"enricher → x → views: processed after 452ms"});
  // Once processed, its time stays, whatever a later request says.
  EXPECT_EQ(world.shown[2].tree,
            (Lines{"orders/0@4", "└─ enricher: processed after 232ms", "   └─ x: end known after 232ms",
                   "      └─ views: processed after 452ms"}));
  EXPECT_EQ(world.shown[2].body, result->body);
}

TEST(Explain, WhatWasSoAtTheFirstLookHasNoTime) {
  World world({{state(true, "processed", "processed", 3), milliseconds(1)}});
  ASSERT_TRUE(world.run().ok());
  EXPECT_EQ(world.shown.at(0).changes.at(0), "enricher: processed");
}

TEST(Explain, IsBoundedByItsTime) {
  World world({{state(false, "pending", "pending"), milliseconds(1)},
               {state(false, "pending", "pending"), milliseconds(200)},
               {state(false, "pending", "pending"), milliseconds(99)}});
  const auto result = world.run(milliseconds(300));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->report.code, ExitCode::not_in_time);
  ASSERT_EQ(world.asked.size(), 3U);
  EXPECT_EQ(world.asked[2], "GET /marks/m?for=views&wait=99ms");
  World look({{state(false, "pending", "pending"), milliseconds(1)}});
  ASSERT_TRUE(look.run(milliseconds(0)).ok());
  EXPECT_EQ(look.asked.size(), 1U);
}

TEST(Explain, DoesNotAskAgainAtOnce) {
  World world({{state(false, "pending", "pending")}, {state(false, "pending", "pending")}, {state(true, "processed", "processed")}});
  ASSERT_TRUE(world.run().ok());
  EXPECT_EQ(world.pauses, 1);
}

TEST(Explain, EndsWithTheFirstProblem) {
  World world({{R"({"title":"gone"})", milliseconds(1), 410}});
  const auto result = world.run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->report.code, ExitCode::failed);
  EXPECT_TRUE(world.shown.empty());
  World nobody({});
  EXPECT_FALSE(nobody.run().ok());
}

TEST(Screen, DrawsOverWhatItDrew) {
  std::ostringstream out;
  Screen screen(out, 5, 24);
  screen.draw({"abcdefg", "└─ ünï"});
  EXPECT_EQ(out.str(), "abcde\n└─ ün\n");
  out.str("");
  screen.draw({"x"});
  EXPECT_EQ(out.str(), "\x1b[2F\x1b[Jx\n");
}

TEST(Screen, WhatDoesNotFitIsCounted) {
  std::ostringstream out;
  Screen screen(out, 80, 4);
  screen.draw({"a", "b", "c"});
  EXPECT_EQ(out.str(), "a\nb\nc\n");
  out.str("");
  screen.draw({"a", "b", "c", "d"});
  EXPECT_EQ(out.str(), "\x1b[3F\x1b[Ja\nb\n… and 2 more lines\n");
  out.str("");
  screen.draw({"a"});
  EXPECT_EQ(out.str(), "\x1b[3F\x1b[Ja\n");
}

}  // namespace
}  // namespace tidemark::cli
