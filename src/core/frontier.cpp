#include "core/frontier.h"

#include <algorithm>
#include <utility>

#include "core/plant.h"

namespace tidemark::core {
namespace {

// The end that its partition must have for the commit to be true.
Offset reach(const Frontier::Update& update) {
  if (update.done_above.empty()) return update.offset;
  return std::max(update.offset, update.done_above.back().last + 1);
}

}  // namespace

Applied Frontier::commit(const Update& update, Offset known_end) {
  // A record the tail reads again, or one older than what the group itself has
  // written since, changes nothing. Against a seed the marker counts: a seed
  // does not contain a transaction that was open when it was asked for.
  if (!planted(Bug::old_record_applies) && at_.known() && at_.partition == update.at.partition &&
      update.at.offset <= at_.offset)
    return Applied::stale;
  if (as_of_ && update.at.partition >= 0 && static_cast<std::size_t>(update.at.partition) < as_of_->size() &&
      update.settled_at < (*as_of_)[static_cast<std::size_t>(update.at.partition)])
    return Applied::stale;

  at_ = update.at;
  as_of_.reset();
  if (planted(Bug::beyond_end_counts)) known_end = reach(update);
  if (!held_.empty() || reach(update) > known_end) {
    if (held_.size() == kMaxHeld) {
      held_.clear();
      lose_position(update.at);
      has_row_ = true;
      return Applied::same;
    }
    held_.push_back(update);
    return Applied::held;
  }
  const Offset before = committed_;
  const std::uint64_t passed_over = passed_over_;
  apply(update);
  return difference(before, passed_over);
}

Applied Frontier::seed(Offset offset, const TailPositions& as_of, Offset known_end, std::uint64_t ask,
                       std::vector<Range> done_above) {
  const bool something_known = at_.known() || has_position() || !held_.empty();
  if (something_known && !planted(Bug::stale_seed_applies)) return Applied::stale;
  Update update;
  update.offset = offset;
  update.ask = ask;
  update.done_above = std::move(done_above);
  as_of_ = as_of;
  if (reach(update) > known_end) {
    held_.push_back(update);
    return Applied::held;
  }
  const std::uint64_t passed_over = passed_over_;
  apply(update);
  return difference(kNoOffset, passed_over);
}

Applied Frontier::difference(Offset before, std::uint64_t passed_over) const {
  if (passed_over_ != passed_over) return Applied::passed_over;
  return committed_ == before ? Applied::same : Applied::moved;
}

Applied Frontier::judge(Offset known_end, std::uint64_t asked, std::span<const Cut> cuts) {
  const std::uint64_t passed_over = passed_over_;
  std::size_t judged = 0;
  for (; judged < held_.size(); ++judged) {
    const Update& update = held_[judged];
    // Read from a log that is gone: where that is in the log as it is, nobody knows.
    if (update.offset > 0 && took(cuts, update.offset - 1, update.leader_epoch)) {
      lose_position(update.at);
      has_row_ = true;
    } else if (reach(update) <= known_end) {
      apply(update);
    } else if (asked >= update.ask) {
      lose_position(update.at);
      has_row_ = true;
      beyond_end_ = true;
    } else {
      break;
    }
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(judged));
  if (passed_over_ != passed_over) return Applied::passed_over;
  return judged > 0 ? Applied::moved : Applied::same;
}

void Frontier::apply(const Update& update) {
  const Offset to = update.offset;
  if (to == kNoOffset) {
    if (planted(Bug::deleted_row_keeps_position)) return;
    lose_position(update.at);
    proven_.clear();
    skipped_.clear();
    beyond_end_ = false;
    has_row_ = update.members_go_on;
    log_start_ = std::max(log_start_, std::exchange(deleted_from_, 0));
    return;
  }
  if (planted(Bug::highest_commit_wins) && to < committed_) return;
  beyond_end_ = false;
  done_above_ = update.done_above;
  const bool by_hand = update.moved_by_hand && !planted(Bug::reset_is_progress);
  if (committed_ == kNoOffset || to < committed_) {
    proven_.cut_from(to);
    skipped_.cut_from(to);
  }
  const bool crosses_cut = !cuts_.empty() && to > cuts_.front();
  // Having read on before the start rose, or put above it since: nobody can tell.
  const bool crosses_start = committed_ != kNoOffset && start_above_ != kNoOffset && to >= start_above_;
  if (committed_ == kNoOffset) {
    // The declaration speaks of a group without a commit. One whose commit is
    // merely unknown here may have been anywhere, and gone on from there.
    if ((update.from_start && !by_hand && !has_row_) || planted(Bug::first_commit_counts)) {
      // It may have begun before the log was cut, and have read what is gone up to here.
      proven_.add(log_start_, crosses_cut ? std::max(log_start_, cuts_.front()) : to);
      began_declared_ = true;
      began_before_cut_ = crosses_cut;
    }
    if (by_hand) {  // moved from nobody knows where: no older anchor reaches across
      broken_ = true;
      broken_at_ = update.at;
    }
  } else if (by_hand) {
    pass_over(committed_, to, update.at);
  } else {
    // It may have read, of what is gone, as far as it is now: the rest is not proven.
    if (!crosses_start) proven_.add(committed_, crosses_cut ? std::max(committed_, cuts_.front()) : to);
    if (crosses_start || crosses_cut) {
      broken_ = true;
      broken_at_ = applied_at_;
    }
  }
  if (first_known_ == kNoOffset) first_known_ = to;
  previous_ = by_hand || crosses_cut || crosses_start ? kNoOffset : committed_;
  if (crosses_cut) cuts_.erase(cuts_.begin(), std::lower_bound(cuts_.begin(), cuts_.end(), to));
  previous_at_ = applied_at_;
  committed_ = to;
  applied_at_ = update.at;
  has_row_ = true;
  if (to >= start_above_) start_above_ = kNoOffset;
  if (to >= log_start_) return;
  // Read behind time, so the group may have gone on before the start rose: log_started_at() decides, told again.
  if (planted(Bug::log_start_at_once)) return leave_to_log_start();
  start_above_ = std::max(start_above_, log_start_);
  log_start_ = to;
}

// The consumer will be told "out of range" and start anew, at either end.
void Frontier::leave_to_log_start() {
  pass_over(committed_, log_start_, applied_at_);
  lose_position(applied_at_);
  has_row_ = false;
}

void Frontier::pass_over(Offset from, Offset to, LogPoint at) {
  if (from >= to) return;
  skipped_.add(from, to);
  ++passed_over_;
  if (skipped_.ranges().size() < IntervalSet::kMaxRanges) return;
  broken_ = true;  // a range may be forgotten soon, and no anchor may reach across it
  broken_at_ = at;
}

void Frontier::lose_position(LogPoint at) {
  committed_ = kNoOffset;
  done_above_.clear();
  previous_ = kNoOffset;
  applied_at_ = LogPoint{};
  previous_at_ = LogPoint{};
  broken_ = true;
  broken_at_ = at;
}

void Frontier::log_cut_at(Offset end) {
  proven_.cut_from(end);
  skipped_.cut_from(end);
  log_start_ = std::min(log_start_, end);
  first_known_ = std::min(first_known_, end);  // kNoOffset stays
  if (committed_ > end) {
    lose_position(at_);
    has_row_ = true;
  }
  if (previous_ > end) previous_ = kNoOffset;
  if (!done_above_.empty() && done_above_.back().last >= end) done_above_.clear();
  broken_ = true;
  broken_at_ = at_;
  // All above the new one is of the log as it is; below it an older one still is where two logs part.
  cuts_.erase(std::lower_bound(cuts_.begin(), cuts_.end(), end), cuts_.end());
  if (cuts_.size() == kMaxCuts) cuts_.erase(cuts_.begin());
  cuts_.push_back(end);
}

void Frontier::missed_commits(LogPoint until) {
  held_.clear();  // older: judged later, they would be taken for the position
  lose_position(until);
  has_row_ = true;
}

Applied Frontier::log_started_at(Offset log_start, const Range& jumped) {
  log_start_ = std::max(log_start_, log_start);
  start_above_ = kNoOffset;
  if (committed_ == kNoOffset) return Applied::same;
  const std::uint64_t passed_over = passed_over_;
  if (jumped.first <= jumped.last && jumped.first < committed_) {
    proven_.cut(jumped.first, jumped.last + 1);
    previous_ = kNoOffset;
    pass_over(jumped.first, std::min(log_start, committed_), applied_at_);
  }
  if (committed_ < log_start_) leave_to_log_start();
  return passed_over_ != passed_over ? Applied::passed_over : Applied::same;
}

void Frontier::began_above(Offset log_start) {
  proven_.cut(0, log_start);
  if (previous_ < log_start) previous_ = kNoOffset;
}

bool Frontier::anchors(const Anchor& anchor, Offset first) const {
  if (!anchor.known() || anchor.committed > first) return false;
  // What lies below the log's start cannot be read any more, wherever the group was to begin.
  if (anchor.declared && first < log_start_) return false;
  if (broken_ && !(anchor.at.known() && broken_at_.known() && anchor.at.partition == broken_at_.partition &&
                   anchor.at.offset > broken_at_.offset))
    return false;
  if (!anchor.at.known()) return true;
  // The commit that is to count must be later than the anchor's own record.
  if (applied_at_.known())
    return applied_at_.partition != anchor.at.partition || applied_at_.offset > anchor.at.offset;
  if (as_of_ && static_cast<std::size_t>(anchor.at.partition) < as_of_->size())
    return (*as_of_)[static_cast<std::size_t>(anchor.at.partition)] > anchor.at.offset;
  return true;
}

bool Frontier::moves_back_to(Offset last) const {
  return std::any_of(held_.begin(), held_.end(), [&](const Update& update) { return update.offset <= last; });
}

Frontier::Standing Frontier::standing(Offset first, Offset last, const Anchor& anchor) const {
  Standing standing;
  standing.evidence.committed = committed_;
  standing.evidence.at = applied_at_;
  if (committed_ != kNoOffset)
    standing.evidence.source = applied_at_.known() ? Evidence::Source::commit : Evidence::Source::seed;

  const Offset passed = planted(Bug::equal_offset_counts) ? committed_ + 1 : committed_;
  // A later commit that moves back is in force although what is before it is still held.
  if (committed_ > last && moves_back_to(last)) {
    standing.reason = PendingReason::asking_end;
    return standing;
  }
  if (committed_ == kNoOffset || passed <= last) {
    const bool held_above =
        std::any_of(held_.begin(), held_.end(), [&](const Update& update) { return update.offset > last; });
    if (skipped_.touches(first, last + 1)) {
      standing.outcome = Outcome::skipped;
      return standing;
    }
    standing.reason = held_above                ? PendingReason::asking_end
                      : committed_ != kNoOffset ? PendingReason::lag
                      : beyond_end_             ? PendingReason::beyond_end
                                                : PendingReason::not_started;
    return standing;
  }
  if (proven_.covers(first, last + 1) || (planted(Bug::equal_offset_counts) && committed_ == last)) {
    standing.outcome = Outcome::processed;
    const Anchor own = anchor_for(first);
    standing.evidence.anchor = own.committed;
    standing.evidence.anchor_declared = own.declared;
    return standing;
  }
  if (skipped_.touches(first, last + 1)) {
    standing.outcome = Outcome::skipped;
    return standing;
  }
  if (anchors(anchor, first)) {
    standing.outcome = Outcome::processed;
    standing.evidence.anchor = anchor.committed;
    standing.evidence.anchor_declared = anchor.declared;
    return standing;
  }
  standing.outcome = Outcome::unanchored;
  return standing;
}

Anchor Frontier::anchor_for(Offset offset) const {
  Anchor anchor;
  if (!cuts_.empty() && offset >= cuts_.front()) return anchor;
  if (committed_ != kNoOffset && committed_ <= offset) {
    anchor.committed = committed_;
    anchor.at = applied_at_;
  } else if (previous_ != kNoOffset && previous_ <= offset && offset < committed_) {
    anchor.committed = previous_;
    anchor.at = previous_at_;
  } else if (const Offset start = proven_.start_of(offset); start != kNoOffset) {
    anchor.committed = start;
    anchor.declared = began_declared_ && start <= log_start_;
  }
  return anchor;
}

}  // namespace tidemark::core
