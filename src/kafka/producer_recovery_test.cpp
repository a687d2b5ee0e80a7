// What happens to the cluster while events are on their way: leaders move,
// producer ids are lost, topics go and come back. Covers produce_metadata.cpp
// and the recovering half of produce_answers.cpp.
#include <gtest/gtest.h>

#include "kafka/producer_scene_test.h"

namespace tidemark::kafka::test {
namespace {

constexpr std::int32_t kLastSequence = std::numeric_limits<std::int32_t>::max();

TEST(ProducerRecovery, ANewLeaderGetsTheSameBatchAtOnce) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->answer(first, {.error = ErrorCode::not_leader_or_follower});
  ASSERT_EQ(scene->requests.size(), 1u);
  scene->move_leader("orders", 0, 2);
  scene->refresh();
  ASSERT_EQ(scene->requests.size(), 2u) << "metadata with a new leader ends the pause";
  EXPECT_EQ(scene->requests[1].broker, 2);
  EXPECT_EQ(scene->requests[1].batches[0].bytes, first.batches[0].bytes);
  scene->succeed(scene->requests[1], 3);
  EXPECT_EQ(scene->end(1).leader_epoch, 6);
}

TEST(ProducerRecovery, TheOldLeaderMayNameTheNewOne) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->answer(first, {.error = ErrorCode::not_leader_or_follower, .leader = 2, .leader_epoch = 6});
  ASSERT_EQ(scene->requests.size(), 2u) << "no pause and no metadata needed";
  EXPECT_EQ(scene->requests[1].broker, 2);
  // Metadata from a broker that has not heard of it does not send us back.
  scene->tell_metadata();
  scene->lose(scene->requests[1]);
  EXPECT_EQ(scene->next_request().broker, 2);
}

TEST(ProducerRecovery, AnOldLeaderTagIsNotFollowed) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->answer(first, {.error = ErrorCode::not_leader_or_follower, .leader = 2, .leader_epoch = 4});
  EXPECT_EQ(scene->next_request().broker, 1);
}

TEST(ProducerRecovery, PausesDoubleUpToTheCapAndEndWithSuccess) {
  auto scene = Scene::ready();  // its random source makes each pause as long as it can be
  const SentRequest first = scene->send({"a"});
  scene->lose(first);
  std::vector<core::Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    const core::Time before = scene->now;
    const SentRequest again = scene->next_request();
    pauses.push_back(scene->now - before);
    scene->lose(again);
  }
  EXPECT_EQ(pauses, (std::vector<core::Duration>{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s, 1s}));
  scene->succeed(scene->next_request(), 0);
  scene->lose(scene->send({"b"}));
  const core::Time before = scene->now;
  scene->next_request();
  EXPECT_EQ(scene->now - before, 20ms);
}

TEST(ProducerRecovery, TheWakeUpIsThePausesEnd) {
  auto scene = Scene::ready();
  scene->lose(scene->send({"a"}));
  ASSERT_TRUE(scene->producer.next_wake());
  EXPECT_EQ(*scene->producer.next_wake(), scene->now + 20ms);
  scene->pass(19ms);
  EXPECT_EQ(scene->requests.size(), 1u);
  scene->pass(1ms);
  EXPECT_EQ(scene->requests.size(), 2u);
  EXPECT_EQ(*scene->producer.next_wake(), scene->now - 20ms + 120s);
}

TEST(ProducerRecovery, ABrokerThatIsBackEndsThePause) {
  auto scene = Scene::ready();
  scene->lose(scene->send({"a"}), false);
  scene->producer.broker_ready(2);
  scene->step();
  EXPECT_EQ(scene->requests.size(), 1u);
  scene->producer.broker_ready(1);
  scene->step();
  EXPECT_EQ(scene->requests.size(), 2u);
}

TEST(ProducerRecovery, AfterADeliveryTimeoutThePartitionCountsAgainUnderANewId) {
  auto scene = Scene::ready();
  scene->succeed(scene->send({"a"}), 0);
  const SentRequest lost = scene->send({"b"});
  scene->pass(60s);
  scene->append("c");
  const SentRequest other = scene->send({"elsewhere"}, 1);
  scene->pass(60s);
  EXPECT_EQ(scene->end(2).fate, Fate::unknown);
  EXPECT_TRUE(scene->id_asked);
  const std::size_t before = scene->requests.size();
  // The other partition's count is not in doubt: it goes on with the old id.
  scene->succeed(other, 0);
  scene->send({"elsewhere again"}, 1);
  EXPECT_EQ(scene->requests.back().batches[0].producer_id, lost.batches[0].producer_id);
  EXPECT_EQ(scene->requests.back().batches[0].base_sequence, 1);
  EXPECT_EQ(scene->requests.size(), before + 1);
  scene->give_producer_id();
  ASSERT_EQ(scene->requests.size(), before + 2);
  EXPECT_EQ(scene->requests.back().batches[0].values, std::vector<std::string>{"c"});
  EXPECT_NE(scene->requests.back().batches[0].producer_id, lost.batches[0].producer_id);
  EXPECT_EQ(scene->requests.back().batches[0].base_sequence, 0);
}

