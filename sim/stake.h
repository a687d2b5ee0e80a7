// What a wait is really about, as its client knows it.
//
// A mark's terms are what core says it stands for; if the checker believed them,
// a merge that forgets an event would look right. So clients remember for every
// mark the events behind it, and for each event who was to be waited for.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "core/position.h"

namespace tidemark::sim {

struct Stake {
  Uuid event;
  int topic = 0;
  int incarnation = -1;             // -1 where the append's fate is not known
  core::Partition partition = -1;
  core::Offset offset = core::kNoOffset;
  std::int32_t epoch = -1;          // in which it was appended; of a whole partition: of its leader at the call
  std::int32_t told_epoch = -1;     // of which its gateway thought it was: Kafka does not say
  // A barrier over a whole partition: `offset` is the last record that was in it
  // at the call (kNoOffset: none), and what lies below a consumer's baseline is
  // not asked of it. Baselines are filled in when its mark is passed on.
  bool whole = false;
  std::map<std::string, core::Offset> since;
  std::set<std::string> names;
  bool known() const { return incarnation >= 0; }
};

}  // namespace tidemark::sim
