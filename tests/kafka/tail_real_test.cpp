// KafkaLog against real brokers: kafka_log.cpp, tail_driver.cpp, group_asker.cpp,
// ends_asker.cpp of src/kafka.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "running_log.h"
#include "support/admin.h"
#include "support/clients.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/records.h"
#include "support/transactional_producer.h"

namespace tidemark::test {
namespace {

struct Broker {
  const char* name;
  std::string (*address)();
  friend void PrintTo(const Broker& broker, std::ostream* out) { *out << broker.name; }
};

class KafkaTail : public testing::TestWithParam<Broker> {
 protected:
  std::string address() const { return GetParam().address(); }
};

INSTANTIATE_TEST_SUITE_P(Each, KafkaTail, testing::Values(Broker{"kafka44", kafka}, Broker{"kafka39", kafka39}),
                         [](const auto& broker) { return std::string(broker.param.name); });

// The partition of __consumer_offsets that Kafka gives a group; only to choose
// names that share one, never what the code under test relies on.
std::int64_t offsets_partition(const std::string& group) {
  std::uint32_t hash = 0;
  for (const char c : group) hash = hash * 31U + static_cast<std::uint32_t>(c);
  return std::abs(std::int64_t{static_cast<std::int32_t>(hash)}) % 50;
}

// A group whose records share a partition with those of `group`.
std::string neighbour_of(const std::string& group) {
  for (int i = 0;; ++i) {
    std::string name = unique_name("neighbour" + std::to_string(i));
    if (offsets_partition(name) == offsets_partition(group)) return name;
  }
}

bool is_empty(const SeenGroup& group) { return group.exists && group.managed && group.members == 0; }

TEST_P(KafkaTail, CommitsOfAConsumerArriveWithTheirPositions) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  Consumer consumer({.bootstrap = address(), .group = group, .topic = topic, .commit = Commit::kEachRecord});
  ASSERT_TRUE(consumer.wait_assigned());
  for (int i = 0; i < 3; ++i) produce(address(), topic, {.value = "v", .partition = 1});
  const auto commit = log.wait_commit(group, topic, 1, 3);
  ASSERT_TRUE(commit);
  EXPECT_GE(commit->at.partition, 0);
  EXPECT_EQ(commit->settled_at, commit->at.offset);
  const auto commits = log.commits_of(group);
  EXPECT_TRUE(std::is_sorted(commits.begin(), commits.end(),
                             [](const auto& a, const auto& b) { return a.at.offset < b.at.offset; }));
  const auto state = log.wait_topic(topic);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->partitions, 3);
  EXPECT_FALSE(state->topic_id.is_nil());
  EXPECT_TRUE(commit->topic_id.is_nil() || commit->topic_id == state->topic_id);
}

TEST_P(KafkaTail, AHungTransactionOfOneGroupDelaysNoOther) {
  const std::string topic = create_unique_topic(address());
  const std::string hung = unique_name("hung");
  const std::string free = neighbour_of(hung);
  commit_offset(address(), hung, topic, 0, 2);  // Kafka calls only a row unstable that is there already
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.send_offset(hung, topic, 0, 5);
  commit_offset(address(), free, topic, 0, 1);
  const auto other = log.wait_commit(free, topic, 0, 1);
  ASSERT_TRUE(other);
  EXPECT_TRUE(log.commits_of(hung).empty());
  EXPECT_EQ(log.counters().tail.open_transactions, 1U);
  const std::uint64_t question = log.ask_rows(hung);
  const auto rows = log.wait_rows(free, log.ask_rows(free));
  EXPECT_EQ(rows, (RunningLog::Rows{{{topic, 0}, 1}}));
  producer.commit();
  EXPECT_EQ(log.wait_rows(hung, question), (RunningLog::Rows{{{topic, 0}, 5}})) << "not before it was settled";
  const auto settled = log.wait_commit(hung, topic, 0, 5);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->at.partition, other->at.partition);
  EXPECT_LT(settled->at.offset, other->at.offset);
  EXPECT_GT(settled->settled_at, other->at.offset);
  EXPECT_EQ(log.counters().tail.held_records, 0U);
}

TEST_P(KafkaTail, AnAbortedCommitIsNeverDelivered) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.send_offset(group, topic, 0, 5);
  producer.abort();
  producer.begin();
  producer.send_offset(group, topic, 0, 6);
  producer.commit();
  ASSERT_TRUE(log.wait_commit(group, topic, 0, 6));
  EXPECT_EQ(log.commits_of(group).size(), 1U);
}

