// A request and an answer as plain values.
//
// A request may be held for a minute, ten thousand of them at once; what is
// held must not drag along a parser, a socket buffer or a coroutine frame. So
// the parser's output is this struct and nothing else, and whoever decides
// about it needs no HTTP library.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::http {

struct Field {
  std::string name;   // as received
  std::string value;  // without the white space around it
};

struct Parameter {
  std::string name;   // percent-decoded
  std::string value;  // percent-decoded; empty without `=`
};

struct Request {
  std::string method;  // case-sensitive, not necessarily one that is known
  std::string target;  // as received
  // The path of the target, beginning with '/', still percent-encoded (a "%2F"
  // must not become a separator), or "*". Its escapes are known to be valid.
  std::string path;
  std::vector<Parameter> query;  // in the order received; '+' stays '+'
  std::vector<Field> headers;    // in the order received
  std::string body;
  // When the last byte was read; for a request that was pipelined behind
  // another, when its turn came.
  std::chrono::steady_clock::time_point received_at;
  bool http11 = true;  // else HTTP/1.0
  bool keep_alive = true;

  // The first field of that name, case-insensitive, or null.
  const std::string* header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<Field> headers;  // Content-Type, -Length, Connection, Date, Server are the server's to add
  std::string content_type;    // empty: no body is meant
  std::string body;
  bool close = false;  // the connection ends with this answer
};

// ASCII case only, as field names and tokens demand.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// A form of hostile text that may stand in an error, a header or a log: printable
// ASCII as it is, other bytes as \xNN, cut with "..." after `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 100);

// The reason phrase of RFC 9110 §15, or "Unknown".
std::string_view reason_phrase(int status);

}  // namespace tidemark::http
