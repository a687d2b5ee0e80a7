#include "gateway.h"

#include <algorithm>

#include "checker.h"
#include "clients.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Delivery;
using core::Duration;
using core::Effects;
using core::Offset;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Gateway::Gateway(World& world, int number) : world_(world), number_(number) {}

void Gateway::start() {
  ++life_;
  world_.count(Fault::gateway_started);
  world_.note("gateway starts", {{"gw", number_}, {"life", static_cast<std::int64_t>(life_)}});
  engine_ = std::make_unique<core::Engine>(world_.plan.engine);
  tails_.assign(static_cast<std::size_t>(world_.commits.partitions()), Tail{});
  for (int p = 0; p < world_.commits.partitions(); ++p) {
    Tail& tail = tails_[static_cast<std::size_t>(p)];
    tail.position = world_.commits.last_stable(p);
    const auto& records = world_.commits.records(p);
    while (tail.next < records.size() && records[tail.next].at.offset < tail.position) ++tail.next;
    wake(p);
  }
  later(world_.random.skewed(500, 20'000), [this] {
    tell_topics();
    ++unanswered_;
    for (int s = 0; s < static_cast<int>(world_.services.size()); ++s)
      if (world_.commits.group(s).exists) ask_group(s);
    answered();
  });
}

void Gateway::kill() {
  if (!alive()) return;
  world_.count(Fault::gateway_killed);
  world_.note("gateway killed", {{"gw", number_}});
  world_.checker->died(*this);
  ++life_;
  engine_.reset();
  appends_.clear();
  questions_.clear();
  members_.clear();
  empty_as_of_.clear();
  member_records_.clear();
  positions_.clear();
  partitions_.clear();
  must_pass_.clear();
  unanswered_ = 0;
  synced_ = false;
  alarm_.reset();
  world_.schedule.after(world_.random.millis(20, 800), [this] {
    if (!alive()) start();
  });
}

void Gateway::stall() {
  if (!alive()) return;
  world_.count(Fault::tail_stalled);
  world_.random.pick(tails_).stalled_until = world_.now() + world_.random.millis(20, 700);
}

void Gateway::heal() {
  for (Tail& tail : tails_) tail.stalled_until = world_.now();
  if (!alive()) start();
}

void Gateway::publish(const PublishSpec& spec) {
  core::PublishRequest request;
  const std::string topic = world_.log[spec.topic].name;
  request.topic = topic;
  request.partition = spec.partition;
  request.id = spec.id;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  request.wait = spec.hold;
  request.only = spec.only;
  request.scope = spec.scope;
  Effects effects;
  ++events_;
  const auto result = engine_->publish(request, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.note("publish", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())}, {"p", spec.partition},
                            {"scope", static_cast<int>(spec.scope)}, {"only", static_cast<std::int64_t>(spec.only.size())},
                            {"ms", spec.wait / milliseconds(1)}}, topic);
    world_.checker->began_publish(*this, *wait, spec);
    auto append = std::make_shared<Append>();
    append->wait = *wait;
    append->id = spec.id;
    append->topic = spec.topic;
    append->partition = spec.partition;
    appends_[wait->value()] = append;
    later(world_.random.skewed(20, 2000), [this, append] { send(append); });
  } else {
    world_.checker->refused(*this, std::get<core::Refusal>(result));
  }
  carry_out(effects);
}

void Gateway::send(const std::shared_ptr<Append>& append) {
  if (append->withdrawn) return;
  append->sent = true;
  append->lowest = world_.log.partition(append->topic, append->partition).end();
  // On its way to the broker: it arrives whatever happens to the gateway.
  world_.schedule.after(world_.random.skewed(100, 3000), [this, append, life = life_] {
    Record record;
    record.topic = append->topic;
    record.partition = append->partition;
    record.id = append->id;
    const int number = world_.log.append(std::move(record), world_.now());
    world_.note("append", {{"wait", static_cast<std::int64_t>(append->wait.value())}, {"record", number}},
                world_.log.place(number));
    world_.checker->appended(append->id, number);
    if (life != life_ || !alive()) return;
    const Offset offset = world_.log.at(number).offset;
    const bool late = world_.bad_luck(world_.plan.delivery_late);
    if (late) world_.count(Fault::delivery_after_commit);
    later(late ? world_.random.millis(5, 300) : world_.random.skewed(100, 4000),
          [this, append, offset] { deliver(append, offset); });
  });
}

void Gateway::deliver(const std::shared_ptr<Append>& append, Offset offset) {
  if (appends_.erase(append->wait.value()) == 0) return;  // withdrawn
  Delivery delivery;
  delivery.fate = Delivery::Fate::appended;
  delivery.partition = append->partition;
  delivery.topic_id = world_.log[append->topic].id;
  delivery.offset = offset;
  world_.note("delivered", {{"gw", number_}, {"wait", static_cast<std::int64_t>(append->wait.value())}, {"offset", offset}});
  Effects effects;
  ++events_;
  engine_->delivered(append->wait, delivery, world_.now(), effects);
  carry_out(effects);
}

