// KafkaLog's looks, followed topics and inspections against real brokers:
// looker.cpp, follower.cpp and inspector.cpp of src/kafka.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "running_log.h"
#include "support/admin.h"
#include "support/environment.h"
#include "support/records.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

using Result = core::Sight::Result;

struct Broker {
  const char* name;
  std::string (*address)();
  friend void PrintTo(const Broker& broker, std::ostream* out) { *out << broker.name; }
};

class KafkaAside : public testing::TestWithParam<Broker> {
 protected:
  std::string address() const { return GetParam().address(); }

  // Writes `values` with a codec, in one batch or more; each says that it is event `id`.
  void produce_compressed(const std::string& topic, const std::string& codec, int values,
                          const std::string& id = {}) const {
    const KafkaHandle producer =
        make_handle(RD_KAFKA_PRODUCER, make_conf(address(), {{"compression.codec", codec}, {"linger.ms", "5"}}));
    Outgoing record{.value = std::string(2000, 'x'), .partition = 0};
    if (!id.empty()) record.headers = {{"tidemark-id", id}};
    for (int i = 0; i < values; ++i) produce_on(producer.get(), topic, record);
    throw_on(rd_kafka_flush(producer.get(), 20'000), "flush");
  }
};

INSTANTIATE_TEST_SUITE_P(Each, KafkaAside, testing::Values(Broker{"kafka44", kafka}, Broker{"kafka39", kafka39}),
                         [](const auto& broker) { return std::string(broker.param.name); });

const Uuid kId{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
const Uuid kOther{{15}};

core::Look look_at(const std::string& topic, std::optional<Uuid> id = {}, core::Offset from = 0,
                   core::Offset until = core::kNoOffset) {
  core::Look look;
  look.topic = topic;
  look.id = id;
  look.from = from;
  look.until = until;
  return look;
}

Outgoing event(const Uuid& id) {
  return {.value = "v", .partition = 0, .headers = {{"tidemark-id", id.to_string()}, {"x", "y"}}};
}
Outgoing plain(const std::string& value = "v") { return {.value = value, .partition = 0}; }

TEST_P(KafkaAside, ALookFindsAnIdOrSaysThatItIsNotThere) {
  const std::string topic = create_unique_topic(address());
  produce(address(), topic, event(kOther));
  produce(address(), topic, plain());
  const auto written = produce(address(), topic, event(kId));
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  const auto found = log.look(look_at(topic, kId));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->result, Result::found);
  EXPECT_EQ(found->offset, written.offset);
  EXPECT_EQ(found->leader_epoch, 0);
  EXPECT_FALSE(found->topic_id.is_nil());
  const auto none = log.look(look_at(topic, kId, 0, written.offset));
  ASSERT_TRUE(none);
  EXPECT_EQ(none->result, Result::none);
  EXPECT_EQ(none->until, written.offset);
  EXPECT_EQ(log.look(look_at(topic, Uuid{{1}}))->result, Result::none);
}

TEST_P(KafkaAside, ALookFindsTheIdOfAnEventThatTheProducerAppended) {
  const std::string topic = create_unique_topic(address());
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  ASSERT_TRUE(log.wait_topic(topic));
  log::Record record;
  record.topic = topic;
  record.partition = 0;
  record.value = "v";
  record.headers = {{"tidemark-id", kId.to_string()}};
  ASSERT_TRUE(log.append(std::move(record)));
  const auto found = log.look(look_at(topic, kId));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->result, Result::found);
}

TEST_P(KafkaAside, ALookForAnIdThatMayHaveBeenDeletedFails) {
  const std::string topic = create_unique_topic(address());
  produce(address(), topic, event(kId));
  produce(address(), topic, event(kOther));
  delete_records(address(), topic, 0, 1);
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.look(look_at(topic, kId))->result, Result::failed);
  EXPECT_EQ(log.look(look_at(topic, kOther))->result, Result::found);
  const auto visible = log.look(look_at(topic));
  EXPECT_EQ(visible->result, Result::found);
  EXPECT_EQ(visible->offset, 1);
}

TEST_P(KafkaAside, ALookAtATopicThatIsNotThereFails) {
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.look(look_at(unique_name("nowhere"), kId))->result, Result::failed);
}

