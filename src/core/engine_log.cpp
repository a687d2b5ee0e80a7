// What the log tells the engine; see engine.h for the contracts.

#include <algorithm>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {
namespace {

std::vector<Range> above(Offset committed, std::span<const Range> done) {
  std::vector<Range> kept;
  for (const Range& range : done)
    if (range.first > committed && range.last >= range.first) kept.push_back(range);
  return kept;
}

}  // namespace

void Engine::commit(const Commit& commit, Time now, Effects& effects) {
  State& s = *state_;
  ++s.stats.commits;
  const auto number = s.expectation.meet(commit.group, s.consumers);
  const auto topic = s.topics.find_or_add(commit.topic);
  const bool possible = commit.partition >= 0 && commit.partition < Topics::kMaxPartitions && commit.offset >= kNoOffset;
  if (!number || !topic || !possible) {
    ++s.stats.commits_ignored;
    return;
  }
  Consumer& consumer = s.consumers[*number];
  if (consumer.has_read(commit.at, commit.settled_at) && !planted(Bug::old_record_applies)) {
    ++s.stats.commits_stale;
    return;
  }
  consumer.reads(commit.at, commit.settled_at);
  const bool by_hand = consumer.moved_by_hand(commit.at);
  // A sign of life, even where the commit itself cannot count.
  const bool polled = commit.at.partition == kPolledLog;
  const bool of_old = polled && !s.was_synced;  // the first answers
  if (of_old) consumer.found_by_asking();
  if (consumer.notes_commit(commit.at) && commit.offset != kNoOffset && !by_hand && !of_old) {
    consumer.last_sign = now;
    consumer.dormant = false;
    // Polled, commits come in the rhythm of the questions, but where somebody waits for them.
    if (!polled || consumer.open > 0) consumer.cadence.committed(now);
  }
  // The commit speaks of the topic before the list does: should the list name
  // another incarnation, this one's positions go with it.
  if (s.topics[*topic].id.is_nil()) s.topics[*topic].id = commit.topic_id;
  const Uuid current = s.topics[*topic].id;
  const bool other_incarnation = !commit.topic_id.is_nil() && !current.is_nil() && commit.topic_id != current;
  const Partition partition = planted(Bug::partition_ignored) ? 0 : commit.partition;
  const bool denied = consumer.denied && !consumer.configured;
  Cell* cell = denied ? nullptr : s.cell_for(*number, *topic, partition);
  if (cell == nullptr) {
    ++s.stats.commits_ignored;
    return;
  }

  Frontier::Update update;
  update.offset = commit.offset;
  update.at = commit.at;
  update.settled_at = commit.settled_at;
  update.leader_epoch = commit.leader_epoch;
  update.moved_by_hand = by_hand;
  update.done_above = above(commit.offset, commit.done_above);
  // In a topic that was made again a commit without an id may go on from a
  // position of the former one, which the declaration says nothing about.
  const bool maybe_carried_over = s.topics[*topic].made_again && commit.topic_id.is_nil();
  update.members_go_on = consumer.members > 0;
  update.from_start = consumer.reset_earliest && consumer.members > 0 && s.was_synced && !maybe_carried_over;
  if (other_incarnation && !planted(Bug::incarnation_ignored)) {
    // It has taken the place of the group's row, whatever topic it is about.
    cell->frontier.missed_commits(commit.at);
    State::keep_early(*cell, commit.topic_id, update);
    ++s.stats.commits_ignored;
    return;
  }
  // Read from a log that was cut off since: where that is in the log as it is, nobody knows.
  if (commit.offset > 0 && s.is_lost(*topic, partition, commit.offset - 1, commit.leader_epoch)) {
    cell->frontier.missed_commits(commit.at);
    ++s.stats.commits_ignored;
    return;
  }
  // A deletion names no topic: it may be of the next one's row.
  if (commit.offset == kNoOffset && cell->early != nullptr) State::keep_early(*cell, cell->early->topic_id, update);
  const Offset before = cell->frontier.committed();
  const Applied applied = s.apply_commit(*cell, *number, *topic, partition, update, effects);
  if (applied == Applied::moved && before != kNoOffset && !by_hand)
    if (const auto began = s.topics.ends(*topic, partition).first_recent(before, commit.offset))
      consumer.commits_event(commit.at, *began, now);
  if (applied == Applied::stale) {
    ++s.stats.commits_stale;
    return;
  }
  if (applied == Applied::held) {
    ++s.stats.commits_held;
  } else {
    s.advance(*cell, *number, *topic, partition, applied, now, effects);
  }
}

