// Where an event goes: the partition it names, its key's, or the next free one;
// and what becomes of it while metadata does not have the place. Covers the
// placing half of produce_metadata.cpp.
#include <gtest/gtest.h>

#include <set>

#include "kafka/producer_scene_test.h"
#include "wire/murmur2.h"

namespace tidemark::kafka::test {
namespace {

log::Record keyed(Scene& scene, const std::string& key) {
  log::Record made = scene.record("of " + key, std::nullopt);
  made.key = key;
  return made;
}

TEST(ProducerPlacement, AKeyGoesToItsMurmur2Partition) {
  auto scene = Scene::ready();
  std::map<core::Partition, std::vector<std::string>> expected;
  for (int i = 0; i < 50; ++i) {
    const std::string key = i == 0 ? "" : "key-" + std::to_string(i);  // an empty key is a key
    scene->append(keyed(*scene, key));
    expected[static_cast<core::Partition>((wire::murmur2(key) & 0x7fffffffU) % 3)].push_back("of " + key);
  }
  scene->step();
  ASSERT_EQ(scene->requests.size(), 1u);
  ASSERT_EQ(scene->requests[0].batches.size(), 3u);
  for (const SentBatch& batch : scene->requests[0].batches) EXPECT_EQ(batch.values, expected[batch.partition]);
}

TEST(ProducerPlacement, ANamedPartitionWinsOverTheKey) {
  auto scene = Scene::ready();
  for (core::Partition partition = 0; partition < 3; ++partition) {
    log::Record made = keyed(*scene, "same");
    made.partition = partition;
    scene->append(made);
  }
  scene->step();
  EXPECT_EQ(scene->requests.back().batches.size(), 3u);
}

TEST(ProducerPlacement, WithoutAKeyABatchStaysTogetherAndTheNextGoesElsewhere) {
  auto scene = Scene::ready();
  std::set<core::Partition> used;
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 4; ++i) scene->append("x", std::nullopt);
    scene->step();
    ASSERT_EQ(scene->requests.size(), static_cast<std::size_t>(turn + 1));
    ASSERT_EQ(scene->requests.back().batches.size(), 1u) << "one batch, not one a partition";
    EXPECT_EQ(scene->requests.back().batches[0].values.size(), 4u);
    used.insert(scene->requests.back().batches[0].partition);
  }
  EXPECT_EQ(used.size(), 3u);
  // All three are busy: what comes now waits for whichever is free first.
  scene->append("late", std::nullopt);
  scene->step();
  EXPECT_EQ(scene->requests.size(), 3u);
  EXPECT_EQ(scene->producer.withdraw(scene->append("withdrawn", std::nullopt))->partition, -1);
  scene->succeed(scene->requests[1], 0);
  ASSERT_EQ(scene->requests.size(), 4u);
  EXPECT_EQ(scene->requests[3].batches[0].partition, scene->requests[1].batches[0].partition);
}

TEST(ProducerPlacement, WithoutAKeyPartitionsThatCannotTakeItAreLeftOut) {
  auto scene = Scene::ready();
  scene->move_leader("orders", 0, -1);
  scene->move_leader("orders", 1, 77);  // a broker that metadata does not have
  scene->tell_metadata();
  for (int i = 0; i < 3; ++i) {
    scene->append("x", std::nullopt);
    scene->step();
    EXPECT_EQ(scene->requests.back().batches.at(0).partition, 2);
    scene->succeed(scene->requests.back(), i);
  }
}

TEST(ProducerPlacement, WithoutAKeyAndWithoutALeaderItWaitsAndAsksForMetadata) {
  auto scene = Scene::ready();
  for (std::size_t i = 0; i < 3; ++i) scene->move_leader("orders", i, -1);
  scene->tell_metadata();
  scene->refresh_asked = false;
  const log::AppendId id = scene->append("x", std::nullopt);
  scene->pass(200ms);
  EXPECT_TRUE(scene->refresh_asked);
  EXPECT_TRUE(scene->requests.empty());
  scene->move_leader("orders", 1, 2);
  scene->refresh();
  ASSERT_EQ(scene->requests.size(), 1u);
  EXPECT_EQ(scene->requests[0].broker, 2);
  scene->succeed(scene->requests[0], 0);
  EXPECT_EQ(scene->end(id).partition, 1);
}

