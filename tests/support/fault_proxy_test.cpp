// FaultProxy, with an echoing stand-in for the broker: a reply is the request's
// correlation id and its body. What a real Kafka does is in fault_proxy_real_test.cpp.
#include "support/fault_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <optional>
#include <string>
#include <thread>

namespace tidemark::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string int32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> static_cast<unsigned>(shift));
  return bytes;
}

std::string request(std::int16_t api_key, std::uint32_t correlation_id, const std::string& body) {
  const std::string head{static_cast<char>(api_key >> 8), static_cast<char>(api_key), 0, 0};
  return int32(static_cast<std::uint32_t>(8 + body.size())) + head + int32(correlation_id) + body;
}

// Answers each request with its correlation id and body; one thread a connection.
class EchoBroker {
 public:
  EchoBroker() : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this] {
      accept();
      context_.run();
    });
  }
  ~EchoBroker() {
    context_.stop();
    thread_.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  struct Peer : std::enable_shared_from_this<Peer> {
    explicit Peer(tcp::socket taken) : socket(std::move(taken)) {}
    void read() {
      asio::async_read(socket, asio::buffer(head), [self = shared_from_this()](error_code error, std::size_t) {
        if (error) return;
        std::uint32_t size = 0;
        for (const char byte : self->head) size = size << 8U | static_cast<unsigned char>(byte);
        self->body.resize(size);
        self->read_body();
      });
    }
    void read_body() {
      asio::async_read(socket, asio::buffer(body), [self = shared_from_this()](error_code error, std::size_t) {
        if (error) return;
        self->body.erase(0, 4);
        self->body = int32(static_cast<std::uint32_t>(self->body.size())) + self->body;
        asio::async_write(self->socket, asio::buffer(self->body), [self](error_code failed, std::size_t) {
          if (!failed) self->read();
        });
      });
    }
    tcp::socket socket;
    std::array<char, 4> head{};
    std::string body;
  };

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return;
      std::make_shared<Peer>(std::move(socket))->read();
      accept();
    });
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void send(const std::string& bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // Reads until `count` bytes or the end; empty when neither comes within the bound.
  std::optional<std::string> read(std::size_t count, std::chrono::milliseconds bound = kBound) const {
    std::string bytes;
    while (bytes.size() < count) {
      pollfd descriptor{fd_, POLLIN, 0};
      if (poll(&descriptor, 1, static_cast<int>(bound.count())) != 1) return std::nullopt;
      std::array<char, 4096> buffer{};
      const ssize_t got = recv(fd_, buffer.data(), std::min(buffer.size(), count - bytes.size()), 0);
      if (got <= 0) break;
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return bytes;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class FaultProxyTest : public testing::Test {
 protected:
  EchoBroker broker_;
  FaultProxy proxy_{0, broker_.address()};
};

const std::string kReply = int32(8) + int32(7) + "body";

TEST_F(FaultProxyTest, CarriesRequestsAndReplies) {
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kMetadata, 7, "body"));
  EXPECT_EQ(client.read(kReply.size()), kReply);
  EXPECT_EQ(proxy_.requests_of(FaultProxy::kMetadata), 1U);
  EXPECT_EQ(proxy_.counters().replies, 1U);
  EXPECT_EQ(proxy_.counters().open, 1U);
}

TEST_F(FaultProxyTest, PassesARequestThatComesInPieces) {
  const Client client(proxy_.port());
  const std::string whole = request(FaultProxy::kProduce, 7, "body");
  for (const char byte : whole) client.send(std::string(1, byte));
  EXPECT_EQ(client.read(kReply.size()), kReply);
}

TEST_F(FaultProxyTest, LosesTheReplyOfOneRequestOnly) {
  proxy_.lose_next_reply(FaultProxy::kProduce);
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kMetadata, 7, "body") + request(FaultProxy::kProduce, 8, "body"));
  EXPECT_EQ(client.read(kReply.size() + 1), kReply);
  EXPECT_EQ(proxy_.requests_of(FaultProxy::kProduce), 1U);
  EXPECT_EQ(proxy_.counters().replies_lost, 1U);
  EXPECT_EQ(proxy_.counters().cut, 1U);
  const Client again(proxy_.port());
  again.send(request(FaultProxy::kProduce, 7, "body"));
  EXPECT_EQ(again.read(kReply.size()), kReply);
}

TEST_F(FaultProxyTest, CutsInsideAReply) {
  proxy_.lose_next_reply(FaultProxy::kFetch, 1, 6);
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kFetch, 7, "body"));
  // The reset may overtake what was delivered, never add to it.
  const auto bytes = client.read(kReply.size());
  ASSERT_TRUE(bytes);
  EXPECT_LE(bytes->size(), 6U);
  EXPECT_EQ(kReply.substr(0, bytes->size()), *bytes);
}

TEST_F(FaultProxyTest, LosesARequestBeforeTheBroker) {
  proxy_.lose_next_request(FaultProxy::kProduce);
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kProduce, 7, "body"));
  EXPECT_EQ(client.read(1), "");
  EXPECT_EQ(proxy_.requests_of(FaultProxy::kProduce), 0U);
  EXPECT_EQ(proxy_.counters().requests_lost, 1U);
}

TEST_F(FaultProxyTest, HoldsAndReleasesReplies) {
  proxy_.hold_replies();
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kMetadata, 7, "body"));
  ASSERT_TRUE(eventually([&] { return proxy_.counters().replies_held == 1; }));
  EXPECT_FALSE(client.read(1, std::chrono::milliseconds(20)));
  proxy_.release_replies();
  EXPECT_EQ(client.read(kReply.size()), kReply);
  EXPECT_EQ(proxy_.counters().replies_held, 0U);
}

TEST_F(FaultProxyTest, CutsAndRefusesConnections) {
  const Client client(proxy_.port());
  client.send(request(FaultProxy::kMetadata, 7, "body"));
  EXPECT_EQ(client.read(kReply.size()), kReply);
  proxy_.refuse_connections(true);
  proxy_.cut_all();
  EXPECT_EQ(client.read(1), "");
  EXPECT_FALSE(Client(proxy_.port()).connected());
  proxy_.heal();
  const Client again(proxy_.port());
  again.send(request(FaultProxy::kMetadata, 7, "body"));
  EXPECT_EQ(again.read(kReply.size()), kReply);
}

TEST_F(FaultProxyTest, RefusesWhatIsNotKafka) {
  const Client client(proxy_.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read(1), "");
}

}  // namespace
}  // namespace tidemark::test
