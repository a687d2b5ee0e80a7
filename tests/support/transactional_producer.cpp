// See transactional_producer.h.
#include "support/transactional_producer.h"

#include <utility>

namespace tidemark::test {
namespace {

constexpr int kStepMs = 20'000;

using GroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, Freed<rd_kafka_consumer_group_metadata_destroy>>;

}  // namespace

TransactionalProducer::TransactionalProducer(const std::string& bootstrap, const std::string& transactional_id,
                                             std::chrono::milliseconds timeout)
    : handle_(make_handle(RD_KAFKA_PRODUCER,
                          make_conf(bootstrap, {{"transactional.id", transactional_id},
                                                {"transaction.timeout.ms", std::to_string(timeout.count())},
                                                {"linger.ms", "0"}}))) {
  throw_on(rd_kafka_init_transactions(handle_.get(), kStepMs), "init transactions");
}

TransactionalProducer::~TransactionalProducer() {
  if (handle_ && open_) {
    // A failure leaves the transaction to the broker's timeout; there is nobody to tell.
    const KafkaError ignored(rd_kafka_abort_transaction(handle_.get(), kStepMs));
  }
}

void TransactionalProducer::begin() {
  throw_on(rd_kafka_begin_transaction(handle_.get()), "begin transaction");
  open_ = true;
}

void TransactionalProducer::produce(const std::string& topic, const Outgoing& outgoing) {
  produce_on(handle_.get(), topic, outgoing);
  throw_on(rd_kafka_flush(handle_.get(), kStepMs), "flush " + topic);
}

void TransactionalProducer::send_offset(const std::string& group, const std::string& topic, std::int32_t partition,
                                        std::int64_t offset) {
  const KafkaPartitions partitions(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), partition)->offset = offset;
  const GroupMetadata metadata(rd_kafka_consumer_group_metadata_new(group.c_str()));
  throw_on(rd_kafka_send_offsets_to_transaction(handle_.get(), partitions.get(), metadata.get(), kStepMs),
           "send offsets of " + group);
}

void TransactionalProducer::commit() {
  throw_on(rd_kafka_commit_transaction(handle_.get(), kStepMs), "commit transaction");
  open_ = false;
}

void TransactionalProducer::abort() {
  throw_on(rd_kafka_abort_transaction(handle_.get(), kStepMs), "abort transaction");
  open_ = false;
}

void TransactionalProducer::abandon() {
  handle_.reset();  // librdkafka aborts nothing by itself
  open_ = false;
}

}  // namespace tidemark::test
