// An operation that can fail returns why as a value.
//
// Exceptions may not cross a thread or a library's callback here, and a bool
// forgets the reason; so a fallible function returns Result<T>: a T, or an
// Error with a category that code can switch on and a sentence for people.
//
// Threading: plain values, no shared state.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace tidemark {

// What a caller may do about an error.
enum class ErrorKind {
  invalid,      // the input is wrong; the same input fails again
  not_found,    // what was named does not exist
  forbidden,    // it exists, but this caller or this program may not
  limit,        // a bound was reached; later may work
  unavailable,  // the other side cannot be reached or is not ready; retry
  timeout,      // no answer in time; what was asked may still happen
  corrupt,      // bytes that do not mean what they should
  internal,     // a defect of ours
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // one sentence, names the culprit, no trailing period
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}      // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  T& value() & { assert(ok()); return *std::get_if<0>(&state_); }
  const T& value() const& { assert(ok()); return *std::get_if<0>(&state_); }
  T&& value() && { assert(ok()); return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  // Precondition: !ok().
  const Error& error() const { assert(!ok()); return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value: success, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit by design
  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { assert(!ok_); return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace tidemark
