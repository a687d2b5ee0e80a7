#include "cli/doctor.h"

#include <boost/json.hpp>
#include <chrono>

#include "base/duration.h"
#include "cli/json_text.h"

namespace tidemark::cli {
namespace {

namespace json = boost::json;

std::string or_unknown(std::string text) { return text.empty() ? "unknown" : text; }

std::string line_of_group(const json::object& group) {
  std::string line = "group " + string_of(group, "name") + "  " + string_of(group, "state");
  if (const std::string client = string_of(group, "client"); !client.empty()) line += ", " + client;
  if (const json::object* commits = object_of(group, "commits")) {
    const json::value* interval = commits->if_contains("interval_ms");
    boost::system::error_code error;
    const double ms = interval == nullptr ? -1 : interval->to_number<double>(error);
    const bool known = !error && ms >= 0 && ms < 1e12;
    line += known ? ", commits about every " + format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(ms + 0.5)))
                  : ", how often it commits is not known yet";
    if (is_true(*commits, "by_timer")) line += " by a timer";
    else if (known) line += " after its batches";
  }
  if (is_true(group, "early")) line += ", before the work is done";
  if (is_true(group, "may_be_early")) line += ", perhaps before the work is done";
  if (is_true(group, "acks")) line += ", sends acks";
  if (is_true(group, "share")) line += ", a share group";
  if (!is_true(group, "anchored")) line += ", not anchored";
  return line + "\n";
}

// A person looks at a few; --json has all.
constexpr std::size_t kMostTopics = 8;
constexpr std::size_t kMostPartitions = 4;

// "partition 0 at 7 of 9": committed, and the end.
std::string text_of(const json::array& partitions) {
  std::string text;
  std::size_t committed = 0;
  for (const json::value& partition : partitions) {
    const json::object* one = partition.if_object();
    if (one == nullptr) continue;
    const std::string at = string_of(*one, "committed");
    if (!at.empty()) ++committed;
    if (partitions.size() > kMostPartitions) continue;
    text += (text.empty() ? "partition " : ", partition ") + string_of(*one, "partition") + " at " +
            (at.empty() ? "none" : at) + " of " + or_unknown(string_of(*one, "end"));
  }
  if (partitions.size() <= kMostPartitions) return text.empty() ? "nothing yet" : text;
  return std::to_string(committed) + " of " + std::to_string(partitions.size()) + " partitions";
}

// What the group has committed.
std::string lines_of_topics(const json::object& group) {
  const json::array* topics = array_of(group, "topics");
  if (topics == nullptr) return {};
  std::string lines;
  std::size_t shown = 0;
  for (const json::value& topic : *topics) {
    const json::object* one = topic.if_object();
    const json::array* partitions = one == nullptr ? nullptr : array_of(*one, "partitions");
    if (partitions == nullptr) continue;
    if (++shown > kMostTopics) continue;
    const std::string lag = string_of(*one, "lag");
    lines += "  committed of " + string_of(*one, "topic") + ": " + text_of(*partitions) +
             (lag.empty() ? "" : ", lag " + lag) + "\n";
  }
  if (shown > kMostTopics) lines += "  and of " + std::to_string(shown - kMostTopics) + " more topics: see --json\n";
  return lines;
}

std::string lines_of_cluster(const json::object& cluster) {
  std::string text = "cluster  coordinator linger ";
  const std::string linger = string_of(cluster, "coordinator_linger_ms");
  text += linger == "-1" ? "adaptive" : linger.empty() ? "unknown" : linger + " ms";
  text += is_true(cluster, "polling") ? ", groups are asked for their commits" : ", commits are read as they are made";
  if (const json::array* blind = array_of(cluster, "blind_partitions"); blind != nullptr && !blind->empty())
    text += ", blind on partitions " + json::serialize(*blind) + " of __consumer_offsets";
  return text + "\n";
}

}  // namespace

Report report_of_doctor(const HttpAnswer& answer) {
  const json::value body = parsed(answer.body);
  const json::object* document = body.if_object();
  if (answer.status != 200) return report_of_problem(answer);
  const json::array* findings = document == nullptr ? nullptr : array_of(*document, "findings");
  if (findings == nullptr)
    return {ExitCode::failed, "the gateway's answer has no findings: is it as new as this program?\n", true};

  Report report;
  if (const json::array* groups = array_of(*document, "groups"))
    for (const json::value& group : *groups)
      if (const json::object* one = group.if_object()) report.text += line_of_group(*one) + lines_of_topics(*one);
  if (const json::array* topics = array_of(*document, "topics"))
    for (const json::value& topic : *topics)
      if (const json::object* one = topic.if_object())
        report.text += "topic " + string_of(*one, "name") + "  replicas " + or_unknown(string_of(*one, "replicas")) +
                       ", min.insync.replicas " + or_unknown(string_of(*one, "min_insync_replicas")) + "\n";
  if (const json::object* cluster = object_of(*document, "cluster")) report.text += lines_of_cluster(*cluster);
  for (const json::value& finding : *findings)
    if (const json::object* one = finding.if_object())
      report.text += string_of(*one, "severity") + ": " + string_of(*one, "subject") + ": " + string_of(*one, "problem") +
                     " [" + string_of(*one, "code") + "]\n  mend it: " + string_of(*one, "fix") + "\n";
  report.code = findings->empty() ? ExitCode::done : ExitCode::without_success;
  if (findings->empty()) report.text += "nothing found\n";
  return report;
}

}  // namespace tidemark::cli
