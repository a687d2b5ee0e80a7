// What is odd about the topology, told when it becomes so.
//
// The list of topics is read every few seconds, and an edge to a topic that does not
// exist is as odd each time. A line each time hides the first; one line at the start
// hides that it came back.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::gateway {

class TopologyNews {
 public:
  // All that is odd now. Those that were not the last time.
  std::vector<std::string> take(std::vector<std::string> odd) {
    std::vector<std::string> news;
    for (const std::string& each : odd)
      if (std::find(told_.begin(), told_.end(), each) == told_.end()) news.push_back(each);
    told_ = std::move(odd);
    return news;
  }

 private:
  std::vector<std::string> told_;
};

}  // namespace tidemark::gateway
