#include "kafka/poller.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

namespace tidemark::kafka {
namespace {

core::Time clock_now() { return std::chrono::steady_clock::now(); }

// Above every number of a process that was started before, as long as it told
// fewer than 65,536 things a millisecond.
core::Offset first_number() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() << 16;
}

constexpr auto kShortestTimer = std::chrono::milliseconds(1);

}  // namespace

class Poller::Core : public std::enable_shared_from_this<Poller::Core> {
 public:
  Core(boost::asio::io_context& io, GroupAsker& groups, PollSettings settings, PollSink& sink, OpenGroups open_groups)
      : io_(io),
        groups_(&groups),
        settings_(settings),
        sink_(&sink),
        open_groups_(std::move(open_groups)),
        timer_(io),
        plan_(settings, first_number()) {}

  void start() {
    if (std::exchange(running_, true)) return;
    plan_.clear();
    look();
  }
  bool running() const { return running_; }
  void stop() {
    running_ = false;
    timer_.cancel();
  }

  void hurry() {
    if (!running_ || std::exchange(hurry_posted_, true)) return;
    boost::asio::post(io_, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->hurry_posted_ = false;
      if (!self->running_) return;
      self->plan_.hurry(clock_now());
      self->look();
    });
  }

  // Lets `work` change the plan, unless polling has ended.
  template <class Work>
  void change(Work work) {
    if (!running_) return;
    work(plan_);
    if (running_) arm();
  }
  PollSink& sink() { return *sink_; }

  PollCounters counters() const {
    PollCounters counters = plan_.counters();
    counters.polling = running_;
    return counters;
  }

 private:
  void look() {
    const core::Time now = clock_now();
    std::vector<log::OpenGroup> open;
    open_groups_(open);
    if (!running_) return;
    plan_.open(open, now);
    looked_ = now;
    ask(now);
    arm();
  }

  void ask(core::Time now) {
    const PollPlan::Due due = plan_.due(now);
    for (const std::string& group : due.rows) groups_->ask_rows(group);
    for (const auto& [group, type] : due.members) groups_->ask_members(group, type, nullptr, false);
  }

  void arm() {
    core::Time at = looked_ + settings_.notice;
    if (const auto next = plan_.next_due(); next && *next < at) at = *next;
    at = std::max(at, clock_now() + kShortestTimer);
    if (armed_for_ && *armed_for_ <= at) return;
    armed_for_ = at;
    timer_.expires_at(at);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || !self->running_) return;
      self->armed_for_.reset();
      const core::Time now = clock_now();
      if (now - self->looked_ >= self->settings_.notice) return self->look();
      self->ask(now);
      self->arm();
    });
  }

  boost::asio::io_context& io_;
  GroupAsker* groups_;
  PollSettings settings_;
  PollSink* sink_;
  OpenGroups open_groups_;
  boost::asio::steady_timer timer_;
  PollPlan plan_;
  core::Time looked_{};
  std::optional<core::Time> armed_for_;
  bool running_ = false;
  bool hurry_posted_ = false;
};

Poller::Poller(boost::asio::io_context& io, GroupAsker& groups, PollSettings settings, PollSink& sink,
               OpenGroups open_groups)
    : core_(std::make_shared<Core>(io, groups, settings, sink, std::move(open_groups))) {}

Poller::~Poller() { stop(); }

void Poller::start() { core_->start(); }
bool Poller::running() const { return core_->running(); }
void Poller::hurry() { core_->hurry(); }
void Poller::stop() { core_->stop(); }

void Poller::meet(std::string_view group, GroupType type) {
  core_->change([&](PollPlan& plan) { plan.meet(group, type, clock_now()); });
}
void Poller::seeded(const core::Seed& seed) {
  core_->change([&](PollPlan& plan) { plan.seeded(seed, clock_now()); });
}
void Poller::members_told(const core::GroupState& group) {
  core_->change([&](PollPlan& plan) { plan.members_told(group, clock_now()); });
}
void Poller::rows_answered(std::string_view group, std::span<const OffsetRow> rows) {
  core_->change([&](PollPlan& plan) { plan.rows_answered(group, rows, clock_now(), core_->sink()); });
}
void Poller::rows_seen(std::string_view group, std::span<const OffsetRow> rows) {
  core_->change([&](PollPlan& plan) { plan.rows_seen(group, rows, clock_now(), core_->sink()); });
}
void Poller::members_answered(const core::GroupState& group) {
  core_->change([&](PollPlan& plan) { plan.members_answered(group, clock_now(), core_->sink()); });
}

PollCounters Poller::counters() const { return core_->counters(); }

}  // namespace tidemark::kafka
