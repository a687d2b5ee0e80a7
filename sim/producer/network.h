// The wire between the producer and the brokers, and what a broker does with a
// Produce request.
//
// The producer's owner promises that a request ends once, as answered or failed;
// what the network promises is nothing. So a request can be read by the broker
// long after its connection broke, its answer can come late, twice, or be
// overtaken by another, and the producer must be right all the same.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster.h"
#include "kafka/producer.h"
#include "world.h"

namespace tidemark::sim::producer {

// A batch as a broker reads it.
struct SentBatch {
  std::string topic;
  Uuid topic_id;
  core::Partition partition = 0;
  std::size_t bytes = 0;
  ModelBatch batch;
};

class Network {
 public:
  using Answered = std::function<void(std::uint64_t, const wire::msg::ProduceResponse&)>;
  using Failed = std::function<void(std::uint64_t, bool maybe_sent, const char* why)>;

  Network(World& world, Cluster& cluster, Answered answered, Failed failed)
      : world_(world), cluster_(cluster), answered_(std::move(answered)), failed_(std::move(failed)) {}

  // Takes what the producer sends.
  void send(const kafka::ProduceEffects::Send& send);
  // Requests to a broker that have no end yet, as the producer's owner counts them.
  std::size_t open(std::int32_t broker) const;

  // Faults.
  void break_connection(std::int32_t broker);
  void restart(std::int32_t broker);
  void hang(std::int32_t broker);
  void heal();

  // Every value that the producer handed over, and that any log ever took, also
  // where an election lost it again.
  bool ever_sent(const std::string& value) const { return ever_sent_.contains(value); }
  bool ever_written(const std::string& value) const { return ever_written_.contains(value); }

 private:
  using Response = wire::msg::ProduceResponse;
  using PartResponse = Response::PartitionProduceResponse;
  struct Flight {
    std::uint64_t number = 0;
    std::int32_t broker = -1;
    std::vector<SentBatch> batches;
    bool ended = false;     // for the producer
    bool survives = false;  // read by the broker although its connection is broken
    bool read = false;
    Response response;
    std::size_t waits = 0;  // parts without an answer yet
    bool answering = false;
    bool all_written = true;
  };
  using FlightPtr = std::shared_ptr<Flight>;
  struct Writing {
    FlightPtr flight;
    std::size_t part = 0;
  };

  bool check(const kafka::ProduceEffects::Send& send);
  SentBatch decode(const kafka::ProduceEffects::Part& part);
  void end(Flight& flight);
  void fail(const FlightPtr& flight, bool maybe_sent, const char* why);
  void arrive(const FlightPtr& flight);
  void process(const FlightPtr& flight);
  void take(const FlightPtr& flight, std::size_t index);
  wire::ErrorCode refusal_by_chance();
  wire::ErrorCode validate(const SentBatch& sent, const Topic& topic, PartResponse& part);
  void written(const FlightPtr& flight, std::size_t index, Topic& topic, const PartitionLog::Verdict& verdict);
  void finish(const FlightPtr& flight, std::size_t index, Topic& topic, wire::ErrorCode error);
  void name_leader(const Topic& topic, PartResponse& part);
  void answer(const FlightPtr& flight);
  void deliver(const FlightPtr& flight);
  void repeat(const FlightPtr& flight);

  World& world_;
  Cluster& cluster_;
  const Answered answered_;
  const Failed failed_;
  std::map<std::uint64_t, FlightPtr> flights_;  // not ended
  std::map<std::int32_t, core::Time> busy_until_;
  std::map<std::int32_t, core::Time> last_arrival_;   // of the connection, where it keeps order
  std::map<std::int32_t, core::Time> last_answer_;
  std::set<std::string> ever_sent_;
  std::set<std::string> ever_written_;
};

}  // namespace tidemark::sim::producer
