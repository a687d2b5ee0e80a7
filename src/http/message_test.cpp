// Also covers serialize.cpp, problem.cpp and descriptors.cpp.
#include "http/message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "http/descriptors.h"
#include "http/problem.h"
#include "http/serialize.h"

namespace tidemark::http {
namespace {

TEST(Message, HostileTextIsMadePrintable) {
  EXPECT_EQ(printable("a\r\nb\x80"), "a\\x0D\\x0Ab\\x80");
  EXPECT_EQ(printable("aaaaaaaaaa", 4), "aaaa...");
}

TEST(Problem, IsProblemDetails) {
  const Response response = to_response({kBodyTooLarge, "A body may have \"10\" bytes\xff", "Content-Length"});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const boost::json::value body = boost::json::parse(response.body);
  EXPECT_EQ(body.at("type").as_string(), "/problems/body-too-large");
  EXPECT_EQ(body.at("title").as_string(), "The body is too large");
  EXPECT_EQ(body.at("status").as_int64(), 413);
  EXPECT_EQ(body.at("detail").as_string(), "A body may have \"10\" bytes\\xFF");
  EXPECT_EQ(body.at("field").as_string(), "Content-Length");
}

TEST(Problem, LeavesOutWhatItDoesNotKnow) {
  const boost::json::value body = boost::json::parse(to_response({kOverloaded, ""}).body);
  EXPECT_FALSE(body.as_object().contains("detail"));
  EXPECT_FALSE(body.as_object().contains("field"));
}

TEST(Serialize, WritesAnAnswer) {
  Response response;
  response.status = 202;
  response.headers = {{"Location", "/marks/x"}};
  response.content_type = "application/json";
  response.body = "{}";
  std::string out;
  serialize(response, {}, "D", out);
  EXPECT_EQ(out,
            "HTTP/1.1 202 Accepted\r\nServer: tidemark\r\nDate: D\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nLocation: /marks/x\r\n\r\n{}");
}

TEST(Serialize, TellsTheConnectionsFate) {
  const auto connection_line = [](bool http11, bool keep_alive, bool close) {
    Response response;
    response.close = close;
    std::string out;
    serialize(response, {http11, keep_alive, false}, "D", out);
    const std::size_t at = out.find("Connection: ");
    return at == std::string::npos ? "" : out.substr(at + 12, out.find('\r', at) - at - 12);
  };
  EXPECT_EQ(connection_line(true, true, false), "");
  EXPECT_EQ(connection_line(true, false, false), "close");
  EXPECT_EQ(connection_line(true, true, true), "close");
  EXPECT_EQ(connection_line(false, true, false), "keep-alive");
  EXPECT_EQ(connection_line(false, false, false), "close");
}

TEST(Serialize, WithoutABodyWhereNoneMayBe) {
  Response response;
  response.status = 204;
  std::string out;
  serialize(response, {}, "D", out);
  EXPECT_EQ(out.find("Content-Length"), std::string::npos);

  response.status = 200;
  response.body = "12345";
  out.clear();
  serialize(response, {true, true, true}, "D", out);
  EXPECT_NE(out.find("Content-Length: 5\r\n"), std::string::npos) << "HEAD tells what GET would send";
  EXPECT_EQ(out.substr(out.size() - 4), "\r\n\r\n");
}

TEST(Serialize, AFieldCannotForgeALine) {
  Response response;
  response.headers = {{"Preference-Applied", "wait=1\r\nSet-Cookie: a=b"}};
  std::string out;
  serialize(response, {}, "D", out);
  EXPECT_NE(out.find("Preference-Applied: wait=1  Set-Cookie: a=b\r\n"), std::string::npos);
}

TEST(Serialize, WritesDatesAsTheRfcDoes) {
  DateLine date;
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 §5.6.7
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Descriptors, TheSoftLimitIsAtMostTheHardOne) {
  const DescriptorLimit limit = descriptor_limit();
  EXPECT_GT(limit.soft, 0U);
  EXPECT_LE(limit.soft, limit.hard);
  EXPECT_EQ(raise_descriptor_limit().soft, limit.hard);
}

}  // namespace
}  // namespace tidemark::http
