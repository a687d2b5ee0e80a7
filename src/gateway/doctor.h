// What makes answers late, weak or wrong, and the setting that mends it.
//
// All of it is known to somebody: the rhythm of commits to core, the linger of
// the coordinator and the in-sync copies to the brokers. The person who asks at
// three in the morning should not have to put it together.
#pragma once

#include <string>
#include <vector>

#include "core/engine.h"
#include "log/log.h"

namespace tidemark::gateway {

// The document of GET /doctor (docs/http.md): findings, errors first, then by subject.
std::string diagnose(const std::vector<core::ConsumerView>& consumers, const std::vector<core::TopicView>& topics,
                     const log::ClusterFacts& facts);

}  // namespace tidemark::gateway
