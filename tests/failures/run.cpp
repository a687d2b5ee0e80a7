// See run.h.
#include "run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "faults.h"
#include "support/records.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLifeBoundMs = 90'000;  // consumers may have the whole topic to read again
constexpr auto kQuietBound = 30s;
constexpr auto kMarksBound = 180s;
constexpr std::size_t kMeasureEvery = 10;
// What a gateway may have more of than at its first measurement.
constexpr std::size_t kMoreDescriptors = 12;
constexpr std::size_t kMoreKilobytes = 24 * 1024;

Deed parse_deed(const std::string& entry) {
  std::istringstream words(entry);
  std::string kind;
  Deed deed;
  words >> kind >> deed.consumer >> deed.topic >> deed.partition >> deed.offset >> deed.id;
  deed.output = kind == "out";
  return deed;
}

}  // namespace

Run::Run(const RunOptions& options) : options_(options) {}

std::vector<Fault> Run::kinds() const {
  std::vector<Fault> kinds;
  for (const Fault fault : options_.only.empty() ? all_faults() : options_.only) {
    if (needs_cluster(fault) && options_.nodes == 1) continue;
    if (fault == Fault::kDiskFull && !world_->has_own_disks()) {
      std::printf("left out: disk-full, for which a disk must be mounted, as root\n");
      continue;
    }
    kinds.push_back(fault);
  }
  return kinds;
}

bool Run::execute() {
  std::printf("%d %s of Kafka, seed %llu; logs in %s\n", options_.nodes, options_.nodes == 1 ? "node" : "nodes",
              static_cast<unsigned long long>(options_.seed), options_.directory.c_str());
  std::fflush(stdout);
  world_ = std::make_unique<World>(World::Options{options_.nodes, options_.port, options_.directory, options_.clock_library},
                                   recorder_);
  Publishers::Options options;
  options.topic = World::kTopic;
  options.redis = world_->redis();
  options.seed = options_.seed;
  publishers_ = std::make_unique<Publishers>(options, world_->ports(), recorder_);
  std::printf("everybody is up after %lld ms; a publish through each gateway is processed %lld ms later\n",
              static_cast<long long>(recorder_.now()), static_cast<long long>(await_life()));
  world_->wait(2s);
  settle_in();
  measure();
  const std::vector<Fault> faults = kinds();
  for (const Cycle& next : make_schedule(options_.seed, options_.cycles == 0 ? faults.size() : options_.cycles, faults))
    cycle(next);
  if (options_.nodes > 1) world_->wait_until([this] { return world_->whole(); }, kQuietBound);
  publishers_->pause();
  settle_marks();
  measure();
  publishers_->pause();
  publishers_->stop();
  collect();
  report();
  return judgement_.violations.empty();
}

void Run::cycle(const Cycle& cycle) {
  ++cycles_;
  const std::int64_t began = recorder_.now();
  std::printf("%8lld ms  cycle %zu: %s", static_cast<long long>(began), cycle.number, name_of(cycle.fault).c_str());
  std::fflush(stdout);
  const std::string whom = carry_out(*world_, recorder_, cycle);
  const std::int64_t healed = recorder_.now();
  const std::int64_t life = await_life();
  if (const std::optional<int> gateway = cut_off(cycle))
    recorder_.add({Interval::What::kKafkaAway, *gateway, {}, began, recorder_.now()});
  publishers_->ask_again();
  std::printf(", %s, %lld ms; processed again after %lld ms; %zu events, %zu marks open\n", whom.c_str(),
              static_cast<long long>(healed - began), static_cast<long long>(life), recorder_.events(),
              publishers_->unsettled());
  std::fflush(stdout);
  if (settle_in() || cycle.number % kMeasureEvery == 0) measure();
}

