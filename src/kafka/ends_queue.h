// Questions for the ends of partitions, gathered into rounds.
//
// A request per question would put thousands of ListOffsets in a row on a busy
// topic, each of them answered long after the next question made it moot. So
// there is one round per broker at a time; everything asked meanwhile joins the
// next one, once per partition, and the answer names the latest question it
// covers. What was asked after a round was sent is never answered by it: the end
// it tells may be older than the question.
//
// A ListOffsets request has one isolation level and names a partition once
// (Kafka: duplicates are INVALID_REQUEST), so a round is up to three requests, and
// a fourth for the ends of leader epochs. That one a broker may lack: it is given
// up after some tries, so that it keeps no other answer from coming.
//
// Pure. Threading: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "core/events.h"
#include "core/time.h"
#include "log/log.h"
#include "wire/generated/list_offsets.h"
#include "wire/generated/offset_for_leader_epoch.h"

namespace tidemark::kafka {

enum class End : std::uint8_t { high_watermark, last_stable, log_start, epoch };
inline constexpr std::size_t kEnds = 4;

class EndsQueue {
 public:
  using Key = std::pair<std::string, core::Partition>;  // topic and partition
  struct Leader {
    std::int32_t broker = -1;
    std::int32_t epoch = -1;
    Uuid topic_id;
  };
  using FindLeader = std::function<std::optional<Leader>(const Key&)>;  // nothing: none now

  // One request of a round.
  struct Asked {
    End end = End::high_watermark;
    wire::msg::ListOffsetsRequest request;
    wire::msg::OffsetForLeaderEpochRequest epochs;  // of End::epoch, instead
  };
  static constexpr int kMostEpochTries = 10;
  // An answer; the topic is the queue's until the next call.
  using Answered = std::function<void(const core::Ends&)>;

  void ask(const log::EndsQuery& query);

  // Everything that is waiting for `broker`, as one round. Empty when there is
  // nothing, or a round of that broker is under way.
  std::vector<Asked> take_round(std::int32_t broker, const FindLeader& leader, core::Time now);
  // The answer to one request of the round, or nothing if it failed. When it was
  // the round's last, complete answers go to `done`; the others wait again,
  // from `now` + a pause that grows. Returns whether some error says that the
  // metadata is out of date.
  bool answered(std::int32_t broker, const Asked& asked, const wire::msg::ListOffsetsResponse* response,
                core::Time now, const Answered& done);
  // The same for the ends of epochs. `lacks`: it failed, and always will.
  bool answered_epochs(std::int32_t broker, const Asked& asked, const wire::msg::OffsetForLeaderEpochResponse* response,
                       bool lacks, core::Time now, const Answered& done);

  // Brokers for which a question is due, and when the next of the others will be.
  std::vector<std::int32_t> due_brokers(const FindLeader& leader, core::Time now) const;
  std::optional<core::Time> next_due() const;
  // Partitions asked for that `leader` does not know, with the number of the
  // latest question for each.
  std::vector<Key> without(const std::function<bool(const Key&)>& exists) const;
  void drop(const Key& key);

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::array<bool, kEnds> wanted{};
    std::uint64_t number = 0;
    std::array<bool, kEnds> sent{};
    std::uint64_t sent_number = 0;
    std::int32_t broker = -1;  // of the round under way
    bool failed = false;
    std::array<core::Offset, kEnds> values{};
    std::int32_t epoch = -1;
    std::int32_t sent_epoch = -1;
    bool epoch_answered = false;
    int epoch_tries = 0;
    Uuid topic_id;
    std::int32_t leader_epoch = -1;
    int failures = 0;
    core::Time not_before{};

    bool is_sent() const { return broker >= 0; }
    bool is_wanted() const { return wanted[0] || wanted[1] || wanted[2] || wanted[3]; }
  };
  Entry* sent_to(std::int32_t broker, const std::string& topic, core::Partition partition);
  void request_ends(const Key& key, const Entry& entry, const Leader& leader, std::array<Asked, kEnds>& requests) const;
  // One request of the round was answered, or failed.
  void end_request(std::int32_t broker, core::Time now, const Answered& done);
  void end_round(std::int32_t broker, core::Time now, const Answered& done);

  std::map<Key, Entry> entries_;
  std::map<std::int32_t, std::size_t> requests_left_;  // of the round of each broker
};

}  // namespace tidemark::kafka
