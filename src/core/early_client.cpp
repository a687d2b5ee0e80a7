#include "core/early_client.h"

namespace tidemark::core {

EarlyClient recognise(std::string_view client, std::string_view member) {
  const auto begins = [&](std::string_view prefix) { return client.starts_with(prefix) || member.starts_with(prefix); };
  if (client.find("segmentio/kafka-go") != std::string_view::npos ||
      member.find("segmentio/kafka-go") != std::string_view::npos)
    return EarlyClient::kafka_go;
  if (begins("aiokafka-")) return EarlyClient::aiokafka;
  if (client == "rdkafka" || member.starts_with("rdkafka-")) return EarlyClient::librdkafka;
  return EarlyClient::none;
}

bool early_without_timer(EarlyClient client) { return client == EarlyClient::kafka_go; }

}  // namespace tidemark::core
