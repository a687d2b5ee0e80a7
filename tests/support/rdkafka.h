// librdkafka's handles, owned.
//
// The C API, because only it has the admin calls; each handle here is freed by
// its owner's end, and every failure throws std::runtime_error with librdkafka's
// own words, which GoogleTest reports.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace tidemark::test {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

using KafkaHandle = std::unique_ptr<rd_kafka_t, Freed<rd_kafka_destroy>>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, Freed<rd_kafka_conf_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, Freed<rd_kafka_message_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, Freed<rd_kafka_topic_partition_list_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, Freed<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, Freed<rd_kafka_event_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>>;

using Settings = std::map<std::string, std::string>;

// A configuration with `bootstrap` and `settings`; reconnects quickly, and keeps
// librdkafka's log off the test's output.
KafkaConf make_conf(const std::string& bootstrap, const Settings& settings);

// Takes the configuration and makes a client of it.
KafkaHandle make_handle(rd_kafka_type_t type, KafkaConf conf);

void throw_on(rd_kafka_resp_err_t code, const std::string& what);
void throw_on(rd_kafka_error_t* error, const std::string& what);  // takes the error

}  // namespace tidemark::test
