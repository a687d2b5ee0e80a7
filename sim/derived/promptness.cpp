#include "promptness.h"

#include <algorithm>
#include <set>

#include "service.h"

namespace tidemark::sim::derived {

using core::Duration;
using core::Offset;
using core::Time;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// From the append to its report, where that is not late.
constexpr Duration kDelivery = microseconds(4100);
// A look for records, there and back, in a world without faults.
constexpr Duration kLook = microseconds(9200);
// Until it is known that nobody will see the end of a partition: its reader stood still for up
// to a tenth of a second, looks, and transactions that are still open meanwhile.
constexpr Duration kUnseenEnd = milliseconds(300);

}  // namespace

struct Promptness::Delays {
  Duration round{};  // of ends: one that is under way, and the next, each behind a question that is open
  Duration held{};   // a commit above the known end
};

// Who writes what, of those that are waited for.
struct Promptness::Ways {
  struct Way {
    Place from;
    int to = 0;
    Duration within{};
  };
  std::vector<Place> places;  // that can be reached
  std::vector<Way> ways;
  std::vector<std::vector<bool>> leads;  // from a topic to another

  Ways(const World& world, const Stake& stake) {
    const auto n = static_cast<std::size_t>(world.log.topics());
    std::vector<int> topics{stake.topic};
    leads.assign(n, std::vector<bool>(n, false));
    for (std::size_t i = 0; i < topics.size(); ++i) {
      const int topic = topics[i];
      for (const Place& place : stake.asked) {
        if (place.first != topic) continue;
        places.push_back(place);
        const Service& service = *world.services[static_cast<std::size_t>(place.second)];
        const auto add = [&](int to, Duration within) {
          ways.push_back({place, to, within});
          leads[static_cast<std::size_t>(topic)][static_cast<std::size_t>(to)] = true;
          if (std::find(topics.begin(), topics.end(), to) == topics.end()) topics.push_back(to);
        };
        for (const Edge& edge : service.traits().edges)
          if (edge.input == topic && edge.emits != core::Emits::later)
            add(edge.output, edge.emits == core::Emits::within ? edge.within : Duration::zero());
        if (const DeadLetters* dead = service.dead_of(topic)) add(dead->topic, {});
        if (const auto by_name = world.log.named(world.log[topic].name + "-dlt")) add(*by_name, {});
      }
    }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          if (leads[i][k] && leads[k][j]) leads[i][j] = true;
  }
  bool lead(int from, int to) const { return leads[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)]; }
  bool together(int a, int b) const { return a == b || (lead(a, b) && lead(b, a)); }
};

void Promptness::told(int gateway, int service, int topic, core::Partition partition, Offset offset) {
  std::vector<Rise>& rises = rises_[{gateway, service, topic, partition}];
  if (rises.empty() || offset > rises.back().offset) rises.push_back({world_.now(), offset});
}

void Promptness::forget(int gateway) {
  std::erase_if(rises_, [&](const auto& entry) { return std::get<0>(entry.first) == gateway; });
}

std::optional<Time> Promptness::told_at(int gateway, int service, int topic, core::Partition partition, Offset offset) const {
  const auto found = rises_.find({gateway, service, topic, partition});
  if (found == rises_.end()) return std::nullopt;
  const auto at = std::find_if(found->second.begin(), found->second.end(), [&](const Rise& rise) { return rise.offset > offset; });
  return at == found->second.end() ? std::nullopt : std::optional<Time>(at->at);
}

// When the place had read all that was in its topic at `fence`, as far as the gateway was told.
std::optional<Time> Promptness::read_by(int gateway, const Place& place, Time fence, const Delays& delays) const {
  Time done = fence;
  bool unseen = false;
  for (core::Partition p = 0; p < world_.log.partitions(place.first); ++p) {
    const std::vector<int>& records = world_.log.partition(place.first, p).records;
    Offset last = core::kNoOffset;
    for (const int number : records) {
      const Record& record = world_.log.at(number);
      if (record.at > fence) break;
      if (record.marker || record.fate == Fate::aborted || record.fate == Fate::aborting) {
        unseen = true;
      } else {
        last = record.offset;
      }
    }
    if (last == core::kNoOffset) continue;
    const auto at = told_at(gateway, place.second, place.first, p, last);
    if (!at) return std::nullopt;
    done = std::max(done, *at);
  }
  const Service& service = *world_.services[static_cast<std::size_t>(place.second)];
  const bool letters = service.dead_of(place.first) != nullptr || world_.log.named(world_.log[place.first].name + "-dlt");
  return done + delays.held + (unseen ? kUnseenEnd : Duration::zero()) + (letters ? delays.round + kLook : Duration::zero());
}

