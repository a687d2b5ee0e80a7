// A gateway's day in a test's few lines: an engine, a log that says what the
// test says, and a count of every answer.
//
// Whatever a test does, at its end the engine is drained and each wait it
// admitted must have been answered exactly once, or cancelled (P4), with no wait
// and no obligation left behind (P7).
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/engine.h"

namespace tidemark::core {

// One gateway. Commits have rising records in partition 0 of the commit log,
// whose next offset may be shared with another gateway.
class Gateway {
 public:
  static constexpr Offset kEnd = 1000;  // known end of the partitions of "orders"

  explicit Gateway(EngineConfig config = {}, Offset first_record = 0)
      : engine_(std::move(config)), record(first_record) {}
  ~Gateway() {
    engine_.drain(now);
    advance({});
    EXPECT_EQ(engine_.stats().open_waits, 0U);
    EXPECT_EQ(engine_.stats().open_obligations, 0U);
    for (const auto& [wait, admitted] : admitted_) {
      const auto count = std::as_const(answers_).find(wait);
      EXPECT_EQ(count == answers_.end() ? 0U : count->second.size(), admitted ? 1U : 0U) << "wait " << wait;
    }
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // "orders" with three partitions whose ends are known, and everything learned.
  void start() {
    learn();
    engine_.synced(now);
  }
  // The same, and the start-up's answers are still coming.
  void learn() {
    list({orders()});
    for (Partition p = 0; p < 3; ++p) ends("orders", p, kEnd, 0);
  }
  static Uuid topic_id(std::uint8_t number) {
    Uuid id;
    id.bytes[15] = number;
    return id;
  }
  static TopicState orders() { return {"orders", topic_id(1), 3}; }
  void list(const std::vector<TopicState>& topics) {
    engine_.topics(topics, now, effects);
    take();
  }

  // What the log of commits says.
  void members(const std::string& group, int count, const std::vector<std::string>& topics = {"orders"}) {
    // The ends of what is read for the first time are asked for: not what most tests are about.
    const auto before = effects.asks;
    introduce(group, count, topics);
    effects.asks = before;
  }
  // The same, with the questions that it leads to.
  void introduce(const std::string& group, int count = 1, const std::vector<std::string>& topics = {"orders"}) {
    GroupState state;
    state.group = group;
    state.managed = true;
    state.members = count;
    state.topics_known = true;
    state.topics = topics;
    state.client = "client-1";
    state.at = {0, record++};
    engine_.group(state, now, effects);
    take();
  }
  // "views" has one member, of this client.
  void client(const std::string& name, const std::string& member) {
    const std::vector<std::string> topics{"orders"};
    GroupState state;
    state.group = "views";
    state.managed = true;
    state.members = 1;
    state.topics_known = true;
    state.topics = topics;
    state.client = name;
    state.member = member;
    state.at = {0, record++};
    engine_.group(state, now, effects);
  }
  // The next commit of "views" in partition 0 of orders, and what it says is done above.
  Commit with_done(Offset offset, std::span<const Range> done) {
    Commit c;
    c.group = "views";
    c.topic = "orders";
    c.offset = offset;
    c.done_above = done;
    c.at = {0, record++};
    c.settled_at = c.at.offset;
    return c;
  }
  LogPoint commit(const std::string& group, Partition partition, Offset offset, const std::string& topic = "orders") {
    Commit c;
    c.group = group;
    c.topic = topic;
    c.partition = partition;
    c.offset = offset;
    c.at = {0, record++};
    c.settled_at = c.at.offset;
    return commit(c);
  }
  LogPoint commit(const Commit& c) {
    engine_.commit(c, now, effects);
    take();
    return c.at;
  }
  // Everything up to the present record.
  TailPositions tail() const { return std::make_shared<const std::vector<Offset>>(1, record); }
  void seed(const std::string& group, const std::vector<SeedRow>& rows, TailPositions as_of = nullptr) {
    engine_.seed({group, as_of ? as_of : tail(), rows}, now, effects);
    take();
  }
  void ends(const std::string& topic, Partition partition, Offset high_watermark, std::uint64_t asked,
            Offset log_start = kNoOffset) {
    Ends e;
    e.topic = topic;
    e.partition = partition;
    e.high_watermark = high_watermark;
    e.log_start = log_start;
    e.asked = asked;
    engine_.ends(e, now, effects);
    take();
  }

  // What share group "workers" says of partition 0.
  ShareProgress share_state(std::int32_t epoch, Offset start, std::span<const Range> archived = {}) {
    ShareProgress p;
    p.group = "workers";
    p.topic = "orders";
    p.partition = 0;
    p.state_epoch = epoch;
    p.start = start;
    p.archived = archived;
    p.at = {0, record++};
    return p;
  }
  void share(const ShareProgress& progress) {
    engine_.share(progress, now, effects);
    take();
  }
  void rows(const std::string& group, std::uint64_t number, const std::vector<SeedRow>& rows) {
    engine_.rows({group, number, rows}, now, effects);
    take();
  }

  // Requests.
  PublishRequest request() const {
    PublishRequest r;
    r.topic = "orders";
    r.id = topic_id(77);
    r.began = now;
    r.deadline = now + std::chrono::seconds(2);
    return r;
  }
  WaitId publish() { return publish(request()); }
  WaitId publish(const PublishRequest& r) { return admit(engine_.publish(r, now, effects)); }
  Refusal refused(const PublishRequest& r) {
    const auto result = engine_.publish(r, now, effects);
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal{};
  }
  ResumeRequest resumption(const Mark& mark) const {
    ResumeRequest r;
    r.mark = mark;
    r.began = now;
    r.deadline = now + std::chrono::seconds(2);
    return r;
  }
  WaitId resume(const Mark& mark) { return resume(resumption(mark)); }
  WaitId resume(const ResumeRequest& r) {
    const WaitId wait = admit(engine_.resume(r, now, effects));
    return wait;
  }
  Refusal refused(const ResumeRequest& r) {
    const auto result = engine_.resume(r, now, effects);
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal{};
  }
  void sight(const Sight& sight) {
    engine_.sight(sight, now, effects);
    take();
  }
  BarrierRequest barrier() const {
    BarrierRequest r;
    r.began = now;
    r.deadline = now + std::chrono::seconds(2);
    return r;
  }
  WaitId barrier(const BarrierRequest& r) { return admit(engine_.barrier(r, now, effects)); }
  Refusal refused(const BarrierRequest& r) {
    const auto result = engine_.barrier(r, now, effects);
    EXPECT_TRUE(std::holds_alternative<Refusal>(result));
    return std::holds_alternative<Refusal>(result) ? std::get<Refusal>(result) : Refusal{};
  }
  void ack(const std::string& consumer, Partition partition, Range offsets, bool failed = false,
           const std::string& reason = "") {
    Ack a;
    a.consumer = consumer;
    a.topic = "orders";
    a.partition = partition;
    a.offsets = offsets;
    a.failed = failed;
    a.reason = reason;
    engine_.ack(a, now, effects);
    take();
  }
  // How the mark stands now, where nothing can be learned of what is below an end.
  Answer look(const Mark& mark) {
    ResumeRequest r = resumption(mark);
    r.wait = false;
    const WaitId wait = resume(r);
    see_nothing();
    return answer(wait);
  }
  // The questions what is below an end fail.
  void see_nothing() {
    for (const Look& asked : std::vector<Look>(effects.looks)) {
      Sight failed;
      failed.number = asked.number;
      if (!asked.id) sight(failed);
    }
  }
  void cancel(WaitId wait) {
    engine_.cancel(wait);
    admitted_[wait.value()] = false;
  }
  // Refused after its admission.
  void forget(WaitId wait) { admitted_[wait.value()] = false; }
  void deliver(WaitId wait, Partition partition, Offset offset, Uuid id = topic_id(1)) {
    Delivery delivery;
    delivery.fate = Delivery::Fate::appended;
    delivery.partition = partition;
    delivery.topic_id = id;
    delivery.offset = offset;
    deliver(wait, delivery);
  }
  void deliver(WaitId wait, const Delivery& delivery) {
    engine_.delivered(wait, delivery, now, effects);
    take();
  }
  // A publish that is appended at once.
  WaitId append(Partition partition, Offset offset) { return append(request(), partition, offset); }
  WaitId append(const PublishRequest& r, Partition partition, Offset offset) {
    const WaitId wait = publish(r);
    deliver(wait, partition, offset);
    return wait;
  }

  // Time. What is overdue is withdrawn with an unknown fate, as a dead log would.
  void advance(Duration by) {
    now += by;
    engine_.tick(now, effects);
    take();
    while (!effects.overdue_appends.empty()) {
      const std::vector<WaitId> overdue = std::exchange(effects.overdue_appends, {});
      for (const WaitId wait : overdue) deliver(wait, Delivery{});
    }
  }

  bool answered(WaitId wait) const { return answers_.contains(wait.value()); }
  Answer answer(WaitId wait) const {
    const auto found = answers_.find(wait.value());
    EXPECT_NE(found, answers_.end()) << "not answered";
    return found == answers_.end() ? Answer{} : found->second.front();
  }
  // The outcome of the only consumer.
  ConsumerOutcome outcome(WaitId wait) const {
    const Answer a = answer(wait);
    EXPECT_EQ(a.consumers.size(), 1U);
    return a.consumers.size() == 1 ? a.consumers.front() : ConsumerOutcome{};
  }
  std::vector<AskEnds> asked() { return std::exchange(effects.asks, {}); }
  std::vector<AskRows> asked_rows() { return std::exchange(effects.rows, {}); }
  Engine& engine() { return engine_; }

 private:
  WaitId admit(const std::variant<WaitId, Refusal>& result) {
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      ADD_FAILURE() << "refused: " << refusal->detail;
      return WaitId{UINT32_MAX, 0};
    }
    const WaitId wait = std::get<WaitId>(result);
    EXPECT_TRUE(admitted_.emplace(wait.value(), true).second) << "a wait's id came twice";
    take();
    return wait;
  }
  void take() {
    for (Answer& a : effects.answers) answers_[a.wait.value()].push_back(std::move(a));
    effects.answers.clear();
  }

  Engine engine_;
  std::map<std::uint64_t, bool> admitted_;  // false: cancelled
  std::map<std::uint64_t, std::vector<Answer>> answers_;

 public:
  Effects effects;
  Time now = Time{} + std::chrono::hours(1);
  Offset record;
};

}  // namespace tidemark::core
