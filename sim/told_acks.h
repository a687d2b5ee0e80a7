// The acks that one gateway was told, and what follows from them.
//
// Of the acks for a record the latest that counts decides. Which of them count
// depends on what the gateway knew when it read them; where that is beyond doubt
// the ack is sure, else the checker lets either outcome pass.
//
// Threading: none.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "core/position.h"
#include "core/time.h"

namespace tidemark::sim {

struct ToldAck {
  core::Time when{};
  core::Range offsets;
  bool failed = false;
  bool sure = false;  // the gateway knew all that it needs to believe it
};

class ToldAcks {
 public:
  using Key = std::tuple<int, int, core::Partition>;  // group, incarnation, partition

  void told(const Key& key, const ToldAck& ack) { acks_[key].push_back(ack); }
  // An ack was told by `until` that says so of `offset`, and none behind it that
  // surely says otherwise. Those of the moment `until` itself may not count yet.
  bool may_say(const Key& key, core::Offset offset, bool failed, core::Time until) const;
  // Every ack that was told of the record by `until` surely counts, and the last says this.
  bool surely_says(const Key& key, core::Offset offset, bool failed, core::Time until) const;
  // A sure ack was told at this topic's incarnation before `until`: commits there count no more.
  bool acks_surely(int group, int incarnation, core::Time until) const;

 private:
  std::map<Key, std::vector<ToldAck>> acks_;
};

}  // namespace tidemark::sim