TEST_P(KafkaAside, ReadsWhatEachCodecPacks) {
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  for (const std::string codec : {"gzip", "snappy", "lz4", "zstd"}) {
    const std::string topic = create_unique_topic(address());
    produce_compressed(topic, codec, 3);
    produce_compressed(topic, codec, 1, kId.to_string());
    const auto visible = log.look(look_at(topic));
    EXPECT_EQ(visible->result, Result::found) << codec;
    EXPECT_EQ(visible->offset, 0) << codec;
    EXPECT_EQ(log.look(look_at(topic, kOther))->result, Result::none) << codec;
    const auto event = log.look(look_at(topic, kId));
    EXPECT_EQ(event->result, Result::found) << codec;
    EXPECT_EQ(event->offset, 3) << codec;
  }
}

// kafka.md §4: three transactions, the second aborted; behind the last data
// record stands a marker that no consumer's commit reaches.
TEST_P(KafkaAside, OnlyWhatACommittedTransactionHoldsIsVisible) {
  const std::string topic = create_unique_topic(address());
  TransactionalProducer producer(address(), unique_name("tx"));
  const auto transaction = [&](bool commit) {
    producer.begin();
    for (int i = 0; i < 2; ++i) producer.produce(topic, plain());
    commit ? producer.commit() : producer.abort();
  };
  transaction(true);   // 0, 1, marker 2
  transaction(false);  // 3, 4, marker 5
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  const auto first = log.look(look_at(topic));
  EXPECT_EQ(first->result, Result::found);
  EXPECT_EQ(first->offset, 0);
  EXPECT_EQ(log.look(look_at(topic, {}, 1))->offset, 1);
  // A marker is written after the broker answered the end of the transaction.
  std::optional<core::Sight> nothing;
  EXPECT_TRUE(eventually([&] {
    nothing = log.look(look_at(topic, {}, 2));
    return nothing->until == 6;
  }));
  EXPECT_EQ(nothing->result, Result::none);
  transaction(true);  // 6, 7, marker 8
  EXPECT_TRUE(eventually([&] { return log.look(look_at(topic, {}, 2))->offset == 6; }));
  EXPECT_EQ(log.look(look_at(topic, {}, 2, 6))->result, Result::none);
  EXPECT_EQ(log.look(look_at(topic, {}, 8))->result, Result::none);
}

TEST_P(KafkaAside, AnOpenTransactionIsNotVisibleButItsIdIsFound) {
  const std::string topic = create_unique_topic(address());
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.produce(topic, event(kId));
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.look(look_at(topic))->result, Result::none);
  EXPECT_EQ(log.look(look_at(topic, kId))->result, Result::found);
  produce(address(), topic, plain());
  EXPECT_EQ(log.look(look_at(topic))->offset, 1);
  producer.commit();
  // The marker is written after the broker answered the commit.
  EXPECT_TRUE(eventually([&] { return log.look(look_at(topic))->offset == 0; }));
}

log::Follow follow(const std::string& topic, core::Duration history = std::chrono::hours(1)) {
  log::Follow follow;
  follow.topic = topic;
  follow.history = history;
  follow.partitions = 2;
  follow.settings = {{"cleanup.policy", "delete"}};
  return follow;
}

TEST_P(KafkaAside, AFollowedTopicIsReadUpToItsEndBeforeItIsSyncedAndThenOn) {
  const std::string topic = create_unique_topic(address());
  for (int i = 0; i < 3; ++i) produce(address(), topic, plain("before" + std::to_string(i)));
  // What nobody can make sense of, and what is packed.
  produce(address(), topic, {.value = std::string("\0\xff{", 3), .key = "", .partition = 0});
  produce_compressed(topic, "gzip", 2);
  produce(address(), topic, plain("last"));
  RunningLog log(address(), {follow(topic)});
  ASSERT_TRUE(log.wait_synced());
  auto records = log.followed(topic);
  ASSERT_EQ(records.size(), 7U);
  EXPECT_EQ(records[0].value, "before0");
  EXPECT_EQ(records[4].value, std::string(2000, 'x'));
  EXPECT_EQ(records[6].value, "last");
  for (const auto& record : records) EXPECT_FALSE(record.after_synced);
  EXPECT_EQ(log.counters().follow.read.skipped_batches, 0U);
  produce(address(), topic, {.value = "after", .key = "k", .partition = 2});
  ASSERT_TRUE(log.wait_followed(topic, 8));
  const auto last = log.followed(topic).back();
  EXPECT_EQ(last.value, "after");
  EXPECT_EQ(last.key, "k");
  EXPECT_EQ(last.partition, 2);
  EXPECT_EQ(last.offset, 0);
}

