// Who writes what because of what: the graph that a wait follows.
//
// "The topics that enricher writes" is not enough: a consumer that reads two
// topics and writes one of them back would be taken for a cycle, and every wait
// on the other would chase its tail. So an edge is keyed by (consumer, input) →
// output. Declared edges come from the configuration. Dead-letter and retry
// topics have names that clients make by rule out of the topic's own; where such
// topics exist, their edges are in the graph without being declared.
//
// What a publish to one topic can cause is a plan: the topics that can be
// reached, ordered so that each comes after all that write it, with those that
// feed each other kept together.
//
// Threading: none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/consumers.h"
#include "core/engine.h"
#include "core/topics.h"

namespace tidemark::core {

struct Plan {
  static constexpr std::size_t kMaxNodes = 256;  // beyond it nothing more is followed, and said so

  struct Node {
    TopicNumber topic = 0;
    // Those that can reach each other share a component; one that writes a node
    // has a lower component, or the same.
    std::uint32_t component = 0;
    bool cyclic = false;
    bool root = false;
  };
  struct Edge {
    std::uint32_t input = 0;   // nodes
    std::uint32_t output = 0;
    std::optional<ConsumerNumber> consumer;  // nothing: whoever reads the input
    Emits emits = Emits::before_commit;      // never `later`
    Duration within{};
    bool dead_letter = false;
    bool by_name = false;  // not declared: the topic's name says it
    bool copies_id = false;
  };
  // What is written and not followed.
  struct LeftOut {
    std::uint32_t input = 0;
    std::optional<ConsumerNumber> consumer;
    std::string topic;
    Deferred::Why why = Deferred::Why::later;
  };
  std::vector<Node> nodes;  // by component
  std::vector<Edge> edges;
  std::vector<LeftOut> left_out;

  std::optional<std::uint32_t> node_of(TopicNumber topic) const;
  // Orders the nodes and numbers the components.
  void order();
};

// Names of the topics that clients make out of another's: the base of `name`
// where it ends like a dead-letter or a retry topic.
struct Derivation {
  std::string_view base;
  bool dead_letter = false;  // else a retry topic
  std::string_view consumer; // the group, where the name says it: error.TOPIC.GROUP
};
std::optional<Derivation> derivation_of(std::string_view name);

class Topology {
 public:
  explicit Topology(const EngineConfig& config) : config_(config) {}

  // The log's list of topics has changed.
  void listed(const Topics& topics, const Consumers& consumers);

  // What an event in the topic can cause. Never null; without outputs it is the topic alone.
  std::shared_ptr<const Plan> plan(TopicNumber root, const Topics& topics);
  std::shared_ptr<const Plan> plan(std::span<const TopicNumber> roots, const Topics& topics) const;

  // Whether an edge by name holds for the consumer: not declared to be without such topics.
  bool has_dead_letters(std::string_view consumer) const;
  // Whether somebody is known to write the topic, so that its ends must be known
  // before an event can cause a record there.
  bool is_output(std::string_view topic) const { return outputs_.contains(topic); }

  // Whether somebody is known to write because of what is in the topic.
  bool leads_on(const std::string& topic) const { return !everywhere_.empty() || writes_.contains(topic); }

  std::vector<EdgeView> views() const;
  // Sentences for the log: edges to or from topics that do not exist, and topics
  // that feed themselves.
  std::vector<std::string> warnings(const Topics& topics) const;

 private:
  struct Write {
    std::optional<ConsumerNumber> consumer;
    std::string output;
    Emits emits = Emits::before_commit;
    Duration within{};
    bool dead_letter = false;
    bool by_name = false;
    bool copies_id = false;
  };
  void add_by_name(const Topics& topics, const Consumers& consumers);

  const EngineConfig& config_;
  // By input topic. Made anew when the list of topics changes.
  std::unordered_map<std::string, std::vector<Write>, StringHash, std::equal_to<>> writes_;
  std::vector<Write> everywhere_;  // whatever the consumer reads
  std::unordered_map<std::string, bool, StringHash, std::equal_to<>> outputs_;
  std::unordered_map<TopicNumber, std::shared_ptr<const Plan>> plans_;
};

}  // namespace tidemark::core
