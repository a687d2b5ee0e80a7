// What consumers write, as the file declares it: outputs, emits, copies_id, dead_letter.
//
// Each declaration may be right by itself and wrong beside another one, a line or a
// section away: a dead-letter topic that is an ordinary output too, an edge from a
// topic that is told not to wait for the consumer. So they are collected with their
// lines, and judged when the whole document was read.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/settings.h"
#include "gateway/yaml_report.h"

namespace tidemark::gateway {

class TopologySection {
 public:
  explicit TopologySection(const YamlReport& report) : report_(report) {}

  static bool is_key(std::string_view key) {
    return key == "outputs" || key == "emits" || key == "copies_id" || key == "dead_letter";
  }

  // `where` is one of those keys of a consumer.
  Result<void> read(const std::string& consumer, const YAML::Node& where, const YAML::Node& node);
  // A topic's wait_for stands in this line.
  void waits_at(const std::string& topic, int line) { wait_for_lines_[topic] = line; }

  // Adds all of it to the settings, and what is odd to their warnings.
  Result<void> finish(Settings& settings) const;

 private:
  struct Named {
    std::string topic;
    int line = 0;
  };
  struct Edge {
    std::string input;
    Named output;
  };
  struct Declared {
    int outputs_line = 0, emits_line = 0, copies_line = 0, dead_letter_line = 0;  // 0: not given
    std::vector<Edge> edges;
    std::vector<Named> dead_letters;
    core::Emits emits = core::Emits::before_commit;
    core::Duration within{};
    bool copies_id = false;
  };
  Result<void> read_outputs(const std::string& key, const YAML::Node& node, Declared& declared);
  Result<void> read_emits(const std::string& key, const YAML::Node& node, Declared& declared);
  Result<void> read_copies(const std::string& key, const YAML::Node& node, Declared& declared);
  Result<void> read_dead_letter(const std::string& key, const YAML::Node& node, Declared& declared);
  Result<void> read_topics(const std::string& key, const YAML::Node& list, std::vector<Named>& topics) const;
  Result<void> check_topic(const std::string& key, const YAML::Node& node) const;
  Result<void> check(const std::string& consumer, const Declared& declared) const;
  void warn(const std::string& consumer, const Declared& declared, Settings& settings) const;

  const YamlReport& report_;
  std::map<std::string, Declared> consumers_;
  std::map<std::string, int> wait_for_lines_;
};

}  // namespace tidemark::gateway
