// The YAML reader of the settings' table; see settings.h.
//
// yaml-cpp forgives: a key that nobody reads is no error to it. So the document
// is walked from its side, and every key must have a reader.

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "gateway/settings.h"
#include "gateway/settings_topology.h"
#include "gateway/yaml_report.h"

namespace tidemark::gateway {
namespace {

// Keys of a design that is not built yet: refused with that reason, so that
// nobody believes them to be in force.
constexpr std::string_view kNotBuilt[] = {"create_topics", "topology"};

class Reader {
 public:
  Reader(Settings& settings, std::string file) : settings_(settings), report_(std::move(file)), topology_(report_) {}

  Result<void> read(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fail(root, "the document must be a map of settings");
    for (const auto& entry : root) {
      const std::string key = entry.first.Scalar();
      Result<void> result;
      if (key == "groups") {
        result = read_groups(entry.second);
      } else if (key == "topics") {
        result = read_topics(entry.second);
      } else if (key == "consumers") {
        result = read_consumers(entry.second);
      } else if (key == "kafka" || key == "limits") {
        result = read_section(key, entry.second);
      } else if (std::find(std::begin(kNotBuilt), std::end(kNotBuilt), key) != std::end(kNotBuilt)) {
        return fail(entry.first, "'" + key + "' is not built yet");
      } else {
        result = read_scalar(entry.first, key, entry.second);
      }
      if (!result) return result;
    }
    return topology_.finish(settings_);
  }

 private:
  Error fail(const YAML::Node& where, const std::string& what) const { return report_.fail(where, what); }
  Error unknown(const YAML::Node& where, const std::string& key, const std::vector<std::string>& known) const {
    return report_.unknown(where, key, known);
  }

  Result<void> read_scalar(const YAML::Node& where, const std::string& key, const YAML::Node& value) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) {
      std::vector<std::string> known{"groups", "topics", "consumers"};
      for (const Setting& s : scalar_settings()) known.emplace_back(s.key);
      return unknown(where, key, known);
    }
    if (!value.IsScalar()) return fail(value, "'" + key + "' must be a single value");
    if (const auto applied = setting->apply(settings_, value.Scalar()); !applied)
      return fail(value, "'" + key + "': " + applied.error().message);
    return {};
  }

  Result<void> read_section(const std::string& section, const YAML::Node& node) {
    if (!node.IsMap()) return fail(node, "'" + section + "' must be a map");
    for (const auto& entry : node)
      if (auto result = read_scalar(entry.first, section + "." + entry.first.Scalar(), entry.second); !result) return result;
    return {};
  }

  Result<void> read_names(const std::string& key, const YAML::Node& node, std::vector<std::string>& names) {
    if (!node.IsSequence()) return fail(node, "'" + key + "' must be a list, for example [views, search]");
    names.clear();
    for (const YAML::Node& item : node) {
      if (!item.IsScalar() || item.Scalar().empty()) return fail(item, "'" + key + "' must be a list of names");
      if (std::find(names.begin(), names.end(), item.Scalar()) != names.end())
        return fail(item, "'" + item.Scalar() + "' is in '" + key + "' twice");
      names.push_back(item.Scalar());
    }
    return {};
  }

  Result<void> read_groups(const YAML::Node& node) {
    if (!node.IsMap()) return fail(node, "'groups' must be a map of allow, deny and optional");
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      std::vector<std::string>* target = key == "allow"      ? &settings_.engine.allow
                                         : key == "deny"     ? &settings_.engine.deny
                                         : key == "optional" ? &settings_.engine.optional
                                                             : nullptr;
      if (target == nullptr) return unknown(entry.first, key, {"allow", "deny", "optional"});
      if (auto result = read_names("groups." + key, entry.second, *target); !result) return result;
    }
    return {};
  }

  Result<void> read_topics(const YAML::Node& node) {
    if (!node.IsMap()) return fail(node, "'topics' must be a map of topic names");
    for (const auto& topic : node) {
      const std::string name = topic.first.Scalar();
      if (!topic.second.IsMap()) return fail(topic.second, "'topics." + name + "' must be a map with wait_for");
      for (const auto& entry : topic.second) {
        if (entry.first.Scalar() != "wait_for") return unknown(entry.first, entry.first.Scalar(), {"wait_for"});
        if (auto result = read_names("topics." + name + ".wait_for", entry.second, settings_.engine.wait_for[name]); !result)
          return result;
        topology_.waits_at(name, YamlReport::line_of(entry.first));
      }
    }
    return {};
  }

  Result<void> read_consumers(const YAML::Node& node) {
    if (!node.IsMap()) return fail(node, "'consumers' must be a map of group names");
    for (const auto& consumer : node) {
      const std::string name = consumer.first.Scalar();
      if (!consumer.second.IsMap()) return fail(consumer.second, "'consumers." + name + "' must be a map");
      for (const auto& entry : consumer.second)
        if (auto result = read_consumer(name, entry.first, entry.second); !result) return result;
    }
    return {};
  }

  // One declaration about a consumer. Those in the list have one value, which is not
  // the default.
  Result<void> read_consumer(const std::string& name, const YAML::Node& where, const YAML::Node& node) {
    const std::string key = where.Scalar();
    if (TopologySection::is_key(key)) return topology_.read(name, where, node);
    struct Declaration {
      std::string_view key;
      std::string_view value;
      std::string_view otherwise;
      std::vector<std::string>* names;
    };
    const Declaration declarations[] = {
        {"reset", "earliest", "a group that starts at latest is the default assumption", &settings_.engine.reset_earliest},
        {"commits", "after-processing", "leave it out to have early commits recognised by client and rhythm",
         &settings_.engine.commits_after},
        {"acks", "true", "leave it out for a consumer that sends none", &settings_.engine.acking},
    };
    for (const Declaration& each : declarations) {
      if (key != each.key) continue;
      if (!node.IsScalar() || node.Scalar() != each.value)
        return fail(node, "'consumers." + name + "." + key + "' can only be '" + std::string(each.value) +
                              "': " + std::string(each.otherwise));
      if (std::find(each.names->begin(), each.names->end(), name) != each.names->end())
        return fail(where, "'consumers." + name + "." + key + "' is given twice");
      each.names->push_back(name);
      return {};
    }
    return unknown(where, key, {"reset", "commits", "acks", "outputs", "emits", "copies_id", "dead_letter"});
  }

  Settings& settings_;
  YamlReport report_;
  TopologySection topology_;
};

}  // namespace

Result<void> apply_yaml(Settings& settings, const std::string& text, const std::string& file_name) {
  try {
    return Reader(settings, file_name).read(YAML::Load(text));
  } catch (const YAML::Exception& exception) {
    return Error{ErrorKind::invalid, file_name + ":" + std::to_string(exception.mark.line + 1) + ": " + exception.msg};
  }
}

Result<void> apply_file(Settings& settings, const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return Error{ErrorKind::not_found, "cannot read the configuration file '" + path + "'"};
  return apply_yaml(settings, text.str(), path);
}

}  // namespace tidemark::gateway
