// As many idle connections as the descriptor limit allows, and what happens there: those
// beyond are told 503, those beyond them wait in the kernel, those within are served, and
// the gateway keeps the descriptors that it needs for itself.
//
// A gateway of its own, with a limit of its own: in one process with the clients, these
// would use its descriptors up. It needs no Kafka.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

constexpr std::size_t kDescriptors = 400;
// limits.h: 256 are the gateway's own, 64 for those who are turned away.
constexpr std::size_t kConnections = kDescriptors - 256 - 64;

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  // The head of the next answer, without asking for one; empty when none comes in time.
  std::string read(std::chrono::milliseconds bound = kBound) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      pollfd query{socket_, POLLIN, 0};
      char buffer[4096];
      if (::poll(&query, 1, static_cast<int>(bound.count())) != 1) return {};
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) return {};
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }
  std::string ask() {
    const std::string request = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    return read();
  }

 private:
  int socket_;
  bool connected_ = false;
};

bool says(const std::string& head, const char* status) { return head.rfind(std::string("HTTP/1.1 ") + status, 0) == 0; }

std::size_t descriptors_of(pid_t pid) {
  const auto directory = "/proc/" + std::to_string(pid) + "/fd";
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

TEST(IdleConnections, UpToTheDescriptorLimitAndBeyond) {
  const std::string run = "ulimit -n " + std::to_string(kDescriptors) + " && exec \"$0\" \"$@\"";
  Process gateway({"sh", "-c", run, TIDEMARK_PROGRAM, "serve", "--kafka", "127.0.0.1:1", "--listen", "127.0.0.1:0"});
  const auto warned = gateway.wait_for_line("the descriptor limit");
  ASSERT_TRUE(warned) << gateway.output();
  EXPECT_NE(warned->find("allows " + std::to_string(kConnections) + " connections"), std::string::npos) << *warned;
  const auto listening = gateway.wait_for_line("listening on 127.0.0.1:");
  ASSERT_TRUE(listening) << gateway.output();
  const std::string_view address = "listening on 127.0.0.1:";
  const auto port = static_cast<std::uint16_t>(std::stoi(listening->substr(listening->find(address) + address.size())));
  const std::size_t before = descriptors_of(gateway.pid());

  std::vector<std::unique_ptr<Connection>> idle;
  for (std::size_t i = 0; i < kConnections; ++i) idle.push_back(std::make_unique<Connection>(port));
  EXPECT_TRUE(says(idle.back()->ask(), "200")) << "the last that the limit allows is served";

  // They come in the order in which they connected: 64 are told, the others wait.
  std::vector<std::unique_ptr<Connection>> beyond;
  for (int i = 0; i < 100; ++i) beyond.push_back(std::make_unique<Connection>(port));
  for (int i = 0; i < 64; ++i) {
    const std::string head = beyond[static_cast<std::size_t>(i)]->read();
    EXPECT_TRUE(says(head, "503")) << i << ": " << head;
    EXPECT_NE(head.find("\r\nRetry-After: 1\r\n"), std::string::npos) << head;
  }
  EXPECT_TRUE(beyond.back()->connected()) << "by the kernel";
  for (const auto& each : idle) EXPECT_TRUE(says(each->ask(), "200")) << "those within the limit are served";
  EXPECT_LE(descriptors_of(gateway.pid()), kDescriptors - 200) << "the gateway has some left for itself";

  // As soon as some leave, others come in.
  beyond.clear();
  idle.resize(kConnections / 2);
  EXPECT_TRUE(eventually([&] { return says(Connection(port).ask(), "200"); })) << gateway.output();
  idle.clear();
  EXPECT_TRUE(eventually([&] { return descriptors_of(gateway.pid()) <= before + 2; })) << "none is leaked";
  EXPECT_TRUE(gateway.running());
}

}  // namespace
}  // namespace tidemark::test
