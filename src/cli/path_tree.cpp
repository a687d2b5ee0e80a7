#include "cli/path_tree.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/duration.h"
#include "base/utf8.h"
#include "cli/json_text.h"

namespace tidemark::cli {
namespace {

namespace json = boost::json;
using std::chrono::nanoseconds;

constexpr std::string_view kArrow = " → ";
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestText = 1000;
// An answer is a gateway's, but what is at the address may be anything.
constexpr std::size_t kMostHops = 256;

std::string shown(const json::object& object, std::string_view key, std::size_t most = kLongestText) {
  return printable(string_of(object, key), most);
}

std::optional<nanoseconds> elapsed_of(const json::object& object) {
  const json::value* value = object.if_contains("elapsed_ms");
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double, std::milli>(value->to_number<double>()));
}

PathNode& child_of(PathNode& parent, const std::string& name) {
  const auto found =
      std::find_if(parent.children.begin(), parent.children.end(), [&](const PathNode& c) { return c.name == name; });
  if (found != parent.children.end()) return *found;
  PathNode& child = parent.children.emplace_back();
  child.name = name;
  child.path = parent.path.empty() ? name : parent.path + std::string(kArrow) + name;
  return child;
}

void add_consumer(PathNode& root, const json::object& consumer) {
  PathNode* node = &root;
  std::size_t hops = 0;
  if (const json::array* via = array_of(consumer, "via"))
    for (const json::value& each : *via) {
      const json::object* hop = each.if_object();
      if (hop == nullptr || ++hops > kMostHops) continue;
      node = &child_of(child_of(*node, shown(*hop, "name", kLongestName)), shown(*hop, "topic", kLongestName));
      const auto elapsed = elapsed_of(*hop);
      if (!node->elapsed) node->elapsed = elapsed;
      node->state = node->elapsed ? "end known" : "end not known yet";
    }
  node = &child_of(*node, shown(consumer, "name", kLongestName));
  const std::string reason = shown(consumer, "reason");
  node->state = shown(consumer, "outcome") + (reason.empty() ? "" : " (" + reason + ")");
  node->note = shown(consumer, "hint");
  node->elapsed = elapsed_of(consumer);
}

std::string why_of(const json::object& deferred) {
  const std::string reason = shown(deferred, "reason");
  if (reason == "later") return "declared to be written later";
  if (reason == "unknown_topic") return "no such topic";
  if (reason == "cycle") return "it feeds itself, and was followed " + shown(deferred, "passes") + " times";
  return reason;
}

// Below the first place where the consumer is found; else below the root.
void add_deferred(PathNode& root, const json::object& deferred) {
  const std::string name = shown(deferred, "name", kLongestName);
  PathNode* at = nullptr;
  for_each_node(root, [&](PathNode& node) {
    if (at == nullptr && &node != &root && node.name == name) at = &node;
  });
  if (at == nullptr) at = &child_of(root, name);
  PathNode& topic = child_of(*at, shown(deferred, "topic", kLongestName));
  if (topic.state.empty()) topic.state = "not waited for (" + why_of(deferred) + ")";
}

void add_lines(const PathNode& node, const std::string& first, const std::string& rest, std::vector<std::string>& lines) {
  std::string line = first + node.name;
  if (!node.state.empty()) line += ": " + node.state;
  if (node.at) line += " after " + format_duration(std::chrono::floor<std::chrono::milliseconds>(*node.at));
  if (!node.note.empty()) line += "; " + node.note;
  lines.push_back(std::move(line));
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const bool is_last = i + 1 == node.children.size();
    add_lines(node.children[i], rest + (is_last ? "└─ " : "├─ "), rest + (is_last ? "   " : "│  "), lines);
  }
}

}  // namespace

PathNode tree_of(const json::object& answer) {
  PathNode root;
  const std::string topic = shown(answer, "topic", kLongestName);
  const json::array* positions = array_of(answer, "positions");
  if (!topic.empty()) root.name = topic + "/" + shown(answer, "partition") + "@" + shown(answer, "offset");
  else root.name = std::to_string(positions == nullptr ? 0 : positions->size()) + " positions";
  if (const json::array* consumers = array_of(answer, "consumers"))
    for (const json::value& each : *consumers)
      if (const json::object* consumer = each.if_object()) add_consumer(root, *consumer);
  if (const json::array* deferred = array_of(answer, "deferred"))
    for (const json::value& each : *deferred)
      if (const json::object* one = each.if_object()) add_deferred(root, *one);
  return root;
}

void for_each_node(PathNode& root, const std::function<void(PathNode&)>& see) {
  see(root);
  for (PathNode& child : root.children) for_each_node(child, see);
}

std::vector<std::string> lines_of(const PathNode& root) {
  std::vector<std::string> lines;
  add_lines(root, "", "", lines);
  return lines;
}

std::string via_text(const json::object& consumer) {
  std::string text;
  const json::array* via = array_of(consumer, "via");
  if (via == nullptr) return text;
  for (const json::value& each : *via)
    if (const json::object* hop = each.if_object())
      text += (text.empty() ? "" : std::string(kArrow)) + shown(*hop, "name", kLongestName) + std::string(kArrow) +
              shown(*hop, "topic", kLongestName);
  return text;
}

std::string deferred_text(const json::object& answer) {
  std::string text;
  const json::array* deferred = array_of(answer, "deferred");
  if (deferred == nullptr) return text;
  for (const json::value& each : *deferred)
    if (const json::object* one = each.if_object())
      text += "  not waited for: " + shown(*one, "name", kLongestName) + std::string(kArrow) +
              shown(*one, "topic", kLongestName) + " (" + why_of(*one) + ")\n";
  return text;
}

}  // namespace tidemark::cli
