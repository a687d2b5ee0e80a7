#include "core/mark.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/mark_union.h"

namespace tidemark::core {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasAnchor = 1 << 4;
constexpr std::uint8_t kDeclared = 1 << 5;
constexpr std::uint8_t kAnchorRecord = 1 << 6;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Error corrupt(std::string why) { return Error{ErrorKind::corrupt, "not a mark: " + std::move(why)}; }

std::uint32_t fnv1a(std::string_view bytes) {
  std::uint32_t hash = 2166136261U;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash;
}

std::string to_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[(bits << (6 - count)) & 63]);
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  static const std::array<std::int8_t, 256> kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = kValues[static_cast<std::uint8_t>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 255));
    }
  }
  // One text for one mark: left-over bits must be absent or zero.
  if (count == 6 || (bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

class Packer {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void number(std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest >= 128; rest >>= 7) byte(static_cast<std::uint8_t>(rest | 128));
    byte(static_cast<std::uint8_t>(rest));
  }
  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
  }
  void uuid(const Uuid& value) {
    for (const std::uint8_t b : value.bytes) byte(b);
  }
  std::string finish() && {
    const std::uint32_t sum = fnv1a(bytes_);
    for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(sum >> shift));
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint8_t byte_below(std::uint8_t limit) {
    const std::uint8_t value = byte();
    return value < limit ? value : fail();
  }
  // A number of at most 62 bits, so that adding one or two never overflows.
  std::int64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const std::uint8_t b = byte();
      value |= static_cast<std::uint64_t>(b & 127) << shift;
      if (b < 128) return value >> 62 != 0 ? fail() : static_cast<std::int64_t>(value);
    }
    return fail();
  }
  std::int64_t number_below(std::int64_t limit) {
    const std::int64_t value = number();
    return value < limit ? value : fail();
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number_below(static_cast<std::int64_t>(rest_.size()) + 1));
    if (!ok_ || size > rest_.size()) return fail(), std::string{};
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  Uuid uuid() {
    Uuid value;
    for (std::uint8_t& b : value.bytes) b = byte();
    return value;
  }

 private:
  std::uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

void pack_expected(Packer& out, const Expected& expected, std::int64_t name) {
  out.number(name);
  std::uint8_t flags = static_cast<std::uint8_t>(expected.by);
  const Anchor& anchor = expected.anchor;
  if (anchor.known()) flags |= kHasAnchor;
  if (anchor.declared) flags |= kDeclared;
  if (anchor.known() && anchor.at.known()) flags |= kAnchorRecord;
  out.byte(flags);
  if (flags & kHasAnchor) out.number(anchor.committed);
  if (flags & kAnchorRecord) {
    out.number(anchor.at.partition);
    out.number(anchor.at.offset);
  }
}

void pack_term(Packer& out, const Term& term, const std::vector<std::string>& names) {
  out.byte(static_cast<std::uint8_t>(term.kind));
  out.text(term.topic);
  out.byte(term.topic_id.is_nil() ? 0 : 1);
  if (!term.topic_id.is_nil()) out.uuid(term.topic_id);
  out.number(term.partition + 1);
  if (term.kind == Term::Kind::pending) {
    out.number(term.first + 1);
    out.uuid(term.id);
  } else {
    out.number(term.first);
    if (term.kind == Term::Kind::prefix) out.number(term.last - term.first);
    out.number(term.leader_epoch + 1);
  }
  out.number(static_cast<std::int64_t>(term.expected.size()));
  for (const Expected& expected : term.expected) {
    const auto name = std::lower_bound(names.begin(), names.end(), expected.name);
    pack_expected(out, expected, name - names.begin());
  }
}

Expected unpack_expected(Unpacker& in, const std::vector<std::string>& names) {
  Expected expected;
  const auto name = static_cast<std::size_t>(in.number_below(static_cast<std::int64_t>(names.size())));
  if (in.ok()) expected.name = names[name];
  const std::uint8_t flags = in.byte();
  expected.by = (flags & 15) == 0 ? ExpectedBy::configured : ExpectedBy::observed;
  expected.anchor.declared = (flags & kDeclared) != 0;
  if (flags & kHasAnchor) expected.anchor.committed = in.number();
  if (flags & kAnchorRecord) {
    expected.anchor.at.partition = static_cast<Partition>(in.number_below(INT32_MAX));
    expected.anchor.at.offset = in.number();
  }
  return expected;
}

