#include "http/routes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/percent.h"

namespace tidemark::http {
namespace {

struct Entry {
  Route route;
  std::string_view method;
  std::string_view pattern;  // a segment in braces stands for any one that is not empty
};

constexpr std::array<Entry, 11> kEntries{{
    {Route::publish, "POST", "/topics/{topic}"},
    {Route::mark, "GET", "/marks/{mark}"},
    {Route::waits, "POST", "/waits"},
    {Route::acks, "POST", "/acks"},
    {Route::topics, "GET", "/topics"},
    {Route::consumers, "GET", "/consumers"},
    {Route::topology, "GET", "/topology"},
    {Route::doctor, "GET", "/doctor"},
    {Route::live, "GET", "/health/live"},
    {Route::ready, "GET", "/health/ready"},
    {Route::metrics, "GET", "/metrics"},
}};

// A path of more segments than any route has is cut: it cannot match.
constexpr std::size_t kMostSegments = 4;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  segments.reserve(kMostSegments);
  while (!path.empty() && segments.size() < kMostSegments) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_variable(std::string_view segment) { return !segment.empty() && segment.front() == '{'; }

bool matches(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (is_variable(pattern[i]) ? segments[i].empty() : pattern[i] != segments[i]) return false;
  return true;
}

// A variable segment costs nothing where the path has one, and a little where it
// has none, so that "/topic/x" is nearest to "/topics/{topic}". A segment that the
// path lacks costs the same whatever its name, so that "/health" is nearest to
// "/health/live".
std::size_t distance(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& segments) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < std::max(pattern.size(), segments.size()); ++i) {
    const std::string_view wanted = i < pattern.size() ? pattern[i] : std::string_view();
    const std::string_view found = i < segments.size() ? segments[i] : std::string_view();
    if (is_variable(wanted)) sum += found.empty() ? 1 : 0;
    else if (i >= segments.size()) sum += 3;
    else sum += edit_distance(wanted, found) + (i < pattern.size() ? 0 : 1);
  }
  return sum;
}

NoMatch unknown_route(std::string_view path, const std::vector<std::string_view>& segments) {
  const Entry* best = nullptr;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const Entry& entry : kEntries) {
    const std::size_t far = distance(split(entry.pattern), segments);
    if (far < least) {
      least = far;
      best = &entry;
    }
  }
  return {{kUnknownRoute, "There is no route '" + printable(path) + "'; the nearest known one is " +
                              std::string(best->method) + " " + std::string(best->pattern)},
          {}};
}

}  // namespace

std::variant<Match, NoMatch> match(std::string_view method, std::string_view path) {
  const std::vector<std::string_view> segments = split(path);
  std::string allow;
  for (const Entry& entry : kEntries) {
    const std::vector<std::string_view> pattern = split(entry.pattern);
    if (!matches(pattern, segments)) continue;
    if (method == entry.method || (method == "HEAD" && entry.method == "GET")) {
      Match found{entry.route, {}};
      // Its escapes were checked with the target.
      if (is_variable(pattern.back())) found.argument = percent_decode(segments.back()).value_or("");
      return found;
    }
    allow += (allow.empty() ? "" : ", ") + std::string(entry.method) + (entry.method == "GET" ? ", HEAD" : "");
  }
  if (allow.empty()) return unknown_route(path, segments);
  return NoMatch{{kMethodNotAllowed, "'" + printable(path) + "' takes " + allow + ", not " + printable(method, 20)},
                 allow};
}

}  // namespace tidemark::http
