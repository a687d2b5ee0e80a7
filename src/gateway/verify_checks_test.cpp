// Each kind of evidence, and answers over several positions: verify_checks.cpp.
#include "gateway/verify_checks.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "gateway/verify_fixture.h"

namespace tidemark::gateway {
namespace {

std::string over(const std::string& positions, const std::string& consumer) {
  return R"({"mark":"m","positions":[)" + positions + R"(],"settled":true,"consumers":[)" + consumer + "]}";
}
const std::string kTwo = R"({"topic":"orders","partition":2,"offset":10},{"topic":"orders","partition":3,"offset":20})";
const std::string kEmpty = R"({"topic":"orders","partition":4,"offset":null})";
const std::string kOfFirst = R"("topic":"orders","partition":2,"offset":10,)";

std::string by_commit(const std::string& where, const std::string& committed = "11") {
  return R"({"name":"views","outcome":"processed","evidence":{"source":"commit",)" + where + R"("committed":)" + committed +
         R"(,"anchor":10,"commits_partition":7,"commits_offset":100}})";
}

class VerifyPositions : public ::testing::Test {
 protected:
  VerifyPositions() {
    log.put("orders", 2, 10, {"", "v", ""});
    log.put("orders", 3, 20, {"", "v", ""});
    log.put("__consumer_offsets", 7, 90, commit("views", "orders", 2, 10));
    log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 11));
    log.partitions("__tidemark_acks", 2);
  }
  std::string detail(const std::string& text, std::size_t which) { return verify(text, log.cluster())->at(which).detail; }
  Log log;
};

TEST_F(VerifyPositions, TheOneThatTheEvidenceIsOfIsCheckedAndTheOthersAreLookedFor) {
  const std::string both = over(kTwo + "," + kEmpty, by_commit(kOfFirst));
  EXPECT_EQ(verdict(log, both, 0), Verdict::right);
  EXPECT_EQ(verdict(log, both, 1), Verdict::right);
  EXPECT_EQ(verdict(log, both, 2), Verdict::unknown) << "it reads the topic, and has committed nothing of partition 3";
  EXPECT_EQ(verify(both, log.cluster())->size(), 3U) << "an empty partition has no event";
  log.put("__consumer_offsets", 7, 80, commit("views", "orders", 3, 20));
  EXPECT_EQ(verdict(log, both, 2), Verdict::unknown);
  log.put("__consumer_offsets", 7, 120, commit("views", "orders", 3, 21));
  EXPECT_EQ(verdict(log, both, 2), Verdict::right);
  EXPECT_NE(detail(both, 2).find("1 other positions"), std::string::npos) << detail(both, 2);
  EXPECT_EQ(verdict(log, over(kTwo, by_commit(kOfFirst, "12")), 2), Verdict::wrong);
}

TEST_F(VerifyPositions, ATopicOfWhichAConsumerSaidNothingIsNotAskedOfIt) {
  log.put("clicks", 0, 5, {"", "v", ""});
  const std::string two_topics = over(R"({"topic":"orders","partition":2,"offset":10},{"topic":"clicks","partition":0,"offset":5})",
                                      by_commit(kOfFirst));
  EXPECT_EQ(verdict(log, two_topics, 2), Verdict::right);
}

TEST_F(VerifyPositions, OneInAListNeedsNoName) {
  EXPECT_EQ(verdict(log, over(R"({"topic":"orders","partition":2,"offset":10})", by_commit(""))), Verdict::right);
  EXPECT_EQ(verdict(log, over(kTwo, by_commit("")), 2), Verdict::unknown) << "of which?";
  EXPECT_EQ(verdict(log, over(kTwo, by_commit(R"("topic":"x","partition":2,"offset":10,)")), 2), Verdict::unknown);
  EXPECT_TRUE(verify(over(kEmpty, ""), log.cluster())->empty());
}

TEST_F(VerifyPositions, AcksOfTheOthersAreLookedForToo) {
  const std::string text = over(kTwo, R"({"name":"views","outcome":"processed","evidence":{"source":"ack",)" + kOfFirst +
                                          R"("acked":[9,10]}})");
  AckRecord ack;
  ack.consumer = "views";
  ack.topic = "orders";
  ack.partition = 2;
  ack.offsets = {9, 10};
  log.put("__tidemark_acks", 0, 1, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, text, 2), Verdict::unknown);
  ack.partition = 3;
  ack.offsets = {20, 20};
  log.put("__tidemark_acks", 1, 1, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, text, 2), Verdict::right);
}

