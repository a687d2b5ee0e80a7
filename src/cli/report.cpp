#include "cli/report.h"

#include <boost/json.hpp>

#include "base/duration.h"
#include "cli/json_text.h"
#include "cli/path_tree.h"

namespace tidemark::cli {
namespace {

namespace json = boost::json;

Report problem_of(const HttpAnswer& answer, const json::value& body) {
  Report report;
  report.to_stderr = true;
  report.text = "HTTP " + std::to_string(answer.status);
  if (const json::object* object = body.if_object()) {
    const std::string title = string_of(*object, "title"), detail = string_of(*object, "detail");
    report.text += (title.empty() ? "" : ": " + title) + (detail.empty() ? "" : ": " + detail);
    if (const std::string mark = string_of(*object, "mark"); !mark.empty()) report.text += "\nmark " + mark;
  }
  report.text += "\n";
  return report;
}

std::string line_of(const json::object& consumer) {
  const std::string outcome = string_of(consumer, "outcome"), reason = string_of(consumer, "reason");
  std::string line = "  " + string_of(consumer, "name") + ": " + outcome;
  if (!reason.empty()) line += " (" + reason + ")";
  if (outcome == "processed") line += " after " + milliseconds_of(consumer, "elapsed_ms");
  if (const std::string via = via_text(consumer); !via.empty()) line += " (via " + via + ")";
  if (const std::string hint = string_of(consumer, "hint"); !hint.empty()) line += "; " + hint;
  return line + "\n";
}

}  // namespace

Report report_of_problem(const HttpAnswer& answer) { return problem_of(answer, parsed(answer.body)); }

Report report_of_settle(const HttpAnswer& answer, std::chrono::nanoseconds elapsed) {
  const json::value body = parsed(answer.body);
  const json::object* object = body.if_object();
  const json::array* consumers = object == nullptr ? nullptr : array_of(*object, "consumers");
  if ((answer.status != 200 && answer.status != 202) || consumers == nullptr) return problem_of(answer, body);
  Report report;
  std::size_t not_done = 0;
  std::string lines;
  for (const json::value& consumer : *consumers) {
    const json::object* one = consumer.if_object();
    if (one == nullptr || string_of(*one, "outcome") == "processed") continue;
    ++not_done;
    lines += line_of(*one);
  }
  const std::string time = format_duration(std::chrono::floor<std::chrono::milliseconds>(elapsed));
  if (!is_true(*object, "settled")) {
    report.code = ExitCode::not_in_time;
    report.text = "not settled after " + time + "\n";
  } else if (answer.status == 200 && not_done == 0) {
    report.code = ExitCode::done;
    report.text = "all is processed after " + time + "\n";
  } else {
    report.code = ExitCode::without_success;
    report.text = not_done == 0 ? "no consumer of the topics is known\n" : "settled without success after " + time + "\n";
  }
  report.text += lines + deferred_text(*object);
  return report;
}

Report report_of_wait(const HttpAnswer& answer) {
  const json::value body = parsed(answer.body);
  const json::object* object = body.if_object();
  if ((answer.status != 200 && answer.status != 202) || object == nullptr) return problem_of(answer, body);

  Report report;
  const json::value* settled = object->if_contains("settled");
  const bool is_settled = settled != nullptr && settled->is_bool() && settled->get_bool();
  bool all_processed = true;
  std::string lines;
  if (const json::value* consumers = object->if_contains("consumers"); consumers != nullptr && consumers->is_array())
    for (const json::value& consumer : consumers->get_array())
      if (const json::object* one = consumer.if_object()) {
        all_processed = all_processed && string_of(*one, "outcome") == "processed";
        lines += line_of(*one);
      }
  const std::string elapsed = milliseconds_of(*object, "elapsed_ms");
  if (!is_settled) {
    report.code = ExitCode::not_in_time;
    report.text = "appended, not yet processed by all after " + elapsed + "\n";
  } else if (answer.status == 200 && all_processed) {
    report.code = ExitCode::done;
    report.text = "processed after " + elapsed + "\n";
  } else {
    report.code = ExitCode::without_success;
    report.text = lines.empty() ? "appended; no consumer of the topic is known\n"
                                : "settled without success after " + elapsed + "\n";
  }
  report.text += lines + deferred_text(*object);
  if (const std::string id = string_of(*object, "id"); !id.empty())
    report.text += "event " + id + " at " + string_of(*object, "topic") + "/" + string_of(*object, "partition") + "@" +
                   string_of(*object, "offset") + "\n";
  if (const std::string mark = string_of(*object, "mark"); !mark.empty()) report.text += "mark " + mark + "\n";
  return report;
}

Report report_of_consumers(const HttpAnswer& answer) {
  const json::value body = parsed(answer.body);
  const json::object* object = body.if_object();
  const json::value* consumers = object == nullptr ? nullptr : object->if_contains("consumers");
  if (answer.status != 200 || consumers == nullptr || !consumers->is_array()) return problem_of(answer, body);
  Report report;
  report.code = ExitCode::done;
  if (consumers->get_array().empty()) report.text = "no consumer is known\n";
  for (const json::value& value : consumers->get_array()) {
    const json::object* consumer = value.if_object();
    if (consumer == nullptr) continue;
    report.text += string_of(*consumer, "name") + "  " + string_of(*consumer, "state") + ", " +
                   string_of(*consumer, "members") + " members";
    if (const std::string client = string_of(*consumer, "client"); !client.empty()) report.text += ", " + client;
    report.text += "\n";
    if (const json::value* topics = consumer->if_contains("topics"); topics != nullptr && topics->is_array())
      for (const json::value& topic : topics->get_array())
        if (const json::object* one = topic.if_object()) {
          const std::string lag = string_of(*one, "lag");
          report.text += "  " + string_of(*one, "topic") + " (" + string_of(*one, "source") + ")" +
                         (lag.empty() ? "" : ", lag " + lag) + "\n";
        }
    if (const std::string hint = string_of(*consumer, "hint"); !hint.empty()) report.text += "  " + hint + "\n";
  }
  return report;
}

}  // namespace tidemark::cli
