// The demo's HTTP client and server, against each other.
#include <gtest/gtest.h>

#include <thread>

#include "demo/http_client.h"
#include "demo/http_server.h"

namespace demo {
namespace {

class HttpTest : public testing::Test {
 protected:
  HttpTest()
      : thread_([this] {
          server_.serve([]() -> Handler {
            return [count = 0](const Request& request) mutable {
              return Page{200, "text/plain", request.method + " " + request.target + " " + std::to_string(++count)};
            };
          });
        }) {}
  ~HttpTest() override {
    server_.stop();
    thread_.join();
  }

  HttpServer server_ = HttpServer::listen(0).value();
  std::thread thread_;
};

TEST_F(HttpTest, KeepsTheConnection) {
  HttpClient client("127.0.0.1", server_.port(), std::chrono::seconds(10));
  EXPECT_EQ(client.get("/a?b=c")->body, "GET /a?b=c 1");
  EXPECT_EQ(client.post("/p", "text/plain", "body")->body, "POST /p 2");
  HttpClient another("127.0.0.1", server_.port(), std::chrono::seconds(10));
  EXPECT_EQ(another.get("/")->body, "GET / 1");
}

TEST_F(HttpTest, SaysWhenNobodyAnswers) {
  const std::uint16_t port = HttpServer::listen(0)->port();
  HttpClient client("127.0.0.1", port, std::chrono::seconds(10));
  const auto response = client.get("/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, tidemark::ErrorKind::unavailable);
}

TEST(HttpClient, GivesUpOnASilentServer) {
  const auto silent = HttpServer::listen(0);  // the kernel accepts, nobody serves
  HttpClient client("127.0.0.1", silent->port(), std::chrono::milliseconds(50));
  const auto response = client.get("/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, tidemark::ErrorKind::timeout);
}

TEST(HttpServer, RefusesAPortInUse) {
  const auto first = HttpServer::listen(0);
  EXPECT_FALSE(HttpServer::listen(first->port()));
}

TEST(Targets, AreTakenApart) {
  EXPECT_EQ(decoded_path("/view/a%20b?user=x"), "/view/a b");
  EXPECT_EQ(decoded_path("/100%"), "/100%");
  EXPECT_EQ(query_parameter("/p?user=a%2Fb&mode=async", "user"), "a/b");
  EXPECT_EQ(query_parameter("/p?user=a&mode=async", "mode"), "async");
  EXPECT_EQ(query_parameter("/p?users=a", "user"), "");
  EXPECT_EQ(query_parameter("/p", "user"), "");
  EXPECT_EQ(percent_encoded("a b/ü"), "a%20b%2F%C3%BC");
}

TEST(Addresses, NeedHostAndPort) {
  const auto address = parse_address("127.0.0.1:8750");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 8750);
  for (const char* text : {"", "127.0.0.1", ":80", "h:", "h:80x", "h:70000"}) EXPECT_FALSE(parse_address(text)) << text;
}

}  // namespace
}  // namespace demo
