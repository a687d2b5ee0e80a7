#include "cluster.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "support/admin.h"
#include "support/environment.h"
#include "support/eventually.h"
#include "support/rdkafka.h"

namespace tidemark::test {
namespace {

const std::string kOffsets = "__consumer_offsets";
constexpr std::chrono::seconds kNodeBound{90};

}  // namespace

int offsets_partition(const std::string& group, int partitions) {
  std::uint32_t hash = 0;  // Java's String.hashCode
  for (const char c : group) hash = hash * 31 + static_cast<std::uint8_t>(c);
  return static_cast<int>(std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(hash))) % partitions);
}

Cluster::Cluster() : bootstrap_(kafka_cluster()), directory_(kafka_cluster_dir()), up_(kNodes, true) {
  // The first group of all makes the commit log, with its replicas.
  if (partitions(kOffsets).empty()) {
    const std::string topic = create_topic("first", 1), group = unique_name("first");
    // Its coordinator may not have taken the partition over yet.
    std::string refusal;
    const bool made = eventually([&] {
      try {
        commit_offset(bootstrap_, group, topic, 0, 0);
        return true;
      } catch (const std::runtime_error& error) {
        refusal = error.what();
        return false;
      }
    }, kNodeBound);
    if (!made) throw std::runtime_error(refusal);
  }
  if (!eventually([this] { return whole(); }, kNodeBound)) throw std::runtime_error("the cluster is not whole");
}

Cluster::~Cluster() {
  try {
    start_all();
    eventually([this] { return whole(); }, kNodeBound);
  } catch (const std::exception&) {
    // The next test's constructor says what is wrong.
  }
}

std::string Cluster::create_topic(const std::string& prefix, int leader, int min_insync, bool unclean) {
  std::string topic = unique_name(prefix);
  std::vector<std::int32_t> nodes = others(leader);
  nodes.insert(nodes.begin(), leader);
  test::create_topic(bootstrap_, topic, 1,
                     {{"min.insync.replicas", std::to_string(min_insync)},
                      {"unclean.leader.election.enable", unclean ? "true" : "false"}},
                     nodes);
  if (!wait_in_sync(kNodes, topic)) throw std::runtime_error("the replicas of " + topic + " are not in sync");
  topics_.push_back(topic);
  return topic;
}

int Cluster::coordinator(const std::string& group) const {
  const std::vector<Partition> offsets = partitions(kOffsets);
  if (offsets.empty()) throw std::runtime_error("there is no commit log");
  return offsets[static_cast<std::size_t>(offsets_partition(group, static_cast<int>(offsets.size())))].leader;
}

void Cluster::command(const std::string& action, const std::vector<int>& nodes) {
  std::vector<std::unique_ptr<Process>> processes;
  for (const int node : nodes) {
    const std::vector<std::string> arguments{
        source_dir() + "/scripts/kafka", "node", action, std::to_string(node), "--dir", directory_};
    processes.push_back(std::make_unique<Process>(arguments));
  }
  for (const auto& process : processes) {
    const auto exit = process->wait(kNodeBound);
    if (!exit || exit->code != 0) throw std::runtime_error("node " + action + ": " + process->output());
  }
}

void Cluster::kill(int node) {
  up_[static_cast<std::size_t>(node) - 1] = false;
  command("kill", {node});
}

void Cluster::stop(int node) {
  up_[static_cast<std::size_t>(node) - 1] = false;
  command("stop", {node});
}

void Cluster::start(const std::vector<int>& nodes) {
  command("start", nodes);
  for (const int node : nodes) up_[static_cast<std::size_t>(node) - 1] = true;
}

void Cluster::start_all() {
  std::vector<int> down;
  for (int node = 1; node <= kNodes; ++node)
    if (!up_[static_cast<std::size_t>(node) - 1]) down.push_back(node);
  start(down);
}

std::vector<Cluster::Partition> Cluster::partitions(const std::string& name) const {
  // One node may be gone or not know yet that it is: whichever answers.
  const KafkaHandle handle = make_handle(RD_KAFKA_PRODUCER, make_conf(bootstrap_, {{"log_level", "0"}}));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle.get(), 1, nullptr, &metadata, 5'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  std::vector<Partition> found;
  for (int t = 0; t < metadata->topic_cnt; ++t) {
    if (name != metadata->topics[t].topic) continue;
    found.resize(static_cast<std::size_t>(metadata->topics[t].partition_cnt));
    for (int p = 0; p < metadata->topics[t].partition_cnt; ++p) {
      const rd_kafka_metadata_partition_t& partition = metadata->topics[t].partitions[p];
      if (partition.id < 0 || static_cast<std::size_t>(partition.id) >= found.size()) continue;
      found[static_cast<std::size_t>(partition.id)] = {partition.leader, partition.isr_cnt};
    }
  }
  rd_kafka_metadata_destroy(metadata);
  return found;
}

bool Cluster::whole() const {
  std::vector<std::string> names = topics_;
  names.push_back(kOffsets);
  for (const std::string& name : names) {
    const std::vector<Partition> all = partitions(name);
    if (all.empty()) return false;
    for (const Partition& partition : all)
      if (partition.leader < 0 || partition.in_sync < kNodes) return false;
  }
  return true;
}

int Cluster::leader(const std::string& topic, std::int32_t partition) const {
  const std::vector<Partition> all = partitions(topic);
  return static_cast<std::size_t>(partition) < all.size() ? all[static_cast<std::size_t>(partition)].leader : -1;
}

int Cluster::wait_for_leader_but(int node, const std::string& topic, std::int32_t partition) const {
  int found = -1;
  if (!eventually([&] { return (found = leader(topic, partition)) >= 0 && found != node; }, kNodeBound))
    throw std::runtime_error("no other node leads " + topic);
  return found;
}

bool Cluster::wait_in_sync(int replicas, const std::string& topic, std::int32_t partition) const {
  return eventually(
      [&] {
        const std::vector<Partition> all = partitions(topic);
        return static_cast<std::size_t>(partition) < all.size() &&
               all[static_cast<std::size_t>(partition)].in_sync == replicas;
      },
      kNodeBound);
}

std::vector<int> Cluster::others(int node) {
  std::vector<int> others;
  for (int n = 1; n <= kNodes; ++n)
    if (n != node) others.push_back(n);
  return others;
}

}  // namespace tidemark::test
