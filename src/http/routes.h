// Which route a request is for.
//
// Pure: a method and a path in, a route or a problem out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/parameters.h"

namespace tidemark::http {

enum class Route { publish, mark, waits, acks, topics, consumers, topology, doctor, live, ready, metrics };

struct Match {
  Route route = Route::live;
  std::string argument;  // the decoded segment that the route names, such as the topic
};

struct NoMatch {
  Problem problem;
  std::string allow;  // of a 405: the methods for Allow
};

// HEAD is taken wherever GET is. Precondition: `path` as Request::path.
std::variant<Match, NoMatch> match(std::string_view method, std::string_view path);

}  // namespace tidemark::http
