#include "kafka/ends_queue.h"

#include <gtest/gtest.h>

#include <set>

namespace tidemark::kafka {
namespace {

using Asked = EndsQueue::Asked;

constexpr std::int16_t kNotLeader = 6;
constexpr std::int16_t kOffsetNotAvailable = 78;
const core::Time kNow{std::chrono::hours(1)};

// Partition p is led by broker p % 2 + 1.
std::optional<EndsQueue::Leader> leader(const EndsQueue::Key& key) {
  return EndsQueue::Leader{key.second % 2 + 1, 4, Uuid{{9}}};
}

// An answer to every partition of a request: `offset`, or an error.
wire::msg::ListOffsetsResponse answer(const Asked& asked, core::Offset offset, std::int16_t error = 0) {
  wire::msg::ListOffsetsResponse response;
  for (const auto& topic : asked.request.topics) {
    auto& answered = response.topics.emplace_back();
    answered.name = topic.name;
    for (const auto& partition : topic.partitions) {
      auto& row = answered.partitions.emplace_back();
      row.partition_index = partition.partition_index;
      row.error_code = error;
      row.offset = error == 0 ? offset : -1;
    }
  }
  return response;
}

struct Told {
  std::string topic;
  core::Partition partition;
  core::Offset high_watermark, last_stable, log_start;
  std::uint64_t asked;
  bool operator==(const Told&) const = default;
};

struct Ears {
  std::vector<Told> told;
  EndsQueue::Answered hear() {
    return [this](const core::Ends& ends) {
      told.push_back({std::string(ends.topic), ends.partition, ends.high_watermark, ends.last_stable, ends.log_start,
                      ends.asked});
      EXPECT_EQ(ends.topic_id, (Uuid{{9}}));
    };
  }
};

log::EndsQuery query(std::string topic, core::Partition partition, std::uint64_t number) {
  log::EndsQuery query;
  query.topic = std::move(topic);
  query.partition = partition;
  query.number = number;
  return query;
}

TEST(EndsQueue, EverythingForABrokerGoesIntoOneRound) {
  EndsQueue queue;
  Ears ears;
  queue.ask(query("a", 0, 1));
  queue.ask(query("a", 2, 2));
  queue.ask(query("b", 0, 3));
  queue.ask(query("b", 1, 4));
  EXPECT_EQ(queue.due_brokers(leader, kNow), (std::vector<std::int32_t>{1, 2}));
  const auto round = queue.take_round(1, leader, kNow);
  ASSERT_EQ(round.size(), 1U);
  const auto& request = round[0].request;
  EXPECT_EQ(request.replica_id, -1);
  EXPECT_EQ(request.isolation_level, 0);
  ASSERT_EQ(request.topics.size(), 2U);
  ASSERT_EQ(request.topics[0].partitions.size(), 2U);
  EXPECT_EQ(request.topics[0].partitions[1].partition_index, 2);
  EXPECT_EQ(request.topics[0].partitions[1].timestamp, -1);
  EXPECT_EQ(request.topics[0].partitions[1].current_leader_epoch, 4);
  const auto response = answer(round[0], 8);
  EXPECT_FALSE(queue.answered(1, round[0], &response, kNow, ears.hear()));
  EXPECT_EQ(ears.told, (std::vector<Told>{{"a", 0, 8, -1, -1, 1}, {"a", 2, 8, -1, -1, 2}, {"b", 0, 8, -1, -1, 3}}));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(EndsQueue, AQuestionThatComesAfterTheRoundBeganIsNotAnsweredByIt) {
  EndsQueue queue;
  Ears ears;
  queue.ask(query("a", 0, 1));
  queue.ask(query("a", 0, 2));
  const auto first = queue.take_round(1, leader, kNow);
  queue.ask(query("a", 0, 3));
  EXPECT_TRUE(queue.due_brokers(leader, kNow).empty());
  EXPECT_TRUE(queue.take_round(1, leader, kNow).empty());
  auto response = answer(first[0], 8);
  queue.answered(1, first[0], &response, kNow, ears.hear());
  EXPECT_EQ(ears.told, (std::vector<Told>{{"a", 0, 8, -1, -1, 2}}));
  const auto second = queue.take_round(1, leader, kNow);
  ASSERT_EQ(second.size(), 1U);
  response = answer(second[0], 9);
  queue.answered(1, second[0], &response, kNow, ears.hear());
  EXPECT_EQ(ears.told.back(), (Told{"a", 0, 9, -1, -1, 3}));
  EXPECT_TRUE(queue.empty());
}

TEST(EndsQueue, TheLeadersEpochIsOfTheAnswerAboutTheHighWatermark) {
  EndsQueue queue;
  log::EndsQuery both = query("a", 0, 1);
  both.log_start = true;
  std::vector<std::int32_t> epochs;
  for (const std::int32_t epoch : {6, -1}) {
    queue.ask(both);
    for (const Asked& asked : queue.take_round(1, leader, kNow)) {
      auto response = answer(asked, 8);
      // The epoch beside a log start is that of the first record.
      response.topics[0].partitions[0].leader_epoch = asked.end == End::log_start ? 99 : epoch;
      queue.answered(1, asked, &response, kNow, [&](const core::Ends& ends) { epochs.push_back(ends.leader_epoch); });
    }
  }
  EXPECT_EQ(epochs, (std::vector<std::int32_t>{6, -1}));
}

TEST(EndsQueue, ThreeEndsAreThreeRequestsAndOneAnswer) {
  EndsQueue queue;
  Ears ears;
  log::EndsQuery all = query("a", 0, 5);
  all.last_stable = all.log_start = true;
  queue.ask(all);
  const auto round = queue.take_round(1, leader, kNow);
  ASSERT_EQ(round.size(), 3U);
  for (const Asked& asked : round) {
    EXPECT_EQ(asked.request.isolation_level, asked.end == End::last_stable ? 1 : 0);
    EXPECT_EQ(asked.request.topics[0].partitions[0].timestamp, asked.end == End::log_start ? -2 : -1);
    EXPECT_TRUE(ears.told.empty());
    const auto response = answer(asked, 10 + static_cast<core::Offset>(asked.end));
    queue.answered(1, asked, &response, kNow, ears.hear());
  }
  EXPECT_EQ(ears.told, (std::vector<Told>{{"a", 0, 10, 11, 12, 5}}));
}

TEST(EndsQueue, AnErrorSendsItsPartitionBackWithAPauseThatGrows) {
  EndsQueue queue;
  Ears ears;
  queue.ask(query("a", 0, 1));
  queue.ask(query("a", 2, 2));
  core::Time now = kNow;
  core::Duration before{};
  for (int i = 0; i < 4; ++i) {
    const auto round = queue.take_round(1, leader, now);
    ASSERT_EQ(round.size(), 1U);
    auto response = answer(round[0], 8);
    response.topics[0].partitions[0].error_code = i % 2 == 0 ? kNotLeader : kOffsetNotAvailable;
    EXPECT_EQ(queue.answered(1, round[0], &response, now, ears.hear()), i % 2 == 0);
    EXPECT_TRUE(queue.take_round(1, leader, now).empty());
    ASSERT_TRUE(queue.next_due());
    EXPECT_GT(*queue.next_due() - now, before);
    before = *queue.next_due() - now;
    now = *queue.next_due();
  }
  EXPECT_EQ(ears.told, (std::vector<Told>{{"a", 2, 8, -1, -1, 2}}));
  const auto round = queue.take_round(1, leader, now);
  const auto response = answer(round[0], 9);
  queue.answered(1, round[0], &response, now, ears.hear());
  EXPECT_EQ(ears.told.back(), (Told{"a", 0, 9, -1, -1, 1}));
}

TEST(EndsQueue, ALostRequestOrAPartitionLeftOutIsAskedAgain) {
  EndsQueue queue;
  Ears ears;
  queue.ask(query("a", 0, 1));
  auto round = queue.take_round(1, leader, kNow);
  EXPECT_TRUE(queue.answered(1, round[0], nullptr, kNow, ears.hear()));
  round = queue.take_round(1, leader, *queue.next_due());
  ASSERT_EQ(round.size(), 1U);
  const wire::msg::ListOffsetsResponse nothing;
  queue.answered(1, round[0], &nothing, kNow, ears.hear());
  EXPECT_TRUE(ears.told.empty());
  EXPECT_EQ(queue.size(), 1U);
}

TEST(EndsQueue, IgnoresWhatWasNotAsked) {
  EndsQueue queue;
  Ears ears;
  queue.ask(query("a", 0, 1));
  const auto round = queue.take_round(1, leader, kNow);
  auto response = answer(round[0], 8);
  response.topics.push_back(response.topics[0]);
  response.topics[1].name = "other";
  response.topics[1].partitions[0].partition_index = 77;
  queue.answered(1, round[0], &response, kNow, ears.hear());
  EXPECT_EQ(ears.told.size(), 1U);
  EXPECT_TRUE(queue.empty());
}

TEST(EndsQueue, AskingFromWithinAnAnswerIsAQuestionOfItsOwn) {
  EndsQueue queue;
  int told = 0;
  queue.ask(query("a", 0, 1));
  const auto round = queue.take_round(1, leader, kNow);
  const auto response = answer(round[0], 8);
  queue.answered(1, round[0], &response, kNow, [&](const core::Ends& ends) {
    ++told;
    EXPECT_EQ(ends.asked, 1U);
    queue.ask(query("a", 0, 2));
    queue.ask(query("c", 0, 3));
  });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(queue.size(), 2U);
}

TEST(EndsQueue, WaitsForALeaderAndDropsWhatIsGone) {
  EndsQueue queue;
  queue.ask(query("a", 0, 1));
  const auto nobody = [](const EndsQueue::Key&) { return std::optional<EndsQueue::Leader>{}; };
  EXPECT_TRUE(queue.due_brokers(nobody, kNow).empty());
  EXPECT_TRUE(queue.next_due());
  EXPECT_TRUE(queue.without([](const EndsQueue::Key&) { return true; }).empty());
  const auto gone = queue.without([](const EndsQueue::Key&) { return false; });
  ASSERT_EQ(gone.size(), 1U);
  queue.drop(gone[0]);
  EXPECT_TRUE(queue.empty());
}

// An answer to every partition of a request for the ends of epochs.
wire::msg::OffsetForLeaderEpochResponse epochs_answer(const Asked& asked, core::Offset end, std::int16_t error = 0) {
  wire::msg::OffsetForLeaderEpochResponse response;
  for (const auto& topic : asked.epochs.topics) {
    auto& answered = response.topics.emplace_back();
    answered.topic = topic.topic;
    for (const auto& partition : topic.partitions) {
      auto& row = answered.partitions.emplace_back();
      row.partition = partition.partition;
      row.error_code = error;
      row.end_offset = error == 0 ? end : -1;
    }
  }
  return response;
}

// A question for the end of epoch 3 beside the high watermark, which is answered with 8.
struct EpochQuestion {
  EpochQuestion() {
    log::EndsQuery both = query("a", 0, 1);
    both.epoch = 3;
    queue.ask(both);
  }
  // The request for the epoch, once the other was answered.
  Asked round() {
    const auto asked = queue.take_round(1, leader, now);
    EXPECT_EQ(asked.size(), 2U);
    if (asked.size() != 2) return {};
    EXPECT_EQ(asked[1].end, End::epoch);
    const auto response = answer(asked[0], 8);
    queue.answered(1, asked[0], &response, now, hear());
    EXPECT_TRUE(told.empty()) << "one answer to both";
    return asked[1];
  }
  EndsQueue::Answered hear() {
    return [this](const core::Ends& ends) { told.push_back(ends); };
  }
  bool later() {
    if (!queue.next_due()) return false;
    now = *queue.next_due();
    return true;
  }
  EndsQueue queue;
  std::vector<core::Ends> told;
  core::Time now = kNow;
};

TEST(EndsQueue, TheEndOfAnEpochIsARequestOfItsOwnInTheSameAnswer) {
  EpochQuestion question;
  const Asked asked = question.round();
  ASSERT_EQ(asked.epochs.topics.size(), 1U);
  EXPECT_EQ(asked.epochs.replica_id, -1);
  EXPECT_EQ(asked.epochs.topics[0].topic, "a");
  EXPECT_EQ(asked.epochs.topics[0].partitions[0].leader_epoch, 3);
  EXPECT_EQ(asked.epochs.topics[0].partitions[0].current_leader_epoch, 4);
  const auto response = epochs_answer(asked, 7);
  EXPECT_FALSE(question.queue.answered_epochs(1, asked, &response, false, kNow, question.hear()));
  ASSERT_EQ(question.told.size(), 1U);
  EXPECT_EQ(question.told[0].high_watermark, 8);
  EXPECT_EQ(question.told[0].epoch, 3);
  EXPECT_EQ(question.told[0].epoch_end, 7);
  question.queue.ask(query("a", 0, 2));
  const auto next = question.queue.take_round(1, leader, kNow);
  ASSERT_EQ(next.size(), 1U) << "it is not asked again";
  const auto last = answer(next[0], 9);
  question.queue.answered(1, next[0], &last, kNow, question.hear());
  EXPECT_EQ(question.told.back().epoch, -1);
  EXPECT_EQ(question.told.back().epoch_end, core::kNoOffset);
}

TEST(EndsQueue, ABrokerThatCannotTellAnEpochsEndKeepsNoOtherAnswerBack) {
  using Response = wire::msg::OffsetForLeaderEpochResponse;
  EpochQuestion same;
  const Response unknown = epochs_answer(same.round(), -1);
  Response denied = unknown;
  denied.topics[0].partitions[0].error_code = 29;
  for (const Response* response : std::initializer_list<const Response*>{&unknown, &denied, nullptr}) {
    EpochQuestion question;
    const Asked asked = question.round();
    EXPECT_FALSE(question.queue.answered_epochs(1, asked, response, response == nullptr, kNow, question.hear()));
    ASSERT_EQ(question.told.size(), 1U);
    EXPECT_EQ(question.told[0].high_watermark, 8);
    EXPECT_EQ(question.told[0].epoch_end, core::kNoOffset);
    EXPECT_TRUE(question.queue.empty());
  }
}

TEST(EndsQueue, AnEpochsEndIsAskedForAgainUpToABound) {
  for (const bool lost : {false, true}) {
    EpochQuestion question;
    int rounds = 0;
    while (question.told.empty() && rounds < 100) {
      const Asked asked = question.round();
      const auto response = epochs_answer(asked, 7, kNotLeader);
      EXPECT_TRUE(question.queue.answered_epochs(1, asked, lost ? nullptr : &response, false, question.now,
                                                 question.hear()));
      ++rounds;
      if (question.told.empty()) {
        ASSERT_TRUE(question.later());
      }
    }
    EXPECT_EQ(rounds, EndsQueue::kMostEpochTries);
    ASSERT_EQ(question.told.size(), 1U);
    EXPECT_EQ(question.told[0].high_watermark, 8);
    EXPECT_EQ(question.told[0].epoch_end, core::kNoOffset);
  }
}

TEST(EndsQueue, AnEpochsEndIsNotGivenUpWhileThereIsNoLeaderThatAnswersAnything) {
  EpochQuestion question;
  for (int i = 0; i < 3 * EndsQueue::kMostEpochTries; ++i) {
    const auto round = question.queue.take_round(1, leader, question.now);
    ASSERT_EQ(round.size(), 2U);
    question.queue.answered(1, round[0], nullptr, question.now, question.hear());
    question.queue.answered_epochs(1, round[1], nullptr, false, question.now, question.hear());
    ASSERT_TRUE(question.later());
  }
  const Asked asked = question.round();
  const auto response = epochs_answer(asked, 7);
  question.queue.answered_epochs(1, asked, &response, false, question.now, question.hear());
  ASSERT_EQ(question.told.size(), 1U);
  EXPECT_EQ(question.told[0].epoch_end, 7);
}

}  // namespace
}  // namespace tidemark::kafka
