// What the engine shows to people: consumers, topics, counters.

#include <algorithm>
#include <map>

#include "core/engine.h"
#include "core/engine_state.h"
#include "core/hint.h"

namespace tidemark::core {
namespace {

std::string state_of(const Consumer& consumer, Time since, Duration grace, Time now) {
  if (consumer.members > 0) return "active";
  if (consumer.dormant || is_absent(consumer, since, grace, now)) return "absent";
  if (!consumer.managed && consumer.last_sign != Time{}) return "unmanaged";
  return consumer.managed ? "idle" : "unknown";
}

bool may_be_early(const Consumer& consumer) {
  if (consumer.commits_after || consumer.recognised == EarlyClient::none || consumer.early() != EarlyClient::none) return false;
  return consumer.promptness == nullptr || !consumer.promptness->follows_events();
}

}  // namespace

std::vector<ConsumerView> Engine::consumers(Time now) const {
  const State& s = *state_;
  std::vector<ConsumerView> views;
  for (ConsumerNumber number = 0; number < s.consumers.size(); ++number) {
    const Consumer& consumer = s.consumers[number];
    if (consumer.denied && !consumer.configured) continue;
    ConsumerView& view = views.emplace_back();
    view.name = consumer.name;
    view.state = state_of(consumer, s.known_since, s.config.absent_grace, now);
    view.members = consumer.members;
    view.client = consumer.client;
    view.commit_interval = consumer.timer();
    view.commits_by_timer = view.commit_interval.has_value();
    view.early = consumer.early() != EarlyClient::none;
    view.may_be_early = may_be_early(consumer);
    view.acks = consumer.acks_declared || !consumer.acked_topics.empty();
    view.share = consumer.share;
    Shown worst;
    worst.outcome = view.state == "absent" ? Outcome::absent : Outcome::processed;

    std::map<TopicNumber, ConsumerView::TopicView> topics;
    for (const auto& [key, cell] : consumer.cells) {
      const TopicNumber topic = Consumer::topic_of(key);
      const Partition partition = Consumer::partition_of(key);
      const std::vector<PartitionEnds>& ends = s.topics[topic].ends;
      const bool told = static_cast<std::size_t>(partition) < ends.size() && ends[static_cast<std::size_t>(partition)].told;
      if (cell->frontier.beyond_end() && worst.outcome == Outcome::processed) {
        worst.outcome = Outcome::pending;
        worst.reason = PendingReason::beyond_end;
      }
      topics[topic].partitions.push_back({partition, cell->frontier.committed(),
                                          told ? ends[static_cast<std::size_t>(partition)].known_end : kNoOffset});
    }
    for (const TopicNumber topic : consumer.subscribed) {
      ConsumerView::TopicView& shown = topics[topic];
      const std::vector<PartitionEnds>& ends = s.topics[topic].ends;
      for (std::size_t p = 0; p < ends.size(); ++p)
        if (ends[p].told && ends[p].known_end > 0 && consumer.cell(topic, static_cast<Partition>(p)) == nullptr)
          shown.partitions.push_back({static_cast<Partition>(p), kNoOffset, ends[p].known_end});
    }
    for (auto& [topic, shown] : topics) {
      shown.topic = s.topics[topic].name;
      const auto configured = s.config.wait_for.find(shown.topic);
      if (configured != s.config.wait_for.end() &&
          std::find(configured->second.begin(), configured->second.end(), consumer.name) != configured->second.end())
        shown.source = ExpectedBy::configured;
      std::sort(shown.partitions.begin(), shown.partitions.end(),
                [](const auto& a, const auto& b) { return a.partition < b.partition; });
      for (const auto& p : shown.partitions)
        if (p.committed != kNoOffset && p.end != kNoOffset)
          shown.lag = shown.lag.value_or(0) + std::max<Offset>(p.end - p.committed, 0);
      view.topics.push_back(std::move(shown));
    }
    view.hint = hint_for(consumer, worst, Gone::no, s.config.absent_grace);
  }
  std::sort(views.begin(), views.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return views;
}

std::vector<TopicView> Engine::topic_views(Time now) const {
  State& s = *state_;
  std::vector<TopicView> views;
  std::vector<ExpectedConsumer> expected;
  for (TopicNumber number = 0; number < s.topics.size(); ++number) {
    if (!s.topics[number].exists() || s.topics[number].name.starts_with("__")) continue;
    expected.clear();
    s.expectation.collect(number, s.topics, s.consumers, s.known_since, now, expected);
    TopicView& view = views.emplace_back();
    view.name = s.topics[number].name;
    view.partitions = s.topics[number].partitions;
    for (const ExpectedConsumer& e : expected) view.wait_for.push_back({s.consumers[e.consumer].name, e.by});
  }
  std::sort(views.begin(), views.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return views;
}

std::vector<EdgeView> Engine::topology() const { return state_->topology.views(); }

std::vector<std::string> Engine::topology_warnings() const { return state_->topology.warnings(state_->topics); }

void Engine::for_each_open(
    const std::function<void(std::string_view, const std::optional<Duration>&)>& tell) const {
  for (ConsumerNumber number = 0; number < state_->consumers.size(); ++number) {
    const Consumer& consumer = state_->consumers[number];
    if (consumer.open > 0) tell(consumer.name, consumer.timer());
  }
}

EngineStats Engine::stats() const {
  EngineStats stats = state_->stats;
  stats.open_waits = state_->waits.size();
  stats.open_obligations = state_->open_obligations;
  stats.consumers = state_->consumers.size();
  stats.frontiers = state_->consumers.frontiers();
  return stats;
}

}  // namespace tidemark::core