TEST_P(KafkaTail, AStartMissesNothingAndReplaysNothing) {
  const std::string topic = create_unique_topic(address());
  const std::string before = unique_name("before");
  commit_offset(address(), before, topic, 0, 3);
  commit_offset(address(), before, topic, 2, 4);
  commit_offset(address(), before, topic, 0, 7);
  const std::string open = unique_name("open");
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.send_offset(open, topic, 1, 9);

  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  const auto seeds = log.seeds_of(before);
  ASSERT_EQ(seeds.size(), 1U);
  const std::map<std::pair<std::string, core::Partition>, core::Offset> rows{{{topic, 0}, 7}, {{topic, 2}, 4}};
  EXPECT_EQ(seeds[0].rows, rows);
  EXPECT_EQ(seeds[0].as_of.size(), 50U);
  EXPECT_TRUE(log.commits_of(before).empty());
  EXPECT_TRUE(log.commits_of(open).empty());
  ASSERT_TRUE(log.wait_group(before, [](const SeenGroup& group) { return group.exists; }));
  EXPECT_FALSE(log.states_of(before).back().managed);
  EXPECT_EQ(log.states_of(before).back().members, 0);

  producer.commit();
  const auto settled = log.wait_commit(open, topic, 1, 9);
  ASSERT_TRUE(settled);
  EXPECT_GT(settled->settled_at, settled->at.offset);
  commit_offset(address(), before, topic, 0, 2);
  const auto later = log.wait_commit(before, topic, 0, 2);
  ASSERT_TRUE(later);
  EXPECT_GE(later->at.offset, seeds[0].as_of[static_cast<std::size_t>(later->at.partition)]);
}

TEST_P(KafkaTail, CommitsMadeWhileItStartsAreToldByTheSeedOrTheTail) {
  const std::string topic = create_unique_topic(address());
  std::vector<std::string> groups;
  for (int i = 0; i < 20; ++i) groups.push_back(unique_name("racing" + std::to_string(i)));
  std::optional<RunningLog> log;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == groups.size() / 4) log.emplace(address());
    commit_offset(address(), groups[i], topic, 0, 5);
  }
  ASSERT_TRUE(log->wait_synced());
  for (const auto& group : groups) {
    const auto knows = [&] {
      const auto seeds = log->seeds_of(group);
      const bool seeded = std::any_of(seeds.begin(), seeds.end(),
                                      [&](const SeenSeed& seed) { return seed.rows.contains({topic, 0}); });
      return seeded || !log->commits_of(group).empty();
    };
    EXPECT_TRUE(eventually(knows)) << group;
  }
}

TEST_P(KafkaTail, MembersAndTopicsOfAClassicGroupAreKnownAndItsLeavingIsSeen) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  const auto joined = [&](const SeenGroup& seen) {
    return seen.exists && seen.managed && seen.members == 1 && seen.topics_known &&
           seen.topics == std::vector<std::string>{topic} && !seen.client.empty();
  };
  {
    Consumer consumer({.bootstrap = address(), .group = group, .topic = topic});
    ASSERT_TRUE(consumer.wait_assigned());
    EXPECT_TRUE(log.wait_group(group, joined));
    // One that starts now has to ask for the same.
    RunningLog late(address());
    ASSERT_TRUE(late.wait_synced());
    EXPECT_TRUE(late.wait_group(group, joined));
  }
  EXPECT_TRUE(log.wait_group(group, is_empty));
  delete_group(address(), group);
  EXPECT_TRUE(log.wait_group(group, [](const SeenGroup& seen) { return !seen.exists; }));
}

TEST_P(KafkaTail, AClientThatOnlyCommitsIsAnUnmanagedGroup) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  commit_offset(address(), group, topic, 0, 1);
  const auto unmanaged = [](const SeenGroup& seen) { return seen.exists && !seen.managed && seen.members == 0; };
  EXPECT_TRUE(log.wait_group(group, unmanaged));
}

TEST_P(KafkaTail, DeletingAGroupDeletesItsRows) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  commit_offset(address(), group, topic, 2, 1);
  ASSERT_TRUE(log.wait_commit(group, topic, 2, 1));
  delete_group(address(), group);
  EXPECT_TRUE(log.wait_commit(group, topic, 2, core::kNoOffset));
}

