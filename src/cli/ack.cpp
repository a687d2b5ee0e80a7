#include "cli/ack.h"

#include <boost/json.hpp>
#include <charconv>

namespace tidemark::cli {
namespace {

std::optional<std::int64_t> parse_offset(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::pair<std::int64_t, std::int64_t>> parse_offsets(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_offset(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_offset(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

std::string ack_body(const AckOptions& options) {
  const auto [first, last] = *parse_offsets(options.offsets);
  boost::json::object body;
  body["consumer"] = options.consumer;
  body["topic"] = options.topic;
  body["partition"] = options.partition;
  if (first == last) body["offset"] = first;
  else body["offsets"] = boost::json::array{first, last};
  if (options.failed) {
    body["outcome"] = "failed";
    body["reason"] = options.reason;
  }
  return boost::json::serialize(body);
}

Report report_of_ack(const HttpAnswer& answer, const AckOptions& options) {
  if (answer.status != 204) return report_of_problem(answer);
  return {ExitCode::done,
          options.consumer + (options.failed ? " failed " : " processed ") + options.topic + "/" +
              std::to_string(options.partition) + "@" + options.offsets + "\n",
          false};
}

}  // namespace tidemark::cli
