// Barriers taken, and the log looked through for appends in doubt.

#include <algorithm>
#include <utility>

#include "checker.h"
#include "model_gateway.h"
#include "world.h"

namespace tidemark::sim {

using core::Effects;
using core::Offset;
using core::Sight;
using std::chrono::milliseconds;

std::variant<core::WaitId, core::Refusal> ModelGateway::barrier(const BarrierSpec& spec) {
  core::BarrierRequest request;
  request.topics = spec.topics;
  request.positions = spec.positions;
  request.began = world_.now();
  request.deadline = world_.now() + spec.wait;
  request.wait = spec.hold;
  Effects effects;
  const auto result = port_->barrier(request, spec.topics, spec.positions, world_.now(), effects);
  if (const auto* wait = std::get_if<core::WaitId>(&result)) {
    world_.trace.note(world_.now(), "barrier", {{"gw", number_}, {"wait", static_cast<std::int64_t>(wait->value())},
                                                {"topics", static_cast<std::int64_t>(spec.topics.size())},
                                                {"positions", static_cast<std::int64_t>(spec.positions.size())},
                                                {"ms", spec.wait / milliseconds(1)}});
    world_.checker->began_barrier(*this, *wait, spec);
  }
  carry_out(effects);
  return result;
}

void ModelGateway::note_looks(const Effects& effects, core::WaitId wait) {
  for (const core::Look& question : effects.looks) looks_[question.number] = wait;
}

// A search for an append in doubt has no end; this is for one record, in its place.
void ModelGateway::note_cut_looks(const Effects& effects, const CutLook& of) {
  for (const core::Look& question : effects.looks)
    if (question.id && question.until == question.from + 1) cut_looks_[question.number] = of;
}

void ModelGateway::look(const core::Look& question) {
  later(world_.random.skewed(200, 50'000), [this, question] { serve_look(question); });
}

core::Sight ModelGateway::see(const core::Look& question) const {
  Sight sight;
  sight.number = question.number;
  const int current = world_.log.current(*world_.log.topic_named(question.topic));
  if (current < 0 || static_cast<std::size_t>(question.partition) >= world_.log[current].partitions.size()) return sight;
  const LogPartition& log = world_.log.at(current, question.partition);
  if (log.end() < question.until) return sight;  // a shorter log under the same name
  sight.topic_id = world_.log[current].id;
  sight.result = Sight::Result::none;
  sight.complete = question.from >= log.log_start;
  // Where much is there, it is not read to the end.
  const Offset most = world_.random.chance(300) ? question.from + world_.random.small(1, 4) : question.until;
  for (sight.until = question.from; sight.until < question.until; ++sight.until) {
    if (sight.until >= most && sight.result == Sight::Result::found) break;
    if (sight.until < log.log_start || is_unseen(log.kind(sight.until))) continue;
    if (log.kind(sight.until) == RecordKind::open) {
      sight.complete = false;
      continue;
    }
    if (sight.result == Sight::Result::none) sight.offset = sight.until;
    sight.result = Sight::Result::found;
    sight.last = sight.until;
  }
  if (sight.until < question.until) sight.complete = false;
  return sight;
}

void ModelGateway::serve_end_look(const core::Look& question) {
  const bool fails = world_.random.chance(world_.plan.look_fault) && !world_.healing;
  Sight sight = see(question);
  if (fails) sight.result = Sight::Result::failed;
  world_.counters.count(sight.result == Sight::Result::failed  ? Fault::end_look_failed
                        : !sight.complete                      ? Fault::end_look_incomplete
                        : sight.result == Sight::Result::found ? Fault::end_look_found
                                                               : Fault::end_look_none);
  later(world_.random.skewed(100, 4000), [this, sight, partition = question.partition, until = question.until] {
    world_.trace.note(world_.now(), "end sight", {{"gw", number_}, {"result", static_cast<int>(sight.result)}, {"p", partition},
                                                  {"last", sight.last}, {"until", until}, {"complete", sight.complete}});
    Effects effects;
    port_->sight(sight, world_.now(), effects);
    carry_out(effects);
  });
}

void ModelGateway::serve_look(const core::Look& question) {
  if (!connected_) {
    later(milliseconds(50), [this, question] { serve_look(question); });
    return;
  }
  if (!question.id) return serve_end_look(question);
  Sight sight;
  sight.number = question.number;
  const int topic = *world_.log.topic_named(question.topic);
  const int current = world_.log.current(topic);
  const bool there = current >= 0 && static_cast<std::size_t>(question.partition) < world_.log[current].partitions.size();
  const bool fails = world_.random.chance(world_.plan.look_fault) && !world_.healing;
  if (there && !fails) {
    const LogPartition& log = world_.log.at(current, question.partition);
    sight.topic_id = world_.log[current].id;
    sight.until = log.end();
    sight.result = question.from < log.log_start ? Sight::Result::failed : Sight::Result::none;
    const auto place = world_.log.find(*question.id);
    if (place && !place->lost && place->incarnation == current && place->partition == question.partition &&
        place->offset >= std::max(question.from, log.log_start)) {
      sight.result = Sight::Result::found;
      sight.offset = place->offset;
      sight.leader_epoch = place->epoch;
    }
  }
  world_.counters.count(sight.result == Sight::Result::found  ? Fault::look_found
                        : sight.result == Sight::Result::none ? Fault::look_none
                                                              : Fault::look_failed);
  later(world_.random.skewed(100, 4000), [this, sight, topic, current, id = *question.id, partition = question.partition] {
    world_.trace.note(world_.now(), "sight", {{"gw", number_}, {"result", static_cast<int>(sight.result)},
                                              {"p", partition}, {"offset", sight.offset}});
    const auto whose = looks_.find(sight.number);
    const bool asked = whose != looks_.end() && world_.checker->open(*this, whose->second);
    if (sight.result == Sight::Result::found && asked) {
      if (told_->incarnation(topic) == current) told_->end(current, partition, sight.offset + 1, 0, world_.now());
      world_.checker->told_sight(*this, whose->second, id);
    }
    const auto of_cut = cut_looks_.find(sight.number);
    const CutLook cut = of_cut == cut_looks_.end() ? CutLook{} : of_cut->second;
    if (of_cut != cut_looks_.end()) {
      cut_looks_.erase(of_cut);
      world_.counters.count(sight.result == Sight::Result::found ? Fault::event_found_above_epoch : Fault::event_missed_above_epoch);
      const bool here = told_->incarnation(topic) == cut.incarnation;
      if (here && sight.result == Sight::Result::none) told_->event_missed(cut.incarnation, cut.partition, cut.told, world_.now());
    }
    Effects effects;
    port_->sight(sight, world_.now(), effects);
    note_cut_looks(effects, cut);
    carry_out(effects);
  });
}

}  // namespace tidemark::sim