Applied Engine::State::apply_commit(Cell& cell, ConsumerNumber consumer, TopicNumber topic, Partition partition,
                                    Frontier::Update update, Effects& effects) {
  const PartitionEnds& ends = topics.ends(topic, partition);
  update.ask = ends.asked + 1;
  const Applied applied = cell.frontier.commit(update, ends.known_end);
  if (applied == Applied::stale) return applied;
  consumers.note_row(consumer, topic, cell, update.offset != kNoOffset);
  if (applied == Applied::held) {
    hold(consumer, topic, partition, effects);
  } else {
    note_done_above(cell, consumers[consumer], topic);
  }
  return applied;
}

// The metadata of a commit tells all that is done above it, each time.
void Engine::State::note_done_above(Cell& cell, const Consumer& consumer, TopicNumber topic) {
  const std::vector<Range>& done = cell.frontier.done_above();
  if (consumer.share || consumer.acks(topic) || (done.empty() && cell.acked == nullptr)) return;
  if (cell.acked == nullptr) cell.acked = std::make_unique<Acked>();
  if (!planted(Bug::done_above_is_kept)) cell.acked->forget_from(std::max<Offset>(cell.frontier.committed(), 0));
  for (const Range& range : done) {
    const bool all_below = planted(Bug::done_above_fills_gaps);
    cell.acked->done({all_below ? cell.frontier.committed() : range.first, range.last});
  }
}

void Engine::seed(const Seed& seed, Time now, Effects& effects) {
  State& s = *state_;
  ++s.stats.seeds;
  const auto number = s.expectation.meet(seed.group, s.consumers);
  if (!number) return;
  Consumer& consumer = s.consumers[*number];
  if (consumer.denied && !consumer.configured) return;
  consumer.found_by_asking();
  // From the first synced() on the tail misses nothing, so a position asked for
  // later could only hide the commits before it that the tail is yet to show.
  if (s.was_synced) return;
  for (const SeedRow& row : seed.rows) {
    if (row.partition < 0 || row.partition >= Topics::kMaxPartitions || row.offset < 0) continue;
    const auto topic = s.topics.find_or_add(row.topic);
    // The answer names no topic id, and may be older than the topic that now has
    // the name; of this one the tail has shown everything.
    if (!topic || s.topics[*topic].made_again) continue;
    Cell* cell = s.cell_for(*number, *topic, row.partition);
    if (cell == nullptr) continue;
    PartitionEnds& ends = s.topics.ends(*topic, row.partition);
    const Applied applied = cell->frontier.seed(row.offset, seed.as_of, ends.known_end, ends.asked + 1,
                                                above(row.offset, row.done_above));
    if (applied == Applied::stale) continue;
    s.consumers.note_row(*number, *topic, *cell, true);
    if (applied == Applied::held) s.hold(*number, *topic, row.partition, effects);
    else s.note_done_above(*cell, consumer, *topic);
    s.advance(*cell, *number, *topic, row.partition, applied, now, effects);
  }
}

void Engine::State::see_partitions(TopicNumber topic, Partition before, Effects& effects) {
  for (const ConsumerNumber number : std::vector<ConsumerNumber>(topics[topic].consumers)) {
    Consumer& consumer = consumers[number];
    if (!consumer.subscribes(topic)) continue;
    see_first(number, topic, effects);
    const auto seen = consumer.first_seen.find(topic);
    if (before == 0 || seen == consumer.first_seen.end()) continue;
    // A partition made since then: all of it is asked.
    const auto now_there = static_cast<std::size_t>(topics[topic].partitions);
    if (seen->second.size() >= now_there || first_seen_kept + now_there > config.max_frontiers) continue;
    first_seen_kept += now_there - seen->second.size();
    seen->second.resize(now_there, 0);
  }
}

