// wait --explain: where a mark stands, shown as it changes.
//
// One long wait says at its end who was late, not where it stood meanwhile. So the
// mark is looked at again and again, with short waits: each answer is a whole
// picture, and what changed from one to the next is what people want to see. A
// gateway counts time from the request, so the times of the answers are set off
// against the beginning of it all.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/path_tree.h"
#include "cli/settle.h"

namespace tidemark::cli {

// The times of a tree's nodes since the first look.
class PathTimes {
 public:
  // Sets PathNode::at of what changed after the first tree; `asked` is when the
  // tree's request was sent, since the beginning. Returns the nodes that are new or
  // changed, in the tree's order, each as one line.
  std::vector<std::string> set(PathNode& root, std::chrono::nanoseconds asked);

 private:
  struct Known {
    std::string state;
    std::optional<std::chrono::nanoseconds> at;
  };
  std::map<std::string, Known> known_;
  bool first_ = true;
};

// Draws lines where they were drawn before. What does not fit is cut: a line that
// wraps, or scrolls away, would be drawn beside its old self.
class Screen {
 public:
  Screen(std::ostream& out, std::size_t columns, std::size_t rows) : out_(out), columns_(columns), rows_(rows) {}
  void draw(const std::vector<std::string>& lines);

 private:
  std::ostream& out_;
  std::size_t columns_, rows_;
  std::size_t drawn_ = 0;
};

struct Explained {
  std::string body;                  // the answer
  std::vector<std::string> changes;  // since the one before, a line each
  std::vector<std::string> tree;
};

struct ExplainOptions {
  std::string target;  // /marks/…, with its parameters but the wait
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);
};

// Looks until the mark is settled or the time is up, and tells each answer in which
// something changed. The report of the last one; the error of the first call that
// came to no answer.
Result<Settled> explain(const ExplainOptions& options, const SettleWorld& world,
                        const std::function<void(const Explained&)>& show);

}  // namespace tidemark::cli
