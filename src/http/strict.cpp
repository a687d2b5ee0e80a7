#include "http/strict.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/percent.h"
#include "http/characters.h"

namespace tidemark::http {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::size_t token_prefix(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_token_char(text[length])) ++length;
  return length;
}

// Whether a comma-separated list has that token, case-insensitive.
bool lists(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    if (equals_ignoring_case(trim(value.substr(0, comma)), token)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes, std::size_t& used) {
  used = 0;
  while (used < bytes.size()) {
    if (seen_ >= max_bytes_) {
      if (state_ <= State::request_lf) refuse(kTargetTooLong, "The request line is longer than a header block may be");
      else refuse(kHeadersTooLarge, "The header block is larger than this gateway takes");
      return Verdict::refused;
    }
    ++seen_;
    ++used;
    if (!step(bytes[used - 1])) return Verdict::refused;
    if (complete_) return Verdict::complete;
    // What these states take without a change, many bytes at a time.
    const std::string_view rest = bytes.substr(used, max_bytes_ - seen_);
    std::size_t run = 0;
    if (state_ == State::value) run = control_free_prefix(rest);
    else if (state_ == State::name) run = token_prefix(rest);
    else if (state_ == State::request_line) run = plain_prefix(rest);
    used += run;
    seen_ += run;
  }
  return Verdict::need_more;
}

bool HeadScanner::step(char c) {
  switch (state_) {
    case State::start:
      if (c == '\r' && skipped_ == 0) {
        state_ = State::start_lf;
        return true;
      }
      if (!is_token_char(c)) return refuse(kMalformedRequest, "The request line does not begin with a method");
      state_ = State::request_line;
      return true;
    case State::start_lf:
      if (c != '\n') return refuse(kMalformedRequest, "A carriage return stands alone");
      skipped_ = 2;
      state_ = State::start;
      return true;
    case State::request_line:
      if (c == '\r') state_ = State::request_lf;
      else if (c == '\n') return refuse(kMalformedRequest, "The request line ends without a carriage return");
      else if (c != ' ' && !is_visible_ascii(c))
        return refuse(kMalformedRequest, "The request line has a byte outside visible ASCII", "target");
      return true;
    case State::request_lf:
    case State::value_lf:
      if (c != '\n') return refuse(kMalformedRequest, "A carriage return stands alone");
      state_ = State::line_start;
      return true;
    case State::line_start: return step_line_start(c);
    case State::end_lf:
      if (c != '\n') return refuse(kMalformedRequest, "A carriage return stands alone");
      complete_ = true;
      return true;
    case State::name:
      if (c == ':') state_ = State::value;
      else if (!is_token_char(c)) return refuse(kMalformedRequest, "A field name is not a token");
      return true;
    case State::value:
      if (c == '\r') state_ = State::value_lf;
      else if (!is_value_char(c)) return refuse(kMalformedRequest, "A field value has a control character");
      return true;
  }
  return false;
}

bool HeadScanner::step_line_start(char c) {
  if (c == '\r') {
    state_ = State::end_lf;
    return true;
  }
  if (c == ' ' || c == '\t') return refuse(kMalformedRequest, "A field continues on a second line");
  if (!is_token_char(c)) return refuse(kMalformedRequest, "A field name is not a token");
  if (++fields_ > max_fields_) return refuse(kHeadersTooLarge, "There are more header fields than this gateway takes");
  state_ = State::name;
  return true;
}

bool HeadScanner::refuse(const ProblemKind& kind, const char* detail, const char* field) {
  problem_ = Problem{kind, detail, field};
  return false;
}

std::optional<Problem> check_request_line(std::string_view line, RequestLine& parsed) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return Problem{kMalformedRequest, "The request line is not a method, a target and a version"};
  parsed.method = line.substr(0, first);
  parsed.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (parsed.method.empty() || !std::all_of(parsed.method.begin(), parsed.method.end(), is_token_char))
    return Problem{kMalformedRequest, "The method is not a token", "method"};
  if (parsed.target.empty()) return Problem{kMalformedRequest, "The target is empty", "target"};
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7]))
    return Problem{kMalformedRequest, "The request line does not end with a version such as HTTP/1.1"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return Problem{kUnknownVersion, "This gateway speaks HTTP/1.1 and HTTP/1.0"};
  parsed.http11 = version[7] == '1';
  return std::nullopt;
}

