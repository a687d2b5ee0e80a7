// What the commands that call a gateway have in common: its address, --json,
// and how an answer ends the program.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "cli/http_call.h"
#include "cli/report.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace tidemark::cli {

struct Target {
  std::string url = "http://127.0.0.1:8750";
  bool json = false;

  // Adds --url and --json; the target must outlive the parsing.
  void add_to(CLI::App& command);
  // Prints the report, or the body where --json asks for it, and returns the exit code.
  int print(const Result<HttpAnswer>& answer, Report (*report_of)(const HttpAnswer&)) const;
  int print(const std::string& body, const Report& report) const;
  // A call that did not come to an answer.
  static int print(const Error& error);
};

// How long to wait for an answer to a request that waits that long itself (empty:
// as long as the gateway lets it): the client must outwait the gateway, whose
// answer says more than a time-out.
std::chrono::milliseconds patience(const std::string& wait);

std::string with_parameter(const std::string& target, const std::string& name, const std::string& value);

// An option's value must be a duration; one of the scopes.
CLI::Validator duration_check();
CLI::Validator scope_check();

}  // namespace tidemark::cli