void Engine::State::see_first(ConsumerNumber number, TopicNumber topic, Effects& effects) {
  Consumer& consumer = consumers[number];
  if (consumer.first_seen.contains(topic) || !topics[topic].exists()) return;
  const auto partitions = static_cast<std::size_t>(topics[topic].partitions);
  if (first_seen_kept + partitions > config.max_frontiers) return;  // a barrier asks all of it, which is sound
  first_seen_kept += partitions;
  consumer.first_seen.emplace(topic, std::vector<Offset>(partitions, kNoOffset));
  for (Partition p = 0; p < topics[topic].partitions; ++p) {
    ++stats.ends_asked;
    PartitionEnds& ends = topics.ends(topic, p);
    ends.first_awaited = true;
    effects.asks.push_back({topics[topic].name, p, ends.asked, false});
  }
}

void Engine::State::note_first_end(TopicNumber topic, Partition partition, Offset end) {
  if (!std::exchange(topics.ends(topic, partition).first_awaited, false)) return;
  for (const ConsumerNumber consumer : topics[topic].consumers) {
    const auto seen = consumers[consumer].first_seen.find(topic);
    if (seen == consumers[consumer].first_seen.end()) continue;
    const auto p = static_cast<std::size_t>(partition);
    if (p < seen->second.size() && seen->second[p] == kNoOffset) seen->second[p] = end;
  }
}

void Engine::group(const GroupState& group, Time now, Effects& effects) {
  State& s = *state_;
  const auto number = s.expectation.meet(group.group, s.consumers);
  if (!number) return;
  if (s.consumers.update(*number, group, s.topics, s.was_synced && !s.lost_at, now)) s.update_memberless(*number);
  const Consumer& consumer = s.consumers[*number];
  if (consumer.denied && !consumer.configured) return;
  for (const TopicNumber topic : consumer.subscribed) s.see_first(*number, topic, effects);
}

void Engine::group_changed(const GroupChange& change) {
  State& s = *state_;
  if (const auto number = s.expectation.meet(change.group, s.consumers)) s.consumers.change(*number, change);
}

void Engine::topics(std::span<const TopicState> listed, Time now, Effects& effects) {
  State& s = *state_;
  std::vector<bool> seen(s.topics.size());
  std::vector<std::pair<TopicNumber, Partition>> changed;  // with how many partitions it had
  for (const TopicState& state : listed) {
    const auto number = s.topics.find_or_add(state.name);
    if (!number) continue;
    if (*number < seen.size()) seen[*number] = true;
    Topic& topic = s.topics[*number];
    const bool recreated = !topic.id.is_nil() && !state.topic_id.is_nil() && topic.id != state.topic_id;
    if (recreated && topic.listed) topic.made_again = true;
    if (!state.topic_id.is_nil()) topic.id = state.topic_id;
    topic.listed = topic.listed || !state.topic_id.is_nil();
    const Partition before = topic.partitions;
    topic.partitions = std::min(state.partitions, Topics::kMaxPartitions);
    if (topic.partitions != before) changed.emplace_back(*number, before);
    s.see_partitions(*number, before, effects);
    if (recreated && !planted(Bug::incarnation_ignored)) {
      s.forget_incarnation(*number, now, effects);
      s.take_up_incarnation(*number, now, effects);
    }
    // What was asked about a partition before the log had it was answered by nobody.
    for (Partition p = before; p < std::min(topic.partitions, static_cast<Partition>(topic.ends.size())); ++p)
      if (!topic.ends[static_cast<std::size_t>(p)].holding.empty()) s.ask_end(*number, p, effects);
  }
  for (TopicNumber number = 0; number < seen.size(); ++number) {
    if (seen[number]) continue;
    if (s.topics[number].exists()) changed.emplace_back(number, s.topics[number].partitions);
    s.topics[number].partitions = 0;
    // Answers about it are not taken while it is gone: ask anew should it return.
    for (PartitionEnds& ends : s.topics[number].ends) ends.asking = false;
  }
  if (changed.empty()) return;
  s.topology.listed(s.topics, s.consumers);
  for (const auto& [number, before] : changed) {
    s.know_output_ends(number, before, effects);
    s.rounds_after_list(number, before, now, effects);
  }
}

