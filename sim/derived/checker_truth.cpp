// What an answer stands for, record by record, and whether it was so.

#include <algorithm>

#include "checker.h"
#include "gateway.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Outcome;
using std::chrono::microseconds;

namespace {

std::int64_t micros(core::Time time) { return time.time_since_epoch() / microseconds(1) - 1'000'000'000; }

}  // namespace

// Whether it is there for readers, now or as soon as a marker comes.
bool Checker::is_due(const Judged&, int number) const {
  const Record& record = world_.log.at(number);
  return !record.marker && (record.fate == Fate::visible || record.fate == Fate::committing);
}

// How many steps through topics that feed each other lead from the nearest root to `child`.
int Checker::steps(const Due& from, int child) const {
  const int topic = world_.log.at(child).topic;
  int count = 1;
  for (int at = from.record; !roots_.contains(at); at = world_.log.at(at).parent)
    if (world_.plan.component[static_cast<std::size_t>(world_.log.at(at).topic)] ==
        world_.plan.component[static_cast<std::size_t>(topic)])
      ++count;
  return count;
}

// Whether the way to `child` leads through the topic beyond the steps that were followed:
// it may itself lie in another topic, or below an end that was asked for anyway.
bool Checker::is_beyond(const core::Deferred& deferred, const Due& from, int child) const {
  Due at = from;
  for (int record = child; !roots_.contains(record); record = at.record, at.record = world_.log.at(at.record).parent) {
    const bool named = world_.log[world_.log.at(record).topic].name == deferred.topic;
    if (named && steps(at, record) > deferred.passes) return true;
    if (roots_.contains(at.record)) break;
  }
  return false;
}

bool Checker::is_declared(const Service& service, int input) const {
  const auto& outputs = world_.plan.engine.outputs;
  return std::any_of(outputs.begin(), outputs.end(), [&](const core::Output& output) {
    return output.consumer == service.traits().name && output.input == world_.log[input].name;
  });
}

// Whether the consumer did not process what came to it in `input`. An answer shows the
// worst of a consumer's outcomes: behind it another may be hidden, of another topic.
Checker::NotDone Checker::not_done_at(const core::ConsumerOutcome& outcome, const Service& service, int input) const {
  if (outcome.outcome == Outcome::processed || outcome.outcome == Outcome::pending) return NotDone::no;
  const auto is_here = [&](int topic) {
    if (outcome.outcome != Outcome::failed) return outcome.position.topic == world_.log[topic].name;
    for (int letters = 0; letters < world_.log.topics(); ++letters)
      if (writes(service.traits().name, topic, letters) &&
          outcome.evidence.reason.find("(dead letter " + world_.log[letters].name + "/") != std::string::npos)
        return true;
    return false;
  };
  if (is_here(input)) return NotDone::here;
  // `failed` hides the rest, and of two that are alike the first is shown.
  return service.traits().inputs.size() > 1 ? NotDone::hidden : NotDone::no;
}

bool Checker::excuse(const Judged& judged, const Due& from, int child) {
  const Record& record = world_.log.at(child);
  const Service& writer = *world_.services[static_cast<std::size_t>(record.writer)];
  // Of whoever is not on the way nothing is waited for.
  const Stake& stake = judged.wait.stakes[static_cast<std::size_t>(from.stake)];
  if (stake.narrowed && !stake.asked.contains({world_.log.at(from.record).topic, record.writer})) return true;
  const auto& outcomes = judged.answer.consumers;
  const auto outcome = std::find_if(outcomes.begin(), outcomes.end(), [&](const auto& c) { return c.name == writer.traits().name; });
  const int read = world_.log.at(from.record).topic;
  // Whoever was neither seen nor declared when it was asked is not waited for.
  if (outcome == outcomes.end() && !stake.asked.contains({read, record.writer}) && !is_declared(writer, read)) {
    world_.counters.count(Excuse::writer_not_expected);
    return true;
  }
  // Of whoever did not process what it read nothing is waited for.
  if (outcome != outcomes.end()) {
    switch (not_done_at(*outcome, writer, read)) {
      case NotDone::no: break;
      case NotDone::here: world_.counters.count(Excuse::writer_not_done); return true;
      case NotDone::hidden: world_.counters.count(Excuse::writer_not_done_elsewhere); return true;
    }
  }
  for (const core::Deferred& deferred : judged.answer.deferred) {
    if (deferred.why == core::Deferred::Why::cycle) {
      if (!is_beyond(deferred, from, child)) continue;
      world_.counters.count(Excuse::cycle_bound);
      return true;
    }
    if (deferred.topic != world_.log[record.topic].name) continue;
    if (deferred.consumer != writer.traits().name || deferred.input != world_.log[world_.log.at(from.record).topic].name) continue;
    for (const Edge& edge : writer.traits().edges)
      if (edge.input == world_.log.at(from.record).topic && edge.output == record.topic && edge.emits == core::Emits::later) {
        world_.counters.count(Excuse::declared_later);
        return true;
      }
  }
  if (record.partition >= judged.partitions[static_cast<std::size_t>(record.topic)]) {
    world_.counters.count(Excuse::partition_not_told);
    return true;
  }
  return false;
}

std::vector<Checker::Due> Checker::all_due(const Judged& judged) {
  std::vector<Due> due;
  stamps_.resize(static_cast<std::size_t>(world_.log.records()));
  roots_.clear();
  ++stamp_;
  const auto add = [&](int record, int stake, bool root, bool excused) {
    if (stamps_[static_cast<std::size_t>(record)] == stamp_ || !is_due(judged, record)) return;
    stamps_[static_cast<std::size_t>(record)] = stamp_;
    due.push_back({record, stake, root, excused});
    if (root) roots_.insert(record);
  };
  for (int s = 0; s < static_cast<int>(judged.wait.stakes.size()); ++s) {
    const Stake& stake = judged.wait.stakes[static_cast<std::size_t>(s)];
    if (stake.event) add(*stake.event, s, true, false);
    if (!stake.is_whole && judged.wait.scope == core::Scope::event) continue;
    for (const Range& range : stake.whole) {
      // A barrier is over the partitions that its gateway knew at the call.
      const std::vector<int>& told = stake.is_whole ? stake.partitions : judged.partitions;
      if (range.partition >= told[static_cast<std::size_t>(range.topic)]) {
        if (range.end > range.first) world_.counters.count(Excuse::partition_not_told);
        continue;
      }
      for (core::Offset offset = range.first; offset < range.end; ++offset)
        add(world_.log.partition(range.topic, range.partition).records[static_cast<std::size_t>(offset)], s, true, false);
    }
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const Due from = due[i];
    for (const int child : world_.log.at(from.record).children) {
      if (stamps_[static_cast<std::size_t>(child)] == stamp_) continue;
      const bool excused = from.excused || excuse(judged, from, child);
      add(child, from.stake, false, excused);
    }
  }
  return due;
}

void Checker::audit(const Judged& judged, bool over) {
  const std::vector<Due> due = all_due(judged);
  for (const Due& one : due) {
    if (world_.failure) return;
    if (one.excused) continue;
    const Record& record = world_.log.at(one.record);
    const Stake& stake = judged.wait.stakes[static_cast<std::size_t>(one.stake)];
    if (judged.answer.all_processed()) check_listed(judged, one);
    for (const core::ConsumerOutcome& outcome : judged.answer.consumers) {
      if (outcome.outcome != Outcome::processed) continue;
      const int service = service_named(outcome.name);
      if (!stake.asked.contains({record.topic, service})) continue;
      const bool wholly = stake.is_whole || judged.wait.scope == core::Scope::watermark;
      if (wholly && stake.unknown.contains({service, record.topic, record.partition})) {
        world_.counters.count(Excuse::no_position_known);
        continue;
      }
      check_record(judged, one, outcome, over);
    }
  }
  check_dead_letters(judged, due, over);
}

// Where the event came, whoever is expected there must be in the answer.
void Checker::check_listed(const Judged& judged, const Due& due) {
  const Stake& stake = judged.wait.stakes[static_cast<std::size_t>(due.stake)];
  for (const auto& [topic, service] : stake.asked) {
    if (topic != world_.log.at(due.record).topic) continue;
    const std::string& name = world_.services[static_cast<std::size_t>(service)]->traits().name;
    const auto& outcomes = judged.answer.consumers;
    if (std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& c) { return c.name == name; })) continue;
    // A mark leaves out of whom nothing was asked: who was past all of it.
    const Record& record = world_.log.at(due.record);
    const auto at = world_.services[static_cast<std::size_t>(service)]->processed_at(topic, record.partition, record.offset);
    if (judged.wait.is_publish || !at || *at > judged.when)
      return world_.fail("P2", name + ", which reads " + world_.log.place(due.record) + ", is not in the answer " + describe(judged));
  }
}

