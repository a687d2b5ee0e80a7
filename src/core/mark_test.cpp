// Marks: the token that lets any gateway go on where another stopped (P8); merged, mark_union.cpp.
#include "core/mark.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace tidemark::core {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Uuid uuid_of(int number) {
  Uuid uuid;
  uuid.bytes[0] = static_cast<std::uint8_t>(number);
  return uuid;
}

Term event_term(std::string topic, Partition partition, Offset offset, std::vector<Expected> expected = {}) {
  Term term;
  term.topic = std::move(topic);
  term.partition = partition;
  term.first = term.last = offset;
  term.expected = std::move(expected);
  return term;
}

Expected expects(std::string name, Offset anchor = kNoOffset) {
  return {std::move(name), ExpectedBy::observed, {anchor, false, {}}};
}

Mark with(std::vector<Term> terms) { return {Scope::event, std::move(terms)}; }

rc::Gen<Anchor> any_anchor(Offset first) {
  return rc::gen::exec([first] {
    Anchor anchor;
    const int kind = *rc::gen::inRange(0, 4);
    if (kind == 0) return anchor;
    anchor.committed = kind == 1 ? 0 : *rc::gen::inRange<Offset>(0, first + 1);
    anchor.declared = kind == 1;
    if (kind == 3) anchor.at = {*rc::gen::inRange(0, 50), *rc::gen::inRange<Offset>(0, 1'000'000)};
    return anchor;
  });
}

// Few topics, partitions and offsets, so that merging has work to do.
rc::Gen<Term> any_term() {
  return rc::gen::exec([] {
    Term term;
    term.kind = static_cast<Term::Kind>(*rc::gen::weightedElement<int>({{6, 0}, {2, 1}, {1, 2}}));
    term.topic = *rc::gen::element<std::string>("orders", "views");
    if (term.topic == "orders") term.topic_id = uuid_of(7);
    term.partition = *rc::gen::inRange(0, 2);
    term.first = term.last = *rc::gen::inRange<Offset>(0, 30);
    if (term.kind == Term::Kind::prefix) term.last += *rc::gen::inRange<Offset>(0, 10);
    if (term.kind == Term::Kind::pending) {
      term.id = uuid_of(*rc::gen::inRange(1, 4));
      term.partition = -1;
      term.topic = "views";
      term.topic_id = Uuid{};
    } else {
      term.leader_epoch = 3;
    }
    for (const char* name : {"billing", "search", "ünïcode"}) {
      if (*rc::gen::inRange(0, 2) == 0) continue;
      term.expected.push_back({name, static_cast<ExpectedBy>(*rc::gen::inRange(0, 2)), *any_anchor(term.first)});
    }
    return term;
  });
}

rc::Gen<Mark> any_mark(int most) {
  return rc::gen::exec([most] {
    Mark mark;
    mark.scope = static_cast<Scope>(*rc::gen::inRange(0, 2));
    const int count = *rc::gen::inRange(1, most + 1);
    for (int i = 0; i < count; ++i) mark.terms.push_back(*any_term());
    return mark;
  });
}

// Some term of `mark` waits for everything that `term` does, at `name`.
bool requires_at_least(const Mark& mark, const Term& term, const std::string& name) {
  return std::any_of(mark.terms.begin(), mark.terms.end(), [&](const Term& t) {
    if (t.topic != term.topic || t.topic_id != term.topic_id || t.partition != term.partition) return false;
    if (term.kind == Term::Kind::pending) {
      if (t.kind != term.kind || t.id != term.id || t.first > term.first) return false;
    } else if (t.kind == Term::Kind::pending || t.first > term.first || t.last < term.last) {
      return false;
    }
    return name.empty() || std::any_of(t.expected.begin(), t.expected.end(), [&](const Expected& e) { return e.name == name; });
  });
}

bool covers(const Mark& whole, const Mark& part) {
  for (const Term& term : part.terms) {
    if (!requires_at_least(whole, term, "")) return false;
    for (const Expected& e : term.expected)
      if (!requires_at_least(whole, term, e.name)) return false;
  }
  return whole.scope >= part.scope;
}

