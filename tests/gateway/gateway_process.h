// A real gateway in a process of its own, and what a web process would ask of it.
//
// Threading: one thread; several gateways may live at once.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/http_client.h"
#include "support/process.h"

namespace tidemark::test {

struct GatewayOptions {
  std::string kafka;               // HOST:PORT
  std::string config;              // YAML, empty for none
  std::vector<std::string> flags;  // more of them
  bool wait_ready = true;
  std::map<std::string, std::string> environment = {};
};

// A gateway's answer, with the parts that tests look at.
struct GatewayAnswer {
  int status = 0;
  boost::json::object body;
  HttpResponse raw;

  std::string text(std::string_view key) const;  // empty where missing or null
  std::int64_t number(std::string_view key) const;
  bool settled() const;
  std::string mark() const { return text("mark"); }
  // The entry of one consumer; an empty object where it is not named.
  boost::json::object consumer(std::string_view name) const;
  std::string outcome(std::string_view name) const;
};

class GatewayProcess {
 public:
  // Throws std::runtime_error with the process's output when it does not come up.
  explicit GatewayProcess(const GatewayOptions& options);

  GatewayAnswer publish(const std::string& topic, const std::string& parameters, const std::string& value = "v",
                        const std::vector<std::string>& headers = {});
  GatewayAnswer post(const std::string& target, const std::string& json);
  GatewayAnswer get(const std::string& target, const std::vector<std::string>& headers = {});
  // Waits until GET /consumers shows `group` with an observed place at `topic`.
  bool knows(const std::string& group, const std::string& topic);
  // Waits until GET /consumers shows `group` with exactly so many members.
  bool sees_members(const std::string& group, int members);

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  Process& process() { return *process_; }

 private:
  std::string config_file_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
};

GatewayAnswer parse_answer(HttpResponse response);

}  // namespace tidemark::test
