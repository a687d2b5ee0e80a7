#include "http/strict_chunks.h"

#include <algorithm>
#include <string>

#include "http/characters.h"

namespace tidemark::http {
namespace {

constexpr int kMostDigits = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr const char* kBadExtension = "A chunk extension is malformed or larger than this gateway takes";
constexpr const char* kLoneReturn = "A carriage return stands alone";

}  // namespace

ChunkScanner::Verdict ChunkScanner::scan(std::string_view bytes, std::size_t& used) {
  used = 0;
  while (used < bytes.size()) {
    if (state_ == State::data) {
      const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(size_, bytes.size() - used));
      used += skipped;
      size_ -= skipped;
      if (size_ == 0) state_ = State::data_cr;
      continue;
    }
    if (!step(bytes[used++])) return Verdict::refused;
    if (state_ == State::complete) return Verdict::complete;
  }
  return Verdict::need_more;
}

bool ChunkScanner::step(char c) {
  switch (state_) {
    case State::size: return step_size(c);
    case State::size_lf:
      if (c != '\n') return refuse(kMalformedRequest, kLoneReturn);
      state_ = size_ == 0 ? State::trailer_start : State::data;
      return true;
    case State::data_cr:
      if (c != '\r') return refuse(kMalformedRequest, "A chunk is longer than its size");
      state_ = State::data_lf;
      return true;
    case State::data_lf:
      if (c != '\n') return refuse(kMalformedRequest, kLoneReturn);
      state_ = State::size;
      digits_ = 0;
      size_ = 0;
      return true;
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
    case State::end_lf: return step_trailer(c);
    case State::data:
    case State::complete: return true;
    default: return step_extension(c);
  }
}

bool ChunkScanner::step_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (++digits_ > kMostDigits) return refuse(kMalformedRequest, "A chunk size has too many digits");
    size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
    return true;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) return refuse(kMalformedRequest, "A chunk size is not a number");
  if (size_ > limits_.body_bytes - body_) {
    problem_ = Problem{kBodyTooLarge, "A body may have " + std::to_string(limits_.body_bytes) + " bytes"};
    return false;
  }
  body_ += size_;
  if (c == '\r') state_ = State::size_lf;
  else return end_of_name(c);
  return true;
}

// ';' begins a further extension, the line's end ends them all.
bool ChunkScanner::end_of_name(char c) {
  if (c == '\r') {
    state_ = State::size_lf;
    return true;
  }
  if (c != ';' || ++extension_bytes_ > limits_.chunk_extension_bytes) return refuse(kMalformedRequest, kBadExtension);
  state_ = State::extension_name;
  return true;
}

bool ChunkScanner::step_extension(char c) {
  const bool token = is_token_char(c);
  const bool ends = !token && state_ != State::quoted && state_ != State::escaped;
  if (ends && (c == '\r' || c == ';')) {
    // Behind ';' and '=' something must stand.
    if (state_ == State::extension_equals || state_ == State::extension_name)
      return refuse(kMalformedRequest, kBadExtension);
    return end_of_name(c);
  }
  if (++extension_bytes_ > limits_.chunk_extension_bytes) return refuse(kMalformedRequest, kBadExtension);
  const bool text = c == ' ' || is_visible_ascii(c);
  switch (state_) {
    case State::extension_name:  // its first character; the others are as a value's
      if (!token) return refuse(kMalformedRequest, kBadExtension);
      state_ = State::extension_value;
      has_value_ = false;
      return true;
    case State::extension_equals:
      if (!token && c != '"') return refuse(kMalformedRequest, kBadExtension);
      state_ = token ? State::extension_value : State::quoted;
      has_value_ = true;
      return true;
    case State::extension_value:
      if (c == '=' && !has_value_) state_ = State::extension_equals;
      else if (!token) return refuse(kMalformedRequest, kBadExtension);
      return true;
    case State::quoted:
      if (c == '"') state_ = State::quoted_end;
      else if (c == '\\') state_ = State::escaped;
      else if (!text) return refuse(kMalformedRequest, kBadExtension);
      return true;
    case State::escaped:
      if (!text) return refuse(kMalformedRequest, kBadExtension);
      state_ = State::quoted;
      return true;
    default: return refuse(kMalformedRequest, kBadExtension);
  }
}

bool ChunkScanner::step_trailer(char c) {
  // The empty line at the end is no part of the trailer.
  const bool counts = state_ != State::end_lf && !(state_ == State::trailer_start && c == '\r');
  if (counts && ++trailer_bytes_ > limits_.trailer_bytes)
    return refuse(kHeadersTooLarge, "The trailer fields are larger than this gateway takes");
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') {
        state_ = State::end_lf;
        return true;
      }
      if (c == ' ' || c == '\t') return refuse(kMalformedRequest, "A field continues on a second line");
      if (!is_token_char(c)) return refuse(kMalformedRequest, "A field name is not a token");
      state_ = State::trailer_name;
      return true;
    case State::trailer_name:
      if (c == ':') state_ = State::trailer_value;
      else if (!is_token_char(c)) return refuse(kMalformedRequest, "A field name is not a token");
      return true;
    case State::trailer_value:
      if (c == '\r') state_ = State::trailer_lf;
      else if (!is_value_char(c)) return refuse(kMalformedRequest, "A field value has a control character");
      return true;
    case State::trailer_lf:
    case State::end_lf:
      if (c != '\n') return refuse(kMalformedRequest, kLoneReturn);
      state_ = state_ == State::end_lf ? State::complete : State::trailer_start;
      return true;
    default: return true;
  }
}

bool ChunkScanner::refuse(const ProblemKind& kind, const char* detail) {
  problem_ = Problem{kind, detail};
  return false;
}

}  // namespace tidemark::http
