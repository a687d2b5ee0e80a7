#include "core/topology.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace tidemark::core {
namespace {

// Spring Kafka (-dlt; .DLT before 3.3), MassTransit (_error), and what teams
// configure by hand most often.
constexpr std::array<std::string_view, 7> kDeadLetterEndings{"-dlt", ".DLT", "_error", ".dlq", "-dlq", "_dlq", "_dlt"};
constexpr std::string_view kRetry = "-retry";

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Tarjan's strongly connected components ("Depth-first search and linear graph
// algorithms", 1972), with the stack written out: a long chain must not use up
// the thread's own.
class Components {
 public:
  Components(std::size_t nodes, const std::vector<Plan::Edge>& edges) : next_(nodes), index_(nodes, 0), low_(nodes, 0), of_(nodes, 0) {
    for (const Plan::Edge& edge : edges) next_[edge.input].push_back(edge.output);
    for (std::uint32_t node = 0; node < nodes; ++node)
      if (index_[node] == 0) visit(node);
  }
  // Numbered so that what is reached has the lower number.
  std::uint32_t of(std::uint32_t node) const { return of_[node] - 1; }
  std::uint32_t count() const { return count_; }

 private:
  void visit(std::uint32_t start) {
    std::vector<std::pair<std::uint32_t, std::size_t>> path;
    enter(start, path);
    while (!path.empty()) {
      auto& [node, at] = path.back();
      if (at < next_[node].size()) {
        const std::uint32_t to = next_[node][at++];
        if (index_[to] == 0) {
          enter(to, path);
        } else if (of_[to] == 0) {
          low_[node] = std::min(low_[node], index_[to]);
        }
        continue;
      }
      leave(node);
      const std::uint32_t done = node;
      path.pop_back();
      if (!path.empty()) low_[path.back().first] = std::min(low_[path.back().first], low_[done]);
    }
  }
  void enter(std::uint32_t node, std::vector<std::pair<std::uint32_t, std::size_t>>& path) {
    index_[node] = low_[node] = ++visited_;
    open_.push_back(node);
    path.emplace_back(node, 0);
  }
  void leave(std::uint32_t node) {
    if (low_[node] != index_[node]) return;
    ++count_;
    while (true) {
      const std::uint32_t member = open_.back();
      open_.pop_back();
      of_[member] = count_;
      if (member == node) return;
    }
  }

  std::vector<std::vector<std::uint32_t>> next_;
  std::vector<std::uint32_t> index_, low_, of_;  // 0: not visited, none yet
  std::vector<std::uint32_t> open_;
  std::uint32_t visited_ = 0, count_ = 0;
};

}  // namespace

std::optional<std::uint32_t> Plan::node_of(TopicNumber topic) const {
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].topic == topic) return i;
  return std::nullopt;
}

void Plan::order() {
  const Components components(nodes.size(), edges);
  std::vector<std::uint32_t> size(components.count());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    nodes[i].component = components.count() - 1 - components.of(i);
    ++size[nodes[i].component];
  }
  for (Node& node : nodes) node.cyclic = size[node.component] > 1;
  for (const Edge& edge : edges)
    if (edge.input == edge.output) nodes[edge.input].cyclic = true;

  std::vector<std::uint32_t> order(nodes.size()), place(nodes.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return nodes[a].component < nodes[b].component; });
  std::vector<Node> sorted;
  for (const std::uint32_t old : order) {
    place[old] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(nodes[old]);
  }
  nodes = std::move(sorted);
  for (Edge& edge : edges) {
    edge.input = place[edge.input];
    edge.output = place[edge.output];
  }
  for (LeftOut& left : left_out) left.input = place[left.input];
}

std::optional<Derivation> derivation_of(std::string_view name) {
  for (const std::string_view ending : kDeadLetterEndings)
    if (name.size() > ending.size() && name.ends_with(ending))
      return Derivation{name.substr(0, name.size() - ending.size()), true, {}};
  // Spring Cloud Stream's Kafka binder: error.DESTINATION.GROUP
  if (constexpr std::string_view begins = "error."; name.starts_with(begins)) {
    const auto dot = name.rfind('.');
    if (dot > begins.size() && dot + 1 < name.size())
      return Derivation{name.substr(begins.size(), dot - begins.size()), true, name.substr(dot + 1)};
  }
  // Spring's @RetryableTopic: -retry, -retry-0, -retry-1000
  const auto at = name.rfind(kRetry);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view rest = name.substr(at + kRetry.size());
  if (rest.empty() || (rest.starts_with('-') && all_digits(rest.substr(1)))) return Derivation{name.substr(0, at), false, {}};
  return std::nullopt;
}

bool Topology::has_dead_letters(std::string_view consumer) const {
  const auto& without = config_.no_dead_letters;
  return std::find(without.begin(), without.end(), consumer) == without.end();
}

void Topology::listed(const Topics& topics, const Consumers& consumers) {
  writes_.clear();
  everywhere_.clear();
  outputs_.clear();
  plans_.clear();
  for (const Output& declared : config_.outputs) {
    Write write{consumers.find(declared.consumer), declared.output, declared.emits, declared.within,
                declared.dead_letter, false, declared.copies_id};
    outputs_[declared.output] = true;
    if (declared.input.empty()) {
      everywhere_.push_back(std::move(write));
    } else {
      writes_[declared.input].push_back(std::move(write));
    }
  }
  add_by_name(topics, consumers);
}