// When the places had read the last record with the event's id.
std::optional<Time> Promptness::last_of_event(int gateway, const Stake& stake, const std::vector<Place>& places) const {
  Time last{};
  std::vector<int> records{*stake.event};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = world_.log.at(records[i]);
    for (const int child : record.children) records.push_back(child);
    if (record.id != stake.id || record.fate == Fate::aborted || record.fate == Fate::aborting) continue;
    for (const Place& place : places) {
      if (place.first != record.topic) continue;
      const auto at = told_at(gateway, place.second, place.first, record.partition, record.offset);
      if (!at) return std::nullopt;
      last = std::max(last, *at);
    }
  }
  return last;
}

std::optional<Time> Promptness::latest(int gateway, const Stake& stake, int most_passes) const {
  Delays delays;
  const Duration question = 2 * (std::min<Duration>(world_.plan.ends_delay, milliseconds(10)) + microseconds(200));
  delays.round = 4 * question;
  delays.held = 3 * question;
  const Ways ways(world_, stake);
  const Record& event = world_.log.at(*stake.event);
  std::map<Place, Time> done;
  Time last = event.at + kDelivery;
  std::vector<int> left;  // topics
  for (const Place& place : ways.places)
    if (std::find(left.begin(), left.end(), place.first) == left.end()) left.push_back(place.first);
  while (!left.empty()) {
    // Topics that feed each other, and that nothing leads to of what is left.
    const auto first = std::find_if(left.begin(), left.end(), [&](int topic) {
      return std::none_of(left.begin(), left.end(), [&](int from) { return ways.lead(from, topic) && !ways.together(from, topic); });
    });
    const int topic = *first;
    std::vector<Place> places;
    for (const Place& place : ways.places)
      if (ways.together(place.first, topic)) places.push_back(place);
    std::erase_if(left, [&](int other) { return ways.together(other, topic); });

    bool reached = false;
    Time when{};
    Duration within{};
    for (const Ways::Way& way : ways.ways) {
      if (!ways.together(way.to, topic)) continue;
      if (ways.together(way.from.first, topic)) {
        within = std::max(within, way.within);
        continue;
      }
      reached = true;
      when = std::max(when, done.at(way.from) + way.within);
    }
    const bool cyclic = ways.lead(topic, topic);
    for (const Place& place : places) {
      if (place.first != stake.topic) continue;
      const auto at = told_at(gateway, place.second, place.first, event.partition, event.offset);
      if (!at) return std::nullopt;
      const auto letters = read_by(gateway, place, event.at, delays);  // the allowance for them
      if (!letters) return std::nullopt;
      done[place] = std::max({*at, event.at + kDelivery, *letters}) + delays.held + delays.round + kLook;
      when = std::max(when, done[place]);
    }
    // A question for each step.
    const auto pass = [&](Time asked) -> std::optional<Time> {
      Time end = asked;
      for (const Place& place : places) {
        const auto at = read_by(gateway, place, asked + delays.round, delays);
        if (!at) return std::nullopt;
        done[place] = std::max(done[place], *at);
        end = std::max(end, *at);
      }
      return end;
    };
    if (cyclic) {
      const Duration step = delays.round + kLook + within;
      // The bound is each topic's, and who writes one to the other may take turns.
      std::set<int> written;
      for (const Ways::Way& way : ways.ways)
        if (ways.together(way.to, topic)) written.insert(way.to);
      const int turns = most_passes * static_cast<int>(written.size());
      // What is found in a partition that was added may take all the steps again.
      const int passes = world_.plan.grows ? 3 * turns : turns;
      for (int i = 0; i < passes; ++i) {
        const auto end = pass(when + within + kLook);
        if (!end) return std::nullopt;
        when = *end;
      }
      const auto by_id = last_of_event(gateway, stake, places);
      if (!by_id) return std::nullopt;
      when = std::max(when, *by_id + kUnseenEnd) + 2 * (step + delays.held + delays.round + kLook);
      for (const Place& place : places) done[place] = when;
    } else if (reached) {
      const auto end = pass(when);
      if (!end) return std::nullopt;
    }
    for (const Place& place : places) last = std::max(last, done[place]);
    if (last > world_.now()) return std::nullopt;
  }
  return last;
}

}  // namespace tidemark::sim::derived
