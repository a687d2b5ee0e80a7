// settle, ack and doctor.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/duration.h"
#include "cli/ack.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/settle.h"
#include "cli/target.h"

namespace tidemark::cli {
namespace {

CLI::Validator offsets_check() {
  return CLI::Validator(
      [](std::string& text) {
        return parse_offsets(text) ? std::string() : "'" + text + "' is not OFFSET or FIRST-LAST, like 41 or 40-43";
      },
      "OFFSET[-LAST]");
}

}  // namespace

void add_settle(CLI::App& app, int& code) {
  struct Options {
    Target target;
    SettleOptions settle;
    std::string timeout = "30s";
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("settle", "wait until everything that is in the topics now is processed");
  command->add_option("TOPIC", options->settle.topics, "the topics; without any, all that have consumers to wait for");
  command->add_option("--timeout", options->timeout, "how long, like 30s; 0: only look")
      ->check(duration_check())
      ->capture_default_str();
  command->add_option("--for", options->settle.only, "wait for these consumers only, separated by commas")->delimiter(',');
  command->add_option("--scope", options->settle.scope,
                      "event: what is in the topics, and what it causes; watermark: also all at or before it")
      ->check(scope_check());
  options->target.add_to(*command);
  command->footer(
      "In a test, between what it publishes and what it expects, in place of a sleep.\n"
      "Prints who is not done, and what would help. Exit codes: 0 all processed, or nobody\n"
      "to wait for; 2 not in time; 3 a consumer failed, skipped or is away; 1 the call failed.\n"
      "Example: tidemark settle orders payments --timeout 10s");
  command->callback([options, &code] {
    options->settle.timeout = *parse_duration(options->timeout);
    const Result<Settled> settled = settle(options->settle, world_of(options->target.url));
    code = settled ? options->target.print(settled->body, settled->report) : Target::print(settled.error());
  });
}

void add_ack(CLI::App& app, int& code) {
  struct Options {
    Target target;
    AckOptions ack;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("ack", "say that a consumer has processed records, or failed to");
  command->add_option("TOPIC", options->ack.topic, "the topic")->required();
  command->add_option("PARTITION", options->ack.partition, "the partition")->required()->check(CLI::NonNegativeNumber);
  command->add_option("OFFSETS", options->ack.offsets, "the record's, or FIRST-LAST")
      ->required()
      ->check(offsets_check());
  command->add_option("--consumer", options->ack.consumer, "who has processed them")->required();
  CLI::Option* failed = command->add_option("--failed", options->ack.reason, "they failed, for this reason");
  options->target.add_to(*command);
  command->footer(
      "From its first ack on, a consumer's commits of that topic prove nothing any more.\n"
      "Example: tidemark ack --consumer views orders 0 41\n"
      "         tidemark ack --consumer views orders 0 40-43 --failed 'no stock'");
  command->callback([options, failed, &code] {
    options->ack.failed = failed->count() > 0;
    const std::string body = ack_body(options->ack);
    const auto answer = http_call(options->target.url, "POST", "/acks", {{"Content-Type", "application/json"}}, &body, patience(""));
    if (!answer) {
      code = Target::print(answer.error());
      return;
    }
    const std::string shown = answer->body.empty() ? R"({"acked":true})" : answer->body;
    code = options->target.print(shown, report_of_ack(*answer, options->ack));
  });
}

void add_doctor(CLI::App& app, int& code) {
  auto target = std::make_shared<Target>();
  CLI::App* command =
      app.add_subcommand("doctor", "look for what makes answers late, weak or wrong, and say which setting mends it");
  target->add_to(*command);
  command->footer(
      "Shows for each group what it commits and how often; many partitions are summed up,\n"
      "--json has all. Exit codes: 0 nothing found, 3 findings, 1 the call failed.\n"
      "Example: tidemark doctor --url http://127.0.0.1:8750");
  command->callback([target, &code] {
    code = target->print(http_call(target->url, "GET", "/doctor", {}, nullptr, patience("1m")), report_of_doctor);
  });
}

}  // namespace tidemark::cli
