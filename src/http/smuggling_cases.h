// Streams of bytes that HTTP parsers are known to understand differently, and the
// one way in which this one does.
//
// Smuggling needs two parsers that disagree about where a request ends. Which of
// them is right does not matter: so each stream here is refused, or understood as
// exactly the requests listed. Collected from the discrepancies that the HTTP Garden
// names, from what RFC 9112 §11.2 warns of, and from what Beast lets pass.
#pragma once

#include <string>
#include <vector>

namespace tidemark::http::testing {

struct SmugglingCase {
  std::string name;
  std::string bytes;
  std::vector<std::string> understood;  // in order, as "METHOD target body"
  int refused = 0;                      // the status behind them, or 0
  bool waiting = false;                 // the last request is not complete
  bool ends = false;                    // the last one understood ends the connection
};

std::vector<SmugglingCase> smuggling_cases();

}  // namespace tidemark::http::testing
