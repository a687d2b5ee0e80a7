#include "world.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checker.h"
#include "model_clients.h"
#include "model_gateway.h"
#include "model_group.h"
#include "model_share.h"

namespace tidemark::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Neighbouring seeds of Random give the same numbers, shifted by one: the first
// number of each begins a sequence of its own.
World::World(std::uint64_t seed, bool verbose)
    : random(Random(seed).next()), trace(verbose), commits(random.small(1, 4), random, counters) {
  checker = std::make_unique<Checker>(*this);
  clients = std::make_unique<Clients>(*this);
  commits.appended = [this](int partition) {
    for (auto& gateway : gateways) gateway->commits_appended(partition);
  };
  shares.appended = [this](int partition) {
    for (auto& gateway : gateways) gateway->shares_appended(partition);
  };
  acks.appended = [this] {
    for (auto& gateway : gateways) gateway->acks_appended();
  };
}

World::~World() = default;

core::Offset World::append(int incarnation, core::Partition partition, RecordKind kind, const Uuid& id) {
  const core::Offset offset = log.append(incarnation, partition, kind, id);
  for (auto& group : groups) group->records_appended(log[incarnation].topic, partition);
  return offset;
}

void World::settle(int incarnation, core::Partition partition, const std::vector<core::Offset>& records, bool commit) {
  log.settle(incarnation, partition, records, commit);
  if (log.current(log[incarnation].topic) != incarnation) return;
  for (auto& group : groups) group->records_appended(log[incarnation].topic, partition);
}

void World::elect(int topic, core::Partition partition, core::Offset end) {
  const int current = log.current(topic);
  const bool cut = end < log.at(current, partition).end();
  counters.count(cut ? Fault::log_cut : Fault::leader_elected);
  if (cut) {
    log.cut(current, partition, end);
  } else {
    log.elect(current, partition);
  }
  trace.note(now(), cut ? "log cut" : "leader elected", {{"topic", topic}, {"p", partition}, {"end", end},
                                                         {"epoch", log.at(current, partition).epoch}});
  for (auto& group : groups) {
    if (cut) group->log_cut(topic, partition, end);
    group->leader_elected(topic, partition);
  }
  for (auto& gateway : gateways) gateway->leader_elected(topic, partition);
}

std::optional<int> World::group_named(std::string_view name) const {
  for (const auto& group : groups)
    if (group->traits().name == name) return group->number();
  return std::nullopt;
}

void World::topic_changed(int topic) {
  for (auto& group : groups) group->topic_changed(topic);
  for (auto& gateway : gateways) gateway->topic_changed();
}

