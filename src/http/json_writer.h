// JSON text, written front to back.
//
// An answer is written once for every publish. A document object model would
// cost an allocation for each member, and Boost.JSON writes 1.4 as 1.4E0, which
// is valid and unfit for people with curl. Strings that are not valid UTF-8 (a
// group's name is anybody's bytes) get U+FFFD, so the text always is. Names of
// members are literals, which need no look at each byte.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/literal.h"

namespace tidemark::http {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // The name of the next value, inside an object.
  void name(Literal name);
  // The same for a name that is not the program's own.
  void foreign_name(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(std::int64_t number);
  void value(std::int32_t number) { value(std::int64_t{number}); }
  void value(bool truth);
  // Milliseconds, to the microsecond, without trailing zeros; not negative.
  void value(std::chrono::nanoseconds duration);
  void null();

  template <class T>
  void member(Literal its_name, const T& its_value) {
    name(its_name);
    value(its_value);
  }
  void null_member(Literal its_name) {
    name(its_name);
    null();
  }

 private:
  void separate();
  // Appends that many bytes, for the caller to write over; quotes until then.
  char* extend(std::size_t bytes);
  // Writes the first character of what is not plain; says how many bytes it had.
  std::size_t escape(std::string_view text);
  void open(char bracket);
  void close(char bracket);

  std::string& out_;
  bool first_ = true;  // nothing yet in the innermost object or array, or behind a name
};

// Milliseconds as JSON and Server-Timing write them: 0.6, 12, 1.402.
std::string format_ms(std::chrono::nanoseconds duration);

}  // namespace tidemark::http
