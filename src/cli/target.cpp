#include "cli/target.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/duration.h"
#include "base/percent.h"

namespace tidemark::cli {

void Target::add_to(CLI::App& command) {
  command.add_option("--url", url, "the gateway")->envname("TIDEMARK_URL")->capture_default_str();
  command.add_flag("--json", json, "print the gateway's JSON as it is");
}

int Target::print(const Result<HttpAnswer>& answer, Report (*report_of)(const HttpAnswer&)) const {
  return answer ? print(answer->body, report_of(*answer)) : print(answer.error());
}

int Target::print(const std::string& body, const Report& report) const {
  if (json) {
    std::cout << body << (body.ends_with('\n') ? "" : "\n");
  } else {
    (report.to_stderr ? std::cerr : std::cout) << report.text;
  }
  return static_cast<int>(report.code);
}

int Target::print(const Error& error) {
  std::cerr << "tidemark: " << error.message << "\n";
  return static_cast<int>(error.kind == ErrorKind::invalid ? ExitCode::usage : ExitCode::failed);
}

std::chrono::milliseconds patience(const std::string& wait) {
  const auto parsed = parse_duration(wait.empty() ? "1m" : wait);
  const auto longest = parsed ? *parsed : std::chrono::nanoseconds(std::chrono::minutes(1));
  return std::chrono::duration_cast<std::chrono::milliseconds>(longest) + std::chrono::seconds(10);
}

std::string with_parameter(const std::string& target, const std::string& name, const std::string& value) {
  return target + (target.find('?') == std::string::npos ? "?" : "&") + name + "=" + percent_encode(value);
}

CLI::Validator scope_check() {
  return CLI::Validator(
      [](std::string& text) {
        const bool known = text == "event" || text == "watermark";
        return known ? std::string() : "'" + text + "' is neither event nor watermark";
      },
      "event|watermark");
}

CLI::Validator duration_check() {
  return CLI::Validator(
      [](std::string& text) {
        const auto parsed = parse_duration(text);
        return parsed ? std::string() : parsed.error().message;
      },
      "DURATION");
}

}  // namespace tidemark::cli