bool Checker::feeds_itself(int topic) const {
  for (const auto& service : world_.services)
    for (const Edge& edge : service->traits().edges)
      if (edge.output == topic && edge.cyclic) return true;
  return false;
}

void Checker::check_record(const Judged& judged, const Due& due, const core::ConsumerOutcome& outcome, bool over) {
  const Record& record = world_.log.at(due.record);
  const Service& service = *world_.services[static_cast<std::size_t>(service_named(outcome.name))];
  const auto at = service.processed_at(record.topic, record.partition, record.offset);
  if (over && !due.root && judged.answer.all_processed()) {
    world_.count(Fault::descendants_processed);
    const bool far = record.generation > world_.plan.engine.cycle_passes && feeds_itself(record.topic);
    if (far && steps(Due{record.parent, due.stake, false, false}, due.record) > world_.plan.engine.cycle_passes)
      world_.count(Fault::followed_cycle_by_id);
  }
  if (!at || *at > judged.when) {
    std::string path = world_.log.place(due.record);
    for (int up = record.parent; up >= 0; up = world_.log.at(up).parent) path = world_.log.place(up) + " > " + path;
    return world_.fail("P2", outcome.name + " is said to have processed " + path + " by " + std::to_string(micros(judged.when)) +
                                 " us, and " + (at ? "did so at " + std::to_string(micros(*at)) : "has not") + " " +
                                 describe(judged) + (due.root ? ", a root" : ", written at " + std::to_string(micros(record.at))));
  }
  const core::Position& position = outcome.position;
  // Of several positions, and of a topic that feeds itself or comes behind one that grew, one is shown.
  const bool one = judged.wait.is_publish && judged.wait.scope == core::Scope::event && !feeds_itself(record.topic) &&
                   !world_.plan.grows;
  if (one && position.topic == world_.log[record.topic].name && position.partition == record.partition &&
      position.offset < record.offset && !over)
    world_.fail("P2", outcome.name + " is judged at " + position.topic + "/" + std::to_string(position.partition) + "@" +
                          std::to_string(position.offset) + ", below " + world_.log.place(due.record));
}

