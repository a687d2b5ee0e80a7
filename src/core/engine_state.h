// The engine's tables and the few moves that all its calls are made of.
//
// Private to core: engine.cpp has the requests and time, engine_log.cpp what the
// log tells, engine_view.cpp what people are shown. The moves: register a need,
// settle it, advance a cell, answer a wait.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "core/consumers.h"
#include "core/engine.h"
#include "core/expectation.h"
#include "core/topics.h"
#include "core/wait_table.h"

namespace tidemark::core {

struct Engine::State {
  explicit State(EngineConfig settings)
      : config(std::move(settings)),
        expectation(config),
        consumers(config.max_consumers, config.max_frontiers) {}

  EngineConfig config;
  Expectation expectation;
  Topics topics;
  Consumers consumers;
  WaitTable waits;
  EngineStats stats;

  bool was_synced = false;
  bool draining = false;
  Time drain_by{};
  Time known_since{};           // since then silence means something
  std::optional<Time> lost_at;
  Time refresh_at{};            // next look at the log starts
  std::set<ConsumerNumber> memberless;  // consumers without members that have obligations open
  std::size_t open_obligations = 0;
  std::vector<ExpectedConsumer> expected;  // scratch

  bool ready(Time now) const;
  std::optional<Refusal> closed(Time now) const;
  Refusal refuse(Refusal refusal);

  // Looks where the need stands now: settles it, or indexes it so that a commit finds it.
  void register_need(std::uint32_t slot, std::uint32_t need, Time now);
  void settle(std::uint32_t slot, std::uint32_t need, Outcome outcome, const Evidence& evidence, Time now);
  // Takes the need's obligation out of its cell, if it has one.
  void unindex(std::uint32_t slot, Need& need);
  // The consumer's place in the partition, made where there is none; nullptr
  // when the table is full.
  Cell* cell_for(ConsumerNumber consumer, TopicNumber topic, Partition partition);
  // After `applied` happened to the cell's frontier: settles what that ends,
  // looking from the lowest obligation up, or at each where one may be ended
  // out of order.
  void advance(ConsumerNumber consumer, TopicNumber topic, Partition partition, Applied applied, Time now,
               Effects& effects);
  void finish_if_done(std::uint32_t slot, Time now, Effects& effects);
  void answer(std::uint32_t slot, Time now, Effects& effects);
  void answer_failed_append(std::uint32_t slot, const Delivery& delivery, Time now, Effects& effects);
  void close(std::uint32_t slot);
  void settle_absent(ConsumerNumber consumer, Time now, Effects& effects);
  void update_memberless(ConsumerNumber consumer);
  std::optional<Time> absent_at(ConsumerNumber consumer) const;

  // A higher end became known without a question.
  void raise_end(TopicNumber topic, Partition partition, Offset end, Time now, Effects& effects);
  void judge(TopicNumber topic, Partition partition, std::uint64_t asked, Time now, Effects& effects);
  void ask_end(TopicNumber topic, Partition partition, Effects& effects);
  void hold(ConsumerNumber consumer, TopicNumber topic, Partition partition, Effects& effects);
  void forget_incarnation(TopicNumber topic, Time now, Effects& effects);
  // Looks at the waits for a topic's new incarnation that came before the list told of it.
  void take_up_incarnation(TopicNumber topic, Time now, Effects& effects);

  // What is known of the term's topic now speaks of another topic of that name.
  bool other_incarnation(const WaitTerm& term) const;
  Anchor anchor_at_append(const Need& need, const WaitTerm& term) const;
  Mark mark_of(const Wait& wait) const;
  std::vector<ConsumerOutcome> outcomes_of(const Wait& wait, Time now) const;
};

}  // namespace tidemark::core
