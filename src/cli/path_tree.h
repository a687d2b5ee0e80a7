// Answers of several hops, for people: consumers, the topics they write, and who
// reads those.
//
// An answer lists each consumer with the path to it, so a path shared by ten
// consumers stands there ten times. People ask where it stops; that is seen in a
// tree.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::cli {

struct PathNode {
  std::string name;   // fit to show
  std::string path;   // of the names from the root, as one text
  std::string state;  // "processed", "pending (lag)", "end known"; empty: not said
  std::string note;   // what would mend it
  // As the answer has it, from its request on; nothing where nothing has come.
  std::optional<std::chrono::nanoseconds> elapsed;
  std::optional<std::chrono::nanoseconds> at;  // to be shown; the reader of the tree sets it
  std::vector<PathNode> children;
};

// Of a publish's, a mark's or a barrier's answer. The root is what was published.
PathNode tree_of(const boost::json::object& answer);
void for_each_node(PathNode& root, const std::function<void(PathNode&)>& see);
// One line a node.
std::vector<std::string> lines_of(const PathNode& root);

// "enricher → orders-enriched"; empty where the consumer reads what was published.
std::string via_text(const boost::json::object& consumer);
// A line for each of the answer's deferred, "  not waited for: …".
std::string deferred_text(const boost::json::object& answer);

}  // namespace tidemark::cli
