// What groups have to be asked, in as few requests as there can be.
//
// Each group has its own coordinator, which must be found first, may be loading,
// may have moved, may be gone; a cluster has thousands of groups, and they ask
// for attention together: at the start, and after each rebalance of something
// big. A loop over the groups takes a round trip each and stops at the first
// that hangs. Here each group is on its own way to an answer, groups that stand
// at the same step share a request, and an error sends back only its group, with
// a pause that grows.
//
// Whether a group is a classic or a KIP-848 one is not always known, and neither
// API answers for the other kind (DescribeGroups says "Dead" in its older
// versions): so a group that one of them does not know is asked for by the
// other, and only one that both do not know does not exist. Share groups have an
// API of their own; they are known as such from the list or the commit log.
//
// Pure. Threading: none. The caller sends what next() returns and reports each
// group's answer, or failed(), for every group of every question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/position.h"
#include "core/time.h"
#include "wire/client_metadata.h"

namespace tidemark::kafka {

enum class GroupType { unknown, classic, consumer, share };

struct Question {
  enum class Kind { coordinators, offsets, classic_members, consumer_members, share_members };
  Kind kind = Kind::coordinators;
  bool stable = false;       // of offsets: only when no transaction is open
  std::int32_t broker = -1;  // the coordinator; -1: any broker
  std::vector<std::string> groups;
};

// Why the offsets of a group are asked for.
struct OffsetsAsked {
  bool seed = false;
  core::TailPositions as_of;              // of the seed
  std::optional<core::LogPoint> version;  // they count as commits of this version
  bool rows = false;                      // for what they are, and for nothing else
  std::uint64_t stable = 0;               // the latest number of those who want them with transactions settled; 0: nobody
};

class GroupQuestions {
 public:
  struct Limits {
    std::size_t groups_per_question = 200;
    std::size_t questions = 8;  // under way at once
    core::Duration first_pause = std::chrono::milliseconds(20);
    core::Duration longest_pause = std::chrono::seconds(2);
    std::size_t coordinators = 200'000;  // remembered
  };
  explicit GroupQuestions(Limits limits) : limits_(limits) {}

  // Asking again while a question is under way makes another one follow it.
  // `starting`: counts in starting_left().
  void ask_seed(const std::string& group, const core::TailPositions& as_of, core::Time now, bool starting);
  void ask_offsets(const std::string& group, core::LogPoint version, core::Time now);
  void ask_rows(const std::string& group, core::Time now);
  void ask_stable_rows(const std::string& group, std::uint64_t number, core::Time now);
  void ask_members(const std::string& group, GroupType type, const core::TailPositions& as_of, core::Time now,
                   bool starting);

  // The questions that can be sent now.
  std::vector<Question> next(core::Time now);
  // When next() may have more to say though nothing else happens.
  std::optional<core::Time> next_due() const;

  // Answers. What they answer is returned, so that it can be told with its version;
  // nothing when the group is not being asked.
  void coordinator_found(std::string_view group, std::int32_t broker);
  std::optional<OffsetsAsked> offsets_answered(std::string_view group);
  std::optional<core::TailPositions> members_answered(std::string_view group);
  // The group is not of the type it was asked as: true when it is of neither and
  // the answer is that it does not exist (`as_of` is then set).
  bool members_not_found(std::string_view group, core::TailPositions& as_of);
  // Ask again, after a pause; `moved`: another broker may be the coordinator.
  void failed(std::string_view group, Question::Kind kind, core::Time now, bool moved);
  // No answer will ever come (no permission): this question is dropped.
  void refused(std::string_view group, Question::Kind kind);
  // To be called once when a question came to its end, whatever the end: groups
  // of which nothing was reported are asked for again.
  void ended(const Question& question, core::Time now);

  // Groups asked for by a start that have no answer yet, not counting those that
  // wait for longer than `patience`.
  std::size_t starting_left(core::Time now, core::Duration patience) const;
  // Such groups that were not returned before: to be said once.
  std::vector<std::string> newly_late(core::Time now, core::Duration patience);
  // A start begins anew: earlier ones do not count any more.
  void forget_starts();

  std::size_t size() const { return groups_.size(); }

 private:
  enum class Coordinator { unknown, asking, known };
  struct Group {
    Coordinator coordinator = Coordinator::unknown;
    std::int32_t broker = -1;
    bool offsets_wanted = false;
    OffsetsAsked offsets;
    std::optional<OffsetsAsked> offsets_sent;
    bool members_wanted = false;
    GroupType type = GroupType::unknown;
    bool other_type_tried = false;
    core::TailPositions members_as_of;
    std::optional<core::TailPositions> members_sent;
    bool starting = false;
    bool said_late = false;
    core::Time since{};
    core::Time not_before{};
    core::Duration pause{};
  };
  using Groups = std::unordered_map<std::string, Group, wire::StringHash, std::equal_to<>>;

  Group& entry(const std::string& group, core::Time now, bool starting);
  static bool offsets_due(const Group& group);
  static bool members_due(const Group& group);
  static Question::Kind members_kind(const Group& group);
  void drop_if_done(Groups::iterator found);
  void lose_coordinator(std::string_view name, Group& group);

  Limits limits_;
  Groups groups_;
  // Of groups asked before: polling asks the same ones again and again.
  std::unordered_map<std::string, std::int32_t, wire::StringHash, std::equal_to<>> coordinators_;
  std::size_t under_way_ = 0;
};

}  // namespace tidemark::kafka
