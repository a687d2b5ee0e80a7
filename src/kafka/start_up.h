// How the tail begins and when what it knows is complete (DESIGN P8).
//
// "Read __consumer_offsets from the start" takes minutes; "read from the end and
// ask for the rest" loses what is committed between the two, and the commits of
// transactions that are open just then. So, in this order: each partition's last
// stable offset, from which the tail reads; the groups, on every broker; their
// offsets and members; then the high watermarks. Once the tail has passed those,
// everything committed before the last answer has been told. An answer is
// versioned by where the tail stood before the groups were listed, so what it
// and the tail both tell is told apart.
//
// After the cluster was lost the tail goes on where it stood, and the groups are
// listed again. A partition whose position is gone begins at its last stable
// offset again. Where the topic does not exist there is nothing to read yet, and
// its partitions are read from 0 once it does.
//
// Where the log may not be read, the groups are asked and that is all: their
// positions are polled from then on. When it may be read again, the tail begins
// only once the groups have answered for what was committed below its beginning.
//
// Pure: facts come in, steps go out; the caller carries them out and retries each
// question until it has an answer. Threading: none.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/position.h"

namespace tidemark::kafka {

// What is to be done now; each once.
struct StartUpSteps {
  std::vector<core::Partition> ask_last_stable;
  std::vector<std::pair<core::Partition, core::Offset>> tail_from;
  bool new_round = false;                 // note the tail's positions: they version the answers of this round
  std::vector<std::int32_t> list_groups;  // brokers to ask
  std::vector<core::Partition> ask_high_watermark;
  bool synced = false;
  std::string lost;  // why; empty: not lost

  bool empty() const {
    return ask_last_stable.empty() && tail_from.empty() && !new_round && list_groups.empty() &&
           ask_high_watermark.empty() && !synced && lost.empty();
  }
};

class StartUp {
 public:
  enum class Phase {
    unknown,      // nothing heard from the cluster yet
    positions,    // last stable offsets are asked for
    listing,      // brokers are asked for their groups
    asking,       // groups are asked
    ends,         // high watermarks are asked for
    catching_up,  // the tail has to pass them
    synced,
    lost,         // until recovered()
  };

  // The cluster as it is now: its brokers and how many partitions the topic has
  // (0: it does not exist).
  StartUpSteps on_cluster(const std::set<std::int32_t>& brokers, core::Partition partitions);
  StartUpSteps on_last_stable(core::Partition partition, core::Offset offset);
  // Answers carry the round in which they were asked; those of an older one are ignored.
  void on_listed(std::int32_t broker, std::uint64_t round);
  // All groups found have answered, or will not in time.
  StartUpSteps on_groups_answered();
  StartUpSteps on_high_watermark(core::Partition partition, core::Offset offset, std::uint64_t round);
  // The tail moved on; the index is the partition.
  StartUpSteps on_tail(const std::vector<core::Offset>& positions);

  // The cluster, or a part of the tail, cannot be reached; and: everything can again.
  StartUpSteps on_lost(const std::string& why);
  StartUpSteps on_recovered();
  // The position of a partition does not exist any more.
  StartUpSteps on_position_gone(core::Partition partition);
  // The log may not be read: begins anew as if it had no partitions. Lost until
  // then, if it was complete before.
  StartUpSteps on_tail_denied(const std::string& why);
  // It may be read again; only when synced without it.
  StartUpSteps on_tail_readable(core::Partition partitions, const std::string& why);
  // What was lost cannot be made good: never synced again.
  StartUpSteps on_hopeless(const std::string& why);

  Phase phase() const { return phase_; }
  // All groups were listed since the tail began, which has missed nothing since: who comes later shows in it.
  bool knows_groups() const { return knows_groups_; }
  // What it is waiting for, for people.
  std::string waiting_for() const;
  std::uint64_t round() const { return round_; }

 private:
  void begin_round(StartUpSteps& steps);
  void lose(const std::string& why, StartUpSteps& steps);
  void check_listed();
  void check_caught_up(StartUpSteps& steps);
  void begin_tail(StartUpSteps& steps);

  Phase phase_ = Phase::unknown;
  bool told_lost_ = false;
  bool hopeless_ = false;
  std::uint64_t round_ = 0;
  std::set<std::int32_t> brokers_;
  std::set<std::int32_t> unlisted_;
  std::set<core::Partition> without_position_;
  core::Partition partitions_ = 0;
  std::vector<core::Offset> starts_;  // by partition, for the first tail_from
  bool tailing_ = false;
  bool knows_groups_ = false;
  bool late_tail_ = false;  // the tail begins after the groups have answered
  std::vector<core::Offset> ends_;
  std::set<core::Partition> without_end_;
  std::vector<core::Offset> tail_;
};

}  // namespace tidemark::kafka
