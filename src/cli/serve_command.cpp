// serve: settings from file, environment and flags, in that order of rising
// authority, then the gateway.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "gateway/serve.h"
#include "gateway/settings.h"

namespace tidemark::cli {
namespace {

using gateway::Settings;

struct Flags {
  std::string config;
  std::vector<std::pair<std::string, std::string>> scalars;  // key, text
  std::vector<std::string> set;                              // KEY=VALUE
};

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string line = *entry;
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

Result<void> apply_flag(Settings& settings, const std::string& key, const std::string& text) {
  const gateway::Setting* setting = gateway::find_setting(key);
  if (setting == nullptr) {
    std::vector<std::string> known;
    for (const gateway::Setting& s : gateway::scalar_settings()) known.emplace_back(s.key);
    const std::string near = gateway::nearest_key(key, known);
    return Error{ErrorKind::invalid, "--set: unknown key '" + key + "'" + (near.empty() ? "" : ", did you mean '" + near + "'?")};
  }
  if (const auto applied = setting->apply(settings, text); !applied)
    return Error{ErrorKind::invalid, key + ": " + applied.error().message};
  return {};
}

Result<Settings> collect(const Flags& flags) {
  Settings settings;
  if (!flags.config.empty())
    if (auto read = gateway::apply_file(settings, flags.config); !read) return read.error();
  std::vector<std::string> unknown;
  if (auto applied = gateway::apply_environment(settings, environment(), unknown); !applied) return applied.error();
  for (const std::string& name : unknown)
    if (name != "TIDEMARK_URL") std::cerr << "tidemark: warning: environment variable " << name << " is no setting\n";
  for (const auto& [key, text] : flags.scalars)
    if (auto applied = apply_flag(settings, key, text); !applied) return applied.error();
  for (const std::string& assignment : flags.set) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) return Error{ErrorKind::invalid, "--set " + assignment + ": write it like limits.waits=1000"};
    if (auto applied = apply_flag(settings, assignment.substr(0, equals), assignment.substr(equals + 1)); !applied)
      return applied.error();
  }
  if (auto checked = gateway::check(settings); !checked) return checked.error();
  return settings;
}

std::string settings_help() {
  std::string text = "Settings, for --set, the file and the environment (TIDEMARK_… in capitals, _ for .):\n";
  for (const gateway::Setting& setting : gateway::scalar_settings())
    text += "  " + std::string(setting.key) + " (" + std::string(setting.fallback) + "): " + std::string(setting.meaning) + "\n";
  return text + "The file also takes groups, topics and consumers: see docs/configuration.md.\n"
                "Example: tidemark serve --kafka localhost:9092 --default-wait 500ms";
}

}  // namespace

void add_serve(CLI::App& app, int& code) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("serve", "run the gateway in front of Kafka");
  const auto scalar = [&](const std::string& flag, const std::string& key) {
    command->add_option_function<std::string>(
        flag, [flags, key](const std::string& text) { flags->scalars.emplace_back(key, text); },
        std::string(gateway::find_setting(key)->meaning));
  };
  scalar("--kafka", "kafka.bootstrap");
  scalar("--listen", "listen");
  command->add_option("--config", flags->config, "YAML file with settings");
  scalar("--default-wait", "default_wait");
  scalar("--max-wait", "max_wait");
  scalar("--drain-time", "drain_time");
  scalar("--log-level", "log_level");
  command->add_flag_callback(
      "--insecure-listen", [flags] { flags->scalars.emplace_back("insecure_listen", "true"); },
      std::string(gateway::find_setting("insecure_listen")->meaning));
  command->add_option("--set", flags->set, "any setting, KEY=VALUE; may be repeated")->take_all();
  command->footer(settings_help());
  command->callback([flags, &code] {
    const auto settings = collect(*flags);
    if (!settings) {
      std::cerr << "tidemark: " << settings.error().message << "\n";
      code = static_cast<int>(ExitCode::usage);
      return;
    }
    const auto served = gateway::serve(*settings);
    if (!served) std::cerr << "tidemark: " << served.error().message << "\n";
    const bool usage = !served && served.error().kind == ErrorKind::invalid;
    code = static_cast<int>(served ? ExitCode::done : usage ? ExitCode::usage : ExitCode::failed);
  });
}

}  // namespace tidemark::cli
