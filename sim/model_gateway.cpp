#include "model_gateway.h"

#include <algorithm>
#include <set>
#include <utility>

#include "checker.h"
#include "model_clients.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Duration;
using core::Effects;
using core::Offset;
using core::Partition;
using std::chrono::microseconds;
using std::chrono::milliseconds;

ModelGateway::ModelGateway(World& world, int number) : world_(world), number_(number) {}

void ModelGateway::after(Duration delay, std::function<void()> action) {
  world_.schedule.after(delay, std::move(action));
}

void ModelGateway::start() {
  ++life_;
  world_.counters.count(Fault::gateway_started);
  Recording* recording = nullptr;
  if (keep_recordings_) recording = recordings_.emplace_back(std::make_unique<Recording>()).get();
  port_ = std::make_unique<EnginePort>(world_.plan.engine, recording);
  told_ = std::make_unique<Told>(world_.commits.groups());
  watch_ = std::make_unique<kafka::GroupWatch>(1000);
  if (world_.plan.polled) start_polls();
  else later(world_.random.millis(0, 100), [this] { watch_groups(); });
  tails_.assign(static_cast<std::size_t>(world_.commits.partitions()), Tail{});
  began_.clear();
  for (int p = 0; p < world_.commits.partitions(); ++p) {
    Tail& tail = tails_[static_cast<std::size_t>(p)];
    tail.position = world_.commits.last_stable(p);
    const auto& records = world_.commits.records(p);
    while (tail.next < records.size() && records[tail.next].at.offset < tail.position) ++tail.next;
    began_.push_back(tail.position);
    wake(p, true);
  }
  start_share_tails();
  world_.trace.note(world_.now(), "gateway starts", {{"gw", number_}, {"life", static_cast<std::int64_t>(life_)}});
  later(world_.random.skewed(500, 50000), [this] {
    tell_topics();
    ask_everything();
    if (polls_) meet_groups();
  });
}

void ModelGateway::kill() {
  if (!alive()) return;
  world_.counters.count(Fault::gateway_killed);
  world_.trace.note(world_.now(), "gateway killed", {{"gw", number_}});
  world_.checker->died(*this);
  events_ += port_->events();
  ++life_;
  port_.reset();
  polls_.reset();
  members_asked_.clear();
  appends_.clear();
  questions_.clear();
  heard_.clear();
  looks_.clear();
  cut_looks_.clear();
  leaders_.clear();
  next_ack_ = must_read_acks_ = 0;
  reads_acks_ = acks_scheduled_ = false;
  must_pass_.clear();
  lost_at_.reset();
  synced_since_.reset();
  drain_by_.reset();
  alarm_.reset();
  ever_synced_ = syncing_ = listed_ = false;
  connected_ = true;
  unanswered_ = 0;
  world_.schedule.after(world_.random.millis(20, 3000), [this] {
    if (!alive()) start();
  });
}

bool ModelGateway::should_be_ready() const {
  if (!alive() || !ever_synced_ || drain_by_) return false;
  return !lost_at_ || world_.now() - *lost_at_ < world_.plan.engine.lost_grace;
}

void ModelGateway::lose_log() {
  if (!alive() || !connected_) return;
  connected_ = false;
  world_.counters.count(Fault::log_lost);
  world_.trace.note(world_.now(), "log lost", {{"gw", number_}});
  if (!lost_at_) {
    lost_at_ = world_.now();
    port_->lost(world_.now());
  }
  const Duration gone = world_.random.chance(500) ? world_.random.millis(10, 800) : world_.random.millis(800, 6000);
  if (gone > world_.plan.engine.lost_grace) world_.counters.count(Fault::log_lost_beyond_grace);
  later(gone, [this] {
    connected_ = true;
    world_.counters.count(Fault::log_regained);
    world_.trace.note(world_.now(), "log regained", {{"gw", number_}});
    for (int p = 0; p < static_cast<int>(tails_.size()); ++p) wake(p, true);
    wake_acks();
    for (int p = 0; p < ShareLog::kPartitions; ++p) wake_share(p);
    tell_topics();
    if (polls_ || world_.random.chance(500)) {
      world_.counters.count(Fault::seeded_again);
      ask_everything();
    } else if (unanswered_ == 0) {
      answered_one();
    }
  });
}

void ModelGateway::drain() {
  if (!alive() || drain_by_) return;
  world_.counters.count(Fault::gateway_drained);
  const Duration bound = world_.random.millis(50, 1500);
  drain_by_ = world_.now() + bound;
  world_.trace.note(world_.now(), "gateway drains", {{"gw", number_}, {"ms", bound / milliseconds(1)}});
  port_->drain(*drain_by_);
  set_alarm();
  later(bound + milliseconds(20), [this] { kill(); });
}

void ModelGateway::heal() {
  for (Tail& tail : tails_) tail.stalled_until = world_.now();
  if (!alive()) {
    start();
    return;
  }
  for (int p = 0; p < static_cast<int>(tails_.size()); ++p) wake(p, true);
  wake_acks();
  for (int p = 0; p < ShareLog::kPartitions; ++p) wake_share(p);
}

