// Holds every answer against what truly happened.
//
// An answer says that all an event caused is processed; whether that was so can
// be known only later, because what a consumer was yet to write is in no log at
// the moment of the answer. So each answer is judged twice: when it is given, by
// what exists, and once more when the run is over, by all that ever came of it:
// everything must have been processed by the time of the answer.
//
// Ownership: the world owns it. Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "promptness.h"
#include "stake.h"
#include "world.h"

namespace tidemark::sim::derived {

class Gateway;
class Service;

class Checker {
 public:
  explicit Checker(World& world) : world_(world), promptness_(world) {}

  void began_publish(Gateway& gateway, core::WaitId wait, const PublishSpec& spec);
  void began_resume(Gateway& gateway, core::WaitId wait, const ResumeSpec& spec);
  void began_barrier(Gateway& gateway, core::WaitId wait, const BarrierSpec& spec);
  void appended(const Uuid& id, int record);
  void answered(Gateway& gateway, const core::Answer& answer);
  void refused(Gateway& gateway, const core::Refusal& refusal);
  void refused_late(Gateway& gateway, core::WaitId wait, const core::Refusal& refusal);
  void died(Gateway& gateway);
  // The gateway was told of a service's position.
  void told(const Gateway& gateway, int service, int topic, core::Partition partition, core::Offset offset);
  // No wait may be past its deadline.
  void look();
  // All answers once more.
  void finish();

  std::size_t open() const { return waits_.size(); }
  std::uint64_t answers() const { return answers_; }
  std::uint64_t processed() const { return processed_; }

 private:
  using Key = std::pair<int, std::uint64_t>;  // gateway, wait
  struct Wait {
    int gateway = 0;
    std::uint64_t life = 0;
    bool is_publish = false;
    bool is_barrier = false;
    bool hold = true;
    bool must_settle = false;
    core::Scope scope = core::Scope::event;
    core::Time began{};
    core::Time deadline{};
    std::vector<Stake> stakes;
    std::vector<std::string> only;
  };
  struct Judged {
    Wait wait;
    core::Answer answer;
    core::Time when{};
    std::vector<int> partitions;  // by topic, as the gateway was told
    FirstPositions first_positions;  // that it was told of
  };
  // A record that an answer stands for.
  struct Due {
    int record = 0;
    int stake = 0;
    bool root = false;
    bool excused = false;
  };

  Stake stake_at(const Gateway& gateway, int topic, const std::vector<std::string>& only) const;
  void narrow(Stake& stake, const std::vector<std::string>& only) const;
  bool is_due(const Judged& judged, int record) const;
  std::vector<Due> all_due(const Judged& judged);
  bool excuse(const Judged& judged, const Due& from, int child);
  enum class NotDone { no, here, hidden };
  NotDone not_done_at(const core::ConsumerOutcome& outcome, const Service& service, int input) const;
  bool is_declared(const Service& service, int input) const;
  int steps(const Due& from, int child) const;
  bool is_beyond(const core::Deferred& deferred, const Due& from, int child) const;
  void audit(const Judged& judged, bool over);
  void check_listed(const Judged& judged, const Due& due);
  bool feeds_itself(int topic) const;
  void check_record(const Judged& judged, const Due& due, const core::ConsumerOutcome& outcome, bool over);
  void check_dead_letters(const Judged& judged, const std::vector<Due>& due, bool over);
  void check_given_up(const Judged& judged, const std::vector<Due>& due);
  void check_failed(const Judged& judged, const std::vector<Due>& due, const core::ConsumerOutcome& outcome);
  void check_names(const Judged& judged);
  void check_path(const Judged& judged, const core::ConsumerOutcome& outcome);
  void check_deferred(const Judged& judged);
  void check_promptness(const Judged& judged);
  void check_latest(const Judged& judged);
  bool writes(const std::string& consumer, int input, int output) const;
  int service_named(const std::string& name) const;
  std::string describe(const Judged& judged) const;

  World& world_;
  Promptness promptness_;
  std::map<Key, Wait> waits_;
  std::vector<Judged> judged_;
  std::vector<std::uint32_t> stamps_;  // by record
  std::uint32_t stamp_ = 0;
  std::set<int> roots_;                // records that the answer looked at is about
  std::uint64_t answers_ = 0;
  std::uint64_t processed_ = 0;
};

}  // namespace tidemark::sim::derived
