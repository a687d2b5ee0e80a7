#include "told_acks.h"

#include <algorithm>

namespace tidemark::sim {
namespace {

bool covers(const ToldAck& ack, core::Offset offset) {
  return ack.offsets.first <= offset && offset <= ack.offsets.last;
}

}  // namespace

bool ToldAcks::may_say(const Key& key, core::Offset offset, bool failed, core::Time until) const {
  const auto found = acks_.find(key);
  if (found == acks_.end()) return false;
  for (auto ack = found->second.rbegin(); ack != found->second.rend(); ++ack) {
    if (ack->when > until || !covers(*ack, offset)) continue;
    if (ack->failed == failed) return true;
    if (ack->sure && ack->when < until) return false;
  }
  return false;
}

bool ToldAcks::surely_says(const Key& key, core::Offset offset, bool failed, core::Time until) const {
  const auto found = acks_.find(key);
  if (found == acks_.end()) return false;
  bool says = false;
  for (const ToldAck& ack : found->second) {
    if (!covers(ack, offset)) continue;
    if (!ack.sure || ack.when >= until) return false;
    says = ack.failed == failed;
  }
  return says;
}

bool ToldAcks::acks_surely(int group, int incarnation, core::Time until) const {
  for (auto at = acks_.lower_bound(Key{group, incarnation, -1}); at != acks_.end(); ++at) {
    if (std::get<0>(at->first) != group || std::get<1>(at->first) != incarnation) return false;
    const auto sure = [&](const ToldAck& ack) { return ack.sure && ack.when < until; };
    if (std::any_of(at->second.begin(), at->second.end(), sure)) return true;
  }
  return false;
}

}  // namespace tidemark::sim
