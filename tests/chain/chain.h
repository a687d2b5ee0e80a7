// Four consumers behind each other, each on another client, and what they have done.
//
//   orders ─▶ KafkaJS ─▶ enriched ─▶ Spring ─▶ priced ─▶ Kafka Streams ─▶ counts ─▶ confluent-kafka ─▶ views
//                                      │                 │         ▲
//                                      ▼                 ▼         │
//                                 enriched-dlt      …-words-repartition
//
// Each notes in Redis what it has processed before it commits (tests/chain/clients),
// so that whoever has an answer in hand can ask for every descendant of its event.
//
// Threading: made and ended on one thread; missing() may be called from any, with a
// connection of its own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "redis.h"
#include "support/process.h"

namespace tidemark::test {

struct ChainOptions {
  std::string bootstrap;
  std::string guarantee = "at_least_once";  // of Kafka Streams; or exactly_once_v2
  // How often it deletes what it has committed of its repartition topic: far more often than by
  // default (30 s), so that the log's start keeps overtaking commits that are not read yet.
  int purge_interval_ms = 1'000;
  std::string replies = "confirmed";  // how Spring sends them: see Pricer.java
};

class Chain {
 public:
  // Topics are there and clients started; wait_ready() before the first order.
  explicit Chain(const ChainOptions& options);
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  bool wait_ready();
  // What a gateway is told of them. `pricer_emits`: when Spring's replies are in the log.
  std::string configuration(const std::string& pricer_emits = "before-commit") const;

  // What stages have not done of an order with these words; empty when all have done
  // all of it, and a reader sees that.
  std::string missing(RedisConnection& redis, const std::string& order, const std::vector<std::string>& words) const;

  const std::string& redis() const { return socket_; }
  // What the clients wrote, for a failure's message.
  std::string output() const;

  const std::string orders, enriched, dead_letters, priced, counts;
  const std::string enricher, pricer, counter, viewer;
  const std::string repartition;  // made by Kafka Streams

 private:
  RedisServer server_;
  std::string socket_;
  std::map<std::string, std::unique_ptr<Process>> clients_;  // by group
};

}  // namespace tidemark::test
