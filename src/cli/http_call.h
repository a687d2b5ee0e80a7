// One HTTP request from the command line to a gateway.
//
// curl would do, but the commands must turn refusals and time-outs into exit
// codes and sentences, on machines that have no curl.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Calls `method` on `base` (http://HOST[:PORT]) + `target`. Blocks for at most
// `timeout`. Errors: invalid (the base URL), unavailable (no connection),
// timeout. `body` is sent when it is not null.
Result<HttpAnswer> http_call(const std::string& base, std::string_view method, const std::string& target,
                             const std::vector<std::pair<std::string, std::string>>& headers, const std::string* body,
                             std::chrono::milliseconds timeout);

}  // namespace tidemark::cli
