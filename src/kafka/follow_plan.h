// Which topics of our own are read, from where, and how far they have been.
//
// "Subscribe and read" leaves out what makes the reading count. The topic may not
// exist, and we may not be allowed to make it: then the gateway must go on without
// it, and not wait for ever. What was written in the last hours must be read first
// and nothing older. And "I have read it all" is a claim about a moment: ends are
// noted when asked to, and caught_up() says whether they were passed.
//
// A partition begins where the offset by timestamp says, or, when nothing is as
// young, at the end that was asked for *before* that: what is written between the
// two questions is not lost. One that appears later begins at its start. Ends are
// last stable offsets: further a read_committed reader does not come.
//
// Pure: time and answers come in, requests go out. Threading: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "core/time.h"
#include "kafka/follow_reader.h"
#include "log/log.h"
#include "wire/client_metadata.h"
#include "wire/generated/create_topics.h"
#include "wire/generated/fetch.h"
#include "wire/generated/list_offsets.h"

namespace tidemark::kafka {

struct FollowSettings {
  std::int32_t max_wait_ms = 500;
  std::int32_t max_bytes = 1 << 20;
  std::int32_t partition_max_bytes = 256 << 10;
  // A topic that is not there for so long is no longer waited for.
  core::Duration patience = std::chrono::seconds(10);
  core::Duration denied_pause = std::chrono::seconds(30);
  core::Duration create_pause = std::chrono::seconds(1);
  FollowReadLimits read;
};

struct FollowCounters {
  FollowReadCounters read;
  std::uint64_t errors = 0;          // of partitions
  std::uint64_t positions_gone = 0;  // begun anew at the log's start
  std::size_t partitions = 0;
  std::size_t denied = 0;            // partitions that may not be read, topics that may not be made
};

class FollowPlan {
 public:
  using Tell = std::function<void(const log::FollowedRecord&)>;
  struct Key {
    std::size_t topic = 0;
    core::Partition partition = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  enum class Question : std::uint8_t { end, time, start, note };
  struct AskOffsets {
    std::int32_t broker = -1;
    std::map<Key, std::pair<Question, std::uint64_t>> questions;  // with the round, for notes
    wire::msg::ListOffsetsRequest request;
  };
  struct AskRecords {
    std::int32_t broker = -1;
    std::set<Key> partitions;
    wire::msg::FetchRequest request;
  };

  FollowPlan(std::vector<log::Follow> topics, FollowSettings settings, std::int64_t unix_ms)
      : settings_(settings), unix_ms_(unix_ms) {
    for (log::Follow& follow : topics) topics_.emplace_back().follow = std::move(follow);
  }

  void on_metadata(const wire::Metadata& metadata, core::Time now);

  // What is due; each to be followed by its answer, null when none came.
  std::optional<wire::msg::CreateTopicsRequest> creation(core::Time now);
  std::vector<AskOffsets> offsets(const wire::Metadata& metadata, core::Time now);
  std::vector<AskRecords> records(const wire::Metadata& metadata, core::Time now);
  void created(const wire::msg::CreateTopicsResponse* response, core::Time now);
  void answered(const AskOffsets& asked, const wire::msg::ListOffsetsResponse* response, core::Time now);
  void answered(const AskRecords& asked, wire::msg::FetchResponse* response, core::Time now, const Tell& tell);

  // From now on caught_up() means the ends as they are after this call.
  void note_ends() { ++round_; }
  bool caught_up(core::Time now);
  // Why some partition was not read for `bound`, or nothing.
  std::optional<std::string> stalled(core::Duration bound, core::Time now) const;

  // When something is due though nothing happened.
  std::optional<core::Time> next_due() const;
  // Whether metadata was found to be out of date since the last call.
  bool take_metadata_is_old() { return std::exchange(metadata_is_old_, false); }
  // What an operator should read, since the last call.
  std::vector<std::string> take_troubles() { return std::exchange(troubles_, {}); }
  FollowCounters counters() const;

 private:
  struct Partition {
    FollowReader reader;
    Question next = Question::end;  // note: it has a position
    core::Offset end = 0;
    std::uint64_t noted_round = 0;
    core::Offset noted = 0;
    core::Offset reached = 0;  // nothing is between the position and here
    bool asking = false;
    bool fetching = false;
    bool denied = false;
    int failures = 0;
    core::Time not_before{};
    core::Time last_read{};
    std::string last_error;
    bool located() const { return next == Question::note; }
  };
  struct Topic {
    log::Follow follow;
    Uuid id;
    bool exists = false;
    bool was_missing = false;
    bool creating = false;
    bool hopeless = false;  // cannot be made
    bool said = false;
    core::Time missing_since{};
    core::Time create_not_before{};
    std::deque<Partition> partitions;
  };
  Partition& at(Key key) { return topics_[key.topic].partitions[static_cast<std::size_t>(key.partition)]; }
  void grow(Topic& topic, const wire::TopicInfo& info, core::Time now);
  void give_up(Topic& topic, const std::string& why);
  bool is_waited_for(const Topic& topic, core::Time now);
  void locate(Partition& partition, Question question, core::Offset offset, std::uint64_t round);
  void read(Key key, wire::msg::FetchResponse::PartitionData& data, core::Time now, const Tell& tell);
  void empty_up_to(Key key, core::Offset end);
  void defer(Key key, std::int16_t error, core::Time now);
  void pause(Partition& partition, std::string why, core::Time now);
  std::optional<std::size_t> find(const std::string& name, const Uuid& id) const;

  FollowSettings settings_;
  std::int64_t unix_ms_;
  std::vector<Topic> topics_;
  std::uint64_t round_ = 0;
  std::uint64_t turn_ = 0;
  bool known_ = false;  // metadata has come
  bool metadata_is_old_ = false;
  std::vector<std::string> troubles_;
  FollowCounters counters_;
};

}  // namespace tidemark::kafka
