// Transactions as an exactly-once consumer writes them, stopped at any point.
//
// The cases Tidemark must tell apart — committed, aborted, hung — need a
// producer that sends a group's offsets inside a transaction and then does
// whatever the test wants, or nothing.
//
// Threading: one thread. Every method throws std::runtime_error on failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "support/rdkafka.h"
#include "support/records.h"

namespace tidemark::test {

class TransactionalProducer {
 public:
  // Registers the transactional id. `timeout`: after that long the broker aborts a hung transaction.
  TransactionalProducer(const std::string& bootstrap, const std::string& transactional_id,
                        std::chrono::milliseconds timeout = std::chrono::seconds(60));
  // Aborts an open transaction, so that no later test meets it.
  ~TransactionalProducer();
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  void begin();
  // Writes a record in the transaction and waits until the log has it.
  void produce(const std::string& topic, const Outgoing& outgoing);
  // Sends the group's offset in the transaction; returns once `__consumer_offsets` has it, unsettled.
  void send_offset(const std::string& group, const std::string& topic, std::int32_t partition, std::int64_t offset);
  void commit();
  void abort();
  // Leaves the transaction open, as a crashed producer does, until the broker's timeout or until
  // another producer takes the same transactional id (whose init aborts it). Ends this producer.
  void abandon();

 private:
  KafkaHandle handle_;
  bool open_ = false;
};

}  // namespace tidemark::test
