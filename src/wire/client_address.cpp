#include "wire/client_address.h"

#include <algorithm>
#include <charconv>

namespace tidemark::wire {
namespace {

constexpr std::size_t kMaxAddresses = 64;
constexpr std::size_t kMaxHost = 255;  // RFC 1035 §2.3.4

Error wrong(std::string_view text, std::string_view why) {
  constexpr std::size_t kShown = 100;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return {ErrorKind::invalid, "'" + shown + "' is not a broker's address: " + std::string(why)};
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

bool is_ipv6_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

// An IPv6 literal, with an optional zone ("%eth0"); its structure is the resolver's to judge.
bool is_ipv6(std::string_view host) {
  const std::string_view address = host.substr(0, host.find('%'));
  const std::string_view zone = host.substr(address.size());
  return address.find(':') != std::string_view::npos && std::ranges::all_of(address, is_ipv6_character) &&
         (zone.empty() || (zone.size() > 1 && std::ranges::all_of(zone.substr(1), is_host_character)));
}

}  // namespace

std::string Address::to_string() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong(text, "the bracket is not closed");
    host = text.substr(1, close - 1);
    if (!is_ipv6(host)) return wrong(text, "only an IPv6 address stands in brackets");
    if (close + 1 >= text.size() || text[close + 1] != ':') {
      return wrong(text, "HOST:PORT expected, and there is no port");
    }
    port = text.substr(close + 2);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return wrong(text, "HOST:PORT expected, and there is no port");
    if (text.find("://") != std::string_view::npos) return wrong(text, "HOST:PORT expected, without a scheme");
    if (text.find(':', colon + 1) != std::string_view::npos) {
      return wrong(text, "an IPv6 address is written [ADDRESS]:PORT");
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.empty()) return wrong(text, "there is no host before the port");
    if (host.size() > kMaxHost) return wrong(text, "the host is longer than 255 characters");
    if (!std::ranges::all_of(host, is_host_character)) return wrong(text, "the host has a character that no name has");
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size() || number == 0) {
    return wrong(text, "the port is not a number from 1 to 65535");
  }
  return Address{std::string(host), number};
}

Result<std::vector<Address>> parse_bootstrap(std::string_view text) {
  if (trim(text).empty()) return Error{ErrorKind::invalid, "no broker is named: HOST:PORT[,HOST:PORT…] expected"};
  std::vector<Address> addresses;
  while (true) {
    const std::size_t comma = text.find(',');
    Result<Address> address = parse_address(trim(text.substr(0, comma)));
    if (!address.ok()) return address.error();
    if (std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(std::move(*address));
    if (addresses.size() > kMaxAddresses) return Error{ErrorKind::invalid, "more than 64 brokers are named"};
    if (comma == std::string_view::npos) return addresses;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace tidemark::wire
