// An answer as the bytes of HTTP/1.1.
//
// Pure but for the Date, which RFC 9110 §6.6.1 asks of every answer and which
// need not be formatted more than once a second.
#pragma once

#include <ctime>
#include <string>

#include "http/message.h"

namespace tidemark::http {

// IMF-fixdate (RFC 9110 §5.6.7), remembered for the second it is valid in.
class DateLine {
 public:
  const std::string& at(std::time_t now);

 private:
  std::time_t formatted_ = -1;
  std::string text_;
};

struct AnswerFraming {
  bool http11 = true;       // the request's version: 1.0 must be told of keep-alive
  bool keep_alive = true;   // else "Connection: close"
  bool head_only = false;   // the request was HEAD
};

// Appends to `out`. A control character in a field is replaced by a space: what
// a caller sent and an answer echoes must not be able to forge a line.
void serialize(const Response& response, const AnswerFraming& framing, const std::string& date, std::string& out);

}  // namespace tidemark::http
