// All the processes of a run: Kafka, proxies, Redis, consumers in four languages, two gateways.
//
//   publishers ─▶ two gateways ═▶ a proxy for each node ═▶ Kafka, one node or three
//
//   orders ─▶ relay (confluent-kafka) ─▶ enriched ─▶ leaf (Java, KIP-848)
//      ├────▶ views-js (KafkaJS)
//      └────▶ views-go (kafka-go)
//
// What dies of itself is started again, as in production; the checker does not care why
// somebody was away.
//
// Threading: one thread, which must outlive the world: the kernel ends the processes with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway_process.h"
#include "publishers.h"
#include "recorder.h"
#include "redis.h"
#include "support/fault_proxy.h"
#include "support/process.h"

namespace tidemark::test {

struct Client {
  std::string name;   // the group
  std::string topic;  // what it reads
  std::vector<std::string> command;
  std::unique_ptr<Process> process;  // none while it is to be away
  std::size_t deaths = 0;            // of its own
};

class World {
 public:
  struct Options {
    int nodes = 1;
    std::uint16_t port = 0;  // the first of kPorts
    std::filesystem::path directory;
    std::filesystem::path clock_library;  // see clock_shift.cpp
  };
  static constexpr int kPorts = 15;
  static inline const std::string kTopic = "orders";
  static inline const std::string kDerived = "enriched";
  static inline const std::string kWriter = "relay";
  static constexpr int kPartitions = 3;

  // Everything is up, and the gateways are ready.
  World(const Options& options, Recorder& recorder);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const std::string& bootstrap() const { return bootstrap_; }  // past the proxies
  const std::string& redis() const { return redis_socket_; }
  const Ports& ports() const { return ports_; }
  int nodes() const { return options_.nodes; }

  // Waits for a time, or a condition, looking after everybody meanwhile.
  void wait(std::chrono::milliseconds time);
  bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds bound);

  std::vector<Client>& clients() { return clients_; }
  Client& client(const std::string& name);
  void start(Client& client);
  void stop(Client& client);  // SIGTERM, and waits for the end
  void kill(Client& client);
  // A second member of its group.
  std::unique_ptr<Process> second(const Client& client) const;
  // Keeps what it wrote.
  void bury(const std::string& name, std::unique_ptr<Process> process);

  GatewayProcess& gateway(int number) { return *gateways_[static_cast<std::size_t>(number)]; }
  void start_gateway(int number);  // returns when it is ready
  void stop_gateway(int number);   // SIGTERM; held requests are answered
  void kill_gateway(int number);
  bool ready(int number);
  void shift_clock(int number, std::chrono::seconds by);

  // The proxies of one gateway, by node.
  std::vector<std::unique_ptr<FaultProxy>>& proxies(int number) { return proxies_[static_cast<std::size_t>(number)]; }

  void node(const std::string& action, int number);  // as scripts/kafka node
  bool has_own_disks() const { return own_disks_; }
  void fill_disk(int node);
  void empty_disk(int node);
  int leader(const std::string& topic) const;  // of partition 0; −1: none
  bool whole() const;                          // every replica of the topics is in sync

  // A gateway's memory and descriptors.
  struct Size {
    std::size_t kilobytes = 0, descriptors = 0;
  };
  Size size_of_gateway(int number);
  std::size_t open_waits(int number);

  // Everything that anybody wrote, into the directory.
  void keep_logs();

 private:
  void tend();
  void mount_disks();
  void start_kafka();
  void make_topics();
  void make_clients();
  std::string configuration() const;
  std::filesystem::path home(int node) const;
  std::string kafka_script(const std::vector<std::string>& arguments, std::chrono::seconds bound) const;

  const Options options_;
  Recorder& recorder_;
  std::string bootstrap_;
  std::vector<std::filesystem::path> mounts_;
  bool own_disks_ = false;
  RedisServer redis_;
  std::string redis_socket_;
  std::array<std::vector<std::unique_ptr<FaultProxy>>, kGateways> proxies_;
  std::vector<Client> clients_;
  std::array<std::unique_ptr<GatewayProcess>, kGateways> gateways_;
  std::array<std::int64_t, kGateways> away_since_{};
  Ports ports_{};
};

}  // namespace tidemark::test
