// How a service commits, inside transactions and outside, and how it dies.

#include <algorithm>
#include <map>

#include "service.h"
#include "service_worker.h"

namespace tidemark::sim::derived {

using core::Duration;
using core::Offset;
using std::chrono::microseconds;
using std::chrono::milliseconds;

void Service::commit(Worker& worker) {
  if (traits_.at_position) {
    const Offset end = limit(worker);
    while (worker.position < end && !is_seen(worker, worker.position)) ++worker.position;
    world_.count(Fault::committed_at_position);
  }
  const Offset offset = traits_.at_position || worker.batch.empty() ? worker.position
                                                                    : world_.log.at(worker.batch.back()).offset + 1;
  later(worker, world_.random.skewed(100, 3000), [this, &worker, offset] {
    CommitRecord record;
    record.group = group_;
    record.topic = worker.topic;
    record.incarnation = worker.topic;
    record.partition = worker.partition;
    record.offset = offset;
    record.with_id = true;
    if (worker.transaction != nullptr) record.producer = worker.transaction->producer;
    const core::LogPoint at = world_.commits.commit(record, world_.now());
    world_.note("commit", {{"topic", worker.topic}, {"p", worker.partition}, {"offset", offset}, {"at", at.offset},
                           {"tx", record.producer}}, traits_.name);
    if (worker.transaction != nullptr) {
      later(worker, world_.random.skewed(100, 3000), [this, &worker, offset] { end_transaction(worker, offset); });
    } else {
      committed(worker, offset);
    }
  });
}

void Service::committed(Worker& worker, Offset offset) {
  worker.committed = offset;
  for (const auto& [edge, parent] : worker.late) {
    const bool within = edge.emits == core::Emits::within;
    world_.count(within ? Fault::output_within : Fault::output_later);
    const std::int64_t most = std::max<std::int64_t>(edge.within / microseconds(1) - 1, 1);
    const Duration delay = world_.random.chance(200) ? microseconds(most) : world_.random.micros(0, most);
    // Whoever dies meanwhile never writes it.
    world_.schedule.after(delay, [this, &worker, life = worker.life, edge = edge, parent = parent] {
      if (life != worker.life) return world_.count(Fault::late_output_lost);
      append(worker, edge, parent);
    });
  }
  worker.late.clear();
  later(worker, microseconds(world_.random.small(1, 200)), [this, &worker] { poll(worker); });
}

void Service::end_transaction(Worker& worker, Offset offset) {
  const std::shared_ptr<Transaction> transaction = std::move(worker.transaction);
  worker.transaction = nullptr;
  worker.ending = transaction;
  const bool commits = !world_.bad_luck(traits_.abort);
  world_.count(commits ? Fault::transaction_committed : Fault::transaction_aborted);
  decide(transaction, commits);
  if (commits) {
    for (const int record : transaction->processed) note_processed(worker.topic, worker.partition, world_.log.at(record).offset);
    worker.committed = offset;
  } else {
    worker.position = worker.committed;
    worker.began = world_.now();
  }
  resume(worker);
}

// The coordinator has the decision; the markers go out, each at its own pace.
void Service::decide(const std::shared_ptr<Transaction>& transaction, bool commit) {
  transaction->decided = true;
  std::map<std::pair<int, core::Partition>, std::vector<int>> places;
  for (const int record : transaction->records) {
    world_.log.decide(record, commit);
    const Record& written = world_.log.at(record);
    places[{written.topic, written.partition}].push_back(record);
    if (commit && written.dead) dead_letters_.push_back(record);
  }
  world_.note(commit ? "transaction commits" : "transaction aborts",
              {{"tx", transaction->producer}, {"records", static_cast<std::int64_t>(transaction->records.size())}}, traits_.name);
  for (const auto& [place, records] : places) {
    ++transaction->markers;
    world_.schedule.after(marker_delay(), [this, transaction, place = place, records = records, commit] {
      --transaction->markers;
      world_.note("marker", {{"tx", transaction->producer}, {"topic", place.first}, {"p", place.second}, {"commit", commit}});
      world_.log.settle(place.first, place.second, records, commit, world_.now());
    });
  }
  ++transaction->markers;
  world_.schedule.after(marker_delay(), [this, transaction, commit] {
    if (--transaction->markers > 0 && commit) world_.count(Fault::commit_before_markers);
    world_.commits.settle(transaction->producer, commit, world_.now());
  });
}

// Goes on once the markers of the last transaction are written: until then its
// producer may begin none, and whoever takes the partition over may not read its
// position.
void Service::resume(Worker& worker) {
  if (worker.ending != nullptr && worker.ending->markers > 0) {
    later(worker, microseconds(500), [this, &worker] { resume(worker); });
    return;
  }
  worker.ending = nullptr;
  poll(worker);
}

void Service::crash(Worker& worker, Duration away) {
  if (worker.down) return;
  if (!worker.batch.empty() && !worker.idle) world_.count(Fault::crash_before_commit);
  ++worker.life;
  worker.down = true;
  worker.idle = false;
  worker.late.clear();
  worker.batch.clear();
  if (worker.transaction != nullptr) {
    world_.count(Fault::transaction_fenced);
    worker.ending = worker.transaction;
    worker.transaction = nullptr;
    const auto left_open = worker.ending;
    ++left_open->markers;  // nobody goes on before it is decided
    world_.schedule.after(std::min(away, world_.random.millis(1, 400)), [this, left_open] {
      --left_open->markers;
      decide(left_open, false);
    });
  }
  world_.note("worker dies", {{"topic", worker.topic}, {"p", worker.partition}}, traits_.name);
  later(worker, away, [this, &worker] {
    worker.down = false;
    worker.position = worker.committed;
    worker.began = world_.now();
    resume(worker);
  });
}

void Service::leave_all() {
  if (away_ || !joined_) return;
  world_.count(Fault::all_members_gone);
  away_ = true;
  const Duration away = world_.random.millis(20, 900);
  for (auto& worker : workers_) crash(*worker, away + milliseconds(2));
  world_.commits.membership(group_, 0, world_.now());
  world_.schedule.after(away, [this] {
    away_ = false;
    world_.commits.membership(group_, 1, world_.now());
    for (auto& worker : workers_) wake(*worker);
  });
}

void Service::disturb() {
  if (!joined_ || away_) return;
  const int roll = world_.random.small(0, 9);
  if (roll < 4) {
    world_.count(Fault::rebalanced);
    for (auto& worker : workers_)
      if (world_.random.chance(600)) crash(*worker, world_.random.millis(1, 150));
  } else if (roll < 5) {
    leave_all();
  } else if (roll < 8) {
    crash(*world_.random.pick(workers_), world_.random.millis(1, 400));
  } else {
    world_.count(Fault::paused);
    paused_until_ = world_.now() + world_.random.millis(20, 900);
  }
}

void Service::heal() {
  paused_until_ = world_.now();
  for (auto& worker : workers_)
    if (!worker->down && worker->idle) wake(*worker);
}

}  // namespace tidemark::sim::derived
