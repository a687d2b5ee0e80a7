// A cluster of a few records, and an answer about one of them, for the tests of verify.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "gateway/ack_record.h"
#include "gateway/verify.h"

namespace tidemark::gateway {

using Verdict = Finding::Verdict;

struct Held {
  std::string key, value, id;
  bool transactional = false;
};

class Log {
 public:
  void put(const std::string& topic, core::Partition partition, core::Offset offset, Held record) {
    records_[{topic, partition}][offset] = std::move(record);
  }
  void deny(const std::string& topic) { denied_ = topic; }
  void partitions(const std::string& topic, core::Partition count) { partitions_[topic] = count; }
  Cluster cluster() { return {scan(), about()}; }

 private:
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
  std::function<Result<kafka::RecordScan::About>(const std::string&)> about() {
    return [this](const std::string& topic) -> Result<kafka::RecordScan::About> {
      const auto found = partitions_.find(topic);
      if (found == partitions_.end()) return Error{ErrorKind::not_found, "no topic"};
      return kafka::RecordScan::About{Uuid{{7}}, found->second};
    };
  }

  std::map<std::string, core::Partition> partitions_;
  std::map<std::pair<std::string, core::Partition>, std::map<core::Offset, Held>> records_;
  std::string denied_;
};

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text.push_back(static_cast<char>(value >> shift));
  return text;
}
inline std::string str(const std::string& text) { return big_endian(text.size(), 2) + text; }

// Kafka's OffsetCommitKey version 1 and OffsetCommitValue version 3.
inline Held commit(const std::string& group, const std::string& topic, std::uint64_t partition, std::uint64_t offset) {
  return {big_endian(1, 2) + str(group) + str(topic) + big_endian(partition, 4),
          big_endian(3, 2) + big_endian(offset, 8) + big_endian(0, 4) + str("") + big_endian(0, 8), ""};
}

inline const std::string kId = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

inline std::string answer(const std::string& consumer) {
  return R"({"id":")" + kId + R"(","topic":"orders","partition":2,"offset":10,"consumers":[)" + consumer + "]}";
}
inline const std::string kByCommit =
    R"({"name":"views","outcome":"processed","evidence":{"source":"commit","committed":11,"anchor":10,)"
    R"("commits_partition":7,"commits_offset":100}})";

inline Verdict verdict(Log& log, const std::string& text, std::size_t which = 1) {
  const auto findings = verify(text, log.cluster());
  if (!findings.ok() || findings->size() <= which) {
    ADD_FAILURE() << (findings.ok() ? "too few findings" : findings.error().message);
    return Verdict::unknown;
  }
  EXPECT_FALSE((*findings)[which].detail.empty());
  return (*findings)[which].verdict;
}

}  // namespace tidemark::gateway
