// A mark: anybody's text. What decodes has one text, which decodes to the same mark;
// merged with itself it stays; merging two does not depend on their order.
//
// An input is a text, or, with '!' first, the bytes of a mark without its checksum,
// which no fuzzer would guess; a second one may follow behind a NUL or, of bytes, after
// the length that stands first.
#include "core/mark.h"

#include <optional>
#include <string>

#include "fuzz.h"

namespace tidemark::core {
namespace {

using fuzz::require;

std::string text_of(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint32_t sum = 2166136261U;
  for (const char c : bytes) sum = (sum ^ static_cast<std::uint8_t>(c)) * 16777619U;
  std::string whole(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) whole.push_back(static_cast<char>(sum >> shift & 255));
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : whole) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 63]);
  return text;
}

std::optional<Mark> check_one(std::string_view text) {
  const Result<Mark> mark = decode(text);
  if (!mark) {
    require(mark.error().kind == ErrorKind::corrupt && !mark.error().message.empty(), "a refusal says why");
    return std::nullopt;
  }
  require(!mark->empty() && mark->terms.size() <= Mark::kMaxTerms && mark->derived.size() <= Mark::kMaxDerived,
          "a mark is within its bounds");
  const Result<std::string> once = encode(*mark);
  if (!once) {
    require(once.error().kind == ErrorKind::limit, "only a bound keeps a mark from having a text");
    return std::nullopt;
  }
  require(once->size() <= Mark::kMaxText, "a text is within its bound");
  const Result<Mark> again = decode(*once);
  require(again.ok(), "a text that was written is read");
  const Result<std::string> twice = encode(*again);
  require(twice.ok() && *twice == *once, "a mark has one text");
  // More terms than are kept one by one are widened; all else stays what it was.
  if (again->terms.size() == mark->terms.size()) require(*again == *mark, "its text says all of a mark");
  return *again;
}

void check(std::string_view bytes) {
  std::string first, second;
  if (!bytes.empty() && bytes[0] == '!') {
    fuzz::Input input(bytes.substr(1));
    const std::size_t length = input.number(2);
    first = text_of(input.take(length));
    second = text_of(input.rest());
  } else {
    fuzz::Input input(bytes);
    first = input.line('\0');
    second = input.rest();
  }
  const std::optional<Mark> a = check_one(first);
  const std::optional<Mark> b = check_one(second);
  if (a) {
    const Result<Mark> same = merge(*a, *a);
    require(!same || encode(*same).ok(), "what was merged has a text");
    if (same) {
      const Result<Mark> still = merge(*same, *a);
      require(still.ok() && *still == *same, "merging a mark a second time changes nothing");
    }
  }
  if (!a || !b) return;
  const Result<Mark> ab = merge(*a, *b), ba = merge(*b, *a);
  require(ab.ok() == ba.ok() && (!ab || *ab == *ba), "the order of marks does not matter");
}

}  // namespace
}  // namespace tidemark::core

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tidemark::core::check(tidemark::fuzz::view(data, size));
  return 0;
}
