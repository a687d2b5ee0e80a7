// What one gateway was told that shows that a log was cut off.
//
// Nobody says so. It shows in an end that fell: asked for after the higher one was
// known, and told by a younger leader; in an append of the gateway's own below the
// one before; in what a younger leader says of where an epoch ended, when a leader
// of that epoch had told a higher end; and in an event of the gateway's own that is
// above there and not found. Whatever was told before such a moment excuses the gateway,
// nothing after it does.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/position.h"
#include "core/time.h"

namespace tidemark::sim {

struct ToldCut {
  core::Time when{};
  std::int32_t epoch = -1;
  core::Offset offset = core::kNoOffset;
};

// What a leader said of where the records of epochs up to `epoch` end in its log.
struct EpochEnd {
  std::int32_t epoch = -1;
  core::Offset offset = core::kNoOffset;
};

class ToldCuts {
 public:
  using Key = std::pair<int, core::Partition>;  // incarnation, partition

  void asked(const Key& key, std::uint64_t number);
  // True: it shows a cut.
  bool end(const Key& key, core::Offset end, std::int32_t epoch, std::uint64_t number, core::Time now);
  void heard(const Key& key, std::int32_t epoch);
  bool epoch_ended(const Key& key, const EpochEnd& told, std::int32_t leader, core::Time now);
  bool event_missed(const Key& key, const EpochEnd& told, core::Time now);
  bool appended(const Key& key, core::Offset offset, std::int32_t epoch, core::Time now);
  void raise(const Key& key, core::Offset end);
  // Told in this time, both included, that something at the offset is gone.
  bool shown_between(const Key& key, core::Offset offset, core::Time from, core::Time until) const;
  // Told before `until` that a record of that epoch at the offset is gone.
  bool shown(const Key& key, core::Offset offset, std::int32_t epoch, core::Time until) const;
  // `offset`, or the lowest place below it where a cut was told since.
  core::Offset lowered(const Key& key, core::Offset offset, core::Time since) const;

 private:
  struct Log {
    core::Offset end = 0;
    std::int32_t epoch = -1;
    std::uint64_t asked = 0;
    std::uint64_t known_at = 0;
    core::Offset appended_end = 0;
    std::int32_t appended_epoch = -1;
    std::int32_t heard = -1;  // the youngest leader that it was told of in any way
    std::map<std::int32_t, core::Offset> told;  // the highest end that its leader told, by epoch
    std::vector<ToldCut> cuts;
    std::set<std::int32_t> ended;  // epochs of which it was told where they ended
  };
  static void cut(Log& log, std::int32_t epoch, core::Offset offset, core::Time now);
  std::map<Key, Log> logs_;
};

}  // namespace tidemark::sim
