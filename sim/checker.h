// Whether the promises were kept (DESIGN §3).
//
// An assertion inside core shares core's misunderstandings. The checker sees
// only what a client and the cluster see: requests, answers, what each gateway
// was told (told.h), what each consumer really processed (model_group.h) and
// what is really in the log. It stops a run at the first broken promise, with
// the promise's number.
//
// Where a promise has a limit that the documentation states, the excuse is as
// narrow as the limit, and counted (fault.h).
//
// Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/engine.h"
#include "stake.h"
#include "told.h"

namespace tidemark::sim {

struct World;
class ModelGateway;
class ModelGroup;
struct BarrierSpec;
struct LogCut;
struct PublishSpec;
struct ResumeSpec;

class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}

  // The first broken promise: its number and what happened.
  const std::optional<std::string>& failure() const { return failure_; }
  void fail(const char* promise, const std::string& what);

  void began_publish(const ModelGateway& gateway, core::WaitId wait, const PublishSpec& spec);
  void began_resume(const ModelGateway& gateway, core::WaitId wait, const ResumeSpec& spec);
  void began_barrier(const ModelGateway& gateway, core::WaitId wait, const BarrierSpec& spec);
  // A barrier that was taken, and turned out to be impossible.
  void refused_late(const ModelGateway& gateway, core::WaitId wait, const core::Refusal& refusal);
  // A look for the wait's event in doubt found it: in force from now on.
  void told_sight(const ModelGateway& gateway, core::WaitId wait, const Uuid& event);
  // `publish` is nullptr for a resumed mark.
  void refused(const ModelGateway& gateway, const PublishSpec* publish, const core::Refusal& refusal);
  void cancelled(const ModelGateway& gateway, core::WaitId wait);
  void told_delivery(const ModelGateway& gateway, core::WaitId wait, const core::Delivery& delivery);
  void told_commit(const ModelGateway& gateway, const CommitRecord& record);
  void answered(const ModelGateway& gateway, const core::Answer& answer);
  void died(const ModelGateway& gateway);
  bool open(const ModelGateway& gateway, core::WaitId wait) const;
  // A mark with these stakes is refused because its log was cut off.
  void refused_cut(const ModelGateway& gateway, const std::vector<Stake>& stakes);

  // From now on everything that begins must settle.
  void heal();
  // Looks at what only shows over time: overdue waits, tables, leaks.
  void look();
  void finish();

  std::uint64_t answers() const { return answers_; }
  std::uint64_t processed() const { return processed_; }

 private:
  // A position in force when the wait began (P3).
  struct Before {
    std::size_t stake = 0;
    std::string name;
    ToldPosition position;
  };
  struct Wait {
    bool is_publish = false;
    bool is_barrier = false;
    bool beyond = false;  // a barrier's position lay beyond its partition's end at the call
    bool hold = true;
    core::Time began{};
    core::Time deadline{};
    std::string topic;                // of a publish
    std::vector<std::string> only;
    std::vector<Stake> stakes;        // of a publish: filled in at the delivery
    core::Mark mark;                  // of a resumed mark
    std::set<std::string> must_name;  // of a publish
    std::set<std::string> may_name;
    bool configured = false;
    std::optional<core::Delivery> delivery;
    std::vector<Before> before;
    std::map<std::string, core::Offset> anchors_due;  // names whose mark must carry an anchor
  };
  using WaitKey = std::tuple<int, std::uint64_t, std::uint64_t>;  // gateway, life, wait

  static WaitKey key(const ModelGateway& gateway, core::WaitId wait);
  const ModelGroup* group_named(const std::string& name) const;

  void expect_names(const ModelGateway& gateway, const std::string& topic, Wait& wait) const;
  void note_before(const ModelGateway& gateway, Wait& wait);
  void note_anchors_due(const ModelGateway& gateway, Wait& wait);

  void check_fate(const Wait& wait, const core::Answer& answer);
  void check_timing(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);
  void check_names(const Wait& wait, const core::Answer& answer);
  void check_summary(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);
  // With the faults over, everything must settle.
  void check_settles(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);
  void check_mark(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);
  void check_anchor(const Wait& wait, const core::Term& term, const core::Expected& expected);
  bool was_cut(const Stake& stake) const;
  bool is_lost(const Stake& stake) const;
  // Nothing that can be seen lies at its end or above it in a log that was cut off, and it does not say which log
  // it is of, or nobody told that it is lost.
  bool is_above_cut_log(const Wait& wait, const Stake& stake) const;
  // Of the record that is meant at the offset.
  std::int32_t epoch_of(const Stake& stake, core::Offset offset) const;
  bool says_epoch(const Wait& wait, const Stake& stake) const;
  void check_lost(const ModelGateway& gateway, const Wait& wait, const Stake& stake, const ModelGroup& group,
                  const core::ConsumerOutcome& outcome);
  bool late_across_cut(const ModelGroup& group, const Stake& stake, const LogCut& cut) const;
  bool cut_excused(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake, core::Time when);
  bool was_share_start(const ModelGroup& group, const core::Term& term, core::Offset start) const;
  // Leaves the names of whom a barrier's mark asks something in this partition.
  void narrow_to(const core::Mark& mark, Stake& stake) const;
  // A barrier over partitions without records is passed by anybody.
  // The last record of the partition, as far as the barrier is over it, that can be seen; kNoOffset: none.
  core::Offset last_seen(const ModelGateway& gateway, const Stake& stake) const;
  bool nothing_asked(const ModelGateway& gateway, const Wait& wait) const;
  void check_barrier_mark(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);
  core::Offset baseline(const ModelGateway& gateway, const Wait& wait, const Stake& stake, const ModelGroup& group) const;
  void check_whole(const ModelGateway& gateway, const Wait& wait, const Stake& stake, const ModelGroup& group,
                   const core::ConsumerOutcome& outcome);
  void check_failed(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                    const core::ConsumerOutcome& outcome);
  void check_handed_over(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                         const core::ConsumerOutcome& outcome);
  bool early_excused(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, core::Time when);
  bool timer_seen(const ModelGateway& gateway, const ModelGroup& group, core::Time when) const;
  // It is taken for lost with the records of an older leader, under which it was not appended.
  bool is_mistaken(const ModelGateway& gateway, const Stake& stake) const;
  // Its record's epoch is not said, and the cut showed while it was asked for: it may be of either log.
  bool cut_meanwhile(const ModelGateway& gateway, const Wait& wait, const Stake& stake,
                     const core::ConsumerOutcome& outcome) const;
  // Of a share group.
  void check_share(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                   const core::ConsumerOutcome& outcome);
  bool passes_over(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const Stake& stake,
                   core::Time when) const;
  bool starts_beyond_cut_log(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake) const;
  bool share_cut_excused(const ModelGateway& gateway, const Stake& stake, core::Time when);
  void check_share_failed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const core::ConsumerOutcome& outcome);
  bool share_excused(const ModelGateway& gateway, const Stake& stake, const ModelGroup& group, core::Time when);
  // Whether the outcome was judged by what the consumer says itself.
  bool check_acker(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                   const core::ConsumerOutcome& outcome);
  void check_outcome(const ModelGateway& gateway, const Wait& wait, const core::ConsumerOutcome& outcome);
  void check_processed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                       const core::ConsumerOutcome& outcome);
  void check_evidence(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const core::ConsumerOutcome& outcome);
  // Where positions are asked for: checker_polls.cpp.
  void check_polled(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                    const core::ConsumerOutcome& outcome);
  void check_polled_verdict(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                            const core::ConsumerOutcome& outcome);
  // An answer that shows the offset of before a cut, and no epoch, shows no move; nor does one that shows the offset
  // which was left by a former topic.
  bool same_offset_again(const Wait& wait, const std::string& name) const;
  bool polls_excused(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake, core::Time when);
  void check_completed(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group,
                       const core::ConsumerOutcome& outcome);
  void check_reset_seen(const Wait& wait, const core::ConsumerOutcome& outcome);
  void check_absent(const ModelGateway& gateway, const Wait& wait, const core::ConsumerOutcome& outcome);
  bool was_past(const ModelGateway& gateway, const ModelGroup& group, const Stake& stake) const;
  void check_verdicts(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                      const core::ConsumerOutcome& outcome);
  void check_latest(const ModelGateway& gateway, const Stake& stake, const ModelGroup& group,
                    const core::ConsumerOutcome& outcome);
  // The anchor that a resumed mark brings for this consumer at this event.
  core::Anchor anchor_in(const core::Mark& mark, const Stake& stake, const std::string& name) const;
  // Counts it: an ack without a topic id may have been about a former topic of the name.
  bool stale_ack(const ModelGroup& group, const Stake& stake, bool failed);
  bool excused(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, const Stake& stake,
               const core::ConsumerOutcome& outcome);
  void pass_on(const ModelGateway& gateway, const Wait& wait, const core::Answer& answer);

  World& world_;
  std::optional<std::string> failure_;
  std::map<WaitKey, Wait> open_;
  std::set<WaitKey> answered_;
  std::set<WaitKey> cancelled_;
  std::map<Uuid, core::Delivery> told_;  // what was answered of each publish
  std::optional<core::Time> healed_at_;
  std::uint64_t answers_ = 0;
  std::uint64_t processed_ = 0;
};

}  // namespace tidemark::sim
