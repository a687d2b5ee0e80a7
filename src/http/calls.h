// A request as a call: everything that HTTP lets a caller say about a publish or
// a mark, checked, or the first thing that is wrong with it.
//
// Pure. What DESIGN describes and this version does not do is refused by name
// here: to append an event and ignore half of what was asked of it would be a
// wrong answer that looks right.
#pragma once

#include <string>
#include <string_view>

#include "http/api.h"
#include "http/parameters.h"

namespace tidemark::http {

struct Publish {
  PublishCall call;
  std::string preference_applied;  // for the answer; empty: none
};

struct Resume {
  MarkCall call;
  std::string preference_applied;
};

// POST /topics/{topic}. Takes the body out of the request.
Checked<Publish> to_publish(Request&& request, std::string topic, const WaitLimits& limits);

// GET /marks/{mark}; `marks` are joined by '+', and merged.
Checked<Resume> to_resume(const Request& request, std::string_view marks, const WaitLimits& limits);

// A route that takes no parameters and has one form.
std::optional<Problem> check_plain(const Request& request);

// Kafka's rules for a name, and 403 for those that begin "__".
std::optional<Problem> check_topic(std::string_view topic);

// version "-" trace-id "-" parent-id "-" flags of W3C Trace Context §3.2.
bool is_valid_traceparent(std::string_view text);

}  // namespace tidemark::http