Delivery Gateway::withdraw(core::WaitId wait) {
  Delivery delivery;
  delivery.reason = Delivery::Reason::timeout;
  delivery.detail = "not in time";
  const auto found = appends_.find(wait.value());
  if (found == appends_.end()) {
    world_.fail("P4", "the engine asks to withdraw an append that is not open");
    return delivery;
  }
  Append& append = *found->second;
  append.withdrawn = true;
  delivery.fate = append.sent ? Delivery::Fate::unknown : Delivery::Fate::not_appended;
  if (append.sent) {
    world_.count(Fault::append_unknown);
    delivery.partition = append.partition;
    delivery.topic_id = world_.log[append.topic].id;
    delivery.offset = append.lowest;
  }
  appends_.erase(found);
  return delivery;
}

void Gateway::resume(const ResumeSpec& spec) {
  core::ResumeRequest request;
  request.mark = spec.mark;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  request.wait = spec.hold;
  request.only = spec.only;
  request.scope = spec.scope;
  Effects effects;
  ++events_;
  const auto result = engine_->resume(request, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.note("resume", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())},
                           {"terms", static_cast<std::int64_t>(spec.mark.terms.size())},
                           {"scope", static_cast<int>(spec.scope)}, {"ms", spec.wait / milliseconds(1)}});
    world_.checker->began_resume(*this, *wait, spec);
  } else {
    world_.checker->refused(*this, std::get<core::Refusal>(result));
  }
  carry_out(effects);
}

void Gateway::barrier(const BarrierSpec& spec) {
  std::vector<std::string> topics;
  for (const int topic : spec.topics) topics.push_back(world_.log[topic].name);
  std::vector<core::PositionRequest> positions;
  for (const int number : spec.records) {
    const Record& record = world_.log.at(number);
    positions.push_back({world_.log[record.topic].name, record.partition, record.offset});
  }
  core::BarrierRequest request;
  request.topics = topics;
  request.positions = positions;
  request.scope = spec.scope;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  Effects effects;
  ++events_;
  const auto result = engine_->barrier(request, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.note("barrier", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())},
                            {"topics", static_cast<std::int64_t>(topics.size())},
                            {"positions", static_cast<std::int64_t>(positions.size())},
                            {"scope", static_cast<int>(spec.scope)}, {"ms", spec.wait / milliseconds(1)}});
    world_.checker->began_barrier(*this, *wait, spec);
  } else {
    world_.checker->refused(*this, std::get<core::Refusal>(result));
  }
  carry_out(effects);
}

void Gateway::note_answer(const core::Answer& answer) {
  world_.note("answer", {{"gw", number_}, {"wait", static_cast<std::int64_t>(answer.wait.value())},
                         {"fate", static_cast<int>(answer.fate)}, {"settled", answer.settled},
                         {"all", answer.all_processed()}});
  for (const core::ConsumerOutcome& c : answer.consumers)
    world_.note("  outcome", {{"committed", c.evidence.committed}, {"p", c.position.partition}, {"position", c.position.offset},
                              {"hops", static_cast<std::int64_t>(c.via.size())}},
                c.name + " " + std::string(core::name_of(c.outcome)) + " " + std::string(core::name_of(c.reason)) + " " +
                    c.position.topic);
  for (const core::Deferred& d : answer.deferred)
    world_.note("  deferred", {{"passes", d.passes}}, d.consumer + " " + d.topic + " " + std::string(core::name_of(d.why)));
}

void Gateway::carry_out(Effects& effects) {
  for (const core::Answer& answer : effects.answers) {
    if (world_.trace.verbose()) note_answer(answer);
    world_.note("answered", {{"gw", number_}, {"wait", static_cast<std::int64_t>(answer.wait.value())}, {"settled", answer.settled}});
    appends_.erase(answer.wait.value());
    world_.checker->answered(*this, answer);
  }
  for (const core::AskEnds& ask : effects.asks) ask_ends(ask);
  for (const core::Look& question : effects.looks) look(question);
  for (const auto& [wait, refusal] : effects.refusals) world_.checker->refused_late(*this, wait, refusal);
  for (const core::WaitId wait : effects.overdue_appends) {
    const Delivery delivery = withdraw(wait);
    Effects more;
    ++events_;
    engine_->delivered(wait, delivery, world_.now(), more);
    carry_out(more);
  }
  set_alarm();
}

void Gateway::set_alarm() {
  const auto next = engine_->next_wakeup();
  if (!next || (alarm_ && *alarm_ <= *next)) return;
  alarm_ = *next;
  later(std::max<Duration>(*next - world_.now(), Duration::zero()), [this] {
    if (!alarm_ || *alarm_ > world_.now()) return;
    alarm_.reset();
    Effects effects;
    ++events_;
    engine_->tick(world_.now(), effects);
    const auto again = engine_->next_wakeup();
    if (again && *again <= world_.now()) world_.fail("P7", "a tick leaves something due at once");
    carry_out(effects);
  });
}

}  // namespace tidemark::sim::derived
