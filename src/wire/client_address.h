// Where a broker listens, as people write it and as metadata gives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::wire {

struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;

  // "host:port", an IPv6 host in brackets.
  std::string to_string() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// "HOST:PORT", where an IPv6 HOST stands in brackets. The error is `invalid`
// and names the text that is wrong.
Result<Address> parse_address(std::string_view text);

// "HOST:PORT,HOST:PORT,…": 1 to 64 addresses, blanks around them ignored,
// repeated ones kept once.
Result<std::vector<Address>> parse_bootstrap(std::string_view text);

}  // namespace tidemark::wire
