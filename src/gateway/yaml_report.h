// Says where in a YAML file something is wrong.
//
// A sentence about a setting is worth little without the line it stands in, and
// two lines that contradict each other need both named.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/settings.h"

namespace tidemark::gateway {

class YamlReport {
 public:
  explicit YamlReport(std::string file) : file_(std::move(file)) {}

  // From 1; 0 where the node has no place in the file.
  static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

  // FILE:LINE: WHAT
  std::string at(int line, const std::string& what) const {
    return file_ + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what;
  }
  Error fail(int line, const std::string& what) const { return Error{ErrorKind::invalid, at(line, what)}; }
  Error fail(const YAML::Node& where, const std::string& what) const { return fail(line_of(where), what); }
  Error unknown(const YAML::Node& where, const std::string& key, const std::vector<std::string>& known) const {
    const std::string near = nearest_key(key, known);
    return fail(where, "unknown key '" + key + "'" + (near.empty() ? "" : ", did you mean '" + near + "'?"));
  }

 private:
  std::string file_;
};

}  // namespace tidemark::gateway