void Engine::ends(const Ends& as_told, Time now, Effects& effects) {
  State& s = *state_;
  Ends told = as_told;
  if (planted(Bug::last_stable_is_fence) && told.last_stable != kNoOffset) told.high_watermark = told.last_stable;
  const auto topic = s.topics.find(told.topic);
  if (!topic || told.partition < 0 || !s.topics[*topic].exists()) return;
  // A partition may be asked about, for a commit, before the list shows it.
  const auto asked_about = static_cast<Partition>(s.topics[*topic].ends.size());
  if (told.partition >= std::max(s.topics[*topic].partitions, asked_about)) return;
  const Uuid current = s.topics[*topic].id;
  if (!told.topic_id.is_nil() && !current.is_nil() && told.topic_id != current) return;
  if (told.log_start != kNoOffset) s.log_start_told(*topic, told.partition, told.log_start, now, effects);
  // What this answer leads to ask is asked when its end is known already.
  const std::uint64_t asked = s.topics.ends(*topic, told.partition).asked;
  s.look_for_cut(*topic, told.partition, told, now, effects);
  if (told.high_watermark == kNoOffset) return;
  PartitionEnds& known = s.topics.ends(*topic, told.partition);
  if (told.high_watermark > known.known_end) known.known_at = asked;
  if (told.high_watermark > known.known_end) s.topics.set_end(*topic, told.partition, told.high_watermark);
  // Of a younger leader that told less, to an old question, the next answer shows whether that is a cut.
  if (told.high_watermark == known.known_end) known.known_epoch = std::max(known.known_epoch, told.leader_epoch);
  known.told = true;
  if (told.leader_epoch >= 0 && told.leader_epoch == known.known_epoch && told.high_watermark >= known.told_end) {
    known.told_end = told.high_watermark;
    known.told_by = told.leader_epoch;
  }
  if (told.asked >= known.asked) known.asking = false;
  s.note_first_end(*topic, told.partition, told.high_watermark);
  s.judge(*topic, told.partition, told.asked, now, effects);
  s.judge_acks(*topic, told.partition, told.asked, now, effects);
  s.barrier_ends(*topic, told.partition, told.asked, told.high_watermark, now, effects);
  s.end_in_round(*topic, told.partition, told.asked, now, effects);
}

void Engine::positions(PositionsBy by) { state_->positions_by = by; }

void Engine::synced(Time now) {
  State& s = *state_;
  if (!s.was_synced || s.lost_at) s.known_since = now;
  s.was_synced = true;
  s.lost_at.reset();
  s.consumers.caught_up();
}

void Engine::lost(Time now) {
  if (!state_->lost_at) state_->lost_at = now;
}

void Engine::State::hold(ConsumerNumber consumer, TopicNumber topic, Partition partition, Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  if (std::find(ends.holding.begin(), ends.holding.end(), consumer) == ends.holding.end())
    ends.holding.push_back(consumer);
  if (!ends.asking && topics[topic].exists()) ask_end(topic, partition, effects);
}

void Engine::State::ask_end(TopicNumber topic, Partition partition, Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  ends.asking = true;
  ++ends.asked;
  ++stats.ends_asked;
  std::int32_t epoch = -1;
  if (!ends.successions.empty()) {
    Succession& first = ends.successions.front();
    if (first.ask == 0) first.ask = ends.asked;
    epoch = first.epoch;
  }
  effects.asks.push_back({topics[topic].name, partition, ends.asked, false, epoch});
}

void Engine::State::raise_end(TopicNumber topic, Partition partition, Offset end, Time now, Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  ends.told = true;
  note_first_end(topic, partition, end);
  if (end <= ends.known_end) return;
  topics.set_end(topic, partition, end);
  ends.known_at = ends.asked;
  if (!ends.holding.empty()) judge(topic, partition, 0, now, effects);
}