std::variant<core::WaitId, core::Refusal> ModelGateway::publish(const PublishSpec& spec) {
  core::PublishRequest request;
  request.topic = spec.topic;
  request.partition = spec.partition;
  request.id = spec.id;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  request.wait = spec.hold;
  request.only = spec.only;
  Effects effects;
  const auto result = port_->publish(request, spec.only, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.trace.note(world_.now(), "publish", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())},
                                                {"ms", spec.wait / milliseconds(1)}}, spec.topic);
    world_.checker->began_publish(*this, *wait, spec);
    auto append = std::make_shared<Append>();
    append->wait = *wait;
    append->id = spec.id;
    append->topic = *world_.log.topic_named(spec.topic);
    append->asked_partition = spec.partition;
    appends_[wait->value()] = append;
    const bool late = world_.random.chance(world_.plan.append_fault / 4);
    later(late ? world_.random.millis(10, 4000) : world_.random.skewed(20, 2000), [this, append] { send(append); });
  }
  carry_out(effects);
  return result;
}

std::variant<core::WaitId, core::Refusal> ModelGateway::resume(const ResumeSpec& spec) {
  core::ResumeRequest request;
  request.mark = spec.mark;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  request.wait = spec.hold;
  request.only = spec.only;
  Effects effects;
  const auto result = port_->resume(request, spec.only, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.trace.note(world_.now(), "resume", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())},
                                               {"ms", spec.wait / milliseconds(1)}});
    for (const core::Term& term : spec.mark.terms)
      for (const core::Expected& expected : term.expected)
        world_.trace.note(world_.now(), "  asks", {{"kind", static_cast<int>(term.kind)}, {"p", term.partition},
                                                   {"first", term.first}, {"last", term.last},
                                                   {"anchor", expected.anchor.committed},
                                                   {"at", expected.anchor.at.offset}},
                          term.topic + " " + expected.name);
    world_.checker->began_resume(*this, *wait, spec);
    note_looks(effects, *wait);
  }
  carry_out(effects);
  return result;
}

void ModelGateway::cancel(core::WaitId wait) {
  world_.checker->cancelled(*this, wait);
  world_.trace.note(world_.now(), "cancel", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait.value())}});
  port_->cancel(wait);
}

void ModelGateway::carry_out(Effects& effects) {
  for (const core::Answer& answer : effects.answers) {
    world_.trace.note(world_.now(), "answer", {{"gw", number_}, {"wait", static_cast<std::int64_t>(answer.wait.value())},
                                               {"fate", static_cast<int>(answer.fate)}, {"settled", answer.settled}});
    for (const core::ConsumerOutcome& c : answer.consumers)
      world_.trace.note(world_.now(), "  outcome", {{"outcome", static_cast<int>(c.outcome)}, {"reason", static_cast<int>(c.reason)},
                                                    {"committed", c.evidence.committed}, {"anchor", c.evidence.anchor},
                                                    {"at.p", c.evidence.at.partition}, {"at", c.evidence.at.offset}}, c.name);
    appends_.erase(answer.wait.value());
    world_.checker->answered(*this, answer);
  }
  for (const core::AskEnds& ask : effects.asks) ask_ends(ask);
  for (const core::AskRows& ask : effects.rows) ask_rows(ask);
  for (const core::Look& question : effects.looks) look(question);
  for (const auto& [wait, refusal] : effects.refusals) {
    world_.trace.note(world_.now(), "refusal", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait.value())}},
                      refusal.detail);
    world_.checker->refused_late(*this, wait, refusal);
  }
  for (const core::WaitId wait : effects.overdue_appends) {
    const core::Delivery delivery = withdraw(wait);
    world_.checker->told_delivery(*this, wait, delivery);
    Effects more;
    port_->delivered(wait, delivery, world_.now(), more);
    carry_out(more);
  }
  set_alarm();
}

void ModelGateway::set_alarm() {
  const auto next = port_->engine().next_wakeup();
  if (!next || (alarm_ && *alarm_ <= *next)) return;
  alarm_ = *next;
  later(std::max<Duration>(*next - world_.now(), microseconds(1)), [this] {
    if (!alarm_ || *alarm_ > world_.now()) return;
    alarm_.reset();
    Effects effects;
    port_->tick(world_.now(), effects);
    carry_out(effects);
  });
}

