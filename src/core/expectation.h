// Who is waited for at a topic.
//
// Counting whoever happens to be connected would let a colleague's console
// consumer slow every publish, and would forget a consumer that is being
// restarted. Authority decides instead (DESIGN §6): the configuration, and only
// where it says nothing, the groups that were observed, filtered by patterns.
//
// Threading: none; pure functions of the tables they are given.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/consumers.h"
#include "core/engine.h"
#include "core/topics.h"

namespace tidemark::core {

struct ExpectedConsumer {
  ConsumerNumber consumer = 0;
  ExpectedBy by = ExpectedBy::observed;
};

// Neither members nor a commit for the grace time. `since` is when this gateway
// began to know: before that, silence proves nothing.
bool is_absent(const Consumer& consumer, Time since, Duration grace, Time now);

// An observed consumer counts at a topic: live, and subscribed or committing there.
bool is_observed(const Consumer& consumer, TopicNumber topic, Time since, Duration grace, Time now);

class Expectation {
 public:
  explicit Expectation(const EngineConfig& config) : config_(config) {}

  // True when the configuration names the topic, be it with an empty list.
  bool is_configured(const Topic& topic) const { return config_.wait_for.contains(topic.name); }

  // Appends to `out`. Configured names without an entry get one.
  void collect(TopicNumber topic, Topics& topics, Consumers& consumers, Time since, Time now,
               std::vector<ExpectedConsumer>& out) const;

  // As admit, for a group that the log tells of: nullopt also for one that is
  // denied by pattern and not configured, which takes up no room.
  std::optional<ConsumerNumber> meet(std::string_view name, Consumers& consumers) const;

  // Finds `name`, or makes an entry with the patterns' verdict filled in.
  // nullopt when the table is full.
  std::optional<ConsumerNumber> admit(std::string_view name, Consumers& consumers) const;

 private:
  bool denies(std::string_view name) const;
  const EngineConfig& config_;
};

}  // namespace tidemark::core
