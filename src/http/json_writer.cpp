#include "http/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ascii.h"
#include "base/utf8.h"

namespace tidemark::http {
namespace {

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

void JsonWriter::separate() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
}

char* JsonWriter::extend(std::size_t bytes) {
  const std::size_t before = out_.size();
  out_.append(bytes, '"');
  return out_.data() + before;
}

void JsonWriter::name(Literal name) {
  char* at = extend(name.size() + (first_ ? 3 : 4));
  if (!first_) *at++ = ',';
  std::memcpy(at + 1, name.data(), name.size());
  at[name.size() + 2] = ':';
  first_ = true;
}

void JsonWriter::foreign_name(std::string_view name) {
  value(name);
  out_.push_back(':');
  first_ = true;
}

void JsonWriter::value(std::string_view text) {
  std::size_t plain = plain_prefix(text);
  if (plain == text.size()) {
    char* at = extend(plain + (first_ ? 2 : 3));
    if (!first_) *at++ = ',';
    first_ = false;
    text.copy(at + 1, plain);
    return;
  }
  separate();
  out_.push_back('"');
  for (;; plain = plain_prefix(text)) {
    out_.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    text.remove_prefix(escape(text));
  }
  out_.push_back('"');
}

std::size_t JsonWriter::escape(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte == '"' || byte == '\\') {
    out_.push_back('\\');
    out_.push_back(text.front());
    return 1;
  }
  if (byte < 0x20 || byte == 0x7f) {
    out_ += "\\u00";
    out_.push_back(kHex[byte >> 4]);
    out_.push_back(kHex[byte & 15]);
    return 1;
  }
  const std::size_t length = utf8_length(text);
  if (length == 0) {
    out_ += "\xef\xbf\xbd";
    return 1;
  }
  out_ += text.substr(0, length);
  return length;
}

void JsonWriter::value(std::int64_t number) {
  separate();
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out_.append(digits.data(), end.ptr);
}

void JsonWriter::value(bool truth) {
  separate();
  out_ += truth ? "true" : "false";
}

void JsonWriter::value(std::chrono::nanoseconds duration) {
  separate();
  out_ += format_ms(duration);
}

void JsonWriter::null() {
  separate();
  out_ += "null";
}

std::string format_ms(std::chrono::nanoseconds duration) {
  const std::int64_t us = std::max<std::int64_t>(duration.count() / 1000, 0);
  std::string text = std::to_string(us / 1000);
  std::int64_t rest = us % 1000;
  if (rest == 0) return text;
  text.push_back('.');
  for (std::int64_t weight = 100; rest > 0; weight /= 10) {
    text.push_back(static_cast<char>('0' + rest / weight));
    rest %= weight;
  }
  return text;
}

}  // namespace tidemark::http
