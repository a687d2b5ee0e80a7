// Durations as people write them: `250ms`, `2s`, `1.5s`, `1m`, `0`.
//
// A bare number is ambiguous (seconds in RFC 7240's `Prefer: wait`, milliseconds
// in Kafka's settings), so every setting and parameter of ours names its unit;
// only 0 needs none.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

// Units us, ms, s, m, h; at most six digits before the point and three after;
// not negative. Error kind invalid, with a sentence that shows the form.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The shortest form that parse_duration reads back as the same, to the microsecond.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace tidemark
