// Fences: the ends of a derived topic, asked for after its writers were done.
//
// What a consumer wrote before it committed lies below the high watermark of
// every partition from then on, so an end that was asked for after the commit
// was seen is a bound for it; one that was known, or asked for, before is none.
// The last stable offset is none either: when the commit of a transaction is
// seen, the marker in the derived partition may not be written yet.
//
// A question per wait would make the brokers' work grow with the publishes. So
// there is one round of questions per topic at a time; who comes while it is
// under way takes the next one, and all who take one share its answers.

#include <utility>

#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {

void Engine::State::board(TopicNumber topic, const Rider& rider, Effects& effects) {
  Round& round = rounds[topic];
  ++waits[rider.wait.slot].follow->outstanding;
  (round.running && !planted(Bug::round_shared_by_late) ? round.next : round.aboard).push_back(rider);
  if (!round.running) start_round(topic, effects);
}

void Engine::State::start_round(TopicNumber topic, Effects& effects) {
  Round& round = rounds[topic];
  round.running = true;
  round.left = 0;
  ++stats.fence_rounds;
  for (Partition p = 0; p < topics[topic].partitions; ++p) ask_in_round(topic, p, effects);
}

void Engine::State::ask_in_round(TopicNumber topic, Partition partition, Effects& effects) {
  if (topics.ends(topic, partition).round_ask != 0) return;
  ask_end(topic, partition, effects);
  PartitionEnds& ends = topics.ends(topic, partition);
  ends.round_ask = ends.asked;
  ++rounds.at(topic).left;
}

void Engine::State::end_in_round(TopicNumber topic, Partition partition, std::uint64_t asked, Time now,
                                 Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  if (ends.round_ask == 0 || asked < ends.round_ask) return;
  ends.round_ask = 0;
  Round& round = rounds.at(topic);
  if (planted(Bug::round_ends_with_first)) {
    round.left = 1;
    for (PartitionEnds& other : topics[topic].ends) other.round_ask = 0;
  }
  if (--round.left == 0) end_round(topic, now, effects);
}

void Engine::State::end_round(TopicNumber topic, Time now, Effects& effects) {
  Round& round = rounds.at(topic);
  const std::vector<Rider> riders = std::move(round.aboard);
  round.aboard = std::exchange(round.next, {});
  round.running = false;
  if (round.aboard.empty()) {
    rounds.erase(topic);
  } else {
    start_round(topic, effects);
  }
  for (const Rider& rider : riders) {
    if (waits.find(rider.wait) == nullptr) continue;
    --waits[rider.wait.slot].follow->outstanding;
    if (rider.dead_letters) {
      read_dead_letters(rider.wait.slot, rider.index, now, effects);
    } else {
      fence_told(rider.wait.slot, rider.index, now, effects);
    }
    answer_if_due(rider.wait.slot, now, effects);
  }
}

void Engine::State::rounds_after_list(TopicNumber topic, Partition before, Time now, Effects& effects) {
  if (planted(Bug::new_partition_not_fenced)) return;
  const Partition partitions = topics[topic].partitions;
  const auto found = rounds.find(topic);
  const bool running = found != rounds.end() && found->second.running;
  if (running && partitions == 0) {
    for (PartitionEnds& ends : topics[topic].ends) ends.round_ask = 0;
    found->second.left = 0;
    end_round(topic, now, effects);  // nobody will answer: what was written there is gone
    return;
  }
  if (running)
    for (Partition p = before; p < partitions; ++p) ask_in_round(topic, p, effects);
  if (before == 0 || partitions <= before) return;
  // Whoever asked before the list showed the new partitions has not asked for theirs.
  for (std::uint32_t slot = 0; slot < waits.slots(); ++slot) {
    Wait& wait = waits[slot];
    if (wait.state != Wait::State::waiting || wait.follow == nullptr) continue;
    const auto node = wait.follow->plan->node_of(topic);
    if (!node || !wait.follow->topics[*node].fenced) continue;
    wait.follow->topics[*node].grew = true;
    follow_on(slot, now, effects);
  }
}

void Engine::State::restart_round(TopicNumber topic, Effects& effects) {
  const auto found = rounds.find(topic);
  if (found != rounds.end() && found->second.running) start_round(topic, effects);
}

void Engine::State::know_output_ends(TopicNumber topic, Partition before, Effects& effects) {
  if (!topology.is_output(topics[topic].name)) return;
  for (Partition p = before; p < topics[topic].partitions; ++p)
    if (!topics.ends(topic, p).told) ask_end(topic, p, effects);
}

}  // namespace tidemark::core
