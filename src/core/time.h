// The time that core is told.
//
// Core never reads a clock: every call that depends on time is given `now`, so
// that the simulator can replay a day in a second and a run can be repeated.
// The type is the steady clock's, whose points the reactors' timers use too.
#pragma once

#include <chrono>

namespace tidemark::core {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::steady_clock::time_point;

}  // namespace tidemark::core
