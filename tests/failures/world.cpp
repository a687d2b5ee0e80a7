// See world.h.
#include "world.h"

#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "support/admin.h"
#include "support/clients.h"
#include "support/environment.h"
#include "support/rdkafka.h"

namespace tidemark::test {
namespace {

constexpr std::chrono::seconds kNodeBound{200};
constexpr std::chrono::seconds kReadyBound{90};
constexpr const char* kDiskSize = "size=768m";

std::string cache(const std::string& path) { return source_dir() + "/.cache/" + path; }
std::string program(const std::string& name) { return source_dir() + "/tests/failures/clients/" + name; }

void append_to(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

}  // namespace

World::World(const Options& options, Recorder& recorder)
    : options_(options), recorder_(recorder), redis_socket_(redis_.socket()) {
  std::filesystem::create_directories(options_.directory / "kafka");
  mount_disks();
  start_kafka();
  make_topics();
  make_clients();
  for (Client& one : clients_) start(one);
  for (int g = 0; g < kGateways; ++g) {
    append_to(options_.directory / ("clock-" + std::to_string(g)), std::string(sizeof(std::int64_t), '\0'));
    start_gateway(g);
  }
  for (Client& one : clients_)
    if (!one.process->wait_for_line("ready", kClientStart)) throw std::runtime_error(one.name + ": " + one.process->output());
}

World::~World() {
  for (auto& gateway : gateways_) gateway.reset();
  for (Client& one : clients_) one.process.reset();
  try {
    kafka_script({"stop", "--dir", (options_.directory / "kafka").string()}, kNodeBound);
  } catch (const std::exception&) {
    // It watches this process, too.
  }
  for (const auto& mount : mounts_) umount2(mount.c_str(), MNT_DETACH);
}

std::filesystem::path World::home(int node) const {
  const std::filesystem::path kafka = options_.directory / "kafka";
  return options_.nodes == 1 ? kafka : kafka / std::to_string(node);
}

// Each node on a disk of its own, small enough to be filled; without the right to mount, on this one.
void World::mount_disks() {
  for (int node = 1; node <= options_.nodes; ++node) {
    std::filesystem::create_directories(home(node));
    if (mount("tidemark-failures", home(node).c_str(), "tmpfs", 0, kDiskSize) != 0) return;
    mounts_.push_back(home(node));
  }
  own_disks_ = true;
}

std::string World::kafka_script(const std::vector<std::string>& arguments, std::chrono::seconds bound) const {
  std::vector<std::string> line{source_dir() + "/scripts/kafka"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  Process script(line);
  const auto exit = script.wait(bound);
  if (!exit || exit->code != 0) throw std::runtime_error("scripts/kafka " + arguments[0] + ": " + script.output());
  return script.output();
}

void World::start_kafka() {
  const auto port = [this](int block, int node) {
    return static_cast<std::uint16_t>(options_.port + block * 3 + node - 1);
  };
  const auto address = [](int number) { return "127.0.0.1:" + std::to_string(number); };
  std::vector<std::string> line{"start", "--nodes", std::to_string(options_.nodes), "--port", std::to_string(port(0, 1)),
                                "--dir", (options_.directory / "kafka").string(), "--watch", std::to_string(getpid()),
                                "--offsets-partitions", "6"};
  for (int g = 0; g < kGateways; ++g)
    line.insert(line.end(), {"--proxied-port", std::to_string(port(1 + g, 1)), "--proxied-advertised", address(port(3 + g, 1))});
  for (const char* setting :
       {"broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",  // a dead broker is noticed soon
        "leader.imbalance.check.interval.seconds=5", "leader.imbalance.per.broker.percentage=0",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms=500",
        "group.consumer.session.timeout.ms=6000", "group.consumer.min.session.timeout.ms=6000",
        "group.consumer.heartbeat.interval.ms=1000", "group.consumer.min.heartbeat.interval.ms=1000"})
    line.insert(line.end(), {"--config", setting});
  kafka_script(line, kNodeBound);
  for (int node = 1; node <= options_.nodes; ++node) {
    bootstrap_ += (node == 1 ? "" : ",") + address(port(0, node));
    for (int g = 0; g < kGateways; ++g)
      proxies(g).push_back(std::make_unique<FaultProxy>(port(3 + g, node), address(port(1 + g, node))));
  }
}

void World::make_topics() {
  // Of a cluster, node 1 leads what is published to, node 2 what is derived, and node 3 follows.
  const bool cluster = options_.nodes > 1;
  create_topic(bootstrap_, kTopic, kPartitions, {}, cluster ? std::vector<std::int32_t>{1, 2, 3} : std::vector<std::int32_t>{});
  create_topic(bootstrap_, kDerived, kPartitions, {}, cluster ? std::vector<std::int32_t>{2, 3, 1} : std::vector<std::int32_t>{});
}

void World::make_clients() {
  clients_.push_back({kWriter, kTopic,
                      {cache("python/bin/python"), program("relay.py"), bootstrap_, kTopic, kWriter, redis_socket_, kDerived},
                      {}, 0});
  clients_.push_back({"views-js", kTopic, {"node", program("views.js"), bootstrap_, kTopic, "views-js", redis_socket_}, {}, 0});
  clients_.push_back({"views-go", kTopic, {cache("go-failures/views"), bootstrap_, kTopic, "views-go", redis_socket_}, {}, 0});
  clients_.push_back({"leaf", kDerived,
                      {"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx192m",
                       "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
                       cache("failures") + ":" + cache("kafka-4.4.0/*"), "Views", bootstrap_, kDerived, "leaf", redis_socket_},
                      {}, 0});
}

std::string World::configuration() const {
  return "absent_grace: 10m\ndrain_time: 1s\n"
         "topics:\n"
         "  orders: {wait_for: [relay, views-js, views-go]}\n"
         "  enriched: {wait_for: [leaf]}\n"
         "consumers:\n"
         "  relay: {outputs: {orders: [enriched]}, emits: before-commit, reset: earliest, commits: after-processing}\n"
         "  views-js: {reset: earliest}\n"
         "  views-go: {reset: earliest, commits: after-processing}\n"
         "  leaf: {reset: earliest}\n";
}

Client& World::client(const std::string& name) {
  for (Client& one : clients_)
    if (one.name == name) return one;
  throw std::runtime_error("no client " + name);
}

void World::start(Client& client) { client.process = std::make_unique<Process>(client.command, client_environment()); }

std::unique_ptr<Process> World::second(const Client& client) const {
  return std::make_unique<Process>(client.command, client_environment());
}

void World::bury(const std::string& name, std::unique_ptr<Process> process) {
  process->kill();
  process->wait();
  append_to(options_.directory / (name + ".log"),
            "--- process " + std::to_string(process->pid()) + ", gone at " + std::to_string(recorder_.now()) + " ms\n" + process->output());
}

void World::stop(Client& client) {
  if (!client.process) return;
  client.process->terminate();
  client.process->wait(std::chrono::seconds(20));
  bury(client.name, std::move(client.process));
}

void World::kill(Client& client) {
  if (client.process) bury(client.name, std::move(client.process));
}

void World::start_gateway(int number) {
  const auto n = static_cast<std::size_t>(number);
  std::string kafka;
  for (const auto& proxy : proxies(number)) kafka += (kafka.empty() ? "" : ",") + proxy->address();
  GatewayOptions options{kafka, configuration(), {}, false, {}};
  options.environment = {{"LD_PRELOAD", options_.clock_library.string()},
                         {"TIDEMARK_CLOCK_SHIFT", (options_.directory / ("clock-" + std::to_string(number))).string()}};
  gateways_[n] = std::make_unique<GatewayProcess>(options);
  ports_[n] = gateways_[n]->port();
  if (!wait_until([&] { return ready(number); }, kReadyBound))
    throw std::runtime_error("gateway " + std::to_string(number) + " did not become ready:\n" + gateways_[n]->process().output());
  recorder_.add({Interval::What::kGatewayAway, number, {}, away_since_[n], recorder_.now()});
}

void World::stop_gateway(int number) {
  const auto n = static_cast<std::size_t>(number);
  away_since_[n] = recorder_.now();
  gateway(number).process().terminate();
  const auto exit = gateway(number).process().wait();
  ports_[n] = 0;
  append_to(options_.directory / ("gateway-" + std::to_string(number) + ".log"), gateway(number).process().output());
  if (!exit || exit->code != 0) throw std::runtime_error("gateway did not end cleanly:\n" + gateway(number).process().output());
  gateways_[n].reset();
}

void World::kill_gateway(int number) {
  const auto n = static_cast<std::size_t>(number);
  away_since_[n] = recorder_.now();
  gateway(number).process().kill();
  gateway(number).process().wait();
  ports_[n] = 0;
  append_to(options_.directory / ("gateway-" + std::to_string(number) + ".log"), gateway(number).process().output());
  gateways_[n].reset();
}

bool World::ready(int number) {
  if (!gateways_[static_cast<std::size_t>(number)]) return false;
  try {
    return gateway(number).get("/health/ready").status == 200;
  } catch (const std::runtime_error&) {
    return false;
  }
}

void World::shift_clock(int number, std::chrono::seconds by) {
  const std::int64_t nanoseconds = std::chrono::nanoseconds(by).count();
  std::fstream file(options_.directory / ("clock-" + std::to_string(number)), std::ios::in | std::ios::out | std::ios::binary);
  file.write(reinterpret_cast<const char*>(&nanoseconds), sizeof nanoseconds);
}

void World::tend() {
  for (Client& one : clients_) {
    if (!one.process || one.process->running()) continue;
    ++one.deaths;
    bury(one.name, std::move(one.process));
    start(one);
  }
  for (int g = 0; g < kGateways; ++g) {
    auto& process = gateways_[static_cast<std::size_t>(g)];
    if (process && !process->process().running())
      throw std::runtime_error("gateway " + std::to_string(g) + " ended by itself:\n" + process->process().output());
  }
}

void World::wait(std::chrono::milliseconds time) {
  wait_until([] { return false; }, time);
}

bool World::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds bound) {
  constexpr std::chrono::milliseconds kTick{20};
  const std::int64_t end = recorder_.now() + bound.count();
  while (!condition()) {
    if (recorder_.now() >= end) return false;
    std::this_thread::sleep_for(kTick);
    tend();
  }
  return true;
}

void World::node(const std::string& action, int number) {
  kafka_script({"node", action, std::to_string(number), "--dir", (options_.directory / "kafka").string(), "--watch",
                std::to_string(getpid())},
               kNodeBound);
}

void World::fill_disk(int node) {
  std::ofstream filler(home(node) / "filler", std::ios::binary);
  const std::string block(1 << 20, 'x');
  while (filler.write(block.data(), static_cast<std::streamsize>(block.size())) && filler.flush()) {
  }
}

void World::empty_disk(int node) { std::filesystem::remove(home(node) / "filler"); }

int World::leader(const std::string& topic) const {
  const KafkaHandle handle = make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap_, {{"log_level", "0"}}));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle.get(), 1, nullptr, &metadata, 3'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return -1;
  int leader = -1;
  for (int t = 0; t < metadata->topic_cnt; ++t)
    if (topic == metadata->topics[t].topic && metadata->topics[t].partition_cnt > 0)
      leader = metadata->topics[t].partitions[0].leader;
  rd_kafka_metadata_destroy(metadata);
  return leader;
}

