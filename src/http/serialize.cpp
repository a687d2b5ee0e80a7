#include "http/serialize.h"

#include <string_view>

#include "base/ascii.h"

namespace tidemark::http {
namespace {

// Control characters but the tab become spaces.
void append_clean(std::string_view text, std::string& out) {
  for (;;) {
    const std::size_t clean = control_free_prefix(text);
    out.append(text.data(), clean);
    if (clean == text.size()) return;
    out.push_back(text[clean] == '\t' ? '\t' : ' ');
    text.remove_prefix(clean + 1);
  }
}

// `value` is the program's own.
void append_own(Literal name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// 204 and 1xx have no body and may not announce one (RFC 9110 §8.6).
bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

const std::string& DateLine::at(std::time_t now) {
  if (now == formatted_) return text_;
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  if (::gmtime_r(&now, &parts) == nullptr) return text_;
  // Not the locale's names: strftime's %a and %b would be.
  char rest[32];
  text_ = std::string(kDays[parts.tm_wday]) + ", ";
  if (std::strftime(rest, sizeof rest, "%d ", &parts) > 0) text_ += rest;
  text_ += kMonths[parts.tm_mon];
  if (std::strftime(rest, sizeof rest, " %Y %H:%M:%S GMT", &parts) > 0) text_ += rest;
  formatted_ = now;
  return text_;
}

void serialize(const Response& response, const AnswerFraming& framing, const std::string& date, std::string& out) {
  const std::string_view reason = reason_phrase(response.status);
  out.reserve(out.size() + 256 + (framing.head_only ? 0 : response.body.size()));
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason;
  out += "\r\nServer: tidemark\r\n";
  append_own("Date", date, out);
  if (!framing.keep_alive || response.close) out += "Connection: close\r\n";
  else if (!framing.http11) out += "Connection: keep-alive\r\n";
  const bool body = may_have_body(response.status);
  if (body && !response.content_type.empty()) append_own("Content-Type", response.content_type, out);
  if (body) append_own("Content-Length", std::to_string(response.body.size()), out);
  for (const AnswerField& field : response.headers) {
    out += field.name;
    out += ": ";
    append_clean(field.value, out);
    out += "\r\n";
  }
  out += "\r\n";
  if (body && !framing.head_only) out += response.body;
}

}  // namespace tidemark::http
