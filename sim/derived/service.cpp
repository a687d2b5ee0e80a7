#include "service.h"

#include <algorithm>

#include "service_worker.h"

namespace tidemark::sim::derived {

using core::Duration;
using core::Offset;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Service::Service(World& world, Traits traits)
    : world_(world), traits_(std::move(traits)), group_(world.commits.add_group(GroupProtocol::classic)) {
  number_ = static_cast<int>(world.services.size());
}
Service::~Service() = default;

bool Service::reads(int topic) const {
  return std::find(traits_.inputs.begin(), traits_.inputs.end(), topic) != traits_.inputs.end();
}

const DeadLetters* Service::dead_of(int input) const {
  for (const auto& [topic, dead] : traits_.dead)
    if (topic == input) return &dead;
  return nullptr;
}

Service::Worker* Service::worker(int topic, core::Partition partition) {
  for (const auto& worker : workers_)
    if (worker->topic == topic && worker->partition == partition) return worker.get();
  return nullptr;
}

Duration Service::work() {
  const Duration most = world_.healing ? std::min<Duration>(traits_.work, milliseconds(2)) : traits_.work;
  return world_.random.skewed(50, 2 * (most / microseconds(1)) + 100);
}

Duration Service::marker_delay() {
  const Duration most = world_.healing ? std::min<Duration>(world_.plan.marker_delay, milliseconds(20)) : world_.plan.marker_delay;
  if (most > milliseconds(19)) world_.count(Fault::marker_late);
  return world_.random.skewed(100, most / microseconds(1) + 200);
}

void Service::start() {
  joined_ = true;
  if (traits_.joins_late) world_.count(Fault::joined_late);
  world_.note("service joins", {{"earliest", traits_.declared_earliest}, {"tx", traits_.transactional}}, traits_.name);
  world_.commits.membership(group_, 1, world_.now());
  for (const int topic : traits_.inputs)
    for (core::Partition p = 0; p < world_.log.partitions(topic); ++p) {
      // Begins at the log's start, and some commit that before they have read.
      add_worker(topic, p);
    }
}

void Service::add_worker(int topic, core::Partition partition) {
  auto owned = std::make_unique<Worker>();
  Worker& worker = *owned;
  worker.topic = topic;
  worker.partition = partition;
  workers_.push_back(std::move(owned));
  if (!traits_.declared_earliest) {
    CommitRecord record;
    record.group = group_;
    record.topic = topic;
    record.incarnation = topic;
    record.partition = partition;
    record.offset = 0;
    record.with_id = true;
    world_.commits.commit(record, world_.now());
  }
  later(worker, world_.random.millis(0, 20), [this, &worker] { poll(worker); });
}

void Service::partition_added(int topic, core::Partition partition) {
  if (joined_ && worker(topic, partition) == nullptr) add_worker(topic, partition);
}

void Service::moved(int topic, core::Partition partition) {
  if (Worker* reader = worker(topic, partition)) wake(*reader);
}

void Service::wake(Worker& worker) {
  if (!worker.idle || worker.down || away_) return;
  worker.idle = false;
  later(worker, world_.random.skewed(100, 3000), [this, &worker] { poll(worker); });
}

Offset Service::limit(const Worker& worker) const {
  const Partition& partition = world_.log.partition(worker.topic, worker.partition);
  return traits_.read_uncommitted ? partition.end() : partition.last_stable();
}

bool Service::is_seen(const Worker& worker, Offset offset) const {
  const Record& record = world_.log.at(worker.topic, worker.partition, offset);
  return !record.marker && (record.fate == Fate::visible || traits_.read_uncommitted);
}

void Service::poll(Worker& worker) {
  if (worker.down) return;
  if (away_) {
    worker.idle = true;
    return;
  }
  if (paused_until_ > world_.now()) {
    later(worker, paused_until_ - world_.now(), [this, &worker] { poll(worker); });
    return;
  }
  worker.idle = false;
  worker.batch.clear();
  worker.next = 0;
  const Offset end = limit(worker);
  const std::size_t most = traits_.per_record ? 1 : static_cast<std::size_t>(world_.random.small(1, 6));
  while (worker.position < end && worker.batch.size() < most) {
    if (is_seen(worker, worker.position))
      worker.batch.push_back(world_.log.partition(worker.topic, worker.partition).records[static_cast<std::size_t>(worker.position)]);
    ++worker.position;
  }
  // What nobody sees behind the last record was passed over with it.
  if (traits_.at_position)
    while (worker.position < end && !is_seen(worker, worker.position)) ++worker.position;
  for (const int record : worker.batch)
    if (world_.log.at(record).fate != Fate::visible) world_.count(Fault::read_uncommitted);
  if (!worker.batch.empty()) {
    if (traits_.transactional && worker.transaction == nullptr) {
      worker.transaction = std::make_shared<Transaction>();
      worker.transaction->producer = world_.next_producer++;
    }
    handle(worker);
    return;
  }
  if (traits_.at_position && worker.position > worker.committed && !traits_.transactional) {
    commit(worker);
    return;
  }
  if (worker.position > worker.committed && !traits_.at_position) world_.count(Fault::stopped_short_of_end);
  worker.idle = true;
}

void Service::handle(Worker& worker) {
  if (worker.next == worker.batch.size()) {
    commit(worker);
    return;
  }
  const int record = worker.batch[worker.next++];
  later(worker, work(), [this, &worker, record] {
    if (gives_up(worker, record)) return;
    std::vector<std::pair<Edge, int>> left;
    for (const Edge& edge : traits_.edges)
      if (edge.input == worker.topic) left.emplace_back(edge, outputs(edge, record));
    write(worker, record, std::move(left));
  });
}

int Service::outputs(const Edge& edge, int record) {
  const Record& parent = world_.log.at(record);
  if (parent.generation > 12 || world_.log.records() > world_.plan.most_records) return 0;
  const int roll = world_.random.small(0, 99);
  if (edge.cyclic) return roll < 55 ? 0 : roll < 92 || edge.most < 2 ? 1 : 2;
  const bool wide = static_cast<int>(traits_.edges.size()) > 1 || parent.generation > 4;
  if (roll < (wide ? 35 : 15)) return 0;
  if (roll < (wide ? 90 : 80)) return 1;
  return std::min(edge.most, roll < 95 ? 2 : 3);
}

void Service::write(Worker& worker, int record, std::vector<std::pair<Edge, int>> left) {
  std::erase_if(left, [&](std::pair<Edge, int>& one) {
    if (one.second == 0) world_.count(Fault::no_output);
    if (one.first.emits == core::Emits::before_commit) return one.second == 0;
    for (; one.second > 0; --one.second) worker.late.emplace_back(one.first, record);
    return true;
  });
  if (left.empty()) return done(worker, record);
  later(worker, world_.random.skewed(50, 2000), [this, &worker, record, left = std::move(left)]() mutable {
    auto& one = left[static_cast<std::size_t>(world_.random.below(left.size()))];
    append(worker, one.first, record);
    --one.second;
    write(worker, record, std::move(left));
  });
}

void Service::append(Worker& worker, const Edge& edge, int parent) {
  Record record;
  record.topic = edge.output;
  record.parent = parent;
  if (traits_.copies_id) record.id = world_.log.at(parent).id;
  const int number = append_record(worker, std::move(record));
  world_.count(Fault::output_written);
  world_.note("output", {{"of", parent}, {"record", number}}, traits_.name + " " + world_.log.place(number));
}

int Service::append_record(Worker& worker, Record record) {
  record.writer = number_;
  const int writable = world_.log[record.topic].writable;
  record.partition = world_.random.small(0, writable - 1);
  world_.count(record.id.is_nil() ? Fault::id_not_copied : Fault::id_copied);
  if (record.parent >= 0)
    for (const int child : world_.log.at(record.parent).children)
      if (world_.log.at(child).writer == number_ && world_.log.at(child).topic == record.topic &&
          world_.log.at(child).at < worker.began) {
        world_.count(Fault::output_repeated);
        break;
      }
  if (worker.transaction != nullptr) record.fate = Fate::open;
  const int number = world_.log.append(std::move(record), world_.now());
  if (worker.transaction != nullptr) worker.transaction->records.push_back(number);
  return number;
}

bool Service::gives_up(Worker& worker, int given) {
  const DeadLetters* dead = dead_of(worker.topic);
  if (dead == nullptr || !world_.random.chance(traits_.give_up) || world_.log.records() > world_.plan.most_records)
    return false;
  later(worker, world_.random.skewed(50, 4000), [this, &worker, given, dead] {
    Record record;
    record.topic = dead->topic;
    record.parent = given;
    if (dead->says_id) record.id = world_.log.at(given).id;
    record.dead = DeadLetter{number_, given, dead->says_position, dead->says_group};
    world_.count(Fault::gave_up);
    world_.count(!record.id.is_nil()     ? Fault::dead_letter_by_id
                 : dead->says_position ? Fault::dead_letter_by_position
                                       : Fault::dead_letter_of_nobody);
    const int number = append_record(worker, std::move(record));
    world_.note("gave up", {{"of", given}, {"record", number}}, traits_.name + " " + world_.log.place(number));
    if (worker.transaction == nullptr) dead_letters_.push_back(number);
    done(worker, given);
  });
  return true;
}

void Service::done(Worker& worker, int record) {
  if (worker.transaction != nullptr) {
    worker.transaction->processed.push_back(record);
  } else {
    note_processed(worker.topic, worker.partition, world_.log.at(record).offset);
  }
  handle(worker);
}

void Service::note_processed(int topic, core::Partition partition, Offset offset) {
  const auto t = static_cast<std::size_t>(topic), p = static_cast<std::size_t>(partition), o = static_cast<std::size_t>(offset);
  if (processed_.size() <= t) processed_.resize(t + 1);
  if (processed_[t].size() <= p) processed_[t].resize(p + 1);
  if (processed_[t][p].size() <= o) processed_[t][p].resize(o + 1);
  core::Time& at = processed_[t][p][o];
  if (at == core::Time{}) at = world_.now();
}

std::optional<core::Time> Service::processed_at(int topic, core::Partition partition, Offset offset) const {
  const auto t = static_cast<std::size_t>(topic), p = static_cast<std::size_t>(partition), o = static_cast<std::size_t>(offset);
  if (t >= processed_.size() || p >= processed_[t].size() || o >= processed_[t][p].size()) return std::nullopt;
  if (processed_[t][p][o] == core::Time{}) return std::nullopt;
  return processed_[t][p][o];
}

}  // namespace tidemark::sim::derived
