#include "http/bad_requests.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "base/percent.h"
#include "core/mark.h"
#include "http/limits.h"

namespace tidemark::http::testing {
namespace {

const Limits kLimits{};

}  // namespace

std::string BadRequests::Draft::bytes() const {
  std::string bytes = method + ' ' + target + ' ' + version + "\r\n";
  for (const std::string& field : fields) bytes += field + "\r\n";
  if (chunked) {
    bytes += "Transfer-Encoding: chunked\r\n\r\n";
    return bytes + body;
  }
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return bytes + "\r\n" + body;
}

std::string BadRequests::word(std::size_t most) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  std::string text(1, kLetters[below(26)]);
  while (text.size() < most && below(8) != 0) text.push_back(kLetters[below(kLetters.size())]);
  return text;
}

std::string BadRequests::digits(std::size_t most) {
  std::string text(1, static_cast<char>('1' + below(9)));
  while (text.size() < most && below(4) != 0) text.push_back(static_cast<char>('0' + below(10)));
  return text;
}

// Any byte that a field's value may not have; no line end.
char BadRequests::control() {
  while (true) {
    const char c = below(8) == 0 ? '\x7f' : static_cast<char>(below(32));
    if (c != '\t' && c != '\r' && c != '\n') return c;
  }
}

void BadRequests::insert(std::string& text, std::size_t from, std::string_view piece) {
  text.insert(from + below(text.size() - from + 1), piece);
}

BadRequests::Draft BadRequests::good() {
  Draft draft;
  draft.target = "/topics/" + word();
  if (below(2) == 0) draft.target += "?key=" + word() + "&wait=" + digits(2) + "ms";
  draft.fields = {"Host: " + word()};
  while (below(3) != 0) draft.fields.push_back("X-" + word() + ": " + word(40));
  if (below(2) == 0) draft.fields.push_back("Content-Type: text/plain");
  draft.body = word(60);
  return draft;
}

BadRequests::Draft BadRequests::good_json(bool ack) {
  Draft draft;
  draft.target = ack ? "/acks" : "/waits";
  draft.fields = {"Host: " + word(), "Content-Type: application/json"};
  const std::string place = R"("topic":")" + word() + R"(","partition":)" + digits(4) + R"(,"offset":)" + digits(15);
  draft.body = ack ? R"({"consumer":")" + word() + R"(",)" + place + "}"
                   : R"({"positions":[{)" + place + R"(}],"for":[")" + word() + R"("]})";
  return draft;
}

BadRequest BadRequests::line() {
  Draft draft = good();
  switch (below(9)) {
    case 0:
      insert(draft.method, 0, one_of({"(", "\"", "/", "@", ":", "{", "\x80"}));
      return {"method", draft.bytes(), 400, true};
    case 1:
      draft.version = one_of({"http/1.1", "HTTP/1", "HTTP/1.", "HTTP/1.x", "HTTP/11", "HTTP/1.1 ", "1.1", "HTTQ/1.1"});
      return {"version", draft.bytes(), 400, true};
    case 2:
      draft.version = "HTTP/" + std::to_string(2 + below(8)) + "." + std::to_string(below(10));
      return {"another version", draft.bytes(), 505, true};
    case 3:
      insert(draft.target, 1, one_of({" ", "\t", "\x7f", "\x80", "\xff", "#"}));
      return {"byte in the target", draft.bytes(), 400, true};
    case 4: draft.target.erase(0, 1); return {"target without a slash", draft.bytes(), 400, true};
    case 5:
      draft.target +=
          (draft.target.find('?') == std::string::npos ? "?a=" : "&a=") + one_of({"%", "%4", "%zz", "%%41", "%-1"});
      return {"escape in the query", draft.bytes(), 400, true};
    case 6:
      draft.target = "/topics/" + word() + one_of({"%", "%g0", "%0"});
      return {"escape in the path", draft.bytes(), 400, true};
    case 7: return {"space before the line", one_of({" ", "\t", "\n", "\r\r", "\r\n\r\n"}) + draft.bytes(), 400, true};
    default: {
      std::string bytes = draft.bytes();
      bytes.erase(bytes.find('\r'), 1);
      return {"bare LF behind the request line", bytes, 400, true};
    }
  }
}

