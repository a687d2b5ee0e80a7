// publish, wait, consumers and version: the HTTP calls, for people and scripts.

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "base/duration.h"
#include "base/percent.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/http_call.h"
#include "cli/report.h"
#include "cli/target.h"

namespace tidemark::cli {

void add_publish(CLI::App& app, int& code) {
  struct Options {
    Target target;
    std::string topic, value = "-", key, wait, only, scope, content_type;
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
  command->add_option("--scope", options->scope,
                      "event: this event and what it causes; watermark: also all at or before it in the topic")
      ->check(scope_check());
  command->add_option("--content-type", options->content_type, "travels with the event as a header");
  options->target.add_to(*command);
  command->footer("Example: tidemark publish page-views '{\"path\":\"/\"}' --key / --wait 2s");
  command->callback([options, key, &code] {
    std::string target = "/topics/" + percent_encode(options->topic);
    if (key->count() > 0) target = with_parameter(target, "key", options->key);
    if (options->partition >= 0) target = with_parameter(target, "partition", std::to_string(options->partition));
    if (!options->wait.empty()) target = with_parameter(target, "wait", options->wait);
    if (!options->only.empty()) target = with_parameter(target, "for", options->only);
    if (!options->scope.empty()) target = with_parameter(target, "scope", options->scope);
    std::string value = options->value;
    if (value == "-") value.assign(std::istreambuf_iterator<char>(std::cin), {});
    std::vector<std::pair<std::string, std::string>> headers;
    if (!options->content_type.empty()) headers.emplace_back("Content-Type", options->content_type);
    code = options->target.print(
        http_call(options->target.url, "POST", target, headers, &value, patience(options->wait)), report_of_wait);
  });
}

namespace {

struct WaitOptions {
  Target target;
  std::string mark, timeout, only, scope;
  bool explain = false;
};

std::string target_of(const WaitOptions& options) {
  // + joins marks and stays; anything else that is not a mark's is escaped.
  std::string target = "/marks/" + percent_encode(options.mark);
  for (std::size_t at = target.find("%2B"); at != std::string::npos; at = target.find("%2B", at)) target.replace(at, 3, "+");
  if (!options.only.empty()) target = with_parameter(target, "for", options.only);
  if (!options.scope.empty()) target = with_parameter(target, "scope", options.scope);
  return target;
}

int explain_mark(const WaitOptions& options) {
  ExplainOptions explained{target_of(options)};
  if (!options.timeout.empty()) explained.timeout = *parse_duration(options.timeout);
  winsize size{};
  const bool is_terminal = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  Screen screen(std::cout, size.ws_col, size.ws_row);
  const auto settled = explain(explained, world_of(options.target.url), [&](const Explained& now) {
    if (options.target.json) std::cout << now.body << std::flush;
    else if (is_terminal) screen.draw(now.tree);
    else
      for (const std::string& change : now.changes) std::cout << change << std::endl;
  });
  if (!settled) return Target::print(settled.error());
  const Report& report = settled->report;
  if (report.code == ExitCode::failed) return options.target.print(settled->body, report);
  // The consumers were shown.
  if (!options.target.json) std::cout << report.text.substr(0, report.text.find('\n') + 1);
  return static_cast<int>(report.code);
}

}  // namespace

void add_wait(CLI::App& app, int& code) {
  using Options = WaitOptions;
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("wait", "wait until what a mark stands for is processed");
  command->add_option("MARK", options->mark, "the mark; several joined by + are merged")->required();
  command->add_option("--timeout", options->timeout, "how long, like 5s; 0: only look")->check(duration_check());
  command->add_option("--for", options->only, "wait for these consumers only, separated by commas");
  command->add_option("--scope", options->scope, "event, or watermark: also all at or before it; never less than the mark's")
      ->check(scope_check());
  command->add_flag("--explain", options->explain, "show the consumers and the topics between them as they get there");
  options->target.add_to(*command);
  command->footer(
      "With --explain a line for each change, or on a terminal a tree; with --json each answer\n"
      "in which something changed.\n"
      "Example: tidemark wait \"$mark\" --timeout 5s && echo everybody has it");
  command->callback([options, &code] {
    if (options->explain) {
      code = explain_mark(*options);
      return;
    }
    std::string target = target_of(*options);
    if (options->timeout != "0") target = with_parameter(target, "wait", options->timeout.empty() ? "5s" : options->timeout);
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
