// What became of a request: a response, or why there is none.
//
// "The call failed" is not enough for a producer: a batch that never left this
// process may be sent again with new sequences, one that may have reached the
// broker may not (DESIGN P5). So a failure says which of the two it is.
#pragma once

#include <cassert>
#include <utility>
#include <variant>

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
  Reply(Response response) : state_(std::in_place_index<0>, std::move(response)) {}  // NOLINT: implicit by design
  Reply(CallError error) : state_(std::in_place_index<1>, std::move(error)) {}       // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok(). Views inside point into the connection's receive buffer
  // and die when the completion that was given this reply returns.
  Response& operator*() { assert(ok()); return *std::get_if<0>(&state_); }
  const Response& operator*() const { assert(ok()); return *std::get_if<0>(&state_); }
  Response* operator->() { return &**this; }
  const Response* operator->() const { return &**this; }

  // Precondition: !ok().
  const Error& error() const { assert(!ok()); return std::get_if<1>(&state_)->error; }
  bool maybe_sent() const { assert(!ok()); return std::get_if<1>(&state_)->maybe_sent; }

 private:
  std::variant<Response, CallError> state_;
};

}  // namespace tidemark::wire
