// See environment.h.
#include "support/environment.h"

#include <charconv>
#include <cstdlib>
#include <stdexcept>

namespace tidemark::test {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw std::runtime_error(std::string(name) + " is not set: run this test with ctest, which starts what it needs");
  }
  return value;
}

}  // namespace

std::string kafka() { return variable("TIDEMARK_KAFKA"); }
std::string kafka39() { return variable("TIDEMARK_KAFKA39"); }
std::string kafka_cluster() { return variable("TIDEMARK_CLUSTER"); }
std::string kafka_cluster_dir() { return variable("TIDEMARK_CLUSTER_DIR"); }
std::string kafka_proxied() { return variable("TIDEMARK_KAFKA_PROXIED"); }
std::uint16_t kafka_proxy_port() { return port_of(variable("TIDEMARK_KAFKA_PROXY")); }
std::string tidemark_program() { return variable("TIDEMARK_PROGRAM"); }
std::string source_dir() { return variable("TIDEMARK_SOURCE_DIR"); }

std::uint16_t port_of(const std::string& address) {
  const auto colon = address.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos) {
    const char* end = address.data() + address.size();
    const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
    if (parsed.ec == std::errc{} && parsed.ptr == end) return port;
  }
  throw std::runtime_error("no port in address " + address);
}

}  // namespace tidemark::test
