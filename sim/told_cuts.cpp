#include "told_cuts.h"

#include <algorithm>

namespace tidemark::sim {

namespace {
constexpr std::size_t kRemembered = 8;  // cuts of one partition: a limit that the documentation states
}  // namespace

void ToldCuts::asked(const Key& key, std::uint64_t number) {
  Log& log = logs_[key];
  log.asked = std::max(log.asked, number);
}

void ToldCuts::cut(Log& log, std::int32_t epoch, core::Offset offset, core::Time now) {
  if (log.cuts.size() == kRemembered) log.cuts.erase(log.cuts.begin());
  log.cuts.push_back({now, epoch, offset});
  log.end = offset;
  log.known_at = log.asked;
  log.appended_end = std::min(log.appended_end, offset);
  for (auto& [told_by, end] : log.told)
    if (told_by < epoch) end = std::min(end, offset);
}

void ToldCuts::heard(const Key& key, std::int32_t epoch) {
  Log& log = logs_[key];
  log.heard = std::max(log.heard, epoch);
}

bool ToldCuts::epoch_ended(const Key& key, const EpochEnd& told, std::int32_t leader, core::Time now) {
  if (told.offset == core::kNoOffset || told.epoch < 0 || leader <= told.epoch) return false;
  Log& log = logs_[key];
  if (shown(key, told.offset, told.epoch, core::Time::max())) return false;
  const bool below_told = std::any_of(log.told.begin(), log.told.end(), [&](const auto& end) {
    return end.first <= told.epoch && end.second > told.offset;
  });
  // A cut that is known went deeper than it showed. Of each epoch it is asked once, and a gateway that had not known
  // it to go further has seen no cut.
  const bool first = log.ended.insert(told.epoch).second;
  const bool deeper = first && std::any_of(log.cuts.begin(), log.cuts.end(), [&](const ToldCut& cut) {
    return cut.epoch > told.epoch && cut.offset > told.offset;
  });
  if (below_told || deeper) cut(log, told.epoch + 1, told.offset, now);
  return below_told || deeper;
}

bool ToldCuts::event_missed(const Key& key, const EpochEnd& told, core::Time now) {
  if (shown(key, told.offset, told.epoch, core::Time::max())) return false;
  cut(logs_[key], told.epoch + 1, told.offset, now);
  return true;
}

bool ToldCuts::end(const Key& key, core::Offset end, std::int32_t epoch, std::uint64_t number, core::Time now) {
  Log& log = logs_[key];
  const bool shows = epoch > log.epoch && number > log.known_at && end < log.end;
  if (shows) cut(log, epoch, end, now);
  raise(key, end);
  if (end == log.end) log.epoch = std::max(log.epoch, epoch);
  // What a leader tells that is known to be deposed is not held against the next.
  if (epoch >= std::max(log.heard, log.epoch)) log.told[epoch] = std::max(log.told[epoch], end);
  heard(key, epoch);
  return shows;
}

bool ToldCuts::appended(const Key& key, core::Offset offset, std::int32_t epoch, core::Time now) {
  if (shown(key, offset, epoch, core::Time::max())) return false;  // by a leader that was deposed since
  Log& log = logs_[key];
  const bool shows = offset < log.appended_end && epoch > log.appended_epoch;
  if (shows) {
    cut(log, epoch, offset, now);
    // What the same leader told as well: the epoch may be too low.
    if (const auto same = log.told.find(epoch); same != log.told.end()) same->second = std::min(same->second, offset);
  }
  log.appended_end = std::max(log.appended_end, offset + 1);
  log.appended_epoch = std::max(log.appended_epoch, epoch);
  log.epoch = std::max(log.epoch, epoch);
  heard(key, epoch);
  raise(key, offset + 1);
  return shows;
}

void ToldCuts::raise(const Key& key, core::Offset end) {
  Log& log = logs_[key];
  if (end <= log.end) return;
  log.end = end;
  log.known_at = log.asked;
}

bool ToldCuts::shown_between(const Key& key, core::Offset offset, core::Time from, core::Time until) const {
  const auto found = logs_.find(key);
  return found != logs_.end() && std::any_of(found->second.cuts.begin(), found->second.cuts.end(), [&](const ToldCut& cut) {
           return from <= cut.when && cut.when <= until && cut.offset <= offset;
         });
}

bool ToldCuts::shown(const Key& key, core::Offset offset, std::int32_t epoch, core::Time until) const {
  const auto found = logs_.find(key);
  return found != logs_.end() && std::any_of(found->second.cuts.begin(), found->second.cuts.end(), [&](const ToldCut& cut) {
           return cut.when < until && epoch < cut.epoch && cut.offset <= offset;
         });
}

core::Offset ToldCuts::lowered(const Key& key, core::Offset offset, core::Time since) const {
  const auto found = logs_.find(key);
  if (found == logs_.end()) return offset;
  for (const ToldCut& cut : found->second.cuts)
    if (cut.when >= since) offset = std::min(offset, cut.offset);
  return offset;
}

}  // namespace tidemark::sim
