// publish, wait, consumers and version: the HTTP calls, for people and scripts.

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "base/percent.h"
#include "cli/commands.h"
#include "cli/http_call.h"
#include "cli/report.h"
#include "cli/target.h"

namespace tidemark::cli {

void add_publish(CLI::App& app, int& code) {
  struct Options {
    Target target;
    std::string topic, value = "-", key, wait, only, content_type;
    int partition = -1;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("publish", "append an event and wait until its consumers have processed it");
  command->add_option("TOPIC", options->topic, "the topic")->required();
  command->add_option("VALUE", options->value, "the event; - reads it from standard input")->capture_default_str();
  CLI::Option* key = command->add_option("--key", options->key, "the record's key");
  command->add_option("--partition", options->partition, "the partition, instead of the key's");
  command->add_option("--wait", options->wait, "how long to wait, like 250ms or 2s; 0: only until appended")
      ->check(duration_check());
  command->add_option("--for", options->only, "wait for these consumers only, separated by commas");
  command->add_option("--content-type", options->content_type, "travels with the event as a header");
  options->target.add_to(*command);
  command->footer("Example: tidemark publish page-views '{\"path\":\"/\"}' --key / --wait 2s");
  command->callback([options, key, &code] {
    std::string target = "/topics/" + percent_encode(options->topic);
    if (key->count() > 0) target = with_parameter(target, "key", options->key);
    if (options->partition >= 0) target = with_parameter(target, "partition", std::to_string(options->partition));
    if (!options->wait.empty()) target = with_parameter(target, "wait", options->wait);
    if (!options->only.empty()) target = with_parameter(target, "for", options->only);
    std::string value = options->value;
    if (value == "-") value.assign(std::istreambuf_iterator<char>(std::cin), {});
    std::vector<std::pair<std::string, std::string>> headers;
    if (!options->content_type.empty()) headers.emplace_back("Content-Type", options->content_type);
    code = options->target.print(
        http_call(options->target.url, "POST", target, headers, &value, patience(options->wait)), report_of_wait);
  });
}

void add_wait(CLI::App& app, int& code) {
  struct Options {
    Target target;
    std::string mark, timeout, only;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("wait", "wait until what a mark stands for is processed");
  command->add_option("MARK", options->mark, "the mark; several joined by + are merged")->required();
  command->add_option("--timeout", options->timeout, "how long, like 5s; 0: only look")->check(duration_check());
  command->add_option("--for", options->only, "wait for these consumers only, separated by commas");
  options->target.add_to(*command);
  command->footer("Example: tidemark wait \"$mark\" --timeout 5s && echo everybody has it");
  command->callback([options, &code] {
    // + joins marks and stays; anything else that is not a mark's is escaped.
    std::string target = "/marks/" + percent_encode(options->mark);
    for (std::size_t at = target.find("%2B"); at != std::string::npos; at = target.find("%2B", at)) target.replace(at, 3, "+");
    if (options->timeout != "0") target = with_parameter(target, "wait", options->timeout.empty() ? "5s" : options->timeout);
    if (!options->only.empty()) target = with_parameter(target, "for", options->only);
    code = options->target.print(
        http_call(options->target.url, "GET", target, {}, nullptr, patience(options->timeout)), report_of_wait);
  });
}

void add_consumers(CLI::App& app, int& code) {
  auto target = std::make_shared<Target>();
  CLI::App* command = app.add_subcommand("consumers", "show who consumes what, how far it is, and what would mend it");
  target->add_to(*command);
  command->footer("Example: tidemark consumers --json");
  command->callback([target, &code] {
    code = target->print(http_call(target->url, "GET", "/consumers", {}, nullptr, std::chrono::seconds(10)),
                         report_of_consumers);
  });
}

void add_version(CLI::App& app, int& code) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("version", "print the version");
  command->add_flag("--json", *json, "as JSON");
  command->callback([json, &code] {
    if (*json) {
      std::cout << "{\"version\":\"" TIDEMARK_VERSION "\"}\n";
    } else {
      std::cout << "tidemark " TIDEMARK_VERSION "\n";
    }
    code = static_cast<int>(ExitCode::done);
  });
}

}  // namespace tidemark::cli