void Checker::check_dead_letters(const Judged& judged, const std::vector<Due>& due, bool over) {
  if (world_.failure) return;
  check_given_up(judged, due);
  if (!over) return;
  for (const core::ConsumerOutcome& outcome : judged.answer.consumers)
    if (outcome.outcome == Outcome::failed) check_failed(judged, due, outcome);
}

// What was given up may not be called processed, where the dead letter says whose it is.
void Checker::check_given_up(const Judged& judged, const std::vector<Due>& due) {
  const auto& services = world_.services;
  for (int s = 0; s < static_cast<int>(services.size()); ++s) {
    const std::string& name = services[static_cast<std::size_t>(s)]->traits().name;
    const auto& outcomes = judged.answer.consumers;
    const auto outcome = std::find_if(outcomes.begin(), outcomes.end(), [&](const auto& c) { return c.name == name; });
    if (outcome == outcomes.end() || outcome->outcome != Outcome::processed) continue;
    for (const int number : services[static_cast<std::size_t>(s)]->dead_letters()) {
      const Record& letter = world_.log.at(number);
      if (letter.at > judged.when || !is_due(judged, number)) continue;
      const auto of = std::find_if(due.begin(), due.end(), [&](const Due& d) { return d.record == letter.dead->of; });
      if (of == due.end() || of->excused || letter.partition >= judged.partitions[static_cast<std::size_t>(letter.topic)])
        continue;
      const Stake& stake = judged.wait.stakes[static_cast<std::size_t>(of->stake)];
      if (!stake.asked.contains({world_.log.at(of->record).topic, s})) continue;
      const bool wholly = stake.is_whole || judged.wait.scope == core::Scope::watermark;
      if (wholly && stake.unknown.contains({s, world_.log.at(of->record).topic, world_.log.at(of->record).partition})) continue;
      if (letter.partition >= stake.partitions[static_cast<std::size_t>(letter.topic)]) {
        world_.counters.count(Excuse::given_up_in_new_partition);
        continue;
      }
      const Record& given = world_.log.at(of->record);
      // Where its descendants begin a barrier does not know: it asks for them from the baselines.
      const bool from_baseline = wholly || (judged.wait.is_barrier && !of->root);
      const auto first = judged.first_positions.find({s, given.topic, given.partition});
      if (from_baseline && first != judged.first_positions.end() && given.offset < first->second) {
        world_.counters.count(Excuse::given_up_before);
        continue;
      }
      if ((wholly ? !judged.wait.is_barrier || stake.is_older : stake.is_older) && letter.at <= stake.began) {
        world_.counters.count(Excuse::given_up_before);
        continue;
      }
      const bool single = judged.wait.is_publish && !wholly;
      if (!letter.dead->says_position && !(single && letter.id == stake.id)) continue;
      return world_.fail("P2", name + " gave up " + world_.log.place(letter.dead->of) + ", as " + world_.log.place(number) +
                                   " says, and is called processed " + describe(judged));
    }
  }
}