TEST(ProducerRecovery, SequencesWrap) {
  ProducerConfig config;
  config.first_sequence = kLastSequence - 1;
  auto scene = Scene::ready(config);
  const SentRequest first = scene->send({"a", "b", "c"});
  EXPECT_EQ(first.batches[0].base_sequence, kLastSequence - 1);
  scene->succeed(first, 0);
  EXPECT_EQ(scene->send({"d"}).batches[0].base_sequence, 1);
}

TEST(ProducerRecovery, AProducerIdIsAskedForUntilThereIsOne) {
  Scene scene;
  scene.topic("orders", 1);
  scene.tell_metadata();
  const log::AppendId id = scene.append("a");
  scene.step();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::exchange(scene.id_asked, false));
    scene.producer.producer_id_failed(i == 0 ? 15 : 0, "not now", scene.now);
    scene.step();
    EXPECT_FALSE(scene.id_asked) << "not without a pause";
    scene.pass(1s);
  }
  scene.producer.producer_id(-1, 0, scene.now);  // a broker that makes no sense
  scene.id_asked = false;
  scene.pass(1s);
  scene.give_producer_id();
  scene.succeed(scene.requests.back(), 0);
  EXPECT_EQ(scene.end(id).fate, Fate::appended);
}

TEST(ProducerRecovery, WithoutAProducerIdEventsAreNotAppendedInTheEnd) {
  Scene scene;
  scene.topic("orders", 1);
  scene.tell_metadata();
  const log::AppendId id = scene.append("a");
  scene.step();
  scene.producer.producer_id_failed(0, "no broker answers", scene.now);
  scene.pass(120s);
  EXPECT_EQ(scene.end(id).fate, Fate::not_appended);
  EXPECT_NE(scene.end(id).detail.find("no broker answers"), std::string::npos) << scene.end(id).detail;

  const log::AppendId denied = scene.append("b");
  const log::AppendId keyless = scene.append("c", std::nullopt);
  scene.step();
  scene.producer.producer_id_failed(31, "CLUSTER_AUTHORIZATION_FAILED", scene.now);
  scene.step();
  EXPECT_EQ(scene.end(denied).reason, Reason::forbidden);
  EXPECT_EQ(scene.end(keyless).reason, Reason::forbidden);
}

TEST(ProducerRecovery, ATopicMadeAgainLeavesWhatWasSentUnknownAndTakesTheRest) {
  auto scene = Scene::ready();
  scene->producer.high_watermark("orders", topic_id(7), 0, 20);
  const SentRequest sent = scene->send({"sent"});
  const log::AppendId queued = scene->append("queued");
  const log::AppendId outside = scene->append("outside", 2);
  scene->step();
  const SentRequest other = scene->requests.back();
  EXPECT_EQ(other.batches[0].partition, 2);
  scene->succeed(other, 4);
  const log::AppendId nowhere = scene->append("nowhere", 2);
  scene->metadata.topics.erase("orders");
  scene->topic("orders", 2, 8);
  scene->tell_metadata();
  scene->step();
  EXPECT_EQ(scene->end(1).fate, Fate::unknown);
  EXPECT_EQ(scene->end(1).topic_id, topic_id(7)) << "the topic it was sent to";
  EXPECT_EQ(scene->end(1).offset, 20);
  EXPECT_EQ(scene->end(outside).topic_id, topic_id(7));
  EXPECT_FALSE(scene->ended(queued));
  scene->answer(sent, {.error = ErrorCode::unknown_topic_id});
  scene->give_producer_id();
  const SentRequest next = scene->requests.back();
  EXPECT_EQ(next.batches.at(0).values, std::vector<std::string>{"queued"});
  EXPECT_EQ(next.batches[0].topic_id, topic_id(8));
  EXPECT_EQ(next.batches[0].base_sequence, 0);
  EXPECT_EQ(scene->producer.withdraw(queued)->offset, 0) << "the new topic's offsets begin again";
  scene->pass(100ms);
  scene->refresh();
  EXPECT_EQ(scene->end(nowhere).reason, Reason::invalid) << "the new topic has no partition 2";
}