// tidemark-sim, seed 2208322331276575: a lost event was called processed by what stood in its place.
TEST(Mark, OfOnePlaceUnderTwoLeaderEpochsTheLowerIsKept) {
  const auto under = [](std::int32_t epoch, Offset last = 27) {
    Mark mark{Scope::event, {event_term("orders", 0, 27, {})}};
    mark.terms[0].leader_epoch = epoch;
    if (last != 27) mark.terms[0].kind = Term::Kind::prefix;
    mark.terms[0].last = last;
    return mark;
  };
  const auto merged = [](const Mark& a, const Mark& b) { return merge(a, b)->terms.at(0).leader_epoch; };
  EXPECT_EQ(merged(under(1), under(2)), 1);
  EXPECT_EQ(merged(under(2), under(1)), 1);
  EXPECT_EQ(merged(under(2), under(-1)), 2);
  EXPECT_EQ(merged(under(3, 30), under(2, 31)), 2) << "the last record's";
}

TEST(Mark, CarriesEverythingThatAnotherGatewayNeeds) {
  Term term = event_term("orders", 2, 1'234'567'890'123, {});
  term.topic_id = uuid_of(9);
  term.leader_epoch = 17;
  term.expected.push_back({"billing", ExpectedBy::configured, {1'234'567'890'100, false, {31, 987'654}}});
  term.expected.push_back({"search", ExpectedBy::observed, {0, true, {}}});
  term.expected.push_back({"views", ExpectedBy::observed, {}});
  const Mark mark{Scope::watermark, {term}};
  const auto text = encode(mark);
  ASSERT_TRUE(text.ok());
  EXPECT_LT(text->size(), 140U) << "an ordinary mark fits in a header or a cookie";
  EXPECT_EQ(text->find_first_not_of(kAlphabet), std::string::npos);
  const auto back = decode(*text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, mark);
}

TEST(Mark, RefusesWhatIsNotOne) {
  for (const std::string& text : {std::string(), std::string("A"), std::string("hello, world"), std::string("AAAAAAAAAAAA"),
                                  std::string(Mark::kMaxText + 1, 'A'), std::string(Mark::kMaxText, 'A'),
                                  std::string("\0\xff", 2)}) {
    const auto mark = decode(text);
    ASSERT_FALSE(mark.ok()) << text;
    EXPECT_EQ(mark.error().kind, ErrorKind::corrupt);
    EXPECT_FALSE(mark.error().message.empty());
  }
}

TEST(Mark, RefusesPaddingAndASecondTextForTheSameBytes) {
  for (Offset offset = 0; offset < 3; ++offset) {
    const std::string name(static_cast<std::size_t>(offset) + 1, 'n');
    const std::string text = *encode(with({event_term("t", 0, 1, {expects(name)})}));
    EXPECT_FALSE(decode(text + "=").ok());
    if (text.size() % 4 == 0) continue;
    std::string other = text;
    other.back() = kAlphabet[kAlphabet.find(other.back()) + 1];
    EXPECT_FALSE(decode(other).ok()) << "left-over bits must be zero";
  }
}

RC_GTEST_PROP(Mark, P8WhatIsEncodedIsDecoded, ()) {
  const Mark mark = *any_mark(8);
  const auto text = encode(mark);
  RC_ASSERT(text.ok());
  const auto back = decode(*text);
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == mark);
  RC_ASSERT(*encode(*back) == *text);
}

RC_GTEST_PROP(Mark, AChangedMarkIsRefused, ()) {
  const std::string text = *encode(*any_mark(4));
  std::string changed = text;
  const auto place = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(text.size())));
  switch (*rc::gen::inRange(0, 4)) {
    case 0: changed[place] = static_cast<char>(changed[place] ^ (1 << *rc::gen::inRange(0, 8))); break;
    case 1: changed.resize(place); break;
    case 2: changed.erase(place, 1); break;
    default: changed.insert(place, 1, kAlphabet[static_cast<std::size_t>(*rc::gen::inRange(0, 64))]); break;
  }
  RC_PRE(changed != text);
  RC_ASSERT(!decode(changed).ok());
}

RC_GTEST_PROP(Mark, RandomTextIsRefused, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string(kAlphabet)));
  RC_ASSERT(!decode(text).ok());
  RC_ASSERT(!decode(*rc::gen::string<std::string>()).ok());
}

