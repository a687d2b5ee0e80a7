// What RFC 9110 and RFC 9112 demand of a server, in 33 cases in the manner of
// h1spec, through a socket and the real routes.
//
// A parser's own tests hold it to what its author thought of. Each case here is a
// sentence of the RFCs with its section; where they leave a choice, every status that
// they allow is listed, the one that this server gives first. What is asked of each:
// the statuses, in order, whether the connection ends, and how many events reached
// the log.
//
// Covers strict.cpp, parser.cpp, connection.cpp, serialize.cpp and routes.cpp together.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "http/testing_service.h"

namespace tidemark::http {
namespace {

using testing::Client;
using testing::Reply;

struct RfcCase {
  const char* name;
  const char* section;
  std::string bytes;
  std::vector<std::vector<int>> statuses;  // of each answer, those allowed; none: more is waited for
  bool closes;
  std::size_t appended;
  const char* line = nullptr;  // that the last answer's head must have
  // What follows once the answers above are read; then one more answer, which is 200.
  std::string rest = {};
};

const std::string kGet = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST /topics/t HTTP/1.1\r\nHost: a\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

std::vector<RfcCase> message_cases() {
  return {
      {"an incomplete method is waited for",
       "9112 §8",
       "PO",
       {},
       false,
       0,
       nullptr,
       kPost.substr(2) + "Content-Length: 1\r\n\r\nx"},
      {"an incomplete target is waited for",
       "9112 §8",
       "POST /topics",
       {},
       false,
       0,
       nullptr,
       kPost.substr(12) + "Content-Length: 1\r\n\r\nx"},
      {"an incomplete field is waited for", "9112 §8", kPost + "Content-Len", {}, false, 0, nullptr, "gth: 1\r\n\r\nx"},
      {"an incomplete end of the header is waited for",
       "9112 §8",
       kPost + "Content-Length: 1\r\n\r",
       {},
       false,
       0,
       nullptr,
       "\nx"},
      {"an incomplete body is waited for", "9112 §8", kPost + "Content-Length: 2\r\n\r\nx", {}, false, 0, nullptr, "y"},
      {"an incomplete chunked body is waited for",
       "9112 §8",
       kChunked + "5\r\nhello\r\n0\r\n",
       {},
       false,
       0,
       nullptr,
       "\r\n"},
      {"an empty line before the request line is ignored", "9112 §2.2", "\r\n" + kGet, {{200}}, false, 0},
      {"white space between request line and fields is refused",
       "9112 §2.2",
       "GET /health/live HTTP/1.1\r\n Host: a\r\n\r\n",
       {{400}},
       true,
       0},
      {"a bare CR is invalid", "9112 §2.2", kPost + "X: a\rb\r\nContent-Length: 0\r\n\r\n", {{400}}, true, 0},
      {"the protocol's name is case-sensitive",
       "9112 §2.3",
       "GET /health/live http/1.1\r\nHost: a\r\n\r\n",
       {{400}},
       true,
       0},
      {"another major version is refused",
       "9110 §15.6.6",
       "GET /health/live HTTP/2.0\r\nHost: a\r\n\r\n",
       {{505}},
       true,
       0},
      {"a request line without a version is refused",
       "9112 §3",
       "GET /health/live\r\nHost: a\r\n\r\n",
       {{400}},
       true,
       0},
      {"a target that is too long is 414",
       "9112 §3",
       "POST /topics/" + std::string(9000, 'x') + " HTTP/1.1\r\n",
       {{414}},
       true,
       0},
      {"a method that is not known gets an answer",
       "9110 §9.1",
       "BREW /topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
       {{405, 501}},
       false,
       0,
       "Allow: POST"},
      {"a request without Host is refused", "9112 §3.2", "GET /health/live HTTP/1.1\r\n\r\n", {{400}}, true, 0},
      {"a second Host is refused",
       "9112 §3.2",
       "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
       {{400}},
       true,
       0},
      {"an invalid Host is refused", "9112 §3.2", "GET /health/live HTTP/1.1\r\nHost: a b\r\n\r\n", {{400}}, true, 0},
      {"the absolute form is taken, and Host ignored",
       "9112 §3.2.2",
       "POST http://b/topics/t HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
       {{200}},
       false,
       1},
  };
}

std::vector<RfcCase> field_cases() {
  return {
      {"field names ignore case, values their white space",
       "9110 §5.1, §5.5",
       "POST /topics/t HTTP/1.1\r\nhOSt:a\r\ncontent-LENGTH:\t 1 \t\r\nempty:\r\n\r\nx",
       {{200}},
       false,
       1},
      {"white space before the colon is refused", "9112 §5.1", kPost + "Content-Length : 1\r\n\r\nx", {{400}}, true, 0},
      {"a folded field is refused", "9112 §5.2", kPost + "X: a\r\n b\r\nContent-Length: 1\r\n\r\nx", {{400}}, true, 0},
      {"control characters in a value are refused",
       "9110 §5.5",
       kPost + std::string("X: a\0b\r\nContent-Length: 1\r\n\r\nx", 31),
       {{400}},
       true,
       0},
      {"header fields larger than are taken are 4xx",
       "9110 §5.4",
       kPost + "X: " + std::string(9000, 'x') + "\r\n\r\n",
       {{431, 400, 413}},
       true,
       0},
      {"chunks are decoded, extensions and trailers ignored",
       "9112 §7.1",
       kChunked + "5;a=\"b\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nHost: b\r\n\r\n",
       {{200}},
       false,
       1},
      {"a transfer coding that is not known is 501",
       "9112 §6.1",
       kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       {{501}},
       true,
       0},
      {"chunked that is not the last coding is 400",
       "9112 §6.3",
       kPost + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
       {{400}},
       true,
       0},
      {"Transfer-Encoding beside Content-Length is an error",
       "9112 §6.3",
       kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       {{400}},
       true,
       0},
      {"an invalid Content-Length is refused", "9112 §6.3", kPost + "Content-Length: 1x\r\n\r\nx", {{400}}, true, 0},
      {"a chunk size beyond any integer is refused",
       "9112 §7.1",
       kChunked + "ffffffffffffffffff\r\nx",
       {{400, 413}},
       true,
       0},
      {"pipelined requests are answered in order",
       "9112 §9.3.2",
       kPost + "Content-Length: 1\r\n\r\nxGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + kGet,
       {{200}, {404}, {200}},
       false,
       1},
      {"the close option ends the connection",
       "9112 §9.6",
       kPost + "Connection: close\r\nContent-Length: 1\r\n\r\nx" + kGet,
       {{200}},
       true,
       1,
       "Connection: close"},
      {"a client that expects 100 is told to go on",
       "9110 §10.1.1",
       kPost + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
       {{100}},
       false,
       0,
       nullptr,
       "x"},
      {"an expectation that is not known is 417",
       "9110 §10.1.1",
       kPost + "Expect: tea\r\nContent-Length: 1\r\n\r\nx",
       {{417}},
       true,
       0},
  };
}

class Rfc : public ::testing::TestWithParam<RfcCase> {};

std::vector<RfcCase> all_cases() {
  std::vector<RfcCase> all = message_cases();
  for (RfcCase& each : field_cases()) all.push_back(std::move(each));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cases, Rfc, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  std::string name = tested.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

TEST_P(Rfc, IsAnsweredAsItsSectionSays) {
  const RfcCase& each = GetParam();
  SCOPED_TRACE(std::string("RFC ") + each.section + ": " + each.name);
  testing::TestService served;
  ASSERT_TRUE(served.listening());
  Client client(served.port());
  client.send(each.bytes);
  Reply reply;
  for (const std::vector<int>& allowed : each.statuses) {
    reply = client.read();
    EXPECT_NE(std::find(allowed.begin(), allowed.end(), reply.status), allowed.end()) << reply.status;
    EXPECT_TRUE(reply.status < 200 || reply.head.find("\r\nDate: ") != std::string::npos) << "RFC 9110 §6.6.1";
  }
  if (each.line != nullptr) {
    EXPECT_TRUE(reply.has(each.line)) << reply.head;
  }
  EXPECT_TRUE(served.eventually([&](const Counters& now) { return now.bytes_in >= each.bytes.size(); }));
  EXPECT_EQ(served.appended(), each.appended);
  if (each.closes) {
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(reply.has("Connection: close"));
    EXPECT_EQ(served.appended(), each.appended) << "nothing behind the refusal is a request";
    return;
  }
  if (!each.rest.empty()) {
    EXPECT_EQ(client.ask(each.rest).status, 200);
    EXPECT_EQ(served.appended(), each.appended + 1);
  }
  EXPECT_EQ(client.ask(kGet).status, 200) << "the connection goes on";
}

TEST(RfcCases, AreThirtyThree) { EXPECT_EQ(all_cases().size(), 33U); }

TEST(RfcCases, HeadIsGetWithoutTheBody) {
  testing::TestService served;
  Client client(served.port());
  const Reply get = client.ask(kGet);
  client.send("HEAD" + kGet.substr(3));
  const Reply head = client.read(true);
  EXPECT_EQ(head.status, get.status) << "RFC 9110 §9.3.2";
  EXPECT_TRUE(head.has("Content-Length: " + std::to_string(get.body.size())));
  EXPECT_EQ(client.ask(kGet).body, get.body);
}

}  // namespace
}  // namespace tidemark::http
