// A gateway without sockets: a core::Engine, and a model of the log's shell.
//
// It does what the shells owe the engine and nothing kinder: the partitions of
// the commit log are read in order but each at its own pace; questions are
// answered late, after records that are newer; an append's report may come
// after the commit, late, never, or not be what happened; records are read
// again; the log is lost and found; the whole gateway dies and another is
// started.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "commit_log.h"
#include "core/engine.h"
#include "engine_port.h"
#include "kafka/group_watch.h"
#include "share_log.h"
#include "stake.h"
#include "told.h"

namespace tidemark::sim {

struct GroupTraits;
struct PolledRows;
struct World;

struct PublishSpec {
  std::string topic;
  std::optional<core::Partition> partition;
  Uuid id;
  core::Duration wait{};
  bool hold = true;
  std::vector<std::string> only;
};

struct ResumeSpec {
  core::Mark mark;
  std::vector<Stake> stakes;  // what the mark stands for
  core::Duration wait{};
  bool hold = true;
  std::vector<std::string> only;
};

struct BarrierSpec {
  std::vector<std::string> topics;
  std::vector<core::PositionRequest> positions;
  std::vector<Stake> stakes;  // what it stands for
  core::Duration wait{};
  bool hold = true;
};

class ModelGateway {
 public:
  ModelGateway(World& world, int number);

  void start();
  void kill();
  void lose_log();
  void drain();
  void stall(int partition);
  void read_again(int partition);
  void ask_again();
  // The faults are over: everything in sight is delivered soon.
  void heal();

  std::variant<core::WaitId, core::Refusal> publish(const PublishSpec& spec);
  // An answer that comes at once is handled after this returns.
  std::variant<core::WaitId, core::Refusal> resume(const ResumeSpec& spec);
  std::variant<core::WaitId, core::Refusal> barrier(const BarrierSpec& spec);
  void cancel(core::WaitId wait);
  std::optional<core::Refusal> check(const core::Ack& ack) const { return port_->engine().check(ack, now()); }

  // The world tells.
  void commits_appended(int partition) { wake(partition, false); }
  void acks_appended() { wake_acks(); }
  void shares_appended(int partition) { wake_share(partition); }
  void topic_changed();
  void leader_elected(int topic, core::Partition partition);

  int number() const { return number_; }
  bool alive() const { return port_ != nullptr; }
  // Counts this gateway's lives.
  std::uint64_t life() const { return life_; }
  const Told& told() const { return *told_; }
  // As this model knows it, not as the engine says.
  bool should_be_ready() const;
  bool lost() const { return lost_at_.has_value(); }
  std::optional<core::Time> drain_by() const { return drain_by_; }
  std::optional<core::Time> synced_since() const { return synced_since_; }
  // Where the tail stood when this life was first in sync.
  const std::vector<core::Offset>& in_sync_from() const { return in_sync_from_; }
  const core::Engine& engine() const { return port_->engine(); }
  std::uint64_t events() const { return events_ + (port_ ? port_->events() : 0); }
  void keep_recordings() { keep_recordings_ = true; }
  std::vector<std::unique_ptr<Recording>> take_recordings() { return std::move(recordings_); }

 private:
  class Polls;
  struct Tail {
    std::size_t next = 0;        // index of the next record
    core::Offset position = 0;
    bool scheduled = false;
    core::Time stalled_until{};
    std::map<std::int64_t, std::vector<CommitRecord>> open;  // transactions
  };
  struct ShareTail {
    std::set<std::size_t> missing;  // gone before this gateway began to read
    std::size_t next = 0;
    bool scheduled = false;
  };
  struct ShareState {
    ShareRecord record;
    bool told = false;
  };
  struct Append {
    core::WaitId wait;
    Uuid id;
    int topic = 0;
    int incarnation = -1;
    std::optional<core::Partition> asked_partition;
    core::Partition partition = -1;
    core::Offset lowest = core::kNoOffset;  // when it was sent
    bool sent = false;
    bool withdrawn = false;
  };
  // A look for an event above where a former leader's epoch ended.
  struct CutLook {
    int incarnation = -1;
    core::Partition partition = -1;
    EpochEnd told;
  };
  struct Question {
    bool outstanding = false;
    bool log_start = false;
    std::int32_t epoch = -1;
    std::uint64_t number = 0;
    std::uint64_t next = 0;  // number of the question to ask when this one is answered
    bool next_log_start = false;
    std::int32_t next_epoch = -1;
    bool again = false;
  };

  // About who is in a group: one at a time.
  struct MembersQuestion {
    bool under_way = false;
    core::TailPositions wanted;  // nullptr: none follows it
    int counted = 0;             // of those that the next one answers
  };