TEST(ProducerPlacement, MuchWithoutAKeyIsSpreadABatchToAPartition) {
  ProducerConfig config;
  config.max_batch_bytes = 10'000;
  auto scene = Scene::ready(config);
  for (int i = 0; i < 20; ++i) scene->append(std::string(1000, 'x'), std::nullopt);
  scene->step();
  ASSERT_EQ(scene->requests.size(), 1u);
  EXPECT_EQ(scene->requests[0].batches.size(), 3u);
}

// Found by tidemark-sim-producer, seed 224: an event without a key went behind
// younger ones with a partition, where its delivery timeout was not looked at.
TEST(ProducerPlacement, WithoutAKeyAnEventIsQueuedByItsAge) {
  auto scene = std::make_unique<Scene>();
  scene->topic("orders", 1);
  scene->tell_metadata();
  scene->step();
  scene->give_producer_id();
  const SentRequest open = scene->send({"open"});
  scene->append("old", std::nullopt);  // waits for a free partition
  scene->pass(400ms);
  scene->append("young", 0);
  scene->pass(400ms);
  scene->append("youngest", std::nullopt);
  scene->succeed(open, 0);
  ASSERT_EQ(scene->requests.size(), 2u);
  EXPECT_EQ(scene->requests[1].batches.at(0).values, (std::vector<std::string>{"old", "young", "youngest"}));
}

TEST(ProducerPlacement, ANewPartitionIsUsedOnceMetadataHasIt) {
  auto scene = Scene::ready();
  scene->topic("orders", 6);
  scene->tell_metadata();
  const log::AppendId id = scene->append("x", 5);
  scene->step();
  scene->succeed(scene->requests.back(), 0);
  EXPECT_EQ(scene->end(id).partition, 5);
}

// Found by tidemark-sim-producer, seed 16645: a broker that had not heard of the
// new partition was taken for news of a topic deleted and made again, and what was
// in flight ended as unknown.
TEST(ProducerPlacement, FewerPartitionsUnderTheSameIdAreOldNews) {
  auto scene = Scene::ready();
  const wire::Metadata before = scene->metadata;
  scene->topic("orders", 4);
  scene->tell_metadata();
  const SentRequest old = scene->send({"old"}, 0);
  const SentRequest young = scene->send({"young"}, 3);
  scene->producer.metadata(std::make_shared<wire::Metadata>(before), scene->now);
  scene->step();
  EXPECT_FALSE(scene->ended(1));
  EXPECT_FALSE(scene->id_asked);
  scene->succeed(old, 7);
  scene->answer(young, {.partition = 3, .base_offset = 2});
  EXPECT_EQ(scene->end(1).fate, Fate::appended);
  EXPECT_EQ(scene->end(2).fate, Fate::appended);
  EXPECT_EQ(scene->end(2).offset, 2);
}

// Found by tidemark-sim-producer, seed 263: brokers between 2.1 and 2.8 tell leader
// epochs and no topic ids, so a topic made again, whose epochs began anew, was
// taken for old news, and its events went to a leader of the past for ever.
TEST(ProducerPlacement, WithoutAnIdALeaderOfAnOlderEpochIsBelieved) {
  auto scene = std::make_unique<Scene>();
  scene->topic("orders", 1, 0);
  scene->tell_metadata();
  scene->step();
  scene->give_producer_id();
  const SentRequest first = scene->send({"a"});
  EXPECT_EQ(first.broker, 1);
  scene->metadata.topics["orders"].partitions[0] = {.leader = 2, .leader_epoch = 0, .error = 0};
  scene->answer(first, {.error = ErrorCode::not_leader_or_follower});
  scene->refresh();
  ASSERT_EQ(scene->requests.size(), 2u);
  EXPECT_EQ(scene->requests[1].broker, 2);
}

// Brokers before 2.8 tell no ids: then fewer partitions are another topic.
TEST(ProducerPlacement, FewerPartitionsWithoutAnIdAreAnotherTopic) {
  auto scene = std::make_unique<Scene>();
  scene->topic("orders", 3, 0);
  scene->tell_metadata();
  scene->step();
  scene->give_producer_id();
  scene->send({"a"}, 2);
  scene->metadata.topics.erase("orders");
  scene->topic("orders", 2, 0);
  scene->tell_metadata();
  scene->step();
  EXPECT_EQ(scene->end(1).fate, Fate::unknown);
}

