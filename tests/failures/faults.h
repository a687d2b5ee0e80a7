// Carries out one fault and heals it.
//
// Threading: the world's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule.h"
#include "world.h"

namespace tidemark::test {

// Returns when it is healed, as far as the one who did it can tell, with whom it struck.
std::string carry_out(World& world, Recorder& recorder, const Cycle& cycle);

// Which gateway a fault keeps from a broker, kAllGateways when from each; nothing: it is none of these.
std::optional<int> cut_off(const Cycle& cycle);

// Where the log of each partition ends now.
std::vector<std::int64_t> ends_of(const std::string& bootstrap, const std::string& topic);

}  // namespace tidemark::test
