#include "cli/explain.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/duration.h"
#include "base/utf8.h"
#include "cli/json_text.h"
#include "cli/target.h"

namespace tidemark::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kLook{200};  // how long one look waits
constexpr milliseconds kGrace = std::chrono::seconds(10);
// Between two looks that were answered earlier than they were asked to.
constexpr milliseconds kPause{100};

// The first `columns` characters; combining ones count as any other.
std::string cut(const std::string& line, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t shown = 0; at < line.size() && shown < columns; ++shown)
    at += std::max<std::size_t>(utf8_length(std::string_view(line).substr(at)), 1);
  return line.substr(0, at);
}

std::string change_of(const PathNode& node) {
  std::string line = node.path + ": " + node.state;
  if (node.at) line += " after " + format_duration(std::chrono::floor<milliseconds>(*node.at));
  return line + (node.note.empty() ? "" : "; " + node.note);
}

}  // namespace

std::vector<std::string> PathTimes::set(PathNode& root, nanoseconds asked) {
  std::vector<std::string> changes;
  for_each_node(root, [&](PathNode& node) {
    if (&node == &root || node.state.empty()) return;
    Known& known = known_[node.path];
    if (known.state != node.state) {
      known.state = node.state;
      // What the first look found may be hours old.
      known.at = first_ ? std::nullopt : std::optional(asked + node.elapsed.value_or(nanoseconds::zero()));
      node.at = known.at;
      changes.push_back(change_of(node));
    }
    node.at = known.at;
  });
  first_ = false;
  return changes;
}

void Screen::draw(const std::vector<std::string>& lines) {
  if (drawn_ > 0) out_ << "\x1b[" << drawn_ << "F\x1b[J";
  const std::size_t room = rows_ > 2 ? rows_ - 1 : 1;
  const bool fits = lines.size() <= room;
  const std::size_t whole = fits ? lines.size() : room - 1;
  for (std::size_t i = 0; i < whole; ++i) out_ << cut(lines[i], columns_) << '\n';
  if (!fits) out_ << cut("… and " + std::to_string(lines.size() - whole) + " more lines", columns_) << '\n';
  out_ << std::flush;
  drawn_ = fits ? whole : whole + 1;
}

Result<Settled> explain(const ExplainOptions& options, const SettleWorld& world,
                        const std::function<void(const Explained&)>& show) {
  const auto began = world.now();
  PathTimes times;
  // The first look does not wait: it shows what there is to wait for.
  for (milliseconds wait{0};; wait = kLook) {
    const auto asked_at = world.now();
    const nanoseconds left = options.timeout - (asked_at - began);
    wait = std::min(wait, std::chrono::floor<milliseconds>(std::max(left, nanoseconds::zero())));
    std::string target = options.target;
    if (wait.count() > 0) target = with_parameter(target, "wait", std::to_string(wait.count()) + "ms");
    const Result<HttpAnswer> answer = world.call("GET", target, {}, nullptr, wait + kGrace);
    if (!answer) return answer.error();
    Report report = report_of_wait(*answer);
    const json::value body = parsed(answer->body);
    if (report.code != ExitCode::failed && body.is_object()) {
      PathNode tree = tree_of(body.get_object());
      std::vector<std::string> changes = times.set(tree, asked_at - began);
      if (!changes.empty()) show({answer->body, std::move(changes), lines_of(tree)});
    }
    const auto answered_at = world.now();
    const nanoseconds rest = options.timeout - (answered_at - began);
    if (report.code != ExitCode::not_in_time || rest < milliseconds(1)) return Settled{std::move(report), answer->body};
    if (wait.count() > 0 && answered_at - asked_at < kPause)
      world.pause(std::min(kPause, std::chrono::ceil<milliseconds>(rest)));
  }
}

}  // namespace tidemark::cli