BadRequest BadRequests::fields() {
  Draft draft = good();
  switch (below(8)) {
    case 0: draft.fields.erase(draft.fields.begin()); return {"no Host", draft.bytes(), 400, true};
    case 1: draft.fields.push_back("hOST: " + word()); return {"two Hosts", draft.bytes(), 400, true};
    case 2:
      draft.fields[0] =
          "Host:" + one_of({"", " ", " a b", " a\"b", " u@a", " a/b", " a:x", " a:99999", " [::1", " a%4"});
      return {"invalid Host", draft.bytes(), 400, true};
    case 3:
      draft.fields.push_back(word() + one_of({" ", "\t", "(", ")", "@", "[", "]", "{", "}",    "\"",
                                              "/", "\\", ",", ";", "=", "?", "<", ">", "\x80", "\x01"}) +
                             ": x");
      return {"field name", draft.bytes(), 400, true};
    case 4: {
      std::string value = word();
      insert(value, 0, std::string(1, control()));
      draft.fields.push_back("X: " + value);
      return {"control character in a value", draft.bytes(), 400, true};
    }
    case 5:
      draft.fields.push_back("X: " + word() + "\r\n" + one_of({" ", "\t", "  "}) + word());
      return {"folded field", draft.bytes(), 400, true};
    case 6:
      draft.fields.push_back("X: " + word() + one_of({"\n", "\r", "\r\r\n", "\n\r\n"}) + "Y: " + word());
      return {"bare line end", draft.bytes(), 400, true};
    default:
      draft.fields.push_back(one_of({"X", ":", ": x", "X y", "=", "\"X\": y"}));
      return {"no field", draft.bytes(), 400, true};
  }
}

BadRequest BadRequests::framing() {
  Draft draft = good();
  const std::string body = std::exchange(draft.body, {});
  switch (below(8)) {
    case 0: {
      std::string number = std::to_string(body.size());
      insert(number, 0, one_of({"+", "-", " ", ",", ".", "x", "_", "\xa0", ";", "\""}));
      // White space around a number is none of it.
      if (number.front() == ' ' || number.back() == ' ') number += "x";
      draft.fields.push_back("Content-Length: " + number);
      return {"Content-Length", draft.bytes() + body, 400, true};
    }
    case 1:
      draft.fields.push_back("Content-Length:" + one_of({"", " ", " five", " 0x5", " 1e1", " 5, 5"}));
      return {"no length", draft.bytes() + body, 400, true};
    case 2:
      draft.fields.push_back("Content-Length: 1");
      draft.fields.push_back("content-length: " + digits(3));
      return {"two lengths", draft.bytes() + body, 400, true};
    case 3:
      draft.fields.push_back("Content-Length: " + std::to_string(kLimits.body_bytes + 1 + below(1000000)) +
                             std::string(below(12), '0'));
      return {"length over the limit", draft.bytes(), 413, true};
    case 4:
      draft.fields.push_back("Transfer-Encoding:" + one_of({"", " gzip", " xchunked", " chunked, gzip", " chunked;a",
                                                            " \"chunked\"", " chunked, chunked"}));
      return {"coding", draft.bytes(), 400, true};
    case 5:
      draft.fields.push_back("Transfer-Encoding: " + word() + ", chunked");
      return {"coding that is not known", draft.bytes(), 501, true};
    case 6:
      draft.fields.push_back("Content-Length: " + digits(3));
      draft.chunked = true;
      return {"length and coding", draft.bytes(), 400, true};
    default: draft.fields.push_back("Expect: " + word()); return {"expectation", draft.bytes(), 417, true};
  }
}

BadRequest BadRequests::chunks() {
  Draft draft = good();
  draft.chunked = true;
  const std::string data = std::exchange(draft.body, {});
  char size[16];
  std::snprintf(size, sizeof size, "%zx", data.size());
  const std::string chunk = size + ("\r\n" + data) + "\r\n";
  for (auto more = below(3); more > 0; --more) draft.body += chunk;
  switch (below(7)) {
    case 0:
      draft.body += one_of({"0x", "+", "-", " ", "g", "_", ";", ","}) + chunk;
      return {"chunk size", draft.bytes(), 400, true};
    case 1:
      draft.body += size + one_of({" ", "\n", "\r", "x", "\t;a", "_0"}) + "\r\n" + data + "\r\n0\r\n\r\n";
      return {"behind the chunk size", draft.bytes(), 400, true};
    case 2:
      draft.body += "1" + std::string(6 + below(9), '0') + "\r\n";
      return {"chunk over the limit", draft.bytes(), 413, true};
    case 3:
      draft.body += size + ("\r\n" + data) + one_of({"\n", "x", "\r\r", "0\r\n"}) + "0\r\n\r\n";
      return {"behind the chunk's data", draft.bytes(), 400, true};
    case 4:
      draft.body +=
          size + (";" + std::string(kLimits.chunk_extension_bytes + below(200), 'e')) + "\r\n" + data + "\r\n0\r\n\r\n";
      return {"chunk extension", draft.bytes(), 400, true};
    case 5:
      draft.body += "0\r\n" +
                    one_of({"x y: z", "x : y", ": y", "x", "(: y", "Content-Length: 1", "Transfer-Encoding: chunked"}) +
                    "\r\n\r\n";
      return {"trailer", draft.bytes(), 400, true};
    default:
      draft.body += "0\r\nx: " + std::string(kLimits.trailer_bytes + below(1000), 't') + "\r\n\r\n";
      return {"long trailer", draft.bytes(), 431, true};
  }
}