// The completed offsets that the Parallel Consumer writes beside a commit's offset.
TEST(VerifyCommit, OneThatNamesTheEventAboveItsOffsetIsEnough) {
  const auto claimed = [](const std::string& more) {
    return answer(R"({"name":"views","outcome":"processed","evidence":{"source":"commit","committed":9,"anchor":9,)" + more +
                  R"("commits_partition":7,"commits_offset":100}})");
  };
  Log log;
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 9));
  EXPECT_EQ(verdict(log, claimed("")), Verdict::wrong) << "it does not lie above the event";
  EXPECT_EQ(verdict(log, claimed(R"("acked":[10,10],)")), Verdict::wrong) << "its metadata names nothing";
  Held named = commit("views", "orders", 2, 9);
  // Offset 9 is not done, offset 10 is: the format of done_above.h.
  named.value = big_endian(3, 2) + big_endian(9, 8) + big_endian(0, 4) + str("ZQAAAAEAAAAC") + big_endian(0, 8);
  log.put("__consumer_offsets", 7, 100, named);
  EXPECT_EQ(verdict(log, claimed(R"("acked":[10,10],)")), Verdict::right);
}

TEST(VerifyAcks, TheLatestAckDecides) {
  AckRecord ack;
  ack.consumer = "views";
  ack.topic = "orders";
  ack.partition = 2;
  ack.offsets = {9, 10};
  Log log;
  log.partitions("__tidemark_acks", 1);
  log.put("__tidemark_acks", 0, 1, {"k", value_of(ack), ""});
  const std::string by_ack = R"({"name":"views","outcome":"processed","evidence":{"source":"ack","acked":[9,10]}})";
  EXPECT_EQ(verdict(log, answer(by_ack)), Verdict::right);
  ack.failed = true;
  log.put("__tidemark_acks", 0, 2, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, answer(by_ack)), Verdict::wrong);
  log.put("__tidemark_acks", 0, 3, {"k", R"({"consumer":"views","id":")" + kId + "\"}", ""});
  EXPECT_EQ(verdict(log, answer(by_ack)), Verdict::wrong) << "an id alone is no ack";
  EXPECT_EQ(verdict(log, answer(R"({"name":"mailer","outcome":"processed","evidence":{"source":"ack"}})")),
            Verdict::unknown);
}

TEST(VerifyAcks, AreReadInAllPartitions) {
  AckRecord ack;
  ack.consumer = "views";
  ack.topic = "orders";
  ack.partition = 2;
  ack.offsets = {10, 10};
  Log log;
  const std::string by_ack = answer(R"({"name":"views","outcome":"processed","evidence":{"source":"ack","acked":[10,10]}})");
  EXPECT_EQ(verdict(log, by_ack), Verdict::unknown) << "there is no topic of acks";
  log.partitions("__tidemark_acks", 3);
  EXPECT_EQ(verdict(log, by_ack), Verdict::unknown);
  log.put("__tidemark_acks", 2, 9, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, by_ack), Verdict::right);
  ack.failed = true;
  log.put("__tidemark_acks", 1, 4, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, by_ack), Verdict::unknown) << "which of the two was read last?";
  log.put("__tidemark_acks", 2, 10, {"k", value_of(ack), ""});
  EXPECT_EQ(verdict(log, by_ack), Verdict::wrong);
}

using Batches = std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>>;  // first, last, delivery state
constexpr std::uint64_t kAcknowledged = 2, kArchived = 4;

constexpr std::uint64_t kNone = ~std::uint64_t{0};  // -1

// Kafka's ShareSnapshotKey (type 0) and ShareUpdateKey (1), version 0.
std::string state_key(std::uint64_t type, const std::string& group = "workers") {
  const Uuid topic{{7}};
  return big_endian(type, 2) + str(group) + std::string(topic.bytes.begin(), topic.bytes.end()) + big_endian(2, 4);
}

