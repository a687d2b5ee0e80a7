// settle: waits until everything in the topics is processed.
//
// `sleep 5` in a test suite is too long on every good day and too short on the
// bad one. One POST /waits would do, but a gateway bounds how long it holds a
// request, and a suite on a slow machine may want longer; so the wait is asked
// for again until the time is up.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/http_call.h"
#include "cli/report.h"

namespace tidemark::cli {

struct SettleOptions {
  std::vector<std::string> topics;  // empty: all that have consumers to wait for
  std::vector<std::string> only;    // these consumers; empty: everybody waited for
  std::string scope;                // "event" or "watermark"; empty: the gateway's default
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
};

// The world as settle sees it, so that tests need no gateway and no time.
struct SettleWorld {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  std::function<Result<HttpAnswer>(const std::string& method, const std::string& target, const Headers& headers,
                                   const std::string* body, std::chrono::milliseconds patience)>
      call;
  std::function<std::chrono::steady_clock::time_point()> now;
  std::function<void(std::chrono::milliseconds)> pause;
};

// The gateway at `url`, and the machine's clock.
SettleWorld world_of(const std::string& url);

struct Settled {
  Report report;
  std::string body;  // the gateway's last answer, for --json
};

// The error of the first call that came to no answer.
Result<Settled> settle(const SettleOptions& options, const SettleWorld& world);

}  // namespace tidemark::cli
