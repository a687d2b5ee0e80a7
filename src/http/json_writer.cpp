#include "http/json_writer.h"

#include <algorithm>

namespace tidemark::http {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// The length of the valid UTF-8 sequence that `text` begins with, else 0
// (Unicode 15, table 3-7: no overlong forms, no surrogates).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0U : 0x80U;
    const unsigned high = lead == 0xed ? 0x9fU : 0xbfU;
    return at(1) >= low && at(1) <= high && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90U : 0x80U;
    const unsigned high = lead == 0xf4 ? 0x8fU : 0xbfU;
    return at(1) >= low && at(1) <= high && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

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

void JsonWriter::name(std::string_view name) {
  value(name);
  out_.push_back(':');
  first_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate();
  out_.push_back('"');
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (byte == '"' || byte == '\\') {
      out_.push_back('\\');
      out_.push_back(text.front());
    } else if (byte < 0x20 || byte == 0x7f) {
      out_ += "\\u00";
      out_.push_back(kHex[byte >> 4]);
      out_.push_back(kHex[byte & 15]);
    } else if ((length = utf8_length(text)) > 0) {
      out_ += text.substr(0, length);
    } else {
      out_ += "\xef\xbf\xbd";
      length = 1;
    }
    text.remove_prefix(length);
  }
  out_.push_back('"');
}

void JsonWriter::value(std::int64_t number) {
  separate();
  out_ += std::to_string(number);
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