std::int64_t Run::await_life() {
  const std::int64_t healed = recorder_.now();
  for (int gateway = 0; gateway < kGateways; ++gateway) {
    for (std::int32_t partition = 0; partition < World::kPartitions; ++partition) {
      Said said;
      const std::int64_t bound = healed + kLifeBoundMs - recorder_.now();
      const bool alive = world_->wait_until(
          [&] {
            said = publishers_->publish_now(gateway, "partition=" + std::to_string(partition), 3'000);
            return said.status == 200;
          },
          std::chrono::milliseconds(std::max<std::int64_t>(bound, 1)));
      if (!alive) {
        complain("no life", "gateway " + std::to_string(gateway) + ", partition " + std::to_string(partition) + ": no publish was processed " +
                            std::to_string(recorder_.now() - healed) + " ms after healing\n    " + said.body);
        return recorder_.now() - healed;
      }
    }
  }
  const std::int64_t took = recorder_.now() - healed;
  slowest_life_ = std::max(slowest_life_, took);
  return took;
}

// A gateway that has just started has not opened all that it needs: it is first measured a whole cycle later.
// Whether there is one to measure now.
bool Run::settle_in() {
  bool due = false;
  for (int g = 0; g < kGateways; ++g) {
    const pid_t process = world_->gateway(g).process().pid();
    due = due || (process == settled_in_[g] && process != first_size_[g].first);
    settled_in_[g] = process;
  }
  return due;
}

// Everything is healed and nobody publishes: each mark must tell, if it is asked often enough.
void Run::settle_marks() {
  world_->wait_until(
      [this] {
        publishers_->ask_again();
        world_->wait(200ms);
        return publishers_->unsettled() == 0;
      },
      kMarksBound);
  // Those of unknown fate once more, now that nothing is in doubt any more.
  publishers_->ask_again();
  world_->wait_until([this] { return publishers_->unsettled() == 0; }, kQuietBound);
}

void Run::measure() {
  publishers_->hush();
  for (int g = 0; g < kGateways; ++g) {
    if (!world_->wait_until([&] { return world_->open_waits(g) == 0; }, kQuietBound))
      complain("waits stay", "gateway " + std::to_string(g) + " holds " + std::to_string(world_->open_waits(g)) +
                                 " waits, and nobody asks it anything");
    const pid_t process = world_->gateway(g).process().pid();
    const World::Size size = last_size_[g] = world_->size_of_gateway(g);
    if (settled_in_[g] != process) continue;
    auto& [known, first] = first_size_[g];
    if (known != process) {
      known = process;
      first = size;
    }
    std::printf("             gateway %d: %zu KB, %zu descriptors (first %zu, %zu)\n", g, size.kilobytes, size.descriptors,
                first.kilobytes, first.descriptors);
    if (size.descriptors > first.descriptors + kMoreDescriptors || size.kilobytes > first.kilobytes + kMoreKilobytes)
      complain("grown", "gateway " + std::to_string(g) + " has " + std::to_string(size.kilobytes) + " KB and " +
                            std::to_string(size.descriptors) + " descriptors, and had " + std::to_string(first.kilobytes) +
                            " and " + std::to_string(first.descriptors));
  }
  std::fflush(stdout);
  publishers_->resume();
}

void Run::collect() {
  history_.topic = World::kTopic;
  history_.derived = World::kDerived;
  history_.writer = World::kWriter;
  for (const Client& client : world_->clients()) {
    history_.consumers.push_back(client.name);
    history_.reads[client.name] = client.topic;
    if (client.deaths > 0) std::printf("%s ended by itself %zu times\n", client.name.c_str(), client.deaths);
  }
  RedisConnection redis(world_->redis());
  for (const std::string& entry : redis.list("ledger")) history_.deeds.push_back(parse_deed(entry));
  for (const std::string& topic : {World::kTopic, World::kDerived})
    for (const Record& record : read_all(world_->bootstrap(), topic, Isolation::kReadCommitted, 300s))
      history_.log.push_back({topic, record.partition, record.offset, record.header("tidemark-id").value_or("-"),
                              record.value.value_or("")});
  recorder_.move_into(history_);
}

void Run::complain(const std::string& rule, const std::string& evidence) {
  own_.push_back({rule, evidence});
  std::printf("\nVIOLATION %s: %s\n", rule.c_str(), evidence.c_str());
  std::fflush(stdout);
}

void Run::report() {
  judgement_ = judge(history_);
  judgement_.violations.insert(judgement_.violations.end(), own_.begin(), own_.end());
  std::printf("\n%zu cycles in %lld s, %zu events, %zu answers judged, %zu records read, %zu deeds\n", cycles_,
              static_cast<long long>(recorder_.now() / 1'000), history_.events.size(), judgement_.answers,
              history_.log.size(), history_.deeds.size());
  std::printf("latest answer: %lld ms after its deadline; slowest recovery: %lld ms; the machine stood still for %lld ms\n",
              static_cast<long long>(judgement_.latest_ms), static_cast<long long>(slowest_life_),
              static_cast<long long>(recorder_.stood_still()));
  for (const auto& [what, count] : judgement_.counts) std::printf("  %-60s %8zu\n", what.c_str(), count);
  constexpr std::size_t kShown = 3;  // of a rule; all of them are in the file
  std::map<std::string, std::size_t> broken;
  for (const auto& [rule, evidence] : judgement_.violations)
    if (++broken[rule] <= kShown) std::printf("VIOLATION %s: %s\n", rule.c_str(), evidence.c_str());
  for (const auto& [rule, count] : broken) std::printf("%s: %zu times\n", rule.c_str(), count);
  std::printf("%zu violations, seed %llu\n", judgement_.violations.size(), static_cast<unsigned long long>(options_.seed));
  std::fflush(stdout);
  if (judgement_.violations.empty()) return;
  world_->keep_logs();
  std::ofstream file(options_.directory / "violations.txt");
  for (const Violation& violation : judgement_.violations) file << violation.rule << ": " << violation.evidence << "\n\n";
  for (const Interval& interval : history_.intervals)
    file << "interval " << static_cast<int>(interval.what) << " gateway " << interval.gateway << " " << interval.consumer << " "
         << interval.begin << " to " << interval.end << "\n";
}

}  // namespace tidemark::test
