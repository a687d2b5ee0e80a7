#include "http/parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tidemark::http {
namespace {

struct Parsed {
  int status = -1;  // 0 complete, -1 wants more, else refused
  Request request;
  std::string rest;
  int continues = 0;
};

Parsed parse(std::string_view bytes, const Limits& limits = {}, std::size_t piece = std::string_view::npos) {
  RequestParser parser(limits);
  Parsed parsed;
  while (!bytes.empty()) {
    std::size_t used = 0;
    const RequestParser::Verdict verdict = parser.feed(bytes.substr(0, piece), used);
    EXPECT_LE(used, bytes.size());
    bytes.remove_prefix(used);
    EXPECT_LE(parser.held_bytes(), limits.body_bytes + limits.header_bytes + 8192);
    if (verdict == RequestParser::Verdict::send_continue) ++parsed.continues;
    if (verdict == RequestParser::Verdict::refused) {
      parsed.status = parser.problem().kind.status;
      return parsed;
    }
    if (verdict == RequestParser::Verdict::complete) {
      parsed.status = 0;
      parsed.request = parser.take();
      parsed.rest = bytes;
      return parsed;
    }
  }
  return parsed;
}

const std::string kChunkedHead = "POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(RequestParser, GivesTheSameRequestWhereverTheBytesAreCut) {
  const std::vector<std::string> requests = {
      "GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world",
      "POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
      kChunkedHead + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
      kChunkedHead + "0\r\n\r\n",
      kChunkedHead + "00\r\nT: r\r\n\r\n",
      kChunkedHead + "5;a=b;c=\"d\"\r\nhello\r\n0000006\r\n world\r\n0;x\r\nTrailer: t\r\nHost: b\r\n\r\n",
      "\r\nPUT /t HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
  };
  for (const std::string& bytes : requests) {
    const Parsed whole = parse(bytes + "GET next");
    ASSERT_EQ(whole.status, 0) << bytes;
    EXPECT_EQ(whole.rest, "GET next") << bytes;
    for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
      const Parsed cut = parse(bytes + "GET next", {}, piece);
      ASSERT_EQ(cut.status, 0) << bytes << " in pieces of " << piece;
      EXPECT_EQ(cut.rest, "GET next");
      EXPECT_EQ(cut.request.method, whole.request.method);
      EXPECT_EQ(cut.request.path, whole.request.path);
      EXPECT_EQ(cut.request.body, whole.request.body);
      EXPECT_EQ(cut.request.headers.size(), whole.request.headers.size());
    }
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      std::size_t used = 0;
      const Limits limits;
      RequestParser twice(limits);
      ASSERT_EQ(twice.feed(std::string_view(bytes).substr(0, at), used), RequestParser::Verdict::need_more);
      ASSERT_EQ(used, at);
      ASSERT_EQ(twice.feed(std::string_view(bytes).substr(at), used), RequestParser::Verdict::complete) << bytes << at;
      EXPECT_EQ(twice.take().body, whole.request.body);
    }
  }
}

TEST(RequestParser, DropsTrailersAndChunkExtensions) {
  const Parsed parsed = parse(kChunkedHead + "1;ext\r\na\r\n0\r\nX-Admin: yes\r\n\r\n");
  ASSERT_EQ(parsed.status, 0);
  EXPECT_EQ(parsed.request.body, "a");
  for (const Field& field : parsed.request.headers) EXPECT_NE(field.name, "X-Admin");
}

