// The engine: events and the time in, effects out.
//
// The obvious way, a callback or coroutine per waiting request that looks at
// the world when woken, spreads every decision over code that also does I/O,
// and can only be tested with a real cluster and luck. Here all decisions are
// in one object that touches nothing: the same calls give the same effects, so
// the simulator drives this very code through years of bad days.
//
// Invariants:
//  - each wait that was admitted is answered exactly once, unless cancelled (P4);
//  - whom a publish waits for is fixed at its admission (P10);
//  - a commit costs a look-up, plus work for the obligations that it ends (P9);
//  - every table is bounded (P7); what does not fit is refused or ignored, and
//    counted, never half done.
//
// Threading: one caller at a time. Every call takes `now`, which must not
// decrease, and adds to the caller's Effects; the caller carries them out after
// the call and must not call the engine from inside doing so, except
// delivered() for an overdue append.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/answer.h"
#include "core/events.h"
#include "core/mark.h"
#include "core/time.h"

namespace tidemark::core {

// An edge of the topology, as declared: `consumer` reads `input` and writes `output`.
struct Output {
  std::string consumer;
  std::string input;  // empty: whatever it reads
  std::string output;
  Emits emits = Emits::before_commit;
  Duration within{};
  bool dead_letter = false;  // what the consumer gives up ends there
  bool copies_id = false;    // each record it writes has the event's id that the one it read has
};

struct EngineConfig {
  // Topic → the consumers to wait for. A topic that is named here with an empty
  // list waits for nobody and is answered 200.
  std::unordered_map<std::string, std::vector<std::string>> wait_for;
  // Consumers declared to start at the log's start.
  std::vector<std::string> reset_earliest;
  // Consumers declared to commit after their work, whatever their client.
  std::vector<std::string> commits_after;
  // Consumers declared to send acks: their commits are no evidence from the start.
  std::vector<std::string> acking;
  // What consumers write.
  std::vector<Output> outputs;
  // Consumers without dead-letter or retry topics, whatever topics are named like theirs.
  std::vector<std::string> no_dead_letters;
  // How often a wait follows a topic that feeds itself, where the records do not say whose they are.
  int cycle_passes = 3;
  // Glob patterns (* and ?) over group names, for observed groups only.
  // Empty allow: all. Deny wins. Optional ones are shown, not waited for.
  std::vector<std::string> allow;
  std::vector<std::string> deny{"console-consumer-*"};
  std::vector<std::string> optional{"connect-*"};
  Duration absent_grace = std::chrono::seconds(30);
  Duration lost_grace = std::chrono::seconds(10);     // Kafka lost for this long: not ready
  Duration ends_refresh = std::chrono::seconds(10);   // log starts of partitions that are waited on
  Duration retry_after = std::chrono::seconds(1);     // said with refusals
  std::size_t max_waits = 100'000;
  std::size_t max_waits_per_topic = 50'000;  // publishes; resumed marks count in max_waits only
  std::size_t max_consumers = 10'000;
  std::size_t max_frontiers = 250'000;
  std::size_t max_barrier_partitions = 2'000;  // of one barrier
};

struct PublishRequest {
  std::string_view topic;
  std::optional<Partition> partition;
  Uuid id;
  Time began{};      // last byte of the request
  Time deadline{};
  bool wait = true;  // false: answer once appended; the deadline bounds the append
  // Narrows who is waited for; empty: everybody. Those on the way to a name are waited for too.
  std::span<const std::string> only;
  Scope scope = Scope::event;
};

struct ResumeRequest {
  Mark mark;
  Time began{};
  Time deadline{};
  bool wait = true;  // false: answer with how it stands now
  std::span<const std::string> only;
  Scope scope = Scope::event;  // the mark's, where that is the stronger
};

// A position that the caller names itself, after an append of its own.
struct PositionRequest {
  std::string topic;
  Partition partition = 0;
  Offset offset = kNoOffset;
};

// A barrier: everything named must be processed. Topics mean all that is in
// them when their ends, asked for after this call, are told: above each
// consumer's baseline, the position where it was first seen.
struct BarrierRequest {
  Mark mark;  // may be empty
  std::span<const PositionRequest> positions;
  std::span<const std::string> topics;
  Scope scope = Scope::event;
  Time began{};
  Time deadline{};
  bool wait = true;  // false: answer with how it stands once the ends are told
  std::span<const std::string> only;
};

// A question for the ends of a partition.
struct AskEnds {
  std::string topic;
  Partition partition = 0;
  std::uint64_t number = 0;  // rises with every question
  bool log_start = false;    // else only the high watermark
  std::int32_t epoch = -1;   // and where this leader epoch ended; -1: not asked
};

// A question what a group has committed, answered by rows().
struct AskRows {
  std::string group;
  std::uint64_t number = 0;  // rises with every question
};

struct Effects {
  std::vector<Answer> answers;
  std::vector<AskEnds> asks;
  std::vector<AskRows> rows;
  // Appends whose deadline came before their delivery: withdraw each from the
  // log and tell the engine the result at once.
  std::vector<WaitId> overdue_appends;
  std::vector<Look> looks;  // each must be answered by sight()
  // Barriers that turned out to be impossible once the ends were told.
  std::vector<std::pair<WaitId, Refusal>> refusals;
  bool empty() const {
    return answers.empty() && asks.empty() && rows.empty() && overdue_appends.empty() && looks.empty() && refusals.empty();
  }
  void clear() {
    looks.clear();
    refusals.clear();
    answers.clear();
    asks.clear();
    rows.clear();
    overdue_appends.clear();
  }
};

// What GET /consumers and GET /topics show.
struct ConsumerView {
  struct PartitionView {
    Partition partition = 0;
    Offset committed = kNoOffset;
    Offset end = kNoOffset;  // last known, kNoOffset if never asked
  };
  struct TopicView {
    std::string topic;
    ExpectedBy source = ExpectedBy::observed;
    std::optional<std::int64_t> lag;  // sum over partitions where both are known
    std::vector<PartitionView> partitions;
  };
  std::string name;
  std::string state;  // "active", "idle" (no members, within the grace), "absent", "unmanaged", "unknown"
  int members = 0;
  std::string client;
  std::vector<TopicView> topics;
  std::optional<Duration> commit_interval;
  bool commits_by_timer = false;
  bool early = false;   // its client is known to commit before the work is done
  bool may_be_early = false;  // it can, and neither a declaration nor its commits say whether it does
  bool acks = false;    // sends explicit acks for at least one topic
  bool share = false;   // a share group
  std::string hint;
};

struct TopicView {
  std::string name;
  Partition partitions = 0;
  struct WaitFor {
    std::string name;
    ExpectedBy source = ExpectedBy::observed;
  };
  std::vector<WaitFor> wait_for;
};

// An edge of the topology, as GET /topology shows it.
struct EdgeView {
  std::string consumer;  // empty: whoever reads the input
  std::string input;     // empty: whatever the consumer reads
  std::string output;
  Emits emits = Emits::before_commit;
  Duration within{};
  bool dead_letter = false;
  bool by_name = false;  // the topics' names say it; else it is configured
};

// Counters since the start; gauges are named open_*.
struct EngineStats {
  std::uint64_t commits = 0;
  std::uint64_t commits_stale = 0;
  std::uint64_t commits_held = 0;
  std::uint64_t commits_beyond_end = 0;
  std::uint64_t commits_ignored = 0;  // denied group, unknown topic, other incarnation, table full
  std::uint64_t seeds = 0;
  std::uint64_t acks = 0;
  std::uint64_t acks_held = 0;
  std::uint64_t acks_ignored = 0;  // nobody expected there, no such partition, beyond its end, table full
  std::uint64_t ends_asked = 0;
  std::uint64_t rows_asked = 0;
  std::uint64_t end_looks = 0;  // questions what can be seen below an end
  std::uint64_t log_cuts = 0;   // partitions found cut off below what was known of them
  std::uint64_t fence_rounds = 0;   // questions for all ends of a topic
  std::uint64_t fences = 0;         // topics that waits followed, each time
  std::uint64_t dead_letter_looks = 0;
  std::uint64_t lineage_looks = 0;  // in topics that feed themselves, for the event's id
  std::uint64_t cycles_cut = 0;     // waits that reached the bound of passes
  std::uint64_t obligations_settled = 0;
  std::uint64_t answers_processed = 0;
  std::uint64_t answers_pending = 0;
  std::uint64_t answers_failed = 0;       // settled without success
  std::uint64_t answers_not_appended = 0;
  std::uint64_t answers_unknown = 0;
  std::uint64_t refusals = 0;
  std::uint64_t cancelled = 0;
  std::size_t open_waits = 0;
  std::size_t open_obligations = 0;
  std::size_t consumers = 0;
  std::size_t frontiers = 0;
};

class Engine {
 public:
  explicit Engine(EngineConfig config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Requests. An admitted publish must be followed by its append and, whatever
  // becomes of that, by delivered(). A resumed mark's answer may already be in
  // `effects` when this returns.
  std::variant<WaitId, Refusal> publish(const PublishRequest& request, Time now, Effects& effects);
  std::variant<WaitId, Refusal> resume(const ResumeRequest& request, Time now, Effects& effects);
  std::variant<WaitId, Refusal> barrier(const BarrierRequest& request, Time now, Effects& effects);
  // Whether an ack may be written to the log of acks; it takes effect by ack(),
  // when it is read there.
  std::optional<Refusal> check(const Ack& ack, Time now) const;
  // Where an event of a recent publish is, if this gateway still knows.
  std::optional<Position> find_event(const Uuid& id) const;
  // The client went away: the wait is freed, nothing will be answered. Unknown
  // ids are ignored, here and in delivered().
  void cancel(WaitId wait);

  // The log.
  void delivered(WaitId wait, const Delivery& delivery, Time now, Effects& effects);
  void commit(const Commit& commit, Time now, Effects& effects);
  void seed(const Seed& seed, Time now, Effects& effects);  // counts before the first synced() only
  void group(const GroupState& group, Time now, Effects& effects);
  void group_changed(const GroupChange& change);
  void topics(std::span<const TopicState> topics, Time now, Effects& effects);
  void rows(const Rows& rows, Time now, Effects& effects);  // answers Effects::rows
  void ends(const Ends& ends, Time now, Effects& effects);
  void ack(const Ack& ack, Time now, Effects& effects);
  void share(const ShareProgress& progress, Time now, Effects& effects);
  void sight(const Sight& sight, Time now, Effects& effects);
  // How positions come from now on; for hints only.
  void positions(PositionsBy by);
  void synced(Time now);
  void lost(Time now);

  // Time passes: answers what is due. Call at next_wakeup() or any other time.
  void tick(Time now, Effects& effects);
  std::optional<Time> next_wakeup() const;

  // From now on new requests are refused, and every open wait is answered no
  // later than `by`.
  void drain(Time by);

  // What was learned of the log is complete and fresh (P8), and not draining.
  bool ready(Time now) const;
  std::vector<ConsumerView> consumers(Time now) const;
  std::vector<TopicView> topic_views(Time now) const;
  // Who writes what because of what, and sentences about what is doubtful in it.
  std::vector<EdgeView> topology() const;
  std::vector<std::string> topology_warnings() const;
  // The consumers that somebody waits for now, and the interval of their timer.
  void for_each_open(const std::function<void(std::string_view, const std::optional<Duration>&)>& tell) const;
  EngineStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidemark::core
