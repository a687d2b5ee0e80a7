// For tests of Frontier: commits of one group, one after another.
#pragma once

#include <memory>
#include <vector>

#include "core/frontier.h"

namespace tidemark::core {

inline constexpr Offset kFarEnd = 1'000'000;

inline TailPositions tail_at(Offset offset) { return std::make_shared<const std::vector<Offset>>(1, offset); }

// Commits of one group, whose records follow one another in one partition.
struct Group {
  Frontier frontier;
  Offset record = 0;

  Frontier::Update update(Offset offset) {
    ++record;
    Frontier::Update u;
    u.offset = offset;
    u.at = {0, record};
    u.settled_at = record;
    return u;
  }
  Applied commit(Offset offset, Offset known_end = kFarEnd) { return frontier.commit(update(offset), known_end); }
  Applied hold(Offset offset, Offset known_end, std::uint64_t ask) {
    Frontier::Update u = update(offset);
    u.ask = ask;
    return frontier.commit(u, known_end);
  }
  Applied move_by_hand(Offset offset) {
    Frontier::Update u = update(offset);
    u.moved_by_hand = true;
    return frontier.commit(u, kFarEnd);
  }
  Applied commit_declared(Offset offset, Offset known_end = kFarEnd, std::uint64_t ask = 0) {
    Frontier::Update u = update(offset);
    u.from_start = true;
    u.ask = ask;
    return frontier.commit(u, known_end);
  }
  Outcome at(Offset offset, const Anchor& anchor = {}) const { return frontier.standing(offset, offset, anchor).outcome; }
  PendingReason why(Offset offset) const { return frontier.standing(offset, offset).reason; }
};

inline Anchor seen(Offset committed, Offset record) { return {committed, false, {0, record}}; }

}  // namespace tidemark::core
