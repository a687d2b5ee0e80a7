// What consumers say themselves: explicit acks, share groups, and where an event went.
//
// An ack is read from a topic that anybody may write to, so it is believed only
// of a consumer that is expected there, for a partition that exists, below an
// end that the log has told; one above the known end waits until that is asked.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

// A share group's state is in a topic of its own: its records are told apart
// from those of the log of commits by partition.
constexpr Partition kShareLog = 1 << 29;

std::size_t slot_of(const Uuid& id, std::size_t slots) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const std::uint8_t byte : id.bytes) hash = (hash ^ byte) * 1099511628211U;
  return hash % slots;
}

}  // namespace

std::optional<Refusal> Engine::check(const Ack& ack, Time) const {
  const State& s = *state_;
  const std::string name(ack.topic);
  if (name.starts_with("__"))
    return Refusal{Refusal::Code::forbidden_topic, "topics beginning with __ are internal: '" + name + "'", "topic", {}};
  const auto topic = s.topics.find(name);
  if (!topic || !s.topics[*topic].exists())
    return Refusal{Refusal::Code::unknown_topic, "no topic '" + name + "'", "topic", {}};
  if (ack.partition < 0 || ack.partition >= s.topics[*topic].partitions)
    return Refusal{Refusal::Code::unknown_partition, "'" + name + "' has partitions 0 to " +
                   std::to_string(s.topics[*topic].partitions - 1), "partition", {}};
  if (!s.expected_to_ack(ack.consumer, *topic))
    return Refusal{Refusal::Code::unexpected_consumer, "'" + std::string(ack.consumer) + "' is not expected at '" + name +
                   "': it neither reads it nor is in its wait_for", "consumer", {}};
  if (ack.offsets.first < 0 || ack.offsets.first > ack.offsets.last)
    return Refusal{Refusal::Code::beyond_end, "the offsets are not a range", "offsets", {}};
  const auto& ends = s.topics[*topic].ends;
  const auto p = static_cast<std::size_t>(ack.partition);
  const Offset end = p < ends.size() ? ends[p].known_end : 0;
  if (ack.offsets.last >= end)
    return Refusal{Refusal::Code::beyond_end, "'" + name + "' partition " + std::to_string(ack.partition) + " ends at " +
                   std::to_string(end), "offset", {}};
  return std::nullopt;
}

bool Engine::State::expected_to_ack(std::string_view name, TopicNumber topic) const {
  const auto configured = config.wait_for.find(topics[topic].name);
  if (configured != config.wait_for.end() &&
      std::find(configured->second.begin(), configured->second.end(), name) != configured->second.end())
    return true;
  const auto number = consumers.find(name);
  if (!number) return false;
  const Consumer& consumer = consumers[*number];
  if (consumer.denied && !consumer.configured) return false;
  return consumer.subscribes(topic) || consumer.commits(topic) ||
         std::binary_search(consumer.acked_topics.begin(), consumer.acked_topics.end(), topic);
}

void Engine::ack(const Ack& ack, Time now, Effects& effects) {
  State& s = *state_;
  ++s.stats.acks;
  const auto topic = s.topics.find(ack.topic);
  const bool possible = topic && s.topics[*topic].exists() && ack.partition >= 0 &&
                        ack.partition < s.topics[*topic].partitions && ack.offsets.first >= 0 &&
                        ack.offsets.first <= ack.offsets.last && !ack.topic.starts_with("__");
  const bool of_another = possible && !ack.topic_id.is_nil() && !s.topics[*topic].id.is_nil() &&
                          ack.topic_id != s.topics[*topic].id;
  if (!possible || of_another || !s.expected_to_ack(ack.consumer, *topic)) {
    ++s.stats.acks_ignored;
    return;
  }
  const auto number = s.expectation.meet(ack.consumer, s.consumers);
  if (!number) {
    ++s.stats.acks_ignored;
    return;
  }
  PartitionEnds& ends = s.topics.ends(*topic, ack.partition);
  // Behind one that waits for the end, its consumer's others wait too: the later wins.
  const bool behind = std::any_of(ends.held_acks.begin(), ends.held_acks.end(),
                                  [&](const HeldAck& held) { return held.consumer == *number; });
  if ((ack.offsets.last >= ends.known_end || behind) && !planted(Bug::ack_beyond_end_counts)) {
    if (ends.held_acks.size() >= PartitionEnds::kMaxHeldAcks) {
      ++s.stats.acks_ignored;
      return;
    }
    ++s.stats.acks_held;
    ends.held_acks.push_back({*number, ack.offsets, ack.failed,
                              std::string(ack.reason.substr(0, Acked::kMaxReason)), ends.asked + 1});
    if (!ends.asking) s.ask_end(*topic, ack.partition, effects);
    return;
  }
  s.apply_ack(*number, *topic, ack.partition, ack.offsets, ack.failed, ack.reason, now, effects);
}

