// Requests with one thing wrong, by the thousand, each with the answer it must get.
//
// A list of bad requests is as long as its author's patience. Here a good request is
// drawn, and one rule of the grammar broken at a place that is drawn too; whoever
// broke it knows which status that is.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::http::testing {

struct BadRequest {
  const char* what;
  std::string bytes;
  int status;
  bool closes;  // the transport refuses it; else the routes, and the connection goes on
};

class BadRequests {
 public:
  explicit BadRequests(std::uint64_t seed) : random_(seed) {}
  BadRequest next();

 private:
  struct Draft {
    std::string method = "POST", target, version = "HTTP/1.1";
    std::vector<std::string> fields;  // whole lines
    std::string body;
    bool chunked = false;
    std::string bytes() const;
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string one_of(std::initializer_list<const char*> of) { return *(of.begin() + below(of.size())); }
  std::string word(std::size_t most = 12);
  std::string digits(std::size_t most = 12);
  char control();
  void insert(std::string& text, std::size_t from, std::string_view piece);

  Draft good();
  Draft good_json(bool ack);
  BadRequest line();
  BadRequest fields();
  BadRequest framing();
  BadRequest chunks();
  BadRequest oversize();
  BadRequest route();
  BadRequest parameter();
  BadRequest header();
  BadRequest mark();
  BadRequest json();
  BadRequest member();

  std::mt19937_64 random_;
};

}  // namespace tidemark::http::testing
