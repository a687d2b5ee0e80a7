// Core's answers as HTTP's, by DESIGN §5.
//
// Pure: values in, a Response out. The status says what a client must know, the
// body says who and why, and the headers carry what proxies and scripts read
// without parsing a body.
#pragma once

#include <string>
#include <vector>

#include "core/answer.h"
#include "core/engine.h"
#include "http/api.h"
#include "http/message.h"
#include "http/problem.h"

namespace tidemark::http {

// How the answered request had been put.
struct Asked {
  bool waited = true;              // false on a mark: how it stands is 200, whatever it is
  std::string preference_applied;  // empty: none
  bool barrier = false;            // POST /waits
};

// 200, 202; for a publish also 413, 404 and the like for what the log refused,
// 502 not appended, 504 unknown. A barrier has `positions`, however many they
// are, and no mark where it does not fit in one.
Response render(const core::Answer& answer, const Asked& asked);

// 4xx, 429, 503.
Response render(const core::Refusal& refusal);

// 204.
Response render_acked();
// An ack that is not in the log (502, 503), or may not be (504).
Response render_failed_ack(const core::Delivery& delivery);

// 200 with the document as it is.
Response render_inspection(std::string json);

Response render(const std::vector<core::TopicView>& topics);
Response render(const std::vector<core::ConsumerView>& consumers);
Response render(const std::vector<core::EdgeView>& edges);
// 200, or 503 with problem details.
Response render_ready(const Health& health);
Response render_live();
Response render_metrics(std::string text);

}  // namespace tidemark::http
