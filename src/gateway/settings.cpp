#include "gateway/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/duration.h"
#include "base/nearest.h"

namespace tidemark::gateway {
namespace {

Error invalid(std::string message) { return Error{ErrorKind::invalid, std::move(message)}; }

template <class Integer>
Result<void> set_number(Integer& target, std::string_view text, std::uint64_t low, std::uint64_t high) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    return invalid("'" + std::string(text) + "' is not a whole number from " + std::to_string(low) + " to " +
                   std::to_string(high));
  target = static_cast<Integer>(value);
  return {};
}

template <class Chrono>
Result<void> set_duration(Chrono& target, std::string_view text, core::Duration low, core::Duration high) {
  const auto parsed = parse_duration(text);
  if (!parsed) return parsed.error();
  if (*parsed < low || *parsed > high)
    return invalid("'" + std::string(text) + "' is not between " + format_duration(low) + " and " + format_duration(high));
  target = std::chrono::duration_cast<Chrono>(*parsed);
  return {};
}

Result<void> set_listen(Settings& s, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return invalid("'" + std::string(text) + "' is not ADDRESS:PORT, for example 127.0.0.1:8750 or [::1]:8750");
  std::string_view address = text.substr(0, colon);
  if (address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  if (const auto port = set_number(s.listen_port, text.substr(colon + 1), 0, 65535); !port)
    return invalid("the port in '" + std::string(text) + "' is not a number from 0 to 65535");
  s.listen_address = address;
  return {};
}

Result<void> set_bool(bool& target, std::string_view text) {
  if (text != "true" && text != "false") return invalid("'" + std::string(text) + "' is neither true nor false");
  target = text == "true";
  return {};
}

Result<void> set_log_level(Settings& s, std::string_view text) {
  constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "warning", "error", "off"};
  if (std::find(kLevels.begin(), kLevels.end(), text) == kLevels.end())
    return invalid("'" + std::string(text) + "' is not one of debug, info, warning, error, off");
  s.log_level = text;
  return {};
}

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr core::Duration kMs = milliseconds(1);
constexpr core::Duration kHour = hours(1);
constexpr std::uint64_t kMany = 10'000'000;
constexpr std::uint64_t kGigabyte = 1024ULL * 1024 * 1024;

constexpr std::array kSettings = {
    Setting{"kafka.bootstrap", "Kafka servers to begin with, HOST:PORT[,HOST:PORT…]", "none",
            [](Settings& s, std::string_view t) -> Result<void> {
              if (t.empty()) return invalid("it is empty: give HOST:PORT[,HOST:PORT…]");
              s.kafka_bootstrap = t;
              return {};
            }},
    Setting{"kafka.positions", "auto, or poll: ask for committed positions though the commit log could be read", "auto",
            [](Settings& s, std::string_view t) -> Result<void> {
              if (t != "auto" && t != "poll") return invalid("'" + std::string(t) + "' is neither auto nor poll");
              s.poll_positions = t == "poll";
              return {};
            }},
    Setting{"listen", "address and port to listen on", "127.0.0.1:8750",
            [](Settings& s, std::string_view t) { return set_listen(s, t); }},
    Setting{"insecure_listen", "allow a listen address that others can reach, without TLS or tokens", "false",
            [](Settings& s, std::string_view t) { return set_bool(s.insecure_listen, t); }},
    Setting{"default_wait", "how long a publish waits when it does not say", "2s",
            [](Settings& s, std::string_view t) { return set_duration(s.waits.default_wait, t, kMs, kHour); }},
    Setting{"max_wait", "the longest wait that may be asked for", "1m",
            [](Settings& s, std::string_view t) { return set_duration(s.waits.max_wait, t, kMs, kHour); }},
    Setting{"absent_grace", "without members and commits for this long, a consumer is absent", "30s",
            [](Settings& s, std::string_view t) { return set_duration(s.engine.absent_grace, t, kMs, 24 * kHour); }},
    Setting{"drain_time", "after SIGTERM, how long held requests may still wait", "10s",
            [](Settings& s, std::string_view t) { return set_duration(s.drain_time, t, core::Duration::zero(), kHour); }},
    Setting{"log_level", "debug, info, warning, error or off", "info",
            [](Settings& s, std::string_view t) { return set_log_level(s, t); }},
    Setting{"limits.waits", "requests held at once", "100000",
            [](Settings& s, std::string_view t) { return set_number(s.engine.max_waits, t, 1, kMany); }},
    Setting{"limits.waits_per_topic", "requests held at once for one topic", "50000",
            [](Settings& s, std::string_view t) { return set_number(s.engine.max_waits_per_topic, t, 1, kMany); }},
    Setting{"limits.consumers", "consumer groups known at once", "10000",
            [](Settings& s, std::string_view t) { return set_number(s.engine.max_consumers, t, 1, kMany); }},
    Setting{"limits.frontiers", "group and partition pairs known at once", "250000",
            [](Settings& s, std::string_view t) { return set_number(s.engine.max_frontiers, t, 1, kMany); }},
    Setting{"limits.barrier_partitions", "partitions that one barrier may wait for", "2000",
            [](Settings& s, std::string_view t) { return set_number(s.engine.max_barrier_partitions, t, 1, 100'000); }},
    Setting{"limits.cycle_passes", "how often a wait follows a topic that feeds itself, where its records have no ids", "3",
            [](Settings& s, std::string_view t) { return set_number(s.engine.cycle_passes, t, 1, 100); }},
    Setting{"limits.append_queue_bytes", "bytes of events not yet confirmed by Kafka", "67108864",
            [](Settings& s, std::string_view t) { return set_number(s.append_queue_bytes, t, 1024, 16 * kGigabyte); }},
    Setting{"limits.connections", "HTTP connections at once", "10000",
            [](Settings& s, std::string_view t) { return set_number(s.http.connections, t, 1, kMany); }},
    Setting{"limits.connections_per_address", "HTTP connections at once from one address", "4096",
            [](Settings& s, std::string_view t) { return set_number(s.http.connections_per_address, t, 1, kMany); }},
    Setting{"limits.header_bytes", "request line and header fields of a request", "8192",
            [](Settings& s, std::string_view t) { return set_number(s.http.header_bytes, t, 512, 1024 * 1024); }},
    Setting{"limits.header_fields", "number of header fields of a request", "64",
            [](Settings& s, std::string_view t) { return set_number(s.http.header_fields, t, 4, 10'000); }},
    Setting{"limits.header_time", "from the first byte of a request to the end of its header", "5s",
            [](Settings& s, std::string_view t) { return set_duration(s.http.header_time, t, kMs, kHour); }},
    Setting{"limits.body_bytes", "body of a request", "1048576",
            [](Settings& s, std::string_view t) { return set_number(s.http.body_bytes, t, 1, kGigabyte); }},
    Setting{"limits.body_time", "grace for a body, beyond what body_rate allows it", "15s",
            [](Settings& s, std::string_view t) { return set_duration(s.http.body_time, t, kMs, kHour); }},
    Setting{"limits.body_rate", "bytes a second that a body must keep up", "16384",
            [](Settings& s, std::string_view t) { return set_number(s.http.body_rate, t, 1, kGigabyte); }},
    Setting{"limits.idle_time", "a connection without a request is closed after this", "30s",
            [](Settings& s, std::string_view t) { return set_duration(s.http.idle_time, t, kMs, 24 * kHour); }},
};

}  // namespace

std::span<const Setting> scalar_settings() { return kSettings; }

const Setting* find_setting(std::string_view key) {
  const auto found = std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& s) { return s.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

std::string environment_name(const Setting& setting) {
  std::string name = "TIDEMARK_";
  for (const char c : setting.key)
    name.push_back(c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return name;
}

std::string nearest_key(std::string_view written, std::span<const std::string> known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, written.size() / 2) + 1;
  for (const std::string& key : known)
    if (const std::size_t distance = edit_distance(written, key); distance < least) {
      least = distance;
      best = key;
    }
  return best;
}

Result<void> apply_environment(Settings& settings, const std::vector<std::pair<std::string, std::string>>& variables,
                               std::vector<std::string>& unknown) {
  for (const auto& [name, value] : variables) {
    if (!name.starts_with("TIDEMARK_")) continue;
    // By name: clang 14 lets a lambda capture no structured binding as it stands.
    const auto setting = std::find_if(kSettings.begin(), kSettings.end(),
                                      [&wanted = name](const Setting& s) { return environment_name(s) == wanted; });
    if (setting == kSettings.end()) {
      unknown.push_back(name);
      continue;
    }
    if (const auto applied = setting->apply(settings, value); !applied)
      return invalid("environment variable " + name + ": " + applied.error().message);
  }
  return {};
}

Result<void> check(const Settings& settings) {
  if (settings.kafka_bootstrap.empty())
    return invalid("no Kafka server given: use --kafka HOST:PORT, kafka.bootstrap in the file, or TIDEMARK_KAFKA_BOOTSTRAP");
  if (settings.waits.default_wait > settings.waits.max_wait)
    return invalid("default_wait (" + format_duration(settings.waits.default_wait) + ") is above max_wait (" +
                   format_duration(settings.waits.max_wait) + ")");
  const bool loopback = settings.listen_address.starts_with("127.") || settings.listen_address == "::1";
  if (!loopback && !settings.insecure_listen)
    return invalid("listen address " + settings.listen_address +
                   " can be reached by others, and there is neither TLS nor a token yet: say --insecure-listen if that "
                   "is meant");
  return {};
}

}  // namespace tidemark::gateway
