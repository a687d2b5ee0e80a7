// A cluster that nobody has committed to yet: src/kafka/start_up.cpp's topic that
// does not exist. The test's broker is its own, since the shared ones have one.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "running_log.h"
#include "support/admin.h"
#include "support/environment.h"
#include "support/process.h"

namespace tidemark::test {
namespace {

constexpr std::chrono::seconds kBrokerBound{100};

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// A broker of this test's own, its data new at each start.
class OwnBroker {
 public:
  OwnBroker() : port_(free_port()), directory_(std::filesystem::temp_directory_path() / unique_name("fresh-kafka")) {
    Process start({script(), "start", "--port", std::to_string(port_), "--dir", directory_.string(), "--watch",
                   std::to_string(::getpid())});
    const auto exit = start.wait(kBrokerBound);
    if (!exit || exit->code != 0) throw std::runtime_error("no broker: " + start.output());
  }
  ~OwnBroker() {
    Process({script(), "stop", "--dir", directory_.string()}).wait(kBrokerBound);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  static std::string script() { return source_dir() + "/scripts/kafka"; }
  int port_;
  std::filesystem::path directory_;
};

bool committed(const std::string& address, const std::string& topic) {
  try {
    commit_offset(address, "first", topic, 1, 4);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(FreshCluster, IsSyncedAtOnceAndItsFirstCommitIsSeen) {
  OwnBroker broker;
  const std::string topic = create_unique_topic(broker.address());
  RunningLog log(broker.address());
  ASSERT_TRUE(log.wait_synced());
  EXPECT_EQ(log.counters().offsets_partitions, 0U);
  EXPECT_TRUE(log.lost().empty());
  // While the topic is being made, the coordinator refuses.
  ASSERT_TRUE(eventually([&] { return committed(broker.address(), topic); }, kBrokerBound));
  const auto commit = log.wait_commit("first", topic, 1, 4);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->at.offset, 0);
  EXPECT_EQ(log.counters().offsets_partitions, 50U);
  EXPECT_EQ(log.synced(), 1U);
  EXPECT_TRUE(log.lost().empty());
}

}  // namespace
}  // namespace tidemark::test