bool World::whole() const {
  const KafkaHandle handle = make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap_, {{"log_level", "0"}}));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle.get(), 1, nullptr, &metadata, 3'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  bool whole = metadata->topic_cnt > 0;
  for (int t = 0; t < metadata->topic_cnt; ++t)
    for (int p = 0; p < metadata->topics[t].partition_cnt; ++p) {
      const rd_kafka_metadata_partition_t& partition = metadata->topics[t].partitions[p];
      whole = whole && partition.leader >= 0 && partition.isr_cnt == partition.replica_cnt;
    }
  rd_kafka_metadata_destroy(metadata);
  return whole;
}

World::Size World::size_of_gateway(int number) {
  const std::filesystem::path proc = "/proc/" + std::to_string(gateway(number).process().pid());
  Size size;
  std::ifstream status(proc / "status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") status >> size.kilobytes;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(proc / "fd")) ++size.descriptors;
  return size;
}

std::size_t World::open_waits(int number) {
  const std::string metrics = gateway(number).get("/metrics").raw.body;
  const std::string name = "\ntidemark_open_waits ";
  const std::size_t at = metrics.find(name);
  return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + name.size()));
}

void World::keep_logs() {
  for (const Client& one : clients_)
    if (one.process) append_to(options_.directory / (one.name + ".log"), "--- at the end\n" + one.process->output());
  for (int g = 0; g < kGateways; ++g)
    if (gateways_[static_cast<std::size_t>(g)])
      append_to(options_.directory / ("gateway-" + std::to_string(g) + ".log"), "--- at the end\n" + gateway(g).process().output());
  for (int node = 1; node <= options_.nodes; ++node) {
    std::error_code ignored;
    std::filesystem::copy_file(home(node) / "log", options_.directory / ("node-" + std::to_string(node) + ".log"),
                               std::filesystem::copy_options::overwrite_existing, ignored);
  }
}

}  // namespace tidemark::test
