#include "told_shares.h"

#include <algorithm>

#include "ranges.h"

namespace tidemark::sim {

using core::Offset;

bool ToldShares::told(const ShareRecord& state, bool held, core::Time now) {
  std::vector<ToldShare>& states = states_[state.key()];
  if (!states.empty() && state.at.offset <= states.back().state.at.offset) return false;
  states.push_back({now, state, held});
  return true;
}

const std::vector<ToldShare>* ToldShares::all(const Key& key) const {
  const auto found = states_.find(key);
  return found == states_.end() ? nullptr : &found->second;
}

bool ToldShares::knows(int group, int topic) const {
  return std::any_of(states_.begin(), states_.end(), [&](const auto& entry) {
    return std::get<0>(entry.first) == group && entry.second.front().state.topic == topic;
  });
}

std::vector<ShareVerdict> ToldShares::between(const Key& key, Offset offset, core::Time from, core::Time until) const {
  std::vector<ShareVerdict> verdicts;
  const auto* states = all(key);
  if (states == nullptr || states->front().when >= from) verdicts.push_back(ShareVerdict::pending);
  if (states == nullptr) return verdicts;
  ShareVerdict said = ShareVerdict::pending, carried = ShareVerdict::pending;
  const ShareRecord* before = nullptr;
  for (std::size_t i = 0; i < states->size() && (*states)[i].when <= until; ++i) {
    const ShareRecord& state = (*states)[i].state;
    const bool anew = before != nullptr && before->state_epoch != state.state_epoch;
    if (state.start <= offset) {
      carried = ShareVerdict::pending;
      if (anew) said = ShareVerdict::pending;
    } else if (before == nullptr) {
      carried = ShareVerdict::unanchored;
    } else if (before->start <= offset) {
      carried = anew ? ShareVerdict::skipped : ShareVerdict::processed;
    }
    if (contains(state.archived, offset)) said = ShareVerdict::failed;
    if (contains(state.acknowledged, offset)) said = ShareVerdict::processed;
    before = &state;
    const bool over = i + 1 < states->size() && (*states)[i + 1].when < from;
    if (!over) verdicts.push_back(said != ShareVerdict::pending ? said : carried);
  }
  return verdicts;
}

core::Time ToldShares::crossed_at(const Key& key, Offset offset, core::Time until) const {
  core::Time crossed{};
  bool above = false;
  if (const auto* states = all(key))
    for (const ToldShare& state : *states) {
      if (state.when > until) break;
      if (state.state.start > offset && !above) crossed = state.when;
      above = state.state.start > offset;
    }
  return crossed;
}

bool ToldShares::overflowed(const Key& key) const {
  const auto* states = all(key);
  return states != nullptr &&
         std::count_if(states->begin(), states->end(), [](const ToldShare& state) { return state.held; }) > 30;
}

}  // namespace tidemark::sim
