#include "world.h"

#include <algorithm>

#include "checker.h"
#include "clients.h"
#include "gateway.h"
#include "service.h"

namespace tidemark::sim::derived {

using core::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Neighbouring seeds of Random give the same numbers, shifted by one: the first
// number of each begins a sequence of its own.
World::World(std::uint64_t seed, bool verbose)
    : random(Random(seed).next()),
      trace(verbose),
      commits(1 + static_cast<int>(seed % 4), random, commit_counters),
      checker(std::make_unique<Checker>(*this)),
      clients(std::make_unique<Clients>(*this)) {}
World::~World() = default;

namespace {

class Drawing {
 public:
  explicit Drawing(World& world) : world_(world), random_(world.random) {}

  void all() {
    draw_luck();
    big_ = random_.chance(60);
    switch (random_.small(0, 6)) {
      case 0: chain(); break;
      case 1: fan_out(); break;
      case 2: diamond(); break;
      case 3: self_edge(); break;
      case 4: two_that_feed_each_other(); break;
      case 5: retry(); break;
      default: anything(); break;
    }
    if (random_.chance(200)) anything();
    mark_cycles();
    for (Traits& traits : services_) draw_traits(traits);
    draw_dead_letters();
    for (int topic = static_cast<int>(world_.plan.component.size()); topic < world_.log.topics(); ++topic)
      world_.plan.component.push_back(topic);
    configure();
    for (Traits& traits : services_) world_.services.push_back(std::make_unique<Service>(world_, std::move(traits)));
    if (world_.services.size() > 9) world_.count(Fault::many_services);
  }

 private:
  void draw_luck() {
    Plan& plan = world_.plan;
    plan.gateways = random_.chance(500) ? 1 : random_.small(2, 3);
    plan.commit_partitions = world_.commits.partitions();
    plan.length = random_.millis(800, 2500);
    plan.publish_every = random_.millis(30, 250);
    plan.others_every = random_.millis(20, 150);
    plan.fault_every = random_.millis(50, 600);
    plan.ends_delay = random_.chance(300) ? random_.millis(5, 60) : random_.millis(1, 4);
    plan.tail_delay = random_.chance(300) ? random_.millis(5, 80) : random_.millis(1, 4);
    plan.marker_delay = random_.chance(400) ? random_.millis(20, 200) : random_.millis(1, 6);
    plan.short_wait = random_.millis(20, 900);
    plan.tail_stall = random_.chance(400) ? random_.small(1, 40) : 0;
    plan.ends_late = random_.chance(300) ? random_.small(20, 300) : 0;
    plan.delivery_late = random_.chance(400) ? random_.small(50, 500) : 0;
    plan.look_fault = random_.chance(300) ? random_.small(20, 300) : 0;
    plan.watermark = random_.chance(500) ? random_.small(100, 900) : 0;
    plan.narrowed = random_.chance(300) ? 200 : 0;
    plan.barrier = random_.chance(400) ? random_.small(50, 400) : 0;
    plan.resume = random_.chance(700) ? random_.small(200, 900) : 0;
    plan.kills = plan.gateways > 1 && random_.chance(400);
    plan.service_faults = random_.chance(600);
    plan.grows = random_.chance(200);
    plan.others_write_transactions = random_.chance(250);
    const int ids = random_.small(0, 9);
    copies_ = ids < 4 ? 1000 : ids < 6 ? 0 : random_.small(200, 800);
    plan.ids_everywhere = copies_ == 1000;
    transactional_ = random_.chance(300) ? 0 : random_.chance(300) ? 1000 : random_.small(100, 700);
    late_ = random_.chance(300) ? random_.small(100, 500) : 0;
    dead_ = random_.chance(400) ? random_.small(300, 1000) : 0;
  }

  int topic() {
    const int partitions = random_.chance(500) ? 1 : random_.chance(800) ? random_.small(2, 3) : random_.small(4, 8);
    return world_.log.add("t" + std::to_string(world_.log.topics()), random_.uuid(), partitions);
  }
  int a_topic() { return random_.small(0, world_.log.topics() - 1); }
  Traits& service(std::vector<int> inputs) {
    Traits& traits = services_.emplace_back();
    traits.name = "s" + std::to_string(services_.size() - 1);
    traits.inputs = std::move(inputs);
    return traits;
  }
  static void write(Traits& traits, int input, int output) {
    Edge edge;
    edge.input = input;
    edge.output = output;
    traits.edges.push_back(edge);
  }
  void leaf(int on) {
    if (random_.chance(700)) service({on});
  }

