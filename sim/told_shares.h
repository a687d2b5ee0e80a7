// What one gateway was told of share groups' states, and what follows from it.
//
// By walking forward through the states, one record of the topic in mind: the
// latest word on it wins; where there is none, it counts who carried the start
// offset across it.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/position.h"
#include "core/time.h"
#include "share_log.h"

namespace tidemark::sim {

enum class ShareVerdict { pending, processed, failed, skipped, unanchored };

struct ToldShare {
  core::Time when{};
  ShareRecord state;
  bool held = false;  // its start lay above the end that was known
};

class ToldShares {
 public:
  using Key = ShareRecord::Key;
  // False: it is not newer than what was told before.
  bool told(const ShareRecord& state, bool held, core::Time now);
  const std::vector<ToldShare>* all(const Key& key) const;
  // Each verdict that may have been in force between `from` and `until`, both
  // included; what came at these very moments may have come before or after.
  std::vector<ShareVerdict> between(const Key& key, core::Offset offset, core::Time from, core::Time until) const;
  // When the start was told to be above the record, the last time by `until`.
  core::Time crossed_at(const Key& key, core::Offset offset, core::Time until) const;
  bool knows(int group, int topic) const;
  // More of its states were told before the partition's end than a frontier holds for it.
  bool overflowed(const Key& key) const;

 private:
  std::map<Key, std::vector<ToldShare>> states_;
};

}  // namespace tidemark::sim