// ShareSnapshotValue and ShareUpdateValue, version 0.
Held state(std::uint64_t type, std::uint64_t start, const Batches& batches, const std::string& group = "workers") {
  std::string value = big_endian(0, 2) + big_endian(0, 4);
  if (type == 0) value += big_endian(0, 4);
  value += big_endian(0, 4) + big_endian(start, 8);
  if (type == 0) value += big_endian(0, 8) + big_endian(0, 8);
  value += big_endian(batches.size() + 1, 1);
  for (const auto& [first, last, delivery] : batches)
    value += big_endian(first, 8) + big_endian(last, 8) + big_endian(delivery, 1) + big_endian(1, 2) + big_endian(0, 1);
  return {state_key(type, group), value + big_endian(0, 1), ""};
}

class VerifyShare : public ::testing::Test {
 protected:
  VerifyShare() { log.partitions("orders", 3); }
  void snapshot(core::Offset at, std::uint64_t start, const Batches& batches = {}) {
    log.put("__share_group_state", 5, at, state(0, start, batches));
  }
  void update(core::Offset at, std::uint64_t start, const Batches& batches = {}) {
    log.put("__share_group_state", 5, at, state(1, start, batches));
  }
  Verdict said(const std::string& outcome) {
    return verdict(log, answer(R"({"name":"workers","outcome":")" + outcome + R"(","evidence":{"source":"share","committed":9,)" +
                               R"("anchor":9,"acked":[10,10],"state_partition":5,"state_offset":40}})"));
  }
  Log log;
};

TEST_F(VerifyShare, WhatItsStateAcknowledgesIsRight) {
  snapshot(30, 8);
  update(40, kNone, {{10, 12, kAcknowledged}});
  EXPECT_EQ(said("processed"), Verdict::right);
  EXPECT_EQ(said("failed"), Verdict::wrong);
  update(50, 14);
  EXPECT_EQ(said("processed"), Verdict::right) << "it has gone past it since";
  snapshot(60, 10, {{10, 12, kArchived}});
  EXPECT_EQ(said("processed"), Verdict::right) << "what is said later decides nothing";
}

TEST_F(VerifyShare, WhatItGaveUpHasFailed) {
  snapshot(30, 8);
  update(40, kNone, {{10, 10, kArchived}, {11, 12, kAcknowledged}});
  EXPECT_EQ(said("failed"), Verdict::right);
  EXPECT_EQ(said("processed"), Verdict::wrong);
}

TEST_F(VerifyShare, GoingPastTheEventIsEnoughWhereItIsSeenFromBelow) {
  update(40, 20);
  EXPECT_EQ(said("processed"), Verdict::unknown) << "what it did below is not kept";
  snapshot(30, 8);
  EXPECT_EQ(said("processed"), Verdict::right);
  EXPECT_EQ(said("failed"), Verdict::unknown);
}

TEST_F(VerifyShare, WhatTheStateDoesNotSayIsWrongOrGone) {
  EXPECT_EQ(said("processed"), Verdict::unknown) << "nothing is there";
  snapshot(30, 8);
  EXPECT_EQ(said("processed"), Verdict::unknown) << "the record that the evidence names is not";
  update(40, kNone, {{11, 12, kAcknowledged}});
  EXPECT_EQ(said("processed"), Verdict::wrong);
  log.put("__share_group_state", 5, 40, state(1, kNone, {{10, 10, kAcknowledged}}, "others"));
  EXPECT_EQ(said("processed"), Verdict::wrong) << "of another group";
  log.deny("__share_group_state");
  EXPECT_EQ(said("processed"), Verdict::unknown);
}

TEST_F(VerifyShare, WithoutARecordNamedThereIsNothingToRead) {
  EXPECT_EQ(verdict(log, answer(R"({"name":"workers","outcome":"processed","evidence":{"source":"share"}})")), Verdict::unknown);
  Log empty;
  EXPECT_EQ(verdict(empty, answer(R"({"name":"workers","outcome":"processed","evidence":{"source":"share",)"
                                  R"("state_partition":5,"state_offset":40}})")),
            Verdict::unknown)
      << "the topic is gone";
}

}  // namespace
}  // namespace tidemark::gateway
