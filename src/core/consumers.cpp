#include "core/consumers.h"

#include <algorithm>

#include "core/plant.h"

namespace tidemark::core {
namespace {

// kNoOffset where the positions do not reach.
Offset tail_at(const TailPositions& positions, Partition partition) {
  const auto index = static_cast<std::size_t>(partition);
  return positions && partition >= 0 && index < positions->size() ? (*positions)[index] : kNoOffset;
}

// The tail only goes forward, so two of its positions differ one way.
bool is_older(const std::vector<Offset>& a, const std::vector<Offset>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i] != b[i]) return a[i] < b[i];
  return false;
}

}  // namespace

EarlyClient Consumer::early() const {
  if (commits_after || recognised == EarlyClient::none) return EarlyClient::none;
  return early_without_timer(recognised) || timer() ? recognised : EarlyClient::none;
}

std::optional<Duration> Consumer::timer() const {
  if (planted(Bug::timer_is_never_seen)) return std::nullopt;
  if (promptness != nullptr && promptness->follows_events()) return std::nullopt;
  return cadence.interval();
}

void Consumer::commits_event(LogPoint at, Time began, Time now) {
  // Polled, a commit has the time of the question, which may have been put for the event's sake.
  if (at.partition == kPolledLog) return promptness.reset();
  if (recognised == EarlyClient::none || early_without_timer(recognised)) return;
  if (promptness == nullptr) promptness = std::make_unique<Promptness>();
  promptness->committed(now, now - began);
}

bool Consumer::acks(TopicNumber topic) const {
  return acks_declared || std::binary_search(acked_topics.begin(), acked_topics.end(), topic);
}

bool Consumer::subscribes(TopicNumber topic) const {
  return std::binary_search(subscribed.begin(), subscribed.end(), topic);
}

bool Consumer::moved_by_hand(LogPoint at) const {
  // What the tail showed holds for the commits behind it until it shows something
  // else, even where an answer tells of a later moment.
  if (shown) return shown->empty && shown->at.partition == at.partition && at.offset > shown->at.offset;
  // That members were answered since says nothing: they may have joined after this.
  const auto empty_by_then = [&](const TailPositions& from) {
    const bool joined = shows_member_since(from) && at.partition == member_shown.partition && at.offset > member_shown.offset;
    return at.offset >= tail_at(from, at.partition) && !joined;
  };
  if (sure_empty && empty_by_then(sure_empty)) return true;
  return is_empty_group() && told_for_sure && empty_by_then(group_as_of);
}

bool Consumer::shows_member_since(const TailPositions& from) const {
  return member_shown.known() && member_shown.offset >= tail_at(from, member_shown.partition);
}

bool Consumer::has_read(LogPoint at, Offset settled_at) const {
  if (read_to.partition != at.partition || settled_at > read_to.offset) return false;
  return settled_at < read_to.offset || at.offset < read_at;
}

void Consumer::reads(LogPoint at, Offset settled_at) {
  read_to = {at.partition, settled_at};
  read_at = at.offset;
}

void Consumer::found_by_asking() {
  if (members == 0 && last_sign == Time{}) dormant = true;
}

void Consumer::show_members() {
  const LogPoint at = ids.shown_at();
  const bool newer = shown && shown->at.partition == at.partition && shown->at.offset > at.offset;
  if (ids.known() && at.known() && !newer) shown = Shown{at, ids.empty()};
}

bool Consumer::notes_commit(LogPoint at) {
  if (commit_at.partition == at.partition && at.offset <= commit_at.offset) return false;
  commit_at = at;
  return true;
}

Cell* Consumer::cell(TopicNumber topic, Partition partition) {
  const auto found = cells.find(key(topic, partition));
  return found == cells.end() ? nullptr : found->second.get();
}

const Cell* Consumer::cell(TopicNumber topic, Partition partition) const {
  const auto found = cells.find(key(topic, partition));
  return found == cells.end() ? nullptr : found->second.get();
}

std::optional<ConsumerNumber> Consumers::add(std::string_view name) {
  if (consumers_.size() >= max_consumers_) return std::nullopt;
  return consumers_.add(name);
}

Cell* Consumers::cell_or_add(ConsumerNumber consumer, TopicNumber topic, Partition partition, Topics& topics) {
  Consumer& c = consumers_[consumer];
  if (Cell* cell = c.cell(topic, partition)) return cell;
  if (frontiers_ >= max_frontiers_) {
    c.cells_refused = true;
    return nullptr;
  }
  ++frontiers_;
  link(topics, topic, consumer);
  Cell& cell = *c.cells.emplace(Consumer::key(topic, partition), std::make_unique<Cell>()).first->second;
  if (c.cells_refused) cell.frontier.missed_commits(c.commit_at);
  return &cell;
}

void Consumers::remove_cell(ConsumerNumber consumer, std::uint64_t key) {
  Consumer& c = consumers_[consumer];
  const auto found = c.cells.find(key);
  if (found == c.cells.end()) return;
  note_row(consumer, Consumer::topic_of(key), *found->second, false);
  c.cells.erase(found);
  --frontiers_;
}

