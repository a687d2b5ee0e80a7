#include "http/prefer.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"

namespace tidemark::http {
namespace {

constexpr std::uint64_t kMostSeconds = std::uint64_t{1} << 30;

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Where the next `separator` outside a quoted string is, or the end.
std::size_t find_unquoted(std::string_view text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"') quoted = !quoted;
    else if (!quoted && text[i] == separator) return i;
  }
  return text.size();
}

// A token as it is, a quoted string without its quotes and backslashes.
std::string unquote(std::string_view word) {
  if (word.size() < 2 || word.front() != '"' || word.back() != '"') return std::string(word);
  std::string text;
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] == '\\' && i + 2 < word.size()) ++i;
    text.push_back(word[i]);
  }
  return text;
}

std::optional<std::uint64_t> parse_seconds(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::uint64_t seconds = 0;
  for (const char c : text) seconds = std::min(seconds * 10 + static_cast<std::uint64_t>(c - '0'), kMostSeconds);
  return seconds;
}

void read_preference(std::string_view preference, Preferences& preferences) {
  // Parameters of a preference (after ';') are for preferences not known here.
  preference = trim(preference.substr(0, find_unquoted(preference, ';')));
  const std::size_t equals = std::min(preference.find('='), preference.size());
  const std::string_view name = trim(preference.substr(0, equals));
  const std::string value = unquote(trim(preference.substr(std::min(equals + 1, preference.size()))));
  if (equals_ignoring_case(name, "respond-async") && value.empty()) {
    preferences.respond_async = true;
  } else if (equals_ignoring_case(name, "wait") && !preferences.wait_seconds) {
    preferences.wait_seconds = parse_seconds(value);
  }
}

}  // namespace

Preferences parse_prefer(const std::vector<Field>& headers) {
  Preferences preferences;
  for (const Field& field : headers) {
    if (field.known != FieldName::prefer) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = find_unquoted(rest, ',');
      read_preference(rest.substr(0, end), preferences);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return preferences;
}

}  // namespace tidemark::http
