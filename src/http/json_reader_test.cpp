#include "http/json_reader.h"

#include <gtest/gtest.h>

namespace tidemark::http {
namespace {

// The field to blame, or "taken".
std::string blamed(const std::string& text, const JsonBounds& bounds = {}) {
  const Checked<JsonValue> read = read_json(text, bounds);
  const Problem* problem = std::get_if<Problem>(&read);
  if (problem == nullptr) return "taken";
  EXPECT_EQ(problem->kind.status, 400);
  EXPECT_EQ(problem->kind.type, "invalid-body");
  EXPECT_FALSE(problem->detail.empty());
  return problem->field;
}

TEST(JsonReader, ReadsATree) {
  const Checked<JsonValue> read = read_json(" {\"a\":[1,-2,true,null,\"\\u00e9\"],\"b\":{\"c\":1.5},\"d\":1e2}\n");
  ASSERT_TRUE(std::holds_alternative<JsonValue>(read)) << std::get<Problem>(read).detail;
  const JsonValue& root = std::get<JsonValue>(read);
  using Kind = JsonValue::Kind;
  ASSERT_EQ(root.kind, Kind::object);
  EXPECT_EQ(root.names, (std::vector<std::string>{"a", "b", "d"}));
  const JsonValue& list = *root.find("a");
  ASSERT_EQ(list.items.size(), 5U);
  EXPECT_EQ(list.items[0].integer, 1);
  EXPECT_EQ(list.items[1].integer, -2);
  EXPECT_TRUE(list.items[2].truth);
  EXPECT_EQ(list.items[3].kind, Kind::null);
  EXPECT_EQ(list.items[4].text, "\xc3\xa9");
  EXPECT_EQ(root.find("b")->find("c")->kind, Kind::number);
  EXPECT_EQ(root.find("d")->kind, Kind::number);
  EXPECT_EQ(root.find("e"), nullptr);
}

TEST(JsonReader, WhatIsNoIntegerIsANumber) {
  const auto kind = [](const char* text) { return std::get<JsonValue>(read_json(text)).kind; };
  EXPECT_EQ(kind("9223372036854775807"), JsonValue::Kind::integer);
  EXPECT_EQ(kind("-9223372036854775808"), JsonValue::Kind::integer);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "1.0", "1e0", "-0.0"})
    EXPECT_EQ(kind(text), JsonValue::Kind::number) << text;
}

TEST(JsonReader, WhatIsNoJsonIsRefused) {
  const std::vector<std::string> cases = {"",
                                          "  \n",
                                          "{",
                                          "{\"a\"}",
                                          "{\"a\":1,}",
                                          "{a:1}",
                                          "{'a':1}",
                                          "[1 2]",
                                          "{}{}",
                                          "{} x",
                                          "nul",
                                          "NaN",
                                          "Infinity",
                                          "01",
                                          "+1",
                                          ".5",
                                          "1.",
                                          "\"\\x\"",
                                          "\"a\nb\"",
                                          "// c\n{}",
                                          "/* c */ {}",
                                          "\xef\xbb\xbf{}",
                                          "\"\xff\"",
                                          "\"\xc0\x80\"",
                                          "\"\xed\xa0\x80\"",
                                          "\"\\ud800\"",
                                          std::string("{}\0", 3)};
  for (const std::string& text : cases) EXPECT_EQ(blamed(text), "body") << printable(text);
}

TEST(JsonReader, ANameTwiceIsRefusedWhereItStands) {
  EXPECT_EQ(blamed(R"({"a":1,"a":1})"), "a");
  EXPECT_EQ(blamed(R"({"a":1,"\u0061":2})"), "a");
  EXPECT_EQ(blamed(R"({"a":[{"b":1},{"b":1,"c":2,"b":3}]})"), "a[1].b");
  EXPECT_EQ(blamed(R"({"a":{"b":1},"c":{"b":1}})"), "taken");
}

TEST(JsonReader, DepthIsBounded) {
  EXPECT_EQ(blamed("[[[[1]]]]"), "taken");
  EXPECT_EQ(blamed("[[[[[1]]]]]"), "[0][0][0][0]");
  EXPECT_EQ(blamed(R"({"a":{"b":{"c":{"d":{}}}}})"), "a.b.c.d");
  EXPECT_EQ(blamed(std::string(500'000, '[')), "[0][0][0][0]");
}

TEST(JsonReader, AmountsAreBounded) {
  JsonBounds bounds;
  bounds.members = 2;
  bounds.elements = 3;
  bounds.values = 6;
  bounds.text = 4;
  EXPECT_EQ(blamed(R"({"a":1,"b":2})", bounds), "taken");
  EXPECT_EQ(blamed(R"({"a":1,"b":2,"c":3})", bounds), "c");
  EXPECT_EQ(blamed(R"({"a":[1,2,3]})", bounds), "taken");
  EXPECT_EQ(blamed(R"({"a":[1,2,3,4]})", bounds), "a");
  EXPECT_EQ(blamed("[1,2,3,4]", bounds), "body");
  EXPECT_EQ(blamed("[[1,2],[3,4]]", bounds), "[1][1]");
  EXPECT_EQ(blamed(R"(["abcd"])", bounds), "taken");
  EXPECT_EQ(blamed("[[1,2,3,4]]", bounds), "[0]");
  EXPECT_EQ(blamed(R"(["a","abcde"])", bounds), "[1]");
  EXPECT_EQ(blamed(R"({"a":"abcde"})", bounds), "a");
  EXPECT_EQ(blamed(R"({"abcde":1})", bounds), "body");
}

TEST(JsonReader, EveryPrefixOfADocumentIsRefused) {
  const std::string text = R"({"a":[{"b":"x\u00e9","c":-12},true],"d":null})";
  ASSERT_EQ(blamed(text), "taken");
  for (std::size_t length = 0; length < text.size(); ++length) EXPECT_NE(blamed(text.substr(0, length)), "taken") << length;
}

}  // namespace
}  // namespace tidemark::http
