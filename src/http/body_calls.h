// Requests that are JSON, as calls: POST /waits and POST /acks.
//
// Pure. As strict as the routes with parameters: an ack of which a part was
// misread is an answer to somebody's publish that is not true.
#pragma once

#include <string>

#include "http/api.h"
#include "http/parameters.h"

namespace tidemark::http {

struct Waits {
  WaitsCall call;
  std::string preference_applied;  // for the answer; empty: none
};

// POST /waits. At most 1,000 positions, 64 marks, 1,000 topics, 256 names in
// `for`; at least one of the first three. Topics and names given twice count once.
Checked<Waits> to_waits(const Request& request, const WaitLimits& limits);

// POST /acks.
Checked<AckCall> to_ack(const Request& request);

}  // namespace tidemark::http
