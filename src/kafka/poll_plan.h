// What is asked, and when, while the commit log may not be read: positions by
// OffsetFetch, members by describing.
//
// A managed cluster often denies __consumer_offsets. Asking every group all the
// time would cost it more than its own consumers do, and asking rarely would make
// every publish wait for the next question. So groups that somebody waits for are
// asked soon and then less and less often, up to a fraction of the interval at
// which they commit; all others in slow rounds. Groups due together are asked
// together, which is one request for each coordinator.
//
// An answer is a level, not an event: only what differs from the last answer is
// told, numbered upwards within core::kPolledLog, each thing with a number of its
// own. The order in which two answers were given is not the order in which things
// happened, so they are put into the one that accuses nobody wrongly:
// - A group that has lost its members is told to be empty only after its
//   positions were asked once more, or its last commit would be taken for a reset.
// - A group without members whose positions moved is described again first: a
//   consumer that came back is no reset. Without members still, it is one.
// A reset made within one round of the loss of the last member is not seen as one;
// the tail does see it.
//
// Pure. Threading: none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/events.h"
#include "core/time.h"
#include "kafka/group_answers.h"
#include "kafka/group_questions.h"
#include "log/log.h"

namespace tidemark::kafka {

struct PollSettings {
  core::Duration first = std::chrono::milliseconds(2);         // after somebody began to wait
  core::Duration quick = std::chrono::milliseconds(5);         // after an answer with news, or an append
  core::Duration longest = std::chrono::milliseconds(100);     // a group whose interval is not known
  core::Duration least_of_timer = std::chrono::milliseconds(20);  // a quarter of its interval, within
  core::Duration most_of_timer = std::chrono::seconds(1);
  core::Duration members = std::chrono::milliseconds(500);     // of a group somebody waits for
  core::Duration idle_rows = std::chrono::seconds(5);          // groups nobody waits for
  core::Duration idle_members = std::chrono::seconds(10);
  core::Duration idle_step = std::chrono::milliseconds(100);   // between two handfuls of them
  std::size_t idle_handful = 200;
  core::Duration for_each_open = std::chrono::microseconds(100);  // no pause is shorter than this for each open group
  core::Duration patience = std::chrono::seconds(10);          // then a question is taken for lost
  core::Duration notice = std::chrono::milliseconds(20);       // between two looks for who is waited for
  std::size_t max_groups = 100'000;
  std::size_t max_rows = 1'000'000;  // of all groups together
};

struct PollCounters {
  bool polling = false;
  std::uint64_t polls = 0;          // answers with a group's positions
  std::uint64_t rows = 0;           // rows told: new, moved or vanished
  std::uint64_t rows_left_out = 0;  // more than can be kept
  std::size_t groups = 0;
  std::size_t open = 0;             // groups somebody waits for
};

// Receives what differs, in order.
class PollSink {
 public:
  virtual ~PollSink() = default;
  virtual void on_polled_commit(const core::Commit& commit) = 0;
  virtual void on_polled_group(const core::GroupState& group) = 0;
};

class PollPlan {
 public:
  // `first_number`: above all that any process of before can have told.
  PollPlan(PollSettings settings, core::Offset first_number) : settings_(settings), next_number_(first_number) {}

  // What is known becomes void: polling begins anew.
  void clear();
  // A group that exists; asked for at its turn.
  void meet(std::string_view group, GroupType type, core::Time now);
  // What was told of a group without the plan: not told again.
  void seeded(const core::Seed& seed, core::Time now);
  void members_told(const core::GroupState& group, core::Time now);
  // The groups somebody waits for now; all others are not waited for.
  void open(std::span<const log::OpenGroup> groups, core::Time now);
  // Something was appended: whoever is waited for may commit soon.
  void hurry(core::Time now);

  struct Due {
    std::vector<std::string> rows;
    std::vector<std::pair<std::string, GroupType>> members;
  };
  Due due(core::Time now);
  // When due() has something to say though nothing else happens.
  std::optional<core::Time> next_due() const;

  // Answers. A group that is not known is taken up. One about members that carries positions of the tail was asked for
  // by somebody else.
  void rows_answered(std::string_view group, std::span<const OffsetRow> rows, core::Time now, PollSink& sink);
  void members_answered(const core::GroupState& group, core::Time now, PollSink& sink);
  // Rows that somebody else asked for, maybe before the plan's last question; answers about one group's rows
  // come in the order in which its coordinator gave them.
  void rows_seen(std::string_view group, std::span<const OffsetRow> rows, core::Time now, PollSink& sink);

  PollCounters counters() const;

 private:
  struct Row {
    core::Offset offset = core::kNoOffset;
    std::int32_t leader_epoch = -1;
    Uuid topic_id;
    std::uint64_t answer = 0;  // the answer in which it was last
    std::vector<core::Range> done_above;
  };
  struct Members {
    bool exists = true;
    bool managed = false;
    int members = 0;
    bool topics_known = false;
    std::vector<std::string> topics;
    std::string client;
    std::string member;
    bool operator==(const Members&) const = default;
    bool emptied() const { return managed && members == 0; }
  };
  struct Group {
    GroupType type = GroupType::unknown;
    std::map<std::pair<std::string, core::Partition>, Row> rows;
    bool rows_told = false;
    std::optional<Members> told;
    std::optional<Members> held_members;            // until the positions asked after it are told
    bool rows_too_old = false;                      // those under way were asked before it
    std::optional<std::vector<OffsetRow>> held_rows;  // until the group was described once more
    bool members_too_old = false;
    std::optional<core::Time> rows_asked;
    std::optional<core::Time> members_asked;
    core::Time rows_due{};
    core::Time members_due{};
    core::Time agenda{};      // its entry there
    bool open = false;
    std::uint64_t opened = 0;  // the call to open() that named it last
    core::Duration pause{};
    core::Duration longest{};
  };
  using Groups = std::unordered_map<std::string, Group, wire::StringHash, std::equal_to<>>;
  using Agenda = std::set<std::pair<core::Time, std::string>>;

  Groups::iterator take_up(std::string_view name, core::Time now);
  void schedule(const std::string& name, Group& group, core::Time now);
  void unschedule(const std::string& name, const Group& group);
  void set_open(const std::string& name, Group& group, bool open, core::Time now);
  void ask(const std::string& name, Group& group, core::Time now, Due& due);
  core::Duration least_pause() const;
  void take_rows(Groups::iterator found, std::span<const OffsetRow> rows, bool news, bool behind_members, core::Time now,
                 PollSink& sink);
  // What was said of it is not what was told.
  static bool moved(const Row& row, const OffsetRow& said);
  bool differs(const Group& group, std::span<const OffsetRow> rows) const;
  void tell_rows(const std::string& name, Group& group, std::span<const OffsetRow> rows, PollSink& sink);
  void tell_row(const std::string& name, const std::pair<std::string, core::Partition>& key, const Row& row,
                PollSink& sink);
  void tell_members(const std::string& name, Group& group, Members members, PollSink& sink);
  void forget_if_gone(Groups::iterator found, core::Time now);
  static Members copy(const core::GroupState& group);

  PollSettings settings_;
  core::Offset next_number_;
  Groups groups_;
  std::array<Agenda, 2> agendas_;  // idle groups, open groups
  core::Time idle_not_before_{};
  std::size_t open_ = 0;
  std::set<std::string, std::less<>> open_names_;
  std::uint64_t openings_ = 0;
  std::size_t rows_ = 0;
  std::uint64_t answers_ = 0;
  PollCounters counters_;
};

}  // namespace tidemark::kafka
