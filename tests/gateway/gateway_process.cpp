#include "gateway_process.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/environment.h"
#include "support/eventually.h"

namespace tidemark::test {
namespace {

std::string write_config(const std::string& text) {
  std::string path = (std::filesystem::temp_directory_path() / "tidemark-test-XXXXXX").string();
  const int file = mkstemp(path.data());
  if (file < 0) throw std::runtime_error("cannot make a configuration file");
  close(file);
  std::ofstream(path) << text;
  return path;
}

}  // namespace

std::string GatewayAnswer::text(std::string_view key) const {
  const boost::json::value* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (const auto* string = value->if_string()) return std::string(string->c_str(), string->size());
  return boost::json::serialize(*value);
}

std::int64_t GatewayAnswer::number(std::string_view key) const {
  const boost::json::value* value = body.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

bool GatewayAnswer::settled() const { return text("settled") == "true"; }

boost::json::object GatewayAnswer::consumer(std::string_view name) const {
  const boost::json::value* consumers = body.if_contains("consumers");
  if (consumers != nullptr && consumers->is_array())
    for (const boost::json::value& consumer : consumers->get_array())
      if (consumer.is_object() && consumer.get_object().contains("name") && consumer.at("name").get_string() == name)
        return consumer.get_object();
  return {};
}

std::string GatewayAnswer::outcome(std::string_view name) const {
  const boost::json::object entry = consumer(name);
  const boost::json::value* outcome = entry.if_contains("outcome");
  return outcome == nullptr ? "not named" : std::string(outcome->get_string().c_str());
}

GatewayAnswer parse_answer(HttpResponse response) {
  GatewayAnswer answer;
  answer.status = response.status;
  boost::system::error_code error;
  boost::json::value body = boost::json::parse(response.body, error);
  if (!error && body.is_object()) answer.body = body.get_object();
  answer.raw = std::move(response);
  return answer;
}

GatewayProcess::GatewayProcess(const GatewayOptions& options) {
  std::vector<std::string> arguments{tidemark_program(), "serve", "--kafka", options.kafka, "--listen", "127.0.0.1:0"};
  if (!options.config.empty()) {
    config_file_ = write_config(options.config);
    arguments.insert(arguments.end(), {"--config", config_file_});
  }
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  process_ = std::make_unique<Process>(arguments, options.environment);
  const auto line = process_->wait_for_line("listening on");
  if (!config_file_.empty()) std::filesystem::remove(config_file_);
  if (!line) throw std::runtime_error("the gateway did not come up:\n" + process_->output());
  const std::size_t comma = line->find(", Kafka at");
  port_ = static_cast<std::uint16_t>(std::stoi(line->substr(line->rfind(':', comma) + 1)));
  if (options.wait_ready && !eventually([this] { return get("/health/ready").status == 200; }))
    throw std::runtime_error("the gateway did not become ready:\n" + process_->output());
}

GatewayAnswer GatewayProcess::publish(const std::string& topic, const std::string& parameters, const std::string& value,
                                      const std::vector<std::string>& headers) {
  return parse_answer(http("127.0.0.1", port_, "POST",
                           "/topics/" + topic + (parameters.empty() ? "" : "?" + parameters), value, headers));
}

GatewayAnswer GatewayProcess::post(const std::string& target, const std::string& json) {
  return parse_answer(http("127.0.0.1", port_, "POST", target, json, {"Content-Type: application/json"}));
}

GatewayAnswer GatewayProcess::get(const std::string& target, const std::vector<std::string>& headers) {
  return parse_answer(http("127.0.0.1", port_, "GET", target, {}, headers));
}

bool GatewayProcess::knows(const std::string& group, const std::string& topic) {
  return eventually([&] {
    const GatewayAnswer topics = get("/topics");
    for (const auto& one : topics.body.at("topics").as_array())
      if (one.at("name").as_string() == topic)
        for (const auto& consumer : one.at("wait_for").as_array())
          if (consumer.at("name").as_string() == group) return true;
    return false;
  });
}

bool GatewayProcess::sees_members(const std::string& group, int members) {
  return eventually([&] {
    const boost::json::object entry = get("/consumers").consumer(group);
    return entry.contains("members") && entry.at("members").as_int64() == members;
  });
}

}  // namespace tidemark::test
