// Also covers prefer.cpp.
#include "http/parameters.h"

#include <gtest/gtest.h>

#include <array>

#include "http/prefer.h"

namespace tidemark::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 5> kKnown{"for", "key", "key64", "partition", "wait"};
constexpr std::array<std::string_view, 1> kLater{"basis"};

TEST(Parameters, UnknownNamesAreRefusedWithTheNearest) {
  const ParameterNames names{kKnown, kLater};
  EXPECT_FALSE(check_names({}, names));
  EXPECT_FALSE(check_names({{"wait", "1s"}, {"for", "a"}, {"for", "b"}}, names));

  const std::optional<Problem> unknown = check_names({{"wiat", "1s"}}, names);
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->kind.type, "unknown-parameter");
  EXPECT_EQ(unknown->field, "wiat");
  EXPECT_EQ(unknown->detail, "The parameter 'wiat' is not known; the nearest known one is 'wait'");

  EXPECT_EQ(check_names({{"WAIT", "1s"}}, names)->kind.type, "unknown-parameter") << "names are case-sensitive";
  EXPECT_EQ(check_names({{"", ""}}, names)->kind.type, "unknown-parameter");
  EXPECT_EQ(check_names({{"basis", "timing"}}, names)->kind.type, "not-built");
  EXPECT_EQ(check_names({{"wait", "1s"}, {"wait", "2s"}}, names)->kind.type, "invalid-parameter");
  EXPECT_EQ(check_names({{"x", ""}}, {})->detail, "The parameter 'x' is not known; this route takes none");
}

TEST(Parameters, AScopeHasTwoNames) {
  EXPECT_EQ(std::get<core::Scope>(read_scope({})), core::Scope::event);
  EXPECT_EQ(std::get<core::Scope>(read_scope({{"scope", "watermark"}})), core::Scope::watermark);
  const Checked<core::Scope> wrong = read_scope({{"scope", "evnt"}});
  ASSERT_TRUE(std::holds_alternative<Problem>(wrong));
  EXPECT_EQ(std::get<Problem>(wrong).detail, "'evnt' is neither 'event' nor 'watermark'; the nearest is 'event'");
}

Preferences prefer(std::initializer_list<const char*> values) {
  std::vector<Field> headers{{"Host", "a"}};
  for (const char* value : values) headers.push_back({"pReFeR", value});
  return parse_prefer(headers);
}

TEST(Prefer, IsReadAsTheRfcSays) {
  EXPECT_EQ(prefer({"wait=10"}).wait_seconds, 10U);
  EXPECT_EQ(prefer({"respond-async, wait=10"}).wait_seconds, 10U);
  EXPECT_TRUE(prefer({"respond-async, wait=10"}).respond_async);
  EXPECT_TRUE(prefer({"wait=10", "respond-async"}).respond_async) << "two fields are one list";
  EXPECT_EQ(prefer({"Wait = \"10\""}).wait_seconds, 10U);
  EXPECT_EQ(prefer({"foo; bar=\"a, wait=3\", wait=4;x=y"}).wait_seconds, 4U);
  EXPECT_EQ(prefer({"foo=\"a\\\", wait=3\", wait=4"}).wait_seconds, 4U);
  EXPECT_EQ(prefer({"wait=1, wait=2"}).wait_seconds, 1U) << "the first counts";
  EXPECT_TRUE(prefer({"respond-async=\"\""}).respond_async) << "an empty value equals none";
  EXPECT_EQ(prefer({"wait=0"}).wait_seconds, 0U);
  EXPECT_EQ(prefer({"wait=99999999999999999999999999"}).wait_seconds, std::uint64_t{1} << 30);
}

TEST(Prefer, MalformedIsIgnored) {
  for (const char* value : {"", ",", "wait", "wait=", "wait=ten", "wait=-1", "wait=1.5", "wait=10s", "wait=1 0", "=10",
                            "wait=\"10", "\"wait=10\"", ";wait=10", "await=10", "wait==10", "wait=0x10"}) {
    EXPECT_FALSE(prefer({value}).wait_seconds) << value;
    EXPECT_FALSE(prefer({value}).respond_async) << value;
  }
  EXPECT_EQ(prefer({"wait=x, wait=3"}).wait_seconds, 3U);
}

struct WaitCase {
  const char* query;   // null: no ?wait=
  const char* prefer;  // null: no Prefer
  bool wait;
  core::Duration wait_for;  // zero: the default
  const char* applied;
};

