// What is refused before the parser's opinion counts.
//
// Two programs that disagree about where a request ends let an attacker smuggle
// one past the first into the second; parsers disagree exactly where they are
// lenient. Beast 1.81 is lenient: it accepts a missing or doubled Host, folded
// lines, a target without a slash, bytes above ASCII in it, any number of
// fields, an unknown Transfer-Encoding, a Content-Length next to one. So the raw
// header block is read and judged here first, against RFC 9110 and 9112 with
// every leniency they permit turned off, save three, which real clients need:
//   - one empty line before the request line is skipped (RFC 9112 §2.2);
//   - the absolute form of the target is taken, as §3.2.2 demands of a server;
//   - HTTP/1.0 may come without Host, as health checks do (§3.2 asks for it of
//     HTTP/1.1 alone).
//
// Pure: bytes in, a verdict out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"
#include "http/problem.h"

namespace tidemark::http {

// Finds the end of a header block that arrives in pieces, and the first byte
// that disqualifies it. A malformed head is refused at that byte and not when
// its sender's time is up.
class HeadScanner {
 public:
  enum class Verdict { need_more, complete, refused };

  explicit HeadScanner(const Limits& limits) : max_bytes_(limits.header_bytes), max_fields_(limits.header_fields) {}

  // Looks at the bytes that follow those already seen and sets `used` to how
  // many of them belong to the head. Not to be called again after `complete` or
  // `refused`.
  Verdict scan(std::string_view bytes, std::size_t& used);

  // Header fields begun.
  std::size_t fields() const { return fields_; }
  // How many of the head's first bytes are the empty line to skip: 0 or 2.
  std::size_t skipped() const { return skipped_; }
  // Precondition: scan() said refused.
  const Problem& problem() const { return *problem_; }

 private:
  enum class State { start, start_lf, request_line, request_lf, line_start, end_lf, name, value, value_lf };

  bool step(char c);
  bool step_line_start(char c);
  bool refuse(const ProblemKind& kind, const char* detail, const char* field = "");

  std::size_t max_bytes_;
  std::size_t max_fields_;
  std::size_t seen_ = 0;
  std::size_t skipped_ = 0;
  std::size_t fields_ = 0;
  State state_ = State::start;
  bool complete_ = false;
  std::optional<Problem> problem_;
};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  bool http11 = true;
};

// `line` without its line end: method SP target SP version, single spaces.
// The version is 1.0 or 1.1; any other valid one is 505.
std::optional<Problem> check_request_line(std::string_view line, RequestLine& parsed);

// The fields of a header block that HeadScanner has passed, from its second line
// on: names as received, values without the white space around them. `count` is how
// many there are.
std::vector<Field> split_fields(std::string_view lines, std::size_t count);

// How the body of a request ends, and what else its header fields decide about
// the connection.
struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;  // of the body unless chunked
  bool expects_continue = false;
  bool keep_alive = true;
};

// Judges the fields that frame a request: Host, Content-Length,
// Transfer-Encoding, Expect, Connection.
std::optional<Problem> check_fields(const std::vector<Field>& fields, bool http11, const Limits& limits,
                                    Framing& framing);

// uri-host [":" port] of RFC 9110 §7.2, not empty, without user information.
bool is_valid_host(std::string_view host);

// Splits a target of origin form, absolute form (http and https) or, for OPTIONS
// alone, "*" into path and query. `request.method` and `request.target` are
// read, `request.path` and `request.query` are set.
std::optional<Problem> split_target(Request& request);

}  // namespace tidemark::http
