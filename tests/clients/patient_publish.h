// A publish that waits for a client which may still be starting.
//
// A JVM or an interpreter on a crowded machine takes longer to join its group than
// the bound for an ordinary answer.
#pragma once

#include <chrono>
#include <string>

#include "gateway_process.h"
#include "support/http_client.h"

namespace tidemark::test {

inline GatewayAnswer patient_publish(GatewayProcess& gateway, const std::string& topic, const std::string& value,
                                     const std::string& key = "") {
  const std::string target = "/topics/" + topic + "?wait=60s" + (key.empty() ? "" : "&key=" + key);
  return parse_answer(http("127.0.0.1", gateway.port(), "POST", target, value, {}, std::chrono::seconds(90)));
}

}  // namespace tidemark::test