TEST(ProducerRecovery, ADeletedTopicEndsEverything) {
  auto scene = Scene::ready();
  scene->succeed(scene->send({"before"}), 0);
  const SentRequest doubtful = scene->send({"doubtful"}, 0);
  const SentRequest open = scene->send({"open"}, 1);
  const log::AppendId queued = scene->append("queued", 0);
  scene->lose(doubtful);
  scene->metadata.topics.erase("orders");
  scene->refresh();
  EXPECT_FALSE(scene->ended(queued)) << "one answer without the topic proves little";
  scene->pass(110ms);
  const SentRequest again = scene->requests.back();
  EXPECT_EQ(again.batches.at(0).values, std::vector<std::string>{"doubtful"}) << "the broker may know better";
  scene->answer(again, {.error = ErrorCode::unknown_topic_or_partition});
  scene->refresh();
  ASSERT_TRUE(scene->ended(queued));
  EXPECT_EQ(scene->end(2).fate, Fate::unknown);
  EXPECT_EQ(scene->end(2).reason, Reason::unknown_topic);
  EXPECT_EQ(scene->end(2).offset, 1);
  EXPECT_EQ(scene->end(queued).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(queued).reason, Reason::unknown_topic);
  EXPECT_FALSE(scene->ended(3)) << "its answer is still to come";
  scene->answer(open, {.partition = 1, .error = ErrorCode::unknown_topic_id});
  scene->pass(100ms);
  scene->refresh();
  EXPECT_EQ(scene->end(3).fate, Fate::not_appended) << "refused before it was written, and there is no topic any more";
  EXPECT_EQ(scene->producer.open_records(), 0u);
}

// A broker that is asked by name writes to the topic made again before metadata
// tells of it. "Appended at 0" would be compared with commits of the old one.
TEST(ProducerRecovery, AnOffsetBelowTheLowestPossibleIsInAnotherLog) {
  auto scene = Scene::ready();
  scene->succeed(scene->send({"a", "b", "c"}), 4);
  scene->refresh_asked = false;
  scene->succeed(scene->send({"d", "e"}), 0);
  for (const log::AppendId id : {4u, 5u}) {
    EXPECT_EQ(scene->end(id).fate, Fate::unknown);
    EXPECT_TRUE(scene->end(id).topic_id.is_nil());
    EXPECT_EQ(scene->end(id).leader_epoch, -1);
  }
  EXPECT_EQ(scene->end(4).offset, 0);
  EXPECT_TRUE(scene->refresh_asked);
  EXPECT_FALSE(scene->id_asked) << "the sequence was used";
  const SentRequest next = scene->send({"f"});
  EXPECT_EQ(next.batches[0].base_sequence, 5);
  scene->succeed(next, 2);
  EXPECT_EQ(scene->end(6).fate, Fate::appended) << "from here on the offsets fit again";
}

// A partition's count that was thrown away must not begin again under the same
// producer id: the broker would take the first new batch for a repeat of an old
// one and answer success without writing it.
TEST(ProducerRecovery, AForgottenCountIsNotBegunAgainUnderTheSameId) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->succeed(first, 0);
  const wire::TopicInfo orders = scene->metadata.topics["orders"];
  scene->metadata.topics.erase("orders");
  scene->tell_metadata();
  scene->step();
  scene->metadata.topics["orders"] = orders;  // it had only been a broker that lagged behind
  scene->tell_metadata();
  scene->append("b");
  scene->step();
  EXPECT_EQ(scene->requests.size(), 1u);
  scene->give_producer_id();
  ASSERT_EQ(scene->requests.size(), 2u);
  EXPECT_NE(scene->requests[1].batches[0].producer_id, first.batches[0].producer_id);
}

TEST(ProducerRecovery, RequestsOfABrokerThatLeavesAreSentToWhoLeadsNow) {
  auto scene = Scene::ready();
  const SentRequest first = scene->send({"a"});
  scene->metadata.brokers.erase(1);
  for (std::size_t i = 0; i < 3; ++i) scene->move_leader("orders", i, 2);
  scene->tell_metadata();
  scene->lose(first);
  scene->refresh();
  EXPECT_EQ(scene->next_request().broker, 2);
}

}  // namespace
}  // namespace tidemark::kafka::test
