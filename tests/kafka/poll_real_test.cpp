// KafkaLog that may not read the commit log, or is told not to, against real
// brokers: poller.cpp, poll_plan.cpp and log_access.cpp of src/kafka.
#include <gtest/gtest.h>

#include <ostream>

#include "running_log.h"
#include "support/admin.h"
#include "support/consumer.h"
#include "support/environment.h"
#include "support/own_broker.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

struct Broker {
  const char* name;
  std::string (*address)();
  friend void PrintTo(const Broker& broker, std::ostream* out) { *out << broker.name; }
};

class KafkaPoll : public testing::TestWithParam<Broker> {
 protected:
  std::string address() const { return GetParam().address(); }
  kafka::KafkaConfig polling() const {
    kafka::KafkaConfig config;
    config.bootstrap = address();
    config.positions = kafka::Positions::poll;
    return config;
  }
};

INSTANTIATE_TEST_SUITE_P(Each, KafkaPoll, testing::Values(Broker{"kafka44", kafka}, Broker{"kafka39", kafka39}),
                         [](const auto& broker) { return std::string(broker.param.name); });

bool is_empty(const SeenGroup& group) { return group.exists && group.managed && group.members == 0; }

// Whether the commit was told while the group was known to be empty: what core
// takes for a reset.
bool by_hand(const RunningLog& log, const SeenCommit& commit) {
  bool empty = false;
  for (const SeenGroup& state : log.states_of(commit.group)) {
    if (state.at.partition == commit.at.partition && state.at.offset > commit.at.offset) break;
    empty = is_empty(state);
  }
  return empty;
}

TEST_P(KafkaPoll, PollingEndsWhereTheTailEndsOnTheSameRun) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  RunningLog tail(address());
  RunningLog poll(polling());
  poll.set_open({{group, {}}});
  ASSERT_TRUE(tail.wait_synced());
  ASSERT_TRUE(poll.wait_synced());
  const auto both_see = [&](core::Offset offset) {
    const auto told = tail.wait_commit(group, topic, 1, offset);
    const auto asked = poll.wait_commit(group, topic, 1, offset);
    return told && asked && asked->at.partition == core::kPolledLog && by_hand(tail, *told) == by_hand(poll, *asked);
  };
  {
    Consumer consumer({.bootstrap = address(), .group = group, .topic = topic, .commit = Commit::kEachRecord});
    ASSERT_TRUE(consumer.wait_assigned());
    const auto joined = [&](const SeenGroup& seen) { return seen.members == 1 && seen.topics_known; };
    EXPECT_TRUE(tail.wait_group(group, joined));
    EXPECT_TRUE(poll.wait_group(group, joined));
    for (core::Offset i = 1; i <= 5; ++i) {
      produce(address(), topic, {.value = "v", .partition = 1});
      EXPECT_TRUE(both_see(i)) << i;
    }
  }
  EXPECT_TRUE(tail.wait_group(group, is_empty));
  EXPECT_TRUE(poll.wait_group(group, is_empty));
  const auto last = poll.wait_commit(group, topic, 1, 5);
  ASSERT_TRUE(last);
  EXPECT_FALSE(by_hand(poll, *last));
  reset_offset(address(), group, topic, 1, 0);
  EXPECT_TRUE(both_see(0));
  const auto reset = poll.wait_commit(group, topic, 1, 0);
  ASSERT_TRUE(reset);
  EXPECT_TRUE(by_hand(poll, *reset));
  delete_group(address(), group);
  const auto gone = [](const SeenGroup& seen) { return !seen.exists; };
  EXPECT_TRUE(tail.wait_group(group, gone));
  EXPECT_TRUE(poll.wait_group(group, gone));
  EXPECT_EQ(poll.counters().tail.fetches, 0U);
  EXPECT_TRUE(poll.lost().empty());
}

TEST_P(KafkaPoll, AnAssignOnlyGroupAndItsCommitBeforeTheStartAreKnown) {
  const std::string topic = create_unique_topic(address());
  const std::string group = unique_name("group");
  commit_offset(address(), group, topic, 0, 3);
  RunningLog poll(polling());
  poll.set_open({{group, {}}});
  ASSERT_TRUE(poll.wait_synced());
  const auto seeds = poll.seeds_of(group);
  ASSERT_EQ(seeds.size(), 1U);
  EXPECT_EQ(seeds[0].rows.at({topic, 0}), 3);
  commit_offset(address(), group, topic, 0, 4);
  EXPECT_TRUE(poll.wait_commit(group, topic, 0, 4));
  EXPECT_EQ(poll.commits_of(group).size(), 1U);
}

TEST(DeniedCommitLog, IsFoundWhileRunningAndAtTheStart) {
  OwnBroker broker(kWithAcls);
  const std::string address = broker.address();
  const std::string topic = create_unique_topic(address);
  const auto commits = [&](core::Offset offset) {
    return eventually(
        [&] {
          try {
            commit_offset(address, "views", topic, 1, offset);
            return true;
          } catch (const std::runtime_error&) {
            return false;  // the topic is being made
          }
        },
        kBrokerBound);
  };
  ASSERT_TRUE(commits(1));
  RunningLog log(address);
  ASSERT_TRUE(log.wait_synced());
  EXPECT_FALSE(log.counters().poll.polling);
  log.set_open({{"views", {}}});

  deny_commit_log(address, RD_KAFKA_ACL_OPERATION_READ);
  ASSERT_TRUE(log.wait_synced(2));
  EXPECT_EQ(log.lost().size(), 1U);
  EXPECT_TRUE(log.counters().poll.polling);
  ASSERT_TRUE(commits(2));
  const auto commit = log.wait_commit("views", topic, 1, 2);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->at.partition, core::kPolledLog);

  RunningLog unreadable(address);
  ASSERT_TRUE(eventually([&] { return unreadable.counters().poll.polling && unreadable.synced() > 0; }));

  // Now it is left out of the list of topics, too.
  deny_commit_log(address, RD_KAFKA_ACL_OPERATION_DESCRIBE);
  RunningLog hidden(address);
  ASSERT_TRUE(hidden.wait_synced());
  EXPECT_TRUE(hidden.counters().poll.polling);
  EXPECT_TRUE(hidden.lost().empty());
  hidden.set_open({{"views", {}}});
  ASSERT_TRUE(commits(3));
  EXPECT_TRUE(hidden.wait_commit("views", topic, 1, 3));
}

}  // namespace
}  // namespace tidemark::test