  // Runs `action` later, if this life of the gateway lasts until then.
  template <class Action>
  void later(core::Duration delay, Action action) {
    after(delay, [this, life = life_, action] {
      if (life == life_ && alive()) action();
    });
  }
  void after(core::Duration delay, std::function<void()> action);
  void carry_out(core::Effects& effects);
  void set_alarm();
  void wake(int partition, bool again);
  void read(int partition);
  void read_record(Tail& tail, const CommitRecord& record);
  void tell_commit(const CommitRecord& record, core::Offset settled_at);
  // model_gateway_groups.cpp.
  void tell_group(int group, core::GroupState state);
  void tell_membership(const CommitRecord& record);
  void tell_change(const CommitRecord& record);
  void watch_groups();
  void tell_topics();
  core::TailPositions positions() const;
  void ask_everything();
  // Until a question about groups is with its coordinator, and until the answer is back.
  core::Duration question_delay() const;
  // `counts`: the gateway is not in sync before it is answered.
  void ask_group(int group, core::TailPositions as_of, bool counts);
  void put_members_question(int group);
  void serve_members(int group, const core::TailPositions& as_of, int counted);
  void ask_seed(int group);
  void ask_rows(const core::AskRows& ask);
  void serve_rows(const core::AskRows& ask, int group, core::Time since);
  void answered_one();
  void check_synced();
  // In place of the tail: model_gateway_polls.cpp. `answered` may be empty.
  void start_polls();
  void poll();
  void meet_groups();
  void ask_everything_polled();
  void ask_polled_rows(const std::string& name, const std::function<void()>& answered);
  void ask_polled_members(const std::string& name, const std::function<void()>& answered);
  void serve_polled_rows(const core::AskRows& ask, int group, core::Time since);
  PolledRows look_at_rows(std::optional<int> group) const;
  const std::string& group_name(int group) const;
  // A group without members names no client.
  static std::string client_of(const GroupTraits& traits, int members);
  core::Time now() const;
  void wake_acks();
  void read_acks();
  void tell_ack(const AckRecord& record);
  void start_share_tails();
  void wake_share(int partition);
  void read_share(int partition);
  void tell_share(const ShareRecord::Key& key);
  // Topics were listed: tells what is of one that had no name yet.
  void name_share_topics();
  void note_cut_looks(const core::Effects& effects, const CutLook& of);
  void note_looks(const core::Effects& effects, core::WaitId wait);
  void look(const core::Look& look);
  void serve_look(const core::Look& look);
  void serve_end_look(const core::Look& look);
  // What can be seen in the range now.
  core::Sight see(const core::Look& look) const;
  void ask_ends(const core::AskEnds& ask);
  void cut_shown(Fault by, core::Partition partition, core::Offset at, const std::string& topic);
  void tell_leader(int topic, core::Partition partition);
  void serve_ends(const std::string& topic, core::Partition partition, std::uint64_t number);

  void send(const std::shared_ptr<Append>& append);
  void sent(const std::shared_ptr<Append>& append);
  void deliver(const std::shared_ptr<Append>& append, const core::Delivery& delivery);
  void append_now(const std::shared_ptr<Append>& append, core::Delivery& delivery);
  core::Delivery withdraw(core::WaitId wait);

  World& world_;
  int number_;
  std::uint64_t life_ = 0;
  std::uint64_t events_ = 0;
  std::unique_ptr<EnginePort> port_;
  std::unique_ptr<Told> told_;
  std::vector<Tail> tails_;
  std::unique_ptr<kafka::GroupWatch> watch_;
  std::map<int, MembersQuestion> members_asked_;  // by group
  std::shared_ptr<Polls> polls_;  // nullptr: positions are tailed
  std::vector<core::Offset> began_;
  std::vector<core::Offset> in_sync_from_;
  std::map<std::uint64_t, std::shared_ptr<Append>> appends_;  // by wait
  std::map<std::pair<std::string, core::Partition>, Question> questions_;
  std::map<std::uint64_t, CutLook> cut_looks_;  // by question
  // Epochs of the leaders that its appends are meant for, by incarnation and partition.
  std::map<std::pair<int, core::Partition>, std::int32_t> leaders_;
  // By question for an end: how many commits were told before it.
  std::map<std::tuple<std::string, core::Partition, std::uint64_t>, std::uint64_t> heard_;
  std::map<std::uint64_t, core::WaitId> looks_;  // whose look it is, by number
  std::vector<ShareTail> share_tails_;
  std::map<ShareRecord::Key, ShareState> share_latest_;
  std::size_t next_ack_ = 0;
  std::size_t must_read_acks_ = 0;
  bool reads_acks_ = false;      // begins when the groups are known, or nobody would be expected to ack
  bool acks_scheduled_ = false;
  std::optional<core::Time> lost_at_;
  std::optional<core::Time> synced_since_;
  std::optional<core::Time> drain_by_;
  std::optional<core::Time> alarm_;
  bool connected_ = true;
  bool ever_synced_ = false;
  bool syncing_ = false;
  bool listed_ = false;  // it has once listed the groups
  int unanswered_ = 0;
  std::vector<core::Offset> must_pass_;
  bool keep_recordings_ = false;
  std::vector<std::unique_ptr<Recording>> recordings_;
};

}  // namespace tidemark::sim
