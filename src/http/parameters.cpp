#include "http/parameters.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/duration.h"
#include "base/nearest.h"
#include "http/prefer.h"

namespace tidemark::http {
namespace {

constexpr std::size_t kMostNames = 256;
constexpr std::size_t kLongestName = 255;
constexpr std::array<std::string_view, 2> kScopes{"event", "watermark"};

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::uint64_t whole_seconds(core::Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::optional<Problem> check_names(const std::vector<Parameter>& query, const ParameterNames& names) {
  for (auto each = query.begin(); each != query.end(); ++each) {
    if (contains(names.later, each->name))
      return Problem{kNotBuilt, "The parameter " + quoted(each->name) + " is not built yet", each->name};
    if (!contains(names.known, each->name)) {
      const std::string advice = names.known.empty()
                                     ? "; this route takes none"
                                     : "; the nearest known one is " + quoted(nearest(each->name, names.known));
      return Problem{kUnknownParameter, "The parameter " + quoted(each->name) + " is not known" + advice, each->name};
    }
    const auto same = [&](const Parameter& other) { return other.name == each->name; };
    if (each->name != "for" && std::any_of(query.begin(), each, same))
      return Problem{kInvalidParameter, "The parameter " + quoted(each->name) + " is given twice", each->name};
  }
  return std::nullopt;
}

const std::string* find_parameter(const std::vector<Parameter>& query, std::string_view name) {
  for (const Parameter& parameter : query)
    if (parameter.name == name) return &parameter.value;
  return nullptr;
}

Checked<WaitWish> read_wait(const Request& request, const WaitLimits& limits, bool by_default) {
  WaitWish wish;
  wish.wait = by_default;
  if (const std::string* text = find_parameter(request.query, "wait")) {
    const Result<core::Duration> duration = parse_duration(*text);
    if (!duration) return Problem{kInvalidParameter, duration.error().message, "wait"};
    if (*duration > limits.max_wait)
      return Problem{kInvalidParameter,
                     quoted(*text) + " is longer than the maximum of " + format_duration(limits.max_wait), "wait"};
    wish.wait = *duration > core::Duration::zero();
    if (wish.wait) wish.wait_for = *duration;
    return wish;
  }
  const Preferences preferences = parse_prefer(request.headers);
  if (preferences.respond_async && by_default) {
    wish.applied = "respond-async";
    if (!preferences.wait_seconds) wish.wait = false;
  }
  if (preferences.wait_seconds) {
    const std::uint64_t seconds = std::min(*preferences.wait_seconds, whole_seconds(limits.max_wait));
    wish.wait = *preferences.wait_seconds > 0;
    if (wish.wait)
      wish.wait_for = std::min<core::Duration>(std::chrono::seconds(*preferences.wait_seconds), limits.max_wait);
    wish.applied += (wish.applied.empty() ? "wait=" : ", wait=") + std::to_string(seconds);
  }
  return wish;
}

Checked<std::vector<std::string>> read_for(const std::vector<Parameter>& query) {
  std::vector<std::string> names;
  for (const Parameter& parameter : query) {
    if (parameter.name != "for") continue;
    std::string_view rest = parameter.value;
    for (bool more = true; more;) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = rest.substr(0, comma);
      more = comma < rest.size();
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (name.empty() || name.size() > kLongestName || has_control_character(name))
        return Problem{kInvalidParameter,
                       quoted(name) + " is not a consumer's name: 1 to " + std::to_string(kLongestName) +
                           " bytes without control characters",
                       "for"};
      if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
    }
    if (names.size() > kMostNames)
      return Problem{kInvalidParameter, "More than " + std::to_string(kMostNames) + " names", "for"};
  }
  return names;
}

Checked<core::Scope> read_scope(const std::vector<Parameter>& query) {
  const std::string* text = find_parameter(query, "scope");
  if (text == nullptr || *text == kScopes[0]) return core::Scope::event;
  if (*text == kScopes[1]) return core::Scope::watermark;
  return Problem{kInvalidParameter,
                 quoted(*text) + " is neither 'event' nor 'watermark'; the nearest is " + quoted(nearest(*text, kScopes)),
                 "scope"};
}

Checked<std::optional<core::Partition>> read_partition(const std::vector<Parameter>& query) {
  const std::string* text = find_parameter(query, "partition");
  if (text == nullptr) return std::optional<core::Partition>();
  std::int64_t number = 0;
  bool valid = !text->empty() && text->size() <= 10;
  for (const char c : *text) {
    valid = valid && c >= '0' && c <= '9';
    if (!valid) break;
    number = number * 10 + (c - '0');
  }
  if (!valid || number > std::numeric_limits<core::Partition>::max())
    return Problem{kInvalidParameter, quoted(*text) + " is not a partition: a whole number from 0", "partition"};
  return std::optional<core::Partition>(static_cast<core::Partition>(number));
}

Checked<std::optional<std::string>> read_key(const std::vector<Parameter>& query) {
  const std::string* key = find_parameter(query, "key");
  const std::string* key64 = find_parameter(query, "key64");
  if (key != nullptr && key64 != nullptr)
    return Problem{kInvalidParameter, "'key' and 'key64' exclude each other", "key64"};
  if (key != nullptr) return std::optional<std::string>(*key);
  if (key64 == nullptr) return std::optional<std::string>();
  std::optional<std::string> bytes = base64_decode(*key64);
  if (!bytes) return Problem{kInvalidParameter, quoted(*key64) + " is not base64", "key64"};
  return bytes;
}

std::optional<std::string> base64_decode(std::string_view text) {
  const std::size_t end = std::min(text.find('='), text.size());
  const std::size_t padding = text.size() - end;
  if (padding > 0 && (padding > 2 || text.size() % 4 != 0 || text.substr(end).find_first_not_of('=') != text.npos))
    return std::nullopt;
  if (end % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(end * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, end)) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') value = static_cast<std::uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z') value = static_cast<std::uint32_t>(c - 'a') + 26;
    else if (c >= '0' && c <= '9') value = static_cast<std::uint32_t>(c - '0') + 52;
    else if (c == '+' || c == '-') value = 62;
    else if (c == '/' || c == '_') value = 63;
    else return std::nullopt;
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>((bits >> held) & 0xffU));
    bits &= (1U << held) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace tidemark::http
