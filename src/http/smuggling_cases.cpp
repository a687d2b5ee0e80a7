#include "http/smuggling_cases.h"

#include <string_view>

namespace tidemark::http::testing {
namespace {

using namespace std::string_literals;
using Cases = std::vector<SmugglingCase>;

const std::string kPost = "POST /t HTTP/1.1\r\nHost: a\r\n";
const std::string kInner = "GET /in HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kChunks = "5\r\nhello\r\n0\r\n\r\n";
const std::string kHello = "POST /t hello";

void refuse(Cases& cases, const std::string& name, const std::string& bytes, int status = 400) {
  cases.push_back({name, bytes, {}, status});
}

void take(Cases& cases, const std::string& name, const std::string& bytes,
          std::vector<std::string> understood = {kHello}) {
  cases.push_back({name, bytes, std::move(understood)});
}

void lengths_and_codings(Cases& cases) {
  const std::string coding = "Transfer-Encoding: chunked\r\n";
  refuse(cases, "CL.TE", kPost + "Content-Length: 15\r\n" + coding + "\r\n" + kChunks);
  refuse(cases, "TE.CL", kPost + coding + "Content-Length: 15\r\n\r\n" + kChunks);
  refuse(cases, "CL.TE with a request behind the last chunk",
         kPost + "Content-Length: 34\r\n" + coding + "\r\n0\r\n\r\n" + kInner);
  refuse(cases, "TE.CL with a request in a chunk",
         kPost + "Content-Length: 4\r\n" + coding + "\r\n1d\r\n" + kInner + "\r\n0\r\n\r\n");
  refuse(cases, "CL.0 and TE", kPost + "Content-Length: 0\r\n" + coding + "\r\n" + kInner);
  refuse(cases, "invalid length and TE", kPost + "Content-Length: x\r\n" + coding + "\r\n0\r\n\r\n");
  refuse(cases, "length and a coding that is not known",
         kPost + "Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\nhello");
  refuse(cases, "length and a list with chunked",
         kPost + "Content-Length: 5\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n");
  refuse(cases, "GET with both", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + coding + "\r\n0\r\n\r\n");
  refuse(cases, "chunked in HTTP/1.0", "POST /t HTTP/1.0\r\nHost: a\r\n" + coding + "\r\n" + kChunks);
  refuse(cases, "chunked in HTTP/1.0 that is kept alive",
         "POST /t HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + coding + "\r\n" + kChunks);
  refuse(cases, "both in HTTP/1.0", "POST /t HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n" + coding + "\r\n" + kChunks);
  take(cases, "the coding is named as hop-by-hop",
       kPost + "Connection: Transfer-Encoding\r\n" + coding + "\r\n" + kChunks);
  take(cases, "the length is named as hop-by-hop",
       kPost + "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello");
  take(cases, "TE is not Transfer-Encoding", kPost + "TE: chunked\r\nContent-Length: 5\r\n\r\nhello");
  take(cases, "Content-Encoding is not either", kPost + "Content-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello");
  take(cases, "Transfer_Encoding is not either",
       kPost + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello");
  take(cases, "Content_Length is no length", kPost + "Content_Length: 29\r\n\r\n" + kInner, {"POST /t ", "GET /in "});
}

void codings(Cases& cases) {
  for (const std::string& value : {"xchunked"s,
                                   "chunkedx"s,
                                   "chunked, identity"s,
                                   "chunked,gzip"s,
                                   "chunked, chunked"s,
                                   ",chunked"s,
                                   "chunked,"s,
                                   "\"chunked\""s,
                                   "'chunked'"s,
                                   "chunked;q=1"s,
                                   "chunked ;"s,
                                   "chun ked"s,
                                   "chunked chunked"s,
                                   "chunked\tidentity"s,
                                   "identity"s,
                                   ""s,
                                   " "s,
                                   ","s,
                                   "cow"s,
                                   "gzip"s,
                                   "\x0b"
                                   "chunked"s,
                                   "chunked\x0b"s,
                                   "\x0c"
                                   "chunked"s,
                                   "\xa0"
                                   "chunked\xa0"s,
                                   "\xff"
                                   "chunked"s,
                                   "chunked\x85"s,
                                   "chunked\0"s,
                                   "\0chunked"s,
                                   "chunked\x7f"s,
                                   "chunKed\xe2\x84\xaa"s})
    refuse(cases, "Transfer-Encoding: " + value, kPost + "Transfer-Encoding: " + value + "\r\n\r\n" + kChunks);
  for (const std::string& value : {"identity, chunked"s, "gzip, chunked"s, "x,chunked"s, "gzip, deflate,\tChunked"s})
    refuse(cases, "Transfer-Encoding: " + value, kPost + "Transfer-Encoding: " + value + "\r\n\r\n" + kChunks, 501);
  for (const std::string& field : {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"s,
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"s,
                                   "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"s,
                                   "Transfer-Encoding:\r\nTransfer-Encoding: chunked"s,
                                   "Transfer-Encoding : chunked"s,
                                   "Transfer-Encoding\t: chunked"s,
                                   " Transfer-Encoding: chunked"s,
                                   "\tTransfer-Encoding: chunked"s,
                                   "Transfer-\r\nEncoding: chunked"s,
                                   "Transfer-Encoding:\r\n chunked"s,
                                   "Transfer-Encoding:\r\n\tchunked"s,
                                   "Transfer-Encoding:\n chunked"s,
                                   "X: y\nTransfer-Encoding: chunked"s,
                                   "X: y\rTransfer-Encoding: chunked"s,
                                   "X: y\r\rTransfer-Encoding: chunked"s,
                                   "Transfer\0-Encoding: chunked"s,
                                   "Transfer-Encoding\0: chunked"s,
                                   "Transfer-Encoding\x85: chunked"s,
                                   "Transfer-Encoding chunked"s,
                                   "Transfer-Encoding"s,
                                   "\xefTransfer-Encoding: chunked"s,
                                   "[Transfer-Encoding]: chunked"s})
    refuse(cases, field, kPost + field + "\r\n\r\n" + kChunks);
  for (const std::string& field :
       {"Transfer-Encoding:chunked"s, "tRANSFER-eNCODING: CHUNKED"s, "Transfer-Encoding:\t chunked \t"s})
    take(cases, field, kPost + field + "\r\n\r\n" + kChunks);
}

void lengths(Cases& cases) {
  for (const std::string& value : {"+5"s,
                                   "-5"s,
                                   "-0"s,
                                   "5 5"s,
                                   "5,5"s,
                                   "5, 5"s,
                                   "5,"s,
                                   ",5"s,
                                   "0x5"s,
                                   "0X5"s,
                                   "5x"s,
                                   "x5"s,
                                   "5.0"s,
                                   "5e0"s,
                                   "0_5"s,
                                   "5_"s,
                                   "5;"s,
                                   "5;a=b"s,
                                   "\"5\""s,
                                   "five"s,
                                   ""s,
                                   " "s,
                                   "5\xa0"s,
                                   "\xef\xbc\x95"s,
                                   "5\x0b"s,
                                   "\x0c"
                                   "5"s,
                                   "5\0"s,
                                   "\0"
                                   "5"s,
                                   "5\r\n 0"s,
                                   "5\r\n\t"s,
                                   "\r\n 5"s,
                                   "5\n"s,
                                   "5\rX: y"s,
                                   "5h"s,
                                   "0b101"s,
                                   "5-5"s,
                                   "(5)"s})
    refuse(cases, "Content-Length: " + value, kPost + "Content-Length: " + value + "\r\n\r\nhello");
  for (const std::string& fields :
       {"Content-Length: 5\r\nContent-Length: 5"s, "Content-Length: 5\r\ncontent-length: 29"s,
        "Content-Length: 0\r\nContent-Length: 5"s, "Content-Length: 5\r\nContent-Length: 0"s,
        "Content-Length:\r\nContent-Length: 5"s, "Content-Length: 5\r\nContent-Length: x"s,
        "Content-Length: 5\r\nX: y\r\nContent-Length: 5"s, "Content-Length : 5"s, "Content-Length\t: 5"s,
        " Content-Length: 5"s, "Content-Length\0: 5"s, "Content-\0Length: 5"s, "Content-Length\x85: 5"s,
        "Content-Length 5"s, "X: y\nContent-Length: 5"s, "X: y\rContent-Length: 5"s, "X:\r\n Content-Length: 5"s})
    refuse(cases, fields, kPost + fields + "\r\n\r\nhello");
  refuse(cases, "a length of 2^64 + 5", kPost + "Content-Length: 18446744073709551621\r\n\r\nhello", 413);
  refuse(cases, "a length of 2^32 + 5", kPost + "Content-Length: 4294967301\r\n\r\nhello", 413);
  refuse(cases, "a length of 2^63", kPost + "Content-Length: 9223372036854775808\r\n\r\nhello", 413);
  take(cases, "a length with leading zeros", kPost + "Content-Length: 005\r\n\r\nhello");
  take(cases, "a length of many digits", kPost + "Content-Length: " + std::string(40, '0') + "5\r\n\r\nhello");
  take(cases, "a length among white space", kPost + "Content-Length: \t5 \r\n\r\nhello");
  take(cases, "a length of 0 with a request behind", kPost + "Content-Length: 0\r\n\r\n" + kInner,
       {"POST /t ", "GET /in "});
  take(cases, "no length with a request behind", kPost + "\r\n" + kInner, {"POST /t ", "GET /in "});
  take(cases, "a request in a body", kPost + "Content-Length: " + std::to_string(kInner.size()) + "\r\n\r\n" + kInner,
       {"POST /t " + kInner});
  take(cases, "a body in a GET", "GET /t HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", {"GET /t hello"});
  take(cases, "chunks in a GET", "GET /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks,
       {"GET /t hello"});
  cases.push_back(
      {"a body longer than its length", kPost + "Content-Length: 4\r\n\r\nhello", {"POST /t hell"}, 0, true});
  cases.push_back({"a body shorter than its length", kPost + "Content-Length: 9\r\n\r\nhello", {}, 0, true});
  cases.push_back({"a body behind Connection: close",
                   kPost + "Connection: close\r\nContent-Length: 5\r\n\r\nhello" + kInner,
                   {kHello},
                   0,
                   false,
                   true});
  cases.push_back({"a request behind HTTP/1.0", "GET /t HTTP/1.0\r\n\r\n" + kInner, {"GET /t "}, 0, false, true});
  take(cases, "an expectation whose body is here", kPost + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  take(cases, "an upgrade is not one",
       kPost +
           "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
           "Content-Length: 5\r\n\r\nhello");
}

void chunk_lines(Cases& cases) {
  const std::string head = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& size : {"0x5"s,
                                  "0X5"s,
                                  "x5"s,
                                  "+5"s,
                                  "-5"s,
                                  "-0"s,
                                  "-0x0"s,
                                  "0_5"s,
                                  "5_"s,
                                  " 5"s,
                                  "\t5"s,
                                  "5 "s,
                                  "5\t"s,
                                  "5 ;a"s,
                                  "5\t;a"s,
                                  "5 5"s,
                                  ""s,
                                  " "s,
                                  "Z"s,
                                  "g5"s,
                                  "5g"s,
                                  "5h"s,
                                  "5these bytes"s,
                                  "5,5"s,
                                  "5.0"s,
                                  "\"5\""s,
                                  "\0"
                                  "5"s,
                                  "5\0"s,
                                  "\xef\xbc\x95"s,
                                  "5\xa0"s,
                                  "5\r"s,
                                  "5\r\r;a"s,
                                  "5\rX"s,
                                  "5\n"s,
                                  "5;a\n"s,
                                  "5;a\rb"s,
                                  "5;a=b\r\rX"s,
                                  "5;a\nb"s,
                                  "5;a=\"b\r\n\""s,
                                  "5;a=\"b"s,
                                  "5;a\0"s,
                                  ";a"s,
                                  ";"s,
                                  "5;\x7f"s,
                                  "5;a\x80"s,
                                  "10000000000000005"s,
                                  "ffffffffffffffffff"s,
                                  "00000000000000000000000010000000000000005"s, "00000000000000005"s, "5;a="s, "5;a=;b"s, "5;=b"s, "5;a b"s, "5;a=b c"s, "5;a =b"s, "5;a= b"s, "5; a"s, "5;a=\"b\"c"s})
    refuse(cases, "chunk size " + size, head + size + "\r\nhello\r\n0\r\n\r\n");
  for (const std::string& size :
       {"fffffffffffffff0"s, "ffffffffffffffff"s, "100000005"s, "7fffffff"s, "8000000000000005"s})
    refuse(cases, "chunk size " + size, head + size + "\r\nhello\r\n0\r\n\r\n", 413);
  for (const std::string& size :
       {"5"s, "05"s, "0000000000000005"s, "5;a"s, "5;a=b"s, "5;a=\"b;\\\"c\""s, "5;a;b=c"s})
    take(cases, "chunk size " + size, head + size + "\r\nhello\r\n0\r\n\r\n");
  take(cases, "sizes in either case", head + "0a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
       {"POST /t 01234567890123456789"});
  take(cases, "last chunk 000", head + "5\r\nhello\r\n000\r\n\r\n");
  take(cases, "last chunk with an extension", head + "5\r\nhello\r\n0;a=b\r\n\r\n");
  for (const std::string& last : {" 0"s, "           0"s, "0 "s, "-0"s, "+0"s, "0x0"s, "0\r"s})
    refuse(cases, "last chunk " + last, head + "5\r\nhello\r\n" + last + "\r\n\r\n");
}

void chunk_data(Cases& cases) {
  const std::string head = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body :
       {"3\r\nhello\r\n0\r\n\r\n"s, "5\r\nhello\n0\r\n\r\n"s, "5\r\nhelloX\r\n0\r\n\r\n"s, "5\r\nhello\r0\r\n\r\n"s,
        "5\r\nhello0\r\n\r\n"s, "5\r\nhello\r\r\n0\r\n\r\n"s, "5\nhello\n0\n\n"s, "5\r\nhello\r\n0\n\n"s,
        "5\r\nhello\r\n0\r\n\n"s, "5\r\nhello\r\n0\n\r\n"s, "5\r\nhello\r\n0\r\n\rX"s, "5\r\nhello\r\n\r\n0\r\n\r\n"s,
        "\r\n5\r\nhello\r\n0\r\n\r\n"s, "\n5\r\nhello\r\n0\r\n\r\n"s, "5\r\nhello\r\n0\r\0\n\r\n"s})
    refuse(cases, "chunks " + body, head + body);
  take(cases, "a last chunk in a chunk", head + "22\r\n0\r\n\r\n" + kInner + "\r\n0\r\n\r\n",
       {"POST /t 0\r\n\r\n" + kInner});
  take(cases, "a request behind the last chunk", head + "0\r\n\r\n" + kInner, {"POST /t ", "GET /in "});
  cases.push_back({"a NUL behind the last chunk", head + kChunks + "\0"s, {kHello}, 400});
  cases.push_back({"a bare LF behind the last chunk", head + kChunks + "\n" + kInner, {kHello}, 400});
  cases.push_back({"no last chunk", head + "5\r\nhello\r\n", {}, 0, true});
  take(cases, "trailers are dropped", head + "5\r\nhello\r\n0\r\nX: y\r\nHost: b\r\nZ:\r\n\r\n");
  take(cases, "a trailer that looks like a request", head + "5\r\nhello\r\n0\r\nX:POST / HTTP/1.1\r\n\r\n");
  for (const std::string& trailer :
       {"Content-Length: 5\r\n"s, "Transfer-Encoding: chunked\r\n"s, "X : y\r\n"s, "X\t: y\r\n"s, " X: y\r\n"s,
        "X: y\n"s, "X: y\r\n z\r\n"s, "X: y\rZ: z\r\n"s, "X: y\0\r\n"s, "X\0: y\r\n"s, ": y\r\n"s, "X\r\n"s,
        "GET /in HTTP/1.1\r\nHost: a\r\n"s, "X(): y\r\n"s, "\xefX: y\r\n"s, "X: \x7f\r\n"s, "X: y\r\nX\r\n"s})
    refuse(cases, "trailer " + trailer, head + "5\r\nhello\r\n0\r\n" + trailer + "\r\n");
}

void request_lines(Cases& cases) {
  const std::string host = "\r\nHost: a\r\n\r\n";
  for (const std::string& line : {"GET  / HTTP/1.1"s,
                                  "GET /  HTTP/1.1"s,
                                  " GET / HTTP/1.1"s,
                                  "GET / HTTP/1.1 "s,
                                  "GET\t/ HTTP/1.1"s,
                                  "GET /\tHTTP/1.1"s,
                                  "GET / HTTP/1.1\t"s,
                                  "GET /\nHTTP/1.1"s,
                                  "GET /\rHTTP/1.1"s,
                                  "GET / HTTP/\r\r1.1"s,
                                  "GET /\x0bHTTP/1.1"s,
                                  "GET /"s,
                                  "GET"s,
                                  "/ HTTP/1.1"s,
                                  "GET HTTP/1.1"s,
                                  "GET  HTTP/1.1"s,
                                  "GET / http/1.1"s,
                                  "GET / HTTP/1"s,
                                  "GET / HTTP/1.10"s,
                                  "GET / HTTP/01.1"s,
                                  "GET / HTTP/1,1"s,
                                  "GET / HTTP/1.1x"s,
                                  "GET / HTTP/1.32"s,
                                  "GET / HTTPS/1.1"s,
                                  "GET / HTTP/4294967297.1"s,
                                  "GET /a b HTTP/1.1"s,
                                  "GET /#a HTTP/1.1"s,
                                  "GET /\x80 HTTP/1.1"s,
                                  "GET /\0 HTTP/1.1"s,
                                  "GET /\x7f HTTP/1.1"s,
                                  "GET /% HTTP/1.1"s,
                                  "GET /%0 HTTP/1.1"s,
                                  "GET ! HTTP/1.1"s,
                                  "GET a/b HTTP/1.1"s,
                                  "GET * HTTP/1.1"s,
                                  "CONNECT a:80 HTTP/1.1"s,
                                  "GET http://u@b/ HTTP/1.1"s,
                                  "GET http://b:99999/ HTTP/1.1"s,
                                  "GET http:///a HTTP/1.1"s,
                                  "GET http:/b HTTP/1.1"s,
                                  "GET ftp://b/ HTTP/1.1"s,
                                  "G(T / HTTP/1.1"s,
                                  "G\0T / HTTP/1.1"s,
                                  "G=\":<>? / HTTP/1.1"s,
                                  "\xefGET / HTTP/1.1"s,
                                  "GET / HTTP/1.1\r"s,
                                  "\x16\x03\x01"s,
                                  "{\"a\": 1}"s})
    refuse(cases, "line " + line, line + host);
  for (const std::string& line : {"GET / HTTP/2.0"s, "GET / HTTP/0.9"s, "GET / HTTP/1.2"s, "PRI * HTTP/2.0"s})
    refuse(cases, "line " + line, line + host, 505);
  for (const std::string& start : {"\n"s, "\r"s, "\r\n\r\n"s, "\r\n\n"s, "\0"s, "\t"s, "\xef\xbb\xbf"s, ":"s})
    refuse(cases, "before the line " + start, start + "GET /" + " HTTP/1.1" + host);
  refuse(cases, "all lines end with LF", "GET / HTTP/1.1\nHost: a\n\n");
  refuse(cases, "the first line ends with LF", "GET / HTTP/1.1\nHost: a\r\n\r\n");
  refuse(cases, "the header ends with LF", "GET / HTTP/1.1\r\nHost: a\r\n\n");
  refuse(cases, "the header ends with LF LF", "GET / HTTP/1.1\r\nHost: a\r\nX:\n\n" + kInner);
  refuse(cases, "a CR before the last line", "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n");
  take(cases, "one empty line before", "\r\nGET /t HTTP/1.1" + host, {"GET /t "});
  take(cases, "the absolute form beside another Host", "GET http://b/t HTTP/1.1" + host, {"GET http://b/t "});
  take(cases, "the absolute form of https", "GET HTTPS://b:1/t?u HTTP/1.1" + host, {"GET HTTPS://b:1/t?u "});
  take(cases, "a path that looks like an authority", "GET //b/t HTTP/1.1" + host, {"GET //b/t "});
  take(cases, "dots and escapes are not resolved", "GET /a/../%2e%2f\\;x HTTP/1.1" + host, {"GET /a/../%2e%2f\\;x "});
  take(cases, "the asterisk form", "OPTIONS * HTTP/1.1" + host, {"OPTIONS * "});
  take(cases, "a method in lower case is another method", "get /t HTTP/1.1" + host, {"get /t "});
}

void fields(Cases& cases) {
  const std::string line = "GET /t HTTP/1.1\r\n";
  for (const std::string& field : {""s,
                                   "Host: a\r\nHost: a\r\n"s,
                                   "Host: a\r\nhost: b\r\n"s,
                                   "Host:\r\n"s,
                                   "Host: \r\n"s,
                                   "Host: a, b\r\n"s,
                                   "Host: a b\r\n"s,
                                   "Host: a\0b\r\n"s,
                                   "Host: a\0.b\r\n"s,
                                   "Host: u@a\r\n"s,
                                   "Host: a/b\r\n"s,
                                   "Host: a:b\r\n"s,
                                   "Host: a:80:80\r\n"s,
                                   "Host: [a\r\n"s,
                                   "Host: \xff"
                                   "a\r\n"s,
                                   "Host : a\r\n"s,
                                   " Host: a\r\n"s,
                                   "Host: a\r\n b\r\n"s,
                                   "Host: a#b\r\n"s,
                                   "Host: a?b\r\n"s,
                                   "Host: http://a\r\n"s,
                                   "Host: a\\b\r\n"s})
    refuse(cases, "host " + field, line + field + "\r\n");
  for (const std::string& field :
       {":"s,           ": x"s,       "X"s,          "X y: z"s,     "X\0: y"s,    "X: \0"s,           "X: a\0b"s,
        "X: \x01"s,     "X: \x1b"s,   "X: \x7f"s,    "X\x7f: y"s,   "\xefX: y"s,  "X\x85: y"s,        "X(: y"s,
        "X,: y"s,       "X/: y"s,     "X;: y"s,      "X<: y"s,      "X=: y"s,     "X?: y"s,           "X@: y"s,
        "X[]: y"s,      "X\\: y"s,    "X{: y"s,      "X\": y"s,     "X\t: y"s,    "X : y"s,           "X: y\r\n z"s,
        "X: y\r\n\tz"s, "X: y\r\n "s, "X: y\nZ: z"s, "X: y\rZ: z"s, "Te\nst: y"s, "GET /in HTTP/1.1"s})
    refuse(cases, "field " + field, line + "Host: a\r\n" + field + "\r\n\r\n");
  take(cases, "obs-text in a value", line + "Host: a\r\nX: \x80\xff\r\n\r\n", {"GET /t "});
  take(cases, "odd tokens as names", line + "Host: a\r\n!#$%&'*+-.^_`|~09: y\r\n\r\n", {"GET /t "});
  take(cases, "a colon in a value", line + "Host: a\r\nX:: y: z\r\n\r\n", {"GET /t "});
  cases.push_back({"HTTP/1.0 without Host", "GET /t HTTP/1.0\r\n\r\n", {"GET /t "}, 0, false, true});
  refuse(cases, "two hosts in HTTP/1.0", "GET /t HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
}

}  // namespace

std::vector<SmugglingCase> smuggling_cases() {
  Cases cases;
  lengths_and_codings(cases);
  codings(cases);
  lengths(cases);
  chunk_lines(cases);
  chunk_data(cases);
  request_lines(cases);
  fields(cases);
  return cases;
}

}  // namespace tidemark::http::testing
