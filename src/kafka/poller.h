// Carries out a PollPlan: its timer, and its questions to the groups.
//
// Threading: the cluster's reactor; the sink and the list of groups are called
// from there, never from within hurry().
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kafka/group_asker.h"
#include "kafka/poll_plan.h"

namespace boost::asio {
class io_context;
}

namespace tidemark::kafka {

class Poller {
 public:
  using OpenGroups = std::function<void(std::vector<log::OpenGroup>&)>;

  // Asks nothing before start(). `groups` and `sink` must outlive stop();
  // `open_groups` fills in whom somebody waits for.
  Poller(boost::asio::io_context& io, GroupAsker& groups, PollSettings settings, PollSink& sink,
         OpenGroups open_groups);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Begins with nothing known.
  void start();
  bool running() const;
  // Something was appended.
  void hurry();
  // Nothing is called after this, until start().
  void stop();

  // As PollPlan; only while running.
  void meet(std::string_view group, GroupType type);
  void seeded(const core::Seed& seed);
  void members_told(const core::GroupState& group);
  void rows_answered(std::string_view group, std::span<const OffsetRow> rows);
  void rows_seen(std::string_view group, std::span<const OffsetRow> rows);
  void members_answered(const core::GroupState& group);

  PollCounters counters() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidemark::kafka
