// A broker for one test alone, where the shared ones will not do: nobody has
// committed to it yet, or it is configured otherwise.
//
// Threading: one thread. Throws std::runtime_error when it does not come up.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/admin.h"
#include "support/environment.h"
#include "support/process.h"

namespace tidemark::test {

inline constexpr std::chrono::seconds kBrokerBound{100};

inline int free_port() {
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

// Lets everybody do everything until an ACL says otherwise.
inline const std::vector<std::string> kWithAcls{
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found=true"};

// A broker of this test's own, its data new at each start.
class OwnBroker {
 public:
  // `settings`: lines for its server.properties.
  explicit OwnBroker(const std::vector<std::string>& settings = {})
      : port_(free_port()), directory_(std::filesystem::temp_directory_path() / unique_name("fresh-kafka")) {
    std::vector<std::string> arguments{script(), "start", "--port", std::to_string(port_), "--dir", directory_.string(),
                                       "--watch", std::to_string(::getpid())};
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--config", setting});
    Process start(arguments);
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

}  // namespace tidemark::test
