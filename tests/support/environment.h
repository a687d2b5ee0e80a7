// Where a real test finds its broker and its program.
//
// ctest gives the addresses (tests/real.cmake), which differ between build
// directories. Without the variable the functions throw std::runtime_error
// naming it, which GoogleTest reports: a real test never passes by skipping.
// All are safe to call from any thread as long as nobody changes the environment.
#pragma once

#include <cstdint>
#include <string>

namespace tidemark::test {

// "host:port" of Kafka 4.4.0, straight.
std::string kafka();

// "host:port" of Kafka 3.9.1; only for tests declared with KAFKA39.
std::string kafka39();

// "host:port,host:port,host:port" of the three nodes of Kafka 4.4.0, and the directory that
// scripts/kafka started them in; only for tests declared with CLUSTER.
std::string kafka_cluster();
std::string kafka_cluster_dir();

// The listener of Kafka 4.4.0 that sends its clients to kafka_proxy_port() on
// 127.0.0.1; only for tests declared with PROXIED. A FaultProxy listens there.
std::string kafka_proxied();
std::uint16_t kafka_proxy_port();

// The tidemark program of this build.
std::string tidemark_program();

// The checkout's directory.
std::string source_dir();

// "127.0.0.1:19092" → 19092. Throws std::runtime_error when there is no port.
std::uint16_t port_of(const std::string& address);

}  // namespace tidemark::test
