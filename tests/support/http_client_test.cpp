// HttpConnection, against a listener that writes what each case says.
#include "support/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace tidemark::test {
namespace {

// One end of a connection whose other end is an HttpConnection.
class Peer {
 public:
  Peer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Peer() {
    close(listener_);
    if (connection_ >= 0) close(connection_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::uint16_t port() const { return port_; }
  void accept() { connection_ = ::accept(listener_, nullptr, nullptr); }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::send(connection_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  std::string read(std::size_t count) const {
    std::string bytes(count, '\0');
    EXPECT_EQ(recv(connection_, bytes.data(), count, MSG_WAITALL), static_cast<ssize_t>(count));
    return bytes;
  }
  void end() { close(std::exchange(connection_, -1)); }

 private:
  int listener_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() : client_("127.0.0.1", peer_.port()) { peer_.accept(); }
  Peer peer_;
  HttpConnection client_;
};

TEST_F(HttpClientTest, SendsARequest) {
  client_.send_request("POST", "/topics/a?wait=0", "body", {"X-One: 1"});
  const std::string expected = "POST /topics/a?wait=0 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer_.port()) +
                               "\r\nContent-Length: 4\r\nX-One: 1\r\n\r\nbody";
  EXPECT_EQ(peer_.read(expected.size()), expected);
}

TEST_F(HttpClientTest, ReadsPipelinedResponsesOneByOne) {
  peer_.write(
      "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\nTidemark-Mark:  m1 \r\n\r\none"
      "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  const auto first = client_.read();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 202);
  EXPECT_EQ(first->reason, "Accepted");
  EXPECT_EQ(first->body, "one");
  EXPECT_EQ(first->header("TIDEMARK-MARK"), "m1");
  EXPECT_FALSE(first->header("absent"));
  EXPECT_EQ(client_.read()->status, 204);
  EXPECT_EQ(client_.read()->status, 404);
}

TEST_F(HttpClientTest, ReadsAResponseInPieces) {
  for (const char byte : std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
    peer_.write(std::string_view(&byte, 1));
  }
  EXPECT_EQ(client_.read()->body, "ok");
}

TEST_F(HttpClientTest, ReadsToTheEndWithoutALength) {
  peer_.write("HTTP/1.1 200 OK\r\n\r\nall of it");
  peer_.end();
  EXPECT_EQ(client_.read()->body, "all of it");
}

TEST_F(HttpClientTest, ReturnsNothingForHalfAResponseOrNone) {
  EXPECT_FALSE(client_.read(std::chrono::milliseconds(1)));
  peer_.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_FALSE(client_.read(std::chrono::milliseconds(1)));
  peer_.end();
  EXPECT_FALSE(client_.read());
}

TEST_F(HttpClientTest, SeesThePeerClose) {
  EXPECT_FALSE(client_.closed_by_peer(std::chrono::milliseconds(1)));
  peer_.end();
  EXPECT_TRUE(client_.closed_by_peer());
}

TEST_F(HttpClientTest, RefusesWhatIsNotHttp) {
  peer_.write("hello\r\n\r\n");
  EXPECT_THROW((void)client_.read(), std::runtime_error);
}

TEST(HttpClient, SaysWhenNobodyListens) {
  std::uint16_t free_port = 0;
  {
    const Peer peer;
    free_port = peer.port();
  }
  EXPECT_THROW(HttpConnection("127.0.0.1", free_port), std::runtime_error);
}

}  // namespace
}  // namespace tidemark::test
