#include "core/mark_derived.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace tidemark::core {
namespace {

using namespace std::chrono_literals;

Uuid id_of(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

Mark a_mark() {
  Mark mark;
  Term& term = mark.terms.emplace_back();
  term.topic = "orders";
  term.topic_id = id_of(1);
  term.first = term.last = 7;
  term.id = id_of(9);
  term.expected = {{"enricher", ExpectedBy::declared, {7, false, {3, 40}}}};
  Derived& derived = mark.derived.emplace_back();
  derived.topic = "enriched";
  derived.topic_id = id_of(2);
  derived.floors = {100, 0, 7};
  derived.readers = {{"views", ExpectedBy::observed, {{90, false, {5, 1000}}, {}, {7, false, {}}}}};
  derived.writers = {{"enricher", "orders", Emits::within, 1500ms, false}};
  Derived& later = mark.derived.emplace_back();
  later.topic = "reports";
  later.writers = {{"enricher", "orders", Emits::later, {}, true}};
  return mark;
}

TEST(MarkDerived, ComesBackAsItWas) {
  const Result<std::string> text = encode(a_mark());
  ASSERT_TRUE(text.ok());
  const Result<Mark> back = decode(text.value());
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back.value(), a_mark());
}

TEST(MarkDerived, AMarkWithoutAnyKeepsTheOldForm) {
  Mark mark = a_mark();
  mark.derived.clear();
  mark.terms.front().id = Uuid{};
  const Result<std::string> text = encode(mark);
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text.value().starts_with("AQA")) << text.value();  // version 1, scope event
}

TEST(MarkDerived, GivesUpPositionsBeforeItGivesUpTheWait) {
  Mark mark = a_mark();
  Derived& large = mark.derived.emplace_back();
  large.topic = "wide";
  large.floors.assign(1500, 1'000'000);
  large.readers = {{"views", ExpectedBy::observed, std::vector<Anchor>(1500, Anchor{999'000, false, {5, 1000}})}};
  large.writers = {{"enricher", "orders", Emits::before_commit, {}, false}};
  const Result<std::string> text = encode(mark);
  ASSERT_TRUE(text.ok());
  EXPECT_LE(text.value().size(), Mark::kMaxText);
  const Result<Mark> back = decode(text.value());
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back.value().derived.size(), 3U);
  EXPECT_EQ(back.value().derived[0], mark.derived[0]);
  EXPECT_TRUE(back.value().derived[2].floors.empty());
  EXPECT_EQ(back.value().derived[2].readers.size(), 1U);
}

TEST(MarkDerived, UnitedItAsksForNoLessThanEither) {
  Mark other = a_mark();
  other.derived[0].floors = {80, 50};
  other.derived[0].readers = {{"views", ExpectedBy::configured, {{85, false, {}}, {20, false, {}}}},
                              {"search", ExpectedBy::observed, {}}};
  other.derived[0].writers = {{"other", "orders", Emits::before_commit, {}, false}};
  const Result<Mark> merged = merge(a_mark(), other);
  ASSERT_TRUE(merged.ok());
  const Derived& derived = merged.value().derived[0];
  EXPECT_EQ(derived.floors, (std::vector<Offset>{80, 0}));  // of the third partition one of them knows nothing
  EXPECT_EQ(derived.readers.size(), 2U);
  EXPECT_EQ(derived.readers[1].name, "views");
  EXPECT_EQ(derived.readers[1].by, ExpectedBy::configured);
  EXPECT_FALSE(derived.readers[1].anchors[0].known()) << "85 lies above the floor";
  EXPECT_EQ(derived.writers.size(), 2U);
  EXPECT_EQ(merged.value(), merge(other, a_mark()).value());
}

TEST(MarkDerived, HostileTextIsRefusedOrUnderstood) {
  rc::check([](std::vector<std::uint8_t> changes) {
    std::string text = encode(a_mark()).value();
    for (std::size_t i = 0; i + 1 < changes.size(); i += 2)
      text[changes[i] % text.size()] = static_cast<char>(changes[i + 1]);
    const Result<Mark> mark = decode(text);
    if (mark) RC_ASSERT(encode(mark.value()).ok());
  });
}

// As above, with the checksum right: only the parser stands between.
TEST(MarkDerived, HostileBytesAreRefusedOrUnderstood) {
  rc::check([](const std::string& bytes) {
    Unpacker in(bytes);
    const std::vector<std::string> names{"a", "b"};
    const std::vector<Derived> all = unpack_derived(in, names);
    RC_ASSERT(all.size() <= Mark::kMaxDerived);
    if (!in.ok()) return;
    Packer out;
    pack_derived(out, all, {names.begin(), names.end()});
  });
}

}  // namespace
}  // namespace tidemark::core