void Consumers::note_row(ConsumerNumber consumer, TopicNumber topic, Cell& cell, bool present) {
  if (cell.row == present) return;
  cell.row = present;
  std::unordered_map<TopicNumber, std::uint32_t>& rows = consumers_[consumer].rows_per_topic;
  if (present) {
    ++rows[topic];
  } else if (--rows[topic] == 0) {
    rows.erase(topic);
  }
}

bool Consumers::update(ConsumerNumber consumer, const GroupState& state, Topics& topics, bool in_sync, Time now) {
  Consumer& c = consumers_[consumer];
  if (state.at.known()) {
    const bool again = c.shown && c.shown->at.partition == state.at.partition && state.at.offset <= c.shown->at.offset;
    if (again) return false;
    if (c.group_at.partition == state.at.partition && state.at.offset <= c.group_at.offset) return false;
    if (tail_at(c.group_as_of, state.at.partition) > state.at.offset) return false;  // the answer contains it
    c.group_at = state.at;
    c.group_as_of.reset();
    c.sure_empty.reset();
    c.ids.forget();
    // A group that was deleted may come back as one whose membership is only told.
    const bool empty = state.members <= 0 && (state.managed || c.managed);
    c.shown = state.exists ? std::optional(Consumer::Shown{state.at, empty}) : std::nullopt;
  } else if (state.as_of && c.group_at.known() &&
             static_cast<std::size_t>(c.group_at.partition) < state.as_of->size() &&
             c.group_at.offset >= tail_at(state.as_of, c.group_at.partition)) {
    return false;  // the tail has shown something newer than the question
  } else if (state.as_of && c.group_as_of && is_older(*state.as_of, *c.group_as_of)) {
    return false;
  } else {
    const bool was_over = c.sure_empty && c.shows_member_since(c.sure_empty);
    if (c.told_for_sure && c.is_empty_group() && (!c.sure_empty || was_over)) c.sure_empty = c.group_as_of;
    c.group_at = LogPoint{};
    c.group_as_of = state.as_of;
    // Where polling has ended, what it showed is in no order with the tail's records.
    if (state.as_of && c.shown && c.shown->at.partition == kPolledLog) c.shown.reset();
    if (state.ids_known) {
      const bool was_known = c.ids.known();
      c.ids.answered(state.ids, state.as_of, in_sync);
      if (!was_known) c.show_members();
    }
  }
  const int members = state.exists ? std::max(state.members, 0) : 0;
  // Told while the tail is behind, it is sure only later, unless it says what was sure before.
  c.told_for_sure = in_sync || (c.told_for_sure && c.members == 0 && members == 0);
  const bool asked = !state.at.known() || state.at.partition == kPolledLog;
  // A record of membership is written by somebody who lives, be it to leave.
  if ((c.members > 0 && members == 0) || (!asked && state.exists)) c.last_sign = now;
  if (asked && members == 0) c.found_by_asking();
  if (members > 0) c.dormant = false;
  c.members = members;
  c.managed = state.exists && (state.managed || members > 0 || c.managed);
  if (!state.client.empty() || !state.member.empty()) {
    // Another program, perhaps with other settings: it shows anew what it follows.
    if (c.client != state.client || c.member != state.member) c.promptness.reset();
    c.client = state.client;
    c.member = state.member;
    c.recognised = recognise(state.client, state.member);
  }
  if (state.topics_known && (members > 0 || !c.topics_known)) {
    c.topics_known = true;
    c.subscribed.clear();
    for (const std::string& name : state.topics) {
      const auto topic = topics.find_or_add(name);
      if (!topic) continue;
      c.subscribed.push_back(*topic);
      link(topics, *topic, consumer);
    }
    std::sort(c.subscribed.begin(), c.subscribed.end());
  }
  return true;
}

void Consumers::change(ConsumerNumber consumer, const GroupChange& change) {
  Consumer& c = consumers_[consumer];
  if (c.shown && c.shown->at.partition == change.at.partition && change.at.offset <= c.shown->at.offset) return;
  if (!c.ids.reads(change.at)) return;
  switch (change.shows) {
    case GroupChange::Shows::member_comes:
      if (change.first && !c.ids.known()) c.ids.begins();
      c.ids.comes(change.member);
      c.member_shown = change.at;
      break;
    case GroupChange::Shows::member_goes:
      c.ids.goes(change.member);
      break;
    case GroupChange::Shows::no_more:
      c.ids.begins();
      c.shown.reset();
      return;
  }
  c.shown.reset();
  c.show_members();
}

void Consumers::caught_up() {
  for (ConsumerNumber number = 0; number < consumers_.size(); ++number) {
    consumers_[number].told_for_sure = true;
    consumers_[number].ids.caught_up();
    consumers_[number].show_members();
  }
}

void Consumers::link(Topics& topics, TopicNumber topic, ConsumerNumber consumer) {
  std::vector<ConsumerNumber>& linked = topics[topic].consumers;
  if (std::find(linked.begin(), linked.end(), consumer) == linked.end()) linked.push_back(consumer);
}

}  // namespace tidemark::core
