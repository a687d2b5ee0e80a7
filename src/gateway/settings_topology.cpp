#include "gateway/settings_topology.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/duration.h"
#include "http/calls.h"

namespace tidemark::gateway {
namespace {

constexpr core::Duration kLongestWithin = std::chrono::hours(1);

std::string quoted(const std::string& text) { return "'" + text + "'"; }
std::string line(int number) { return "line " + std::to_string(number); }

}  // namespace

Result<void> TopologySection::read(const std::string& consumer, const YAML::Node& where, const YAML::Node& node) {
  Declared& declared = consumers_[consumer];
  const std::string name = where.Scalar();
  const std::string key = "consumers." + consumer + "." + name;
  int& given = name == "outputs"     ? declared.outputs_line
               : name == "emits"     ? declared.emits_line
               : name == "copies_id" ? declared.copies_line
                                     : declared.dead_letter_line;
  if (given > 0) return report_.fail(where, quoted(key) + " is given twice: also in " + line(given));
  given = YamlReport::line_of(where);
  if (name == "outputs") return read_outputs(key, node, declared);
  if (name == "emits") return read_emits(key, node, declared);
  if (name == "copies_id") return read_copies(key, node, declared);
  return read_dead_letter(key, node, declared);
}

Result<void> TopologySection::check_topic(const std::string& key, const YAML::Node& node) const {
  if (!node.IsScalar()) return report_.fail(node, quoted(key) + " must name topics");
  const std::string& name = node.Scalar();
  if (name.starts_with("__"))
    return report_.fail(node, quoted(key) + " names " + quoted(name) + ", a topic that belongs to Kafka or the gateway");
  if (const auto problem = http::check_topic(name)) return report_.fail(node, quoted(key) + ": " + problem->detail);
  return {};
}

Result<void> TopologySection::read_topics(const std::string& key, const YAML::Node& list, std::vector<Named>& topics) const {
  for (const YAML::Node& item : list) {
    if (auto checked = check_topic(key, item); !checked) return checked;
    const auto same = std::find_if(topics.begin(), topics.end(), [&](const Named& t) { return t.topic == item.Scalar(); });
    if (same != topics.end())
      return report_.fail(item, quoted(key) + " names " + quoted(item.Scalar()) + " twice: also in " + line(same->line));
    topics.push_back({item.Scalar(), YamlReport::line_of(item)});
  }
  return {};
}

Result<void> TopologySection::read_outputs(const std::string& key, const YAML::Node& node, Declared& declared) {
  if (!node.IsMap() || node.size() == 0)
    return report_.fail(node, quoted(key) + " must be a map from the topics read to those written, for example "
                                            "{orders: [orders-enriched]}");
  std::map<std::string, int> inputs;
  for (const auto& entry : node) {
    if (auto checked = check_topic(key, entry.first); !checked) return checked;
    const std::string& input = entry.first.Scalar();
    const auto [first, is_new] = inputs.emplace(input, YamlReport::line_of(entry.first));
    if (!is_new)
      return report_.fail(entry.first, quoted(key) + " names " + quoted(input) + " twice: also in " + line(first->second));
    const std::string place = key + "." + input;
    if (!entry.second.IsSequence() || entry.second.size() == 0)
      return report_.fail(entry.second, quoted(place) + " must be a list of topics, for example [orders-enriched]");
    std::vector<Named> outputs;
    if (auto read = read_topics(place, entry.second, outputs); !read) return read;
    for (Named& output : outputs) declared.edges.push_back({input, std::move(output)});
  }
  return {};
}

Result<void> TopologySection::read_emits(const std::string& key, const YAML::Node& node, Declared& declared) {
  constexpr std::string_view kWithin = "within ";
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text == "before-commit") return {};
  if (text == "later") {
    declared.emits = core::Emits::later;
    return {};
  }
  if (!text.starts_with(kWithin))
    return report_.fail(node, quoted(key) + " can only be 'before-commit', 'later', or 'within' and a time, for example "
                                            "'within 2s'");
  const auto within = parse_duration(std::string_view(text).substr(kWithin.size()));
  if (!within) return report_.fail(node, quoted(key) + ": " + within.error().message);
  if (*within <= core::Duration::zero() || *within > kLongestWithin)
    return report_.fail(node, quoted(key) + ": " + quoted(text) + " is not between within 1ms and within " +
                                  format_duration(kLongestWithin));
  declared.emits = core::Emits::within;
  declared.within = *within;
  return {};
}