TEST(Parameters, TheWaitIsWhatQueryAndPreferSayTogether) {
  const core::Duration none{};
  const std::vector<WaitCase> cases = {
      {nullptr, nullptr, true, none, ""},
      {"250ms", nullptr, true, milliseconds(250), ""},
      {"1.5s", nullptr, true, milliseconds(1500), ""},
      {"1m", nullptr, true, seconds(60), ""},
      {"0", nullptr, false, none, ""},
      {"0s", nullptr, false, none, ""},
      {nullptr, "wait=5", true, seconds(5), "wait=5"},
      {nullptr, "wait=0", false, none, "wait=0"},
      {nullptr, "wait=3600", true, seconds(60), "wait=60"},
      {nullptr, "wait=x", true, none, ""},
      {nullptr, "respond-async", false, none, "respond-async"},
      {nullptr, "respond-async, wait=5", true, seconds(5), "respond-async, wait=5"},
      {"250ms", "wait=5", true, milliseconds(250), ""},
      {"250ms", "respond-async", true, milliseconds(250), ""},
      {"0", "wait=5", false, none, ""},
  };
  for (const WaitCase& each : cases) {
    SCOPED_TRACE(std::string(each.query ? each.query : "-") + " " + (each.prefer ? each.prefer : "-"));
    Request request;
    if (each.query) request.query.push_back({"wait", each.query});
    if (each.prefer) request.headers.push_back({"Prefer", each.prefer});
    const Checked<WaitWish> wish = read_wait(request, {}, true);
    ASSERT_TRUE(std::holds_alternative<WaitWish>(wish));
    EXPECT_EQ(std::get<WaitWish>(wish).wait, each.wait);
    EXPECT_EQ(std::get<WaitWish>(wish).wait_for.value_or(none), each.wait_for);
    EXPECT_EQ(std::get<WaitWish>(wish).applied, each.applied);
  }
}

TEST(Parameters, AMalformedOrTooLongWaitIsRefused) {
  for (const char* text : {"", "5", "-1s", "1x", "s", "1 s", "1e3s", "61s", "2m", "9999999999s", "0x1s"}) {
    Request request;
    request.query = {{"wait", text}};
    const Checked<WaitWish> wish = read_wait(request, {}, true);
    ASSERT_TRUE(std::holds_alternative<Problem>(wish)) << text;
    EXPECT_EQ(std::get<Problem>(wish).kind.status, 400);
    EXPECT_EQ(std::get<Problem>(wish).field, "wait");
  }
}

TEST(Parameters, NamesToWaitForAreAListWithoutRepeats) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(std::get<Names>(read_for({})), Names{});
  EXPECT_EQ(std::get<Names>(read_for({{"for", "a,b,a"}, {"for", "c,b"}})), (Names{"a", "b", "c"}));
  EXPECT_EQ(std::get<Names>(read_for({{"for", "gr\xc3\xbcn x"}})), (Names{"gr\xc3\xbcn x"}));
  for (const std::string& text : {std::string(), std::string(","), std::string("a,"), std::string(",a"),
                                  std::string("a,,b"), std::string("a\nb"), std::string("a\0", 2),
                                  std::string(256, 'x')}) {
    const auto names = read_for({{"for", text}});
    ASSERT_TRUE(std::holds_alternative<Problem>(names)) << printable(text);
    EXPECT_EQ(std::get<Problem>(names).field, "for");
  }
  std::string many = "0";
  for (int i = 1; i <= 256; ++i) many += "," + std::to_string(i);
  EXPECT_TRUE(std::holds_alternative<Problem>(read_for({{"for", many}})));
}

TEST(Parameters, PartitionsAreWholeNumbers) {
  using Partition = std::optional<core::Partition>;
  EXPECT_EQ(std::get<Partition>(read_partition({})), std::nullopt);
  EXPECT_EQ(std::get<Partition>(read_partition({{"partition", "0"}})), 0);
  EXPECT_EQ(std::get<Partition>(read_partition({{"partition", "2147483647"}})), 2147483647);
  for (const char* text : {"", "-1", "+1", "1.0", "a", "1a", "2147483648", "99999999999999999999", " 1", "0x1"}) {
    const auto partition = read_partition({{"partition", text}});
    ASSERT_TRUE(std::holds_alternative<Problem>(partition)) << text;
    EXPECT_EQ(std::get<Problem>(partition).field, "partition");
  }
}

TEST(Parameters, KeysAreTextOrBase64) {
  using Key = std::optional<std::string>;
  EXPECT_EQ(std::get<Key>(read_key({})), std::nullopt);
  EXPECT_EQ(std::get<Key>(read_key({{"key", ""}})), "");
  EXPECT_EQ(std::get<Key>(read_key({{"key", "a+b"}})), "a+b");
  EXPECT_EQ(std::get<Key>(read_key({{"key64", "AP8="}})), std::string("\0\xff", 2));
  EXPECT_EQ(std::get<Problem>(read_key({{"key64", "A"}})).field, "key64");
  EXPECT_EQ(std::get<Problem>(read_key({{"key", "a"}, {"key64", "AA=="}})).field, "key64");
}

TEST(Base64, DecodesBothAlphabetsAndNothingElse) {
  // RFC 4648 §10.
  EXPECT_EQ(base64_decode(""), "");
  EXPECT_EQ(base64_decode("Zg=="), "f");
  EXPECT_EQ(base64_decode("Zg"), "f");
  EXPECT_EQ(base64_decode("Zm8="), "fo");
  EXPECT_EQ(base64_decode("Zm9v"), "foo");
  EXPECT_EQ(base64_decode("Zm9vYmFy"), "foobar");
  EXPECT_EQ(base64_decode("-_-_"), base64_decode("+/+/"));
  for (const char* text : {"A", "AAAAA", "Zg=", "Zg===", "=", "====", "Z=g=", "Zg==Zg==", "Zh==", "Zm9=",
                           "Z g=", "Zm9v\n"})
    EXPECT_FALSE(base64_decode(text)) << text;
}

}  // namespace
}  // namespace tidemark::http
