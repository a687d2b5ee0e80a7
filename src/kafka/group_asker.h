// Sends what GroupQuestions wants to know to the brokers, and says what they
// answered.
//
// An answer is turned into what core understands here, so that nobody else has
// to know which of Kafka's three ways of describing a group was used.
//
// Needs OffsetFetch 8 and FindCoordinator 4 (Kafka 3.0); older brokers are said
// to be too old, once.
//
// Threading: the cluster's reactor; the observer is called from there, never
// from within the call that asks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/events.h"
#include "kafka/group_questions.h"

namespace boost::asio {
class io_context;
}
namespace tidemark::wire {
class Cluster;
}

namespace tidemark::kafka {

struct OffsetRow;

struct ListedGroup {
  std::string name;
  GroupType type = GroupType::unknown;
  bool commits() const { return type != GroupType::share; }
};

class GroupObserver {
 public:
  virtual ~GroupObserver() = default;
  virtual void on_listed(std::int32_t broker, std::uint64_t round, std::span<const ListedGroup> groups) = 0;
  virtual void on_seed(const core::Seed& seed) = 0;
  // A row of an answer asked with ask_offsets().
  virtual void on_asked_commit(const core::Commit& commit) = 0;
  // All rows of an answer asked with ask_rows().
  virtual void on_rows(const std::string& group, std::span<const OffsetRow> rows) = 0;
  // All rows of an answer asked with ask_stable_rows(), and the latest number asked with.
  virtual void on_stable_rows(const std::string& group, std::uint64_t number, std::span<const OffsetRow> rows) = 0;
  virtual void on_group_state(const core::GroupState& group) = 0;
  // Some question got its answer; more may be open.
  virtual void on_questions_answered() = 0;
  // For the log: each thing once.
  virtual void on_trouble(const std::string& what) = 0;
};

struct GroupCounters {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;  // requests without an answer, and groups answered with an error
  std::uint64_t seeds = 0;
  std::size_t open = 0;        // groups being asked
};

class GroupAsker {
 public:
  // `cluster` and `observer` must outlive stop().
  GroupAsker(boost::asio::io_context& io, wire::Cluster& cluster, GroupQuestions::Limits limits,
             GroupObserver& observer);
  ~GroupAsker();
  GroupAsker(const GroupAsker&) = delete;
  GroupAsker& operator=(const GroupAsker&) = delete;

  // Lists the groups of a broker; retried until answered, until the broker is
  // gone, or until a list with a higher round is asked of it.
  void list(std::int32_t broker, std::uint64_t round);
  // As GroupQuestions; sent soon.
  void ask_seed(const std::string& group, const core::TailPositions& as_of, bool starting);
  void ask_offsets(const std::string& group, core::LogPoint version);
  void ask_rows(const std::string& group);
  void ask_stable_rows(const std::string& group, std::uint64_t number);
  void ask_members(const std::string& group, GroupType type, const core::TailPositions& as_of, bool starting);
  void forget_starts();
  // Groups of the start that must be waited for: see GroupQuestions::starting_left.
  std::size_t starting_left(core::Duration patience) const;
  // Names groups that are not answered for `patience`, once each, by on_trouble.
  void name_late(core::Duration patience);
  void stop();

  GroupCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
