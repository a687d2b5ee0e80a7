#include "http/routes.h"

#include <gtest/gtest.h>

namespace tidemark::http {
namespace {

TEST(Routes, AreFoundByMethodAndPath) {
  const auto route = [](const char* method, const char* path) { return std::get<Match>(match(method, path)); };
  EXPECT_EQ(route("POST", "/topics/orders").route, Route::publish);
  EXPECT_EQ(route("POST", "/topics/orders").argument, "orders");
  EXPECT_EQ(route("POST", "/topics/a%2Fb").argument, "a/b") << "an escaped slash does not separate";
  EXPECT_EQ(route("GET", "/marks/abc+def").argument, "abc+def");
  EXPECT_EQ(route("HEAD", "/marks/abc").route, Route::mark);
  EXPECT_EQ(route("POST", "/waits").route, Route::waits);
  EXPECT_EQ(route("POST", "/acks").route, Route::acks);
  EXPECT_EQ(route("GET", "/doctor").route, Route::doctor);
  EXPECT_EQ(route("GET", "/topics").route, Route::topics);
  EXPECT_EQ(route("GET", "/consumers").route, Route::consumers);
  EXPECT_EQ(route("GET", "/topology").route, Route::topology);
  EXPECT_EQ(route("GET", "/health/live").route, Route::live);
  EXPECT_EQ(route("GET", "/health/ready").route, Route::ready);
  EXPECT_EQ(route("GET", "/metrics").route, Route::metrics);
}

TEST(Routes, AnUnknownOneNamesTheNearest) {
  const auto detail = [](const char* path) {
    const NoMatch none = std::get<NoMatch>(match("POST", path));
    EXPECT_EQ(none.problem.kind.status, 404) << path;
    EXPECT_TRUE(none.allow.empty());
    return none.problem.detail;
  };
  const auto names = [&](const char* path, const char* nearest) {
    return detail(path).find(std::string("the nearest known one is ") + nearest) != std::string::npos;
  };
  EXPECT_TRUE(names("/topic/orders", "POST /topics/{topic}"));
  EXPECT_TRUE(names("/topics/", "POST /topics/{topic}"));
  EXPECT_TRUE(names("/topics/a/b", "POST /topics/{topic}"));
  EXPECT_TRUE(names("/mark/x", "GET /marks/{mark}"));
  EXPECT_TRUE(names("/consumer", "GET /consumers"));
  EXPECT_TRUE(names("/topologies", "GET /topology"));
  EXPECT_TRUE(names("/health", "GET /health/live"));
  EXPECT_TRUE(names("/healthz/ready", "GET /health/ready"));
  EXPECT_TRUE(names("/metric", "GET /metrics"));
  EXPECT_TRUE(names("/ack", "POST /acks"));
  EXPECT_TRUE(names("/wait", "POST /waits"));
  for (const char* path : {"/", "*", "//", "/topics//", "//topics", "/a/b/c/d/e/f/g/h", "/TOPICS", "/metrics/"})
    EXPECT_FALSE(detail(path).empty());
}

TEST(Routes, AWrongMethodNamesTheRightOnes) {
  const auto allow = [](const char* method, const char* path) {
    const NoMatch none = std::get<NoMatch>(match(method, path));
    EXPECT_EQ(none.problem.kind.status, 405) << path;
    return none.allow;
  };
  EXPECT_EQ(allow("GET", "/topics/orders"), "POST");
  EXPECT_EQ(allow("PUT", "/topics/orders"), "POST");
  EXPECT_EQ(allow("POST", "/topics"), "GET, HEAD");
  EXPECT_EQ(allow("GET", "/acks"), "POST");
  EXPECT_EQ(allow("HEAD", "/waits"), "POST");
  EXPECT_EQ(allow("DELETE", "/marks/x"), "GET, HEAD");
  EXPECT_EQ(allow("OPTIONS", "/metrics"), "GET, HEAD");
  EXPECT_EQ(allow("get", "/metrics"), "GET, HEAD") << "methods are case-sensitive";
}

}  // namespace
}  // namespace tidemark::http
