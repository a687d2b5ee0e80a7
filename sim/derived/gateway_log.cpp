// The gateway's reading side: tail, seeds, group states, topics, ends and looks.

#include <algorithm>

#include "checker.h"
#include "gateway.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Duration;
using core::Effects;
using core::Offset;
using core::Sight;
using std::chrono::microseconds;
using std::chrono::milliseconds;

void Gateway::wake(int partition) {
  if (!alive()) return;
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  if (tail.scheduled) return;
  tail.scheduled = true;
  if (world_.bad_luck(world_.plan.tail_stall)) {
    world_.count(Fault::tail_stalled);
    tail.stalled_until = world_.now() + world_.random.millis(10, 600);
  }
  const core::Time when =
      std::max(world_.now() + world_.random.skewed(150, world_.plan.tail_delay / microseconds(1) + 300), tail.stalled_until);
  later(when - world_.now(), [this, partition] { read(partition); });
}

void Gateway::read(int partition) {
  Tail& tail = tails_[static_cast<std::size_t>(partition)];
  tail.scheduled = false;
  const auto& records = world_.commits.records(partition);
  std::int64_t most = world_.random.between(1, 20);
  while (tail.next < records.size() && most-- > 0) {
    const CommitRecord record = records[tail.next++];
    tail.position = record.at.offset + 1;
    read_record(tail, record);
  }
  if (tail.next < records.size()) {
    wake(partition);
  } else {
    tail.position = std::max(tail.position, world_.commits.end(partition));
  }
  check_synced();
}

void Gateway::read_record(Tail& tail, const CommitRecord& record) {
  if (record.kind == CommitRecord::Kind::membership) return tell_membership(record.group, record.members, record.at, nullptr);
  if (record.kind == CommitRecord::Kind::commit && record.producer < 0) return tell_commit(record, record.at.offset);
  if (record.kind == CommitRecord::Kind::commit) {
    tail.open[record.producer].push_back(record);
    return;
  }
  const auto found = tail.open.find(record.producer);
  if (found == tail.open.end()) return;
  const std::vector<CommitRecord> settled = std::move(found->second);
  tail.open.erase(found);
  if (record.settles)
    for (const CommitRecord& commit : settled) tell_commit(commit, record.at.offset);
}

void Gateway::tell_commit(const CommitRecord& record, Offset settled_at) {
  core::Commit commit;
  commit.group = world_.services[static_cast<std::size_t>(record.group)]->traits().name;
  commit.topic = world_.log[record.topic].name;
  commit.topic_id = world_.log[record.topic].id;
  commit.partition = record.partition;
  commit.offset = record.offset;
  commit.at = record.at;
  commit.settled_at = settled_at;
  world_.note("tail: commit", {{"gw", number_}, {"topic", record.topic}, {"p", record.partition}, {"offset", record.offset}},
              commit.group);
  positions_.try_emplace({record.group, record.topic, record.partition}, record.offset);
  world_.checker->told(*this, record.group, record.topic, record.partition, record.offset);
  Effects effects;
  ++events_;
  engine_->commit(commit, world_.now(), effects);
  carry_out(effects);
}

void Gateway::tell_membership(int service, int members, core::LogPoint at, const core::TailPositions& as_of) {
  const Traits& traits = world_.services[static_cast<std::size_t>(service)]->traits();
  std::vector<std::string> topics;
  for (const int topic : traits.inputs) topics.push_back(world_.log[topic].name);
  core::GroupState state;
  state.group = traits.name;
  state.managed = true;
  state.members = members;
  state.topics_known = members > 0;
  if (members > 0) state.topics = topics;
  const std::string client = "client-" + traits.name;
  if (members > 0) state.client = client;
  state.at = at;
  state.as_of = as_of;
  world_.note("tail: group", {{"gw", number_}, {"members", members}}, traits.name);
  // A record from before an answer that found nobody is old news, and so is an answer from before a record.
  const auto is_before = [](core::LogPoint record, const core::TailPositions& answer) {
    return record.offset < (*answer)[static_cast<std::size_t>(record.partition)];
  };
  if (members == 0 && as_of != nullptr) empty_as_of_[service] = as_of;
  const auto empty = empty_as_of_.find(service);
  const auto record = member_records_.find(service);
  const bool old = at.known() ? empty != empty_as_of_.end() && is_before(at, empty->second)
                              : record != member_records_.end() && !is_before(record->second, as_of);
  if (at.known()) member_records_[service] = at;
  if (members > 0 && !old) members_.insert(service);
  Effects effects;
  ++events_;
  engine_->group(state, world_.now(), effects);
  carry_out(effects);
}

