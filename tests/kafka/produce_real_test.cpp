// The producer against Kafka 4.4 and 3.9, read by other people's clients: what
// its model in src/kafka believes about brokers may be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "running_producer.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

using Fate = core::Delivery::Fate;
using Reason = core::Delivery::Reason;

// The parameter says which broker.
class RealProduce : public testing::TestWithParam<const char*> {
 protected:
  std::string bootstrap() const { return std::string(GetParam()) == "kafka39" ? kafka39() : kafka(); }
  std::string topic(const Settings& configs = {}, int partitions = 3) const {
    return create_unique_topic(bootstrap(), "produce", partitions, configs);
  }
  std::vector<std::string> values(const std::string& name) const {
    std::vector<std::string> found;
    for (const Record& record : read_all(bootstrap(), name)) found.push_back(record.value.value_or("(null)"));
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(On, RealProduce, testing::Values("kafka44", "kafka39"),
                         [](const auto& broker) { return std::string(broker.param); });

TEST_P(RealProduce, LibrdkafkaReadsWhatWasAppended) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  const std::int64_t now = RunningProducer::now_ms();
  std::vector<log::Record> records(4);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].topic = name;
    records[i].partition = 1;
    records[i].timestamp_ms = now - 1000 * static_cast<std::int64_t>(i);
  }
  records[0].key = "key";
  records[0].value = std::string("binary \0 value", 14);
  records[0].headers = {{"tidemark-id", "one"}, {"empty", ""}, {"tidemark-id", "two"}};
  records[1].key = "";
  records[1].value = "";
  records[2].value = "no key";
  records[3].key = "tombstone";
  std::vector<log::AppendId> ids;
  for (const log::Record& record : records) ids.push_back(producer.append(record));

  for (std::size_t i = 0; i < ids.size(); ++i) {
    const core::Delivery end = producer.end(ids[i]);
    EXPECT_EQ(end.fate, Fate::appended) << end.detail;
    EXPECT_EQ(end.partition, 1);
    EXPECT_EQ(end.offset, static_cast<core::Offset>(i));
    EXPECT_FALSE(end.topic_id.is_nil());
    EXPECT_GE(end.leader_epoch, 0);
  }
  const std::vector<Record> read = read_all(bootstrap(), name);
  ASSERT_EQ(read.size(), records.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].partition, 1);
    EXPECT_EQ(read[i].offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(read[i].key, records[i].key);
    EXPECT_EQ(read[i].value, records[i].value);
    EXPECT_EQ(read[i].timestamp_ms, records[i].timestamp_ms);
    ASSERT_EQ(read[i].headers.size(), records[i].headers.size());
    for (std::size_t h = 0; h < read[i].headers.size(); ++h) {
      EXPECT_EQ(read[i].headers[h].first, records[i].headers[h].name);
      EXPECT_EQ(read[i].headers[h].second, records[i].headers[h].value);
    }
  }
}