BadRequest BadRequests::oversize() {
  Draft draft = good();
  switch (below(4)) {
    case 0:
      draft.target = "/topics/" + std::string(kLimits.header_bytes + below(3000), 't');
      return {"long target", draft.bytes(), 414, true};
    case 1:
      draft.fields.push_back("X: " + std::string(kLimits.header_bytes + below(3000), 'v'));
      return {"long value", draft.bytes(), 431, true};
    case 2:
      draft.fields.push_back(std::string(kLimits.header_bytes + below(3000), 'n') + ": x");
      return {"long name", draft.bytes(), 431, true};
    default:
      while (draft.fields.size() <= kLimits.header_fields) draft.fields.push_back(word() + ":" + word(3));
      return {"many fields", draft.bytes(), 431, true};
  }
}

BadRequest BadRequests::route() {
  Draft draft = good();
  switch (below(5)) {
    case 0:
      draft.target = "/" + word() + "x/" + word() + one_of({"", "/", "/a/b/c"});
      return {"no route", draft.bytes(), 404, false};
    case 1:
      draft.method = one_of({"PUT", "DELETE", "PATCH", "post", "BREW"});
      return {"no such method", draft.bytes(), 405, false};
    case 2: draft.target = "/topics/__" + word(); return {"topic of Kafka's own", draft.bytes(), 403, false};
    case 3:
      draft.target =
          "/topics/" + word() + percent_encode(one_of({" ", "/", "\\", ":", "\xc3\xa9", "\x01", "*", "@"})) + word();
      return {"invalid topic", draft.bytes(), 400, false};
    default:
      draft.target = "/topics/" + std::string(250 + below(200), 't');
      return {"long topic", draft.bytes(), 400, false};
  }
}

BadRequest BadRequests::parameter() {
  Draft draft = good();
  draft.target = "/topics/" + word() + "?";
  switch (below(9)) {
    case 0: draft.target += "x" + word() + "=" + word(); return {"unknown parameter", draft.bytes(), 400, false};
    case 1:
      draft.target += "wait=" + one_of({"", "5", "-1s", "1%20s", "1x", "1.s", ".5s", "61s", "2h", "9999999s", "1.2345s",
                                        "0x1s", "s"});
      return {"wait", draft.bytes(), 400, false};
    case 2:
      draft.target += "partition=" + one_of({"", "-1", "+1", "1.0", "x", "0x1", "2147483648", "99999999999", "1%20"});
      return {"partition", draft.bytes(), 400, false};
    case 3: draft.target += "scope=" + word() + "x"; return {"scope", draft.bytes(), 400, false};
    case 4:
      draft.target += "for=" + one_of({"", ",", "a,", ",a", "a,,b", "a%00", "a%0a", "%7f"});
      return {"for", draft.bytes(), 400, false};
    case 5:
      draft.target += "key64=" + one_of({"a", "a===", "ab=", "a*bc", "AB", "=", "ab%20c"});
      return {"key64", draft.bytes(), 400, false};
    case 6: draft.target += "key=" + word() + "&key64=YQ"; return {"two keys", draft.bytes(), 400, false};
    case 7: draft.target += "wait=1s&wait=" + digits(1) + "s"; return {"parameter twice", draft.bytes(), 400, false};
    default:
      draft.target += one_of({"basis=timing", "tombstone=true", "timestamp=1"});
      return {"not built", draft.bytes(), 400, false};
  }
}

BadRequest BadRequests::header() {
  Draft draft = good();
  switch (below(6)) {
    case 0:
      draft.fields.push_back("Content-Encoding: " + one_of({"gzip", "br", "x"}));
      return {"coded body", draft.bytes(), 415, false};
    case 1: draft.fields.push_back("ce-" + word() + ": " + word()); return {"CloudEvent", draft.bytes(), 400, false};
    case 2: draft.fields.push_back("Idempotency-Key: " + word()); return {"Idempotency-Key", draft.bytes(), 400, false};
    case 3:
      draft.fields.push_back("Kafka-Header-" +
                             one_of({"", "tidemark-id", "Tidemark-x", "TraceParent", "baggage", "content-type"}) +
                             ": x");
      return {"record header", draft.bytes(), 400, false};
    case 4:
      draft.fields = {"Host: a",
                      "Content-Type: application/" +
                          one_of({"vnd.kafka.json.v2+json", "vnd.kafka.binary.v2+json", "cloudevents+json"})};
      return {"content that is not built", draft.bytes(), 415, false};
    default:
      draft.fields = {"Host: a", "Content-Type: text/plain", "content-type: " + word()};
      return {"two content types", draft.bytes(), 400, false};
  }
}