Result<void> TopologySection::read_copies(const std::string& key, const YAML::Node& node, Declared& declared) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text != "true" && text != "false") return report_.fail(node, quoted(key) + " can only be true or false");
  declared.copies_id = text == "true";
  return {};
}

Result<void> TopologySection::read_dead_letter(const std::string& key, const YAML::Node& node, Declared& declared) {
  if (node.IsSequence()) return read_topics(key, node, declared.dead_letters);
  if (!node.IsScalar()) return report_.fail(node, quoted(key) + " must be a topic, a list of topics, or none");
  if (node.Scalar() == "none") return {};
  if (auto checked = check_topic(key, node); !checked) return checked;
  declared.dead_letters.push_back({node.Scalar(), YamlReport::line_of(node)});
  return {};
}

Result<void> TopologySection::check(const std::string& consumer, const Declared& declared) const {
  const std::string prefix = "consumers." + consumer + ".";
  if (declared.emits_line > 0 && declared.edges.empty())
    return report_.fail(declared.emits_line,
                        quoted(prefix + "emits") + " says when outputs are written, and '" + prefix + "outputs' is not given");
  if (declared.copies_line > 0 && declared.edges.empty())
    return report_.fail(declared.copies_line,
                        quoted(prefix + "copies_id") + " says what outputs carry, and '" + prefix + "outputs' is not given");
  for (const Named& dead : declared.dead_letters) {
    const auto same = std::find_if(declared.edges.begin(), declared.edges.end(),
                                   [&](const Edge& edge) { return edge.output.topic == dead.topic; });
    if (same == declared.edges.end()) continue;
    return report_.fail(dead.line, quoted(prefix + "dead_letter") + " names " + quoted(dead.topic) + ", which '" + prefix +
                                       "outputs." + same->input + "' in " + line(same->output.line) +
                                       " makes an ordinary output: a record there would be a failure and none");
  }
  return {};
}

void TopologySection::warn(const std::string& consumer, const Declared& declared, Settings& settings) const {
  std::set<std::string> seen;
  for (const Edge& edge : declared.edges) {
    const auto waits = settings.engine.wait_for.find(edge.input);
    if (waits == settings.engine.wait_for.end() || !seen.insert(edge.input).second) continue;
    if (std::find(waits->second.begin(), waits->second.end(), consumer) != waits->second.end()) continue;
    const auto at = wait_for_lines_.find(edge.input);
    settings.warnings.push_back(report_.at(
        edge.output.line, "'consumers." + consumer + ".outputs." + edge.input + "' has no effect: 'topics." + edge.input +
                              ".wait_for'" + (at == wait_for_lines_.end() ? "" : " in " + line(at->second)) + " leaves " +
                              quoted(consumer) + " out"));
  }
}

Result<void> TopologySection::finish(Settings& settings) const {
  for (const auto& [consumer, declared] : consumers_) {
    if (auto checked = check(consumer, declared); !checked) return checked;
    for (const Edge& edge : declared.edges)
      settings.engine.outputs.push_back(
          {consumer, edge.input, edge.output.topic, declared.emits, declared.within, false, declared.copies_id});
    for (const Named& dead : declared.dead_letters)
      settings.engine.outputs.push_back({consumer, "", dead.topic, core::Emits::before_commit, {}, true});
    if (declared.dead_letter_line > 0 && declared.dead_letters.empty()) settings.engine.no_dead_letters.push_back(consumer);
    warn(consumer, declared, settings);
  }
  return {};
}

}  // namespace tidemark::gateway