TEST_P(RealProduce, KeysMeetWhereLibrdkafkasMurmur2PutsThem) {
  const std::string ours = topic();
  const std::string theirs = topic();
  RunningProducer producer(bootstrap());
  const KafkaHandle other = make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap(), {{"partitioner", "murmur2"}}));
  std::mt19937_64 random(7);
  std::vector<log::AppendId> ids;
  for (int i = 0; i < 200; ++i) {
    std::string key(random() % 20, '\0');
    for (char& byte : key) byte = static_cast<char>(random());
    key += std::to_string(i);
    log::Record record;
    record.topic = ours;
    record.key = key;
    record.value = key;
    ids.push_back(producer.append(record));
    produce_on(other.get(), theirs, {.value = key, .key = key});
  }
  for (const log::AppendId id : ids) EXPECT_EQ(producer.end(id).fate, Fate::appended);
  ASSERT_EQ(rd_kafka_flush(other.get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  std::map<std::string, std::int32_t> place;
  std::set<std::int32_t> used;
  for (const Record& record : read_all(bootstrap(), theirs)) place[*record.key] = record.partition;
  for (const Record& record : read_all(bootstrap(), ours)) {
    EXPECT_EQ(record.partition, place.at(*record.key));
    used.insert(record.partition);
  }
  EXPECT_EQ(place.size(), 200u);
  EXPECT_EQ(used.size(), 3u);
}

TEST_P(RealProduce, ARecordThatIsTooLargeDoesNotCostItsNeighbours) {
  const std::string name = topic({{"max.message.bytes", "4000"}});
  RunningProducer producer(bootstrap());
  std::vector<log::AppendId> ids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(producer.append(name, std::to_string(i) + std::string(i == 11 ? 10'000 : 500, 'x')));
  }
  core::Offset last = -1;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const core::Delivery end = producer.end(ids[i]);
    if (i == 11) {
      EXPECT_EQ(end.fate, Fate::not_appended);
      EXPECT_EQ(end.reason, Reason::too_large);
      EXPECT_NE(end.detail.find("MESSAGE_TOO_LARGE"), std::string::npos) << end.detail;
    } else {
      EXPECT_EQ(end.fate, Fate::appended) << end.detail;
      EXPECT_EQ(end.offset, ++last) << "in order";
    }
  }
  EXPECT_EQ(values(name).size(), 29u);
  EXPECT_EQ(producer.driver().counters().producer_ids, 1u);
}

TEST_P(RealProduce, ARecordThatTheTopicRefusesDoesNotCostItsNeighbours) {
  const std::string name = topic({{"cleanup.policy", "compact"}});
  RunningProducer producer(bootstrap());
  std::vector<log::AppendId> ids;
  for (int i = 0; i < 10; ++i) {
    log::Record record;
    record.topic = name;
    record.partition = 0;
    record.value = std::to_string(i);
    if (i != 3 && i != 7) record.key = "k";
    ids.push_back(producer.append(record));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const core::Delivery end = producer.end(ids[i]);
    EXPECT_EQ(end.fate, i == 3 || i == 7 ? Fate::not_appended : Fate::appended) << i << " " << end.detail;
    if (i == 3) {
      EXPECT_EQ(end.reason, Reason::invalid);
      EXPECT_NE(end.detail, "");
    }
  }
  EXPECT_EQ(values(name), (std::vector<std::string>{"0", "1", "2", "4", "5", "6", "8", "9"}));
  EXPECT_EQ(producer.driver().counters().producer_ids, 1u);
}

TEST_P(RealProduce, ATimestampThatTheTopicRefusesDoesNotCostItsNeighbours) {
  const std::string name = topic({{"message.timestamp.after.max.ms", "3600000"}});
  RunningProducer producer(bootstrap());
  log::Record far;
  far.topic = name;
  far.partition = 0;
  far.value = "from the future";
  far.timestamp_ms = RunningProducer::now_ms() + 86'400'000;
  const log::AppendId before = producer.append(name, "before");
  const log::AppendId future = producer.append(far);
  const log::AppendId after = producer.append(name, "after");
  EXPECT_EQ(producer.end(before).fate, Fate::appended);
  EXPECT_EQ(producer.end(after).fate, Fate::appended);
  EXPECT_EQ(producer.end(future).fate, Fate::not_appended);
  EXPECT_EQ(producer.end(future).reason, Reason::internal) << "the time is the gateway's";
  EXPECT_NE(producer.end(future).detail.find("clock"), std::string::npos) << producer.end(future).detail;
  EXPECT_EQ(values(name), (std::vector<std::string>{"before", "after"}));
}

TEST_P(RealProduce, ATopicOrPartitionThatDoesNotExistIsNamed) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  const core::Delivery nowhere = producer.deliver(unique_name("nowhere"), "x");
  EXPECT_EQ(nowhere.fate, Fate::not_appended);
  EXPECT_EQ(nowhere.reason, Reason::unknown_topic);
  const core::Delivery beyond = producer.deliver(name, "x", 3);
  EXPECT_EQ(beyond.fate, Fate::not_appended);
  EXPECT_EQ(beyond.reason, Reason::invalid);
  EXPECT_TRUE(values(name).empty());
}

TEST_P(RealProduce, ATopicAndAPartitionAreUsedAsSoonAsTheyExist) {
  RunningProducer producer(bootstrap());
  ASSERT_EQ(producer.deliver(topic(), "metadata is known").fate, Fate::appended);
  const std::string young = topic({}, 1);
  EXPECT_EQ(producer.deliver(young, "a").fate, Fate::appended);
  add_partitions(bootstrap(), young, 2);
  EXPECT_EQ(producer.deliver(young, "b", 1).fate, Fate::appended);
}

TEST_P(RealProduce, ATopicMadeAgainIsAnotherTopic) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(producer.deliver(name, "old").fate, Fate::appended);
  const core::Delivery before = producer.deliver(name, "old");
  delete_topic(bootstrap(), name);
  create_topic(bootstrap(), name);
  // What is known of the old topic may leave the first ones unknown; they are never wrong.
  core::Delivery end;
  for (int i = 0; i < 50; ++i) {
    end = producer.deliver(name, "new");
    if (end.fate == Fate::appended && end.topic_id != before.topic_id) break;
  }
  EXPECT_EQ(end.fate, Fate::appended);
  EXPECT_NE(end.topic_id, before.topic_id);
  const std::vector<Record> read = read_all(bootstrap(), name);
  ASSERT_FALSE(read.empty());
  EXPECT_EQ(read.back().offset, end.offset);
}