TEST_P(KafkaTail, EndsAreAnsweredForEveryQuestion) {
  const std::string topic = create_unique_topic(address());
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  ASSERT_TRUE(log.wait_topic(topic));
  for (int i = 0; i < 3; ++i) produce(address(), topic, {.value = "v", .partition = 1});
  TransactionalProducer producer(address(), unique_name("tx"));
  producer.begin();
  producer.produce(topic, {.value = "open", .partition = 1});
  log::EndsQuery query;
  query.topic = topic;
  query.partition = 1;
  query.log_start = query.last_stable = true;
  query.number = 1;
  log.ask_ends(query);
  const auto ends = log.wait_ends(topic, 1, 1);
  ASSERT_TRUE(ends);
  EXPECT_EQ(ends->log_start, 0);
  EXPECT_EQ(ends->last_stable, 3);
  EXPECT_EQ(ends->high_watermark, 4);
  EXPECT_EQ(ends->topic_id, log.topic(topic)->topic_id);

  query.log_start = query.last_stable = false;
  for (std::uint64_t number = 2; number < 300; ++number) {
    query.number = number;
    query.partition = static_cast<core::Partition>(number % 3);
    log.ask_ends(query);
  }
  for (core::Partition partition = 0; partition < 3; ++partition) {
    const auto last = log.wait_ends(topic, partition, 297 + static_cast<std::uint64_t>(partition));
    ASSERT_TRUE(last);
    EXPECT_EQ(last->log_start, core::kNoOffset);
    EXPECT_EQ(last->high_watermark, partition == 1 ? 4 : 0);
  }
}

TEST_P(KafkaTail, AnAppendIsDeliveredAndAfterStopNothingIsTold) {
  const std::string topic = create_unique_topic(address());
  RunningLog log(address());
  ASSERT_TRUE(log.wait_topic(topic));
  log::Record record;
  record.topic = topic;
  record.value = "v";
  record.partition = 2;
  const auto delivery = log.append(std::move(record));
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->fate, core::Delivery::Fate::appended);
  EXPECT_EQ(delivery->offset, 0);
  commit_offset(address(), unique_name("group"), topic, 0, 1);
  EXPECT_EQ(log.stop(), 0U);
}

TEST_P(KafkaTail, BrokersAcceptTheFetchSessionsOfAQuietTopic) {
  RunningLog log(address());
  ASSERT_TRUE(log.wait_synced());
  const auto before = log.counters().tail.fetches;
  ASSERT_TRUE(eventually([&] { return log.counters().tail.fetches >= before + 3; }));
  EXPECT_EQ(log.counters().tail.sessions_refused, 0U);
  EXPECT_EQ(log.counters().tail.lag, 0);
}

TEST(KafkaTailOf44, AKip848GroupIsKnownWhileItRunsAndWhenItHasLeft) {
  const std::string topic = create_unique_topic(kafka());
  const std::string group = unique_name("kip848");
  RunningLog log(kafka());
  ASSERT_TRUE(log.wait_synced());
  const auto joined = [&](const SeenGroup& seen) {
    return seen.exists && seen.managed && seen.members == 1 && seen.topics_known &&
           seen.topics == std::vector<std::string>{topic};
  };
  Process consumer(java_consumer(kafka(), topic, group, "consumer"));
  ASSERT_TRUE(consumer.wait_for_line("ready")) << consumer.output();
  EXPECT_TRUE(log.wait_group(group, joined));
  {
    RunningLog late(kafka());
    ASSERT_TRUE(late.wait_synced());
    EXPECT_TRUE(late.wait_group(group, joined));
  }
  produce(kafka(), topic, {.value = "v", .partition = 1});
  const auto committed = log.wait_commit(group, topic, 1, 1);
  ASSERT_TRUE(committed);
  const std::vector<SeenChange> changes = log.changes_of(group);
  ASSERT_FALSE(changes.empty());
  using Shows = core::GroupChange::Shows;
  EXPECT_EQ(changes.front().shows, Shows::member_comes) << "told with its join, in order with its commits";
  EXPECT_EQ(changes.front().at.partition, committed->at.partition);
  EXPECT_LT(changes.front().at.offset, committed->at.offset);
  const auto named = [&](const SeenGroup& seen) { return seen.ids == std::vector<std::string>{changes.front().member}; };
  EXPECT_TRUE(log.wait_group(group, named)) << "answers name members as records do";
  consumer.terminate();
  EXPECT_TRUE(consumer.wait());
  EXPECT_TRUE(log.wait_group(group, is_empty));
  const SeenChange last = log.changes_of(group).back();
  EXPECT_EQ(last.shows, Shows::member_goes);
  EXPECT_EQ(last.member, changes.front().member);
  EXPECT_GT(last.at.offset, committed->at.offset) << "behind all that it committed";
  delete_group(kafka(), group);
  EXPECT_TRUE(log.wait_group(group, [](const SeenGroup& seen) { return !seen.exists; }));
}

}  // namespace
}  // namespace tidemark::test
