// For tests: what a stream of bytes is understood as, however it is cut.
//
// A connection feeds the parser whatever the kernel hands it, and begins a new one
// behind each request. The same loop without a socket makes every cut of every
// input cheap to try; what a stream means must not depend on them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.h"

namespace tidemark::http::testing {

struct Understood {
  std::vector<Request> requests;
  int refused = 0;       // the status, or 0
  bool waiting = false;  // within a request when the bytes ended
};

// `cuts`, ascending: where a piece ends. Bytes behind a refusal, or behind a request
// that ends the connection, are nobody's.
inline Understood understand(std::string_view bytes, const std::vector<std::size_t>& cuts, const Limits& limits) {
  Understood understood;
  std::unique_ptr<RequestParser> parser;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? std::min(cuts[i], bytes.size()) : bytes.size();
    std::string_view piece = bytes.substr(from, to - from);
    from = to;
    while (!piece.empty()) {
      if (!parser) parser = std::make_unique<RequestParser>(limits);
      std::size_t used = 0;
      const RequestParser::Verdict verdict = parser->feed(piece, used);
      piece.remove_prefix(used);
      if (verdict == RequestParser::Verdict::refused) {
        understood.refused = parser->problem().kind.status;
        return understood;
      }
      if (verdict != RequestParser::Verdict::complete) continue;
      understood.requests.push_back(parser->take());
      parser.reset();
      if (!understood.requests.back().keep_alive) return understood;
    }
  }
  understood.waiting = parser != nullptr;
  return understood;
}

// Cuts behind every byte.
inline std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts(size);
  for (std::size_t i = 0; i < size; ++i) cuts[i] = i + 1;
  return cuts;
}

// Everything that whoever decides about the requests could see, as text.
inline std::string describe(const Understood& understood) {
  std::string text;
  for (const Request& request : understood.requests) {
    text += request.method + ' ' + request.target + (request.http11 ? " 1.1" : " 1.0") +
            (request.keep_alive ? " goes on" : " ends") + " path " + request.path;
    for (const Parameter& parameter : request.query) text += '?' + parameter.name + '=' + parameter.value;
    for (const Field& field : request.headers) text += '|' + field.name + ':' + field.value;
    text += "| " + std::to_string(request.body.size()) + ' ' + request.body + '\n';
  }
  if (understood.refused != 0) text += "refused " + std::to_string(understood.refused);
  if (understood.waiting) text += "waiting";
  return text;
}

}  // namespace tidemark::http::testing