void Engine::State::apply_ack(ConsumerNumber number, TopicNumber topic, Partition partition, Range offsets, bool failed,
                              std::string_view reason, Time now, Effects& effects) {
  Consumer& consumer = consumers[number];
  consumer.last_sign = now;
  consumer.dormant = false;
  const auto at = std::lower_bound(consumer.acked_topics.begin(), consumer.acked_topics.end(), topic);
  if (at == consumer.acked_topics.end() || *at != topic) {
    consumer.acked_topics.insert(at, topic);
    Consumers::link(topics, topic, number);
  }
  Cell* cell = cell_for(number, topic, partition);
  if (cell == nullptr) {
    ++stats.acks_ignored;
    return;
  }
  said(*cell, offsets, failed, reason, now, effects);
}

void Engine::State::said(Cell& cell, Range offsets, bool failed, std::string_view reason, Time now, Effects& effects) {
  if (cell.acked == nullptr) cell.acked = std::make_unique<Acked>();
  Acked& acked = *cell.acked;
  if (planted(Bug::earlier_ack_wins) &&
      (acked.any_failed(offsets.first, offsets.last) || acked.is_done(offsets.first, offsets.last)))
    return;
  if (failed) {
    acked.failed(offsets, reason);
  } else {
    acked.done(offsets);
  }
  // A wait for one record is ended by the ack of that record; one for a range
  // by the ack that fills its last hole, or by any failure in it.
  Range lasts = offsets;
  if (cell.ranges > 0) lasts.last = failed ? std::numeric_limits<Offset>::max() : acked.around(offsets.last).last;
  look_through(cell, lasts, now, effects);
}

void Engine::State::judge_acks(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  if (ends.held_acks.empty()) return;
  std::vector<HeldAck> held = std::move(ends.held_acks);
  ends.held_acks.clear();
  std::vector<ConsumerNumber> waiting;
  for (HeldAck& ack : held) {
    if (std::find(waiting.begin(), waiting.end(), ack.consumer) != waiting.end()) {
      topics.ends(topic, partition).held_acks.push_back(std::move(ack));
    } else if (ack.offsets.last < topics.ends(topic, partition).known_end) {
      apply_ack(ack.consumer, topic, partition, ack.offsets, ack.failed, ack.reason, now, effects);
    } else if (asked >= ack.ask) {
      ++stats.acks_ignored;  // of records that do not exist
    } else {
      waiting.push_back(ack.consumer);
      topics.ends(topic, partition).held_acks.push_back(std::move(ack));
    }
  }
  PartitionEnds& after = topics.ends(topic, partition);
  if (!after.held_acks.empty() && !after.asking && topics[topic].exists()) ask_end(topic, partition, effects);
}

