#include "http/inspections.h"

#include <gtest/gtest.h>

#include "http/testing.h"

namespace tidemark::http {
namespace {

// Only inspect() is asked for; its callbacks are kept.
class LateApi final : public Api {
 public:
  void publish(ExchangeId, PublishCall) override {}
  void resume(ExchangeId, MarkCall) override {}
  void barrier(ExchangeId, WaitsCall) override {}
  void ack(ExchangeId, AckCall) override {}
  void inspect(std::function<void(std::string)> done) override {
    if (at_once) done("{\"n\":0}");
    else looks.push_back(std::move(done));
  }
  void gone(ExchangeId) override {}
  std::vector<core::TopicView> topics() override { return {}; }
  std::vector<core::ConsumerView> consumers() override { return {}; }
  std::vector<core::EdgeView> topology() override { return {}; }
  Health health() override { return {}; }
  std::string metrics() override { return {}; }

  bool at_once = false;
  std::vector<std::function<void(std::string)>> looks;
};

class InspectionsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Inspections> make(std::chrono::milliseconds longest) {
    return std::make_unique<Inspections>(
        io_, api_, [this](ExchangeId exchange, Response&& response) { answers_.emplace_back(exchange, std::move(response)); },
        longest);
  }

  boost::asio::io_context io_;
  LateApi api_;
  std::vector<std::pair<ExchangeId, Response>> answers_;
};

TEST_F(InspectionsTest, OneLookServesAllWhoAskMeanwhile) {
  const auto inspections = make(std::chrono::minutes(1));
  inspections->ask(1);
  inspections->ask(2);
  ASSERT_EQ(api_.looks.size(), 1U);
  EXPECT_EQ(inspections->open(), 2U);
  api_.looks[0]("{}");
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[1].first, 2U);
  EXPECT_EQ(answers_[1].second.status, 200);
  EXPECT_EQ(answers_[1].second.content_type, "application/json");
  EXPECT_EQ(answers_[1].second.body, "{}\n");
  inspections->ask(3);
  EXPECT_EQ(api_.looks.size(), 2U) << "a look that is over serves nobody else";
  EXPECT_EQ(inspections->open(), 1U);
}

TEST_F(InspectionsTest, AnAnswerAtOnceIsTaken) {
  api_.at_once = true;
  const auto inspections = make(std::chrono::minutes(1));
  inspections->ask(1);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(inspections->open(), 0U);
}

TEST_F(InspectionsTest, ADrainWaitsForNoLook) {
  const auto inspections = make(std::chrono::minutes(1));
  inspections->ask(1);
  inspections->drain();
  inspections->ask(2);
  ASSERT_EQ(answers_.size(), 2U);
  for (const auto& [exchange, response] : answers_) EXPECT_EQ(response.status, 503);
  EXPECT_EQ(api_.looks.size(), 1U);
  api_.looks[0]("{}");
  EXPECT_EQ(answers_.size(), 2U);
}

TEST_F(InspectionsTest, WhoIsGoneIsNotAnswered) {
  const auto inspections = make(std::chrono::minutes(1));
  inspections->ask(1);
  inspections->gone(1);
  inspections->gone(7);
  EXPECT_EQ(inspections->open(), 0U);
  api_.looks[0]("{}");
  EXPECT_TRUE(answers_.empty());
}

TEST_F(InspectionsTest, ALookThatDoesNotEndIsGivenUp) {
  const auto inspections = make(std::chrono::milliseconds(1));
  inspections->ask(1);
  io_.run();  // ends when the timer has
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].second.status, 503);
  inspections->ask(2);
  ASSERT_EQ(api_.looks.size(), 2U);
  api_.looks[0]("{\"n\":1}");
  EXPECT_EQ(answers_.size(), 1U) << "the first look's answer is not the second's";
  api_.looks[1]("{\"n\":2}");
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[1].second.body, "{\"n\":2}\n");
}

TEST_F(InspectionsTest, AnAnswerAfterTheEndIsIgnored) {
  auto inspections = make(std::chrono::minutes(1));
  inspections->ask(1);
  inspections.reset();
  api_.looks[0]("{}");
  io_.run();
  EXPECT_TRUE(answers_.empty());
}

}  // namespace
}  // namespace tidemark::http
