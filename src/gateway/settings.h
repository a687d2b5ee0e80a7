// What the operator decides, from a file, the environment and flags.
//
// Three sources with three spellings drift apart unless they share one table,
// and a misspelt key that is silently ignored costs an evening. So each setting
// is one row (settings.cpp) with its key, its check and its meaning; the file,
// the environment and the flags are readers of that table, and what is in none
// of its rows is refused by name and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/engine.h"
#include "http/api.h"
#include "http/limits.h"

namespace tidemark::gateway {

struct Settings {
  std::string kafka_bootstrap;
  bool poll_positions = false;   // ask for committed positions though the commit log could be read
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8750;
  bool insecure_listen = false;  // listen on other than loopback, without TLS and tokens
  http::WaitLimits waits;
  core::Duration drain_time = std::chrono::seconds(10);
  std::string log_level = "info";
  std::size_t append_queue_bytes = 64 * 1024 * 1024;
  http::Limits http;
  core::EngineConfig engine;
  // What in the file is odd, though not wrong: FILE:LINE: and a sentence.
  std::vector<std::string> warnings;
};

// One scalar setting.
struct Setting {
  std::string_view key;      // in the file: dotted path
  std::string_view meaning;  // one line for --help and docs/configuration.md
  std::string_view fallback; // its default, as text
  // Error kind invalid, with a sentence that names the form wanted.
  Result<void> (*apply)(Settings&, std::string_view text);
};

// All scalar settings, in the order of the documentation.
std::span<const Setting> scalar_settings();
const Setting* find_setting(std::string_view key);

// `kafka.bootstrap` → TIDEMARK_KAFKA_BOOTSTRAP
std::string environment_name(const Setting& setting);

// The setting whose key is nearest to what was written, for the error's sake;
// empty when none is near.
std::string nearest_key(std::string_view written, std::span<const std::string> known);

// Reads a YAML document. The error names the file, the line and the key.
// Settings that a later version will have are refused as not built yet.
Result<void> apply_yaml(Settings& settings, const std::string& text, const std::string& file_name);
// As apply_yaml; error kind not_found when the file cannot be read.
Result<void> apply_file(Settings& settings, const std::string& path);

// Reads TIDEMARK_… variables by their rows in the table. Names in the list that
// begin with TIDEMARK_ and are no setting are appended to `unknown`, to be
// warned of: they may belong to somebody else.
Result<void> apply_environment(Settings& settings, const std::vector<std::pair<std::string, std::string>>& variables,
                               std::vector<std::string>& unknown);

// What only the whole can show: a bootstrap server is given, the default wait
// is not above the maximum, a wide listen address was asked for knowingly.
Result<void> check(const Settings& settings);

}  // namespace tidemark::gateway
