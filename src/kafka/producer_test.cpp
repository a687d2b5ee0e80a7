// The fates of appends: each row of the table in producer.h that is not an error
// code (producer_errors_test.cpp), a new producer id (producer_recovery_test.cpp)
// or a place (producer_placement_test.cpp). Covers producer.cpp and produce_state.h.
#include "kafka/producer.h"

#include "kafka/producer_scene_test.h"

namespace tidemark::kafka::test {
namespace {

TEST(ProducerFate, ConfirmedEventsAreAppendedAtTheirOffsets) {
  auto scene = Scene::ready();
  const SentRequest request = scene->send({"a", "b", "c"});
  ASSERT_EQ(request.batches.size(), 1u);
  EXPECT_EQ(request.broker, 1);
  EXPECT_EQ(request.batches[0].values, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(scene->ends.empty());

  scene->succeed(request, 40);
  for (log::AppendId id = 1; id <= 3; ++id) {
    const core::Delivery& end = scene->end(id);
    EXPECT_EQ(end.fate, Fate::appended);
    EXPECT_EQ(end.offset, 39 + static_cast<core::Offset>(id));
    EXPECT_EQ(end.partition, 0);
    EXPECT_EQ(end.topic_id, topic_id(7));
    EXPECT_EQ(end.leader_epoch, 5);
    EXPECT_EQ(end.reason, Reason::none);
    EXPECT_EQ(end.detail, "");
  }
  EXPECT_EQ(scene->producer.open_records(), 0u);
  EXPECT_EQ(scene->producer.open_bytes(), 0u);
  EXPECT_FALSE(scene->producer.next_wake().has_value());
}

TEST(ProducerFate, ALostReplyIsFollowedToTheTruth) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->lose(first);
  EXPECT_FALSE(scene->ended(1));
  const SentRequest again = scene->next_request();
  EXPECT_EQ(again.batches[0].bytes, first.batches[0].bytes) << "a batch in doubt must not change";
  scene->succeed(again, 12);
  EXPECT_EQ(scene->end(1).fate, Fate::appended);
  EXPECT_EQ(scene->end(1).offset, 12);
}

TEST(ProducerFate, ABatchInDoubtLetsNothingPass) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->append("b");
  scene->lose(first);
  const SentRequest again = scene->next_request();
  EXPECT_EQ(again.batches[0].values, std::vector<std::string>{"a"});
  scene->succeed(again, 0);
  EXPECT_EQ(scene->requests.back().batches[0].values, std::vector<std::string>{"b"});
  EXPECT_EQ(scene->requests.back().batches[0].base_sequence, 1);
}

TEST(ProducerFate, WhatWasNotSentAfterAllIsQueuedAgainInFront) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->append("b");
  scene->lose(first, false);
  const SentRequest again = scene->next_request();
  EXPECT_EQ(again.batches[0].values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(again.batches[0].base_sequence, 0) << "the sequence was not used";
}

TEST(ProducerFate, OverdueAfterSendingIsUnknownFromTheLowestOffset) {
  auto scene = Scene::ready();
  scene->succeed(scene->send({"before"}), 99);
  const SentRequest first = scene->send({"a", "b"});
  scene->pass(119s);
  EXPECT_FALSE(scene->ended(2));
  scene->pass(1s);
  EXPECT_EQ(scene->end(2).fate, Fate::unknown);
  EXPECT_EQ(scene->end(2).reason, Reason::timeout);
  EXPECT_EQ(scene->end(2).partition, 0);
  EXPECT_EQ(scene->end(2).offset, 100);
  EXPECT_EQ(scene->end(2).topic_id, topic_id(7));
  EXPECT_EQ(scene->end(3).offset, 101);
  // The late answer changes nothing.
  scene->succeed(first, 100);
  EXPECT_EQ(scene->end(2).fate, Fate::unknown);
  EXPECT_EQ(scene->producer.open_records(), 0u);
}

TEST(ProducerFate, TheLowestOffsetComesFromTheHighWatermarkTheLogStartOrAnswers) {
  auto scene = Scene::ready();
  scene->producer.high_watermark("orders", topic_id(7), 0, 50);
  scene->producer.high_watermark("orders", topic_id(8), 0, 70);  // another incarnation
  scene->producer.high_watermark("orders", topic_id(7), 9, 70);  // no such partition
  scene->producer.high_watermark("views", topic_id(7), 0, 70);
  scene->send({"a"}, 0);
  EXPECT_EQ(scene->producer.withdraw(1)->offset, 50);

  SentRequest request = scene->send({"b"}, 1);
  EXPECT_EQ(scene->producer.withdraw(2)->offset, 0) << "nothing is known of partition 1";
  scene->answer(request, {.partition = 1, .error = ErrorCode::not_enough_replicas, .log_start = 33});
  EXPECT_EQ(scene->producer.open_records(), 1u);
  scene->append("c", 1);
  scene->next_request();
  EXPECT_EQ(scene->producer.withdraw(3)->offset, 33);
}

TEST(ProducerFate, OverdueBeforeSendingIsNotAppended) {
  auto scene = Scene::ready();
  scene->metadata.topics["orders"].partitions[0].leader = -1;
  scene->metadata.topics["orders"].partitions[0].leader_epoch = 6;
  scene->tell_metadata();
  const log::AppendId id = scene->append("a");
  scene->pass(119s);
  EXPECT_TRUE(scene->requests.empty());
  EXPECT_FALSE(scene->ended(id));
  scene->pass(1s);
  EXPECT_EQ(scene->end(id).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(id).reason, Reason::timeout);
  EXPECT_NE(scene->end(id).detail.find("no leader"), std::string::npos) << scene->end(id).detail;
}

TEST(ProducerFate, WithdrawnBeforeSendingIsTakenOut) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  const log::AppendId b = scene->append("b");
  const log::AppendId c = scene->append("c");
  const std::optional<core::Delivery> end = scene->producer.withdraw(b);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->fate, Fate::not_appended);
  EXPECT_EQ(end->reason, Reason::timeout);
  EXPECT_FALSE(scene->producer.withdraw(b)) << "twice";
  scene->succeed(first, 0);
  EXPECT_EQ(scene->requests.back().batches[0].values, std::vector<std::string>{"c"});
  scene->succeed(scene->requests.back(), 1);
  EXPECT_EQ(scene->end(c).offset, 1);
  EXPECT_FALSE(scene->ended(b));
  EXPECT_FALSE(scene->producer.withdraw(c)) << "delivered";
  EXPECT_FALSE(scene->producer.withdraw(4711));
}