void Engine::share(const ShareProgress& progress, Time now, Effects& effects) {
  State& s = *state_;
  const auto number = s.expectation.meet(progress.group, s.consumers);
  const auto topic = s.topics.find(progress.topic);
  // A partition may have a state before the list shows it.
  const bool possible = number && topic && s.topics[*topic].exists() && progress.partition >= 0 &&
                        progress.partition < Topics::kMaxPartitions;
  if (!possible) return;
  Consumer& consumer = s.consumers[*number];
  if (consumer.denied && !consumer.configured) return;
  const Uuid current = s.topics[*topic].id;
  if (!progress.topic_id.is_nil() && !current.is_nil() && progress.topic_id != current) return;
  consumer.share = true;
  const auto shows_life = [&] {
    if (!s.was_synced) return;  // it may be of long ago
    consumer.last_sign = now;
    consumer.dormant = false;
  };
  Cell* cell = s.cell_for(*number, *topic, progress.partition);
  if (cell == nullptr) return shows_life();  // the table is full

  PartitionEnds& ends = s.topics.ends(*topic, progress.partition);
  // By a leader before the one that cut the log off: above there it speaks of what is gone.
  Offset gone = std::numeric_limits<Offset>::max();
  for (const Cut& cut : ends.cuts)
    if (progress.leader_epoch >= 0 && progress.leader_epoch < cut.epoch && !planted(Bug::cut_share_slots_are_read))
      gone = std::min(gone, cut.offset);
  Frontier::Update update;
  update.offset = std::min(progress.start, gone);
  update.at = {kShareLog + progress.at.partition, progress.at.offset};
  update.settled_at = progress.at.offset;
  update.ask = ends.asked + 1;
  // Set up anew: by a person, and what was said of the records before is void.
  update.moved_by_hand = cell->share_epoch >= 0 && progress.state_epoch > cell->share_epoch &&
                         !planted(Bug::share_reset_is_progress);
  const Applied applied = cell->frontier.commit(update, ends.known_end);
  if (applied == Applied::stale) return;
  cell->share_epoch = std::max(cell->share_epoch, progress.state_epoch);
  if (update.moved_by_hand && cell->acked != nullptr) cell->acked->forget_from(progress.start);
  if (cell->slots == nullptr) cell->slots = std::make_unique<ShareSlots>();
  if (update.moved_by_hand) cell->slots->begin_at(progress.start);
  const bool passes =
      cell->slots->state(progress.leader_epoch, progress.start, progress.acknowledged, progress.archived, ends.cuts);
  shows_life();
  s.consumers.note_row(*number, *topic, *cell, progress.start != kNoOffset);
  if (applied == Applied::held) s.hold(*number, *topic, progress.partition, effects);
  if (passes) s.look_through(*cell, {0, std::numeric_limits<Offset>::max()}, now, effects);
  const auto said = [&](std::span<const Range> ranges, bool failed, std::string_view reason) {
    for (const Range& range : ranges)
      if (range.first < gone) s.said(*cell, {range.first, std::min(range.last, gone - 1)}, failed, reason, now, effects);
  };
  // What was given up is said first: the start may have passed it in the same breath.
  said(progress.archived, !planted(Bug::archived_is_acknowledged), "given up by the share group");
  if (planted(Bug::share_start_is_done) && progress.start > 0)
    s.said(*cell, {0, progress.start - 1}, false, {}, now, effects);
  said(progress.acknowledged, false, {});
  s.advance(*cell, *number, *topic, progress.partition, applied, now, effects);
}

void Engine::State::remember_event(const Uuid& id, const WaitTerm& term) {
  if (events.empty()) events.resize(kEvents);
  events[slot_of(id, kEvents)] = {id, term.topic, term.partition, term.last};
}

std::optional<Position> Engine::find_event(const Uuid& id) const {
  const State& s = *state_;
  if (s.events.empty()) return std::nullopt;
  const State::Event& event = s.events[slot_of(id, State::kEvents)];
  if (event.offset == kNoOffset || event.id != id) return std::nullopt;
  const Topic& topic = s.topics[event.topic];
  return Position{topic.name, topic.id, event.partition, event.offset, -1};
}

}  // namespace tidemark::core
