// Log lines as key=value pairs (logfmt).
//
// Lines are read by people at three in the morning and by collectors all day; and
// some of their text comes from others (a topic's name, a broker's error), which
// must not be able to end a line and forge the next. So the message is quoted and
// escaped, and everything else is ours.
#pragma once

#include <string>
#include <string_view>

namespace tidemark::gateway {

// `level`: debug, info, warning, error or off. For the whole process; call once,
// before other threads log.
void set_up_logging(const std::string& level);

// The text in double quotes; quotes, backslashes and control characters escaped.
std::string quoted(std::string_view text);

}  // namespace tidemark::gateway
