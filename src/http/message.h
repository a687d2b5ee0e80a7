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
#include <utility>
#include <vector>

#include "base/literal.h"
#include "http/field_name.h"

namespace tidemark::http {

struct Field {
  Field(std::string its_name, std::string its_value)
      : name(std::move(its_name)), value(std::move(its_value)), known(field_name(name)) {}

  std::string name;   // as received
  std::string value;  // without the white space around it
  FieldName known;
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
};

struct AnswerField {
  Literal name;
  std::string value;
};

struct Response {
  int status = 200;
  std::vector<AnswerField> headers;  // Content-Type, -Length, Connection, Date, Server are the server's to add
  Literal content_type;              // empty: no body is meant
  std::string body;
  bool close = false;  // the connection ends with this answer
};

// A form of hostile text that may stand in an error, a header or a log: printable
// ASCII as it is, other bytes as \xNN, cut with "..." after `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 100);

// The reason phrase of RFC 9110 §15, or "Unknown".
std::string_view reason_phrase(int status);

}  // namespace tidemark::http
