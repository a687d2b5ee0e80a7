// What Tidemark needs of a log, and no more.
//
// Kafka (src/kafka) implements it over the wire; the embedded log will, and the
// simulator has a model of it. What only one of them can do stays out, so that
// the engine and the gateway cannot come to depend on it.
//
// Threading: a log lives on one reactor. All calls are made there and all
// observer callbacks come there, never from inside the call that causes them
// except where said.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/events.h"

namespace tidemark::log {

struct Header {
  std::string name;
  std::string value;
};

// A record to append. Ownership passes to the log.
struct Record {
  std::string topic;
  std::optional<core::Partition> partition;  // else by key (murmur2), else the log's choice
  std::optional<std::string> key;            // an empty key is not a missing key
  std::optional<std::string> value;          // missing: a tombstone
  std::vector<Header> headers;
  std::int64_t timestamp_ms = 0;             // Unix milliseconds
};

// The caller's name for an append; unique among those not yet delivered.
using AppendId = std::uint64_t;

// A question for offsets of one partition; see core::Ends.
struct EndsQuery {
  std::string topic;
  core::Partition partition = 0;
  bool high_watermark = true;
  bool log_start = false;
  bool last_stable = false;
  std::uint64_t number = 0;  // comes back as Ends::asked
  std::int32_t epoch = -1;   // a leader epoch whose end is asked for, too; -1: none. Not told where the log cannot say
};

// One record of a followed topic. Views are valid during the call only.
struct FollowedRecord {
  std::string_view topic;
  core::Partition partition = 0;
  core::Offset offset = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};

// A topic of Tidemark's own that every gateway reads.
struct Follow {
  std::string topic;
  core::Duration history{};  // begins with the records of so long ago
  // Made when it is missing, with these settings. 0: never made, and not waited
  // for while it is missing.
  core::Partition partitions = 1;
  std::vector<std::pair<std::string, std::string>> settings;
};

// A group that somebody waits for now.
struct OpenGroup {
  std::string name;
  std::optional<core::Duration> commit_interval;  // learned
};

// How committed positions come now, and why they are asked for, for people.
struct Positions {
  core::PositionsBy by = core::PositionsBy::tail;
  std::string why;
  bool polled() const { return by != core::PositionsBy::tail; }
};

// What an operator should know of the cluster; absent where it could not be learned.
struct ClusterFacts {
  struct Topic {
    std::string name;
    int replicas = 0;
    std::optional<int> min_insync_replicas;
  };
  std::optional<int> coordinator_linger_ms;  // group.coordinator.append.linger.ms; -1: adaptive
  std::vector<Topic> topics;                 // not the internal ones
  std::vector<core::Partition> blind;        // partitions of the commit log that cannot be read
  bool polling = false;                      // the commit log is denied: positions are asked for
};

class Observer {
 public:
  virtual ~Observer() = default;
  // Each append that was taken ends in exactly one of: this call, or withdraw().
  virtual void on_delivered(AppendId id, const core::Delivery& delivery) = 0;
  virtual void on_commit(const core::Commit& commit) = 0;
  virtual void on_seed(const core::Seed& seed) = 0;
  virtual void on_rows(const core::Rows& rows) = 0;
  virtual void on_group(const core::GroupState& group) = 0;
  virtual void on_group_changed(const core::GroupChange& change) = 0;
  // The whole list of topics, whenever it changed.
  virtual void on_topics(std::span<const core::TopicState> topics) = 0;
  virtual void on_ends(const core::Ends& ends) = 0;
  virtual void on_share(const core::ShareProgress& progress) = 0;
  virtual void on_sight(const core::Sight& sight) = 0;
  virtual void on_followed(const FollowedRecord& record) = 0;
  // Asked by the log when it must poll for positions: fills in the groups that
  // somebody waits for.
  virtual void open_groups(std::vector<OpenGroup>& groups) = 0;
  // The group list and all seeds were delivered and the tail has passed the
  // ends noted after the last seed: what was told so far is complete (P8).
  // Followed topics have been read up to the ends noted then, too.
  // Comes again after each on_lost, once that is true again.
  virtual void on_synced() = 0;
  // The log cannot be reached. Until on_synced comes, what is known is old.
  virtual void on_lost(const std::string& why) = 0;
};

class Log {
 public:
  virtual ~Log() = default;

  // Begins to connect, to tail and to tell `observer`, which must outlive stop().
  virtual void start(Observer& observer) = 0;

  // Takes a record. An error (kind limit, not_found, invalid) means it was not
  // taken and on_delivered will not come.
  virtual Result<void> append(AppendId id, Record record) = 0;

  // Gives up waiting for an append: answers `not_appended` when it had not been
  // sent, which takes it out of the queue, else `unknown`, while the log goes on
  // driving it to an end. on_delivered will not come for it. Returns nullopt
  // when `id` is not being appended.
  virtual std::optional<core::Delivery> withdraw(AppendId id) = 0;

  // Asks; the answer comes as on_ends. Retried by the log until answered or
  // until the topic is gone. Bounded: one question per partition is outstanding
  // and later ones join the next round.
  virtual void ask_ends(const EndsQuery& query) = 0;

  // Asks for all that a group has committed, after this call and with transactions
  // settled; the answer comes as on_rows with this number, or a later call's.
  // Retried by the log until answered; never answered for a group that may not be read.
  virtual void ask_rows(const std::string& group, std::uint64_t number) = 0;

  // Looks for a record; the answer comes as on_sight, exactly once, at the
  // latest when `bound` has passed. Reads on a connection of its own. Error kind
  // limit when too many are under way: then on_sight will not come.
  virtual Result<void> look(const core::Look& look, core::Duration bound) = 0;

  // Before start(): reads this topic too, from now on and again after each loss,
  // and tells its records with on_followed in order. A record may be told twice.
  virtual void follow(Follow follow) = 0;

  // As it is now; on_synced comes after each change of it.
  virtual Positions positions() const = 0;

  // Gathers what `tidemark doctor` shows; `done` is called once, at the latest
  // when `bound` has passed, with what was learned by then.
  virtual void inspect(core::Duration bound, std::function<void(ClusterFacts)> done) = 0;

  // Reads the list of topics now rather than at its next turn. `done` is called
  // once: when on_topics has told what changed, or at `bound`. Many calls share
  // one question.
  virtual void refresh_topics(core::Duration bound, std::function<void()> done) = 0;

  // Sends what is queued, then stops: on_delivered comes for every append left,
  // at the latest when `bound` has passed; then `done` is called. Nothing is
  // called after that.
  virtual void stop(core::Duration bound, std::function<void()> done) = 0;
};

}  // namespace tidemark::log
