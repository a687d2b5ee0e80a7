#include "cli/http_call.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace tidemark::cli {
namespace {

using boost::asio::ip::tcp;

// Answers one connection with `response`, or closes it without one.
class OneShot {
 public:
  explicit OneShot(std::string response)
      : acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        thread_([this, response = std::move(response)] {
          tcp::socket socket(io_);
          acceptor_.accept(socket);
          boost::system::error_code error;
          boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", error);
          boost::asio::write(socket, boost::asio::buffer(response), error);
        }) {}
  ~OneShot() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  std::string request;

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(HttpCall, SendsAndReads) {
  OneShot server("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
  const std::string body = "v";
  const auto answer = http_call(server.url(), "POST", "/topics/t", {{"Content-Type", "text/plain"}}, &body, std::chrono::seconds(30));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->body, "ok");
  server.join();
  EXPECT_TRUE(server.request.starts_with("POST /topics/t HTTP/1.1\r\n"));
  EXPECT_NE(server.request.find("Content-Length: 1\r\n"), std::string::npos);
}

TEST(HttpCall, SaysWhatIsWrong) {
  for (const char* url : {"", "127.0.0.1:1", "https://a", "http://", "http://a/b", "http://:1"})
    EXPECT_EQ(http_call(url, "GET", "/", {}, nullptr, std::chrono::seconds(1)).error().kind, ErrorKind::invalid) << url;
  OneShot closes("");
  EXPECT_EQ(http_call(closes.url(), "GET", "/", {}, nullptr, std::chrono::seconds(30)).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace tidemark::cli
