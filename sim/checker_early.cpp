// Consumers whose commits come before their work is done, as far as a gateway can tell.
//
// Whether a timer makes the commits nobody says: their rhythm does. The checker's measure
// of it is cruder than core's (core/cadence.h): what it sees, core must have seen, and where
// there were not even so many commits, core cannot have.

#include <algorithm>

#include "checker.h"
#include "model_gateway.h"
#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kGaps = 5;

// The gaps between rounds of commits that were told by `when`, the latest last. Whether somebody's hand made one
// the gateway may not be able to tell.
std::vector<core::Duration> gaps_by(const Told::GroupKnown& known, core::Time when, bool by_hand) {
  std::vector<core::Duration> gaps;
  core::Time last{};
  for (const auto& [commit, its_own] : known.commits) {
    if (commit > when) break;
    if (!its_own && !by_hand) continue;
    if (last != core::Time{} && commit - last < milliseconds(100)) continue;
    if (last != core::Time{}) gaps.push_back(commit - last);
    last = commit;
  }
  return gaps;
}

}  // namespace

bool Checker::timer_seen(const ModelGateway& gateway, const ModelGroup& group, core::Time when) const {
  const auto shows = [&](bool by_hand) {
    const auto gaps = gaps_by(gateway.told().group(group.number()), when, by_hand);
    if (gaps.size() < kGaps) return false;
    const auto [shortest, longest] = std::minmax_element(gaps.end() - kGaps, gaps.end());
    return *shortest >= milliseconds(420) && *longest * 100 <= *shortest * 120;
  };
  return shows(false) && shows(true);
}

void Checker::check_handed_over(const ModelGateway& gateway, const Wait& wait, const ModelGroup* group,
                                const core::ConsumerOutcome& outcome) {
  const bool recognised = group != nullptr && (group->traits().kafka_go || group->traits().rdkafka);
  if (!recognised) return fail("P1", "handed over, and nothing says that it commits early: " + outcome.name);
  const GroupTraits& traits = group->traits();
  if (traits.commits_after) return fail("P1", "handed over, and declared to commit after its work: " + outcome.name);
  if (!traits.rdkafka) return;
  // One that commits by hand may look like a timer, but not before a timer could be seen.
  const auto gaps = gaps_by(gateway.told().group(group->number()), wait.began + outcome.elapsed, true);
  if (gaps.size() < kGaps) fail("P1", "handed over after fewer commits than show a timer: " + outcome.name);
  world_.counters.count(traits.commits_early ? Fault::timer_recognised : Fault::mistaken_for_timer);
}

// Only its members tell a client's name, and a timer shows by its rhythm.
bool Checker::early_excused(const ModelGateway& gateway, const Wait& wait, const ModelGroup& group, core::Time when) {
  const GroupTraits& traits = group.traits();
  if (!traits.kafka_go && !traits.rdkafka) return false;
  const auto& client_known = gateway.told().group(group.number()).client_known;
  if (!client_known || *client_known >= wait.began) {
    world_.counters.count(Excuse::early_client_never_seen);
    return true;
  }
  if (!traits.rdkafka || !traits.commits_early) return false;
  if (!world_.plan.polled && timer_seen(gateway, group, when)) return false;
  world_.counters.count(Excuse::timer_not_seen);
  return true;
}

}  // namespace tidemark::sim