TEST_P(KafkaAside, WhatIsOlderThanTheHistoryIsNotTold) {
  const std::string topic = create_unique_topic(address());
  const auto old = produce(address(), topic, plain("old"));
  // Until the clock is past the old one's timestamp, nothing is younger than it.
  ASSERT_TRUE(eventually([&] {
    return produce(address(), topic, plain("probe")).timestamp_ms > old.timestamp_ms + 50;
  }));
  RunningLog log(address(), {follow(topic, std::chrono::milliseconds(0))});
  ASSERT_TRUE(log.wait_synced());
  produce(address(), topic, plain("new"));
  ASSERT_TRUE(log.wait_followed(topic, 1));
  for (const auto& record : log.followed(topic)) EXPECT_NE(record.value, "old");
  EXPECT_TRUE(eventually([&] { return log.followed(topic).back().value == "new"; }));
}

TEST_P(KafkaAside, AFollowedTopicThatIsMissingIsMadeAndReadByAll) {
  const std::string topic = unique_name("__made");
  RunningLog one(address(), {follow(topic)});
  RunningLog two(address(), {follow(topic)});
  ASSERT_TRUE(one.wait_synced());
  ASSERT_TRUE(two.wait_synced());
  for (int partition = 0; partition < 2; ++partition) {
    ASSERT_TRUE(eventually([&] {
      try {
        produce(address(), topic, {.value = "v" + std::to_string(partition), .partition = partition});
        return true;
      } catch (const std::runtime_error&) {
        return false;  // its leader has not begun yet
      }
    }));
  }
  produce_compressed(topic, "gzip", 2);
  EXPECT_TRUE(one.wait_followed(topic, 4));
  EXPECT_TRUE(two.wait_followed(topic, 4));
  // Those that are followed are more where a neighbour has used share groups: their state is followed, too.
  EXPECT_THROW(produce(address(), topic, {.value = "beyond", .partition = 2}), std::runtime_error) << "two were asked for";
  EXPECT_EQ(one.counters().follow.read.skipped_batches, 0U);
  EXPECT_TRUE(one.lost().empty());
}

TEST_P(KafkaAside, AFollowedTopicThatCannotBeMadeHoldsNothingUp) {
  log::Follow impossible = follow(unique_name("__impossible"));
  impossible.settings = {{"no.such.setting", "1"}};
  RunningLog log(address(), {impossible});
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.counters().follow.denied, 1U);
}

TEST_P(KafkaAside, OfAFollowedTopicNothingAbortedIsTold) {
  const std::string topic = create_unique_topic(address());
  RunningLog log(address(), {follow(topic)});
  ASSERT_TRUE(log.wait_synced());
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.produce(topic, plain("aborted"));
  producer.abort();
  producer.begin();
  producer.produce(topic, plain("committed"));
  producer.commit();
  ASSERT_TRUE(log.wait_followed(topic, 1));
  EXPECT_EQ(log.followed(topic)[0].value, "committed");
}

TEST_P(KafkaAside, AnInspectionTellsWhatTheClusterIsSetTo) {
  const std::string topic = create_unique_topic(address(), "inspected", 2, {{"min.insync.replicas", "1"}});
  RunningLog log(address());
  ASSERT_TRUE(log.wait_topic(topic));
  const auto facts = log.inspect();
  ASSERT_TRUE(facts);
  const auto found = std::find_if(facts->topics.begin(), facts->topics.end(),
                                  [&](const auto& told) { return told.name == topic; });
  ASSERT_NE(found, facts->topics.end());
  EXPECT_EQ(found->replicas, 1);
  EXPECT_EQ(found->min_insync_replicas, 1);
  EXPECT_FALSE(facts->polling);
  for (const auto& told : facts->topics) EXPECT_FALSE(told.name.starts_with("__"));
  // Brokers before 4.0 with the old coordinator may not have the setting.
  if (GetParam().address == kafka) {
    EXPECT_TRUE(facts->coordinator_linger_ms);
  }
}

}  // namespace
}  // namespace tidemark::test