void Engine::State::judge(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects) {
  // By index and anew each time: answering may add frontiers, never holders.
  std::vector<ConsumerNumber> holders = std::move(topics.ends(topic, partition).holding);
  topics.ends(topic, partition).holding.clear();
  const Offset known_end = topics.ends(topic, partition).known_end;
  for (const ConsumerNumber consumer : holders) {
    Cell* cell = consumers[consumer].cell(topic, partition);
    if (cell == nullptr) continue;
    const Applied applied = cell->frontier.judge(known_end, asked, topics.ends(topic, partition).cuts);
    if (cell->frontier.beyond_end()) ++stats.commits_beyond_end;
    if (cell->frontier.holding()) topics.ends(topic, partition).holding.push_back(consumer);
    if (applied != Applied::same) note_done_above(*cell, consumers[consumer], topic);
    advance(*cell, consumer, topic, partition, applied, now, effects);
  }
  PartitionEnds& ends = topics.ends(topic, partition);
  if (!ends.holding.empty() && !ends.asking && topics[topic].exists()) ask_end(topic, partition, effects);
}

void Engine::State::keep_early(Cell& cell, const Uuid& topic_id, Frontier::Update update) {
  if (cell.early == nullptr || cell.early->topic_id != topic_id)
    cell.early = std::make_unique<EarlyCommits>(EarlyCommits{topic_id, {}});
  std::vector<Frontier::Update>& updates = cell.early->updates;
  if (updates.size() == Frontier::kMaxHeld) {
    updates.clear();
    update.moved_by_hand = true;  // from nobody knows where
  }
  updates.push_back(update);
}

void Engine::State::forget_incarnation(TopicNumber topic, Time now, Effects& effects) {
  struct Early {
    ConsumerNumber consumer;
    Partition partition;
    std::vector<Frontier::Update> updates;
  };
  std::vector<Early> early;
  const std::vector<ConsumerNumber> linked = topics[topic].consumers;
  for (const ConsumerNumber number : linked) {
    std::vector<std::uint64_t> keys;
    for (const auto& [key, cell] : consumers[number].cells)
      if (Consumer::topic_of(key) == topic) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    for (const std::uint64_t key : keys) {
      Cell& cell = *consumers[number].cells.at(key);
      while (!cell.obligations.empty()) {
        const Obligation lowest = cell.obligations.lowest();
        settle(lowest.wait, lowest.need, Outcome::skipped, {}, now);
        finish_if_done(lowest.wait, now, effects);
      }
      if (cell.early != nullptr && cell.early->topic_id == topics[topic].id)
        early.push_back({number, Consumer::partition_of(key), std::move(cell.early->updates)});
      consumers.remove_cell(number, key);
    }
    if (const auto seen = consumers[number].first_seen.find(topic); seen != consumers[number].first_seen.end())
      std::fill(seen->second.begin(), seen->second.end(), 0);  // all of the new one is asked
  }
  for (PartitionEnds& ends : topics[topic].ends) {
    const std::uint64_t asked = ends.asked;  // answers to older questions stay recognisable
    ends = PartitionEnds{};
    ends.asked = asked;
  }
  topics[topic].end_offsets.reset();
  restart_round(topic, effects);
  // Nothing waits for the new one yet: no position of it ends anything.
  for (const Early& one : early) {
    Cell* cell = cell_for(one.consumer, topic, one.partition);
    if (cell == nullptr) continue;
    for (const Frontier::Update& update : one.updates)
      apply_commit(*cell, one.consumer, topic, one.partition, update, effects);
  }
}

void Engine::State::take_up_incarnation(TopicNumber topic, Time now, Effects& effects) {
  for (std::uint32_t slot = 0; slot < waits.slots(); ++slot) {
    for (std::uint32_t i = 0; waits[slot].state == Wait::State::waiting && i < waits[slot].needs.size(); ++i) {
      const Need& need = waits[slot].needs[i];
      const WaitTerm& term = waits[slot].terms[need.term];
      const bool parked = need.outcome == Outcome::pending && need.check == Need::Check::none && !need.indexed &&
                          term.kind != Term::Kind::pending;
      if (!parked || term.topic != topic || term.topic_id != topics[topic].id) continue;
      if (waits[slot].is_publish) raise_end(topic, term.partition, term.last + 1, now, effects);
      register_need(slot, i, now);
    }
    finish_if_done(slot, now, effects);
  }
}

}  // namespace tidemark::core