TEST(ProducerFate, WithdrawnAfterSendingIsUnknownAndDrivenOn) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a", "b"});
  const std::optional<core::Delivery> end = scene->producer.withdraw(1);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->fate, Fate::unknown);
  EXPECT_EQ(end->offset, 0);
  EXPECT_EQ(end->partition, 0);
  EXPECT_FALSE(scene->producer.withdraw(1));
  scene->lose(first);
  const SentRequest again = scene->next_request();
  EXPECT_EQ(again.batches[0].values, (std::vector<std::string>{"a", "b"}));
  scene->succeed(again, 5);
  EXPECT_FALSE(scene->ended(1)) << "its caller has been answered";
  EXPECT_EQ(scene->end(2).offset, 6);
  EXPECT_EQ(scene->producer.open_records(), 0u);
}

TEST(ProducerFate, AWithdrawnIdMayBeUsedAgainWhileItsBatchGoesOn) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  ASSERT_TRUE(scene->producer.withdraw(1));
  ASSERT_TRUE(scene->producer.append(1, scene->record("again"), scene->now).ok());
  scene->succeed(first, 5);
  EXPECT_FALSE(scene->ended(1));
  scene->succeed(scene->requests.back(), 6);
  EXPECT_EQ(scene->end(1).offset, 6);
}

TEST(ProducerFate, AWithdrawnEventThatWasCertainlyRefusedIsDropped) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a", "b"});
  ASSERT_TRUE(scene->producer.withdraw(1));
  scene->answer(first, {.error = ErrorCode::not_enough_replicas});
  EXPECT_EQ(scene->next_request().batches[0].values, std::vector<std::string>{"b"});
}

