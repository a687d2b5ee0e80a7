// Which of core's planted bugs is switched on.
//
// core/plant.h asks; only this program's own build of core does, so no other
// binary can contain a bug by accident.
//
// Threading: set before a run, not during one.
#pragma once

#include <optional>
#include <string_view>

#include "core/plant.h"

namespace tidemark::sim {

void plant(core::Bug bug);
std::optional<core::Bug> bug_named(std::string_view name);
std::string_view name_of(core::Bug bug);

}  // namespace tidemark::sim