  void chain() {
    world_.count(Fault::chain);
    int last = topic();
    for (int left = big_ ? random_.small(6, 18) : random_.small(1, 4); left > 0; --left) {
      const int next = topic();
      write(service({last}), last, next);
      if (random_.chance(150)) leaf(last);
      last = next;
    }
    service({last});
  }
  void fan_out() {
    world_.count(Fault::fan_out);
    const int root = topic();
    for (int left = big_ ? random_.small(6, 18) : random_.small(2, 4); left > 0; --left) {
      const int out = topic();
      write(service({root}), root, out);
      leaf(out);
    }
  }
  void diamond() {
    world_.count(Fault::diamond);
    const int root = topic(), left = topic(), right = topic(), out = topic();
    write(service({root}), root, left);
    write(service({root}), root, right);
    if (random_.chance(500)) {
      Traits& joins = service({left, right});
      write(joins, left, out);
      if (random_.chance(800)) write(joins, right, out);
    } else {
      write(service({left}), left, out);
      write(service({right}), right, out);
    }
    service({out});
  }
  void self_edge() {
    world_.count(Fault::cycle_of_one);
    const int root = topic(), inner = random_.chance(500) ? topic() : root;
    Traits& traits = service(inner == root ? std::vector<int>{root} : std::vector<int>{root, inner});
    write(traits, root, inner);
    if (inner != root) write(traits, inner, inner);
    if (random_.chance(500)) {
      const int out = topic();
      write(services_.back(), inner, out);
      leaf(out);
    }
    if (random_.chance(400)) leaf(inner);
  }
  void two_that_feed_each_other() {
    world_.count(Fault::cycle_of_two);
    const int a = topic(), b = topic();
    write(service({a}), a, b);
    Traits& back = service({b});
    write(back, b, a);
    if (random_.chance(400)) {
      const int out = topic();
      write(services_.back(), b, out);
      leaf(out);
    }
    if (random_.chance(300)) leaf(a);
    if (random_.chance(300)) write(service({a}), a, b);
  }
  void retry() {
    world_.count(Fault::retry_topic);
    const int root = topic(), again = topic(), out = topic();
    Traits& traits = service({root, again});
    write(traits, root, again);
    write(traits, again, out);
    if (random_.chance(500)) write(traits, root, out);
    if (random_.chance(400)) write(traits, again, again);
    leaf(out);
  }
  void anything() {
    const int before = world_.log.topics();
    const int topics = big_ ? random_.small(3, std::max(3, 20 - before)) : random_.small(1, 4);
    for (int i = 0; i < topics && world_.log.topics() < 20; ++i) topic();
    const int most = big_ ? random_.small(4, 30) : random_.small(1, 5);
    while (static_cast<int>(services_.size()) < most) {
      const int input = a_topic();
      Traits& traits = service({input});
      if (const int other = a_topic(); other != input && random_.chance(250)) traits.inputs.push_back(other);
      for (int i = random_.small(0, big_ ? 1 : 2); i > 0; --i) {
        const int from = random_.pick(traits.inputs);
        const int to = a_topic();
        const bool back = to <= from;
        const bool known = std::any_of(traits.edges.begin(), traits.edges.end(),
                                       [&](const Edge& e) { return e.input == from && e.output == to; });
        if (known || (back && !random_.chance(150))) continue;
        write(traits, from, to);
      }
    }
  }

  // What can come back to a topic must die out: fewer than one output to a record.
  void mark_cycles() {
    const auto n = static_cast<std::size_t>(world_.log.topics());
    std::vector<std::vector<bool>> reaches(n, std::vector<bool>(n, false));
    for (const Traits& traits : services_)
      for (const Edge& edge : traits.edges)
        reaches[static_cast<std::size_t>(edge.input)][static_cast<std::size_t>(edge.output)] = true;
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          if (reaches[i][k] && reaches[k][j]) reaches[i][j] = true;
    for (std::size_t i = 0; i < n; ++i) {
      world_.plan.component.push_back(static_cast<int>(i));
      for (std::size_t j = i; j-- > 0;)
        if (reaches[i][j] && reaches[j][i]) world_.plan.component[i] = world_.plan.component[j];
    }
    for (Traits& traits : services_)
      for (Edge& edge : traits.edges)
        edge.cyclic = reaches[static_cast<std::size_t>(edge.output)][static_cast<std::size_t>(edge.input)];
  }

