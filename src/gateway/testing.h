// A log that does what the test says, and replies that remember.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "http/api.h"
#include "log/log.h"

namespace tidemark::gateway {

class FakeLog final : public log::Log {
 public:
  void start(log::Observer& observer) override { observer_ = &observer; }
  Result<void> append(log::AppendId id, log::Record record) override {
    if (full) return Error{ErrorKind::limit, "the queue is full"};
    appended[id] = std::move(record);
    return {};
  }
  std::optional<core::Delivery> withdraw(log::AppendId id) override {
    if (appended.erase(id) == 0) return std::nullopt;
    core::Delivery delivery;
    delivery.fate = sent ? core::Delivery::Fate::unknown : core::Delivery::Fate::not_appended;
    delivery.reason = core::Delivery::Reason::timeout;
    delivery.partition = 0;
    delivery.offset = 7;
    return delivery;
  }
  void ask_ends(const log::EndsQuery& query) override { asked.push_back(query); }
  void ask_rows(const std::string& group, std::uint64_t number) override { rows_asked.emplace_back(group, number); }
  Result<void> look(const core::Look& look, core::Duration) override {
    if (full) return Error{ErrorKind::limit, "too many looks"};
    looks.push_back(look);
    return {};
  }
  void follow(log::Follow follow) override { followed.push_back(std::move(follow)); }
  log::Positions positions() const override { return come; }
  void inspect(core::Duration, std::function<void(log::ClusterFacts)> done) override { done(facts); }
  void refresh_topics(core::Duration bound, std::function<void()> done) override {
    refreshes.push_back(std::move(done));
    refresh_bounds.push_back(bound);
  }
  void stop(core::Duration, std::function<void()> done) override { done(); }

  void deliver_all(core::Offset offset) {
    deliver_all_to([&](log::AppendId id, const core::Delivery& delivery) { observer_->on_delivered(id, delivery); },
                   offset);
  }
  void deliver_all_to(const std::function<void(log::AppendId, const core::Delivery&)>& tell, core::Offset offset = 0) {
    for (const auto& [id, record] : std::exchange(appended, {})) {
      core::Delivery delivery;
      delivery.fate = core::Delivery::Fate::appended;
      delivery.partition = 0;
      delivery.offset = offset;
      tell(id, delivery);
    }
  }

  bool full = false;
  bool sent = true;
  std::map<log::AppendId, log::Record> appended;
  std::vector<log::EndsQuery> asked;
  std::vector<std::pair<std::string, std::uint64_t>> rows_asked;
  std::vector<core::Look> looks;
  std::vector<log::Follow> followed;
  log::ClusterFacts facts;
  log::Positions come;
  std::vector<std::function<void()>> refreshes;
  std::vector<core::Duration> refresh_bounds;
  log::Observer* observer_ = nullptr;
};

class FakeReplies final : public http::Replies {
 public:
  void answered(http::ExchangeId exchange, const core::Answer& answer) override {
    EXPECT_FALSE(answers.contains(exchange)) << "answered twice";
    answers[exchange] = answer;
    if (on_answer) on_answer();
  }
  void refused(http::ExchangeId exchange, const core::Refusal& refusal) override { refusals[exchange] = refusal; }
  void acked(http::ExchangeId exchange) override { EXPECT_TRUE(acks.insert(exchange).second) << "acked twice"; }
  void ack_failed(http::ExchangeId exchange, const core::Delivery& delivery) override { failed[exchange] = delivery; }
  std::set<http::ExchangeId> acks;
  std::map<http::ExchangeId, core::Delivery> failed;
  std::map<http::ExchangeId, core::Answer> answers;
  std::map<http::ExchangeId, core::Refusal> refusals;
  std::function<void()> on_answer;
};

}  // namespace tidemark::gateway