std::string base64url(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) bits = (bits << 8) | (j < bytes.size() ? static_cast<std::uint8_t>(bytes[j]) : 0U);
    const std::size_t chars = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t c = 0; c < chars; ++c) text.push_back(kAlphabet[(bits >> (18 - 6 * c)) & 63]);
  }
  return text;
}

std::string sealed(std::string bytes) {
  std::uint32_t sum = 2166136261U;
  for (const char c : bytes) sum = (sum ^ static_cast<std::uint8_t>(c)) * 16777619U;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(sum >> shift));
  return base64url(bytes);
}

// A hostile sender computes the checksum: what is behind it must hold by itself.
RC_GTEST_PROP(Mark, AForgedMarkIsRefusedOrWithinBounds, ()) {
  auto bytes = *rc::gen::container<std::string>(
      rc::gen::map(rc::gen::weightedOneOf<int>({{4, rc::gen::inRange(0, 8)}, {1, rc::gen::inRange(0, 256)}}),
                   [](int value) { return static_cast<char>(value); }));
  bytes.insert(0, std::string("\x01\x00\x01\x01n", 5));
  const auto mark = decode(sealed(bytes));
  if (!mark.ok()) return;
  RC_ASSERT(!mark->empty());
  RC_ASSERT(mark->terms.size() <= Mark::kMaxTerms);
  for (const Term& term : mark->terms) {
    RC_ASSERT(!term.topic.empty());
    RC_ASSERT(term.last >= term.first);
    RC_ASSERT(term.expected.size() <= Mark::kMaxExpected);
    if (term.kind != Term::Kind::pending) RC_ASSERT(term.partition >= 0 && term.first >= 0);
  }
}

