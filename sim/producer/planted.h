// Which of the producer's planted bugs is switched on.
//
// kafka/produce_plant.h asks; only this program's own build of the producer does.
//
// Threading: set before a run, not during one.
#pragma once

#include <optional>
#include <string_view>

#include "kafka/produce_plant.h"

namespace tidemark::sim::producer {

using kafka::produce::Bug;

void plant(Bug bug);
std::optional<Bug> bug_named(std::string_view name);
std::string_view name_of(Bug bug);

}  // namespace tidemark::sim::producer
