#include "http/body_reader.h"

#include <gtest/gtest.h>

#include <array>

namespace tidemark::http {
namespace {

constexpr std::array<std::string_view, 2> kKnown{"alpha", "beta"};
constexpr std::array<std::string_view, 1> kLater{"gamma"};

Request with(const std::string& body, std::vector<Field> headers = {{"Content-Type", "application/json"}}) {
  Request request;
  request.headers = std::move(headers);
  request.body = body;
  return request;
}

std::string wrong(const BodyReader& body) {
  return body.problem() ? std::to_string(body.problem()->kind.status) + " " + body.problem()->field : "fine";
}

std::string opened(const std::string& text) { return wrong(BodyReader(with(text), {kKnown, kLater})); }

TEST(BodyReader, TakesAnObjectWithKnownMembersOnly) {
  EXPECT_EQ(opened("{}"), "fine");
  EXPECT_EQ(opened(R"({"alpha":1,"beta":2})"), "fine");
  EXPECT_EQ(opened(R"({"gamma":1})"), "400 gamma");
  for (const char* text : {"[]", "1", "\"alpha\"", "null", ""}) EXPECT_EQ(opened(text), "400 body") << text;
  const BodyReader body(with(R"({"alhpa":1})"), {kKnown});
  ASSERT_TRUE(body.problem());
  EXPECT_EQ(body.problem()->kind.type, "unknown-member");
  EXPECT_EQ(body.problem()->field, "alhpa");
  EXPECT_NE(body.problem()->detail.find("nearest known one is 'alpha'"), std::string::npos);
}

TEST(BodyReader, TheContentTypeMustBeJson) {
  const auto typed = [](std::vector<Field> headers) { return wrong(BodyReader(with("{}", std::move(headers)), {kKnown})); };
  for (const char* type : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                           "application/json;charset=\"UTF-8\"", "application/json ; a=b"})
    EXPECT_EQ(typed({{"content-type", type}}), "fine") << type;
  for (const char* type : {"", "text/plain", "application/json5", "application/x-www-form-urlencoded", "application/vnd.api+json",
                           "application/json; charset=latin1", "text/json"})
    EXPECT_EQ(typed({{"Content-Type", type}}), "415 Content-Type") << type;
  EXPECT_EQ(typed({}), "415 Content-Type");
  EXPECT_EQ(typed({{"Content-Type", "application/json"}, {"content-type", "application/json"}}), "400 Content-Type");
  EXPECT_EQ(typed({{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}), "415 Content-Encoding");
}

TEST(BodyReader, KeepsTheFirstProblem) {
  BodyReader body(with(R"({"alpha":-1,"beta":"x"})"), {kKnown});
  EXPECT_EQ(body.whole(body.root(), "", "alpha"), 0);
  EXPECT_EQ(body.whole(body.root(), "", "beta"), 0);
  EXPECT_EQ(wrong(body), "400 alpha");
}

TEST(BodyReader, MembersAreOfTheirTypes) {
  const auto whole = [](const char* text) {
    BodyReader body(with(text), {kKnown});
    static_cast<void>(body.whole(body.root(), "", "alpha", 10));
    return wrong(body);
  };
  EXPECT_EQ(whole(R"({"alpha":10})"), "fine");
  for (const char* text : {"{}", R"({"alpha":11})", R"({"alpha":-1})", R"({"alpha":"1"})", R"({"alpha":1.0})",
                           R"({"alpha":true})", R"({"alpha":null})", R"({"alpha":[1]})", R"({"alpha":99999999999999999999})"})
    EXPECT_EQ(whole(text), "400 alpha") << text;
  const auto name = [](const char* text) {
    BodyReader body(with(text), {kKnown});
    static_cast<void>(body.name(body.root(), "", "alpha", 3));
    return wrong(body);
  };
  EXPECT_EQ(name(R"({"alpha":"abc"})"), "fine");
  for (const char* text : {"{}", R"({"alpha":""})", R"({"alpha":"abcd"})", R"({"alpha":"a\u0000"})", R"({"alpha":"\n"})",
                           R"({"alpha":1})"})
    EXPECT_EQ(name(text), "400 alpha") << text;
  const auto choice = [](const char* text) {
    BodyReader body(with(text), {kKnown});
    static_cast<void>(body.choice(body.root(), "", "alpha", kKnown));
    return wrong(body);
  };
  EXPECT_EQ(choice(R"({"alpha":"beta"})"), "fine");
  for (const char* text : {"{}", R"({"alpha":"Beta"})", R"({"alpha":""})", R"({"alpha":1})"})
    EXPECT_EQ(choice(text), "400 alpha") << text;
}

TEST(BodyReader, PlacesReadLikePaths) {
  EXPECT_EQ(place_of("", "topic"), "topic");
  EXPECT_EQ(place_of("offsets", 1), "offsets[1]");
  EXPECT_EQ(place_of(place_of("positions", 3), "topic"), "positions[3].topic");
}

}  // namespace
}  // namespace tidemark::http