void Gateway::tell_topics() {
  const std::vector<core::TopicState> topics = world_.log.listed();
  world_.note("topics", {{"gw", number_}});
  partitions_.clear();
  for (const core::TopicState& topic : topics) partitions_.push_back(topic.partitions);
  Effects effects;
  ++events_;
  engine_->topics(topics, world_.now(), effects);
  carry_out(effects);
}

void Gateway::topics_changed() {
  if (alive()) later(world_.random.skewed(500, 400'000), [this] { tell_topics(); });
}

core::TailPositions Gateway::positions() const {
  auto positions = std::make_shared<std::vector<Offset>>();
  for (const Tail& tail : tails_) positions->push_back(tail.position);
  return positions;
}

// A group's members and its rows, each as of some moment after the question.
void Gateway::ask_group(int service) {
  unanswered_ += 2;
  const core::TailPositions as_of = positions();
  later(world_.random.skewed(200, 20'000), [this, service, as_of] {
    const int members = world_.commits.group(service).members;
    later(world_.random.skewed(200, 5'000), [this, service, as_of, members] {
      tell_membership(service, members, {}, as_of);
      answered();
    });
  });
  later(world_.random.skewed(200, 20'000), [this, service, as_of] {
    std::vector<core::SeedRow> rows;
    for (const auto& [key, row] : world_.commits.rows()) {
      if (std::get<0>(key) != service) continue;
      rows.push_back({world_.log[std::get<1>(key)].name, std::get<2>(key), row.offset, -1});
    }
    later(world_.random.skewed(200, 5'000), [this, service, as_of, rows] {
      for (const core::SeedRow& row : rows) {
        const int topic = *world_.log.named(row.topic);
        positions_.try_emplace({service, topic, row.partition}, row.offset);
        world_.checker->told(*this, service, topic, row.partition, row.offset);
        world_.note("seed", {{"gw", number_}, {"p", row.partition}, {"offset", row.offset}}, row.topic);
      }
      Effects effects;
      ++events_;
      engine_->seed({world_.services[static_cast<std::size_t>(service)]->traits().name, as_of, rows}, world_.now(), effects);
      carry_out(effects);
      answered();
    });
  });
}

void Gateway::answered() {
  if (--unanswered_ > 0) return;
  for (int p = 0; p < world_.commits.partitions(); ++p) must_pass_.push_back(world_.commits.end(p));
  check_synced();
}

void Gateway::check_synced() {
  if (synced_ || must_pass_.empty()) return;
  for (std::size_t p = 0; p < must_pass_.size(); ++p)
    if (tails_[p].position < must_pass_[p]) return wake(static_cast<int>(p));
  synced_ = true;
  world_.note("synced", {{"gw", number_}});
  ++events_;
  engine_->synced(world_.now());
  set_alarm();
}

Duration Gateway::question_delay() {
  if (world_.bad_luck(world_.plan.ends_late)) {
    world_.count(Fault::ends_late);
    return world_.random.millis(10, 300);
  }
  const Duration most = world_.healing ? std::min<Duration>(world_.plan.ends_delay, milliseconds(10)) : world_.plan.ends_delay;
  return world_.random.skewed(100, most / microseconds(1) + 200);
}

// One question of a partition at a time; what is asked meanwhile is asked after it.
void Gateway::ask_ends(const core::AskEnds& ask) {
  Question& question = questions_[{ask.topic, ask.partition}];
  if (question.outstanding) {
    question.next = std::max(question.next, ask.number);
    question.next_log_start |= ask.log_start;
    question.again = true;
    return;
  }
  question = Question{};
  question.outstanding = true;
  world_.note("asks ends", {{"gw", number_}, {"p", ask.partition}, {"number", static_cast<std::int64_t>(ask.number)}}, ask.topic);
  later(question_delay(), [this, ask] { answer_ends(ask); });
}

void Gateway::answer_ends(const core::AskEnds& ask) {
  const int topic = *world_.log.named(ask.topic);
  const auto key = std::make_pair(ask.topic, ask.partition);
  if (ask.partition >= world_.log.partitions(topic)) {
    questions_[key] = Question{};  // nobody answers
    return;
  }
  const Partition& log = world_.log.partition(topic, ask.partition);
  core::Ends ends;
  ends.topic_id = world_.log[topic].id;
  ends.partition = ask.partition;
  ends.high_watermark = log.end();
  ends.last_stable = log.last_stable();
  if (ask.log_start) ends.log_start = 0;
  ends.asked = ask.number;
  later(question_delay(), [this, ask, ends, key]() mutable {
    ends.topic = ask.topic;
    world_.note("ends", {{"gw", number_}, {"p", ends.partition}, {"end", ends.high_watermark}, {"stable", ends.last_stable},
                         {"asked", static_cast<std::int64_t>(ends.asked)}}, ask.topic);
    const Question asked = std::exchange(questions_[key], Question{});
    Effects effects;
    ++events_;
    engine_->ends(ends, world_.now(), effects);
    carry_out(effects);
    if (asked.again) ask_ends({ask.topic, ask.partition, asked.next, asked.next_log_start});
  });
}

void Gateway::look(const core::Look& question) {
  world_.note("looks", {{"gw", number_}, {"p", question.partition}, {"from", question.from}, {"until", question.until},
                        {"id", question.id.has_value()}, {"number", static_cast<std::int64_t>(question.number)}},
              question.topic + (question.origin ? " of " + question.origin->consumer : ""));
  if (question.origin && world_.trace.verbose())
    for (const core::Origin::Source& source : question.origin->sources)
      world_.note("  from", {{"p", source.partition}, {"first", source.offsets.first}, {"last", source.offsets.last}}, source.topic);
  world_.count(question.id ? Fault::look_by_id : question.origin ? Fault::look_by_origin : Fault::look_visible);
  later(world_.random.skewed(200, world_.healing ? 5'000 : 30'000), [this, question] {
    const bool partly = world_.bad_luck(world_.plan.look_fault);
    Sight sight = see(world_, question, partly ? question.from + world_.random.small(0, 3) : INT64_MAX);
    if (world_.bad_luck(world_.plan.look_fault)) {
      sight = Sight{};
      sight.number = question.number;
    }
    if (sight.result == Sight::Result::failed) {
      world_.count(Fault::look_failed);
    } else if (!question.id && !sight.complete) {
      world_.count(Fault::look_incomplete);
    }
    later(world_.random.skewed(100, 4000), [this, sight] {
      world_.note("sight", {{"gw", number_}, {"number", static_cast<std::int64_t>(sight.number)}, {"result", static_cast<int>(sight.result)}, {"offset", sight.offset},
                            {"last", sight.last}, {"until", sight.until}, {"complete", sight.complete}}, sight.reason);
      Effects effects;
      ++events_;
      engine_->sight(sight, world_.now(), effects);
      carry_out(effects);
    });
  });
}

namespace {

// Of the event, or one of the dead letters that are meant; by what headers say only.
bool is_of(const World& world, const Record& record, const core::Origin& origin) {
  if (!origin.id.is_nil() && record.id == origin.id) {
    if (!origin.dead_letters || !record.dead || !record.dead->says_group) return true;
    return world.services[static_cast<std::size_t>(record.dead->service)]->traits().name == origin.consumer;
  }
  if (!origin.dead_letters || !record.dead || !record.dead->says_position) return false;
  if (!record.id.is_nil() && !origin.id.is_nil()) return false;  // another event's
  const std::string& service = world.services[static_cast<std::size_t>(record.dead->service)]->traits().name;
  if (record.dead->says_group && service != origin.consumer) return false;
  const Record& of = world.log.at(record.dead->of);
  return std::any_of(origin.sources.begin(), origin.sources.end(), [&](const core::Origin::Source& source) {
    return source.topic == world.log[of.topic].name && source.partition == of.partition &&
           source.offsets.first <= of.offset && of.offset <= source.offsets.last;
  });
}

}  // namespace

Sight see(const World& world, const core::Look& question, Offset most) {
  Sight sight;
  sight.number = question.number;
  const int topic = *world.log.named(question.topic);
  if (question.partition >= world.log.partitions(topic)) return sight;
  const Partition& log = world.log.partition(topic, question.partition);
  const Offset until = question.until == core::kNoOffset ? log.end() : question.until;
  if (until > log.end()) return sight;
  sight.topic_id = world.log[topic].id;
  sight.result = Sight::Result::none;
  sight.complete = true;
  bool undecided_letter = false;
  for (sight.until = question.from; sight.until < until; ++sight.until) {
    if (sight.until >= most) {
      sight.complete = false;
      break;
    }
    const Record& record = world.log.at(topic, question.partition, sight.until);
    if (record.marker) continue;
    const bool undecided = is_undecided_for_readers(record.fate);
    bool meant = false;
    if (question.id) {
      meant = record.id == *question.id;
    } else if (question.origin) {
      meant = record.fate != Fate::aborted && is_of(world, record, *question.origin);
      if (meant && undecided && question.origin->dead_letters) {
        undecided_letter = true;
        continue;
      }
    } else {
      if (undecided) sight.complete = false;
      meant = record.fate == Fate::visible;
    }
    if (!meant) continue;
    if (sight.result == Sight::Result::none) sight.offset = sight.until;
    sight.result = Sight::Result::found;
    if (record.dead) sight.reason = "boom";
    if (question.id) break;
    sight.last = sight.until;
  }
  if (undecided_letter && sight.result == Sight::Result::none) sight.result = Sight::Result::failed;
  return sight;
}

}  // namespace tidemark::sim::derived
