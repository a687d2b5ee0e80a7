// doctor: the gateway's findings, for people.
#pragma once

#include "cli/http_call.h"
#include "cli/report.h"

namespace tidemark::cli {

// An answer to GET /doctor (docs/http.md): 0 without findings, 3 with, 1 when it
// is no such answer.
Report report_of_doctor(const HttpAnswer& answer);

}  // namespace tidemark::cli
