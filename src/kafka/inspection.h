// What `tidemark doctor` asks of a cluster, and what of it was answered.
//
// Each broker knows its own settings only, topics' settings come in hundreds, and
// on a managed cluster half of it is denied. So each answer fills in what it
// says, whatever is missing stays absent, and the caller shows what there is when
// all have answered or its time is over.
//
// Pure. Threading: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "log/log.h"
#include "wire/generated/describe_configs.h"
#include "wire/generated/metadata.h"

namespace tidemark::kafka {

class Inspection {
 public:
  static constexpr std::size_t kMostTopics = 2'000;
  static constexpr std::size_t kTopicsPerRequest = 500;

  // All topics, with their replicas.
  static wire::msg::MetadataRequest ask_topics();
  // The settings of one broker, to be asked of that broker.
  static wire::msg::DescribeConfigsRequest ask_broker(std::int32_t broker);
  // The settings of the topics known by now; any broker answers.
  std::vector<wire::msg::DescribeConfigsRequest> ask_settings() const;

  void answered(const wire::msg::MetadataResponse& response);
  void answered(const wire::msg::DescribeConfigsResponse& response);
  // A partition of the commit log that cannot be read.
  void blind(core::Partition partition) { blind_.push_back(partition); }

  // What was learned so far; topics by name.
  log::ClusterFacts facts() const;

 private:
  std::optional<int> linger_ms_;
  std::map<std::string, log::ClusterFacts::Topic> topics_;
  std::vector<core::Partition> blind_;
};

}  // namespace tidemark::kafka
