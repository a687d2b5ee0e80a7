// A gateway without sockets: a core::Engine, and a model of the log's shell.
//
// It does what the shell owes the engine and nothing kinder: each partition of
// the commit log is read in order at a pace of its own; questions are answered
// late, with what was true at some moment between the question and the answer;
// an append's report may come after the commits it caused; the gateway dies and
// another takes its marks up. What the simulator of single groups does to a
// gateway beyond that (records read again, the log lost) is not repeated here.
//
// Ownership: the world owns it. Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "stake.h"
#include "world.h"

namespace tidemark::sim::derived {

class Gateway {
 public:
  Gateway(World& world, int number);

  void start();
  void kill();
  void stall();
  void heal();

  void publish(const PublishSpec& spec);
  void resume(const ResumeSpec& spec);
  void barrier(const BarrierSpec& spec);

  // The world tells.
  void commits_appended(int partition) { wake(partition); }
  void topics_changed();

  int number() const { return number_; }
  bool alive() const { return engine_ != nullptr; }
  bool ready() const { return alive() && engine_->ready(world_.now()); }
  std::uint64_t life() const { return life_; }
  const core::Engine& engine() const { return *engine_; }
  std::uint64_t events() const { return events_; }
  // What it was told.
  bool knows_member(int service) const { return members_.contains(service); }
  bool knows_position(int service, int topic, core::Partition partition) const {
    return positions_.contains({service, topic, partition});
  }
  const FirstPositions& first_positions() const { return positions_; }
  int partitions(int topic) const {
    return static_cast<std::size_t>(topic) < partitions_.size() ? partitions_[static_cast<std::size_t>(topic)] : 0;
  }

 private:
  struct Tail {
    std::size_t next = 0;
    core::Offset position = 0;
    bool scheduled = false;
    core::Time stalled_until{};
    std::map<std::int64_t, std::vector<CommitRecord>> open;  // transactions
  };
  struct Append {
    core::WaitId wait;
    Uuid id;
    int topic = 0;
    core::Partition partition = 0;
    core::Offset lowest = core::kNoOffset;
    bool sent = false;
    bool withdrawn = false;
  };
  struct Question {
    bool outstanding = false;
    bool again = false;
    bool log_start = false;
    std::uint64_t next = 0;
    bool next_log_start = false;
  };

  // Runs `action` later, if this life of the gateway lasts until then.
  template <class Action>
  void later(core::Duration delay, Action action) {
    world_.schedule.after(delay, [this, life = life_, action = std::move(action)]() mutable {
      if (life == life_ && alive()) action();
    });
  }
  core::Effects& fresh();
  void carry_out(core::Effects& effects);
  void note_answer(const core::Answer& answer);
  void set_alarm();

  void wake(int partition);
  void read(int partition);
  void read_record(Tail& tail, const CommitRecord& record);
  void tell_commit(const CommitRecord& record, core::Offset settled_at);
  void tell_membership(int service, int members, core::LogPoint at, const core::TailPositions& as_of);
  void tell_topics();
  core::TailPositions positions() const;
  void ask_group(int service);
  void answered();
  void check_synced();

  void send(const std::shared_ptr<Append>& append);
  void deliver(const std::shared_ptr<Append>& append, core::Offset offset);
  core::Delivery withdraw(core::WaitId wait);
  core::Duration question_delay();
  void ask_ends(const core::AskEnds& ask);
  void answer_ends(const core::AskEnds& ask);
  void look(const core::Look& question);

  World& world_;
  int number_;
  std::uint64_t life_ = 0;
  std::uint64_t events_ = 0;
  std::unique_ptr<core::Engine> engine_;
  std::vector<Tail> tails_;
  std::map<std::uint64_t, std::shared_ptr<Append>> appends_;
  std::map<std::pair<std::string, core::Partition>, Question> questions_;
  std::set<int> members_;
  std::map<int, core::TailPositions> empty_as_of_;  // asked for, and found without members
  std::map<int, core::LogPoint> member_records_;    // read last
  FirstPositions positions_;
  std::vector<int> partitions_;
  std::vector<core::Offset> must_pass_;
  int unanswered_ = 0;
  bool synced_ = false;
  std::optional<core::Time> alarm_;
};

// What the log says to a look at this moment.
core::Sight see(const World& world, const core::Look& question, core::Offset most);

}  // namespace tidemark::sim::derived