  void draw_traits(Traits& traits) {
    traits.transactional = random_.chance(transactional_);
    traits.per_record = random_.chance(400);
    traits.at_position = random_.chance(300);
    traits.copies_id = random_.chance(copies_);
    traits.declares_copies = traits.copies_id && random_.chance(300);
    traits.read_uncommitted = !traits.transactional && random_.chance(100);
    traits.declared_earliest = random_.chance(300);
    traits.joins_late = random_.chance(40);
    traits.abort = traits.transactional && random_.chance(500) ? random_.small(50, 300) : 0;
    traits.work = random_.chance(200) ? random_.millis(4, 25) : random_.micros(100, 3000);
    for (Edge& edge : traits.edges) {
      edge.most = random_.small(1, 3);
      if (traits.transactional || !random_.chance(late_)) continue;
      if (random_.chance(700)) {
        edge.emits = core::Emits::within;
        edge.within = random_.millis(5, 300);
      } else {
        edge.emits = core::Emits::later;
        edge.within = random_.millis(5, 800);
      }
    }
  }

  void draw_dead_letters() {
    const auto count = services_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (!random_.chance(dead_) || world_.log.topics() >= 24) continue;
      const int input = random_.pick(services_[i].inputs);
      DeadLetters dead;
      const int style = random_.small(0, 9);
      dead.says_id = style < 4 || style == 9;
      dead.says_position = style < 4 || (style >= 4 && style < 8);
      dead.says_group = random_.chance(600);
      if (style == 8) dead.says_id = dead.says_position = false;
      const std::string base = world_.log[input].name;
      dead.declared = random_.chance(600);
      const std::string name = dead.declared ? "dead-" + base : base + "-dlt";
      const auto known = world_.log.named(name);
      if (known) world_.count(Fault::dead_letter_shared);
      dead.topic = known ? *known : world_.log.add(name, random_.uuid(), random_.small(1, 3));
      services_[i].dead.emplace_back(input, dead);
      services_[i].give_up = random_.small(30, 300);
      if (!known && random_.chance(300)) draw_traits(service({dead.topic}));
    }
  }

  void configure() {
    core::EngineConfig& engine = world_.plan.engine;
    engine.cycle_passes = random_.small(1, 4);
    engine.absent_grace = seconds(60);
    for (const Traits& traits : services_) {
      if (traits.declared_earliest) engine.reset_earliest.push_back(traits.name);
      for (const Edge& edge : traits.edges) {
        core::Output output;
        output.consumer = traits.name;
        output.input = world_.log[edge.input].name;
        output.output = world_.log[edge.output].name;
        output.emits = edge.emits;
        if (edge.emits == core::Emits::within) output.within = edge.within;
        output.copies_id = traits.copies_id && traits.declares_copies;
        engine.outputs.push_back(output);
      }
      for (const auto& [input, dead] : traits.dead) {
        if (!dead.declared) continue;
        core::Output output;
        output.consumer = traits.name;
        output.input = world_.log[input].name;
        output.output = world_.log[dead.topic].name;
        output.dead_letter = true;
        engine.outputs.push_back(output);
      }
    }
    for (int topic = 0; topic < world_.log.topics(); ++topic) {
      if (!random_.chance(250)) continue;
      std::vector<std::string>& names = engine.wait_for[world_.log[topic].name];
      for (const Traits& traits : services_)
        if (std::find(traits.inputs.begin(), traits.inputs.end(), topic) != traits.inputs.end())
          names.push_back(traits.name);
    }
  }

  World& world_;
  Random& random_;
  std::vector<Traits> services_;
  bool big_ = false;
  int copies_ = 1000;
  int transactional_ = 0;
  int late_ = 0;
  int dead_ = 0;
};

}  // namespace

void draw(World& world) { Drawing(world).all(); }

}  // namespace tidemark::sim::derived