namespace {

// A rate that is often nought, else up to `most` permille.
int rate(Random& random, int most) { return random.chance(400) ? 0 : random.small(1, most); }

void draw_faults(Plan& plan, Random& random) {
  plan.tail_stall = rate(random, 60);
  plan.stall_for = random.millis(50, 3000);
  plan.delivery_late = rate(random, 300);
  plan.append_fault = rate(random, 200);
  plan.read_again = rate(random, 300);
  plan.ends_late = rate(random, 300);
  plan.ends_delay = random.skewed(500, 100'000);
  plan.topics_delay = random.skewed(1000, 5'000'000);
  plan.seed_delay = random.skewed(1000, 2'000'000);
  plan.resume = random.small(100, 700);
  plan.cancel = rate(random, 150);
  plan.gateway_faults = random.chance(500);
  plan.group_faults = random.chance(750);
  plan.admin_faults = random.chance(500);
  plan.topic_faults = random.chance(400);
  plan.cuts = random.chance(250);
  plan.ack_faults = random.chance(500);
  plan.barrier = rate(random, 150);
  plan.look_fault = rate(random, 400);
  plan.purges = random.chance(80);
  plan.in_step = random.chance(150);
  if (plan.in_step) {  // long enough to be taken for a timer, or for none
    plan.length = random.millis(15000, 30000);
    plan.group_faults = plan.gateway_faults = random.chance(200);
  }
  plan.publish_every = random.millis(20, 600);
  plan.fault_every = random.millis(100, 3000);
}

void draw_limits(Plan& plan, Random& random) {
  core::EngineConfig& config = plan.engine;
  config.absent_grace = random.millis(1000, 12000);
  config.lost_grace = random.millis(500, 4000);
  config.ends_refresh = random.millis(500, 8000);
  if (random.chance(80)) config.max_waits = static_cast<std::size_t>(random.between(1, 6));
  if (random.chance(80)) config.max_waits_per_topic = static_cast<std::size_t>(random.between(1, 4));
  plan.tight_tables = random.chance(50);
  if (!plan.tight_tables) return;
  config.max_consumers = static_cast<std::size_t>(random.between(1, 6));
  config.max_frontiers = static_cast<std::size_t>(random.between(1, 12));
}

// How it says what it has done, beside or instead of its commits.
void draw_evidence(GroupTraits& traits, Random& random) {
  const bool orderly = traits.style == CommitStyle::per_record || traits.style == CommitStyle::per_batch;
  if (random.chance(200) && traits.style != CommitStyle::transactional) {
    traits.acks = true;
    traits.acks_declared = random.chance(600);
    traits.commits_early = traits.acks_declared && orderly && random.chance(600);
  } else if (random.chance(120) && orderly && !traits.assign_only) {
    traits.kafka_go = true;
    traits.commits_early = random.chance(700);
    traits.commits_after = !traits.commits_early && random.chance(500);
  } else if (random.chance(150) && orderly && !traits.assign_only) {
    traits.rdkafka = true;
    traits.commits_early = random.chance(600);
    traits.commits_after = !traits.commits_early && random.chance(300);
    traits.commit_period = random.chance(900) ? random.millis(450, 2000) : random.millis(100, 390);
    if (traits.commits_early && random.chance(700)) traits.members = 1;
    if (traits.commits_early) traits.work = random.millis(2, 700);
  }
}

// Somebody to be in step with.
void draw_timer(GroupTraits& traits, Random& random) {
  if (traits.share || traits.parallel || traits.acks || traits.kafka_go || traits.assign_only) return;
  traits.rdkafka = traits.commits_early = true;
  traits.commits_after = false;
  traits.style = CommitStyle::per_batch;
  traits.members = 1;
  traits.commit_period = random.millis(450, 900);
  traits.work = random.millis(5, 300);
}

GroupTraits draw_group(World& world, int number) {
  Random& random = world.random;
  GroupTraits traits;
  constexpr std::array kNames{"views", "search", "billing", "mail", "audit", "export", "index", "alerts"};
  traits.name = kNames[static_cast<std::size_t>(number)];
  if (random.chance(70)) {
    traits.name = (random.chance(500) ? "console-consumer-" : "connect-") + std::to_string(number);
    world.counters.count(Fault::stranger_joined);
  }
  traits.style = static_cast<CommitStyle>(random.small(0, 5));
  if (traits.style == CommitStyle::never && random.chance(700)) traits.style = CommitStyle::per_batch;
  traits.latest = random.chance(450);
  traits.assign_only = random.chance(150) && traits.style != CommitStyle::transactional;
  traits.declared_earliest = !traits.latest && random.chance(300);
  traits.shows_topics = random.chance(700);
  traits.sends_ids = random.chance(500);
  traits.sends_epochs = random.chance(600);
  traits.repeats_idle = random.chance(300);
  traits.commits_initial = random.chance(300);
  traits.commits_twice = random.chance(200);
  for (int topic = 0; topic < world.plan.topics; ++topic)
    if (topic == number % world.plan.topics || random.chance(500)) traits.topics.push_back(topic);
  traits.stops_short = random.chance(500);
  traits.members = random.small(1, 3);
  traits.batch = random.small(1, 20);
  traits.work = random.skewed(200, 300'000);
  traits.commit_period = random.millis(200, 5000);
  traits.resolve_delay = random.millis(1, 2000);
  traits.attempts = random.small(1, 4);
  traits.share = random.chance(150);
  traits.by_member = !traits.share && !traits.assign_only && random.chance(350);
  traits.changes_protocol = !traits.share && !traits.assign_only && random.chance(150);
  if (traits.share) {
    traits.assign_only = traits.declared_earliest = false;
  } else {
    traits.parallel = random.chance(150) && traits.style != CommitStyle::transactional && traits.style != CommitStyle::never;
    if (traits.parallel) {
      traits.batch = random.small(4, 20);
    } else {
      draw_evidence(traits, random);
    }
  }
  if (world.plan.in_step && number == 0) draw_timer(traits, random);
  return traits;
}

void draw_expectations(World& world) {
  core::EngineConfig& config = world.plan.engine;
  for (const auto& group : world.groups) {
    const GroupTraits& traits = group->traits();
    if (traits.declared_earliest) config.reset_earliest.push_back(traits.name);
    if (traits.acks_declared) config.acking.push_back(traits.name);
    if (traits.commits_after) config.commits_after.push_back(traits.name);
  }
  for (int topic = 0; topic < world.plan.topics; ++topic) {
    if (!world.random.chance(500)) continue;
    std::vector<std::string>& names = config.wait_for[world.log.name(topic)];
    for (const auto& group : world.groups) {
      const auto& topics = group->traits().topics;
      if (std::find(topics.begin(), topics.end(), topic) != topics.end() && world.random.chance(700))
        names.push_back(group->traits().name);
    }
    // One that is configured and never seen.
    if (world.random.chance(60)) names.push_back("ghost");
  }
}

}  // namespace

void draw_plan(World& world) {
  Random& random = world.random;
  Plan& plan = world.plan;
  plan.topics = random.small(1, 3);
  plan.gateways = random.small(1, 3);
  plan.length = random.millis(4000, 25000);
  draw_faults(plan, random);
  draw_limits(plan, random);
  for (int topic = 0; topic < plan.topics; ++topic) {
    world.log.add_name("topic-" + std::to_string(topic));
    world.log.create(topic, random.small(1, 3), random.uuid());
    // Some have a history.
    if (random.chance(500))
      for (std::int64_t i = random.between(1, 30); i > 0; --i)
        world.log.append(world.log.current(topic), 0, RecordKind::other);
  }
  world.log.add_name("never-made");
  const int groups = random.small(1, 6);
  for (int number = 0; number < groups; ++number) {
    GroupTraits traits = draw_group(world, number);
    world.commits.add_group(traits.share       ? GroupProtocol::share
                            : traits.by_member ? GroupProtocol::by_member
                                               : GroupProtocol::classic);
    if (traits.share) {
      world.groups.push_back(std::make_unique<ModelShareGroup>(world, number, std::move(traits)));
    } else {
      world.groups.push_back(std::make_unique<ModelGroup>(world, number, std::move(traits)));
    }
  }
  draw_expectations(world);
  for (int number = 0; number < plan.gateways; ++number)
    world.gateways.push_back(std::make_unique<ModelGateway>(world, number));
}

}  // namespace tidemark::sim