void Topology::add_by_name(const Topics& topics, const Consumers& consumers) {
  const auto exists = [&](std::string_view name) {
    const auto number = topics.find(name);
    return number && topics[*number].exists();
  };
  std::unordered_map<std::string, std::vector<std::string>> retries, dead;  // by base
  for (TopicNumber number = 0; number < topics.size(); ++number) {
    const std::string& name = topics[number].name;
    if (!topics[number].exists() || name.starts_with("__")) continue;
    const auto derived = derivation_of(name);
    if (!derived || !exists(derived->base)) continue;
    const std::string base(derived->base);
    std::optional<ConsumerNumber> only;
    if (!derived->consumer.empty()) {
      only = consumers.find(derived->consumer);
      if (!only) continue;  // nobody of that name
    }
    std::vector<Write>& writes = writes_[base];
    if (std::any_of(writes.begin(), writes.end(), [&](const Write& write) { return write.output == name; })) continue;
    writes.push_back({only, name, Emits::before_commit, {}, derived->dead_letter, true});
    outputs_[name] = true;
    if (!only) (derived->dead_letter ? dead : retries)[base].push_back(name);
  }
  // What fails again goes to another retry topic, or is dead.
  for (const auto& [base, names] : retries) {
    for (const std::string& from : names) {
      for (const std::string& to : names) writes_[from].push_back({{}, to, Emits::before_commit, {}, false, true});
      for (const std::string& to : dead[base]) writes_[from].push_back({{}, to, Emits::before_commit, {}, true, true});
    }
  }
}

std::shared_ptr<const Plan> Topology::plan(TopicNumber root, const Topics& topics) {
  std::shared_ptr<const Plan>& known = plans_[root];
  if (known == nullptr) known = plan(std::span<const TopicNumber>(&root, 1), topics);
  return known;
}

std::shared_ptr<const Plan> Topology::plan(std::span<const TopicNumber> roots, const Topics& topics) const {
  auto plan = std::make_shared<Plan>();
  for (const TopicNumber root : roots)
    if (!plan->node_of(root)) plan->nodes.push_back({root, 0, false, true});
  const auto follow = [&](std::uint32_t input, const Write& write) {
    const auto number = topics.find(write.output);
    const bool known = number && topics[*number].exists();
    auto output = known ? plan->node_of(*number) : std::nullopt;
    const bool full = known && !output && plan->nodes.size() >= Plan::kMaxNodes;
    if (write.emits == Emits::later || !known || full) {
      plan->left_out.push_back({input, write.consumer, write.output,
                                write.emits == Emits::later ? Deferred::Why::later : Deferred::Why::unknown_topic});
      return;
    }
    if (!output) {
      output = static_cast<std::uint32_t>(plan->nodes.size());
      plan->nodes.push_back({*number, 0, false, false});
    }
    plan->edges.push_back({input, *output, write.consumer, write.emits, write.within, write.dead_letter,
                           write.by_name, write.copies_id});
  };
  for (std::uint32_t input = 0; input < plan->nodes.size(); ++input) {
    const auto writes = writes_.find(topics[plan->nodes[input].topic].name);
    if (writes != writes_.end())
      for (const Write& write : writes->second) follow(input, write);
    for (const Write& write : everywhere_)
      // Its own dead letters are not given up again.
      if (topics[plan->nodes[input].topic].name != write.output) follow(input, write);
  }
  plan->order();
  return plan;
}

std::vector<EdgeView> Topology::views() const {
  std::vector<EdgeView> views;
  for (const Output& declared : config_.outputs)
    views.push_back({declared.consumer, declared.input, declared.output, declared.emits, declared.within,
                     declared.dead_letter, false});
  for (const auto& [input, writes] : writes_)
    for (const Write& write : writes)
      if (write.by_name) views.push_back({{}, input, write.output, write.emits, write.within, write.dead_letter, true});
  std::sort(views.begin(), views.end(), [](const EdgeView& a, const EdgeView& b) {
    return std::tie(a.input, a.consumer, a.output) < std::tie(b.input, b.consumer, b.output);
  });
  return views;
}

std::vector<std::string> Topology::warnings(const Topics& topics) const {
  std::vector<std::string> warnings;
  const auto exists = [&](const std::string& name) {
    const auto number = topics.find(name);
    return number && topics[*number].exists();
  };
  for (const Output& declared : config_.outputs) {
    const std::string of = "consumers." + declared.consumer + (declared.dead_letter ? ".dead_letter" : ".outputs");
    if (!declared.input.empty() && !exists(declared.input))
      warnings.push_back(of + ": it reads '" + declared.input + "', which does not exist, and writes '" + declared.output + "'");
    if (!exists(declared.output))
      warnings.push_back(of + ": it writes '" + declared.output + "', which does not exist: nobody is waited for there");
  }
  std::vector<TopicNumber> inputs;
  for (const auto& [input, writes] : writes_)
    if (const auto number = topics.find(input); number && topics[*number].exists() && !derivation_of(input))
      inputs.push_back(*number);
  std::sort(inputs.begin(), inputs.end());
  const auto whole = plan(inputs, topics);
  std::vector<std::string> names;
  for (const Plan::Node& node : whole->nodes)
    if (node.cyclic && !derivation_of(topics[node.topic].name)) names.push_back(topics[node.topic].name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names)
    warnings.push_back("'" + name + "' feeds itself through its consumers' outputs: a wait follows it at most " +
                       std::to_string(config_.cycle_passes) +
                       " times (limits.cycle_passes), unless the records carry the event's id");
  return warnings;
}

}  // namespace tidemark::core