TEST(ProducerFate, StoppingEndsEverything) {
  auto scene = Scene::ready();
  scene->send({"sent"});
  const log::AppendId queued = scene->append("queued");
  log::Record elsewhere = scene->record("held");
  elsewhere.topic = "nowhere";
  const log::AppendId held = scene->append(elsewhere);
  scene->producer.refuse_appends();
  const Result<void> late = scene->producer.append(9, scene->record("late"), scene->now);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  scene->producer.abandon("the gateway stops");
  scene->step();
  EXPECT_EQ(scene->end(1).fate, Fate::unknown);
  EXPECT_EQ(scene->end(queued).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(queued).reason, Reason::unavailable);
  EXPECT_EQ(scene->end(held).fate, Fate::not_appended);
  EXPECT_EQ(scene->producer.open_records(), 0u);
}

TEST(ProducerFate, AppendRefusesWhatCannotBe) {
  auto scene = Scene::ready();
  const auto refused = [&](log::Record made, log::AppendId id = 1000) {
    const Result<void> taken = scene->producer.append(id, std::move(made), scene->now);
    return taken.ok() ? std::optional<ErrorKind>() : taken.error().kind;
  };
  log::Record nameless = scene->record("a");
  nameless.topic = "";
  EXPECT_EQ(refused(nameless), ErrorKind::invalid);
  nameless.topic = std::string(250, 'x');
  EXPECT_EQ(refused(nameless), ErrorKind::invalid);
  EXPECT_EQ(refused(scene->record("a", -1)), ErrorKind::invalid);
  const log::AppendId used = scene->append("a");
  EXPECT_EQ(refused(scene->record("a"), used), ErrorKind::invalid);
  EXPECT_EQ(scene->producer.open_records(), 1u);
}

TEST(ProducerFate, TheQueueIsBoundedInRecordsAndBytes) {
  ProducerConfig config;
  config.max_records = 2;
  auto few = Scene::ready(config);
  few->append("a");
  few->append("b");
  Result<void> third = few->producer.append(3, few->record("c"), few->now);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().kind, ErrorKind::limit);
  few->step();
  few->succeed(few->requests.back(), 0);
  EXPECT_TRUE(few->producer.append(3, few->record("c"), few->now).ok());

  config = {};
  config.max_bytes = 10'000;
  auto small = Scene::ready(config);
  small->append(std::string(5'000, 'x'));
  Result<void> second = small->producer.append(2, small->record(std::string(5'000, 'y')), small->now);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::limit);
  ASSERT_TRUE(small->producer.withdraw(1));
  EXPECT_EQ(small->producer.open_bytes(), 0u);
  EXPECT_TRUE(small->producer.append(2, small->record(std::string(5'000, 'y')), small->now).ok());
  EXPECT_FALSE(small->producer.append(3, small->record(std::string(50'000, 'y')), small->now).ok());
}

TEST(ProducerFate, AnswersNobodyAskedForChangeNothing) {
  auto scene = Scene::ready();
  const SentRequest request = scene->send({"a"});
  scene->answer(request.number + 7, {{.base_offset = 3}});
  EXPECT_FALSE(scene->ended(1));
  // Another partition, another topic; then the partition twice: the first counts.
  scene->answer(request.number, {{.partition = 2, .base_offset = 1},
                                 {.partition = 0, .base_offset = 2, .topic = "views"},
                                 {.partition = 0, .base_offset = 3},
                                 {.partition = 0, .base_offset = 4}});
  EXPECT_EQ(scene->end(1).offset, 3);
  scene->answer(request.number, {{.partition = 0, .base_offset = 9}});
  EXPECT_EQ(scene->end(1).offset, 3);
}

TEST(ProducerFate, AnAnswerThatLeavesThePartitionOutIsNoAnswer) {
  auto scene = Scene::ready();
  const SentRequest request = scene->send({"a"});
  scene->answer(request.number, {});
  EXPECT_FALSE(scene->ended(1));
  const SentRequest again = scene->next_request();
  EXPECT_EQ(again.batches[0].bytes, request.batches[0].bytes);
}

TEST(ProducerFate, AnOffsetThatCannotBeIsNotBelieved) {
  auto scene = Scene::ready();
  const SentRequest request = scene->send({"a", "b"});
  scene->succeed(request, std::numeric_limits<core::Offset>::max());
  EXPECT_EQ(scene->end(1).fate, Fate::unknown);
  EXPECT_EQ(scene->end(1).offset, 0);
}

}  // namespace
}  // namespace tidemark::kafka::test
