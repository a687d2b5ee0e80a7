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
  if (is_true(group, "acks")) line += ", sends acks";
  if (!is_true(group, "anchored")) line += ", not anchored";
  return line + "\n";
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
      if (const json::object* one = group.if_object()) report.text += line_of_group(*one);
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