Term unpack_term(Unpacker& in, const std::vector<std::string>& names) {
  Term term;
  term.kind = static_cast<Term::Kind>(in.byte_below(3));
  term.topic = in.text();
  if (in.byte_below(2) != 0) term.topic_id = in.uuid();
  term.partition = static_cast<Partition>(in.number_below(INT32_MAX) - 1);
  if (term.kind == Term::Kind::pending) {
    term.first = in.number() - 1;
    term.last = term.first;
    term.id = in.uuid();
  } else {
    term.first = in.number();
    term.last = term.first;
    if (term.kind == Term::Kind::prefix) term.last += in.number_below(INT64_MAX / 2 - term.first);
    term.leader_epoch = static_cast<std::int32_t>(in.number_below(INT32_MAX) - 1);
  }
  const std::int64_t count = in.number_below(static_cast<std::int64_t>(Mark::kMaxExpected) + 1);
  for (std::int64_t i = 0; i < count && in.ok(); ++i) term.expected.push_back(unpack_expected(in, names));
  return term;
}

std::optional<std::string> invalid_part(const Term& term) {
  if (term.topic.empty() || term.topic.size() > 249) return "a topic's name is empty or too long";
  if (term.kind != Term::Kind::pending && term.partition < 0) return "a position without a partition";
  return std::nullopt;
}

std::string pack(const Mark& mark) {
  std::vector<std::string> names;
  for (const Term& term : mark.terms)
    for (const Expected& expected : term.expected) names.push_back(expected.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  Packer out;
  out.byte(kVersion);
  out.byte(static_cast<std::uint8_t>(mark.scope));
  out.number(static_cast<std::int64_t>(names.size()));
  for (const std::string& name : names) out.text(name);
  out.number(static_cast<std::int64_t>(mark.terms.size()));
  for (const Term& term : mark.terms) pack_term(out, term, names);
  return to_base64url(std::move(out).finish());
}

}  // namespace

Result<std::string> encode(const Mark& mark) {
  std::string text = pack(mark);
  if (text.size() <= Mark::kMaxText && !beyond_bounds(mark)) return text;
  // One prefix a partition is the smallest true form.
  Mark smaller{mark.scope, compact(mark.terms, 1)};
  text = pack(smaller);
  if (auto beyond = beyond_bounds(smaller)) return std::move(*beyond);
  if (text.size() <= Mark::kMaxText) return text;
  return Error{ErrorKind::limit, "the mark would be " + std::to_string(text.size()) + " bytes, more than the " +
                                     std::to_string(Mark::kMaxText) + " allowed: wait for fewer events or consumers"};
}

Result<Mark> decode(std::string_view text) {
  if (text.empty()) return corrupt("it is empty");
  if (text.size() > Mark::kMaxText) return corrupt("it is longer than " + std::to_string(Mark::kMaxText) + " bytes");
  const std::optional<std::string> bytes = from_base64url(text);
  if (!bytes) return corrupt("it has characters outside base64url or is cut short");
  if (bytes->size() < 8) return corrupt("it is too short");
  const std::string_view body = std::string_view(*bytes).substr(0, bytes->size() - 4);
  std::uint32_t sum = 0;
  for (const char c : std::string_view(*bytes).substr(body.size())) sum = (sum << 8) | static_cast<std::uint8_t>(c);
  if (sum != fnv1a(body)) return corrupt("its checksum does not match, it was changed or cut short");

  Unpacker in(body);
  if (in.byte() != kVersion) return corrupt("its version is unknown to this gateway");
  Mark mark;
  const std::uint8_t scope = in.byte();
  if (scope > 1) return corrupt("unknown scope");
  mark.scope = static_cast<Scope>(scope);
  std::vector<std::string> names(static_cast<std::size_t>(in.number_below(static_cast<std::int64_t>(text.size()))));
  for (std::string& name : names) name = in.text();
  const std::int64_t terms = in.number_below(static_cast<std::int64_t>(Mark::kMaxTerms) + 1);
  for (std::int64_t i = 0; i < terms && in.ok(); ++i) {
    mark.terms.push_back(unpack_term(in, names));
    if (!in.ok()) break;
    if (const auto why = invalid_part(mark.terms.back())) return corrupt(*why);
  }
  if (!in.ok() || !in.at_end() || mark.empty()) return corrupt("its parts do not add up");
  return mark;
}

}  // namespace tidemark::core