// Requests that parsers are known to understand differently: those that
// engineering practice collected, and those that Beast 1.81 lets pass.
TEST(RequestParser, RefusesWhatCouldBeReadInTwoWays) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  struct Case {
    const char* what;
    std::string bytes;
    int status;
  };
  const std::vector<Case> cases = {
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", get + "Host: b\r\n\r\n", 400},
      {"obs-fold", get + "X: a\r\n b\r\n\r\n", 400},
      {"fold of Transfer-Encoding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
      {"target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"byte 0x80 in the target", "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space before the colon", post + "Content-Length : 5\r\n\r\nhello", 400},
      {"tab before the colon", post + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
      {"NUL in a name", post + std::string("Content-\0Length: 5\r\n\r\nhello", 28), 400},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare LF between fields", get + "X: a\nContent-Length: 5\r\n\r\nhello", 400},
      {"bare CR", get + "X: a\rContent-Length: 5\r\n\r\nhello", 400},
      {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked, identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {"gzip and length", post + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"length and chunked", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a list of lengths", post + "Content-Length: 5,5\r\n\r\nhello", 400},
      {"a signed length", post + "Content-Length: +5\r\n\r\nhello", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"TLS", "\x16\x03\x01\x02", 400},
      {"chunk size with 0x", kChunkedHead + "0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size with a sign", kChunkedHead + "+5\r\nhello\r\n0\r\n\r\n", 400},
      {"negative chunk size", kChunkedHead + "-1\r\nhello\r\n0\r\n\r\n", 400},
      {"empty chunk size", kChunkedHead + "\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size that wraps", kChunkedHead + "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
      {"huge chunk", kChunkedHead + "fffffffffffffff0\r\nhello\r\n0\r\n\r\n", 413},
      {"chunk longer than said", kChunkedHead + "3\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk line ends with LF", kChunkedHead + "5\nhello\r\n0\r\n\r\n", 400},
      {"chunk data ends with LF", kChunkedHead + "5\r\nhello\n0\r\n\r\n\r\n", 400},
      {"LF in a chunk extension", kChunkedHead + "5;a\nb\r\nhello\r\n0\r\n\r\n", 400},
      {"length in the trailer", kChunkedHead + "0\r\nContent-Length: 5\r\n\r\n", 400},
      {"chunked in the trailer", kChunkedHead + "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(parse(each.bytes).status, each.status) << each.what;
    EXPECT_EQ(parse(each.bytes, {}, 1).status, each.status) << each.what << ", byte by byte";
  }
}

TEST(RequestParser, KeepsToItsLimits) {
  Limits limits;
  limits.body_bytes = 10;
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", limits).status, 0);
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", limits).status, 413);
  EXPECT_EQ(parse(kChunkedHead + "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", limits).status, 0);
  EXPECT_EQ(parse(kChunkedHead + "5\r\nhello\r\n6\r\n", limits).status, 413);

  const std::string extension = ";e=" + std::string(limits.chunk_extension_bytes - 3, 'x');
  EXPECT_EQ(parse(kChunkedHead + "1" + extension + "\r\na\r\n0\r\n\r\n").status, 0);
  EXPECT_EQ(parse(kChunkedHead + "1" + extension + "\r\na\r\n1;e\r\n").status, 400) << "of all chunks together";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100000}})
    EXPECT_EQ(parse(kChunkedHead + "1;" + std::string(1024 * 1024, 'x'), {}, piece).status, 400);

  const std::string trailer = "X: " + std::string(limits.trailer_bytes, 'x') + "\r\n";
  EXPECT_EQ(parse(kChunkedHead + "0\r\n" + trailer + "\r\n").status, 431);
  EXPECT_NE(parse(kChunkedHead + "0\r\n" + trailer + trailer + trailer, {}, 1).status, -1) << "never held unbounded";
}

TEST(RequestParser, AsksForTheBodyOnlyWhenItMust) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(parse(head).continues, 1);
  EXPECT_EQ(parse(head + "ab", {}, head.size()).continues, 1);
  EXPECT_EQ(parse(head + "ab").continues, 0) << "the body is here already";
  Limits limits;
  limits.body_bytes = 1;
  EXPECT_EQ(parse(head, limits).continues, 0);
  EXPECT_EQ(parse(head, limits).status, 413);
}

TEST(RequestParser, GarbageIsRefusedOrWaitedForButNeverHarms) {
  std::mt19937 random(20261122);
  const std::vector<std::string> seeds = {
      "POST /t?a=%41 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      kChunkedHead + "5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n",
      kChunkedHead + "0\r\nX: y\r\n\r\n"};
  int refused = 0;
  int complete = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = seeds[random() % seeds.size()];
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes.erase(at, random() % 4 + 1); break;
        default: bytes.insert(at, 1, "\r\n :;,0aF\0\x80"[random() % 11]);
      }
      if (bytes.empty()) bytes = "x";
    }
    const Parsed whole = parse(bytes);
    const Parsed cut = parse(bytes, {}, random() % 7 + 1);
    // Cutting must not change what is understood; which limit or which error is met first may differ.
    EXPECT_EQ(whole.status > 0, cut.status > 0) << printable(bytes, 500);
    EXPECT_EQ(whole.status == 0, cut.status == 0) << printable(bytes, 500);
    EXPECT_EQ(whole.request.body, cut.request.body);
    refused += whole.status > 0 ? 1 : 0;
    complete += whole.status == 0 ? 1 : 0;
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(complete, 1000);
}

}  // namespace
}  // namespace tidemark::http
