// `tidemark verify`: its options, its input, its words.

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "base/duration.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "gateway/verify.h"

namespace tidemark::cli {
namespace {

using gateway::Finding;

constexpr std::size_t kMaxAnswer = std::size_t{4} << 20;

Result<std::string> read_input(const std::string& name) {
  std::string text;
  const auto read = [&](std::istream& in) {
    text.assign(std::istreambuf_iterator<char>(in), {});
    return !in.bad();
  };
  if (name == "-") {
    if (!read(std::cin)) return Error{ErrorKind::invalid, "the standard input cannot be read"};
  } else {
    std::ifstream file(name, std::ios::binary);
    if (!file || !read(file)) return Error{ErrorKind::not_found, "'" + name + "' cannot be read"};
  }
  if (text.size() > kMaxAnswer) return Error{ErrorKind::limit, "an answer is never longer than 4 MiB"};
  return text;
}

// Wrong outweighs unknown: somebody was told what is not so.
ExitCode code_of(const std::vector<Finding>& findings) {
  ExitCode code = ExitCode::done;
  for (const Finding& finding : findings) {
    if (finding.verdict == Finding::Verdict::wrong) return ExitCode::without_success;
    if (finding.verdict == Finding::Verdict::unknown) code = ExitCode::failed;
  }
  return code;
}

}  // namespace

void add_verify(CLI::App& app, int& code) {
  struct Options {
    std::string answer = "-";
    std::string kafka;
    std::string timeout = "30s";
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "check an answer's evidence against the cluster as it is");
  command->add_option("ANSWER", options->answer, "a file with the JSON of an answer; -: the standard input")
      ->capture_default_str();
  command->add_option("--kafka", options->kafka, "where the cluster is: HOST:PORT,…")->required();
  command->add_option("--timeout", options->timeout, "how long each look may take, like 30s")->capture_default_str();
  command->add_flag("--json", options->json, "print JSON");
  command->footer(
      "Reads the records that the evidence names, past the gateway: the event's, the commit's, the\n"
      "acks' or the share group's state. Answers of POST /waits and of merged marks, too.\n"
      "Exit codes: 0 all is right, 1 something cannot be checked (compacted, denied), 3 something is wrong.\n"
      "Example: curl -s 'localhost:8750/topics/orders' -d '{}' | tidemark verify --kafka localhost:9092");
  command->callback([options, &code] {
    const auto fail = [&](const Error& error) {
      std::cerr << "tidemark: " << error.message << '\n';
      code = static_cast<int>(error.kind == ErrorKind::invalid ? ExitCode::usage : ExitCode::failed);
    };
    const auto timeout = parse_duration(options->timeout);
    if (!timeout) return fail({ErrorKind::invalid, "--timeout is a duration like 30s, not '" + options->timeout + "'"});
    const auto answer = read_input(options->answer);
    if (!answer) return fail(answer.error());
    const auto findings = gateway::verify(*answer, options->kafka, *timeout);
    if (!findings) return fail(findings.error());
    if (options->json) {
      std::cout << gateway::json_of(*findings);
    } else {
      for (const Finding& finding : *findings)
        std::cout << finding.subject << ": " << gateway::name_of(finding.verdict) << "; " << finding.detail << '\n';
    }
    code = static_cast<int>(code_of(*findings));
  });
}

}  // namespace tidemark::cli