TEST(Mark, ForgedPartsAreRefused) {
  // version, scope, no names, one term: kind, topic "t", no id, partition 0, offset 5, no epoch, nobody
  const std::string good("\x01\x00\x00\x01\x00\x01t\x00\x01\x05\x00\x00", 12);
  ASSERT_TRUE(decode(sealed(good)).ok());
  const auto changed = [&](std::size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    return sealed(bytes);
  };
  EXPECT_FALSE(decode(changed(0, 2)).ok()) << "version";
  EXPECT_FALSE(decode(changed(1, 2)).ok()) << "scope";
  EXPECT_FALSE(decode(changed(2, 1)).ok()) << "a name that is not there";
  EXPECT_FALSE(decode(changed(3, 0)).ok()) << "no terms";
  EXPECT_FALSE(decode(changed(3, 2)).ok()) << "a second term that is not there";
  EXPECT_FALSE(decode(changed(4, 3)).ok()) << "kind";
  EXPECT_FALSE(decode(changed(4, 4)).ok()) << "kind";
  EXPECT_FALSE(decode(changed(5, 0)).ok()) << "an empty topic";
  EXPECT_FALSE(decode(changed(7, 2)).ok()) << "a flag that is neither yes nor no";
  EXPECT_FALSE(decode(changed(8, 0)).ok()) << "no partition";
  EXPECT_FALSE(decode(changed(11, 1)).ok()) << "a consumer that is not there";
  EXPECT_FALSE(decode(sealed(good + '\0')).ok()) << "more than it says";
  EXPECT_FALSE(decode(sealed(std::string("\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11))).ok()) << "2^62 names";
}

TEST(MarkMerge, IsAUnion) {
  const auto merged = merge(with({event_term("orders", 0, 5, {expects("billing", 3)})}),
                            with({event_term("orders", 1, 9, {expects("search", 9)})}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(*merged, with({event_term("orders", 0, 5, {expects("billing", 3)}), event_term("orders", 1, 9, {expects("search", 9)})}));
}

TEST(MarkMerge, APrefixAbsorbsWhatLiesBelowItAndNothingAbove) {
  Term prefix = event_term("orders", 0, 0, {expects("billing", 0)});
  prefix.kind = Term::Kind::prefix;
  prefix.last = 20;
  const auto merged = merge(with({event_term("orders", 0, 5, {expects("search", 4)}), event_term("orders", 0, 30)}), with({prefix}));
  ASSERT_TRUE(merged.ok());
  ASSERT_EQ(merged->terms.size(), 2U);
  const Term& absorbed = merged->terms[merged->terms[0].kind == Term::Kind::prefix ? 0 : 1];
  EXPECT_EQ(absorbed.first, 0);
  EXPECT_EQ(absorbed.last, 20);
  EXPECT_EQ(absorbed.expected.size(), 2U);
}

TEST(MarkMerge, ManyEventsOnAPartitionWidenToAPrefixWithTheLowestAnchor) {
  Mark mark = with({event_term("orders", 0, 10, {expects("billing", 8), expects("search", 10)})});
  for (Offset o = 11; o < 15; ++o)
    mark = *merge(mark, with({event_term("orders", 0, o, {expects("billing", o - 1), expects("search")})}));
  ASSERT_EQ(mark.terms.size(), 1U);
  EXPECT_EQ(mark.terms[0].kind, Term::Kind::prefix);
  EXPECT_EQ(mark.terms[0].first, 10);
  EXPECT_EQ(mark.terms[0].last, 14);
  ASSERT_EQ(mark.terms[0].expected.size(), 2U);
  EXPECT_EQ(mark.terms[0].expected[0], expects("billing", 8));
  EXPECT_EQ(mark.terms[0].expected[1], expects("search")) << "no anchor where one of the positions has none";
}

TEST(MarkMerge, WhatEitherSawAtAPositionHoldsForBoth) {
  Expected configured = expects("billing");
  configured.by = ExpectedBy::configured;
  const auto merged = merge(with({event_term("orders", 0, 5, {expects("billing", 4)})}), with({event_term("orders", 0, 5, {configured})}));
  ASSERT_TRUE(merged.ok());
  ASSERT_EQ(merged->terms.size(), 1U);
  ASSERT_EQ(merged->terms[0].expected.size(), 1U);
  EXPECT_EQ(merged->terms[0].expected[0].anchor.committed, 4);
  EXPECT_EQ(merged->terms[0].expected[0].by, ExpectedBy::configured);
}

// Simulator seed 22266: merged twice, a barrier's baseline hid an event below it.
TEST(MarkMerge, ABaselineSpeaksForNobodyWhoAsksForAll) {
  Term barrier = event_term("orders", 0, 18, {expects("mail", 18)});
  barrier.kind = Term::Kind::prefix;
  barrier.first = 0;
  const auto once = merge(with({event_term("orders", 0, 17, {expects("mail")})}), with({barrier}));
  ASSERT_TRUE(once.ok());
  for (const auto& twice : {merge(*once, with({barrier})), merge(with({barrier}), *once)}) {
    ASSERT_TRUE(twice.ok());
    ASSERT_EQ(twice->terms.size(), 1U);
    EXPECT_FALSE(twice->terms[0].expected.at(0).anchor.known());
  }
}

TEST(MarkMerge, TheSamePendingAppendKeepsTheNamesOfBoth) {
  Term a = event_term("orders", -1, 7, {expects("billing")}), b = event_term("orders", -1, 5, {expects("search")});
  a.kind = b.kind = Term::Kind::pending;
  a.id = b.id = uuid_of(1);
  const auto merged = merge(with({a}), with({b}));
  ASSERT_TRUE(merged.ok());
  ASSERT_EQ(merged->terms.size(), 1U);
  EXPECT_EQ(merged->terms[0].first, 5);
  EXPECT_EQ(merged->terms[0].expected.size(), 2U);
}

TEST(MarkMerge, TheStrongerScopeWins) {
  Mark strong = with({event_term("orders", 0, 5)});
  strong.scope = Scope::watermark;
  EXPECT_EQ(merge(with({event_term("orders", 0, 4)}), strong)->scope, Scope::watermark);
}

TEST(MarkMerge, P7IsBounded) {
  Mark mark = with({event_term("orders", 0, 1)});
  Partition partition = 1;
  for (; partition < static_cast<Partition>(Mark::kMaxTerms); ++partition)
    mark = *merge(mark, with({event_term("orders", partition, 1)}));
  const auto beyond = merge(mark, with({event_term("orders", partition, 1)}));
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().kind, ErrorKind::limit);

  Mark crowd = with({event_term("orders", 0, 1)});
  for (std::size_t i = 0; i < Mark::kMaxExpected; ++i) crowd.terms[0].expected.push_back(expects("c" + std::to_string(i)));
  EXPECT_TRUE(merge(crowd, crowd).ok());
  EXPECT_FALSE(merge(crowd, with({event_term("orders", 0, 1, {expects("one more")})})).ok());
}

TEST(MarkEncode, P7WidensBeforeItRefuses) {
  Mark mark;
  const std::string topic(100, 't');
  for (Offset o = 0; o < 40; ++o) mark.terms.push_back(event_term(topic, 0, o * 2, {expects("billing", o)}));
  const auto text = encode(mark);
  ASSERT_TRUE(text.ok());
  EXPECT_LE(text->size(), Mark::kMaxText);
  const auto back = decode(*text);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(covers(*back, mark));
  for (std::size_t p = 0; p < 40; ++p) mark.terms[p].partition = static_cast<Partition>(p);
  const auto refused = encode(mark);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
}

// What is encoded must be readable: short terms fit the text before the count.
TEST(MarkEncode, P7WritesNoMoreTermsThanAreRead) {
  Mark mark;
  for (Partition p = 0; p <= static_cast<Partition>(Mark::kMaxTerms); ++p) mark.terms.push_back(event_term("t", p, 0));
  EXPECT_FALSE(encode(mark).ok());
  for (Term& term : mark.terms) term.partition %= 2;
  for (std::size_t i = 0; i < mark.terms.size(); ++i) mark.terms[i].first = mark.terms[i].last = static_cast<Offset>(i);
  const auto text = encode(mark);
  ASSERT_TRUE(text.ok());
  ASSERT_TRUE(decode(*text).ok());
  EXPECT_TRUE(covers(*decode(*text), mark));
}

RC_GTEST_PROP(MarkMerge, NeverDropsARequirement, ()) {
  const Mark a = *any_mark(6), b = *any_mark(6);
  const auto merged = merge(a, b);
  RC_ASSERT(merged.ok());
  RC_ASSERT(covers(*merged, a));
  RC_ASSERT(covers(*merged, b));
  std::map<std::pair<std::string, Partition>, std::size_t> events;
  for (const Term& term : merged->terms)
    if (term.kind == Term::Kind::event)
      RC_ASSERT((++events[{term.topic, term.partition}]) <= Mark::kEventTermsPerPartition);
}

// An anchor is at or below its position in each part, and stays so.
RC_GTEST_PROP(MarkMerge, NeverRaisesAnAnchorAboveItsPosition, ()) {
  const Mark merged = *merge(*any_mark(6), *any_mark(6));
  for (const Term& term : merged.terms)
    for (const Expected& e : term.expected)
      if (e.anchor.known() && term.kind == Term::Kind::event) RC_ASSERT(e.anchor.committed <= term.first);
}

RC_GTEST_PROP(MarkMerge, TheOrderDoesNotMatter, ()) {
  const Mark a = *any_mark(6), b = *any_mark(6);
  RC_ASSERT(*merge(a, b) == *merge(b, a));
}

RC_GTEST_PROP(MarkMerge, OnceIsEnough, ()) {
  const Mark a = *any_mark(6), b = *any_mark(6);
  const Mark merged = *merge(a, b);
  RC_ASSERT(*merge(merged, merged) == merged);
  RC_ASSERT(*merge(merged, Mark{}) == merged);
}

// Widening depends on what is at hand, so a different grouping may wait for
// more; it never waits for less than any part.
RC_GTEST_PROP(MarkMerge, AnyGroupingCoversEveryPart, ()) {
  const Mark a = *any_mark(4), b = *any_mark(4), c = *any_mark(4);
  for (const Mark& merged : {*merge(*merge(a, b), c), *merge(a, *merge(b, c))})
    for (const Mark* part : {&a, &b, &c}) RC_ASSERT(covers(merged, *part));
}

}  // namespace
}  // namespace tidemark::core
