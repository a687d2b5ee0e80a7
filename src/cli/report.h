// What the commands print of a gateway's answer, and the exit code it means.
//
// Scripts read the exit code, people the sentence; both come from the same JSON,
// here, so that they cannot disagree.
#pragma once

#include <chrono>
#include <string>

#include "cli/http_call.h"

namespace tidemark::cli {

// 0 done or processed, 1 the call failed or the append is unknown, 2 not in
// time, 3 settled without success, 64 wrong usage (sysexits' EX_USAGE).
enum class ExitCode : int { done = 0, failed = 1, not_in_time = 2, without_success = 3, usage = 64 };

struct Report {
  ExitCode code = ExitCode::failed;
  std::string text;   // for people, ends with a line end
  bool to_stderr = false;
};

// An answer to a publish or to a mark.
Report report_of_wait(const HttpAnswer& answer);
// An answer to POST /waits, `elapsed` after the first was asked for: who is not
// done, a line each.
Report report_of_settle(const HttpAnswer& answer, std::chrono::nanoseconds elapsed);
// An answer that is not what was asked for.
Report report_of_problem(const HttpAnswer& answer);
// An answer to GET /consumers.
Report report_of_consumers(const HttpAnswer& answer);

}  // namespace tidemark::cli