void ModelGateway::ask_ends(const core::AskEnds& ask) {
  Question& question = questions_[{ask.topic, ask.partition}];
  // Number 0 asks on behalf of no commit: it judges none.
  told_->asked_end(*world_.log.topic_named(ask.topic), ask.partition, ask.number);
  heard_.try_emplace({ask.topic, ask.partition, ask.number}, ask.number == 0 ? 0 : told_->heard());
  if (question.outstanding) {
    question.next = std::max(question.next, ask.number);
    question.next_log_start |= ask.log_start;
    if (ask.epoch >= 0) question.next_epoch = ask.epoch;
    question.again = true;
    return;
  }
  question.outstanding = true;
  question.number = ask.number;
  question.log_start = ask.log_start;
  question.epoch = ask.epoch;
  const bool late = world_.random.chance(world_.plan.ends_late) && !world_.healing;
  if (late) world_.counters.count(Fault::ends_late);
  later(late ? world_.random.millis(20, 700) : world_.random.skewed(200, world_.plan.ends_delay / microseconds(1) + 300),
        [this, ask] { serve_ends(ask.topic, ask.partition, ask.number); });
}

void ModelGateway::leader_elected(int topic, Partition partition) {
  if (!alive()) return;
  later(world_.random.skewed(300, 3'000'000), [this, topic, partition] { tell_leader(topic, partition); });
}

void ModelGateway::tell_leader(int topic, Partition partition) {
  if (!connected_) {
    later(milliseconds(50), [this, topic, partition] { tell_leader(topic, partition); });
    return;
  }
  const int current = world_.log.current(topic);
  if (current < 0 || static_cast<std::size_t>(partition) >= world_.log[current].partitions.size()) return;
  core::Ends leader;
  leader.topic_id = world_.log[current].id;
  leader.partition = partition;
  leader.leader_epoch = world_.log.at(current, partition).epoch;
  world_.trace.note(world_.now(), "new leader", {{"gw", number_}, {"p", partition}, {"epoch", leader.leader_epoch}},
                    world_.log.name(topic));
  leaders_[{current, partition}] = leader.leader_epoch;
  told_->cuts().heard({current, partition}, leader.leader_epoch);
  Effects effects;
  port_->ends(leader, world_.log.name(topic), world_.now(), effects);
  carry_out(effects);
}

void ModelGateway::cut_shown(Fault by, Partition partition, Offset at, const std::string& topic) {
  world_.counters.count(by);
  world_.trace.note(world_.now(), "cut shown", {{"gw", number_}, {"p", partition}, {"at", at}}, topic);
}

void ModelGateway::serve_ends(const std::string& topic, Partition partition, std::uint64_t number) {
  if (!connected_) {
    later(milliseconds(50), [=, this] { serve_ends(topic, partition, number); });
    return;
  }
  Question& question = questions_[{topic, partition}];
  const int name = *world_.log.topic_named(topic);
  const int incarnation = world_.log.current(name);
  if (incarnation < 0 || static_cast<std::size_t>(partition) >= world_.log[incarnation].partitions.size()) {
    question = Question{};  // the topic is gone: nobody answers
    return;
  }
  const LogPartition& log = world_.log.at(incarnation, partition);
  core::Ends ends;
  ends.topic_id = world_.log[incarnation].id;
  ends.partition = partition;
  ends.high_watermark = log.end();
  ends.leader_epoch = log.epoch;
  if (question.log_start) ends.log_start = log.log_start;
  ends.asked = number;
  ends.epoch = question.epoch;
  if (ends.epoch >= 0 && !world_.random.chance(50)) ends.epoch_end = log.end_of_epoch(ends.epoch);
  later(world_.random.skewed(100, 3000), [=, this] {
    world_.trace.note(world_.now(), "ends", {{"gw", number_}, {"p", partition}, {"end", ends.high_watermark},
                                             {"start", ends.log_start}, {"epoch", ends.leader_epoch},
                                             {"asked", static_cast<std::int64_t>(number)},
                                             {"of epoch", ends.epoch}, {"to", ends.epoch_end}}, topic);
    // Of a topic that the list does not show yet it says nothing.
    if (told_->incarnation(name) == incarnation) {
      if (told_->end_of_leader(incarnation, partition, ends.high_watermark, ends.leader_epoch, number, world_.now()))
        cut_shown(Fault::cut_shown_by_end, partition, ends.high_watermark, topic);
      if (told_->epoch_ended(incarnation, partition, {ends.epoch, ends.epoch_end}, ends.leader_epoch, world_.now()))
        cut_shown(Fault::cut_shown_by_epoch, partition, ends.epoch_end, topic);
      told_->end(incarnation, partition, ends.high_watermark, heard_.at({topic, partition, number}), world_.now());
    }
    if (ends.log_start >= 0) told_->log_start(incarnation, partition, ends.log_start, world_.now());
    const Question asked = questions_[{topic, partition}];
    questions_[{topic, partition}] = Question{};
    Effects effects;
    port_->ends(ends, topic, world_.now(), effects);
    note_cut_looks(effects, {incarnation, partition, {ends.epoch, ends.epoch_end}});
    carry_out(effects);
    if (!asked.again) return;
    // What was asked meanwhile and what the answer led to are one question.
    Question& after = questions_[{topic, partition}];
    if (after.outstanding && after.number >= asked.next)
      after.log_start |= asked.next_log_start;
    else
      ask_ends({topic, partition, asked.next, asked.next_log_start, asked.next_epoch});
  });
}

}  // namespace tidemark::sim
