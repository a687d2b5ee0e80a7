// JSON text, written front to back.
//
// An answer is written once for every publish. A document object model would
// cost an allocation for each member, and Boost.JSON writes 1.4 as 1.4E0, which
// is valid and unfit for people with curl. Strings that are not valid UTF-8 (a
// group's name is anybody's bytes) get U+FFFD, so the text always is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

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
  void name(std::string_view name);

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
  void member(std::string_view its_name, const T& its_value) {
    name(its_name);
    value(its_value);
  }
  void null_member(std::string_view its_name) {
    name(its_name);
    null();
  }

 private:
  void separate();
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
