// Log starts that rise above a consumer's position: has it passed what is gone?
//
// Records that are deleted (retention, DeleteRecords) may have been read before.
// A consumer that stood below the new start when it rose is told "out of range"
// and begins anew at either end: what lay between is skipped. But the commits are
// read behind time, so one that is seen below the start may long have committed
// above it: Kafka Streams deletes from its repartition topics what it has just
// committed. Taken at its word, a log start would call that skipped.
//
// So where a start is told that lies above a position, the group is asked what it
// has committed, after the start was told. Still the same: what lies between is
// skipped. More: that commit is on its way, and is judged as any other. A commit
// that is read when the start was known already may be from before it or after it;
// there more says nothing of how the group came by, and it is `unanchored`. So it
// is where it had nothing committed by then, and its first commit is read since.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/plant.h"

namespace tidemark::core {

void Engine::State::log_start_told(TopicNumber topic, Partition partition, Offset start, Time now,
                                   Effects& effects) {
  PartitionEnds& ends = topics.ends(topic, partition);
  ends.log_start = std::max(ends.log_start, start);
  for (const ConsumerNumber consumer : std::vector<ConsumerNumber>(topics[topic].consumers))
    if (Cell* cell = consumers[consumer].cell(topic, partition))
      see_log_start(*cell, consumer, topic, partition, true, now, effects);
}

namespace {

template <class Place>
bool same_place(const Place& a, const Place& b) {
  return a.topic == b.topic && a.partition == b.partition;
}

// The answer about a lower start, if it is under way, says more of what the consumer passed: it is kept beside.
template <class Place>
void note_overtaken(std::vector<Place>& places, const Place& place) {
  const auto here = [&](const Place& other) { return same_place(other, place); };
  const auto last = std::find_if(places.rbegin(), places.rend(), here);
  if (last != places.rend() && last->start == place.start) return;
  const bool made_again = last != places.rend() && place.start < last->start;
  if (made_again) std::erase_if(places, here);
  if (made_again || last == places.rend() || (last->asked != 0 && std::count_if(places.begin(), places.end(), here) == 1))
    places.push_back(place);
  else
    *last = {place.topic, place.partition, place.start, place.asked, place.known, last->no_row_at};
}

}  // namespace

void Engine::State::see_log_start(Cell& cell, ConsumerNumber consumer, TopicNumber topic, Partition partition,
                                  bool told, Time now, Effects& effects) {
  const Offset start = topics.ends(topic, partition).log_start;
  // Moved back to here: what it reads from here on it is seen to read.
  if (const Offset at = cell.frontier.committed(); at >= start && at <= cell.below.in_question.last)
    cell.below.in_question.last = at - 1;
  if (cell.frontier.log_start() >= start) return;
  const auto pass_over = [&](Offset below, const Range& jumped) {
    if (cell.frontier.log_started_at(below, jumped) == Applied::passed_over)
      look_through(cell, {0, std::numeric_limits<Offset>::max()}, now, effects);
  };
  BelowStart& below = cell.below;
  if (below.was_at != kNoOffset) {
    if (cell.frontier.committed() < below.was_at) return;
    look_through(cell, {0, below.was_at - 1}, now, effects);
    pass_over(below.start, {std::exchange(below.was_at, kNoOffset), cell.frontier.committed() - 1});
    if (cell.frontier.log_start() >= start) return;
  }
  const bool behind = cell.frontier.has_position() ? cell.frontier.committed() < start : !cell.obligations.empty();
  // Who acks is not moved by commits, and a share group has none: its start offset follows the log's.
  const bool commits_count = !consumers[consumer].acks(topic) && !consumers[consumer].share;
  const Offset position = std::max<Offset>(cell.frontier.committed(), 0);
  const bool asked = below.in_question.first <= below.in_question.last;
  if (!behind || !commits_count || planted(Bug::log_start_at_once)) {
    if (!commits_count) below.in_question = {0, -1};  // asked before it was known to be one of these
    else if (asked) below.in_question.last = std::max(below.in_question.last, position - 1);  // how it got here
    return pass_over(start, {0, -1});
  }
  const bool jumped = asked && position > below.in_question.last;  // over the start before this one
  below.in_question = {jumped ? below.in_question.first : position, start - 1};
  RowQuestions& questions = row_questions[consumer];
  note_overtaken(questions.places, Overtaken{topic, partition, start, 0});
  // Asked again each time that the start is told: a question may be lost with a connection.
  if (questions.open == 0 || told) ask_rows(consumer, effects);
}

void Engine::State::ask_rows(ConsumerNumber consumer, Effects& effects) {
  RowQuestions& questions = row_questions[consumer];
  questions.open = ++last_rows;
  for (Overtaken& place : questions.places) {
    if (place.asked != 0) continue;
    place.asked = questions.open;
    const Cell* cell = consumers[consumer].cell(place.topic, place.partition);
    place.known = cell != nullptr ? cell->frontier.at() : LogPoint{};
  }
  ++stats.rows_asked;
  effects.rows.push_back({consumers[consumer].name, questions.open});
}

void Engine::rows(const Rows& told, Time now, Effects& effects) {
  State& s = *state_;
  const auto number = s.consumers.find(told.group);
  if (!number) return;
  const auto found = s.row_questions.find(*number);
  if (found == s.row_questions.end()) return;
  if (told.number >= found->second.open) found->second.open = 0;
  std::vector<State::Overtaken> answered;
  std::erase_if(found->second.places, [&](const State::Overtaken& place) {
    if (place.asked == 0 || place.asked > told.number) return false;
    answered.push_back(place);
    return true;
  });
  for (auto at = answered.begin(); at != answered.end(); ++at) {
    const State::Overtaken& place = *at;
    const auto same = [&](const State::Overtaken& other) { return same_place(other, place); };
    if (const auto higher = std::find_if(at + 1, answered.end(), same); higher != answered.end()) {  // it says all
      higher->no_row_at = std::max(higher->no_row_at, place.no_row_at);
      continue;
    }
    const auto row = std::find_if(told.rows.begin(), told.rows.end(), [&](const SeedRow& of) {
      return of.partition == place.partition && of.topic == s.topics[place.topic].name;
    });
    if (s.judge_log_start(*number, place, row == told.rows.end() ? kNoOffset : row->offset, now, effects)) continue;
    std::vector<State::Overtaken>& places = s.row_questions[*number].places;
    if (std::none_of(places.begin(), places.end(), same))
      places.push_back({place.topic, place.partition, place.start, 0, {}, place.start});
  }
  const auto left = s.row_questions.find(*number);
  if (left->second.places.empty()) {
    s.row_questions.erase(left);
  } else if (left->second.open == 0) {
    s.ask_rows(*number, effects);
  }
}

// `committed`: what the group had, by its own word, since the start was told.
bool Engine::State::judge_log_start(ConsumerNumber consumer, const Overtaken& place, Offset committed, Time now,
                                    Effects& effects) {
  Cell* cell = consumers[consumer].cell(place.topic, place.partition);
  if (cell == nullptr || cell->below.in_question.last < place.start - 1) return true;
  Frontier& frontier = cell->frontier;
  std::vector<Overtaken>& others = row_questions[consumer].places;
  const auto superseding =
      std::find_if(others.begin(), others.end(), [&](const Overtaken& other) { return same_place(other, place); });
  const bool superseded = superseding != others.end();
  const bool row_deleted = frontier.has_position() && committed == kNoOffset;  // which will be read, too
  if (superseded && (row_deleted || committed >= place.start)) {  // the next answer judges both
    superseding->no_row_at = std::max(superseding->no_row_at, row_deleted ? place.start : place.no_row_at);
    return true;
  }
  // Or it was not written yet, and its commit was read meanwhile.
  if (row_deleted && frontier.at() != place.known) return false;
  const Range in_question = std::exchange(cell->below.in_question, {0, -1});
  if (place.no_row_at > 0) frontier.began_above(place.no_row_at);
  if (row_deleted) frontier.deletion_comes(place.start);
  if (frontier.has_position() && committed > frontier.committed() && committed < place.start) {
    cell->below.was_at = committed;
    cell->below.start = place.start;
  } else if (committed < place.start && !row_deleted) {
    frontier.log_started_at(place.start, {std::max(in_question.first, committed), in_question.last});
  }
  if (superseded) see_log_start(*cell, consumer, place.topic, place.partition, false, now, effects);
  if (!consumers[consumer].acks(place.topic))
    look_through(*cell, {0, std::numeric_limits<Offset>::max()}, now, effects);
  return true;
}

}  // namespace tidemark::core
