// A group that works on many records of a partition at once (Confluent's Parallel Consumer).
//
// Its committed offset stays below the slowest record; what is done above it stands
// in the commit's metadata. Whoever takes the partition over goes on from both, or,
// being another client, from the offset alone: then its first commit names nothing
// above, and what was done there is done again.

#include <algorithm>
#include <utility>

#include "model_group.h"
#include "world.h"

namespace tidemark::sim {

using core::Offset;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
constexpr Offset kAhead = 24;
}  // namespace

std::vector<core::Range> ModelGroup::done_above(const Cursor& cursor) {
  std::vector<core::Range> ranges;
  for (const Offset offset : cursor.done) {
    if (!ranges.empty() && ranges.back().last + 1 == offset) {
      ranges.back().last = offset;
    } else {
      ranges.push_back({offset, offset});
    }
  }
  return ranges;
}

void ModelGroup::take_up_done(const CommitLog::Row& row, Cursor& cursor) {
  if (row.done_above.empty() || row.incarnation != cursor.incarnation) return;
  if (world_.random.chance(500)) {
    cursor.starts_over = true;
    return world_.counters.count(Fault::completed_above_repeated);
  }
  for (const core::Range& range : row.done_above)
    for (Offset o = range.first; o <= range.last; ++o) cursor.done.insert(o);
  cursor.done_from = row.done_from;
}

void ModelGroup::poll_parallel(Place place, Cursor& cursor) {
  cursor.busy = false;
  if (std::exchange(cursor.starts_over, false)) commit_parallel(place, cursor);
  const LogPartition& log = world_.log.at(cursor.incarnation, place.second);
  const Offset end = std::min(log.last_stable(), cursor.position + kAhead);
  for (Offset o = cursor.position; o < end; ++o) {
    if (cursor.done.contains(o) || cursor.at_work.contains(o)) continue;
    if (static_cast<int>(cursor.at_work.size()) >= traits_.batch) break;
    cursor.at_work.insert(o);
    const bool slow = world_.random.chance(150);
    const core::Duration most = world_.healing ? core::Duration(milliseconds(2))
                                : slow         ? core::Duration(milliseconds(6000))
                                               : traits_.work + milliseconds(3);
    const core::Duration work = world_.random.skewed(100, most / microseconds(1) + 200);
    later(place, is_unseen(log.kind(o)) ? core::Duration(microseconds(10)) : work,
          [this, place, o, incarnation = cursor.incarnation, as_of = cursor.read_from](Cursor& c) {
            finish_parallel(place, incarnation, o, as_of, c);
          });
  }
}

void ModelGroup::finish_parallel(Place place, int incarnation, Offset offset, std::int32_t as_of, Cursor& cursor) {
  if (cursor.incarnation != incarnation || cursor.at_work.erase(offset) == 0) return;
  remember(incarnation, place.second, offset, offset + 1, as_of);
  if (offset > cursor.position) world_.counters.count(Fault::completed_out_of_order);
  cursor.done.insert(offset);
  while (!cursor.done.empty() && *cursor.done.begin() <= cursor.position)
    if (cursor.done.extract(cursor.done.begin()).value() == cursor.position) {
      ++cursor.position;
      cursor.position_from = cursor.read_from;
    }
  if (!std::exchange(cursor.will_commit, true)) {
    const core::Duration most = world_.healing ? core::Duration(milliseconds(1)) : traits_.commit_period;
    const core::Duration pause = world_.random.skewed(300, most / microseconds(1));
    later(place, pause, [this, place](Cursor& c) { commit_parallel(place, c); });
  }
  poll(place, cursor);
}

void ModelGroup::commit_parallel(Place place, Cursor& cursor) {
  cursor.will_commit = false;
  cursor.sent = cursor.position;
  const std::vector<core::Range> done = done_above(cursor);
  if (!done.empty()) world_.counters.count(Fault::completed_above_told);
  if (const CommitLog::Row* row = world_.commits.row(key(place)))
    for (const core::Range& before : row->done_above)
      if (before.last >= cursor.position && !cursor.done.contains(before.last)) {
        world_.counters.count(Fault::completed_above_taken_back);
        break;
      }
  deliver_commit(place, cursor.incarnation, cursor.position_from, generation_, cursor.position, -1, done, cursor.done_from);
}

}  // namespace tidemark::sim
