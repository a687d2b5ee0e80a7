// Query parameters, checked as a whole: what is not understood is refused.
//
// A parameter that is silently ignored is the worst kind of typo: `?wiat=5s`
// waits two seconds and nobody knows why. And one that a later version will
// understand must not mean nothing today.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/position.h"
#include "core/time.h"
#include "http/api.h"
#include "http/message.h"
#include "http/problem.h"

namespace tidemark::http {

// A value, or what is wrong with the request.
template <class T>
using Checked = std::variant<T, Problem>;

// What one route takes.
struct ParameterNames {
  std::span<const std::string_view> known;
  // Part of the interface, but not built: refused by that reason.
  std::span<const std::string_view> later;
};

// Refuses names that are not known, naming the nearest one that is, and names
// given twice, save `for`, which adds up.
std::optional<Problem> check_names(const std::vector<Parameter>& query, const ParameterNames& names);

// The value of a parameter that is given at most once, or null.
const std::string* find_parameter(const std::vector<Parameter>& query, std::string_view name);

// How long the caller would wait.
struct WaitWish {
  bool wait = true;
  std::optional<core::Duration> wait_for;  // nothing: the default
  std::string applied;                     // for Preference-Applied; empty: none was
};

// `?wait=` and Prefer together. `?wait=` wins; malformed or above the maximum it
// is refused. A Prefer that is malformed is ignored, one above the maximum is
// clamped (RFC 7240). `by_default` is what holds when neither says anything.
Checked<WaitWish> read_wait(const Request& request, const WaitLimits& limits, bool by_default);

// Every name of `?for=a,b`, each once. At most 256 of 255 bytes each, without
// control characters.
Checked<std::vector<std::string>> read_for(const std::vector<Parameter>& query);

// `?scope=event` or `?scope=watermark`; the event's without it.
Checked<core::Scope> read_scope(const std::vector<Parameter>& query);

// `?partition=`: digits, below 2^31.
Checked<std::optional<core::Partition>> read_partition(const std::vector<Parameter>& query);

// `?key=` as it is, or `?key64=` decoded (base64 or base64url, padded or not).
Checked<std::optional<std::string>> read_key(const std::vector<Parameter>& query);

// RFC 4648 §4 and §5. Nothing when malformed, or when unused bits are set.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tidemark::http
