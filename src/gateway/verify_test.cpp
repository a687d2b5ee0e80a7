#include "gateway/verify.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "gateway/ack_record.h"

namespace tidemark::gateway {
namespace {

using Verdict = Finding::Verdict;

struct Held {
  std::string key, value, id;
  bool transactional = false;
};

// A cluster of a few records.
class Log {
 public:
  void put(const std::string& topic, core::Partition partition, core::Offset offset, Held record) {
    records_[{topic, partition}][offset] = std::move(record);
  }
  void deny(const std::string& topic) { denied_ = topic; }
  Scan scan() {
    return [this](const std::string& topic, core::Partition partition, core::Offset from, core::Offset until,
                  const std::function<bool(const kafka::ScannedRecord&)>& see) -> Result<core::Offset> {
      if (topic == denied_) return Error{ErrorKind::forbidden, "denied"};
      for (const auto& [offset, held] : records_[{topic, partition}]) {
        if (offset < from || offset >= until) continue;
        if (!see({offset, held.key, held.value, held.id, held.transactional})) break;
      }
      return until;
    };
  }

 private:
  std::map<std::pair<std::string, core::Partition>, std::map<core::Offset, Held>> records_;
  std::string denied_;
};

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text.push_back(static_cast<char>(value >> shift));
  return text;
}
std::string str(const std::string& text) { return big_endian(text.size(), 2) + text; }

// Kafka's OffsetCommitKey version 1 and OffsetCommitValue version 3.
Held commit(const std::string& group, const std::string& topic, std::uint64_t partition, std::uint64_t offset) {
  return {big_endian(1, 2) + str(group) + str(topic) + big_endian(partition, 4),
          big_endian(3, 2) + big_endian(offset, 8) + big_endian(0, 4) + str("") + big_endian(0, 8), ""};
}

const std::string kId = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

std::string answer(const std::string& consumer) {
  return R"({"id":")" + kId + R"(","topic":"orders","partition":2,"offset":10,"consumers":[)" + consumer + "]}";
}
const std::string kByCommit =
    R"({"name":"views","outcome":"processed","evidence":{"source":"commit","committed":11,"anchor":10,)"
    R"("commits_partition":7,"commits_offset":100}})";

Verdict verdict(Log& log, const std::string& text, std::size_t which = 1) {
  const auto findings = verify(text, log.scan());
  if (!findings.ok() || findings->size() <= which) {
    ADD_FAILURE() << (findings.ok() ? "too few findings" : findings.error().message);
    return Verdict::unknown;
  }
  EXPECT_FALSE((*findings)[which].detail.empty());
  return (*findings)[which].verdict;
}

TEST(Verify, FindsTheEventTheCommitAndTheAnchor) {
  Log log;
  log.put("orders", 2, 10, {"", "v", kId});
  log.put("__consumer_offsets", 7, 90, commit("views", "orders", 2, 10));
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 11));
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::right);
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::right);
  EXPECT_NE(verify(answer(kByCommit), log.scan())->at(1).detail.find("at the anchor 10"), std::string::npos);
}

TEST(Verify, SaysWhatIsNotSo) {
  Log log;
  log.put("orders", 2, 10, {"", "v", "another"});
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 1, 11));
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::wrong) << "another event";
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::wrong) << "of another partition";
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 12));
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::wrong) << "another offset";
  const std::string below = R"({"name":"views","outcome":"processed","evidence":{"source":"commit","committed":10,)"
                            R"("anchor":10,"commits_partition":7,"commits_offset":100}})";
  EXPECT_EQ(verdict(log, answer(below)), Verdict::wrong) << "committed is not above the event";
}

TEST(Verify, WhatTimeHasTakenCannotBeChecked) {
  Log log;
  EXPECT_EQ(verdict(log, answer(kByCommit), 0), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::unknown);
  log.deny("__consumer_offsets");
  EXPECT_EQ(verdict(log, answer(kByCommit)), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"views","outcome":"pending","evidence":{"source":"none"}})")),
            Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"views","outcome":"processed","evidence":{"source":"seed"}})")),
            Verdict::unknown);
}

std::string behind(const std::string& evidence, const std::string& outcome = "processed") {
  return answer(R"({"name":"views","outcome":")" + outcome + R"(","via":[{"name":"enricher","topic":"x","elapsed_ms":2}],)" +
                R"("evidence":{)" + evidence + "}}");
}
std::string fenced(int committed) {
  return behind(R"("source":"commit","topic":"x","partition":1,"fence":20,"committed":)" + std::to_string(committed) +
                R"(,"anchor":15,"commits_partition":7,"commits_offset":100)");
}

TEST(Verify, AConsumerBehindOthersIsHeldToItsFence) {
  Log log;
  log.put("__consumer_offsets", 7, 90, commit("views", "x", 1, 15));
  log.put("__consumer_offsets", 7, 100, commit("views", "x", 1, 20));
  EXPECT_EQ(verdict(log, fenced(20)), Verdict::right);
  log.put("__consumer_offsets", 7, 100, commit("views", "orders", 2, 20));
  EXPECT_EQ(verdict(log, fenced(20)), Verdict::wrong) << "a commit of what was published, not of the derived topic";
}

TEST(Verify, ACommitBelowTheFenceIsEnoughWhereNothingLiesBetween) {
  Log log;
  log.put("__consumer_offsets", 7, 100, commit("views", "x", 1, 18));
  log.put("x", 1, 17, {"", "v", ""});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::right) << "markers only";
  log.put("x", 1, 18, {"", "v", "", true});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::unknown) << "aborted, perhaps";
  log.put("x", 1, 19, {"", "v", ""});
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::wrong);
  log.deny("x");
  EXPECT_EQ(verdict(log, fenced(18)), Verdict::unknown);
}

TEST(Verify, WhatIsNotCheckedBehindOthersIsSaid) {
  Log log;
  EXPECT_EQ(verdict(log, behind(R"("source":"commit","committed":20)")), Verdict::unknown) << "no fence";
  EXPECT_EQ(verdict(log, behind(R"("source":"ack","topic":"x","partition":1,"fence":20)")), Verdict::unknown);
  EXPECT_EQ(verdict(log, behind(R"("source":"commit","topic":"x","partition":1,"fence":20)", "failed")), Verdict::unknown);
  EXPECT_EQ(verdict(log, answer(R"({"name":"v","outcome":"failed","evidence":{"source":"commit","committed":11}})")),
            Verdict::unknown);
}

TEST(Verify, TheLatestAckDecides) {
  AckRecord ack;
  ack.consumer = "views";
  ack.topic = "orders";
  ack.partition = 2;
  ack.offsets = {9, 10};
  Log log;
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

TEST(Verify, RefusesWhatIsNoAnswer) {
  Log log;
  for (const std::string text : {"", "[]", "{}", R"({"consumers":[]})", R"({"consumers":[],"topic":"orders"})"}) {
    const auto findings = verify(text, log.scan());
    ASSERT_FALSE(findings.ok()) << text;
    EXPECT_EQ(findings.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace tidemark::gateway
