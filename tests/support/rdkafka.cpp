// See rdkafka.h.
#include "support/rdkafka.h"

#include <array>
#include <utility>

namespace tidemark::test {

KafkaConf make_conf(const std::string& bootstrap, const Settings& settings) {
  Settings all{{"bootstrap.servers", bootstrap},
               {"reconnect.backoff.ms", "50"},
               {"reconnect.backoff.max.ms", "500"},
               {"log_level", "2"}};
  for (const auto& [key, value] : settings) all[key] = value;
  KafkaConf conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  for (const auto& [key, value] : all) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error("librdkafka setting " + key + ": " + reason.data());
    }
  }
  return conf;
}

KafkaHandle make_handle(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> reason{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (handle == nullptr) throw std::runtime_error(std::string("librdkafka client: ") + reason.data());
  [[maybe_unused]] auto* owned_by_handle = conf.release();
  return KafkaHandle(handle);
}

void throw_on(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(what + ": " + rd_kafka_err2str(code));
}

void throw_on(rd_kafka_error_t* error, const std::string& what) {
  if (error == nullptr) return;
  const KafkaError owned(error);
  throw std::runtime_error(what + ": " + rd_kafka_error_string(error));
}

}  // namespace tidemark::test
