#include "core/expectation.h"

#include <algorithm>

#include "core/pattern.h"
#include "core/plant.h"

namespace tidemark::core {

bool is_absent(const Consumer& consumer, Time since, Duration grace, Time now) {
  if (consumer.members > 0) return false;
  if (planted(Bug::absent_without_grace)) return true;
  return now - std::max(consumer.last_sign, since) >= grace;
}

bool is_observed(const Consumer& consumer, TopicNumber topic, Time since, Duration grace, Time now) {
  if (consumer.denied || consumer.optional || consumer.dormant) return false;
  // A name out of a mark or of the configuration is not a sign of life.
  if (consumer.members == 0 && consumer.last_sign == Time{}) return false;
  if (is_absent(consumer, since, grace, now)) return false;
  // Members say what they read; rows alone may be left from another life.
  if (consumer.topics_known) return consumer.subscribes(topic);
  return consumer.commits(topic);
}

bool Expectation::denies(std::string_view name) const {
  return matches_any(config_.deny, name) || (!config_.allow.empty() && !matches_any(config_.allow, name));
}

std::optional<ConsumerNumber> Expectation::meet(std::string_view name, Consumers& consumers) const {
  if (const auto found = consumers.find(name)) return found;
  if (denies(name)) return std::nullopt;  // the configured ones have entries from the start
  return admit(name, consumers);
}

std::optional<ConsumerNumber> Expectation::admit(std::string_view name, Consumers& consumers) const {
  if (const auto found = consumers.find(name)) return found;
  const auto number = consumers.add(name);
  if (!number) return std::nullopt;
  Consumer& consumer = consumers[*number];
  for (const auto& [topic, names] : config_.wait_for)
    if (std::find(names.begin(), names.end(), name) != names.end()) consumer.configured = true;
  const auto in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const Output& output : config_.outputs)
    if (output.consumer == name) consumer.configured = true;
  consumer.reset_earliest = in(config_.reset_earliest);
  consumer.acks_declared = in(config_.acking);
  consumer.commits_after = in(config_.commits_after);
  consumer.denied = denies(name);
  consumer.optional = matches_any(config_.optional, name);
  return number;
}

void Expectation::collect(TopicNumber topic, Topics& topics, Consumers& consumers, Time since, Time now,
                          std::vector<ExpectedConsumer>& out) const {
  const auto configured = config_.wait_for.find(topics[topic].name);
  if (configured != config_.wait_for.end()) {
    for (const std::string& name : configured->second)
      if (const auto number = admit(name, consumers)) out.push_back({*number, ExpectedBy::configured});
    return;
  }
  for (const Output& output : config_.outputs) {
    if (output.input != topics[topic].name) continue;
    const auto number = admit(output.consumer, consumers);
    const auto same = [&](const ExpectedConsumer& e) { return e.consumer == *number; };
    if (number && std::none_of(out.begin(), out.end(), same)) out.push_back({*number, ExpectedBy::declared});
  }
  const auto declared = static_cast<std::ptrdiff_t>(out.size());
  for (const ConsumerNumber number : topics[topic].consumers) {
    const auto same = [&](const ExpectedConsumer& e) { return e.consumer == number; };
    if (std::any_of(out.begin(), out.begin() + declared, same)) continue;
    if (is_observed(consumers[number], topic, since, config_.absent_grace, now))
      out.push_back({number, ExpectedBy::observed});
  }
}

}  // namespace tidemark::core
