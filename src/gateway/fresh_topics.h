// What a list of topics that is some seconds old is wrong about.
//
// A topic that was made a second ago, or a partition that was added, is in Kafka and not yet in our
// list, which is read every ten seconds: a refusal would be wrong for so long. So the list is read
// anew, once, before that is said.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/answer.h"
#include "core/time.h"

namespace tidemark::gateway {

inline bool may_be_new(const core::Refusal& refusal) {
  using Code = core::Refusal::Code;
  return refusal.code == Code::unknown_topic || refusal.code == Code::unknown_partition ||
         refusal.code == Code::recreated_topic;
}

// How long the list may take where `left` is left.
inline core::Duration look_bound(core::Duration left) {
  return std::clamp<core::Duration>(left, core::Duration::zero(), std::chrono::seconds(1));
}

}  // namespace tidemark::gateway