BadRequest BadRequests::mark() {
  Draft draft;
  draft.method = "GET";
  draft.fields = {"Host: " + word()};
  core::Mark made;
  made.terms.emplace_back();
  made.terms[0].topic = word();
  made.terms[0].first = made.terms[0].last = static_cast<core::Offset>(below(1000000));
  std::string text = core::encode(made).value();
  switch (below(5)) {
    case 0: {
      char& changed = text[below(text.size())];
      changed = changed == 'A' ? 'B' : 'A';
      break;
    }
    case 1: text.resize(1 + below(text.size() - 1)); break;
    case 2: insert(text, 0, one_of({"=", "%2B", ".", "%00", "A", "*"})); break;
    case 3: text = one_of({"+", text.c_str()}) + one_of({"+", "++", "+x"}); break;
    default: text = std::string(core::Mark::kMaxText + 1 + below(1000), 'A');
  }
  draft.target = "/marks/" + text;
  return {"mark", draft.bytes(), 400, false};
}

BadRequest BadRequests::json() {
  Draft draft = good_json(below(2) == 0);
  switch (below(7)) {
    case 0: draft.body.resize(1 + below(draft.body.size() - 1)); return {"JSON cut short", draft.bytes(), 400, false};
    case 1:
      draft.body += one_of({"x", "{}", ",", "]", "\x01", "null"});
      return {"JSON and more", draft.bytes(), 400, false};
    case 2:
      insert(draft.body, 0, one_of({"\x01", "\xff", "\xc0\x80", "\xed\xa0\x80"}));
      return {"bytes in JSON", draft.bytes(), 400, false};
    case 3:
      draft.body =
          one_of({"[]", "null", "1", "\"a\"", "true", "{", "nul", "'a'", "\xef\xbb\xbf{}", "{a:1}", "{\"a\":}"});
      return {"no object", draft.bytes(), 400, false};
    case 4: draft.body = std::string(5 + below(2000), '['); return {"deep JSON", draft.bytes(), 400, false};
    case 5:
      draft.fields[1] = "Content-Type: " + one_of({"text/plain", "application/xml", "application/json5",
                                                   "application/json; charset=latin1", "json"});
      return {"not JSON", draft.bytes(), 415, false};
    default: draft.fields.pop_back(); return {"no content type", draft.bytes(), 415, false};
  }
}

// A member that is wrong, unknown, missing or given twice.
BadRequest BadRequests::member() {
  const bool ack = below(2) == 0;
  Draft draft = good_json(ack);
  std::string& body = draft.body;
  switch (below(5)) {
    case 0:
      body.insert(1, "\"x" + word() + "\":" + digits() + ",");
      return {"unknown member", draft.bytes(), 400, false};
    case 1:
      body.insert(1, ack ? R"("consumer":"twice",)" : R"("for":["twice"],)");
      return {"member twice", draft.bytes(), 400, false};
    case 2: {
      const std::size_t at = body.find(R"("offset":)") + 9;
      body.replace(at, body.find('}', at) - at,
                   one_of({"-1", "1.5", "1e3", "\"1\"", "null", "true", "[1]", "{}", "9223372036854775808"}));
      return {"offset", draft.bytes(), 400, false};
    }
    case 3: {
      const std::size_t at = body.find(R"("topic":)") + 8;
      body.replace(at, body.find(',', at) - at,
                   one_of({"1", "null", "\"\"", "\"a b\"", "\"a/b\"", "\"\\u0000\"", "[\"a\"]", "\"..\""}));
      return {"topic", draft.bytes(), 400, false};
    }
    default: {
      const std::size_t at = body.find(R"("partition":)");
      body.erase(at, body.find(',', at) + 1 - at);
      return {"member missing", draft.bytes(), 400, false};
    }
  }
}

BadRequest BadRequests::next() {
  switch (below(11)) {
    case 0: return line();
    case 1: return fields();
    case 2: return framing();
    case 3: return chunks();
    case 4: return oversize();
    case 5: return route();
    case 6: return parameter();
    case 7: return header();
    case 8: return mark();
    case 9: return json();
    default: return member();
  }
}

}  // namespace tidemark::http::testing
