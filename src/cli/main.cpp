// The tidemark program: parses the command line and calls a command.
//
// Every mistake is answered with the command's own help in reach and exit code
// 64; what a command does is in the file of its name.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "cli/commands.h"
#include "cli/report.h"

int main(int argc, char** argv) {
  CLI::App app{"Tidemark: publish to Kafka, and be answered when every consumer has processed it"};
  app.name("tidemark");
  app.require_subcommand(1);
  int code = 0;
  tidemark::cli::add_serve(app, code);
  tidemark::cli::add_publish(app, code);
  tidemark::cli::add_wait(app, code);
  tidemark::cli::add_settle(app, code);
  tidemark::cli::add_ack(app, code);
  tidemark::cli::add_consumers(app, code);
  tidemark::cli::add_doctor(app, code);
  tidemark::cli::add_verify(app, code);
  tidemark::cli::add_version(app, code);
  // After the commands, which would inherit it.
  app.footer(
      "Examples:\n"
      "  tidemark serve --kafka localhost:9092\n"
      "  tidemark publish page-views '{\"path\":\"/\"}' --key / --wait 2s\n"
      "  tidemark wait MARK --timeout 5s\n"
      "  tidemark settle orders --timeout 10s\n"
      "  tidemark ack --consumer views orders 0 41\n"
      "  tidemark consumers\n"
      "  tidemark doctor\n"
      "  tidemark verify answer.json --kafka localhost:9092\n"
      "'tidemark COMMAND --help' tells more. Exit codes: 0 done or processed, 1 failed or\n"
      "unknown, 2 not in time, 3 settled without success, 64 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "tidemark: " << error.what() << "\n'tidemark --help' shows the commands and examples.\n";
    return static_cast<int>(tidemark::cli::ExitCode::usage);
  }
  return code;
}
