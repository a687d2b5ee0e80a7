#include "core/mark.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/mark_bytes.h"
#include "core/mark_derived.h"
#include "core/mark_union.h"

namespace tidemark::core {
namespace {

constexpr std::uint8_t kVersion = 1;         // without derived topics and ids
constexpr std::uint8_t kDerivedVersion = 2;
constexpr std::uint8_t kEventWithId = 3;     // a kind of term, in bytes only
constexpr std::uint8_t kHasAnchor = 1 << 4;
constexpr std::uint8_t kDeclared = 1 << 5;
constexpr std::uint8_t kAnchorRecord = 1 << 6;
constexpr std::uint8_t kUnused = 1 << 7;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Error corrupt(std::string why) { return Error{ErrorKind::corrupt, "not a mark: " + std::move(why)}; }

std::uint32_t fnv1a(std::string_view bytes) {
  std::uint32_t hash = 2166136261U;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash;
}

std::string with_sum(std::string bytes) {
  const std::uint32_t sum = fnv1a(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((sum >> shift) & 255));
  return bytes;
}

std::string to_base64url(std::string_view bytes) {
  std::string text((bytes.size() * 4 + 2) / 3, '\0');
  char* at = text.data();
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *at++ = kAlphabet[bits >> 18];
    *at++ = kAlphabet[(bits >> 12) & 63];
    if (i + 1 < bytes.size()) *at++ = kAlphabet[(bits >> 6) & 63];
    if (i + 2 < bytes.size()) *at++ = kAlphabet[bits & 63];
  }
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

void pack_term(Packer& out, const Term& term, const std::vector<std::string_view>& names) {
  const bool event_with_id = term.kind == Term::Kind::event && !term.id.is_nil();
  out.byte(event_with_id ? kEventWithId : static_cast<std::uint8_t>(term.kind));
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
    if (event_with_id) out.uuid(term.id);
  }
  out.number(static_cast<std::int64_t>(term.expected.size()));
  for (const Expected& expected : term.expected) {
    const auto name = std::lower_bound(names.begin(), names.end(), std::string_view(expected.name));
    pack_expected(out, expected, name - names.begin());
  }
}

Expected unpack_expected(Unpacker& in, const std::vector<std::string>& names) {
  Expected expected;
  const auto name = static_cast<std::size_t>(in.number_below(static_cast<std::int64_t>(names.size())));
  if (in.ok()) expected.name = names[name];
  const std::uint8_t flags = in.byte();
  // What no gateway writes would be lost when the mark is written again.
  const bool of_no_anchor = (flags & kHasAnchor) == 0 && (flags & (kDeclared | kAnchorRecord)) != 0;
  if (of_no_anchor || (flags & kUnused) != 0 || (flags & 15) > kHighestBy) in.fail();
  expected.by = expected_by(flags & 15);
  expected.anchor.declared = (flags & kDeclared) != 0;
  if (flags & kHasAnchor) expected.anchor.committed = in.number();
  if (flags & kAnchorRecord) {
    expected.anchor.at.partition = static_cast<Partition>(in.number_below(INT32_MAX));
    expected.anchor.at.offset = in.number();
  }
  return expected;
}

Term unpack_term(Unpacker& in, const std::vector<std::string>& names, bool ids) {
  Term term;
  const std::uint8_t kind = in.byte_below(ids ? 4 : 3);
  term.kind = kind == kEventWithId ? Term::Kind::event : static_cast<Term::Kind>(kind);
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
    if (kind == kEventWithId) term.id = in.uuid();
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
  std::vector<std::string_view> names;
  for (const Term& term : mark.terms)
    for (const Expected& expected : term.expected) names.emplace_back(expected.name);
  add_names(mark.derived, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  const bool has_ids = std::any_of(mark.terms.begin(), mark.terms.end(), [](const Term& term) {
    return term.kind == Term::Kind::event && !term.id.is_nil();
  });
  const bool plain = mark.derived.empty() && !has_ids;
  Packer out;
  out.reserve(128);
  out.byte(plain ? kVersion : kDerivedVersion);
  out.byte(static_cast<std::uint8_t>(mark.scope));
  out.number(static_cast<std::int64_t>(names.size()));
  for (const std::string_view name : names) out.text(name);
  out.number(static_cast<std::int64_t>(mark.terms.size()));
  for (const Term& term : mark.terms) pack_term(out, term, names);
  if (!plain) pack_derived(out, mark.derived, names);
  return to_base64url(with_sum(std::move(out).bytes()));
}

}  // namespace

Result<std::string> encode(const Mark& mark) {
  std::string text = pack(mark);
  if (text.size() <= Mark::kMaxText && !beyond_bounds(mark)) return text;
  // One prefix a partition is the smallest true form; without the positions on
  // derived topics it says less of them, and the wait for it may say `unanchored`.
  Mark smaller{mark.scope, compact(mark.terms, 1), mark.derived};
  if (auto beyond = beyond_bounds(smaller)) return std::move(*beyond);
  text = pack(smaller);
  while (text.size() > Mark::kMaxText && forget_most(smaller.derived)) text = pack(smaller);
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
  const std::uint8_t version = in.byte();
  if (version != kVersion && version != kDerivedVersion) return corrupt("its version is unknown to this gateway");
  Mark mark;
  const std::uint8_t scope = in.byte();
  if (scope > 1) return corrupt("unknown scope");
  mark.scope = static_cast<Scope>(scope);
  std::vector<std::string> names(static_cast<std::size_t>(in.number_below(static_cast<std::int64_t>(text.size()))));
  for (std::string& name : names) name = in.text();
  const std::int64_t terms = in.number_below(static_cast<std::int64_t>(Mark::kMaxTerms) + 1);
  for (std::int64_t i = 0; i < terms && in.ok(); ++i) {
    mark.terms.push_back(unpack_term(in, names, version == kDerivedVersion));
    if (!in.ok()) break;
    if (const auto why = invalid_part(mark.terms.back())) return corrupt(*why);
  }
  if (version == kDerivedVersion) mark.derived = unpack_derived(in, names);
  for (const Derived& derived : mark.derived)
    if (in.ok() && (derived.topic.empty() || derived.topic.size() > 249)) return corrupt("a topic's name is empty or too long");
  if (!in.ok() || !in.at_end() || mark.empty()) return corrupt("its parts do not add up");
  return mark;
}

}  // namespace tidemark::core