// A dead letter there must be, and not one that says it is another's.
void Checker::check_failed(const Judged& judged, const std::vector<Due>& due, const core::ConsumerOutcome& outcome) {
  const int service = service_named(outcome.name);
  const bool wholly = judged.wait.scope == core::Scope::watermark || !judged.wait.is_publish;
  for (int s = 0; s < static_cast<int>(world_.services.size()); ++s)
    for (const int number : world_.services[static_cast<std::size_t>(s)]->dead_letters()) {
      const Record& letter = world_.log.at(number);
      if (letter.at > judged.when || !is_due(judged, number)) continue;
      if (s != service && letter.dead->says_group) continue;
      const Record& of = world_.log.at(letter.dead->of);
      if (s != service && !writes(outcome.name, of.topic, letter.topic)) continue;
      const bool caused = std::any_of(due.begin(), due.end(), [&](const Due& d) { return d.record == letter.dead->of; });
      const bool by_id = std::any_of(judged.wait.stakes.begin(), judged.wait.stakes.end(), [&](const Stake& stake) {
        return !letter.id.is_nil() && letter.id == stake.id;
      });
      const bool by_place = letter.dead->says_position && (letter.id.is_nil() || wholly);
      if (caused || by_id || by_place) return;
    }
  world_.fail("P2", outcome.name + " is called failed, and no dead letter of it is the event's " + describe(judged));
}

// The path must be one that the event can have gone.
void Checker::check_path(const Judged& judged, const core::ConsumerOutcome& outcome) {
  std::set<int> at;
  for (const Stake& stake : judged.wait.stakes) at.insert(stake.topic);
  for (const core::Hop& hop : outcome.via) {
    const auto topic = world_.log.named(hop.topic);
    if (!topic) return world_.fail("P2", "via names a topic that is not: " + hop.topic);
    const bool real = std::any_of(at.begin(), at.end(), [&](int input) { return writes(hop.consumer, input, *topic); });
    if (!real) return world_.fail("P2", "via of " + outcome.name + " names no path: " + hop.consumer + " to " + hop.topic);
    at = {*topic};
  }
  const auto topic = world_.log.named(outcome.position.topic);
  if (!topic) return;
  if (!outcome.via.empty() && !at.contains(*topic))
    return world_.fail("P2", "via of " + outcome.name + " ends beside its position in " + outcome.position.topic);
  const int service = service_named(outcome.name);
  if (service >= 0 && !world_.services[static_cast<std::size_t>(service)]->reads(*topic))
    world_.fail("P2", outcome.name + " is judged in " + outcome.position.topic + ", which it does not read");
}

// What is declared to be written later, where the event comes there, must be named.
void Checker::check_deferred(const Judged& judged) {
  const auto named = [&](const std::string& consumer, int input, int output) {
    return std::any_of(judged.answer.deferred.begin(), judged.answer.deferred.end(), [&](const core::Deferred& d) {
      return d.consumer == consumer && d.input == world_.log[input].name && d.topic == world_.log[output].name &&
             d.why == core::Deferred::Why::later;
    });
  };
  for (const core::Deferred& deferred : judged.answer.deferred) {
    world_.count(deferred.why == core::Deferred::Why::cycle ? Fault::deferred_cycle : Fault::deferred_later);
    if (deferred.why == core::Deferred::Why::cycle && deferred.passes < world_.plan.engine.cycle_passes)
      world_.fail("P2", "a cycle was left after " + std::to_string(deferred.passes) + " passes");
  }
  if (!judged.answer.all_processed() || !judged.wait.only.empty()) return;
  for (const Stake& stake : judged.wait.stakes)
    for (const auto& [topic, service] : stake.asked) {
      const Traits& traits = world_.services[static_cast<std::size_t>(service)]->traits();
      // A mark leaves out of whom nothing was asked, and with it what that one writes.
      const auto& outcomes = judged.answer.consumers;
      const bool listed = std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& c) { return c.name == traits.name; });
      if (!judged.wait.is_publish && !listed) continue;
      for (const Edge& edge : traits.edges)
        if (edge.input == topic && edge.emits == core::Emits::later && !named(traits.name, topic, edge.output))
          return world_.fail("P2", traits.name + " writes " + world_.log[edge.output].name +
                                       " later, and the answer does not say so " + describe(judged));
    }
}

}  // namespace tidemark::sim::derived