std::vector<Field> split_fields(std::string_view lines, std::size_t count) {
  std::vector<Field> fields;
  fields.reserve(count);
  while (!lines.empty() && lines.front() != '\r') {
    const std::size_t end = std::min(lines.find('\r'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = std::min(line.find(':'), line.size());
    fields.emplace_back(std::string(line.substr(0, colon)),
                        std::string(trim(line.substr(std::min(colon + 1, line.size())))));
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
  return fields;
}

bool is_valid_host(std::string_view host) {
  std::size_t end = 0;
  if (!host.empty() && host[0] == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    for (std::size_t i = 1; i < end; ++i)
      if (!is_alpha(host[i]) && !is_digit(host[i]) && host[i] != ':' && host[i] != '.') return false;
    ++end;
  } else {
    end = std::min(host.find(':'), host.size());
    if (end == 0) return false;
    for (std::size_t i = 0; i < end; ++i)
      if (!is_alpha(host[i]) && !is_digit(host[i]) &&
          std::string_view("-._~!$&'()*+,;=%").find(host[i]) == std::string_view::npos)
        return false;
    if (!percent_decode(host.substr(0, end))) return false;
  }
  if (end == host.size()) return true;
  if (host[end] != ':') return false;
  const std::string_view port = host.substr(end + 1);
  if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  return number <= 65535;
}

namespace {

// 1*DIGIT and nothing else. More digits than fit are a length beyond any limit.
std::optional<std::uint64_t> parse_length(std::string_view value) {
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMax - digit) / 10) return kMax;
    length = length * 10 + digit;
  }
  return length;
}

struct FramingFields {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  std::string_view host, length, coding;
  bool close = false;
  bool keep_alive = false;
};

// Exactly "chunked". Where chunked is not the last coding, nobody can tell where the
// body ends, and that must be 400 (RFC 9112 §6.3); where only a coding below it is
// not known, 501 (§6.1).
std::optional<Problem> check_coding(std::string_view coding) {
  if (equals_ignoring_case(coding, "chunked")) return std::nullopt;
  const std::size_t comma = coding.rfind(',');
  const std::size_t last = comma == std::string_view::npos ? 0 : comma + 1;
  if (!equals_ignoring_case(trim(coding.substr(last)), "chunked"))
    return Problem{kMalformedRequest, "The last transfer coding is not chunked", "Transfer-Encoding"};
  const std::string_view before = trim(coding.substr(0, comma));
  if (before.empty() || lists(before, "chunked"))
    return Problem{kMalformedRequest, "The transfer codings are not a list, or a body is chunked twice",
                   "Transfer-Encoding"};
  return Problem{kUnknownTransferEncoding, "The only transfer encoding taken is chunked", "Transfer-Encoding"};
}

std::optional<Problem> check_body_fields(const FramingFields& found, bool http11, const Limits& limits,
                                         Framing& framing) {
  if (found.codings > 0) {
    if (!http11) return Problem{kMalformedRequest, "HTTP/1.0 has no Transfer-Encoding", "Transfer-Encoding"};
    if (found.lengths > 0)
      return Problem{kMalformedRequest, "Transfer-Encoding and Content-Length exclude each other", "Content-Length"};
    if (found.codings > 1) return Problem{kMalformedRequest, "Transfer-Encoding is given twice", "Transfer-Encoding"};
    if (std::optional<Problem> problem = check_coding(found.coding)) return problem;
    framing.chunked = true;
  }
  if (found.lengths > 1) return Problem{kMalformedRequest, "Content-Length is given twice", "Content-Length"};
  if (found.lengths == 1) {
    const std::optional<std::uint64_t> length = parse_length(found.length);
    if (!length) return Problem{kMalformedRequest, "Content-Length is not a number", "Content-Length"};
    if (*length > limits.body_bytes)
      return Problem{kBodyTooLarge, "A body may have " + std::to_string(limits.body_bytes) + " bytes",
                     "Content-Length"};
    framing.length = *length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> check_fields(const std::vector<Field>& fields, bool http11, const Limits& limits,
                                    Framing& framing) {
  FramingFields found;
  framing = Framing{};
  bool unknown_expectation = false;
  for (const Field& field : fields) {
    switch (field.known) {
      case FieldName::host:
        ++found.hosts;
        found.host = field.value;
        break;
      case FieldName::content_length:
        ++found.lengths;
        found.length = field.value;
        break;
      case FieldName::transfer_encoding:
        ++found.codings;
        found.coding = field.value;
        break;
      case FieldName::connection:
        found.close = found.close || lists(field.value, "close");
        found.keep_alive = found.keep_alive || lists(field.value, "keep-alive");
        break;
      case FieldName::expect:
        if (equals_ignoring_case(field.value, "100-continue")) framing.expects_continue = http11;
        else unknown_expectation = true;
        break;
      default: break;
    }
  }
  if (found.hosts > 1) return Problem{kMalformedRequest, "Host is given twice", "Host"};
  if (found.hosts == 0 && http11) return Problem{kMalformedRequest, "Host is missing", "Host"};
  if (found.hosts == 1 && !is_valid_host(found.host))
    return Problem{kMalformedRequest, "Host is not a host with an optional port", "Host"};
  if (std::optional<Problem> problem = check_body_fields(found, http11, limits, framing)) return problem;
  if (unknown_expectation && http11)
    return Problem{kUnknownExpectation, "The only expectation met is 100-continue", "Expect"};
  framing.keep_alive = !found.close && (http11 || found.keep_alive);
  if (!framing.chunked && framing.length == 0) framing.expects_continue = false;
  return std::nullopt;
}

namespace {

// Cuts "http://authority" off an absolute-form target. The authority is checked
// and then ignored: this gateway has one host.
std::optional<Problem> strip_authority(std::string_view& target) {
  const std::size_t colon = target.find("://");
  const std::string_view scheme = target.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
    return Problem{kMalformedRequest, "The target does not begin with a slash", "target"};
  target.remove_prefix(colon + 3);
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  if (!is_valid_host(target.substr(0, end)))
    return Problem{kMalformedRequest, "The target's authority is not a host with an optional port", "target"};
  target.remove_prefix(end);
  return std::nullopt;
}

std::optional<Problem> split_query(std::string_view text, std::vector<Parameter>& query) {
  if (!text.empty()) query.reserve(4);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = percent_decode(pair.substr(0, equals));
    std::optional<std::string> value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return Problem{kMalformedRequest, "The query has a malformed percent escape", "target"};
    query.push_back({std::move(*name), std::move(*value)});
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> split_target(Request& request) {
  std::string_view target = request.target;
  request.query.clear();
  if (target == "*") {
    if (request.method != "OPTIONS") return Problem{kMalformedRequest, "The target * is for OPTIONS alone", "target"};
    request.path = target;
    return std::nullopt;
  }
  if (!std::all_of(target.begin(), target.end(), is_visible_ascii))
    return Problem{kMalformedRequest, "The target has a byte outside visible ASCII", "target"};
  if (target.find('#') != std::string_view::npos)
    return Problem{kMalformedRequest, "The target has a fragment", "target"};
  if (target.empty() || target[0] != '/')
    if (std::optional<Problem> problem = strip_authority(target)) return problem;
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  if (!percent_decode(path)) return Problem{kMalformedRequest, "The path has a malformed percent escape", "target"};
  request.path = path.empty() ? std::string_view("/") : path;
  return split_query(target.substr(std::min(question + 1, target.size())), request.query);
}

}  // namespace tidemark::http