TEST_P(RealProduce, OneTurnsAppendsAreOneBatchAndKeepTheirOrder) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  ASSERT_EQ(producer.deliver(name, "first").fate, Fate::appended);
  const kafka::ProduceCounters before = producer.driver().counters();
  std::vector<log::AppendId> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(producer.append(name, std::to_string(i)));
  core::Offset offset = 0;
  for (const log::AppendId id : ids) EXPECT_EQ(producer.end(id).offset, ++offset);
  EXPECT_EQ(producer.driver().counters().batches - before.batches, 1u);
  const std::vector<std::string> read = values(name);
  ASSERT_EQ(read.size(), 1001u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(read[static_cast<std::size_t>(i) + 1], std::to_string(i));
}

TEST_P(RealProduce, SequencesWrapAsTheBrokerExpects) {
  const std::string name = topic();
  kafka::ProduceOptions options;
  options.producer.first_sequence = std::numeric_limits<std::int32_t>::max() - 4;
  RunningProducer producer(bootstrap(), options);
  for (int batch = 0; batch < 4; ++batch) {
    std::vector<log::AppendId> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(producer.append(name, "x"));
    for (const log::AppendId id : ids) EXPECT_EQ(producer.end(id).fate, Fate::appended) << batch;
  }
  EXPECT_EQ(producer.driver().counters().producer_ids, 1u);
  EXPECT_EQ(values(name).size(), 12u);
}

TEST_P(RealProduce, WithoutAKeyEveryPartitionGetsItsTurn) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  std::set<core::Partition> used;
  for (int i = 0; i < 9; ++i) used.insert(producer.deliver(name, "x", std::nullopt).partition);
  EXPECT_EQ(used.size(), 3u);
}

TEST_P(RealProduce, StopAppendsWhatIsQueued) {
  const std::string name = topic();
  RunningProducer producer(bootstrap());
  std::vector<log::AppendId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(producer.append(name, "x", i % 3));
  bool done = false;
  producer.driver().stop(kBound, [&] { done = true; });
  ASSERT_TRUE(producer.until([&] { return done; }));
  for (const log::AppendId id : ids) EXPECT_EQ(producer.end(id).fate, Fate::appended);
  EXPECT_EQ(values(name).size(), 100u);
}

// Both other client families read keys, values, nulls and headers.
TEST(RealProduceReaders, JavaAndKafkaJsReadWhatWasAppended) {
  const std::string name = create_unique_topic(kafka(), "produce", 1);
  RunningProducer producer(kafka());
  log::Record full;
  full.topic = name;
  full.key = "k";
  full.value = "v";
  full.headers = {{"tidemark-id", "id-1"}, {"content-type", "text/plain"}};
  log::Record null;
  null.topic = name;
  null.key = "";
  const log::AppendId first = producer.append(full);
  const log::AppendId second = producer.append(null);
  ASSERT_EQ(producer.end(first).fate, Fate::appended);
  ASSERT_EQ(producer.end(second).fate, Fate::appended);
  for (const auto& command : {java_reader(kafka(), name, 2), kafkajs_reader(kafka(), name, 2)}) {
    Process reader(command);
    const auto status = reader.wait();
    ASSERT_TRUE(status) << reader.output();
    EXPECT_NE(reader.output().find("record 0 0 key=\"k\" value=\"v\" tidemark-id=\"id-1\" content-type=\"text/plain\""),
              std::string::npos)
        << reader.output();
    EXPECT_NE(reader.output().find("record 0 1 key=\"\" value=null"), std::string::npos) << reader.output();
  }
}

}  // namespace
}  // namespace tidemark::test
