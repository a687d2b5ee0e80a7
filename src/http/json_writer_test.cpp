#include "http/json_writer.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <random>

namespace tidemark::http {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(JsonWriter, WritesNestedValues) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", "text");
  json.member("b", std::int64_t{-9223372036854775807});
  json.member("c", true);
  json.null_member("d");
  json.name("e");
  json.begin_array();
  json.begin_object();
  json.end_object();
  json.begin_array();
  json.end_array();
  json.value(1);
  json.end_array();
  json.member("f", nanoseconds(microseconds(1402)));
  json.end_object();
  EXPECT_EQ(out, R"({"a":"text","b":-9223372036854775807,"c":true,"d":null,"e":[{},[],1],"f":1.402})");
}

TEST(JsonWriter, EscapesAndRepairsStrings) {
  const auto written = [](std::string_view text) {
    std::string out;
    JsonWriter(out).value(text);
    return out;
  };
  EXPECT_EQ(written("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\u000a\u0001\u007f")");
  EXPECT_EQ(written("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(written("\x80"), "\"" + replaced + "\"");
  EXPECT_EQ(written("\xc3"), "\"" + replaced + "\"") << "cut off";
  EXPECT_EQ(written("\xc0\xaf"), "\"" + replaced + replaced + "\"") << "overlong";
  EXPECT_EQ(written("\xed\xa0\x80"), "\"" + replaced + replaced + replaced + "\"") << "a surrogate";
  EXPECT_EQ(written("\xf4\x90\x80\x80"), "\"" + replaced + replaced + replaced + replaced + "\"") << "above U+10FFFF";
}

TEST(JsonWriter, AnyBytesBecomeValidJson) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (auto left = random() % 12; left > 0; --left)
      bytes.push_back(static_cast<char>(random() % 3 == 0 ? random() : 0xc0 + random() % 64));
    std::string out;
    JsonWriter(out).value(bytes);
    boost::system::error_code ec;
    static_cast<void>(boost::json::parse(out, ec));  // refuses invalid UTF-8
    EXPECT_FALSE(ec) << out;
  }
}

TEST(JsonWriter, MillisecondsAreWrittenForPeople) {
  EXPECT_EQ(format_ms(nanoseconds(0)), "0");
  EXPECT_EQ(format_ms(microseconds(600)), "0.6");
  EXPECT_EQ(format_ms(microseconds(12'000)), "12");
  EXPECT_EQ(format_ms(microseconds(1'450)), "1.45");
  EXPECT_EQ(format_ms(microseconds(2'000'003)), "2000.003");
  EXPECT_EQ(format_ms(nanoseconds(999)), "0");
  EXPECT_EQ(format_ms(nanoseconds(-5'000'000)), "0");
}

}  // namespace
}  // namespace tidemark::http
