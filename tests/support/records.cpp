// See records.h.
#include "support/records.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace tidemark::test {
namespace {

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

// What the delivery report said; written by rd_kafka_poll on the caller's thread.
struct Delivery {
  bool done = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  Record record;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto* delivery = static_cast<Delivery*>(message->_private);
  if (delivery == nullptr) return;
  delivery->error = message->err;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) delivery->record = make_record(*message);
  delivery->done = true;
}

std::int32_t partition_count(rd_kafka_t* handle, const std::string& topic) {
  rd_kafka_topic_t* named = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(handle, 0, named, &metadata, 10'000);
  rd_kafka_topic_destroy(named);
  throw_on(code, "metadata of " + topic);
  const rd_kafka_metadata_topic_t& answer = metadata->topics[0];
  const auto error = answer.err;
  const std::int32_t count = answer.partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  throw_on(error, "metadata of " + topic);
  return count;
}

}  // namespace

std::optional<std::string> Record::header(std::string_view name) const {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (header->first == name) return header->second;
  }
  return std::nullopt;
}

Record make_record(const rd_kafka_message_t& message) {
  Record record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.headers.emplace_back(name, bytes(value, size));
    }
  }
  return record;
}

std::vector<Record> read_all(const std::string& bootstrap, const std::string& topic, Isolation isolation,
                             std::chrono::milliseconds bound) {
  const Settings settings{
      {"group.id", "reads-all"},  // required, never used: partitions are assigned by hand, nothing is committed
      {"enable.auto.commit", "false"},
      {"enable.partition.eof", "true"},
      {"fetch.wait.max.ms", "10"},  // an end is reported only by a fetch that found nothing
      {"auto.offset.reset", "earliest"},
      {"isolation.level", isolation == Isolation::kReadCommitted ? "read_committed" : "read_uncommitted"}};
  const KafkaHandle consumer = make_handle(RD_KAFKA_CONSUMER, make_conf(bootstrap, settings));
  rd_kafka_poll_set_consumer(consumer.get());
  std::int32_t unfinished = partition_count(consumer.get(), topic);
  const KafkaPartitions partitions(rd_kafka_topic_partition_list_new(unfinished));
  for (std::int32_t partition = 0; partition < unfinished; ++partition) {
    rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  throw_on(rd_kafka_assign(consumer.get(), partitions.get()), "assign");

  std::vector<Record> records;
  std::vector<bool> finished(static_cast<std::size_t>(unfinished), false);
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (unfinished > 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("the end of " + topic + " is not in reach");
    }
    const KafkaMessage message(rd_kafka_consumer_poll(consumer.get(), 100));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      const auto index = static_cast<std::size_t>(message->partition);
      unfinished -= finished[index] ? 0 : 1;
      finished[index] = true;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back(make_record(*message));
    }
  }
  rd_kafka_consumer_close(consumer.get());
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
  return records;
}

void produce_on(rd_kafka_t* producer, const std::string& topic, const Outgoing& outgoing, void* opaque) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(outgoing.headers.size());
  for (const auto& [name, value] : outgoing.headers) {
    rd_kafka_header_add(headers, name.c_str(), -1, value.data(), static_cast<ssize_t>(value.size()));
  }
  const std::string key = outgoing.key.value_or("");
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      producer, RD_KAFKA_VTYPE_TOPIC, topic.c_str(), RD_KAFKA_VTYPE_PARTITION, outgoing.partition,
      RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_VALUE, outgoing.value.data(), outgoing.value.size(),
      RD_KAFKA_VTYPE_KEY, outgoing.key ? key.data() : nullptr, key.size(), RD_KAFKA_VTYPE_HEADERS, headers,
      RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_VTYPE_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  throw_on(code, "produce to " + topic);
}

Record produce(const std::string& bootstrap, const std::string& topic, const Outgoing& outgoing) {
  KafkaConf conf = make_conf(bootstrap, {{"acks", "all"}, {"linger.ms", "0"}, {"partitioner", "murmur2_random"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  const KafkaHandle producer = make_handle(RD_KAFKA_PRODUCER, std::move(conf));
  Delivery delivery;
  produce_on(producer.get(), topic, outgoing, &delivery);
  const bool told = eventually([&] {
    rd_kafka_poll(producer.get(), 10);
    return delivery.done;
  });
  if (!told) {
    // The report must not come after `delivery` has gone.
    rd_kafka_purge(producer.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer.get(), 10'000);
    throw std::runtime_error("no delivery report for " + topic);
  }
  throw_on(delivery.error, "delivery to " + topic);
  Record record = delivery.record;
  record.topic = topic;
  record.value = outgoing.value;
  record.key = outgoing.key;
  return record;
}

}  // namespace tidemark::test
