// What became of a request: a response, or why there is none.
//
// "The call failed" is not enough for a producer: a batch that never left this
// process may be sent again with new sequences, one that may have reached the
// broker may not (DESIGN P5). So a failure says which of the two it is.
#pragma once

#include <cassert>
#include <optional>
#include <utility>

#include "base/result.h"

namespace tidemark::wire {

struct CallError {
  Error error;
  // false: the broker certainly never saw the whole request, so it was not
  // carried out. true: it may have been, or may yet be.
  bool maybe_sent = false;
};

template <class Response>
class [[nodiscard]] Reply {
 public:
  Reply(Response response) : response_(std::move(response)) {}  // NOLINT: implicit by design
  Reply(CallError error) : error_(std::move(error)) {}          // NOLINT: implicit by design

  bool ok() const { return response_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Precondition: ok(). Views inside point into the connection's receive buffer
  // and die when the completion that was given this reply returns.
  Response& operator*() { assert(ok()); return *response_; }
  const Response& operator*() const { assert(ok()); return *response_; }
  Response* operator->() { return &**this; }
  const Response* operator->() const { return &**this; }

  // Precondition: !ok().
  const Error& error() const { assert(!ok()); return error_.error; }
  bool maybe_sent() const { assert(!ok()); return error_.maybe_sent; }

 private:
  std::optional<Response> response_;
  CallError error_;
};

}  // namespace tidemark::wire
