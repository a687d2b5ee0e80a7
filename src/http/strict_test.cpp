#include "http/strict.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::http {
namespace {

// 0 when the scanner finds a complete head at the end of `bytes`, -1 when it
// wants more, else the status it refuses with.
int scan(std::string_view bytes, const Limits& limits = {}, std::size_t piece = std::string_view::npos) {
  HeadScanner scanner(limits);
  while (!bytes.empty()) {
    std::size_t used = 0;
    const std::string_view next = bytes.substr(0, piece);
    const HeadScanner::Verdict verdict = scanner.scan(next, used);
    if (verdict == HeadScanner::Verdict::refused) return scanner.problem().kind.status;
    bytes.remove_prefix(used);
    if (verdict == HeadScanner::Verdict::complete) return bytes.empty() ? 0 : -2;
    if (used != next.size()) return -3;
  }
  return -1;
}

TEST(HeadScanner, TakesWellFormedHeads) {
  for (const char* head : {
           "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.0\r\n\r\n",
           "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\r\nHost:a\r\nEmpty:\r\nX: \t tabbed\t\r\nY: \x80\xff\r\n\r\n",
       }) {
    EXPECT_EQ(scan(head), 0) << head;
    EXPECT_EQ(scan(head, {}, 1), 0) << head;
  }
}

TEST(HeadScanner, RefusesAtTheFirstWrongByte) {
  // The last byte of each is the wrong one; up to it there is nothing to refuse.
  const std::string line = "GET / HTTP/1.1\r\n";
  for (const std::string& head : {
           std::string("\n"), std::string("\r\r"), std::string("\r\n\r"), std::string("\x16"), std::string(" "),
           std::string("GET / HTTP/1.1\n"), std::string("GET / HTTP/1.1\rX"), std::string("GET /\x80"),
           std::string("GET /\x7f"), std::string("GET /\t"), std::string("GET /\0", 6), line + " ", line + "\t",
           line + ":", line + "(", line + "A ", line + "A\t", line + "A\r", line + "A\x80", line + "A: b\n",
           line + "A: b\rX", line + std::string("A: \0", 4), line + "A: \x1b", line + "A: \x7f", line + "A: b\r\n ",
           line + "\rX",
       }) {
    EXPECT_EQ(scan(head), 400) << printable(head);
    EXPECT_EQ(scan(head, {}, 1), 400) << printable(head);
    EXPECT_EQ(scan(std::string_view(head).substr(0, head.size() - 1)), -1) << printable(head);
  }
}

TEST(HeadScanner, CountsFieldsAndBytes) {
  Limits limits;
  limits.header_fields = 2;
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(scan(line + "A: 1\r\nB: 2\r\n\r\n", limits), 0);
  EXPECT_EQ(scan(line + "A: 1\r\nB: 2\r\nC", limits), 431);

  limits.header_bytes = 40;
  EXPECT_EQ(scan(line + "A: " + std::string(17, 'x') + "\r\n\r\n", limits), 0) << "exactly 40";
  EXPECT_EQ(scan(line + "A: " + std::string(18, 'x') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(scan("GET /" + std::string(40, 'x'), limits), 414);
}

int request_line(std::string_view line) {
  RequestLine parsed;
  const std::optional<Problem> problem = check_request_line(line, parsed);
  return problem ? problem->kind.status : 0;
}

TEST(RequestLine, IsAMethodATargetAndAVersion) {
  RequestLine parsed;
  ASSERT_FALSE(check_request_line("POST /a?b HTTP/1.0", parsed));
  EXPECT_EQ(parsed.method, "POST");
  EXPECT_EQ(parsed.target, "/a?b");
  EXPECT_FALSE(parsed.http11);
  EXPECT_EQ(request_line("BREW / HTTP/1.1"), 0) << "unknown methods are for the routes";
  for (const char* line : {"", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /  HTTP/1.1",
                           "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/11", "GET / HTTP/1.x", "G(T / HTTP/1.1",
                           "GET / a HTTP/1.1"})
    EXPECT_EQ(request_line(line), 400) << line;
  for (const char* line : {"GET / HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/1.2", "PRI * HTTP/2.0"})
    EXPECT_EQ(request_line(line), 505) << line;
}

TEST(Fields, AreSplitAndTrimmed) {
  const std::vector<Field> fields = split_fields("A: b c \t\r\nEmpty:\r\nC:d:e\r\n\r\n", 3);
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0].name, "A");
  EXPECT_EQ(fields[0].value, "b c");
  EXPECT_EQ(fields[1].value, "");
  EXPECT_EQ(fields[2].value, "d:e");
  EXPECT_TRUE(split_fields("\r\n", 0).empty());
}

struct FieldsCase {
  const char* what;
  std::vector<Field> fields;
  bool http11;
  int status;  // 0: taken
  const char* field = "";
};

TEST(Fields, ThatFrameARequestAreJudged) {
  const Field host{"Host", "a"};
  const std::vector<FieldsCase> cases = {
      {"no host", {}, true, 400, "Host"},
      {"no host in HTTP/1.0", {}, false, 0},
      {"two hosts", {host, host}, true, 400, "Host"},
      {"two hosts in HTTP/1.0", {host, {"hOST", "b"}}, false, 400, "Host"},
      {"an empty host", {{"Host", ""}}, true, 400, "Host"},
      {"a host with a path", {{"Host", "a/b"}}, true, 400, "Host"},
      {"a host with a list", {{"Host", "a, b"}}, true, 400, "Host"},
      {"a host with a user", {{"Host", "u@a"}}, true, 400, "Host"},
      {"a length", {host, {"Content-Length", "5"}}, true, 0},
      {"a length at the limit", {host, {"Content-Length", "100"}}, true, 0},
      {"a length over the limit", {host, {"Content-Length", "101"}}, true, 413, "Content-Length"},
      {"a length over 64 bits", {host, {"Content-Length", "99999999999999999999999"}}, true, 413, "Content-Length"},
      {"a length that wraps to 1", {host, {"Content-Length", "18446744073709551617"}}, true, 413, "Content-Length"},
      {"leading zeros", {host, {"Content-Length", "0005"}}, true, 0},
      {"two lengths", {host, {"Content-Length", "5"}, {"Content-Length", "6"}}, true, 400, "Content-Length"},
      {"two equal lengths", {host, {"Content-Length", "5"}, {"content-length", "5"}}, true, 400, "Content-Length"},
      {"a list of lengths", {host, {"Content-Length", "5, 5"}}, true, 400, "Content-Length"},
      {"an empty length", {host, {"Content-Length", ""}}, true, 400, "Content-Length"},
      {"a signed length", {host, {"Content-Length", "+5"}}, true, 400, "Content-Length"},
      {"a negative length", {host, {"Content-Length", "-5"}}, true, 400, "Content-Length"},
      {"a hexadecimal length", {host, {"Content-Length", "0x5"}}, true, 400, "Content-Length"},
      {"a length with a space", {host, {"Content-Length", "5 5"}}, true, 400, "Content-Length"},
      {"chunked", {host, {"Transfer-Encoding", "chunked"}}, true, 0},
      {"Chunked", {host, {"transfer-encoding", "Chunked"}}, true, 0},
      {"chunked in HTTP/1.0", {host, {"Transfer-Encoding", "chunked"}}, false, 400, "Transfer-Encoding"},
      {"xchunked", {host, {"Transfer-Encoding", "xchunked"}}, true, 400, "Transfer-Encoding"},
      {"chunked, identity", {host, {"Transfer-Encoding", "chunked, identity"}}, true, 400, "Transfer-Encoding"},
      {"identity, chunked", {host, {"Transfer-Encoding", "identity, chunked"}}, true, 501, "Transfer-Encoding"},
      {"gzip, chunked", {host, {"Transfer-Encoding", "gzip, chunked"}}, true, 501, "Transfer-Encoding"},
      {", chunked", {host, {"Transfer-Encoding", ", chunked"}}, true, 400, "Transfer-Encoding"},
      {"chunked,", {host, {"Transfer-Encoding", "chunked,"}}, true, 400, "Transfer-Encoding"},
      {"chunked, chunked", {host, {"Transfer-Encoding", "chunked, chunked"}}, true, 400, "Transfer-Encoding"},
      {"identity", {host, {"Transfer-Encoding", "identity"}}, true, 400, "Transfer-Encoding"},
      {"empty coding", {host, {"Transfer-Encoding", ""}}, true, 400, "Transfer-Encoding"},
      {"quoted", {host, {"Transfer-Encoding", "\"chunked\""}}, true, 400, "Transfer-Encoding"},
      {"chunked;q=1", {host, {"Transfer-Encoding", "chunked;q=1"}}, true, 400, "Transfer-Encoding"},
      {"vertical tab", {host, {"Transfer-Encoding", "\x0b" "chunked"}}, true, 400, "Transfer-Encoding"},
      {"chunked twice", {host, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, true, 400,
       "Transfer-Encoding"},
      {"both", {host, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, true, 400, "Content-Length"},
      {"both, the other way", {host, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, true, 400,
       "Content-Length"},
      {"gzip and a length", {host, {"Transfer-Encoding", "gzip"}, {"Content-Length", "5"}}, true, 400,
       "Content-Length"},
      {"expects", {host, {"Expect", "100-Continue"}, {"Content-Length", "5"}}, true, 0},
      {"expects something else", {host, {"Expect", "tea"}}, true, 417, "Expect"},
      {"expects in HTTP/1.0", {host, {"Expect", "tea"}}, false, 0},
  };
  Limits limits;
  limits.body_bytes = 100;
  for (const FieldsCase& each : cases) {
    Framing framing;
    const std::optional<Problem> problem = check_fields(each.fields, each.http11, limits, framing);
    EXPECT_EQ(problem ? problem->kind.status : 0, each.status) << each.what;
    EXPECT_EQ(problem ? problem->field : "", each.field) << each.what;
  }
}

Framing framing_of(std::vector<Field> fields, bool http11 = true) {
  fields.push_back({"Host", "a"});
  Framing framing;
  EXPECT_FALSE(check_fields(fields, http11, {}, framing));
  return framing;
}

TEST(Fields, DecideWhatHappensToTheConnection) {
  EXPECT_TRUE(framing_of({}).keep_alive);
  EXPECT_FALSE(framing_of({{"Connection", "close"}}).keep_alive);
  EXPECT_FALSE(framing_of({{"Connection", "x, Close"}}).keep_alive);
  EXPECT_FALSE(framing_of({{"Connection", "keep-alive"}, {"Connection", "close"}}).keep_alive);
  EXPECT_TRUE(framing_of({{"Connection", "closed"}}).keep_alive);
  EXPECT_FALSE(framing_of({}, false).keep_alive);
  EXPECT_TRUE(framing_of({{"Connection", "Keep-Alive"}}, false).keep_alive);
}

TEST(Fields, DecideWhetherTheBodyIsAskedFor) {
  EXPECT_TRUE(framing_of({{"Expect", "100-continue"}, {"Content-Length", "1"}}).expects_continue);
  EXPECT_TRUE(framing_of({{"Expect", "100-continue"}, {"Transfer-Encoding", "chunked"}}).expects_continue);
  EXPECT_FALSE(framing_of({{"Expect", "100-continue"}, {"Content-Length", "0"}}).expects_continue);
  EXPECT_FALSE(framing_of({{"Expect", "100-continue"}, {"Content-Length", "1"}}, false).expects_continue);
}

TEST(Host, IsAHostWithAnOptionalPort) {
  for (const char* host : {"a", "a.b:80", "127.0.0.1:8750", "[::1]", "[::1]:80", "a:", "a%41", "a_b",
                           "localhost:65535"})
    EXPECT_TRUE(is_valid_host(host)) << host;
  for (const char* host : {"", ":80", "a:b", "a:80:80", "a b", "a/b", "u@a", "[::1", "[]", "[::1]x", "[g/]", "a%4",
                           "a:65536", "a:123456", "a?b", "a#b", "\x80"})
    EXPECT_FALSE(is_valid_host(host)) << host;
}

int split(const char* method, const char* target, Request& request) {
  request.method = method;
  request.target = target;
  const std::optional<Problem> problem = split_target(request);
  return problem ? problem->kind.status : 0;
}

TEST(Target, IsSplitIntoPathAndQuery) {
  Request request;
  ASSERT_EQ(split("POST", "/topics/a%2Fb?key=a+b%26&flag&x=1=2&&=v", request), 0);
  EXPECT_EQ(request.path, "/topics/a%2Fb");
  ASSERT_EQ(request.query.size(), 4U);
  EXPECT_EQ(request.query[0].name, "key");
  EXPECT_EQ(request.query[0].value, "a+b&");
  EXPECT_EQ(request.query[1].name, "flag");
  EXPECT_EQ(request.query[1].value, "");
  EXPECT_EQ(request.query[2].value, "1=2");
  EXPECT_EQ(request.query[3].name, "");
}

TEST(Target, TakesTheAbsoluteFormAndIgnoresItsAuthority) {
  Request request;
  ASSERT_EQ(split("GET", "HTTP://other:81/a?b=c", request), 0);
  EXPECT_EQ(request.path, "/a");
  ASSERT_EQ(request.query.size(), 1U);
  ASSERT_EQ(split("GET", "http://other", request), 0);
  EXPECT_EQ(request.path, "/");
  ASSERT_EQ(split("GET", "https://other?b", request), 0);
  EXPECT_EQ(request.path, "/");
  EXPECT_EQ(request.query.at(0).name, "b");
}

TEST(Target, RefusesWhatIsNeither) {
  Request request;
  for (const char* target : {"", "a", "a/b", "host:80", "ftp://a/", "http://", "http:///a", "http://u@a/", "://a/",
                             "/a#b", "/%", "/%zz", "/?a=%4", "/?%zz=1", "/\x80", "/a b"})
    EXPECT_EQ(split("GET", target, request), 400) << target;
  EXPECT_EQ(split("GET", "*", request), 400);
  EXPECT_EQ(split("OPTIONS", "*", request), 0);
  EXPECT_EQ(request.path, "*");
}

}  // namespace
}  // namespace tidemark::http