TEST(ProducerPlacement, APartitionThatDoesNotExistIsInvalidOnlyByFreshMetadata) {
  auto scene = Scene::ready();
  const log::AppendId id = scene->append("x", 3);
  scene->step();
  EXPECT_FALSE(scene->ended(id));
  scene->refresh();
  EXPECT_EQ(scene->end(id).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(id).reason, Reason::invalid);
  EXPECT_NE(scene->end(id).detail.find("3 partitions"), std::string::npos) << scene->end(id).detail;

  // It was added a moment ago.
  const log::AppendId young = scene->append("x", 3);
  scene->step();
  scene->topic("orders", 4);
  scene->refresh();
  scene->succeed(scene->requests.back(), 8);
  EXPECT_EQ(scene->end(young).offset, 8);
}

TEST(ProducerPlacement, MetadataAskedForBeforeTheAppendProvesNothing) {
  auto scene = Scene::ready();
  const log::AppendId first = scene->append("x", 3);
  scene->step();
  ASSERT_TRUE(scene->refresh_asked);
  scene->pass(1ms);
  const log::AppendId second = scene->append("x", 3);
  scene->refresh();
  EXPECT_TRUE(scene->ended(first));
  EXPECT_FALSE(scene->ended(second));
  scene->refresh();
  EXPECT_TRUE(scene->ended(second));
}

TEST(ProducerPlacement, AnUnknownTopicIsGivenAGraceThenRefused) {
  auto scene = Scene::ready();
  log::Record made = scene->record("x", std::nullopt);
  made.topic = "nowhere";
  const log::AppendId id = scene->append(made);
  scene->step();
  scene->refresh();
  EXPECT_FALSE(scene->ended(id)) << "brokers learn of a new topic one after the other";
  scene->pass(100ms);
  scene->refresh();
  EXPECT_EQ(scene->end(id).fate, Fate::not_appended);
  EXPECT_EQ(scene->end(id).reason, Reason::unknown_topic);
  EXPECT_EQ(scene->end(id).partition, -1);

  // Made meanwhile: the next append finds it.
  const log::AppendId found = scene->append(made);
  scene->step();
  scene->topic("nowhere", 1, 9);
  scene->refresh();
  ASSERT_FALSE(scene->requests.empty());
  scene->answer(scene->requests.back(), {.base_offset = 0, .topic = "nowhere"});
  EXPECT_EQ(scene->end(found).fate, Fate::appended);
}

TEST(ProducerPlacement, RefreshesThatFailProveNothing) {
  auto scene = Scene::ready();
  log::Record made = scene->record("x", std::nullopt);
  made.topic = "nowhere";
  const log::AppendId id = scene->append(made);
  scene->step();
  for (int i = 0; i < 20; ++i) {
    if (std::exchange(scene->refresh_asked, false)) scene->producer.metadata_refreshed(false, scene->now);
    scene->pass(50ms);
  }
  EXPECT_FALSE(scene->ended(id));
  EXPECT_TRUE(scene->refresh_asked) << "it goes on asking";
}

TEST(ProducerPlacement, ATopicThatMayNotBeWrittenIsRefusedAtOnce) {
  auto scene = Scene::ready();
  wire::TopicInfo& info = scene->topic("secret", 0, 9);
  info.error = static_cast<std::int16_t>(ErrorCode::topic_authorization_failed);
  log::Record made = scene->record("x", std::nullopt);
  made.topic = "secret";
  const log::AppendId id = scene->append(made);
  scene->tell_metadata();
  scene->step();
  EXPECT_EQ(scene->end(id).reason, Reason::forbidden);
}

TEST(ProducerPlacement, EventsWaitForTheFirstMetadataAndProducerId) {
  Scene scene;
  const log::AppendId id = scene.append("x", std::nullopt);
  scene.step();
  EXPECT_TRUE(scene.requests.empty());
  scene.topic("orders", 3);
  scene.tell_metadata();
  scene.step();
  EXPECT_TRUE(scene.requests.empty());
  scene.give_producer_id();
  ASSERT_EQ(scene.requests.size(), 1u);
  scene.succeed(scene.requests[0], 0);
  EXPECT_EQ(scene.end(id).fate, Fate::appended);
}

}  // namespace
}  // namespace tidemark::kafka::test
